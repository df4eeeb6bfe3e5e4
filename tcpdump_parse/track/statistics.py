"""One direction's statistics, by tcptrace 6.6.7's definitions: `tcptrace -l -r` prints the same numbers from the capture itself.

Its notions are kept as they are, for comparison's sake: anything sent while the peer's last window was 0 is a probe; out of order is what
starts and ends before a piece already recorded; round trips come from pieces acknowledged exactly at their end. Our own judgement stands
beside them (`retransmitted`, `reordered`, `copied`).

However, tcptrace cuts its record of the stream at every quarter of the sequence circle and forgets the opposite quarter; ours is whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tcpdump_parse.model.options import Sack
from tcpdump_parse.track.counters import Counters, Piece
from tcpdump_parse.track.moments import Moments
from tcpdump_parse.track.segment import ACK, FIN, PSH, RST, SYN, URG, Sent, sack_of

if TYPE_CHECKING:
    from tcpdump_parse.track.direction import Direction

PIECES: Final = 4096
"""However: of more unacknowledged pieces than this the oldest are forgotten."""


def count(me: Direction, seg: Sent, urgent: int) -> None:
    """Enter one segment of `me`."""
    mine, theirs = me.counters, me.peer.counters
    bits, length, at = seg.bits, seg.length, 0 if seg.at is None else seg.at // 1000
    window = _window(me, seg)
    if mine.last_time is not None:
        mine.idle_most = max(mine.idle_most, at - mine.last_time)
    mine.last_time = at
    if bits & (SYN | FIN | RST):
        mine.syns += (bits & SYN) >> 1
        mine.fins += bits & FIN
        mine.resets += (bits & RST) >> 2
    if length:
        _data(mine, seg, at, urgent)
    again = 0
    late = False
    if length or bits & (SYN | FIN):
        if me.peer.packets and theirs.window_last == 0:
            mine.probe_packets += 1
            mine.probe_bytes += length
            mine.old_bytes += length
        else:
            again, late = _enter(mine, seg, at)
            _old(mine, bits, length, again)
            mine.out_of_order += late
            if again:
                mine.again_packets += 1
                mine.again_bytes += again
    ack = seg.ack if bits & ACK else None
    if ack is not None:
        _acks(me, ack, length, window, at)
    if bits & RST:
        mine.ackless += not bits & ACK
        return
    _windows(me, seg, window)
    if ack is None:
        mine.ackless += 1
    else:
        if not length and not bits & (SYN | FIN):
            mine.pure_acks += 1
        mine.window_zero += window == 0
        mine.last_ack = ack
        if seg.options and (seg.ts is None or len(seg.options) > 3):
            option = sack_of(seg.options)
            if option is not None:
                _sack(me, option, ack)
        if not theirs.data_acked and (me.peer.syn is None or me.peer.iss is None or ack != me.peer.iss + 1):
            theirs.data_acked = True
    if length and not mine.data_acked and not again:
        mine.initial_bytes += length
        mine.initial_packets += 1
    if not bits & SYN and not late and not again and (length or theirs.last_ack is not None):
        mine.in_flight_once = True


def expected(me: Direction, peer: Direction, seg: Sent, length: int, ack: int, now: int) -> None:
    """What `count` does with the next octets in order, or the ACK of some, on an open connection: nothing is left to be found out.

    `mine.in_flight_once`: there are octets, or the peer has acknowledged some.
    """
    mine, theirs, at, window = me.counters, peer.counters, now // 1000, seg.win
    if me.syn_scale is not None and peer.syn_scale is not None:
        window <<= me.syn_scale
        if not mine.scaled:
            _begin_scaled(mine, window, me.packets)
    last = mine.last_time
    if last is not None and at - last > mine.idle_most:
        mine.idle_most = at - last
    mine.last_time = at
    if length:
        mine.data_packets += 1
        mine.data_bytes += length
        mine.last_data = at
        if mine.first_data is None:
            mine.first_data = at
        if seg.bits & PSH:
            mine.pushed += 1
        if length > mine.longest:
            mine.longest = length
        if length < mine.shortest or not mine.shortest:
            mine.shortest = length
        pieces = mine.pieces
        pieces.append(Piece(seg.start, seg.end, at))
        if len(pieces) > PIECES:
            del pieces[0]
        if not mine.data_acked:
            mine.initial_bytes += length
            mine.initial_packets += 1
    else:
        mine.pure_acks += 1
    pieces = theirs.pieces
    if pieces and (pieces[0].end < ack or pieces[0].acked != 1):
        _acks(me, ack, length, window, at)
    mine.window_last = window
    if window > mine.window_most:
        mine.window_most = window
    elif window < mine.window_least:
        mine.window_least = window
    mine.window_sum += window
    mine.last_ack, mine.in_flight_once = ack, True
    if not theirs.data_acked and (peer.syn is None or peer.iss is None or ack != peer.iss + 1):
        theirs.data_acked = True


def _window(me: Direction, seg: Sent) -> int:
    if not seg.bits & (ACK | SYN):
        return 0
    if seg.bits & SYN or me.syn_scale is None or me.peer.syn_scale is None:
        return seg.win
    return seg.win << me.syn_scale


def _data(mine: Counters, seg: Sent, at: int, urgent: int) -> None:
    length = seg.length
    mine.data_packets += 1
    mine.data_bytes += length
    if seg.bits & PSH:
        mine.pushed += 1
    if seg.bits & URG:
        mine.urgent_packets += 1
        mine.urgent_bytes += urgent
    if length > mine.longest:
        mine.longest = length
    if not mine.shortest or length < mine.shortest:
        mine.shortest = length
    if mine.first_data is None:
        mine.first_data = at
    mine.last_data = at


def _old(mine: Counters, bits: int, length: int, again: int) -> None:
    """Octets of data that were sent before; a repeated SYN or FIN is not counted as data sent again."""
    if bits & SYN and mine.syns > 1:
        again -= 1
    if bits & FIN and mine.fins > 1:
        again -= 1
    mine.old_bytes += max(0, min(again, length))


def _enter(mine: Counters, seg: Sent, at: int) -> tuple[int, bool]:
    """Octets sent again, and whether the segment lies before what was recorded."""
    start, end, pieces = seg.start, seg.end, mine.pieces
    if not pieces or start >= pieces[-1].end:
        pieces.append(Piece(start, end, at))
        if len(pieces) > PIECES:
            del pieces[0]
        return 0, False
    again, late, split = 0, False, False
    i = 0
    while i < len(pieces):
        piece = pieces[i]
        if start >= piece.end:
            i += 1
            continue
        if start < piece.start:
            late = late or end < piece.end
            pieces.insert(i, Piece(start, min(end, piece.start), at))
            i += 1
            if end <= piece.start:
                return again, late
            start = piece.start
        piece.again += 1
        if not split:
            _sent_again(mine, piece, at)
        if end <= piece.end:
            return again + end - start, late
        split = True
        again += piece.end - start
        start = piece.end
        i += 1
    pieces.append(Piece(start, end, at))
    return again, late


def _sent_again(mine: Counters, piece: Piece, at: int) -> None:
    if not piece.acked:
        if piece.again > mine.most_again:
            mine.most_again = piece.again
        if mine.resent is None:
            mine.resent = Moments()
        mine.resent.add(max(0, at - piece.at))
    piece.at = at


def _acks(me: Direction, ack: int, length: int, window: int, at: int) -> None:
    """`me` acknowledges the peer's octets: round trips, cumulative and duplicate ACKs."""
    peer = me.peer
    theirs = peer.counters
    pieces = theirs.pieces
    changed, newest = False, 0
    for piece in pieces:
        if ack <= piece.start:
            break
        if piece.at > newest:
            newest = piece.at
        if not piece.acked:
            piece.acked = 1
            changed = True
            if ack == piece.end:
                _round_trip(theirs, piece, newest > piece.at, at)
            else:
                theirs.cumulative += 1
        elif not length and ack == piece.end and _repeated(me, ack, window):
            theirs.duplicates += 1
            piece.acked += 1
            theirs.triples += piece.acked == 4
        elif piece.acked > 1:
            piece.acked = 1
    if changed and len(pieces) > 1:
        _collapse(pieces)
    if peer.iss is not None and ack == peer.iss + 1 and peer.syn is not None and theirs.syns == 1:
        theirs.handshake = theirs.last_rtt


