"""What Wireshark 4.0 remembers: a flow for each direction, a conversation for both.

Law: 0 means unset in `nextseq`, `maxack` and `lastack`, as it does there; with an initial sequence number of 0 that shows, and it
has to. Numbers are the 32 bits of the wire, compared on the circle: `a < b` iff bit 31 of `a - b` is set. This room shares
nothing with our own judgement, so that the two can be held against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tcpdump_parse.check.wireshark.circle import MASK
from tcpdump_parse.check.wireshark.unacked import Unacked

if TYPE_CHECKING:
    from tcpdump_parse.check.wireshark.analysis import Analysis
    from tcpdump_parse.check.wireshark.segment import Key

MARKER: Final = MASK
"""Wireshark's -1 in an unsigned counter: as a number of duplicate ACKs it is huge."""
UNKNOWN, NOT_SCALED = -1, -2


class Flow:
    """One direction, seen from its sender."""

    __slots__ = (
        "base", "dup", "dup_frame", "firstack", "inflight_known", "lastack", "lastacktime", "lastflags", "maxack", "mpseen", "nextseq",
        "nextseqframe", "nextseqtime", "push_bytes", "pushed", "sacked", "scale", "unacked", "win",
    )

    def __init__(self) -> None:
        self.base: int | None = None
        self.nextseq = self.maxack = self.lastack = 0
        self.nextseqtime = self.nextseqframe = self.lastacktime = 0
        self.win = MASK
        self.dup = self.dup_frame = 0
        self.scale = UNKNOWN
        self.firstack = False
        self.sacked = 0
        self.lastflags = 0
        self.mpseen = 0
        self.unacked = Unacked()
        self.inflight_known = True
        self.push_bytes, self.pushed = 0, False


class Multipath:
    """One MPTCP connection: the operations seen in any of its subflows, a bit each. They are never cleared."""

    __slots__ = ("operations",)

    def __init__(self) -> None:
        self.operations = 0


class Conversation:
    """Both directions of one incarnation of a pair of endpoints. `stream` is Wireshark's `tcp.stream`, from 0."""

    __slots__ = ("completeness", "first_ack", "irtt", "multipath", "opener", "stream", "synacks", "tfodata", "tsyn")

    def __init__(self, stream: int, opener: Key) -> None:
        self.stream = stream
        self.opener = opener
        self.tsyn: int | None = None
        self.irtt = 0
        self.tfodata = False
        self.multipath: Multipath | None = None
        self.completeness = 0
        self.first_ack: int | None = None
        self.synacks: list[SynAck] = []


class Lane(NamedTuple):
    """A conversation as one sender sees it."""

    conversation: Conversation
    fwd: Flow
    rev: Flow


class SynAck(NamedTuple):
    """A SYN+ACK, kept for the second pass with what the first showed of it."""

    first: Analysis
    lane: Lane
