"""What a segment is that is not simply the next one: a copy, a late original, sent again, or a probe.

The procedure decides from header text alone; its order matters and each step says why. Kinds are certain at once; whether a
retransmission was needed is often known only later, and then told by a `Judged` that points back.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from tcpdump_parse.model.happenings import Copied, Happening, Reordered, Retransmitted
from tcpdump_parse.model.terms import Proof, Where
from tcpdump_parse.track.segment import FIN, MILLI, SYN, Sent

if TYPE_CHECKING:
    from tcpdump_parse.track.direction import Direction


class Kind(enum.Enum):
    """What the segment is."""

    ORIGINAL = "original"
    COPY = "copy"
    REORDERED = "reordered"
    RESENT = "resent"
    PROBE = "probe"  # keep-alive or window probe


def judge(me: Direction, seg: Sent, out: list[Happening]) -> Kind:
    """The kind of a segment that starts below the next octet."""
    overlapping = [sent for sent in me.log if sent.start < seg.end and seg.start < sent.end]
    for sent in reversed(overlapping):
        if same_header(sent, seg) and sent.ipid is not None and sent.ipid == seg.ipid:
            after = None if seg.at is None or sent.at is None else seg.at - sent.at
            where = Where.CAPTURE if after is not None and after < 100_000 and sent.ttl == seg.ttl else Where.NETWORK
            out.append(Copied(where, Proof.SAME_ID, after, (sent.frame,)))
            me.counters.copied += 1
            return Kind.COPY
    if seg.length <= 1 and me.nxt is not None and seg.start == me.nxt - 1 and not seg.bits & (SYN | FIN) and me.una == me.nxt:
        from tcpdump_parse.track.octets import probes

        probes(me, seg, None, out)
        return Kind.PROBE
    if not overlapping and not me.seen.overlap(seg.start, seg.end):
        above = next((gap for gap in me.gaps if gap.start < seg.end and seg.start < gap.end), None)
        late = None if above is None or above.at is None or seg.at is None else seg.at - above.at
        if late is not None and late < 3 * MILLI:
            out.append(Reordered(seg.start, seg.end, Proof.TIME, late, () if above is None else (above.frame,)))
            me.counters.reordered += 1
            return Kind.REORDERED
    first, last = (overlapping[0], overlapping[-1]) if overlapping else (None, None)
    seg.count = len(overlapping) + 1
    me.counters.retransmitted += 1
    out.append(
        Retransmitted(
            seg.start, seg.end, seg.count, since_first=_since(first, seg), since_last=_since(last, seg),
            frames=tuple(sent.frame for sent in overlapping[-16:]),
        )
    )
    return Kind.RESENT


def _since(sent: Sent | None, seg: Sent) -> int | None:
    return None if sent is None or sent.at is None or seg.at is None else seg.at - sent.at


def same_header(a: Sent, b: Sent) -> bool:
    """The same header in all that a copy keeps."""
    return a.start == b.start and a.end == b.end and a.bits == b.bits and a.ack == b.ack and a.win == b.win and a.options == b.options
