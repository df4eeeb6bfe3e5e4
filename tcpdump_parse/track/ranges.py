"""Sets of stream positions as sorted, disjoint, half-open ranges. Law: never more than `MOST` ranges, the lowest are merged first.

A connection in good order has one range, and adding to its end is one comparison; everything else may cost a scan.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

MOST: Final = 512
"""However: past this many pieces the two lowest are joined, so that hostile text cannot grow a set; the gap between them is forgotten."""


class Ranges:
    """Which octets: `starts[i]` ≤ position < `ends[i]`."""

    __slots__ = ("ends", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []

    def __bool__(self) -> bool:
        return bool(self.starts)

    def add(self, start: int, end: int) -> None:
        """Join [start, end) to the set."""
        if end <= start:
            return
        starts, ends = self.starts, self.ends
        if ends and start == ends[-1]:
            ends[-1] = end
            return
        first = bisect_left(ends, start)  # the first range that touches or lies above
        last = bisect_right(starts, end)  # one past the last that touches
        if first < last:
            start, end = min(start, starts[first]), max(end, ends[last - 1])
        starts[first:last] = [start]
        ends[first:last] = [end]
        if len(starts) > MOST:
            del starts[1], ends[0]

    def covers(self, start: int, end: int) -> bool:
        """Is all of [start, end) in the set?"""
        at = bisect_right(self.starts, start) - 1
        return at >= 0 and self.ends[at] >= end

    def overlap(self, start: int, end: int) -> int:
        """How many positions of [start, end) are in the set."""
        total = 0
        for i in range(bisect_right(self.ends, start), len(self.starts)):
            if self.starts[i] >= end:
                break
            total += min(end, self.ends[i]) - max(start, self.starts[i])
        return total

    def missing(self, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of [start, end) that are not in the set."""
        gaps = []
        for i in range(bisect_right(self.ends, start), len(self.starts)):
            if self.starts[i] >= end:
                break
            if self.starts[i] > start:
                gaps.append((start, self.starts[i]))
            start = self.ends[i]
        if start < end:
            gaps.append((start, end))
        return gaps

    def drop_below(self, position: int) -> None:
        """Forget everything below `position`."""
        starts, ends = self.starts, self.ends
        keep = bisect_right(ends, position)
        if keep:
            del starts[:keep], ends[:keep]
        if starts and starts[0] < position:
            starts[0] = position

    def top(self) -> int | None:
        """The position above the highest range."""
        return self.ends[-1] if self.ends else None

    def pairs(self) -> list[tuple[int, int]]:
        return list(zip(self.starts, self.ends, strict=True))
