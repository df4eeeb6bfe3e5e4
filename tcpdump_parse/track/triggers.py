"""What makes a sender send again: its timer, duplicate ACKs, a hole in what was selectively acknowledged, or a tail probe.

Read from what had passed the capture point before; a capture near the receiver sees the ACKs half a round trip before the sender does,
which changes no answer here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tcpdump_parse.model.terms import Cause
from tcpdump_parse.track.rtt import LEAST_RTO
from tcpdump_parse.track.segment import ACK, MILLI, SYN, Sent

if TYPE_CHECKING:
    from tcpdump_parse.track.direction import Direction

THIRD: Final = 3
"""RFC 5681 §3.2: the third duplicate ACK means loss."""
BUSY: Final = 10 * MILLI
"""How long a host may take to look at an ACK."""


def cause(me: Direction, seg: Sent, last: Sent | None) -> Cause:
    """Of a segment sent again; `last` its latest earlier transmission, if seen."""
    since = None if last is None or last.at is None or seg.at is None else seg.at - last.at
    if seg.bits & SYN:
        answered = me.ack is not None and not seg.bits & ACK  # an end that has acknowledged the other's SYN waits for nothing
        return Cause.TIMEOUT if not answered and since is not None and since >= LEAST_RTO else Cause.UNKNOWN
    if last is not None and last.bits & SYN and seg.start == me.una:
        return Cause.LEFT_OUT
    top, rto = me.sacked.top(), me.rtt.rto
    hole = top is not None and seg.start < top and not me.sacked.covers(seg.start, seg.end)
    if hole and seg.start != me.una:
        return Cause.SACK_HOLE
    if seg.start == me.una and (hole or me.peer.dup_acks >= THIRD):
        if not _repaired(me, seg):
            if _prompt(me, seg):
                return Cause.FAST
        elif hole and (since is None or since < (rto or LEAST_RTO)):
            return Cause.SACK_HOLE
    if _goes_on(me, seg):
        return Cause.TIMEOUT
    if since is None:
        return Cause.UNKNOWN
    if rto is not None and since < rto and seg.end == me.nxt and since >= 1.5 * me.rtt.srtt:
        return Cause.TAIL_PROBE
    return Cause.TIMEOUT if since >= LEAST_RTO else Cause.UNKNOWN


def _prompt(me: Direction, seg: Sent) -> bool:
    """Does it follow the ACKs that ask for it as soon as a sender answers? RACK waits up to a quarter of the round trip (RFC 8985 §6.2)."""
    asked = max((at for ack, at in me.asked if ack == seg.start), default=me.sacked_at)
    if asked is None or seg.at is None:
        return True
    turn = me.peer.rtt
    usual = turn.srtt + 4 * turn.var if turn.samples else turn.hazy or LEAST_RTO / 2
    return seg.at - asked <= usual + (me.following.round_trip() or 0) / 4 + BUSY


def _goes_on(me: Direction, seg: Sent) -> bool:
    """After its timer ran out a sender without SACK sends all again from there on, octet after octet (RFC 5681 §3.1)."""
    before = me.again[-1] if me.again else None
    return before is not None and before.cause is Cause.TIMEOUT and seg.start == before.seg.end and not me.following.selective


def _repaired(me: Direction, seg: Sent) -> bool:
    """Was the lowest hole already repaired in this recovery?"""
    return any(pending.seg.start == seg.start for pending in me.pending)


def opened_at(me: Direction, seg: Sent) -> int | None:
    """When the first segment above the hole was seen."""
    for gap in me.gaps:
        if gap.start < seg.end and seg.start < gap.end:
            return gap.at
    return min((sent.at for sent in me.log if sent.start >= seg.end and sent.at is not None), default=None)


def too_soon(me: Direction, seg: Sent, last: Sent | None) -> bool:
    """Can this segment not be a repair yet? Asked only where neither ids nor timestamps tell.

    `last` is its latest earlier transmission, None where none was seen. A repair answers duplicate ACKs or SACK (one round trip to the
    sender after they passed here), a partial ACK during a recovery, a tail probe's or the retransmission timer. What came before the
    earliest of these that `last` did not already answer is no repair.
    """
    now = seg.at
    if seg.bits & SYN and me.peer.syns > me.syns:
        return False  # each SYN that comes is answered
    trip = me.following.round_trip()
    seen = opened_at(me, seg) if last is None else last.at
    if now is None or seen is None:
        return False
    if trip is None:
        return now - seen < (3 * MILLI if last is None else MILLI)
    turn = (me.peer.rtt.floor or 0) * 9 // 10  # from the receiver's ACK here to the sender's answer here
    due = [seen + LEAST_RTO]
    if seg.end == me.nxt:
        due.append(seen + 2 * trip * 9 // 10)
    asked = [at for ack, at in me.asked if ack == seg.start]
    top = me.sacked.top()
    if me.sacked_at is not None and top is not None and seg.start < top:
        asked.append(me.sacked_at)
    due += [at + turn for at in asked if last is None or at + turn > seen]
    return now < min(due)
