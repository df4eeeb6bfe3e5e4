"""Packets that are in the log twice: recorded at two places, before and after a router, before and after NAT.

Each copy is told where it stands (`copy`, family loss); here is what it says of the capture, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from tcpdump_parse.check.engine import CaptureEnd
from tcpdump_parse.check.notes import CaptureNotes
from tcpdump_parse.check.rule import Facts, rule
from tcpdump_parse.check.twins import Kind, Pair, Twins
from tcpdump_parse.model import Packet, Severity
from tcpdump_parse.model.happenings import Copied
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Where


class Doubled(CaptureNotes):
    """Records that the capture wrote twice."""

    on: ClassVar = (Copied,)

    def __init__(self) -> None:
        self.first: tuple[int, Packet] | None = None
        self.count = 0

    def see(self, step: Step, event: Copied) -> None:
        if event.where is Where.CAPTURE:
            self.first = self.first or (event.frames[0], step.packet)
            self.count += 1


MANY = 3


@rule(on=CaptureEnd, notes=Doubled, severity=Severity.WARN, elsewhere=("tcptrace:hardware dups", "tcpanaly:additions"))
def cap_duplicate(end: CaptureEnd, notes: Doubled) -> Iterator[Facts]:
    """The capture holds packets twice, so its counts are too high.

    `-i any`, a bridge and its port, or a mirror of both directions record each packet at two places. The copies are told as copies, not
    as retransmissions.
    """
    if notes.first is not None and notes.count >= MANY:
        first, second = notes.first
        yield Facts(packet=second, evidence=(first,), packets=notes.count)


def _told(pair: Pair | None) -> Iterator[Facts]:
    if pair is not None:
        yield Facts(packet=pair.second, evidence=(pair.first.frame,), packets=pair.count)


@rule(on=CaptureEnd, notes=Twins, severity=Severity.NOTE)
def cap_duplicate_routed(end: CaptureEnd, notes: Twins) -> Iterator[Facts]:
    """Packets were captured before and after a router: the same packet again, its TTL one lower."""
    yield from _told(notes.pairs.get(Kind.ROUTED))


@rule(on=CaptureEnd, notes=Twins, severity=Severity.NOTE)
def cap_duplicate_nat(end: CaptureEnd, notes: Twins) -> Iterator[Facts]:
    """Packets were captured before and after their addresses were rewritten (NAT): one conversation looks like two."""
    yield from _told(notes.pairs.get(Kind.NAT))
