"""Which conversation a segment belongs to, what its handshake says, and the second pass over the SYN+ACKs.

Law: a pair of endpoints is a conversation until a SYN with another initial sequence number begins a new one. Nothing is ever forgotten
before the capture ends, because Wireshark forgets nothing: memory grows with the number of conversations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from msgspec import UNSET

from tcpdump_parse.check.wireshark.analysis import Analysis, analyse
from tcpdump_parse.check.wireshark.circle import MASK
from tcpdump_parse.check.wireshark.flags import Flag
from tcpdump_parse.check.wireshark.options import BLOCKS, OPERATIONS, blocks, has_cookie, hexadecimal, is_dsack, mptcp, shift, token
from tcpdump_parse.check.wireshark.segment import ACK, FIN, RST, SYN, Key, Reach, Seen, seen, unshown
from tcpdump_parse.check.wireshark.state import NOT_SCALED, UNKNOWN, Conversation, Flow, Lane, Multipath, SynAck
from tcpdump_parse.model import Packet
from tcpdump_parse.model.options import Capable, Join, Sub

REUSED, TFO_SYN, TFO_ACK, TFO_IGNORED = int(Flag.REUSED_PORTS), int(Flag.TFO_SYN), int(Flag.TFO_ACK), int(Flag.TFO_IGNORED)
DSACK: Final = int(Flag.DSACK)
# Bits of `tcp.completeness`.
SYN_SEEN, SYN_ACK_SEEN, ACK_SEEN, DATA_SEEN, FIN_SEEN, RST_SEEN = 1, 2, 4, 8, 16, 32


class View:
    """The state of one capture. `see` a packet, then `end`."""

    def __init__(self) -> None:
        self._lanes: dict[Key, Lane] = {}
        self._multipaths: dict[int, Multipath] = {}
        self.conversations: list[Conversation] = []

    def see(self, packet: Packet) -> Analysis | None:
        """What the first pass shows of this packet; None when no TCP header of it reaches Wireshark."""
        segment = seen(packet)
        if segment is None:
            return None
        lane = self._lanes.get(segment.key)
        flags = 0
        if lane is None:
            lane = self._begin(segment)
            if segment.bits & (SYN | ACK) == SYN and segment.length and segment.reach is Reach.ANALYSED:
                lane.conversation.completeness |= DATA_SEEN
        elif segment.bits & SYN:
            lane, flags = self._again(segment, lane)
        shown = Analysis(segment, lane.conversation, flags)
        if segment.reach is Reach.ANALYSED:
            _base(segment, lane)
            analyse(shown, lane)
        if segment.bits & SYN:
            _handshake(shown, lane)
        _after(shown, lane, self._multipaths)
        if shown.flags and unshown(segment):
            shown.flags = 0
        return shown

    def end(self) -> Iterator[Analysis]:
        """What the second pass adds, in order of conversations."""
        for conversation in self.conversations:
            yield from _second_pass(conversation)

    def _begin(self, segment: Seen) -> Lane:
        src, sport, dst, dport = segment.key
        answers = segment.bits & (SYN | ACK) == SYN | ACK
        conversation = Conversation(len(self.conversations), (dst, dport, src, sport) if answers else segment.key)
        self.conversations.append(conversation)
        one, other = Flow(), Flow()
        self._lanes[dst, dport, src, sport] = Lane(conversation, other, one)
        lane = self._lanes[segment.key] = Lane(conversation, one, other)  # last: with equal ends the first flow has all
        if segment.bits & (SYN | ACK) == SYN:
            conversation.completeness = SYN_SEEN
        return lane

    def _again(self, segment: Seen, lane: Lane) -> tuple[Lane, int]:
        """A SYN in a known conversation: the same number again, or a new beginning."""
        fwd = lane.fwd
        if fwd.base is None:
            return lane, 0
        if segment.bits & ACK:
            return lane, _rebase(segment.seq, fwd)
        if segment.seq == fwd.base:
            fwd.nextseq = fwd.maxack
            return lane, 0
        return self._begin(segment), REUSED


def _rebase(seq: int, fwd: Flow) -> int:
    """A SYN+ACK with another initial sequence number moves the base and nothing else."""
    if fwd.base is None or fwd.base == seq:
        return 0
    fwd.base = seq
    return REUSED


def _base(segment: Seen, lane: Lane) -> None:
    fwd, rev = lane.fwd, lane.rev
    if fwd.base is None:
        fwd.base = segment.seq if segment.bits & SYN else (segment.seq - 1) & MASK
    if rev.base is None and segment.bits & ACK:
        rev.base = (segment.ack - 1) & MASK


def _handshake(shown: Analysis, lane: Lane) -> None:
    segment, conversation = shown.seen, lane.conversation
    lane.fwd.firstack = True
    if segment.bits & ACK:
        conversation.synacks.append(SynAck(shown, lane))
        return
    conversation.tsyn = segment.t
    if segment.options and has_cookie(segment.options):
        shown.flags |= TFO_SYN
        if segment.length and segment.reach is Reach.ANALYSED:
            conversation.tfodata = True


def _after(shown: Analysis, lane: Lane, multipaths: dict[int, Multipath]) -> None:
    """What the flags and options of a segment leave behind, analysed or not."""
    segment, (conversation, fwd, rev) = shown.seen, lane
    bits, options = segment.bits, segment.options
    if bits & (ACK | SYN) == ACK:
        if conversation.tsyn is not None and not conversation.irtt:
            conversation.irtt = segment.t - conversation.tsyn
        if conversation.first_ack is None:
            conversation.first_ack = segment.t
        fwd.firstack = False
    fwd.sacked = 0
    if options:
        _options(shown, lane, multipaths)
    if bits & SYN:
        if fwd.scale == UNKNOWN:
            fwd.scale = rev.scale = NOT_SCALED
        elif bits & ACK and rev.scale == NOT_SCALED:
            fwd.scale = NOT_SCALED
    conversation.completeness |= _completes(segment)


def _options(shown: Analysis, lane: Lane, multipaths: dict[int, Multipath]) -> None:
    segment = shown.seen
    scale = shift(segment.options)
    if scale is not None:
        lane.fwd.scale = scale
    sub = mptcp(segment.options)
    if sub is not None:
        _multipath(sub, lane.conversation, multipaths).operations |= OPERATIONS.get(type(sub), 0)
    sack = blocks(segment.options)
    if sack:
        lane.fwd.sacked = sum(right - left for left, right in sack[:BLOCKS])
        if is_dsack(sack, segment.ack):
            shown.flags |= DSACK


def _multipath(sub: Sub, conversation: Conversation, known: dict[int, Multipath]) -> Multipath:
    """The MPTCP connection this message belongs to: by the token of its key, or by the token with which it joins, else one of its own."""
    if conversation.multipath is None:
        conversation.multipath = Multipath()
    if isinstance(sub, Capable) and sub.key is not UNSET and sub.version is not UNSET:
        conversation.multipath = known.setdefault(token(sub.key, sub.version), conversation.multipath)
    elif isinstance(sub, Join) and sub.token is not UNSET:
        conversation.multipath = known.get(hexadecimal(sub.token), conversation.multipath)
    return conversation.multipath


def _completes(segment: Seen) -> int:
    """The bits of `tcp.completeness` this segment sets. The length of a fragment or quotation is not known, and taken as 0."""
    bits, found = segment.bits, 0
    if bits & ACK:
        found = SYN_ACK_SEEN if bits & SYN else DATA_SEEN if segment.length and segment.reach is Reach.ANALYSED else ACK_SEEN
        if bits & FIN:
            found |= FIN_SEEN
    return found | RST_SEEN if bits & RST else found


def _second_pass(conversation: Conversation) -> Iterator[Analysis]:
    """All SYN+ACKs again, with the base that the end of the capture left (tshark -2, and Wireshark's window)."""
    if conversation.tsyn is not None and not conversation.irtt and conversation.first_ack is not None:
        conversation.irtt = conversation.first_ack - conversation.tsyn
    for first, lane in conversation.synacks:
        segment = first.seen
        flags = _rebase(segment.seq, lane.fwd)
        if (segment.ack - (lane.rev.base or 0)) & MASK > 1:
            flags |= TFO_ACK
        elif conversation.tfodata:
            flags |= TFO_IGNORED
        flags &= ~first.flags
        if flags and not unshown(segment):
            yield Analysis(segment, conversation, flags, late=True)


def analyses(packets: Iterable[Packet]) -> Iterator[Analysis]:
    """What Wireshark shows, frame by frame; after the last frame of each capture what the second pass adds (`late`)."""
    for _, capture in groupby(packets, lambda packet: packet.capture):
        view = View()
        for packet in capture:
            shown = view.see(packet)
            if shown is not None:
                yield shown
        yield from view.end()
