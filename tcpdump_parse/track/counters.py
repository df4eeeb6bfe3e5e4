"""What one end sent and what its octets met with, as numbers: the memory of `statistics`, which says what each means.

Plain slots, because these are written for every segment. What a sum already says is not counted: segments are `Direction.packets`, and
those with an ACK all but the `ackless`.
"""

from __future__ import annotations

from msgspec import Struct

from tcpdump_parse.track.moments import Moments


class Piece(Struct, gc=False):
    """Octets [start, end) as last sent `at`; `again` how often sent again; `acked` counts ACKs of exactly its end."""

    start: int
    end: int
    at: int
    again: int = 0
    acked: int = 0


class Counters:
    """Names shorter than in `model.flow.FlowEnd`, which says what they mean. Times are microseconds.

    The first six set are not tcptrace's: what judgement found, and what the capture missed.
    """

    __slots__ = (
        "ackless", "again_bytes", "again_packets", "ambiguous", "copied", "cumulative", "data_acked", "data_bytes", "data_packets",
        "doubled", "dsacks", "duplicates", "fins", "first_data", "full", "full_size", "handshake", "idle_most",
        "in_flight_once", "initial_bytes", "initial_packets", "last_ack", "last_data", "last_rtt", "last_time", "longest", "missed",
        "most_again", "most_blocks", "no_sample", "old_bytes", "out_of_order", "pieces", "probe_bytes", "probe_packets", "pure_acks",
        "pushed", "reordered", "resent", "resets", "retransmitted", "rtt", "sacks", "scaled", "shortest", "spurious", "syns", "triples",
        "unscaled", "urgent_bytes", "urgent_packets", "window_last", "window_least", "window_most", "window_sum", "window_zero",
    )  # fmt: skip

    def __init__(self) -> None:
        self.copied = self.doubled = self.missed = self.reordered = self.retransmitted = self.spurious = 0
        self.ackless = self.data_packets = self.data_bytes = self.pushed = self.pure_acks = self.longest = self.shortest = 0
        self.old_bytes = 0  # payload that was sent before, or to probe: all but the unique
        self.syns = self.fins = self.resets = self.urgent_packets = self.urgent_bytes = self.sacks = self.dsacks = self.most_blocks = 0
        self.again_packets = self.again_bytes = self.probe_packets = self.probe_bytes = self.out_of_order = self.most_again = 0
        self.window_most = self.window_least = self.window_sum = self.window_zero = self.window_last = 0
        self.unscaled = 0  # packets before its windows were scaled
        self.initial_bytes = self.initial_packets = self.cumulative = self.duplicates = self.triples = self.no_sample = 0
        self.idle_most = self.last_rtt = self.handshake = self.full_size = 0
        self.scaled = self.data_acked = self.in_flight_once = False
        self.first_data: int | None = None
        self.last_data: int | None = None
        self.last_time: int | None = None
        self.last_ack: int | None = None
        self.rtt: Moments | None = None  # of pieces sent once; like those below made when first needed
        self.full: Moments | None = None  # of the largest of them
        self.ambiguous: Moments | None = None  # of pieces sent again, from their last sending
        self.resent: Moments | None = None  # from one sending to the next
        self.pieces: list[Piece] = []
