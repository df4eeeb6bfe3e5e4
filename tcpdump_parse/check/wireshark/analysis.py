"""Wireshark 4.0's judgement of one segment, row by row in its order, and what it remembers afterwards.

Law: the rows are those of the program, quirks and all; nothing here is what we think of a segment. Every row reads the state as it
was before the segment, but for the counters of duplicate and lost ACKs, which the rows after them use.
"""

from __future__ import annotations

from typing import Final

from msgspec import UNSET, Struct, UnsetType

from tcpdump_parse.check.wireshark.circle import HALF, MASK
from tcpdump_parse.check.wireshark.flags import Flag
from tcpdump_parse.check.wireshark.segment import ACK, FIN, PSH, RST, SFR, SYN, Seen
from tcpdump_parse.check.wireshark.state import MARKER, NOT_SCALED, UNKNOWN, Conversation, Flow, Lane
from tcpdump_parse.check.wireshark.unacked import MAX_UNACKED, Sent

# The hot path combines plain integers: an IntFlag costs a call for each `|`.
PROBE, ZERO_WINDOW = int(Flag.ZERO_WINDOW_PROBE), int(Flag.ZERO_WINDOW)
LOST, KEEP_ALIVE = int(Flag.LOST_SEGMENT), int(Flag.KEEP_ALIVE)
UPDATE, FULL, KEEP_ALIVE_ACK = (int(flag) for flag in (Flag.WINDOW_UPDATE, Flag.WINDOW_FULL, Flag.KEEP_ALIVE_ACK))
PROBE_ACK, DUPLICATE, ACK_LOST = (int(flag) for flag in (Flag.ZERO_WINDOW_PROBE_ACK, Flag.DUPLICATE_ACK, Flag.ACK_LOST_SEGMENT))
RETRANSMISSION, OUT_OF_ORDER = int(Flag.RETRANSMISSION), int(Flag.OUT_OF_ORDER)
SPURIOUS, FAST = Flag.SPURIOUS_RETRANSMISSION | RETRANSMISSION, Flag.FAST_RETRANSMISSION | RETRANSMISSION

# Nanoseconds. What follows the second duplicate ACK sooner is fast; what comes sooner after the highest segment, when no round trip is
# known, is reordered.
FAST_WITHIN: Final = 20_000_000
REORDERED_WITHIN: Final = 3_000_000
UNSIGNED: Final = (1 << 64) - 1
"""Spans of time are unsigned there: one that runs backwards is longer than any other, as a limit too."""
MOST_IN_FLIGHT: Final = 2_000_000_000


class Analysis(Struct, gc=False):
    """What Wireshark shows of one frame. Times are nanoseconds. `late`: only the second pass, at the end of the capture, knows it."""

    seen: Seen
    conversation: Conversation
    flags: int = 0
    late: bool = False
    duplicate_ack_num: int | UnsetType = UNSET
    duplicate_ack_frame: int | UnsetType = UNSET
    acks_frame: int | UnsetType = UNSET
    ack_rtt: int | UnsetType = UNSET
    rto: int | UnsetType = UNSET
    rto_frame: int | UnsetType = UNSET
    bytes_in_flight: int | UnsetType = UNSET
    push_bytes_sent: int | UnsetType = UNSET


def analyse(shown: Analysis, lane: Lane) -> None:
    """Flag the segment `shown.seen` and remember it."""
    seen, fwd, rev = shown.seen, lane.fwd, lane.rev
    flags = _window_rows(seen, fwd, rev, lane.conversation)
    if flags & DUPLICATE:
        shown.duplicate_ack_num, shown.duplicate_ack_frame = fwd.dup, fwd.dup_frame
    if seen.ack != fwd.lastack:
        fwd.dup, fwd.dup_frame = 0, seen.packet.frame
    if seen.bits & ACK and rev.maxack and (rev.maxack - seen.ack) & HALF:
        flags |= _ack_lost(rev)
    if (seen.length or seen.bits & (SYN | FIN)) and not flags & KEEP_ALIVE:
        again = _again(seen, fwd, rev, lane.conversation.irtt)
        if again:
            flags |= again
            if again == RETRANSMISSION:
                _timeout(shown, fwd)
    shown.flags |= flags
    _remember(shown, lane)


def _window_rows(seen: Seen, fwd: Flow, rev: Flow, conversation: Conversation) -> int:
    """Rows 1 to 8: windows, keep-alives and duplicate ACKs."""
    seq, length, win, nextseq = seen.seq, seen.length, seen.win, fwd.nextseq
    if length == 1 and seq == nextseq and rev.win == 0:
        return PROBE
    flags = 0
    if nextseq and (nextseq - seq) & HALF and not seen.bits & RST:
        flags |= LOST
        fwd.inflight_known = False
    if seen.bits & SFR:
        return flags
    if win == 0:
        flags |= ZERO_WINDOW
    if length:
        if length == 1 and seq == (nextseq - 1) & MASK:
            flags |= KEEP_ALIVE
        if rev.scale != UNKNOWN and _edge(rev) == (seq + length) & MASK:
            flags |= FULL
        return flags
    if seq == (nextseq - 1) & MASK:
        return flags | KEEP_ALIVE
    if seq == nextseq and seen.ack == fwd.lastack:
        flags |= _same(seen, fwd, rev, conversation)
    return flags


