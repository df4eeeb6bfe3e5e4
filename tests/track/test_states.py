"""The transition tables are complete, and a life told by them is RFC 9293's."""

from itertools import product

import pytest

from tcpdump_parse.model.terms import State
from tcpdump_parse.track.states import MOVES, REFUSED, STATES, STAYS, Seen, after, diagram


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
