"""What a segment is that is not simply the next one: a copy, a late original, sent again, or a probe.

The procedure decides from header text alone; its order matters, and each step says why it stands where it stands. Kinds are certain at
once; whether a retransmission was needed is mostly known only later (`needed`).

Never is "close in time" alone enough to call something reordered when its octets were already seen: a repair in a busy transfer always
comes close after something else.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from tcpdump_parse.model.happenings import Copied, Happening, Reordered, Retransmitted
from tcpdump_parse.model.options import Mss
from tcpdump_parse.model.terms import Proof, Where
from tcpdump_parse.track import needed, triggers
from tcpdump_parse.track.checksums import compare
from tcpdump_parse.track.order import ENOUGH, before, by_id, usable
from tcpdump_parse.track.rtt import LEAST_RTO as TIMER
from tcpdump_parse.track.segment import ACK, FIN, MICRO, SECOND, SYN, Sent

if TYPE_CHECKING:
    from tcpdump_parse.track.direction import Direction

AT_ONCE: Final = 100 * MICRO
"""Two records of one packet by the capture itself stand closer than this."""
SHOWN: Final = 16
"""How many earlier transmissions a happening names."""


class Kind(enum.Enum):
    """What the segment is."""

    ORIGINAL = "original"
    COPY = "copy"
    REORDERED = "reordered"
    RESENT = "resent"
    PROBE = "probe"  # keep-alive or window probe


def judge(me: Direction, seg: Sent, out: list[Happening]) -> Kind:
    """The kind of a segment that starts below the next octet; first match wins."""
    start, end = seg.start, seg.end
    seg.outdated = _outdated(me, seg)
    overlapping = [sent for sent in me.log if sent.start < end and start < sent.end]
    if overlapping:
        if seg.length:
            compare(me, seg, overlapping, out)
        if copied(me, seg, overlapping, out):
            return Kind.COPY
    if _answers_syn(seg, overlapping):
        return Kind.ORIGINAL
    if _probes(me, seg) and not _repeats(me, seg, overlapping):
        return Kind.PROBE
    if not overlapping and not me.seen.overlap(start, end):
        return _fills(me, seg, out)
    for sent in overlapping:
        if before(me, seg, sent) and not any(before(me, other, seg) for other in me.log if other.start >= end):
            # The late original of a segment whose repair came first; the repair was spurious then. However, what was sent after
            # something that lies above it is no original but another repair.
            _late(me, seg, sent, Proof.IP_ID if by_id(me, seg, sent) else Proof.TSVAL, out)
            return Kind.REORDERED
    _again(me, seg, overlapping, Proof.SEEN_BEFORE, out)
    return Kind.RESENT


def copied(me: Direction, seg: Sent, overlapping: list[Sent], out: list[Happening]) -> bool:
    """The very same packet again? Asked first, because a copy satisfies every later test as well."""
    for sent in reversed(overlapping):
        clamped = _clamped(sent, seg)
        proof = same_packet(me, sent, seg) if clamped or same_header(sent, seg) else None
        if proof is not None and (clamped is None or proof is not Proof.SAME_HEADER):
            if clamped is not None:
                me.mss = min(me.mss or clamped[1], clamped[1])  # that is what the other end gets
            tell_copy(me, sent, seg, proof, out, clamped)
            return True
    return False


def tell_copy(
    me: Direction, sent: Sent, seg: Sent, proof: Proof, out: list[Happening], clamped: tuple[int, int] | None = None
) -> None:
    after = _since(sent, seg)
    quick = after is not None and after < AT_ONCE
    where = Where.CAPTURE if me.following.recorded_twice else Where.NETWORK
    if quick and sent.ttl == seg.ttl:
        me.counters.doubled += 1
        where = Where.CAPTURE
    elif quick and sent.ttl is not None and seg.ttl is not None and abs(seg.ttl - sent.ttl) == 1:
        where = Where.ROUTER
    out.append(Copied(where, proof, after, (sent.frame,), clamped))
    me.counters.copied += 1


def same_header(a: Sent, b: Sent) -> bool:
    """The same in all of the TCP header that a copy keeps."""
    return _same_but_options(a, b) and a.options == b.options


def _same_but_options(a: Sent, b: Sent) -> bool:
    return a.start == b.start and a.end == b.end and a.bits == b.bits and a.ack == b.ack and a.win == b.win


def _clamped(a: Sent, b: Sent) -> tuple[int, int] | None:
    """The MSS of `a` and of `b`, another record of the same SYN, where they differ in nothing else; None if that is not so."""
    if not a.bits & SYN or len(a.options) != len(b.options) or not _same_but_options(a, b):
        return None
    differ = [(was, now) for was, now in zip(a.options, b.options, strict=True) if was != now]
    if len(differ) != 1:
        return None
    was, now = differ[0]
    return (was.value, now.value) if isinstance(was, Mss) and isinstance(now, Mss) else None


def same_packet(me: Direction, sent: Sent, seg: Sent) -> Proof | None:
    """Headers are equal: is it one packet twice, or a second sending?"""
    if sent.ipid != seg.ipid:
        return None  # whatever the ids mean: a copy has the id of its twin
    if usable(me, sent, seg) or (seg.ipid and me.ids.seen < ENOUGH):
        return Proof.SAME_ID
    after = _since(sent, seg)
    if after is None or (after > AT_ONCE and me.following.next_to(me)):
        return None  # next to its sender no network has had the chance to copy it
    if seg.ts is not None:
        return Proof.SAME_TS if after < TIMER else None  # a second sending takes a new TSval within a few ms
    return Proof.SAME_HEADER if after < TIMER and triggers.too_soon(me, seg, sent) else None


def _outdated(me: Direction, seg: Sent) -> bool:
    """Will PAWS throw away octets that the receiver lacks? Linux forgives one tick."""
    echoed = me.peer.tsecr
    if seg.ts is None or echoed is None or not 1 < (echoed - seg.ts.val) % (1 << 32) < 1 << 31:
        return False
    return (me.una is None or seg.end > me.una) and not me.sacked.covers(seg.start, seg.end)


def _answers_syn(seg: Sent, overlapping: list[Sent]) -> bool:
    """A SYN+ACK after a bare SYN of its end (RFC 9293 §3.5, figure 7), or with another ACK: it answers a SYN, nothing was lost."""
    both = SYN | ACK
    if seg.bits & both != both or any(sent.bits & ACK and sent.ack == seg.ack for sent in overlapping):
        return False
    for sent in overlapping:
        sent.count += 1  # an ACK of it may answer either
    seg.count = len(overlapping) + 1
    return bool(overlapping)


def _probes(me: Direction, seg: Sent) -> bool:
    """At most one octet, one below the next, nothing outstanding (or a closed window): no retransmission."""
    if seg.length > 1 or seg.bits & (SYN | FIN) or me.nxt is None or seg.start != me.nxt - 1:
        return False
    return me.peer.zero_since is not None or (me.una is not None and me.una >= me.nxt)


def _repeats(me: Direction, seg: Sent, overlapping: list[Sent]) -> bool:
    """The same single octet as a segment of its own, sooner than any keep-alive: its ACK was lost on the way back. (A window probe repeats
    its octet as well.)"""
    last = overlapping[-1] if overlapping else None
    if last is None or not seg.length or last.length != 1 or last.bits != seg.bits or last.at is None or seg.at is None:
        return False
    return seg.at - last.at < SECOND and me.peer.zero_since is None and me.peer.reopened is None


def _fills(me: Direction, seg: Sent, out: list[Happening]) -> Kind:
    """No octet of it was seen, and it lies below the highest: a late original, or sent again after a loss before the capture."""
    above = [sent for sent in me.log if sent.start >= seg.end]
    bare = [sent for sent in me.bare if sent.start >= seg.end]
    overtaken = None
    for sent in (*above, *bare):
        earlier = before(me, seg, sent)
        if earlier is False:
            # An original is sent before all that lies above it, so this is none, whatever else overtook it.
            if not above and _no_id_missing(me, seg):
                _late(me, seg, None, Proof.ACK_OVERTOOK, out)
                return Kind.REORDERED
            _again(me, seg, [], Proof.IP_ID if by_id(me, seg, sent) else Proof.TSVAL, out)
            return Kind.RESENT
        if earlier and overtaken is None:
            overtaken = sent
    if overtaken is not None:
        _late(me, seg, overtaken, Proof.IP_ID if by_id(me, seg, overtaken) else Proof.TSVAL, out)
        return Kind.REORDERED
    if above and _same_tick(me, seg, above):
        _late(me, seg, above[0], Proof.TSVAL, out)
        return Kind.REORDERED
    if triggers.too_soon(me, seg, None):
        _late(me, seg, None, Proof.TIME, out)
        return Kind.REORDERED
    _again(me, seg, [], Proof.TIME, out)
    return Kind.RESENT


def _same_tick(me: Direction, seg: Sent, above: list[Sent]) -> bool:
    """Does it bear the timestamp of all that lies above it? A repair leaves a round trip later, which no tick is as long as."""
    ts, trip, first = seg.ts, me.following.round_trip(), me.log[0]
    if ts is None or trip is None or first.ts is None or seg.at is None or first.at is None:
        return False
    ticks = (ts.val - first.ts.val) % (1 << 32)
    if ticks >= 1 << 31 or 2 * (seg.at - first.at) >= ticks * trip:
        return False
    return all(sent.ts is not None and sent.ts.val == ts.val for sent in above)


def _no_id_missing(me: Direction, seg: Sent) -> bool:
    """Only pure ACKs stand above: a lost first copy would have used up an id between the last transmission and this one."""
    below = [sent for sent in me.log if sent.end <= seg.start]
    if not below or not usable(me, below[-1], seg):
        return False
    between = sum(1 for sent in me.bare if sent.frame > below[-1].frame)
    return (seg.ipid - below[-1].ipid) % (1 << 16) == between + 1  # type: ignore[operator]


def _late(me: Direction, seg: Sent, overtaken_by: Sent | None, proof: Proof, out: list[Happening]) -> None:
    first = triggers.opened_at(me, seg)
    late = None if first is None or seg.at is None else seg.at - first
    out.append(Reordered(seg.start, seg.end, proof, late, () if overtaken_by is None else (overtaken_by.frame,)))
    me.counters.reordered += 1
    if proof in (Proof.IP_ID, Proof.TSVAL):
        needed.earlier_arrived(me, seg, out)


def _again(me: Direction, seg: Sent, overlapping: list[Sent], kind_proof: Proof, out: list[Happening]) -> None:
    for sent in overlapping:
        sent.count += 1  # Karn: an ACK of it says nothing about the round trip
    # What was sent after it and came sooner is no earlier copy: it is another repair, spurious because this one was on its way already.
    sooner = [sent for sent in overlapping if before(me, seg, sent)]
    if sooner:
        overlapping = [sent for sent in overlapping if sent not in sooner]
    first, last = (overlapping[0], overlapping[-1]) if overlapping else (None, None)
    seg.count = max(len([sent for sent in overlapping if sent.start <= seg.start < sent.end]) + 1, 2)
    cause = triggers.cause(me, seg, last)
    if me.recover is not None and me.nxt is not None:
        me.recover = max(me.recover, me.nxt)  # all that was on its way when the repair left belongs to the recovery
    if sooner:
        needed.earlier_arrived(me, seg, out)
    verdict, proof = needed.at_once(me, seg, overlapping, cause, sooner)
    me.counters.retransmitted += 1
    start = seg.start + (1 if seg.bits & SYN else 0)
    fresh = seg.length - me.seen.overlap(start, start + seg.length)
    out.append(
        Retransmitted(
            seg.start, seg.end, seg.count if overlapping else 1, verdict, cause, kind_proof, proof, _gap(first, seg), _gap(last, seg),
            fresh, tuple(sent.frame for sent in overlapping[-SHOWN:]),
        )
    )


def _gap(sent: Sent | None, seg: Sent) -> int | None:
    return None if sent is None else _since(sent, seg)


def _since(sent: Sent, seg: Sent) -> int | None:
    return None if sent.at is None or seg.at is None else seg.at - sent.at
