"""What held up a transfer: the window, the network, nobody. Time goes by only where a case says so."""

from typing import Any

import pytest
from msgspec.structs import asdict

from tcpdump_parse.model.options import Mss
from tests.track.talk import Talk

BIG = (Mss(65495),)


class Still(Talk):
    def say(self, who: str, flags: str, seq: int = 0, length: int = 0, ack: int | None = None, after: float = 0.001, **more: Any) -> Talk:
        return super().say(who, flags, seq, length, ack, after if after > 0.001 else 0.0, **more)


def loopback(sent: int) -> Talk:
    """An MSS that the server's window of 8192 octets never has room for, and what the client sent into it."""
    talk = Still().c("S", options=BIG).s("S.", ack=1, options=BIG, win=8192).c(".", 1, ack=1)
    return talk.c(".", 1, sent, 1) if sent else talk


def held(talk: Talk) -> dict[str, float]:
    limits = talk.ending().flow.limits
    assert isinstance(limits, dict)
    return {name: seconds for name, seconds in asdict(limits["client"]).items() if seconds}


@pytest.mark.parametrize(("sent", "cause"), [(192, "network"), (4096, "network"), (4097, "receiver"), (8192, "receiver")])
def test_a_window_below_two_segments_holds_up_when_more_than_half_of_it_is_used(sent: int, cause: str) -> None:
    """Else every octet under way on a loopback, whose MSS no window reaches, would wait for room."""
    assert held(loopback(sent).s(".", 1, ack=1 + sent, win=8192, after=0.5)) == {cause: 0.5}


@pytest.mark.parametrize(("room", "cause"), [(1459, "receiver"), (1460, "network")])
def test_a_wide_window_holds_up_when_no_segment_has_room(room: int, cause: str) -> None:
    sent = (80 << 7) - room
    talk = Still().open().s(".", 1, ack=1, win=80).c(".", 1, sent, 1)
    talk.s(".", 1, ack=1 + sent, win=80, after=0.5)
    assert held(talk) == {cause: 0.5}


def test_a_fin_that_waits_for_its_ack_holds_up_nothing() -> None:
    """Nothing follows it, however long its ACK takes, and whatever the window is then."""
    assert held(loopback(0).c("F.", 1, ack=1).s(".", 1, ack=2, win=0, after=2).s("F.", 1, ack=2, win=0, after=1)) == {}


def test_what_was_sent_before_a_fin_waits_for_the_network() -> None:
    talk = loopback(8192).c("F.", 8193, ack=1).s(".", 1, ack=8193, win=0, after=0.5).s(".", 1, ack=8194, win=0, after=1)
    assert held(talk) == {"network": 0.5}
