"""How a connection opens: SYN, SYN+ACK, the third step, and what the SYNs agree on (RFC 9293 §3.5, RFC 7323, RFC 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tcpdump_parse.model.happenings import HandshakeDone, Happening, SynAckSent, SynSent
from tcpdump_parse.model.options import Eol, Mss, Nop, Wscale
from tcpdump_parse.track.segment import ACK, FIN, RST, SYN, Sent, name_of

if TYPE_CHECKING:
    from tcpdump_parse.track.direction import Direction

PARTIAL = "partial"
"""Stands last among the options of a SYN whose header was not captured whole: there may have been others."""
MAX_SHIFT = 14  # RFC 7323 §2.3: a larger shift counts as 14


def lacks(offered: tuple[str, ...] | None, name: str) -> bool:
    """Is the option surely not among those of this SYN?"""
    return offered is not None and name not in offered and PARTIAL not in offered


def learn(me: Direction, seg: Sent, *, cut: bool) -> None:
    """What this end's first SYN says, `cut`: as far as it was captured."""
    me.syn = seg
    me.iss = me.base = seg.start
    _learn(me, seg, cut)
    _agree(me, me.peer)


def syn(me: Direction, seg: Sent, out: list[Happening]) -> None:
    """A SYN, with or without ACK, that is no mere copy."""
    first = me.syn
    me.syns += 1
    earlier = tuple(sent.frame for sent in me.log if sent.start == seg.start and sent.bits & SYN and sent is not seg)
    copies = me.syns
    since = None if first is None or first is seg or seg.at is None or first.at is None else seg.at - first.at
    other = me.peer.syn
    if seg.bits & ACK:
        answers = [sent for sent in me.log if sent.bits & SYN and sent.bits & ACK and sent is not seg]
        if answers:
            me.syn_again = seg
        if answers and acceptable(me, seg) and not any(acceptable(me, sent) for sent in answers):
            copies = 1  # those before answered an old duplicate (figure 8)
        delay = None if other is None or other.at is None or seg.at is None else seg.at - other.at
        acks = None if me.peer.iss is None or seg.ack is None else acceptable(me, seg)
        out.append(SynAckSent(seg.start, copies, acks, delay, earlier or (() if other is None else (other.frame,))))
    else:
        out.append(SynSent(seg.start, copies, since, other is not None, earlier, me.challenged))


def acceptable(me: Direction, seg: Sent) -> bool:
    """May this SYN+ACK open the peer's half? It must acknowledge the peer's SYN, if that was seen (RFC 9293 §3.10.7.3, first step)."""
    peer = me.peer
    return peer.iss is None or peer.nxt is None or seg.ack is None or peer.iss < seg.ack <= peer.nxt


def covers_syn(me: Direction, seg: Sent) -> bool:
    """Does this ACK of `me` cover the peer's SYN, as far as that was seen? A wrong third step does not."""
    peer = me.peer
    return peer.iss is None or seg.ack is None or seg.ack > peer.iss


def answer_unseen(me: Direction, seg: Sent) -> bool:
    """Does this end, which has sent a SYN, acknowledge a SYN+ACK that the log does not show? Else it had no number to acknowledge.

    However, a FIN right after the SYN shows no answer: scanners send it, and whoever closes has first sent the third step.
    """
    first = (me.iss or 0) + 1
    if seg.ack is None or seg.bits & (SYN | RST) or me.peer.syn is not None or seg.start < first:
        return False
    return not seg.bits & FIN or seg.end > first + 1


def _learn(me: Direction, seg: Sent, cut: bool) -> None:
    names = []
    for option in seg.options:
        if type(option) is Mss:
            me.mss = option.value
        elif type(option) is Wscale:
            me.syn_scale = min(option.shift, MAX_SHIFT)
        if type(option) not in (Nop, Eol):
            names.append(name_of(option))
    me.offered = (*(name for name in names if name != PARTIAL), PARTIAL) if cut else tuple(names)


def _agree(me: Direction, peer: Direction) -> None:
    """Window scaling is in force only when both SYNs carry it; one SYN without it is enough to know that it is not."""
    if lacks(me.offered, "wscale") or lacks(peer.offered, "wscale"):
        me.wscale = peer.wscale = 0
    elif me.syn_scale is not None and peer.syn_scale is not None:
        me.wscale, peer.wscale = me.syn_scale, peer.syn_scale


def handshake(me: Direction, seg: Sent, out: list[Happening]) -> bool:
    """Is this the segment after which both SYNs are acknowledged? Then tell the two halves of the round trip."""
    a, b = me.syn, me.peer.syn
    if a is None or b is None or me.una is None or me.peer.una is None or me.una <= a.start or me.peer.una <= b.start:
        return False
    first, second = (a, b) if a.frame < b.frame else (b, a)
    once = me.syns == 1 and me.peer.syns == 1  # Karn
    out.append(
        HandshakeDone(
            second.at - first.at if once and second.at is not None and first.at is not None else None,
            seg.at - second.at if once and seg.at is not None and second.at is not None else None,
            (first.frame, second.frame),
        )
    )
    return True
