"""Logs that somebody sorted: what an end did stands behind what answers it."""

from tcpdump_parse.model.terms import State
from tcpdump_parse.tell import Phase
from tests.tell.test_acks import told
from tests.track.talk import Talk


def sorted_by_sender():
    """The client's half of a whole connection, then the server's."""
    talk = Talk().c("S").c(".", 1, ack=1).c("P.", 1, 20, 1).c(".", 21, ack=91).c("F.", 21, ack=91).c(".", 22, ack=92)
    return talk.s("S.", ack=1).s(".", 1, ack=21).s("P.", 1, 90, 21).s("F.", 91, ack=22)


def test_an_end_whose_syn_was_acknowledged_before_it_stands_here_is_established():
    assert sorted_by_sender().steps()[6].after.me.state is State.ESTABLISHED


def test_an_end_whose_fin_was_acknowledged_before_it_stands_here_is_closed_if_that_arrived():
    end = sorted_by_sender().ending().server
    assert (end.state, end.states) == (State.CLOSED, (State.LAST_ACK, State.CLOSED))


def test_data_after_a_late_opening_belongs_to_the_data():
    opening, data, close = Phase.OPENING, Phase.DATA, Phase.CLOSE
    assert [value.phase for value in told(sorted_by_sender())][5:] == [close, opening, data, data, close]
