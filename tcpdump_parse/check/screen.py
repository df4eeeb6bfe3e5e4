"""One look at a whole segment: is it one of ordinary traffic, of which no `Unusual` sign could show anything, nor of its happenings?

Nearly every segment is, and some twenty questions asked of each would cost more than the rules. So this says in one place what ordinary
looks like; the signs keep their exact questions for the rest. Law, tested on every log and on made-up segments: no sign asked of a
segment that is plain here would have shown. It may say no too often; then it only costs time. The numbers it shares with a sign stand here.
"""

from __future__ import annotations

from typing import Final

from msgspec import UNSET

from tcpdump_parse.model import IPv4, IPv6
from tcpdump_parse.model.happenings import AckAdvanced, ChecksumOffload, DataSent
from tcpdump_parse.model.options import Nop, Timestamps
from tcpdump_parse.model.steps import Step
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
_LIVING: Final = frozenset(range(LOW + 1, 256))
_UNPRINTED: Final = (UNSET, UNSET, UNSET)
"""Of the IPv4 header without -v."""


def plain(step: Step) -> bool:
    """In the middle of its connection, data or an ACK, whole, and numbers that go on from the last; no options, or a timestamp alone, as
    the SYN promised; nothing that is hardly ever there; sequence numbers that span the payload; nothing odd in what happened.

    However, it is one long function: it is asked of every segment, and each call would cost a tenth of it."""
    packet, before = step.packet, step.before
    tcp, ip, me, peer = packet.tcp, packet.ip, before.me, before.peer
    if tcp is UNSET or me.state is not _ESTABLISHED or peer.state is not _ESTABLISHED or me.fin is not None:
        return False
    flags = tcp.flags
    if flags != "P." and flags != ".":
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
    length, offered, options, mss = step.length, me.offered, tcp.options, peer.mss
    if offered and ("md5" in offered or "tcp-ao" in offered):
        return False
    if options:
        if len(options) != 3:
            return False
        nop, again, stamps = options
        if type(stamps) is not Timestamps or type(nop) is not Nop or type(again) is not Nop:
            return False
        if stamps.len is not UNSET or (length and length == mss):
            return False
    elif tcp.cut is not UNSET or (offered and "TS" in offered and peer.offered and "TS" in peer.offered):
        return False
    start, end = tcp.seq_abs, tcp.seq_end_abs
    if end is UNSET:
        start, end = tcp.seq, tcp.seq_end
    if end is not UNSET and (start is UNSET or end - start != length):
        return False
    if tcp.urg is not UNSET or tcp.bad_header is not UNSET or tcp.ack_unflagged is not UNSET or tcp.urg_unflagged is not UNSET:
        return False
    # ---- its numbers: at or above both starts, not below what was acknowledged; the timestamp goes on, and echoes a late one ----
    seq, ack, nxt, una = step.seq, step.ack, me.snd_nxt, me.snd_una
    if ack is not None and (iss := peer.iss) is not None and ack < iss:
        return False
    if seq is not None and (((iss := me.iss) is not None and seq < iss) or (una is not None and una > seq and seq == nxt)):
        return False
    val, ecr = step.after.me.tsval, step.after.me.tsecr
    if val is not None and ecr is not None:
        was, theirs, echoed = me.tsval, peer.tsval, peer.tsecr
        if was is not None and not 0 <= val - was < TICKS:
            return False
        if theirs is not None and echoed is not None and (
            not ecr or not 0 <= theirs - ecr < HALF or (echoed and not 0 <= val - echoed < HALF) or ecr < (me.tsecr or 0)
        ):
            return False
    # ---- what happened: no small part of a segment, or one that waited for nothing; a round trip, soon; offload as nearly all of it ----
    for event in step.happenings:
        if type(event) is DataSent:
            if mss is not None and 2 * length < mss and not (event.turn and flags == "P." and (nxt is None or una is None or nxt <= una)):
                return False
        elif type(event) is AckAdvanced:
            rtt = event.rtt
            if rtt is None or rtt >= LONG:
                return False
        elif type(event) is ChecksumOffload and event.lso:
            return False
    return True