def _edge(rev: Flow) -> int:
    """The right edge of the window that the receiver offered last."""
    unscaled = rev.firstack or rev.scale == NOT_SCALED
    return (rev.lastack + (rev.win if unscaled else rev.win << rev.scale)) & MASK


def _same(seen: Seen, fwd: Flow, rev: Flow, conversation: Conversation) -> int:
    """A pure ACK with nothing new in it but, maybe, the window."""
    if seen.win != fwd.win:
        return UPDATE if seen.win else 0
    if seen.win == 0:
        return PROBE_ACK if rev.lastflags & PROBE else 0
    if rev.lastflags & KEEP_ALIVE:
        return KEEP_ALIVE_ACK
    if conversation.multipath is not None and conversation.multipath.operations != fwd.mpseen:
        return 0
    fwd.dup = 1 if fwd.dup == MARKER else fwd.dup + 1
    return DUPLICATE


def _ack_lost(rev: Flow) -> int:
    """An ACK above all that the other side was seen to send without a hole."""
    if (rev.maxack - rev.nextseq) & HALF:
        rev.maxack = rev.nextseq
        return ACK_LOST
    told = rev.dup != 0
    rev.dup = MARKER
    return 0 if told else ACK_LOST


def _again(seen: Seen, fwd: Flow, rev: Flow, irtt: int) -> int:
    """Rows 11 to 14: which kind of octets that were there before."""
    seq, length, t, nextseq = seen.seq, seen.length, seen.t, fwd.nextseq
    end = (seq + length) & MASK
    if length and rev.lastack and (end == rev.lastack or (end - rev.lastack) & HALF):
        return SPURIOUS
    if not nextseq or not (seq - nextseq) & HALF or (length > 1 and seq == (nextseq - 1) & MASK):
        return 0
    if rev.dup >= 2 and rev.lastack == seq and (t - rev.lastacktime) & UNSIGNED < FAST_WITHIN:
        return FAST
    soon = (t - fwd.nextseqtime) & UNSIGNED < (irtt & UNSIGNED or REORDERED_WITHIN)
    if soon and nextseq != (end + (seen.bits & (SYN | FIN) != 0)) & MASK:
        return OUT_OF_ORDER
    return RETRANSMISSION


def _timeout(shown: Analysis, fwd: Flow) -> None:
    """Since when the retransmission waited: the oldest unacknowledged segment, wherever it lies, else the highest (measured)."""
    since, frame = fwd.nextseqtime, fwd.nextseqframe
    if fwd.unacked:
        since, frame = fwd.unacked.sent[0].t, fwd.unacked.sent[0].frame
    if shown.seen.t != since:
        shown.rto, shown.rto_frame = shown.seen.t - since, frame


def _remember(shown: Analysis, lane: Lane) -> None:
    """What the next segments are judged by."""
    seen, fwd = shown.seen, lane.fwd
    seq, bits = seen.seq, seen.bits
    end = (seq + seen.length) & MASK
    if (seen.length or bits & (SYN | FIN)) and len(fwd.unacked) < MAX_UNACKED:
        if bits & (SYN | FIN):
            end = (end + 1) & MASK
        fwd.unacked.add(Sent(seq, end, seen.packet.frame, seen.t))
    if not shown.flags & PROBE:
        if not fwd.nextseq or (fwd.nextseq - end) & HALF:
            fwd.nextseq, fwd.nextseqtime, fwd.nextseqframe = end, seen.t, seen.packet.frame
        if not fwd.maxack or seq == fwd.maxack:
            fwd.maxack = fwd.nextseq
    fwd.win, fwd.lastack, fwd.lastacktime = seen.win, seen.ack, seen.t
    fwd.lastflags = shown.flags
    if lane.conversation.multipath is not None:
        fwd.mpseen = lane.conversation.multipath.operations
    if bits & ACK:
        lane.rev.inflight_known = True
    if lane.rev.unacked:
        acked = lane.rev.unacked.acknowledge(seen.ack)
        if acked is not None:
            shown.acks_frame, shown.ack_rtt = acked.frame, seen.t - acked.t
    if seen.length:
        _in_flight(shown, fwd, lane.rev)


def _in_flight(shown: Analysis, fwd: Flow, rev: Flow) -> None:
    """From the lowest to the highest octet without an ACK, counted from the flow's base, less what the other side's last segment SACKs."""
    if not fwd.unacked or not fwd.inflight_known:
        return
    flight = (fwd.unacked.span(fwd.base or 0) - rev.sacked - (shown.seen.bits & (SYN | FIN) != 0)) & MASK
    if 0 < flight < MOST_IN_FLIGHT:
        shown.bytes_in_flight = flight
    _pushed(shown, fwd)


def _pushed(shown: Analysis, fwd: Flow) -> None:
    """Octets since the last PSH, this segment's among them."""
    length = shown.seen.length
    fwd.push_bytes = length if fwd.pushed else fwd.push_bytes + length
    fwd.pushed = bool(shown.seen.bits & PSH)
    if shown.bytes_in_flight is not UNSET:
        shown.push_bytes_sent = fwd.push_bytes
