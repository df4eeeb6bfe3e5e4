"""Where the capture's clock was set, and what may be measured in spite of it: nothing across such a place.

A clock that goes back shows it. One that is set ahead looks like a pause, but for one case: it was set back before, and jumps past where it
had been. Two capture queues put records out of order by less than a millisecond; that is no step.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from tcpdump_parse.track.segment import MILLI, Sent

if TYPE_CHECKING:
    from collections.abc import Collection

    from tcpdump_parse.track.connection import Following
    from tcpdump_parse.track.direction import Direction

LEAST: Final = MILLI
KEPT: Final = 4096
"""However: of more steps than this the latest are known, and whatever began before them counts as stepped through."""
VISITS: Final = 1_000_000
"""However: a log that is out of order everywhere is not searched for times to forget more often than this."""


class Steps:
    """Of one capture."""

    __slots__ = ("by", "forgotten", "frames", "high", "visits")

    def __init__(self) -> None:
        self.frames: list[int] = []  # the first record after each step
        self.forgotten = 0  # the last frame that was let go
        self.high: int | None = None  # where the clock had been when it was set back
        self.by = 0
        self.visits = 0

    def back(self, frame: int, before: int, by: int, following: Collection[Following]) -> None:
        """The clock went from `before` back by `by`."""
        if self.high is None or before > self.high:
            self.high, self.by = before, by
        if self._step(frame, following):
            for each in following:
                each.at = None

    def past(self, frame: int, since: int | None, following: Collection[Following]) -> None:
        """The clock is past where it had been: set ahead, if it came there at once."""
        self.high = None
        if since is not None and 2 * since > self.by:
            self._step(frame, following)

    def _step(self, frame: int, following: Collection[Following]) -> bool:
        self.frames.append(frame)
        if len(self.frames) > KEPT:
            self.forgotten = self.frames.pop(0)
        self.visits += len(following)
        if self.visits > VISITS:
            return False
        for each in following:
            forget(each.client)
            forget(each.server)
        return True

    def since(self, frame: int) -> bool:
        """Was the clock set after record `frame`?"""
        return frame < self.forgotten or bool(self.frames and self.frames[-1] > frame)

    def within(self, first: int, last: int) -> bool:
        """Was the clock set after record `first` and up to record `last`?"""
        return first < self.forgotten or bisect_right(self.frames, first) < bisect_right(self.frames, last)


def forget(end: Direction) -> None:
    """What this end sent before has no time any more that a later one could be compared with."""
    some: tuple[Sent | None, ...] = (
        end.syn, end.last, end.last_ack, end.last_data, end.fin_sent, end.zero_since, end.reopened, end.provoked, end.stray,
    )  # fmt: skip
    for sent in (*some, *end.log, *end.flight, *end.bare, *end.probes, *end.keepalives, *end.reports):
        if sent is not None:
            sent.at = None
    for gap in end.gaps:
        gap.at = None
    end.asked.clear()
    end.sacked_at = None
