"""How fine the capture's clock is, as far as its records show.

tcpdump prints microseconds, but logs are cut to milliseconds before they are passed on, or the capture itself had no better clock and the
rest is zeros. A record that shows a finer time settles it; until then nothing finer than what was seen may be said.
"""

from __future__ import annotations

from typing import Final

from tcpdump_parse.track.segment import MICRO, MILLI, SECOND

FINER: Final = {SECOND: SECOND // 10, SECOND // 10: 10 * MILLI, 10 * MILLI: MILLI, MILLI: MICRO, MICRO: 1}


class Resolution:
    """Of one capture: `ns`, the largest of `FINER` that divides all times seen. `see` is worth a call only while `coarse`."""

    __slots__ = ("coarse", "ns")

    def __init__(self) -> None:
        self.ns = SECOND
        self.coarse = True  # no time finer than a millisecond was seen

    def see(self, at: int | None) -> None:
        if at is None:
            return
        while at % self.ns:
            self.ns = FINER[self.ns]
        self.coarse = self.ns >= MILLI

    @property
    def seconds(self) -> float | None:
        """The resolution where it is worth a word."""
        return self.ns / SECOND if self.coarse else None
