"""The segments of one sender that wait for their ACK, as Wireshark keeps them, without walking the whole list for every segment.

Law: the answers are those of the plain walk over all entries, `_walk`; the shortcuts hold only where the entries lie one after the other
on less than a quarter of the circle, and say so. Captures of one direction keep ten thousand entries, and a walk for each would take hours.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from tcpdump_parse.check.wireshark.circle import HALF, MASK

MAX_UNACKED: Final = 10_000
"""Beyond this many Wireshark keeps no more, and then SYN and FIN no longer count (measured)."""
QUARTER: Final = 1 << 30


class Sent:
    """A segment that is not yet acknowledged: `start` to `end` on the circle, when and in which frame it was sent."""

    __slots__ = ("end", "frame", "start", "t")

    def __init__(self, start: int, end: int, frame: int, t: int) -> None:
        self.start, self.end, self.frame, self.t = start, end, frame, t


class Unacked:
    """Oldest first."""

    __slots__ = ("_base", "_high", "_low", "_row", "sent")

    def __init__(self) -> None:
        self.sent: deque[Sent] = deque()
        self._row = True  # each begins where the one before ends, or above
        self._base: int | None = None  # what _low and _high count from; None when they are not known
        self._low = self._high = 0

    def __len__(self) -> int:
        return len(self.sent)

    def add(self, entry: Sent) -> None:
        """One more segment was sent."""
        sent = self.sent
        if not sent:
            self._row = True
        elif self._row:
            self._row = entry.start - sent[-1].end & MASK < QUARTER and entry.end - sent[0].start & MASK < QUARTER
        sent.append(entry)
        if self._base is not None:
            self._low = min(self._low, entry.start - self._base & MASK)
            self._high = max(self._high, entry.end - self._base & MASK)

    def acknowledge(self, ack: int) -> Sent | None:
        """Drop what `ack` covers, cut what it covers in part; the oldest segment that ends exactly there."""
        sent = self.sent
        if not self._row or (ack - sent[0].start + QUARTER) & MASK > 3 * QUARTER:
            return self._walk(ack)
        if (sent[0].start - ack) & MASK < QUARTER:
            return None
        self._base = matched = None
        while sent and not (ack - sent[0].end) & HALF:
            entry = sent.popleft()
            if entry.end == ack:
                matched = entry
        if sent and (sent[0].start - ack) & HALF:
            sent[0].start = ack
        return matched

    def span(self, base: int) -> int:
        """From the lowest start to the highest end, both counted from `base` as unsigned numbers; the difference may be negative."""
        if self._base != base:
            self._base = base
            if self._row and self.sent[0].start - base & MASK <= self.sent[-1].end - base & MASK:
                self._low, self._high = self.sent[0].start - base & MASK, self.sent[-1].end - base & MASK
            else:
                self._low = min(entry.start - base & MASK for entry in self.sent)
                self._high = max(entry.end - base & MASK for entry in self.sent)
        return self._high - self._low

    def _walk(self, ack: int) -> Sent | None:
        matched = None
        kept: deque[Sent] = deque()
        for entry in self.sent:
            if entry.end == ack:
                matched = matched or entry
                continue
            if (ack - entry.end) & HALF:
                if (entry.start - ack) & HALF:
                    entry.start = ack
                kept.append(entry)
        self.sent, self._base = kept, None
        self._row = self._in_a_row()
        return matched

    def _in_a_row(self) -> bool:
        before = None
        for entry in self.sent:
            if before is not None and entry.start - before.end & MASK >= QUARTER:
                return False
            before = entry
        return before is None or before.end - self.sent[0].start & MASK < QUARTER
