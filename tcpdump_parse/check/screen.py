"""One look at a whole segment: is it one of ordinary traffic, of which no `Unusual` sign could show anything, nor of its happenings?

Nearly every segment is, and fourteen questions asked of each would cost more than the rules. So this says in one place what ordinary
looks like; the signs keep their exact questions for the rest. Law, tested on every log and on made-up segments: no sign asked of a
segment that is plain here would have shown. It may say no too often; then it only costs time. The numbers it shares with a sign stand here.
"""

from __future__ import annotations

from typing import Final

from msgspec import UNSET

from tcpdump_parse.model import IPv4, IPv6
from tcpdump_parse.model.happenings import AckAdvanced, ChecksumOffload, DataSent
from tcpdump_parse.model.options import Nop, Timestamps
from tcpdump_parse.model.steps import End, Step
from tcpdump_parse.model.terms import State
from tcpdump_parse.seq import CIRCLE

LOW: Final = 5
"""A TTL up to this is about to run out."""
FRAGMENTING: Final = ((), ("DF",))
"""IPv4 flags of a packet that is whole."""
ALL_ONES: Final = 0xFFFF
HALF: Final = CIRCLE // 2
TICKS: Final = 1000
"""Timestamp ticks from one segment to the next that nobody needs to look at: a second of the usual millisecond clock."""

LONG: Final = 500_000_000
"""Nanoseconds: an ACK that comes later was held back, or its network is slow."""

_ESTABLISHED: Final = State.ESTABLISHED
_DATA: Final = (".", "P.")
_LIVING: Final = frozenset(range(LOW + 1, 256))
_UNPRINTED: Final = (UNSET, UNSET, UNSET)
"""Of the IPv4 header without -v."""
_ABSENT: Final = (UNSET, UNSET, UNSET, UNSET)
_SIGNED: Final = frozenset({"md5", "tcp-ao"})


def plain(step: Step) -> bool:
    """In the middle of its connection, data or an ACK, whole, and numbers that go on from the last; no options, or a timestamp alone, as
    the SYN promised; nothing that is hardly ever there; sequence numbers that span the payload."""
    packet, before = step.packet, step.before
    tcp, ip, me, peer = packet.tcp, packet.ip, before.me, before.peer
    if tcp is UNSET or tcp.flags not in _DATA or me.state is not _ESTABLISHED or peer.state is not _ESTABLISHED or me.fin is not None:
        return False
    if type(ip) is IPv4:
        tos = ip.tos
        if tos is UNSET:
            if (ip.ttl, ip.id, ip.flags) != _UNPRINTED:
                return False
        elif tos & 3 or ip.ttl not in _LIVING or ip.flags not in FRAGMENTING or ip.id is UNSET:
            return False
        if ip.offset or ip.options or ip.bad_checksum is not UNSET:
            return False
    elif type(ip) is not IPv6 or (ip.hlim is not UNSET and ip.hlim <= LOW) or (ip.class_ is not UNSET and ip.class_ & 3):
        return False
    checksum = tcp.checksum
    if checksum is not UNSET and checksum.value == ALL_ONES:
        return False
    length, offered, options = step.length, me.offered, tcp.options
    if offered and not _SIGNED.isdisjoint(offered):
        return False
    if options:
        if len(options) != 3:
            return False
        nop, again, stamps = options
        if type(stamps) is not Timestamps or type(nop) is not Nop or type(again) is not Nop:
            return False
        if stamps.len is not UNSET or (length and length == peer.mss):
            return False
    elif tcp.cut is not UNSET or (offered and "TS" in offered and peer.offered and "TS" in peer.offered):
        return False
    start, end = tcp.seq_abs, tcp.seq_end_abs
    if end is UNSET:
        start, end = tcp.seq, tcp.seq_end
    if end is not UNSET and (start is UNSET or end - start != length):
        return False
    if (tcp.urg, tcp.bad_header, tcp.ack_unflagged, tcp.urg_unflagged) != _ABSENT:
        return False
    return _goes_on(step, me, peer) and _as_usual(step, me, peer)


def _as_usual(step: Step, me: End, peer: End) -> bool:
    """Data that is no small part of a segment, or an answer that waited for nothing; an ACK that measured a round trip, soon; a checksum
    that is left to the card as nearly all are."""
    for event in step.happenings:
        if type(event) is DataSent:
            mss = peer.mss
            if mss is not None and 2 * step.length < mss and not (event.turn and step.packet.tcp.flags == "P." and not me.in_flight):  # type: ignore[union-attr]
                return False
        elif type(event) is AckAdvanced:
            rtt = event.rtt
            if rtt is None or rtt >= LONG:
                return False
        elif type(event) is ChecksumOffload and event.lso:
            return False
    return True


def _goes_on(step: Step, me: End, peer: End) -> bool:
    """At or above both starts, not below what the other end already acknowledged; the timestamp too goes on, and echoes a late one."""
    seq, ack, after, iss = step.seq, step.ack, step.after.me, peer.iss
    if ack is not None and iss is not None and ack < iss:
        return False
    if seq is not None:
        iss, una = me.iss, me.snd_una
        if (iss is not None and seq < iss) or (una is not None and una > seq and seq == me.snd_nxt):
            return False
    val, ecr = after.tsval, after.tsecr
    if val is None or ecr is None:
        return True
    was, theirs, echoed = me.tsval, peer.tsval, peer.tsecr
    if was is not None and not 0 <= val - was < TICKS:
        return False
    if theirs is None or echoed is None:
        return True
    return bool(ecr) and 0 <= theirs - ecr < HALF and (not echoed or 0 <= val - echoed < HALF) and ecr >= (me.tsecr or 0)
