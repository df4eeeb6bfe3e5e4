"""How a close is told: in turn, or at once from both sides."""

from tcpdump_parse.tell import Phase
from tests.tell.test_acks import said, told
from tests.track.talk import Talk


def crossing():
    """Each end closes before the other's FIN is there."""
    talk = Talk().open().c("P.", 1, 20, 1).s("P.", 1, 90, 21, after=0.03).c(".", 21, ack=91)
    return talk.c("F.", 21, ack=91).s("F.", 91, ack=21, after=0.01).c(".", 22, ack=92, after=0.015).s(".", 92, ack=22, after=0.004)


def test_fins_that_cross_are_a_simultaneous_close_that_the_last_ack_completes():
    """The first of the two ACKs leaves its sender's own FIN open: CLOSING, not done."""
    assert [said(crossing(), frame) for frame in (8, 9, 10)] == [
        ["close.fin_last_total", "close.fin_crossed"],
        ["close.finack_crossed_after"],
        ["close.finack_last_after"],
    ]


def test_fins_that_cross_bring_both_ends_to_time_wait_past_closing():
    moved = [
        [(move.side.value, move.now.value) for move in step.happenings if type(move).__name__ == "StateMoved"]
        for step in crossing().steps()
    ]
    assert moved[7:] == [
        [("server", "FIN-WAIT-1"), ("client", "CLOSING")],
        [("server", "CLOSING"), ("server", "TIME-WAIT")],
        [("client", "TIME-WAIT")],
    ]


def test_a_close_in_turn_is_complete_with_the_ack_of_the_second_fin():
    talk = Talk().open().c("F.", 1, ack=1).s(".", 1, ack=2, after=0.02).s("F.", 1, ack=2).c(".", 2, ack=2)
    assert [said(talk, frame) for frame in (5, 6, 7)] == [["close.finack_after"], ["close.fin_last"], ["close.finack_last_after"]]


def test_a_half_closed_connection_that_goes_on_has_one_data_phase():
    """The ACK of data belongs to that data; only what belongs to no data comes back to the close."""
    talk = Talk().open().c("P.", 1, 20, 1).c("F.", 21, ack=1).s(".", 1, ack=22, after=0.02)
    talk.s("P.", 1, 900, 22, after=0.2).c(".", 22, ack=901).s("P.", 901, 900, 22, after=0.2).c(".", 22, ack=1801).s("F.", 1801, ack=22)
    data, close = Phase.DATA, Phase.CLOSE
    assert [value.phase for value in told(talk)][3:] == [data, close, close, data, data, data, data, close]
