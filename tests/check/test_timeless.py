"""Logs without times (tcpdump -t): what only a clock could tell is not told as a fact."""

from __future__ import annotations

from msgspec import UNSET
from msgspec.structs import replace

from tcpdump_parse.check.engine import check
from tcpdump_parse.model import Finding, Severity
from tcpdump_parse.model.events import Capture
from tcpdump_parse.track import track
from tests.track.talk import Talk


def found(talk: Talk, *select: str) -> list[Finding]:
    packets = [replace(packet, clock=UNSET) for packet in talk.packets]
    return list(check(track([Capture(capture=1), *packets]), select=select))


def test_octets_that_their_sender_never_passed_were_not_missed_by_the_capture() -> None:
    talk = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11).s("P.", 1, 10, 5001).c(".", 11, ack=1)
    (finding,) = found(talk, "ack-unsent", "cap-drop-inferred")
    assert (finding.rule, finding.severity, finding.unless) == ("ack-unsent", Severity.WARN, ("time",))


def test_octets_that_nobody_speaks_of_again_were() -> None:
    talk = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11).s("P.", 1, 10, 5001).c("P.", 5001, 10, 11)
    assert [finding.rule for finding in found(talk, "ack-unsent", "cap-drop-inferred")] == ["cap-drop-inferred"]


def test_no_timer_is_named_for_a_syn_that_may_be_recorded_twice() -> None:
    talk = Talk().c("S", id=0).c("S", id=0, ttl=63).s("S.", ack=1)
    assert found(talk, "rexmit-rto") == []
