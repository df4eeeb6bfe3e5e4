"""A connection that one end closed and the other did not: what its end of the log can say."""

from __future__ import annotations

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from tcpdump_parse.check.engine import check
from tcpdump_parse.model import Severity
from tcpdump_parse.model.events import Capture
from tcpdump_parse.track import track
from tests.track.talk import Talk


def left_open() -> Talk:
    """The client closes, the server acknowledges that."""
    return Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11).c("F.", 11, ack=1).s(".", 1, ack=12)


@pytest.mark.parametrize(
    ("talk", "severity"),
    [
        (left_open(), Severity.NOTE),
        (left_open().s(".", 0, ack=12, after=15).c(".", 12, ack=1), Severity.WARN),
        (left_open().s("P.", 1, 10, 12, after=15).c(".", 12, ack=11), Severity.NOTE),
        (left_open().s("P.", 1, 10, 12, after=15).c(".", 12, ack=11, after=2), Severity.WARN),
    ],
    ids=["log ends", "idle", "still sends", "idle after that"],
)
def test_an_end_that_is_not_given_the_time_to_close_is_not_stuck(talk: Talk, severity: Severity) -> None:
    events = track([Capture(capture=1), *talk.packets])
    assert [found.severity for found in check(events, select=["close-wait-stuck"])] == [severity]


def test_without_times_nobody_knows_how_long_it_was_left_open() -> None:
    talk = left_open().s(".", 0, ack=12, after=15).c(".", 12, ack=1)
    packets = [replace(packet, clock=UNSET) for packet in talk.packets]
    (found,) = check(track([Capture(capture=1), *packets]), select=["close-wait-stuck"])
    assert found.severity is Severity.NOTE
