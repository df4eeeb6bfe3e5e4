"""Count, sum, least, most and standard deviation of integer samples, in one pass."""

from __future__ import annotations

from math import sqrt


class Moments:
    """Samples in microseconds; exact integers inside, so that nothing depends on their order."""

    __slots__ = ("count", "least", "most", "squares", "total")

    def __init__(self) -> None:
        self.count = self.total = self.squares = self.most = 0
        self.least = 0

    def add(self, sample: int) -> None:
        self.count += 1
        self.total += sample
        self.squares += sample * sample
        if sample > self.most:
            self.most = sample
        if self.count == 1 or sample < self.least:
            self.least = sample

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0

    @property
    def deviation(self) -> float:
        """Of the sample (n - 1); 0 for fewer than three."""
        if self.count <= 2:
            return 0.0
        return sqrt(max(0.0, (self.squares - self.total * self.total / self.count) / (self.count - 1)))
