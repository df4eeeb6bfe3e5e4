"""Round trips for rules of several families: of each end's octets, as this capture point sees them (RFC 6298, Karn's samples only)."""

from __future__ import annotations

from typing import ClassVar

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.model.happenings import AckAdvanced, HandshakeDone
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Side
from tcpdump_parse.track.rtt import LEAST_RTO, Rtt

SECOND = 1_000_000_000


class Trips(Notes):
    """`there(side)`: from that side's octets passing here to their ACK passing here."""

    on: ClassVar[tuple[type, ...]] = (AckAdvanced, HandshakeDone)

    def __init__(self) -> None:
        self.client = Rtt()
        self.server = Rtt()

    def see(self, step: Step, event: AckAdvanced | HandshakeDone) -> None:
        if isinstance(event, HandshakeDone):
            for rtt, sample in ((self.client, event.to_server), (self.server, event.to_client)):
                if sample is not None:
                    rtt.add(sample)
        elif event.rtt is not None:
            (self.server if step.side is Side.CLIENT else self.client).add(event.rtt)

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
