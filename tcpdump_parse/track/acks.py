"""What an ACK does: octets taken, round trips measured, gaps that the capture missed, the edge of the window, SACK (RFC 9293 §3.10.7.4).

`me` is who sends the ACK; the octets it covers are the peer's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tcpdump_parse.model.happenings import AckAdvanced, FinAcked, GapAcked, Happening, SackSeen, WindowShrunk
from tcpdump_parse.model.options import Sack
from tcpdump_parse.track import needed
from tcpdump_parse.track.judgement import same_header
from tcpdump_parse.track.order import before
from tcpdump_parse.track.ranges import Ranges
from tcpdump_parse.track.recent import keep
from tcpdump_parse.track.segment import FIN, RST, SYN, Sent

if TYPE_CHECKING:
    from tcpdump_parse.track.direction import Direction


ASKED = 8
"""How many requests for a repair are remembered."""
REPORTS = 16
"""How many ACKs with a D-SACK are."""


def advance(me: Direction, seg: Sent, out: list[Happening]) -> None:
    """`seg.ack` is the highest yet (or the first)."""
    peer, ack = me.peer, seg.ack
    assert ack is not None
    start = peer.una
    if start is None:
        start = ack if peer.nxt is None else peer.seen.starts[0] if peer.seen.starts else peer.nxt
        if peer.base is None:
            peer.base = ack - 1
        if seg.bits & SYN and peer.iss is None:
            peer.iss = peer.base = ack - 1  # the SYN was not seen, but this is the answer to it
    peer.una = ack
    if peer.near is None or ack > peer.near:
        peer.near = ack
    if peer.gaps or (peer.nxt is not None and ack > peer.nxt):
        _missed(peer, start, ack, out)
    count, ambiguous = 0, False
    covered: Sent | None = None
    flight = peer.flight
    for flying in flight:
        if flying.end > ack:
            break
        covered = flying
        count += 1
        if flying.count > 1:
            ambiguous = True
    del flight[:count]
    if peer.sacked:
        peer.sacked.drop_below(ack)
        if peer.sacked and peer.sacked.starts[0] == ack:  # taken back (RFC 2018 §8): who has these octets acknowledges them
            peer.sacked = Ranges()
        if not peer.sacked:
            peer.sacked_at = None
    if peer.recover is not None:
        if ack >= peer.recover:
            peer.recover = None
        elif seg.at is not None:
            keep(peer.asked, (ack, seg.at), ASKED)
    if peer.pending:
        needed.acknowledged(peer, start, seg, out)
    if peer.iss is not None and start == peer.iss and ack == start + 1:
        _sample(peer, seg, covered, ack, ambiguous)
        return  # only the SYN: the handshake tells it
    if ack > start:
        delay = None if covered is None or seg.at is None or covered.at is None else seg.at - covered.at
        rtt = _sample(peer, seg, covered, ack, ambiguous)
        out.append(AckAdvanced(start, ack - start, count, None if covered is None else covered.frame, delay, rtt))
    fin = peer.fin
    if fin is not None and ack > fin and not peer.fin_acked:
        peer.fin_acked = True
        sent = peer.fin_sent
        if sent is not None:
            out.append(FinAcked(None if seg.at is None or sent.at is None else seg.at - sent.at, (sent.frame,)))


def _sample(peer: Direction, seg: Sent, covered: Sent | None, ack: int, ambiguous: bool) -> int | None:
    """A round trip by Karn's rule, entered into the estimate; None if this ACK gives none."""
    if covered is None or covered.end != ack or covered.at is None or seg.at is None or seg.at < covered.at:
        return None
    sample = seg.at - covered.at
    if ambiguous:
        peer.rtt.doubt(sample)
        return None
    peer.rtt.add(sample)
    return sample


def _missed(peer: Direction, una: int, ack: int, out: list[Happening]) -> None:
    """Octets that are acknowledged (`una` before, `ack` now) and were never seen: the capture missed them."""
    told = len(out)
    kept = []
    for gap in peer.gaps:
        if gap.start >= ack:
            kept.append(gap)
            continue
        end = min(gap.end, ack)
        out.append(GapAcked(gap.start, end))
        peer.counters.missed += end - gap.start
        if gap.end > ack:
            gap.start = ack
            kept.append(gap)
    peer.gaps = kept
    if peer.nxt is not None and ack > peer.nxt:
        start = max(peer.nxt, una)
        out.append(GapAcked(start, ack, True))
        peer.counters.missed += ack - start
    if len(out) > told:
        peer.following.missed = peer


def edge(me: Direction, seg: Sent, out: list[Happening]) -> None:
    """The window this segment offers: how far the peer may send."""
    wnd, ack, peer = me.wnd, seg.ack, me.peer
    if wnd is None or ack is None:
        return
    right = ack + wnd
    if peer.edge is None or right > peer.edge:
        peer.edge = right
    last = me.right
    if last is not None and right < last and not seg.bits & (SYN | FIN | RST) and ack >= (me.ack or ack) and seg.end >= (me.nxt or seg.end):
        if me.last is not None and before(me, seg, me.last):
            return  # sent before, and overtaken
        back = last - right
        out.append(WindowShrunk(back, back < 1 << (me.wscale or 0)))
    me.right = right


def sack(me: Direction, option: Sack, seg: Sent, out: list[Happening]) -> None:
    """Enter the blocks into the scoreboard; name the D-SACK block: the first, if it is acknowledged or lies in another (RFC 2883 §4)."""
    peer, ack = me.peer, seg.ack
    blocks = peer.unroll(option)
    if not blocks or ack is None:
        return
    first = blocks[0]
    dsack = None
    if first[1] <= ack or any(left <= first[0] and first[1] <= right for left, right in blocks[1:]):
        dsack = first
    if not peer.sacked:
        peer.sacked_at = seg.at
    fresh = 0
    for left, right in blocks:
        low = max(left, ack)
        if right > low:
            fresh += (right - low) - peer.sacked.overlap(low, right)
            peer.sacked.add(low, right)
    out.append(SackSeen(blocks, dsack, fresh))
    if dsack is not None and peer.pending and not _told(me, seg):
        needed.dsack(peer, dsack, out)


def _told(me: Direction, seg: Sent) -> bool:
    """Is this D-SACK a copy of one that was already told? Of two that differ in nothing, one is the network's."""
    if any(same_header(told, seg) and told.ipid == seg.ipid for told in me.reports):
        return True
    keep(me.reports, seg, REPORTS)
    return False