def _repeated(me: Direction, ack: int, window: int) -> bool:
    mine = me.counters
    return ack == mine.last_ack and window == mine.window_last and me.peer.counters.in_flight_once


def _round_trip(theirs: Counters, piece: Piece, overtaken: bool, at: int) -> None:
    sample = max(0, at - piece.at)  # the clock may have been set back
    if overtaken:  # something before it was sent again since: the sample would be too long
        theirs.no_sample += 1
        theirs.last_rtt = 0
    elif piece.again:
        if theirs.ambiguous is None:
            theirs.ambiguous = Moments()
        theirs.ambiguous.add(sample)
        theirs.last_rtt = 0
    else:
        theirs.last_rtt = sample
        if theirs.rtt is None:
            theirs.rtt, theirs.full = Moments(), Moments()
        theirs.rtt.add(sample)
        size = piece.end - piece.start
        # However: tcptrace takes a piece of one octet (a SYN, a FIN) for one of 2^32.
        size = 1 << 32 if size == 1 else size
        if size > theirs.full_size:
            theirs.full_size, theirs.full = size, Moments()
        if size == theirs.full_size and theirs.full is not None:
            theirs.full.add(sample)


def _collapse(pieces: list[Piece]) -> None:
    """Join acknowledged pieces that touch, from the lowest up to the first that is not acknowledged."""
    first = pieces[0]
    if not first.acked:
        return
    end, at, last, kept, i = first.end, first.at, first, [first], 1
    for piece in pieces[1:]:
        if not piece.acked:
            break
        if piece.start == end:
            end, last = piece.end, piece
            if piece.at > at:
                at = piece.at
        else:
            _join(kept[-1], end, last.acked, at)
            kept.append(piece)
            end, at, last = piece.end, piece.at, piece
        i += 1
    _join(kept[-1], end, last.acked, at)
    pieces[:i] = kept


