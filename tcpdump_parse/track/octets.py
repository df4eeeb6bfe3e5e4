"""Segments that carry octets (SYN and FIN count): the next ones, a gap, or something that judgement must name.

In-order data takes the first branch and nothing else; all that is slow stands behind `judge`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tcpdump_parse.model.happenings import (
    DataSent,
    FinSent,
    GapFilled,
    GapOpened,
    Happening,
    KeepAlive,
    WindowExceeded,
    WindowFull,
    WindowProbe,
)
from tcpdump_parse.track import judgement
from tcpdump_parse.track.judgement import Kind
from tcpdump_parse.track.recent import keep
from tcpdump_parse.track.segment import FIN, SYN, Sent

if TYPE_CHECKING:
    from tcpdump_parse.track.direction import Direction

MOST: Final = 512
"""However: of more gaps, or unanswered probes, than this the oldest are forgotten."""


def sends(me: Direction, seg: Sent, idle: int | None, out: list[Happening]) -> Kind:
    """Name what this transmission is, enter it, tell it."""
    nxt = me.nxt
    if nxt is None or seg.start >= nxt:
        if nxt is not None and seg.start > nxt:
            opened(me, nxt, seg, out)
        kind = Kind.ORIGINAL
        fresh = seg.length
        if seg.length == 1 and seg.start == nxt and me.peer.zero_since is not None:
            _probe(me, seg, out)
    else:
        kind = judgement.judge(me, seg, out)
        if kind is Kind.COPY:
            return kind
        if kind is Kind.PROBE:
            probes(me, seg, idle, out)
            return kind
        fresh = _unseen(me, seg)
    if nxt is None or seg.end > nxt:
        me.nxt = seg.end
        if me.near is None or seg.end > me.near:
            me.near = seg.end
    if me.gaps and kind is not Kind.ORIGINAL:
        filled(me, seg, out)
    me.seen.add(seg.start, seg.end)
    me.remember(seg)
    if seg.length:
        _data(me, seg, fresh, out)
    if seg.bits & FIN:
        _fin(me, seg, idle, out)
    return kind


def _unseen(me: Direction, seg: Sent) -> int:
    """Payload octets never seen before."""
    start = seg.start + (1 if seg.bits & SYN else 0)
    return seg.length - me.seen.overlap(start, start + seg.length)


def _data(me: Direction, seg: Sent, fresh: int, out: list[Happening]) -> None:
    if fresh:
        fresh_data(me, seg, fresh, out)
    me.last_data = seg
    edge = me.edge
    if edge is not None and seg.end >= edge and fresh:
        if seg.end - (seg.bits & FIN) == edge:
            out.append(WindowFull())
        elif seg.end - (seg.bits & FIN) > edge and not me.probes:
            out.append(WindowExceeded(seg.end - (seg.bits & FIN) - edge))


def fresh_data(me: Direction, seg: Sent, fresh: int, out: list[Happening]) -> None:
    """`fresh` octets that were never seen before."""
    me.octets += fresh
    last, peer_last = me.last_data, me.peer.last_data
    if peer_last is not None and (last is None or last.frame < peer_last.frame):
        since = None if seg.at is None or peer_last.at is None else seg.at - peer_last.at
        out.append(DataSent(fresh, last is None, True, since))
    else:
        out.append(DataSent(fresh, last is None))
    me.last_data = seg


def _fin(me: Direction, seg: Sent, idle: int | None, out: list[Happening]) -> None:
    if me.fin is None:
        me.fin, me.fin_sent = seg.end - 1, seg
        total = None if me.iss is None else me.fin - me.iss - 1
        out.append(FinSent(total, me.peer.fin is None, idle))


def opened(me: Direction, nxt: int, seg: Sent, out: list[Happening]) -> None:
    """Octets below this segment were not seen; those already acknowledged were told as missed."""
    from tcpdump_parse.track.direction import Gap

    start = nxt if me.una is None else max(nxt, me.una)
    if start < seg.start:
        keep(me.gaps, Gap(start, seg.start, seg.frame, seg.at), MOST)
        out.append(GapOpened(start, seg.start))


def filled(me: Direction, seg: Sent, out: list[Happening]) -> None:
    """Take the segment's octets out of the gaps."""
    from tcpdump_parse.track.direction import Gap

    kept: list[Gap] = []
    for gap in me.gaps:
        start, end = max(gap.start, seg.start), min(gap.end, seg.end)
        if start >= end:
            kept.append(gap)
            continue
        out.append(GapFilled(start, end, gap.end - gap.start - (end - start), (gap.frame,)))
        if gap.start < start:
            kept.append(Gap(gap.start, start, gap.frame, gap.at))
        if end < gap.end:
            kept.append(Gap(end, gap.end, gap.frame, gap.at))
    me.gaps = kept


def _probe(me: Direction, seg: Sent, out: list[Happening]) -> None:
    """One octet, or none, against a closed window (RFC 9293 §3.8.6.1)."""
    before = me.probes[-1] if me.probes else me.peer.zero_since
    since = None if before is None or before.at is None or seg.at is None else seg.at - before.at
    keep(me.probes, seg, MOST)
    out.append(WindowProbe(len(me.probes), seg.length, since, () if before is None else (before.frame,)))


def probes(me: Direction, seg: Sent, idle: int | None, out: list[Happening]) -> None:
    """One below the next octet, at most one octet long: a probe of a closed window, or a keep-alive."""
    if me.peer.zero_since is not None:
        _probe(me, seg, out)
        return
    keep(me.keepalives, seg, MOST)
    if _crosses(me, seg):
        me.crossed = seg
        out.append(WindowProbe(1, seg.length, None, (me.peer.reopened.frame,)))  # type: ignore[union-attr]
    else:
        out.append(KeepAlive(len(me.keepalives), seg.length, idle))


def _crosses(me: Direction, seg: Sent) -> bool:
    """Was this probe sent before the segment that opened the window again was there? Its echo shows that; else the time does."""
    opened = me.peer.reopened
    if opened is None or (me.last is not None and me.last.frame > opened.frame and me.last is not me.crossed):
        return False
    if opened.ts is not None and seg.ts is not None:
        return 0 < (opened.ts.val - seg.ts.ecr) % (1 << 32) < 1 << 31
    turn = me.peer.rtt.floor
    return turn is not None and seg.at is not None and opened.at is not None and 0 <= seg.at - opened.at < turn * 9 // 10
