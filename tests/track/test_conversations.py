"""Whole conversations: what each segment did, in the field's words, and how the connection stands at its end."""

from itertools import pairwise

import pytest

from tcpdump_parse.model.happenings import Contradiction, SynAckSent, WindowUpdate
from tcpdump_parse.model.terms import Side, State
from tests.track.talk import Talk, names

HANDSHAKE = ["SynSent", "SynAckSent", "HandshakeDone"]

CASES = {
    "request, reply, four-way close": (
        Talk().open().c("P.", 1, 38, 1).s(".", 1, ack=39).s("P.", 1, 1024, 39).c(".", 39, ack=1025)
        .c("F.", 39, ack=1025).s(".", 1025, ack=40).s("F.", 1025, ack=40).c(".", 40, ack=1026),
        [*HANDSHAKE, "DataSent", "AckAdvanced", "DataSent", "AckAdvanced", *["FinSent", "AckAdvanced+FinAcked"] * 2],
        "SF", "ShADadFf", ("TIME-WAIT", "LAST-ACK CLOSED"),  # nothing shows that the last ACK arrived
    ),
    "refused": (Talk().c("S").s("R.", 0, ack=1, win=0), ["SynSent", "ResetSent"], "REJ", "Sr", ("SYN-SENT CLOSED", "CLOSED")),
    "half-close and keep-alive": (
        Talk().open().c("F.", 1, ack=1).s(".", 1, ack=2).s(".", 0, ack=2, after=15).c(".", 2, ack=1),
        [*HANDSHAKE, "FinSent", "AckAdvanced+FinAcked", "Idle+KeepAlive", "KeepAliveAck"],
        "S2", "ShAFa", ("FIN-WAIT-1 FIN-WAIT-2", "CLOSE-WAIT"),
    ),
    "zero window, probed and reopened": (
        Talk().c("S").s("S.", ack=1, win=100).c(".", 1, ack=1).c("P.", 1, 100, 1).s(".", 1, ack=101, win=0)
        .c(".", 100, ack=1, after=0.2).s(".", 1, ack=101, win=0).s(".", 1, ack=101, win=64)
        .c("P.", 101, 100, 1),
        [*HANDSHAKE, "DataSent+WindowFull", "AckAdvanced+WindowClosed", "WindowProbe", "WindowProbeAck", "WindowReopened", "DataSent"],
        "S1", "ShADaw", ("ESTABLISHED", "ESTABLISHED"),
    ),
    "zero window, probed once more while what opens it is on its way": (
        Talk().c("S").s("S.", ack=1, win=100, after=0.01).c(".", 1, ack=1, after=0.02).c("P.", 1, 100, 1)
        .s(".", 1, ack=101, win=0, after=0.01).s(".", 1, ack=101, win=64, after=0.5)
        .c(".", 100, ack=1, after=0.01).s(".", 1, ack=101, win=64, after=0.01)
        .c(".", 100, ack=1, after=60).s(".", 1, ack=101, win=64, after=0.01),
        [*HANDSHAKE, "DataSent+WindowFull", "AckAdvanced+WindowClosed", "WindowReopened", "WindowProbe", "WindowProbeAck", "Idle+KeepAlive",
         "KeepAliveAck"],
        "S1", "ShADaw", ("ESTABLISHED", "ESTABLISHED"),
    ),
    "reset by the application": (
        Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11).c("R.", 11, ack=1),
        [*HANDSHAKE, "DataSent", "AckAdvanced", "ResetSent"],
        "RSTO", "ShADaR", ("CLOSED", "ESTABLISHED CLOSED"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_conversation_is_told_in_the_fields_words(name):
    talk, words, conn_state, history, states = CASES[name]
    assert ["+".join(names(step.happenings)) for step in talk.steps()] == words
    flow = talk.ending().flow
    assert (flow.conn_state, flow.history) == (conn_state, history)
    assert (flow.states["client"], flow.states["server"]) == tuple(tuple(state.split()) for state in states)


def test_views_chain_what_was_after_is_before_the_next():
    steps = CASES["request, reply, four-way close"][0].steps()
    for last, step in pairwise(steps):
        assert (step.before.me, step.before.peer) == (last.end_of(step.side), last.end_of(step.side.other))


def test_an_old_duplicate_of_a_syn_is_cleared_away_and_the_opening_goes_on():
    """RFC 9293 §3.5, figure 8: the RST leaves its sender in SYN-SENT and makes the other end listen again."""
    talk = Talk().c("S").s("S.", ack=-89).c("R", -89).c("S", after=1).s("S.", ack=1).c(".", 1, ack=1)
    ends = [(step.end_of(Side.CLIENT).state, step.end_of(Side.SERVER).state) for step in talk.steps()]
    assert [client for client, _ in ends[:4]] == [State.SYN_SENT] * 4
    assert [server for _, server in ends[1:4]] == [State.SYN_RECEIVED, State.LISTEN, State.SYN_RECEIVED]
    assert ends[-1] == (State.ESTABLISHED, State.ESTABLISHED)
    answers = [happening for step in talk.steps() for happening in step.happenings if isinstance(happening, SynAckSent)]
    assert [(answer.copy, answer.acks_syn) for answer in answers] == [(1, False), (1, True)]
    assert not [happening for step in talk.steps() for happening in step.happenings if isinstance(happening, Contradiction)]


def test_the_window_of_a_syn_is_not_scaled():
    """RFC 7323 §2.2."""
    talk = Talk().c("S", win=64240).s("S.", ack=1, win=65160).c(".", 1, ack=1, win=502).s(".", 1, ack=1, win=510)
    assert talk.steps()[-1].happened(WindowUpdate) == WindowUpdate(65160, 510 << 7)


def test_server_is_not_said_to_listen_before_it_answers():
    assert Talk().c("S").steps()[0].after.peer.state is State.UNKNOWN
