"""Segments without octets: ACKs that say something by repeating or by changing the window, probes, keep-alives and their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tcpdump_parse.model.happenings import (
    ChallengeAck,
    DuplicateAck,
    Happening,
    KeepAliveAck,
    OldAck,
    SackSeen,
    WindowClosed,
    WindowProbeAck,
    WindowReopened,
    WindowUpdate,
)
from tcpdump_parse.model.terms import ChallengeCause, DupReason, Proof
from tcpdump_parse.track.acks import ASKED
from tcpdump_parse.track.judgement import AT_ONCE, Kind, same_header, tell_copy
from tcpdump_parse.track.limits import SEGMENT
from tcpdump_parse.track.octets import opened, probes
from tcpdump_parse.track.order import before
from tcpdump_parse.track.recent import keep
from tcpdump_parse.track.segment import ACK, FIN, RST, SYN, Sent
from tcpdump_parse.track.triggers import THIRD

KEEP = 64
"""How many ACKs above a gap are compared with what fills it."""

if TYPE_CHECKING:
    from tcpdump_parse.track.direction import Direction


def bare(me: Direction, seg: Sent, idle: int | None, out: list[Happening]) -> Kind:
    """An ACK without octets: a COPY is nothing but a second record of an earlier one, a PROBE asks for an answer."""
    for last in (me.last, me.last_ack):  # the one before, or the one that duplicates repeat
        if last is not None and same_header(last, seg):
            proof = _same(me, last, seg)
            if proof is not None:
                tell_copy(me, last, seg, proof, out)
                return Kind.COPY
    nxt = me.nxt
    if nxt is None:
        me.nxt = seg.start
    elif seg.start > nxt:
        opened(me, nxt, seg, out)
        me.nxt = seg.start
        if me.near is None or seg.start > me.near:
            me.near = seg.start
    if me.gaps:
        keep(me.bare, seg, KEEP)
    if nxt is None or seg.start >= nxt:
        return Kind.ORIGINAL
    if seg.start == nxt - 1 and (me.una is None or me.una >= nxt or me.peer.zero_since is not None) and not _late(me, seg):
        probes(me, seg, idle, out)
        return Kind.PROBE
    return Kind.ORIGINAL


def _late(me: Direction, seg: Sent) -> bool:
    """Was it sent before what this end sent last, and overtaken? Before its FIN, say: then its SEQ is one below the next octet too."""
    if seg.ack is not None and me.ack is not None and seg.ack < me.ack:
        return True  # whoever sends later acknowledges no less
    return me.last is not None and bool(before(me, seg, me.last))


def _same(me: Direction, last: Sent, seg: Sent) -> Proof | None:
    """Is an equal ACK the same packet again? Duplicate ACKs are equal by nature: only the id tells, or a capture that doubles all."""
    if last.ipid and seg.ipid:
        return Proof.SAME_ID if last.ipid == seg.ipid else None
    if me.following.recorded_twice and last.at is not None and seg.at is not None and seg.at - last.at < AT_ONCE:
        return Proof.SAME_HEADER
    return None


def repeats(me: Direction, seg: Sent, was_win: int | None, was_wnd: int | None, asks: bool, out: list[Happening]) -> None:
    """The ACK number is the one this end sent last, or an older one, and there are no octets: what is it for? `asks`: it probes.

    `was_win` and `was_wnd`: the window before, as printed and in octets (a SYN's is never scaled, so both are needed).
    """
    peer = me.peer
    was, now = (was_wnd, me.wnd) if was_wnd is not None and me.wnd is not None else (was_win, seg.win)
    if me.ack is not None and seg.ack is not None and seg.ack < me.ack:
        out.append(OldAck(me.ack - seg.ack))
        return
    if peer.keepalives and seg.win:
        probe = peer.keepalives[-1]
        peer.keepalives.clear()
        out.append((WindowProbeAck if probe is peer.crossed else KeepAliveAck)(_since(probe, seg), (probe.frame,)))
    elif peer.probes and seg.win == 0:
        out.append(WindowProbeAck(_since(peer.probes[-1], seg), (peer.probes[-1].frame,)))
    elif was is not None and was != now:
        if now and (was or me.zero_since is None):  # a window closed from the start, in the SYN, opens with this as well
            out.append(WindowUpdate(was, now))
    elif me.provoked is not None and _refuses(seg, me.provoked):
        out.append(ChallengeAck(_challenge(me.provoked), (me.provoked.frame,)))
        me.provoked = None
    elif was_win is not None and not asks:
        _duplicate(me, seg, out)


def takes_probe(me: Direction, seg: Sent, out: list[Happening]) -> None:
    """The octet of a window probe is taken and the window is still closed: this too answers the probe (RFC 9293 §3.8.6.1)."""
    probe = me.peer.probes[-1]
    if probe.end == seg.ack and probe.length and not seg.win and seg.end == seg.start:
        out.append(WindowProbeAck(_since(probe, seg), (probe.frame,)))


def _duplicate(me: Direction, seg: Sent, out: list[Happening]) -> None:
    me.dup_acks += 1
    peer, repeated = me.peer, me.last_ack
    if me.dup_acks == THIRD and seg.ack is not None and seg.at is not None:
        keep(peer.asked, (seg.ack, seg.at), ASKED)
        peer.recover = peer.nxt
    outstanding = bool(peer.sacked) or (peer.nxt is not None and seg.ack is not None and peer.nxt > seg.ack)
    syn = _syn_again(me, seg)
    if syn is not None:
        me.stray = None
        out.append(ChallengeAck(_challenge(syn), (syn.frame,)))
        return
    if me.stray is not None or any(type(happening) is SackSeen and happening.dsack for happening in out):
        reason = DupReason.SPURIOUS
        me.stray = None
    else:
        reason = DupReason.NOTHING_OUTSTANDING if not outstanding else DupReason.ONE_OUTSTANDING if _alone(me, seg) else DupReason.GAP
    out.append(DuplicateAck(me.dup_acks, reason, () if repeated is None else (repeated.frame,)))


def _syn_again(me: Direction, seg: Sent) -> Sent | None:
    """The SYN of the peer, or its SYN+ACK, that came once more and that this ACK answers (RFC 9293 §3.10.7.4, RFC 5961 §4.2).

    It came after its octet was acknowledged; or a copy of it is on its way beside the one that the third step answered, and nothing is
    that could have come above a gap.
    """
    stray, peer = me.stray, me.peer
    if stray is not None:
        return stray if stray.bits & SYN else None
    copy = peer.syn_again
    if copy is None or seg.ack != copy.end or peer.sacked:
        return None
    if peer.nxt != copy.end and not _alone(me, seg):
        return None
    peer.syn_again = None
    return copy


def _alone(me: Direction, seg: Sent) -> bool:
    """Is all that is outstanding the one segment this ACK waits for? Not where the card cuts it into several on the wire."""
    peer = me.peer
    top = 0
    for sent in peer.flight:
        if sent.start != seg.ack or sent.length > (me.mss or SEGMENT):
            return False
        top = sent.end
    return top == peer.nxt and not peer.sacked


def _refuses(seg: Sent, provoked: Sent) -> bool:
    """Does the bare ACK `seg` answer it? An ACK of more than its sender had sent only where that still stands below; else the log lacks
    octets of it, and nothing was refused."""
    return bool(provoked.bits & (SYN | RST)) or provoked.ack is None or seg.start < provoked.ack


def _challenge(provoked: Sent) -> ChallengeCause:
    if provoked.bits & SYN:
        return ChallengeCause.SYN_ACK if provoked.bits & ACK else ChallengeCause.SYN
    return ChallengeCause.RESET if provoked.bits & RST else ChallengeCause.UNACCEPTABLE


def window(me: Direction, seg: Sent, out: list[Happening]) -> None:
    """Closing and reopening, on whatever segment they come."""
    if seg.bits & (SYN | RST):
        return
    closed = me.zero_since
    if seg.win == 0:
        if closed is None and not seg.bits & FIN:
            me.zero_since = seg
            out.append(WindowClosed())
    elif closed is not None:
        me.zero_since, me.reopened = None, seg
        me.peer.probes.clear()
        out.append(WindowReopened(me.wnd if me.wnd is not None else seg.win, _since(closed, seg), (closed.frame,)))


def _since(sent: Sent, seg: Sent) -> int | None:
    return None if sent.at is None or seg.at is None else seg.at - sent.at
