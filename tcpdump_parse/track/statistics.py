"""Counters of one direction while it runs; `summary` makes `FlowEnd` of them."""

from __future__ import annotations


class Counters:
    """What one end sent, by tcptrace's words; see `model.flow.FlowEnd`."""

    __slots__ = (
        "acks",
        "copied",
        "data_bytes",
        "data_packets", "doubled",
        "missed",
        "pure_acks",
        "pushed",
        "reordered",
        "resets",
        "retransmitted",
        "spurious",
    )

    def __init__(self) -> None:
        self.acks = 0
        self.pure_acks = 0
        self.data_packets = 0
        self.data_bytes = 0
        self.pushed = 0
        self.resets = 0
        self.missed = 0
        self.retransmitted = 0
        self.spurious = 0
        self.reordered = 0
        self.copied = 0
        self.doubled = 0  # copies by the capture itself
