"""Selective acknowledgement: whether the option is what it should be, and what it tells (RFC 2018, RFC 2883, RFC 6675)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, ClassVar

from msgspec import UNSET

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.signs import SackShown, Sign, Unusual, letters, overtaken, sign
from tcpdump_parse.model import Severity
from tcpdump_parse.model.happenings import (
    AckAdvanced,
    Copied,
    DuplicateAck,
    GapFilled,
    KeepAlive,
    Reordered,
    Retransmitted,
    SackSeen,
    WindowProbe,
)
from tcpdump_parse.model.options import Sack, Timestamps
from tcpdump_parse.model.steps import End, Step
from tcpdump_parse.model.terms import DupReason, Side
from tcpdump_parse.track.opening import lacks
from tcpdump_parse.track.ranges import Ranges

MOST = 4
"""Blocks that fit into a TCP header; three beside timestamps (RFC 2018 §3)."""
KEPT = 64
_HALF = 1 << 31
_CIRCLE = 1 << 32


class OddSack(Sign, frozen=True):
    """A SACK option where or as none should be. `blocks`: how many, None where tcpdump calls it invalid."""

    blocks: int | None
    room: int
    on_syn: bool = False
    without_ack: bool = False
    inverted: bool = False


@sign(OddSack, of=Unusual)
def odd_sack(step: Step) -> Sign | None:
    """On a SYN, without ACK, empty, too long, or turned round."""
    tcp = step.packet.tcp
    options = () if tcp is UNSET else tcp.options
    if not options or (len(options) == 3 and type(options[2]) is Timestamps):
        return None
    for option in options:
        if type(option) is Sack and tcp is not UNSET:
            return _odd(option, "" if tcp.flags is UNSET else tcp.flags, MOST - any(type(other) is Timestamps for other in options))
    return None


def _odd(option: Sack, flags: str, room: int) -> Sign | None:
    blocks = option.blocks
    inverted = any(not 0 < (right - left) % _CIRCLE < _HALF for left, right in blocks)
    if "S" in flags or "." not in flags or inverted or option.invalid is not UNSET or not 0 < len(blocks) <= room:
        return OddSack(len(blocks) if option.invalid is UNSET else None, room, "S" in flags, "." not in flags, inverted)
    return None


# ---- the option itself ----


@rule(on=SackShown, severity=Severity.ERROR, cites="RFC 2018 §2", elsewhere=("tcp.options.sack",))
def sack_unnegotiated(step: Step, event: SackShown) -> Iterator[Facts]:
    """SACK is sent to an end that did not say it understands it: its SYN had no sackOK."""
    if lacks(step.before.peer.offered, "sackOK"):
        yield Facts()


@rule(on=OddSack, severity=Severity.ERROR, cites="RFC 2018 §3")
def sack_on_syn(step: Step, event: OddSack) -> Iterator[Facts]:
    """A SYN with SACK blocks: before the connection is open there is nothing to acknowledge selectively."""
    if event.on_syn:
        yield Facts()


@rule(on=OddSack, severity=Severity.ERROR, cites="RFC 2018 §3")
def sack_without_ack(step: Step, event: OddSack) -> Iterator[Facts]:
    """SACK blocks on a segment without ACK: they add to an acknowledgement that is not there."""
    if event.without_ack and not event.on_syn:
        yield Facts()


@rule(
    on=OddSack,
    severity=Severity.ERROR,
    cites="RFC 2018 §3",
    elsewhere=("suricata:tcp.opt_invalid_len", "zeek:tcp_option_sack_blocks_invalid_len", "tcptrace:max sack blks"),
)
def sack_count(step: Step, event: OddSack) -> Iterator[Facts]:
    """The option's length is not that of whole blocks, or it holds more of them than a TCP header has room for.

    Eight octets a block, at most four blocks, three beside timestamps.
    """
    if event.blocks is None or event.blocks > event.room:
        yield Facts(blocks=event.blocks, room=event.room)


@rule(on=OddSack, severity=Severity.WARN, cites="RFC 2018 §3", elsewhere=("suricata:empty sack",))
def sack_empty(step: Step, event: OddSack) -> Iterator[Facts]:
    """A SACK option without blocks: it says nothing."""
    if event.blocks == 0:
        yield Facts()


@rule(on=OddSack, severity=Severity.ERROR, cites="RFC 2018 §3")
def sack_inverted(step: Step, event: OddSack) -> Iterator[Facts]:
    """A SACK block ends where it begins, or before: it holds nothing."""
    if event.inverted:
        yield Facts()


@rule(on=SackSeen, severity=Severity.ERROR, cites="RFC 2883 §4")
def sack_below_ack(step: Step, event: SackSeen) -> Iterator[Facts]:
    """A block other than the first lies below the ACK, which covers it already.

    Only the first block may: there it means D-SACK, octets that arrived twice.
    """
    below = sum(1 for _, right in event.blocks[1:] if step.ack is not None and right <= step.ack)
    if below:
        yield Facts(blocks=below)


@rule(on=SackSeen, needs=Need.NO_GAP | Need.BOTH_SIDES, severity=Severity.WARN, cites="RFC 2018 §3")
def sack_beyond_sent(step: Step, event: SackSeen) -> Iterator[Facts]:
    """A block acknowledges octets that this log never shows.

    The capture missed them, or shows them later than their acknowledgement, or a receiver acknowledges what was never sent.
    """
    if "S" in letters(step):
        return  # `sack-on-syn`
    sent = step.before.peer.snd_nxt
    beyond = 0 if sent is None else max(right for _, right in event.blocks) - sent
    if beyond > 0:
        yield Facts(octets=beyond)


@rule(
    on=SackSeen,
    severity=Severity.WARN,
    cites="RFC 2018 §3",
    quote="Each block represents received bytes of data that are contiguous and isolated; that is, the bytes just below the block, (Left "
    "Edge of Block - 1), and just above the block, (Right Edge of Block), have not been received.",
)
def sack_overlap(step: Step, event: SackSeen) -> Iterator[Facts]:
    """Two blocks overlap or touch: they should be one."""
    blocks = sorted(event.blocks[1:] if event.dsack is not None else event.blocks)
    pairs = sum(1 for (_, right), (left, _) in pairwise(blocks) if left <= right)
    if pairs:
        yield Facts(pairs=pairs)


# ---- against what was told before ----


class Scoreboard(Notes):
    """What each sender was selectively told and is not acknowledged yet."""

    on: ClassVar = (SackSeen, AckAdvanced)
    after: ClassVar = (SackSeen,)

    def __init__(self) -> None:
        self.told: dict[Side, Ranges] = {}

    def see(self, step: Step, event: SackSeen | AckAdvanced) -> None:
        if isinstance(event, SackSeen):
            self._tell(step, event)
        elif step.happened(SackSeen) is None and self.takes_back(step):
            del self.told[step.side.other]

    def takes_back(self, step: Step) -> bool:
        """Does the ACK stop at or in what was selectively acknowledged? Whoever has that acknowledges it."""
        told, ack = self.told.get(step.side.other), step.ack
        return told is not None and ack is not None and told.covers(ack, ack + 1) and not overtaken(step)

    def _tell(self, step: Step, event: SackSeen) -> None:
        side, ack, top = step.side.other, step.ack, step.before.peer.snd_nxt
        if ack is None or top is None or overtaken(step):
            return
        if self.takes_back(step):
            del self.told[side]
        told = self.told.setdefault(side, Ranges())
        told.drop_below(ack)
        for left, right in event.blocks:
            left, right = max(left, ack), min(right, top)  # what was never sent cannot be taken back
            if right > left:
                told.add(left, right)


@rule(
    on=SackSeen,
    notes=Scoreboard,
    needs=Need.NO_GAP,
    severity=Severity.WARN,
    cites="RFC 2018 §4",
    quote="The first SACK block (i.e., the one immediately following the kind and length fields in the option) MUST specify the contiguous "
    "block of data containing the segment which triggered this ACK, unless that segment advanced the Acknowledgment Number field in the "
    "header.",
)
def sack_first_not_latest(step: Step, event: SackSeen, notes: Scoreboard) -> Iterator[Facts]:
    """What is new in this SACK does not stand in its first block.

    The first block should hold the segment that caused the ACK, so that the news survives when ACKs are lost.
    """
    told, ack = notes.told.get(step.side.other), step.ack
    if not event.fresh or event.dsack is not None or ack is None or len(event.blocks) == 1 or ack != step.before.me.ack:
        return
    if event.blocks[0] in _pairs(told):  # a part of what was told is a D-SACK, whose larger block found no room
        yield Facts(fresh=event.fresh)


@rule(on=DuplicateAck, needs=Need.NO_GAP | Need.HANDSHAKE, severity=Severity.WARN, cites="RFC 2018 §4")
def sack_missing(step: Step, event: DuplicateAck) -> Iterator[Facts]:
    """Three duplicate ACKs without SACK, although both ends agreed to it.

    Something above a hole arrived, and the receiver could say what.
    """
    if event.n != 3 or event.reason is not DupReason.GAP or step.happened(SackSeen) is not None:
        return
    if _agreed(step.before.me) and _agreed(step.before.peer):
        yield Facts(evidence=event.frames)


def _agreed(end: End) -> bool:
    return end.offered is not None and "sackOK" in end.offered


@rule(
    on=(AckAdvanced, SackSeen),
    after=SackSeen,
    notes=Scoreboard,
    severity=Severity.WARN,
    cites="RFC 2018 §3, §8",
    quote="The SACK option is advisory, in that, while it notifies the data sender that the data receiver has received the indicated "
    "segments, the data receiver is permitted to later discard data which have been reported in a SACK option.",
)
def sack_reneging(step: Step, event: AckAdvanced | SackSeen, notes: Scoreboard) -> Iterator[Facts]:
    """The receiver threw away what it had selectively acknowledged.

    The ACK stops where such a block began, or in it, instead of covering it. It is allowed when memory is short, and it costs the sender a
    timeout.
    A later SACK that no longer names the block shows nothing yet: the receiver may have it and name others.
    """
    if notes.takes_back(step) and (isinstance(event, SackSeen) or step.happened(SackSeen) is None):
        yield Facts(position=step.rel_ack)


# ---- what it tells ----


class Board(Notes):
    """The latest of each sender that came more than once: sent again, copied, probes, late originals."""

    on: ClassVar = (Retransmitted, Copied, KeepAlive, WindowProbe, Reordered)

    def __init__(self) -> None:
        self.again: dict[Side, deque[tuple[int, int, int]]] = {}
        self.copies: dict[Side, deque[tuple[int, int, int]]] = {}
        self.others: dict[Side, deque[tuple[int, int, int]]] = {}

    def see(self, step: Step, event: Any) -> None:
        if not isinstance(event, Reordered) or step.happened(GapFilled) is None:  # a late original whose repair came first
            where = self.again if isinstance(event, Retransmitted) else self.copies if isinstance(event, Copied) else self.others
            if step.seq is not None and step.end is not None and step.end > step.seq:
                where.setdefault(step.side, deque(maxlen=KEPT)).append((step.seq, step.end, step.frame))


@rule(on=SackSeen, severity=Severity.NOTE, cites="RFC 2883 §4", elsewhere=("tcp.options.sack.dsack", "tcptrace:dsack pkts"))
def dsack(step: Step, event: SackSeen) -> Iterator[Facts]:
    """The receiver reports octets that it got twice (D-SACK)."""
    if event.dsack is not None:
        yield Facts(octets=event.dsack[1] - event.dsack[0])


def _twice(sent: deque[tuple[int, int, int]] | None, block: tuple[int, int]) -> int | None:
    """The latest record that holds octets of the block."""
    return next((frame for start, end, frame in reversed(sent or ()) if start < block[1] and block[0] < end), None)


@rule(on=SackSeen, notes=Board, severity=Severity.NOTE, cites="RFC 3708 §2", elsewhere=("tcptrace:dsack pkts",))
def dsack_explains(step: Step, event: SackSeen, notes: Board) -> Iterator[Facts]:
    """The D-SACK answers a retransmission: the first copy had arrived, so it was not needed."""
    sender = step.side.other
    frame = None if event.dsack is None else _twice(notes.again.get(sender), event.dsack)
    other = None if event.dsack is None else _twice(notes.others.get(sender), event.dsack)
    if frame is not None and (other is None or other < frame):
        yield Facts(evidence=(frame,), record=frame)


@rule(on=SackSeen, notes=Board, needs=Need.NO_GAP | Need.BOTH_SIDES, severity=Severity.NOTE, cites="RFC 3708 §2")
def dsack_copied(step: Step, event: SackSeen, notes: Board) -> Iterator[Facts]:
    """The D-SACK speaks of octets that were sent once: the network delivered them twice.

    Where the copy passed here, it is the evidence; else it was made between this capture and the receiver, or the capture missed a
    retransmission. The octet of a keep-alive or of a window probe is one that the receiver has: its D-SACK is the answer.
    """
    sender, peer = step.side.other, step.before.peer
    if event.dsack is None or (peer.iss is None and event.dsack[0] <= (peer.base or 0)):
        return  # of octets from before the log nobody knows how often they were sent
    if any(_twice(sent.get(sender), event.dsack) is not None for sent in (notes.again, notes.others)):
        return
    frame = _twice(notes.copies.get(sender), event.dsack)
    yield Facts(evidence=() if frame is None else (frame,), octets=event.dsack[1] - event.dsack[0], copy_seen=frame is not None)


@rule(on=SackSeen, notes=Scoreboard, severity=Severity.NOTE, cites="RFC 6675 §4")
def sack_scoreboard(step: Step, event: SackSeen, notes: Scoreboard) -> Iterator[Facts]:
    """What the receiver has and what it lacks, by all its SACKs so far."""
    if not event.fresh or step.ack is None or overtaken(step):
        return
    board = Ranges()
    for left, right in (*_pairs(notes.told.get(step.side.other)), *event.blocks):
        board.add(max(left, step.ack), right)
    holes = board.missing(step.ack, board.top() or step.ack)
    missing = sum(right - left for left, right in holes)
    yield Facts(holes=len(holes), missing=missing, sacked=(board.top() or step.ack) - step.ack - missing)


def _pairs(told: Ranges | None) -> list[tuple[int, int]]:
    return [] if told is None else told.pairs()
