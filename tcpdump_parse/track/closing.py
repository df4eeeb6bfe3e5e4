"""Resets: what they answer, and whether the other end may accept them (RFC 9293 §3.5.2, §3.5.3, RFC 5961 §3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tcpdump_parse.model.happenings import Happening, ResetSent
from tcpdump_parse.model.terms import ResetCause, State
from tcpdump_parse.seq import roll
from tcpdump_parse.track.segment import ACK, SYN, Sent
from tcpdump_parse.track.states import KEPT

if TYPE_CHECKING:
    from tcpdump_parse.track.direction import Direction


def reset(me: Direction, seg: Sent, out: list[Happening]) -> bool | None:
    """A RST from `me`; whether it fits, None if only a challenge can tell."""
    fits = acceptable(me, seg)
    cause, frames = (ResetCause.FOREIGN, ()) if foreign(me, seg) else _cause(me, seg, fits)
    out.append(ResetSent(cause, fits, frames, cause is ResetCause.UNEXPECTED_ACK and goes_on(me, seg)))
    if fits is None and me.peer.ack is not None:  # one outside the window is dropped without an answer
        me.peer.provoked = seg
    return fits


def foreign(me: Direction, seg: Sent) -> bool:
    """Does something speak against `me` as the sender of this RST: a number beyond all it could choose, or the TTL of another path?"""
    return _beyond(me, seg) or _other_path(me, seg)


def _beyond(me: Direction, seg: Sent) -> bool:
    """It neither answers a segment (with its ACK, or with 0) nor breaks off where `me` stands (RFC 9293 §3.5.2)."""
    peer = me.peer
    return me.nxt is not None and peer.ack is not None and seg.start > max(me.nxt, peer.ack) and bool(roll(seg.start))


def _other_path(me: Direction, seg: Sent) -> bool:
    """However: a kernel that resets with another TTL than its sockets use looks the same; such are rare."""
    data, ack = me.last_data, me.last_ack
    usual = data if ack is None or (data is not None and data.frame > ack.frame) else ack
    if usual is None or me.ack is None or me.packets <= 2:
        return False
    return usual.ttl is not None and seg.ttl is not None and usual.ttl != seg.ttl


def believed(me: Direction, seg: Sent, fits: bool | None) -> bool:
    """Must the peer believe it when it comes? In the window but not at its edge only a challenge tells (RFC 9293 §3.10.7.4), unless what
    lies between was sent before it and comes first."""
    return fits or (fits is None and (me.peer.ack is None or (seg.start == me.nxt and not me.gaps)))


def goes_on(me: Direction, seg: Sent) -> bool:
    """Does this RST only refuse a wrong ACK, while `me` still waits for the right one? The wrong one may have passed for the third step."""
    return (me.state in KEPT or (me.doubted is not None and me.doubted.ack == seg.start)) and answers_wrong_ack(me, seg)


def answers_wrong_ack(me: Direction, seg: Sent) -> bool:
    """Is this RST the answer to an ACK of octets that `me` never sent: an old duplicate, or the other end's half of an older connection?"""
    last = me.peer.last
    if last is None or last.ack is None or seg.bits & ACK or last.ack != seg.start or me.iss is None or me.nxt is None:
        return False
    return not me.iss < last.ack <= me.nxt


def _cause(me: Direction, seg: Sent, fits: bool | None) -> tuple[ResetCause, tuple[int, ...]]:
    peer = me.peer
    last = peer.last
    if me.following.reset_at is not None:
        return ResetCause.REPEATED, (me.following.reset_at,)
    if last is not None and last.bits & SYN and not last.bits & ACK and me.packets <= 1 and fits is not False:
        return ResetCause.REFUSED, (last.frame,)
    if len(me.keepalives) >= 2:
        return ResetCause.TIMEOUT, tuple(sent.frame for sent in me.keepalives[-4:])
    again = [sent for sent in me.log if sent.count >= 5]
    if again and me.una is not None and again[-1].end > me.una:
        return ResetCause.TIMEOUT, tuple(sent.frame for sent in again[-4:])
    if last is not None and not seg.bits & ACK and last.ack == seg.start and (last.ack != me.nxt or _gone(me)):
        return _answer(me, last)
    if me.nxt is not None and seg.start == me.nxt:
        if last is not None and last.length and _after_fin(me, last):
            return ResetCause.LATE_DATA, (last.frame,)
        return (ResetCause.UNKNOWN if _may_answer(me, seg, last) else ResetCause.ABORT), ()
    return ResetCause.UNKNOWN, ()


def _may_answer(me: Direction, seg: Sent, last: Sent | None) -> bool:
    """Without ACK, with the number that the peer's last data acknowledged, and no answer to that before: so answers a host that knows no
    such connection (§3.5.2). A stack that aborts sends an ACK with it."""
    if last is None or not last.length or seg.bits & ACK or last.ack != seg.start:
        return False
    return me.last is None or me.last.frame < last.frame


def _gone(me: Direction) -> bool:
    """Is `me` past this connection: closed, or busy with a new one on the same ports?"""
    return me.fin is not None or me.state is State.CLOSED or bool(me.following.heir)


def _answer(me: Direction, last: Sent) -> tuple[ResetCause, tuple[int, ...]]:
    """The reset's SEQ is the ACK of the peer's last segment: the reset answers it."""
    late = last.length and (_after_fin(me, last) or me.state is State.CLOSED)
    return (ResetCause.LATE_DATA if late else ResetCause.UNEXPECTED_ACK), (last.frame,)


def _after_fin(me: Direction, last: Sent) -> bool:
    """Did the peer send this after `me` had closed?"""
    return me.fin_sent is not None and last.frame > me.fin_sent.frame


def acceptable(me: Direction, seg: Sent) -> bool | None:
    """Exactly at the peer's next octet: yes. Outside what the peer may take: no. Inside the window: RFC 5961 asks for a challenge."""
    peer = me.peer
    if me.packets <= 1 and seg.bits & ACK and peer.iss is not None and peer.nxt is not None:
        return seg.ack is not None and peer.iss < seg.ack <= peer.nxt  # SYN-SENT: the ACK must cover the SYN
    if peer.state is State.SYN_SENT and not seg.bits & ACK:
        return False  # §3.10.7.3: without an ACK it is dropped there
    if peer.ack is None:
        return None
    if seg.start == peer.ack:
        return True
    if seg.start < peer.ack:
        return False
    return None if me.edge is None or seg.start < me.edge else False
