"""Round trips as one capture point sees them: for the octets of one end, from their passing to the ACK's passing (RFC 6298).

Samples obey Karn: a segment sent once, acknowledged exactly at its end. Times are nanoseconds; the estimate is what a sender standing at
the capture point would compute, so the half on the other side of the capture is missing from it.
"""

from __future__ import annotations

from typing import Final

from tcpdump_parse.track.segment import SECOND

LEAST_RTO: Final = SECOND // 5
"""However: RFC 6298 §2.4 says one second; Linux, BSD and Windows use 200 ms or 300 ms, and predictions are for what is out there."""


class Rtt:
    """RFC 6298 §2 over the samples seen so far, and the smallest of them."""

    __slots__ = ("hazy", "least", "samples", "srtt", "var")

    def __init__(self) -> None:
        self.samples = 0
        self.least: int | None = None
        self.hazy: int | None = None  # the smallest since a segment's latest sending, where Karn forbids a sample: too small at worst
        self.srtt = 0.0
        self.var = 0.0

    def add(self, sample: int) -> None:
        if self.least is None:
            self.least = sample
            self.srtt, self.var = float(sample), sample / 2
        else:
            if sample < self.least:
                self.least = sample
            self.var += (abs(self.srtt - sample) - self.var) / 4
            self.srtt += (sample - self.srtt) / 8
        self.samples += 1

    def doubt(self, sample: int) -> None:
        """An ACK that may answer any of several sendings, `sample` ns after the latest."""
        if self.hazy is None or sample < self.hazy:
            self.hazy = sample

    @property
    def floor(self) -> int | None:
        """No round trip is shorter, as far as seen; None while nothing was acknowledged."""
        return self.hazy if self.least is None else self.least

    @property
    def rto(self) -> float | None:
        """The timeout it predicts; None without a sample."""
        return None if self.samples == 0 else max(self.srtt + 4 * self.var, float(LEAST_RTO))
