"""Was a retransmission needed? What proves that it was not, at once or later; and what is left when nothing did.

That it was *not* needed can be proved at once or by a later segment, and is told then. That it was needed is never certain while a
late original, a D-SACK or an older echo may still come: it is told when the connection ends, or once it is
acknowledged and `SETTLED` has passed.
What nothing ever acknowledged is told as undecided: the first copy may have arrived and its ACKs been lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tcpdump_parse.model.happenings import Happening, Judged
from tcpdump_parse.model.terms import Cause, Proof
from tcpdump_parse.track.order import before
from tcpdump_parse.track.ranges import Ranges
from tcpdump_parse.track.recent import keep
from tcpdump_parse.track.segment import MICRO, SECOND, SYN, Sent

if TYPE_CHECKING:
    from tcpdump_parse.track.direction import Direction

SETTLED: Final = 5 * SECOND
"""No D-SACK and no late original comes later than this after the retransmission."""
SLACK: Final = 200 * MICRO
"""How much the smallest round trip seen may exceed the smallest possible one, beside a tenth, or a fifth while samples are few."""
FEW, SURE = 3, 8
"""Fewer samples than `FEW` may all have been delayed; from `SURE` on they are many."""
AGAIN: Final = 256
"""How many retransmissions a D-SACK may be about."""
PATIENCE: Final = 512
"""However: of more undecided retransmissions than this in one direction the oldest are told as they stand."""


class Pending(Struct, gc=False):
    """A retransmission, until something decides it. `seg` what was sent again; `copies` the earlier transmissions that were seen."""

    seg: Sent
    copies: list[Sent]
    cause: Cause
    discarded: bool = False  # the receiver answered an earlier copy and had not taken it
    covered: bool = False  # acknowledged since
    echoed: bool = False  # by an ACK that echoes its own TSval
    reported: bool = False  # a D-SACK was put down to it
    unechoed: bool = False  # its own ACK was an old one: Linux then does not take its timestamp, so no echo tells of it
    early: bool = False  # no hole of it opened in this log, which began in mid-connection: a first copy may have passed before
    twice: Ranges | None = None  # octets of it that came by another copy: reported, or a late original


def at_once(me: Direction, seg: Sent, copies: list[Sent], cause: Cause, sooner: list[Sent]) -> tuple[bool | None, Proof | None]:
    """What is proved at its own frame: False with the proof, or None and it waits for evidence.

    `sooner`: later sendings that overtook it; an ACK of their octets says nothing about those that were sent before it.
    """
    proof = None
    if not sooner and me.una is not None and seg.end <= me.una and _honest(me, seg):
        proof = Proof.ALREADY_ACKED
    elif not sooner and me.sacked and me.sacked.covers(seg.start, seg.end):
        proof = Proof.ALREADY_SACKED
    discarded = False
    if proof is None and copies and me.following.next_to(me.peer) and _cover(copies, seg):
        answered = me.peer.last_ack_frame > copies[-1].frame
        if not _cover([sent for sent in copies if not sent.outdated], seg):
            discarded = True
        elif not sooner and answered and (me.following.selective or me.una == seg.start):
            discarded = True  # it would have taken, or selectively acknowledged, what it kept
        else:
            proof = Proof.RECEIVER_HAD_IT
    if proof is not None:
        me.counters.spurious += 1
        me.peer.stray = seg
        keep(me.again, Pending(seg, copies, cause), AGAIN)
        return False, proof
    pending = Pending(seg, copies, cause, discarded)
    pending.early = me.iss is None and not any(gap.start < seg.end and seg.start < gap.end for gap in me.gaps)
    pending.unechoed = seg.ack is not None and me.ack is not None and seg.ack < me.ack
    me.pending.append(pending)
    keep(me.again, pending, AGAIN)
    return None, None


def _honest(me: Direction, seg: Sent) -> bool:
    """Is the highest ACK of octets that `me` sent? A SYN that is sent again refutes one of more: it was of an older connection."""
    return not seg.bits & SYN or me.nxt is None or me.una is None or me.una <= me.nxt


def _cover(copies: list[Sent], seg: Sent) -> bool:
    """Do the earlier copies together hold all its octets?"""
    octets = Ranges()
    for sent in copies:
        octets.add(sent.start, sent.end)
    return octets.covers(seg.start, seg.end)


# ---- later evidence ----


def dsack(me: Direction, block: tuple[int, int], out: list[Happening]) -> None:
    """The receiver (of `me`'s octets) says it got [left, right) twice: of each octet the last sending was one too many.

    It is the only sending of which that is certain: whichever two arrived, a copy sent before the last one did.
    """
    left = [block]
    for pending in reversed(me.again):
        if pending.reported or not pending.copies or pending.discarded:
            continue
        mine = _within(left, pending.seg)
        for part in mine:
            if _came_twice(pending, part):
                pending.reported = True
                if pending in me.pending:
                    _decide(me, pending, False, Proof.DSACK, (), out)
        if mine:
            left = _without(left, pending.seg)
            if not left:
                return


def _within(blocks: list[tuple[int, int]], seg: Sent) -> list[tuple[int, int]]:
    parts = [(max(left, seg.start), min(right, seg.end)) for left, right in blocks]
    return [(left, right) for left, right in parts if left < right]


def _without(blocks: list[tuple[int, int]], seg: Sent) -> list[tuple[int, int]]:
    parts = [part for left, right in blocks for part in ((left, min(right, seg.start)), (max(left, seg.end), right))]
    return [(left, right) for left, right in parts if left < right]


def _came_twice(pending: Pending, block: tuple[int, int]) -> bool:
    """Enter octets that came by another copy; is that all of it by now?"""
    if pending.twice is None:
        pending.twice = Ranges()
    pending.twice.add(*block)
    return pending.twice.covers(pending.seg.start, pending.seg.end)


def earlier_arrived(me: Direction, late: Sent, out: list[Happening]) -> None:
    """A late original, or a late repair: repairs that were sent after it and came first were not needed."""
    for pending in [p for p in me.pending if p.seg.start < late.end and late.start < p.seg.end]:
        if before(me, late, pending.seg) and _came_twice(pending, (late.start, late.end)):
            _decide(me, pending, False, Proof.ORIGINAL_ARRIVED, (late.frame,), out)
    known = {pending.seg.frame for pending in me.again}
    for sent in me.log:
        if sent.frame not in known and late.start <= sent.start and sent.end <= late.end and before(me, late, sent):
            # It looked like an original, and it was the repair that came first.
            known_late = Pending(sent, [], Cause.UNKNOWN)
            keep(me.again, known_late, AGAIN)
            me.pending.append(known_late)
            me.counters.retransmitted += 1
            _decide(me, known_late, False, Proof.ORIGINAL_ARRIVED, (late.frame,), out)


def acknowledged(me: Direction, una: int, ack: Sent, out: list[Happening]) -> None:
    """`ack` (from the peer) advanced from `una`: the first ACK of a retransmission may echo which copy it answers (RFC 3522).

    It echoes the segment that stood at `una` (RFC 7323 §4.3) and speaks of no other. However, a timeout without SACK sends all again in
    order, so an older echo that jumps over several of them says that the timeout was spurious (RFC 5682 §2).
    """
    echo = None if ack.ts is None else ack.ts.ecr
    for pending in list(me.pending):
        if pending.covered or ack.ack is None or ack.ack < pending.seg.end:
            continue
        pending.covered = True
        if _too_soon(me, pending, ack):
            _decide(me, pending, False, Proof.TOO_SOON, (), out)
            continue
        own = pending.seg.ts
        if echo is None or own is None or pending.unechoed:
            continue
        if not pending.seg.start <= una < pending.seg.end and (pending.cause is not Cause.TIMEOUT or me.following.selective):
            continue
        if echo == own.val:
            pending.echoed = True
        elif _older(echo, own.val) and any(sent.ts is not None and not _older(echo, sent.ts.val) for sent in pending.copies):
            _decide(me, pending, False, Proof.EIFEL, (), out)


def _too_soon(me: Direction, pending: Pending, ack: Sent) -> bool:
    """Acknowledged in less than any round trip to the receiver: that ACK was on its way before, and answers an earlier copy."""
    least, sent, now = me.rtt.least, pending.seg.at, ack.at
    if least is None or sent is None or now is None or not pending.copies or me.rtt.samples < FEW or me.following.next_to(me.peer):
        return False
    return now - sent < least - least // (10 if me.rtt.samples >= SURE else 5) - SLACK


def _older(a: int, b: int) -> bool:
    """Timestamps on their circle: a < b."""
    return 0 < (b - a) % (1 << 32) < 1 << 31


# ---- what nothing disproved ----


def settle(me: Direction, now: int | None, out: list[Happening]) -> None:
    """Tell the retransmissions that are acknowledged and old."""
    pending = me.pending
    while pending:
        oldest = pending[0]
        at = oldest.seg.at
        old = oldest.covered and now is not None and at is not None and now - at > SETTLED
        if not old and len(pending) <= PATIENCE:
            return
        _as_it_stands(me, oldest, out)


def finish(me: Direction, out: list[Happening]) -> None:
    """The connection is over for this log: tell all that is left."""
    while me.pending:
        _as_it_stands(me, me.pending[0], out)


def _as_it_stands(me: Direction, pending: Pending, out: list[Happening]) -> None:
    if not pending.copies and not pending.early:
        verdict, proof = True, Proof.FIRST_COPY_LOST
    elif pending.discarded:
        verdict, proof = True, Proof.RECEIVER_DISCARDED
    elif pending.covered or (me.una is not None and me.una >= pending.seg.end) or me.sacked.covers(pending.seg.start, pending.seg.end):
        verdict, proof = True, Proof.ECHOED if pending.echoed else Proof.AS_FAR_AS_SEEN
    else:
        verdict, proof = None, Proof.UNANSWERED
    _decide(me, pending, verdict, proof, (), out)


def _decide(me: Direction, pending: Pending, verdict: bool | None, proof: Proof, frames: tuple[int, ...], out: list[Happening]) -> None:
    me.pending.remove(pending)
    if verdict is False:
        me.counters.spurious += 1
        me.peer.stray = pending.seg
    seg = pending.seg
    out.append(Judged(seg.frame, me.side, verdict, pending.cause, proof, seg.start, seg.end, frames))
