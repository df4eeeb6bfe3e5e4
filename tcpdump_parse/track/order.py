""""p was sent before q": the order of one sender's segments, from its IP ids, else from its timestamps.

An id orders segments only where its sender counts it: enough ids that are not zero, seldom backwards, hardly ever far off within a moment,
and the two records closer in time than a quarter of a turn of the 16-bit counter. Some hosts count one id for everything they send, tens of
thousands a second; without that guard segments sent again become "late originals".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tcpdump_parse.track.recent import keep
from tcpdump_parse.track.segment import MILLI, SECOND, Sent

if TYPE_CHECKING:
    from tcpdump_parse.track.direction import Direction

TURN: Final = 1 << 16
HALF: Final = TURN // 2
FAR: Final = 1024
ENOUGH: Final = 3
NEAR: Final = 16
"""However: fewer ids than `ENOUGH` order two segments if they are as close as this; of random ones, one pair in two thousand is."""
PAIRS: Final = 8


class Ids:
    """Whether this sender's IP ids can order its segments, learnt from consecutive records."""

    __slots__ = ("at", "back", "bad", "hardware", "last", "pairs", "rates", "seen", "top")

    def __init__(self) -> None:
        self.seen = 0  # ids that are not zero
        self.bad = 0  # steps far back, or far ahead at once
        self.back = 0  # steps back: some are late originals and copies
        self.last = 0
        self.top = 0  # the furthest along the circle
        self.at: int | None = None
        self.rates: list[tuple[int, int]] = []  # (step, ns) over pauses
        self.pairs: list[int] = [0] * PAIRS  # the latest ids with their SEQ
        self.hardware = 0  # tcptrace's hardware duplicates: id and SEQ are those of one of the latest

    def add(self, ipid: int, at: int | None, start: int) -> None:
        """The next record's id (not zero) and SEQ."""
        seen = self.seen
        if seen:
            step, before = (ipid - self.last) % TURN, self.at
            gap = 0 if at is None or before is None else at - before
            if step < HALF:
                if gap > MILLI:
                    keep(self.rates, (step, gap), 64)
                if step > FAR and gap < 2 * MILLI:
                    self.bad += 1
            else:
                self.back += 1
                self.bad += step < TURN - FAR
            if (ipid - self.top) % TURN < HALF:
                self.top = ipid
        else:
            self.top = ipid
        self.last, self.at, self.seen = ipid, at, seen + 1
        pairs, pair = self.pairs, start << 32 | ipid
        if pair in pairs:
            self.hardware += 1
        pairs[seen % PAIRS] = pair

    @property
    def counted(self) -> bool:
        """Does the sender count its ids, as far as seen?"""
        steps = self.seen - 1
        return self.seen >= ENOUGH and self.bad * 4 <= steps and self.back * 2 <= steps

    def within(self, gap: int | None) -> bool:
        """Are two records `gap` ns apart closer than a quarter turn of the counter?"""
        if gap is None or not self.rates:
            return True
        rates = sorted(step * SECOND / ns for step, ns in self.rates)
        rate = rates[(len(rates) * 3) // 4]
        return rate <= 0 or abs(gap) < SECOND * TURN / rate / 4


def overtaken(me: Direction, seg: Sent) -> bool:
    """Does its id stand behind one that was already seen?"""
    return bool(seg.ipid) and me.ids.counted and seg.ipid != me.ids.top


def usable(me: Direction, p: Sent, q: Sent) -> bool:
    """Can the IP ids of these two be compared?"""
    if not p.ipid or not q.ipid:
        return False
    if me.ids.seen < ENOUGH:
        return (q.ipid - p.ipid + NEAR) % TURN <= 2 * NEAR
    if not me.ids.counted:
        return False
    return me.ids.within(None if p.at is None or q.at is None else q.at - p.at)


def before(me: Direction, p: Sent, q: Sent) -> bool | None:
    """Was `p` sent before `q`? None: cannot tell."""
    if usable(me, p, q):
        step = (q.ipid - p.ipid) % TURN  # type: ignore[operator]
        if step:
            return step < HALF
        return None
    if p.ts is not None and q.ts is not None and p.ts.val != q.ts.val:
        return 0 < (q.ts.val - p.ts.val) % (1 << 32) < 1 << 31
    return None


def by_id(me: Direction, p: Sent, q: Sent) -> bool:
    """Did the id decide (else the timestamps)?"""
    return usable(me, p, q) and p.ipid != q.ipid
