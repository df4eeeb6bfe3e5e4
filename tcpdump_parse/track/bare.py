"""Segments without octets: ACKs that say something by repeating or by changing the window, probes, keep-alives and their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tcpdump_parse.model.happenings import (
    ChallengeAck,
    Copied,
    DuplicateAck,
    Happening,
    KeepAliveAck,
    OldAck,
    WindowClosed,
    WindowProbeAck,
    WindowReopened,
    WindowUpdate,
)
from tcpdump_parse.model.terms import ChallengeCause, DupReason, Proof, Where
from tcpdump_parse.track.judgement import same_header
from tcpdump_parse.track.octets import opened, probes
from tcpdump_parse.track.segment import FIN, MICRO, RST, SYN, Sent

if TYPE_CHECKING:
    from tcpdump_parse.track.direction import Direction

QUICK = 100 * MICRO
"""Two records of one packet stand closer than this; no host answers twice with the same IP id."""


def bare(me: Direction, seg: Sent, idle: int | None, out: list[Happening]) -> bool:
    """An ACK without octets. True if it is nothing but a second record of an earlier one."""
    last = me.last
    if last is not None and seg.ipid and last.ipid == seg.ipid and same_header(last, seg):
        after = None if seg.at is None or last.at is None else seg.at - last.at
        where = Where.CAPTURE if after is not None and after < QUICK and last.ttl == seg.ttl else Where.NETWORK
        out.append(Copied(where, Proof.SAME_ID, after, (last.frame,)))
        me.counters.copied += 1
        return True
    nxt = me.nxt
    if nxt is None:
        me.nxt = seg.start
    elif seg.start > nxt:
        opened(me, nxt, seg, out)
        me.nxt = seg.start
        if me.near is None or seg.start > me.near:
            me.near = seg.start
    elif seg.start == nxt - 1 and (me.una is None or me.una >= nxt or me.peer.zero_since is not None):
        probes(me, seg, idle, out)
    return False


def repeats(me: Direction, seg: Sent, was_win: int | None, out: list[Happening]) -> None:
    """The ACK number is the one this end sent last (or an older one), and there are no octets: what is it for?"""
    peer = me.peer
    if me.ack is not None and seg.ack is not None and seg.ack < me.ack:
        out.append(OldAck(me.ack - seg.ack))
        return
    if peer.keepalives and seg.win:
        probe = peer.keepalives[-1]
        peer.keepalives.clear()
        out.append(KeepAliveAck(_since(probe, seg), (probe.frame,)))
    elif peer.probes and seg.win == 0:
        out.append(WindowProbeAck(_since(peer.probes[-1], seg), (peer.probes[-1].frame,)))
    elif was_win is not None and seg.win != was_win:
        if seg.win and was_win:
            scale = me.wscale
            out.append(WindowUpdate(was_win, seg.win) if scale is None else WindowUpdate(was_win << scale, seg.win << scale))
    elif me.provoked is not None:
        out.append(ChallengeAck(_challenge(me.provoked), (me.provoked.frame,)))
        me.provoked = None
    elif was_win is not None and not out:
        _duplicate(me, seg, out)


def _duplicate(me: Direction, seg: Sent, out: list[Happening]) -> None:
    me.dup_acks += 1
    peer, repeated = me.peer, me.last_ack
    outstanding = peer.nxt is not None and seg.ack is not None and peer.nxt > seg.ack
    if me.stray is not None:
        reason = DupReason.SPURIOUS
        me.stray = None
    else:
        reason = DupReason.GAP if outstanding else DupReason.NOTHING_OUTSTANDING
    out.append(DuplicateAck(me.dup_acks, reason, () if repeated is None else (repeated.frame,)))


def _challenge(provoked: Sent) -> ChallengeCause:
    if provoked.bits & SYN:
        return ChallengeCause.SYN
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
        me.zero_since = None
        me.peer.probes.clear()
        out.append(WindowReopened(me.wnd if me.wnd is not None else seg.win, _since(closed, seg), (closed.frame,)))


def _since(sent: Sent, seg: Sent) -> int | None:
    return None if sent.at is None or seg.at is None else seg.at - sent.at
