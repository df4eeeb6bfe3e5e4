"""Header prediction (Van Jacobson, 1990): on an open connection with nothing odd in it, the next segment brings the next octets, or
acknowledges some. Such a segment goes one straight path, here; any other goes the full one (`connection`).

`ready` says after each segment of the full path whether the next ones can be predicted. `step` looks at a segment before it changes
anything, and gives None for one that was not predicted. Law: what comes out is the same with prediction and without.
However, `step` is one long function, and does in place what is a function elsewhere: nine of ten segments go through it, and each call
would cost them more than what it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from tcpdump_parse.model.happenings import ChecksumOffload, Happening
from tcpdump_parse.model.options import Timestamps
from tcpdump_parse.model.packet import IP, IPv4, IPv6, Packet, Segment
from tcpdump_parse.model.steps import Both, Step
from tcpdump_parse.track import acks, possible
from tcpdump_parse.track.checksums import ALL, HEADER, STAMPED, recomputes
from tcpdump_parse.track.direction import KEEP, Direction
from tcpdump_parse.track.judgement import Kind
from tcpdump_parse.track.limits import hold
from tcpdump_parse.track.octets import fresh_data
from tcpdump_parse.track.segment import ACK, PSH, SECOND, Sent, size_of
from tcpdump_parse.track.statistics import expected
from tcpdump_parse.track.zeek import ESTABLISHED

if TYPE_CHECKING:
    from tcpdump_parse.track.connection import Following

PLAIN: Final[dict[object, int]] = {".": ACK, "P.": ACK | PSH}
"""The flags that can be predicted."""
OFFLOADED: Final = ChecksumOffload()
_ORIGINAL: Final = Kind.ORIGINAL
_WIRE: Final = (1 << 32) - 1
_FAR: Final = 1 << 29
"""However: with more than this on its way nothing is predicted; half the circle would do."""


def ready(following: Following) -> bool:
    """Has each end sent and acknowledged something, and is there nothing that the next segment could decide, repair, answer or close?"""
    return following.reset_at is None and _ready(following.client) and _ready(following.server)


def _ready(end: Direction) -> bool:
    nxt, una, iss = end.nxt, end.una, end.iss
    if nxt is None or una is None or end.near != nxt or (iss is not None and una <= iss) or end.fin is not None:
        return False
    if end.gaps or end.pending or end.sacked or end.recover is not None or end.keepalives or end.zero_since is not None:
        return False
    counters = end.counters
    return bool(counters.window_last) and not (counters.pieces and counters.pieces[-1].end > nxt)


def settled(following: Following) -> bool:
    """Is it proved that both ends are established, so that such segments move no state?"""
    client, server = following.client, following.server
    return client.could == possible.ESTABLISHED == server.could and not client.awaits and not server.awaits


def step(following: Following, packet: Packet, tcp: Segment, ip: IP, me: Direction, at: int, since_capture: int) -> Step | None:
    """The step of a segment that is as predicted; None, with nothing changed, for any other."""
    # ---- is it? ----
    bits = PLAIN.get(tcp.flags)
    if bits is None:
        return None
    peer, last = me.peer, following.at
    start, top, una = me.nxt, peer.nxt, peer.una
    length, win = tcp.length, tcp.win
    wire, answer = tcp.seq_abs, tcp.ack_abs
    if wire is UNSET:
        wire = tcp.seq
    if answer is UNSET:
        answer = tcp.ack
    if wire is UNSET or answer is UNSET or length is UNSET or win is UNSET or not win or tcp.urg is not UNSET or last is None:
        return None
    if start is None or top is None or una is None:
        return None
    flight, taken, since = top - una, (answer - una) & _WIRE, at - last
    if (start - wire) & _WIRE or taken > flight or flight > _FAR or since < 0 or since > SECOND:
        return None
    ack, end = una + taken, start + length
    if not length:
        if not taken:
            return None
    elif (edge := me.edge) is not None and end >= edge:
        return None
    wnd = right = None
    if (scale := me.wscale) is not None:
        wnd = win << scale
        right = ack + wnd
        if (was := me.right) is not None and right < was:
            return None
    options, ts, header = tcp.options, None, HEADER
    if options:
        option = options[-1]
        if type(option) is not Timestamps or len(options) != 3 or Timestamps not in me.shown:
            return None
        ts, header = option, STAMPED
    ipid = ttl = size = None
    if type(ip) is IPv4:
        if ip.id is not UNSET:
            ipid = ip.id
        if ip.ttl is not UNSET:
            ttl = ip.ttl
        if (total := ip.length) and not ip.options and ip.was is UNSET:
            size = total - 20
    elif type(ip) is IPv6:
        if ip.hlim is not UNSET:
            ttl = ip.hlim
        size = size_of(ip)
    checksum = tcp.checksum
    good = known = None
    if checksum is not UNSET:
        if size != header + length:
            return None
        good = checksum.value
        if not checksum.correct:
            known = me.addresses
            if known is None or good != ((known + size) % ALL or ALL) or checksum.expected is UNSET:
                return None
            good = checksum.expected
    frame = packet.frame
    seg = Sent(frame, at, start, end, ack, length, bits, win, ipid, ttl, ts, options, good, size)
    if not length and size is not None and good is not None and (size != header or not recomputes(me, tcp, seg)):
        return None
    # ---- it is ----
    before = following.after if following.speaker is me else Both(me.view, peer.view)
    out: list[Happening] = []
    me.packets += 1
    if since:
        hold(me, peer, since)
        hold(peer, me, since)
    if ipid:
        me.ids.add(ipid, at, start)
    expected(me, peer, seg, length, ack, at)
    if length:
        me.nxt = me.near = end
        ends = me.seen.ends
        if ends and ends[-1] == start:
            ends[-1] = end
        else:
            me.seen.add(start, end)
        log = me.log
        log.append(seg)
        me.flight.append(seg)
        if len(log) > KEEP:
            me.forget(log, seg)
        fresh_data(me, seg, length, out)
    me.win, me.wnd, me.last_ack_frame = win, wnd, frame
    same = True  # the peer's view
    if taken:
        acks.advance(me, seg, out)
        me.dup_acks, me.last_ack, same = 0, seg, False
        if me.ack is None or ack > me.ack:
            me.ack = ack
    if right is not None:
        me.right = right
        if peer.edge is None or right > peer.edge:
            peer.edge, same = right, False
    if not following.settled:
        possible.follow(me, seg, _ORIGINAL, None, out)
        same = False
    signs, mss = me.signs, peer.mss
    if known is not None:
        out.append(OFFLOADED)
        me.here = True
        signs.offloaded += 1
        if mss is not None and length > mss:
            signs.unsplit += 1
    elif mss is not None and length > mss and good is not None:
        signs.merged += 1
    if ts is not None:
        me.tsval, me.tsecr = ts.val, ts.ecr
    me.last, me.frame, me.at = seg, frame, at
    following.last, following.at = packet, at
    zeek = me.zeek
    if zeek.top == start and zeek.state is ESTABLISHED and (zeek.talks if length else zeek.acks):
        zeek.top = end
    else:
        following.zeek.packet(me, seg)
    after = following.after = Both(me.freeze(), peer.view if same else peer.freeze())
    following.speaker = me
    return Step(packet, following.connection, me.side, start, end, ack, length, wnd, at, since, since_capture, before, after, tuple(out))
