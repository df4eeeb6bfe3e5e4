"""Zeek's conn_state and history: a conversation for each of the thirteen words and for each letter."""

import pytest

from tcpdump_parse.model.options import Mss
from tests.track.talk import Talk


def opened() -> Talk:
    return Talk().open()


def data(talk: Talk) -> Talk:
    """A request and a reply."""
    return talk.c("P.", 1, 10, 1).s("P.", 1, 20, 11).c(".", 11, ack=21)


STATES = {
    "S0: nobody answered": (Talk().c("S"), "S0", "S"),
    "S0: sent again, same number: one letter": (Talk().c("S").c("S", after=1), "S0", "S"),
    "S1: open": (opened(), "S1", "ShA"),
    "SF: closed by both": (data(opened()).c("F.", 11, ack=21).s("F.", 21, ack=12).c(".", 12, ack=22), "SF", "ShADdFf"),
    "REJ: refused": (Talk().c("S").s("R.", 0, ack=1), "REJ", "Sr"),
    "REJ: both reset, no octets": (Talk().c("S").s("S.", ack=1).c("R", 1).s("R", 1), "REJ", "ShRr"),
    "S2: only the client closed": (data(opened()).c("F.", 11, ack=21).s(".", 21, ack=12), "S2", "ShADdFa"),
    "S3: only the server closed": (data(opened()).s("F.", 21, ack=11).c(".", 11, ack=22), "S3", "ShADdf"),
    "RSTO: the client gave up": (data(opened()).c("R", 11), "RSTO", "ShADdR"),
    "RSTR: the server gave up": (data(opened()).s("R", 21), "RSTR", "ShADdr"),
    "RSTOS0: SYN, then RST, no answer seen": (Talk().c("S").c("R", 1), "RSTOS0", "SR"),
    "RSTRH: SYN+ACK and RST, no SYN seen": (Talk().s("S.", ack=1).s("R", 1), "RSTRH", "^hr"),
    "SH: SYN and FIN, never a SYN+ACK": (Talk().c("S").c("F", 1), "SH", "SF"),
    "SHR: SYN+ACK and FIN, never a SYN": (Talk().s("S.", ack=1).s("F.", 1, ack=1), "SHR", "^hf"),
    "OTH: no SYN at all": (Talk().c(".", 5, 10, 5).s(".", 5, ack=15), "OTH", "Da"),
    "OTH: reset by the client, the server in mid-stream": (Talk().c(".", 5, 10, 5).c("R", 15), "OTH", "DR"),
}
LETTERS = {
    "s again with another number is another connection": (Talk(7).c("S").c("S", 100_000, after=3), "S0", "S"),
    "h again when its number differs": (Talk().c("S").s("S.", ack=1).s("S.", 500, ack=1), "S1", "Shh"),
    "f again when its number differs": (opened().c("F.", 1, ack=1).c("F.", 30, ack=1), "S2", "ShAFF"),
    "r again when its number differs": (opened().c("R", 1).c("R", 2), "RSTO", "ShARR"),
    "t for payload that does not advance": (opened().c(".", 1, 10, 1).c(".", 1, 10, 1), "S1", "ShADT"),
    "t also for plain reordering": (opened().c(".", 11, 10, 1).c(".", 1, 10, 1), "S1", "ShADT"),
    "w for a closed window": (opened().s(".", 1, ack=1, win=0), "S1", "ShAaw"),
    "no w after the other end's FIN": (opened().c("F.", 1, ack=1).s(".", 1, ack=2, win=0), "S2", "ShAFa"),
    "i for FIN and RST": (opened().c("FR.", 1, ack=1), "RSTO", "ShAI"),
    "q for any other two": (Talk().c("SF", options=(Mss(1460),)), "SH", "Q"),
    "g for octets acknowledged and never seen": (opened().c(".", 1, 10, 1).s(".", 1, ack=111), "S1", "ShADaG"),
    "^ when the first seen came from the server": (Talk().s("S.", ack=1).c(".", 1, ack=1), "S1", "^hA"),
}


@pytest.mark.parametrize("name", [*STATES, *LETTERS])
def test_conn_state_and_history(name):
    talk, conn_state, history = (STATES | LETTERS)[name]
    flow = talk.ending().flow
    assert (flow.conn_state, flow.history) == (conn_state, history)


@pytest.mark.parametrize(("count", "letters"), [(1, "T"), (9, "T"), (10, "TT"), (99, "TT"), (100, "TTT")])
def test_t_is_logarithmic(count, letters):
    talk = opened().c(".", 1, 10, 1)
    for _ in range(count):
        talk.c(".", 1, 10, 1, after=0.5)
    assert talk.ending().flow.history == "ShAD" + letters


@pytest.mark.parametrize(
    ("talk", "bits"),
    [(Talk().c("S"), 1), (Talk().c("S").s("S.", ack=1), 3), (opened(), 7), (data(opened()), 15), (opened().c("F.", 1, ack=1), 23),
     (Talk().c("S").s("R.", ack=1), 33), (data(opened()).c("F.", 11, ack=21).s("R.", 21, ack=12), 63), (opened().c("F", 1), 7)],
)
def test_completeness_is_wiresharks(talk, bits):
    """A FIN without ACK does not count, and only a bare ACK is one."""
    assert talk.ending().flow.completeness == bits