def _join(piece: Piece, end: int, acked: int, at: int) -> None:
    piece.end, piece.acked, piece.at = end, acked, at


def _windows(me: Direction, seg: Sent, window: int) -> None:
    mine = me.counters
    mine.window_last = window
    if not seg.bits & (ACK | SYN):
        return
    if window > mine.window_most:
        mine.window_most = window
    if window and not mine.scaled and not seg.bits & SYN and me.syn_scale is not None and me.peer.syn_scale is not None:
        _begin_scaled(mine, window, me.packets)
    elif window and (not mine.window_least or window < mine.window_least):
        mine.window_least = window
    mine.window_sum += window


def _begin_scaled(mine: Counters, window: int, packets: int) -> None:
    """The windows of the SYNs are not scaled: begin again."""
    mine.scaled = True
    mine.window_least = mine.window_most = window
    mine.window_sum = 0
    mine.unscaled = packets - 1


def _sack(me: Direction, option: Sack, ack: int) -> None:
    """A SACK option of `me`, and whether its first block reports a duplicate by tcptrace's three tests."""
    mine = me.counters
    mine.sacks += 1
    blocks = me.peer.unroll(option)
    if not blocks:
        return
    mine.most_blocks = max(mine.most_blocks, len(blocks))
    (left, right) = blocks[0]
    if right <= ack:
        mine.dsacks += 1
    elif len(blocks) > 1:
        low, high = blocks[1]
        inside = right <= high and left >= low
        mine.dsacks += inside or left <= low < right or (right >= high and left < high)


def idle_until(me: Direction, now: int) -> None:
    """The silence from its last segment to the end of the log, of a connection that is still open."""
    mine = me.counters
    if mine.last_time is not None:
        mine.idle_most = max(mine.idle_most, now // 1000 - mine.last_time)
