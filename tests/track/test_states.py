"""The transition tables are complete, and a life told by them is RFC 9293's."""

from itertools import product

import pytest

from tcpdump_parse.model.happenings import KeepAlive
from tcpdump_parse.model.terms import State
from tcpdump_parse.track.states import MOVES, REFUSED, STATES, STAYS, Seen, after, diagram
from tests.track.talk import Talk


@pytest.mark.parametrize(("state", "seen"), list(product(STATES, Seen)))
def test_every_pair_moves_stays_or_is_refused_and_only_one_of_them(state, seen):
    places = [seen in MOVES[state], seen in STAYS[state], seen in REFUSED.get(state, {})]
    assert places.count(True) == 1, f"{state} + {seen}: {places}"


def life(*seen: Seen, start: State = State.CLOSED) -> list[State]:
    states = [start]
    for each in seen:
        states.append(after(states[-1], each))
    return states[1:]


def test_the_three_closes_of_the_rfc():
    """Figures 12 and 13, and the close in three segments: FIN, FIN+ACK, ACK."""
    opened = State.ESTABLISHED
    active = life(Seen.SENT_FIN, Seen.GOT_ACK_OF_FIN, Seen.GOT_FIN, start=opened)
    passive = life(Seen.GOT_FIN, Seen.SENT_ACK_OF_FIN, Seen.SENT_FIN, Seen.GOT_ACK_OF_FIN, start=opened)
    both = life(Seen.SENT_FIN, Seen.GOT_FIN, Seen.GOT_ACK_OF_FIN, start=opened)
    assert active == [State.FIN_WAIT_1, State.FIN_WAIT_2, State.TIME_WAIT]
    assert passive == [State.CLOSE_WAIT, State.CLOSE_WAIT, State.LAST_ACK, State.CLOSED]
    assert both == [State.FIN_WAIT_1, State.CLOSING, State.TIME_WAIT]


def test_the_diagram_has_every_move_and_no_other():
    arrows = [line for line in diagram().splitlines() if "-->" in line]
    assert len(arrows) == sum(len(moves) for moves in MOVES.values())
    assert all(line.count(": ") == 1 for line in arrows)


def test_refusals_are_sentences():
    assert all(len(reason) > 20 for refused in REFUSED.values() for reason in refused.values())


def test_a_fin_above_a_gap_is_not_taken_though_it_arrived():
    """The echo of its timestamp shows that it came; what is acknowledged shows that octets below it are missing."""
    talk = Talk().say("c", "S", ts=(1, 0)).say("s", "S.", ack=1, ts=(50, 1)).say("c", ".", 1, ack=1, ts=(2, 50))
    talk.say("c", "F.", 101, ack=1, ts=(3, 50)).say("s", ".", 1, ack=1, ts=(60, 3), after=0.05)
    assert State.ESTABLISHED in talk.ending().server.states
    talk.say("c", ".", 1, 100, ack=1, ts=(4, 60)).say("s", ".", 1, ack=102, ts=(61, 4), after=0.05)
    assert talk.ending().server.states == (State.CLOSE_WAIT,)


def test_an_ack_that_is_older_than_the_one_before_is_no_keepalive():
    """Its SEQ is one below the FIN's end, as that of a keep-alive; its ACK says that it was sent before."""
    talk = Talk().open().s("P.", 1, 10, 1).c("F.", 1, ack=11).s(".", 11, ack=2).c(".", 1, ack=1)
    assert KeepAlive not in {type(happening) for happening in talk.steps()[-1].happenings}
