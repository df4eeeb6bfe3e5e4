"""One look at a whole segment: is it one of ordinary traffic, of which no `Unusual` sign could show anything?

Nearly every segment is, and fourteen questions asked of each would cost more than the rules. So this says in one place what ordinary
looks like; the signs keep their exact questions for the rest. Law, tested on every log and on made-up segments: no sign asked of a
segment that is plain here would have shown. It may say no too often; then it only costs time. The numbers it shares with a sign stand here.
"""

from __future__ import annotations

from typing import Final

from msgspec import UNSET

from tcpdump_parse.model import IPv4, IPv6, Segment
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

_ESTABLISHED: Final = State.ESTABLISHED
_DATA: Final = (".", "P.")
_SIGNED: Final = frozenset({"md5", "tcp-ao"})


def plain(step: Step) -> bool:
    """In the middle of its connection, data or an ACK, whole, with the usual options or none, and numbers that go on from the last."""
    packet, before = step.packet, step.before
    tcp, me, peer = packet.tcp, before.me, before.peer
    if tcp is UNSET or tcp.flags not in _DATA or me.state is not _ESTABLISHED or peer.state is not _ESTABLISHED or me.fin is not None:
        return False
    ip = packet.ip
    if type(ip) is IPv4:
        tos, ttl = ip.tos, ip.ttl
        if tos is UNSET or tos & 3 or ttl is UNSET or ttl <= LOW or ip.flags not in FRAGMENTING:
            return False
        if ip.id is UNSET or ip.offset or ip.options or ip.bad_checksum is not UNSET:
            return False
    elif type(ip) is not IPv6 or (ip.hlim is not UNSET and ip.hlim <= LOW) or (ip.class_ is not UNSET and ip.class_ & 3):
        return False
    if tcp.checksum is not UNSET and tcp.checksum.value == ALL_ONES:
        return False
    return _header(tcp, step.length, me, peer) and _goes_on(step, me, peer)


def _header(tcp: Segment, length: int, me: End, peer: End) -> bool:
    """No options, or a timestamp alone, as the SYN promised; nothing that is hardly ever there; numbers that span the payload."""
    offered, options = me.offered, tcp.options
    if offered and not _SIGNED.isdisjoint(offered):
        return False
    if options:
        if len(options) != 3 or type(options[2]) is not Timestamps or type(options[0]) is not Nop or type(options[1]) is not Nop:
            return False
        if options[2].len is not UNSET or (length and length == peer.mss):
            return False
    elif tcp.cut is not UNSET or (offered and "TS" in offered):
        return False
    start, end = (tcp.seq, tcp.seq_end) if tcp.seq_end_abs is UNSET else (tcp.seq_abs, tcp.seq_end_abs)
    if end is not UNSET and (start is UNSET or end - start != length):
        return False
    return tcp.urg is UNSET and tcp.bad_header is UNSET and tcp.ack_unflagged is UNSET and tcp.urg_unflagged is UNSET


def _goes_on(step: Step, me: End, peer: End) -> bool:
    """At or above both starts, not below what the other end already acknowledged; the timestamp too goes on, and echoes a late one."""
    seq, ack, after = step.seq, step.ack, step.after.me
    if (ack is not None and peer.iss is not None and ack < peer.iss) or (
        seq is not None and ((me.iss is not None and seq < me.iss) or (seq == me.snd_nxt and me.snd_una is not None and me.snd_una > seq))
    ):
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
