"""Round trips for rules of several families: of each end's octets, as this capture point sees them (RFC 6298, Karn's samples only)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.model.happenings import AckAdvanced, DataSent, DuplicateAck, FinSent, HandshakeDone, SackSeen
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Side
from tcpdump_parse.seq import CIRCLE
from tcpdump_parse.track.rtt import LEAST_RTO, Rtt

SECOND = 1_000_000_000
_CLIENT: Final = Side.CLIENT
_SERVER: Final = Side.SERVER


class Trips(Notes):
    """`there(side)`: from that side's octets passing here to their ACK passing here."""

    on: ClassVar[tuple[type, ...]] = (AckAdvanced, HandshakeDone)

    def __init__(self) -> None:
        self.client = Rtt()
        self.server = Rtt()

    def see(self, step: Step, event: AckAdvanced | HandshakeDone) -> None:
        if type(event) is AckAdvanced:
            if event.rtt is not None:
                (self.server if step.side is _CLIENT else self.client).add(event.rtt)
        elif type(event) is HandshakeDone:
            for rtt, sample in ((self.client, event.to_server), (self.server, event.to_client)):
                if sample is not None:
                    rtt.add(sample)

    def there(self, side: Side) -> Rtt:
        return self.client if side is Side.CLIENT else self.server

    def least(self, side: Side) -> int:
        """The smallest; 0 without a sample."""
        return self.there(side).least or 0

    def whole(self) -> int:
        """The smallest round trip past this point, as far as its halves are known."""
        return (self.client.least or 0) + (self.server.least or 0)

    def rto(self, side: Side) -> float:
        """The shortest timeout a common stack would set for that side's octets."""
        return self.there(side).rto or float(LEAST_RTO)


class Samples:
    """Nanoseconds from octets of one end to their ACK. `fin`: the record of its FIN, if that carried no data; `hole`: the record that told
    of a hole in its octets, until an ACK gets on."""

    __slots__ = ("count", "fin", "hole", "least", "most", "total")

    def __init__(self) -> None:
        self.count = self.least = self.most = self.total = self.fin = self.hole = 0

    def add(self, sample: int) -> None:
        self.count += 1
        self.total += sample
        if sample > self.most:
            self.most = sample
        if sample < self.least or self.count == 1:
            self.least = sample

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0


class DataTrips(Notes):
    """From data to its ACK, for each sender of the data. However: a SYN and a FIN that stand alone, which `tdparse flows` counts with
    tcptrace, are none of it: an accepting system answers the one, and a closing program lets the ACK of the other wait. Nor is an ACK that
    gets past a hole: what had arrived above that waited for it to be filled."""

    on: ClassVar[tuple[type, ...]] = (AckAdvanced, FinSent, DuplicateAck, SackSeen)

    def __init__(self) -> None:
        self.client = Samples()
        self.server = Samples()

    def see(self, step: Step, event: AckAdvanced | FinSent | DuplicateAck | SackSeen) -> None:
        if type(event) is AckAdvanced:
            sender = self.server if step.side is _CLIENT else self.client
            if sender.hole and sender.hole != step.frame:
                sender.hole = step.frame if step.happened(SackSeen) is not None else 0
            elif event.rtt is not None and event.frame != sender.fin:
                sender.add(event.rtt)
        elif type(event) is FinSent:
            if not step.length:
                self.of(step.side).fin = step.frame
        elif type(event) is DuplicateAck or (type(event) is SackSeen and len(event.blocks) > (event.dsack is not None)):
            sender = self.of(step.side.other)
            sender.hole = sender.hole or step.frame

    def of(self, side: Side) -> Samples:
        return self.client if side is _CLIENT else self.server


class Echoes(Notes):
    """Round trips by timestamps, one under way at a time for each end: a value it sends, and when the other end echoes it."""

    on: ClassVar = (DataSent, AckAdvanced)

    def __init__(self) -> None:
        self.sent: dict[Side, tuple[int, int]] = {}  # the value and when it passed here
        self.client = Samples()
        self.server = Samples()

    def see(self, step: Step, event: DataSent | AckAdvanced) -> None:
        Echoes.see_each(self, ((step, event),))

    def see_each(self, told: Sequence[tuple[Step, DataSent | AckAdvanced]]) -> None:
        sent = self.sent
        for step, event in told:
            side = step.side
            if type(event) is DataSent:
                if side not in sent:
                    self._send(step)
            elif (waiting := sent.get(other := _SERVER if side is _CLIENT else _CLIENT)) is not None:
                self._echo(step, other, *waiting)

    def _send(self, step: Step) -> None:
        val = step.after.me.tsval
        if val is not None and step.at is not None and val != step.before.me.tsval:
            self.sent[step.side] = (val, step.at)

    def _echo(self, step: Step, side: Side, val: int, then: int) -> None:
        echo, at = step.after.me.tsecr, step.at
        if echo is None or at is None or (echo - val) % CIRCLE >= CIRCLE // 2:
            return  # of something older
        del self.sent[side]
        if echo == val and at >= then:
            self.of(side).add(at - then)

    def of(self, side: Side) -> Samples:
        return self.client if side is _CLIENT else self.server
