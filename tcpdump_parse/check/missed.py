"""Octets that were acknowledged and never seen: what the capture missed.

Law: only what must have been sent counts. What its sender sends later, or shows that it never sent, was not missed.
"""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import Struct

from tcpdump_parse.check.notes import CaptureNotes
from tcpdump_parse.check.openings import remember
from tcpdump_parse.check.rules.sequence import SURE, BelowAck, empty_ack
from tcpdump_parse.model import Packet
from tcpdump_parse.model.happenings import DataSent, FinSent, GapAcked, GapFilled, Reordered, ResetSent, Retransmitted
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.model.terms import SIDES, Side

SENT = (DataSent, GapFilled, Reordered, Retransmitted)
MOST = 64
"""Holes of one end that are kept open; what of older ones was not seen by then counts as missed."""


class Hole(Struct):
    """Octets acknowledged before they were seen, and how many of them were seen later."""

    start: int
    end: int
    ack: Packet  # that says so
    at: int | None = None
    seen: int = 0


class Holes:
    """One end's octets that were acknowledged before they were seen."""

    __slots__ = ("first", "octets", "open")

    def __init__(self) -> None:
        self.open: list[Hole] = []
        self.octets = 0  # of holes that are settled
        self.first: Packet | None = None  # the first ACK of such

    def acked(self, step: Step, event: GapAcked) -> None:
        """The other end acknowledges octets that nobody saw. A SYN is none, behind a FIN there can be none, and an ACK of 0 claims none."""
        fin = step.before.peer.fin
        start = event.start + (event.start == step.after.peer.iss)
        if start == event.end or (fin is not None and event.start > fin) or empty_ack(step):
            return
        if len(self.open) >= MOST:
            self._settle(self.open.pop(0))
        self.open.append(Hole(start, event.end, step.packet, step.at))

    def sent(self, step: Step, event: Any) -> None:
        """This end sends, or shows where it stands: what it sends late was not missed, nor what it never sent."""
        if step.seq is None or step.end is None:
            return
        for hole in self.open:
            hole.seen += max(0, min(hole.end, step.end) - max(hole.start, step.seq))
            if step.seq == hole.start and (isinstance(event, DataSent | FinSent) or _sure(step, hole)):
                hole.seen = hole.end - hole.start  # it goes on here: the ACK was early, or of octets never sent

    def refused(self, event: ResetSent) -> None:
        """A reset says that these octets were never sent."""
        self.open = [hole for hole in self.open if hole.ack.frame not in event.frames]

    def settle(self) -> int:
        """Octets that stay unseen."""
        while self.open:
            self._settle(self.open.pop(0))
        return self.octets

    def _settle(self, hole: Hole) -> None:
        left = hole.end - hole.start - hole.seen
        if left > 0:
            self.octets += left
            self.first = earlier(self.first, hole.ack)


def earlier(known: Packet | None, other: Packet) -> Packet:
    """Whichever stands first in the log."""
    return other if known is None or other.frame < known.frame else known


def _sure(step: Step, hole: Hole) -> bool:
    """Later than two directions of one capture, or packets that overtake one another, are mixed up. Where no clock tells, nobody knows
    whether the capture missed anything."""
    if step.at is None or hole.at is None:
        return True
    return step.at - hole.at > SURE


class Missed(CaptureNotes):
    """Octets of all connections that were acknowledged and never seen, not even later, and the first ACK of them."""

    on: ClassVar = (GapAcked, *SENT, FinSent, BelowAck, ResetSent, Ending)
    after: ClassVar = (GapAcked,)

    def __init__(self) -> None:
        self.open: dict[tuple[int, Side], Holes] = {}  # by connection and sender
        self.first: Packet | None = None
        self.octets = 0
        self.connections = 0

    def see(self, *events: Any) -> None:
        if len(events) == 1:
            conn = events[0].connection.conn
            unseen = [self._settle(self.open.pop((conn, side), None)) for side in SIDES]
            self.connections += any(unseen)
            return
        step, event = events
        if isinstance(event, GapAcked):
            key = (step.connection.conn, step.side.other)
            holes = self.open.get(key) or Holes()
            holes.acked(step, event)
            remember(self.open, key, holes)
        elif self.open:
            known = self.open.get((step.connection.conn, step.side))
            if known is not None and not isinstance(event, ResetSent):
                known.sent(step, event)
            elif known is not None and event.refuses:
                known.refused(event)

    def _settle(self, holes: Holes | None) -> bool:
        """Count what stays unseen of these."""
        if holes is None or not holes.settle() or holes.first is None:
            return False
        self.octets += holes.octets
        self.first = earlier(self.first, holes.first)
        return True
