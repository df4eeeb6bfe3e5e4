"""What the pcap and pcapng writers share: their settings, and the tally that says what was rebuilt and what was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from tcpdump_parse.write.octets.moments import Midnight
from tcpdump_parse.write.octets.outcome import TOLD, Filling, Frame, Invented, Reason, Unbuilt, Wrapping


def first_day(_: int) -> int:
    """The epoch's first day, where nobody says which day it was."""
    return 0


class Rebuilding(Struct, frozen=True):
    """How to rebuild: what fills unknown payload, at which epoch second the first day of a capture began, and what stands before
    packets without a link header."""

    filling: Filling = Filling.FIT
    midnight: Midnight = first_day
    wrapping: Wrapping = Wrapping.RAW


class Tally:
    """How many packets were rebuilt: exactly, with octets that were not in the log (by kind), or not at all (by reason)."""

    def __init__(self) -> None:
        self.exact = 0
        self.invented: Counter[tuple[Invented, ...]] = Counter()
        self.unbuilt: Counter[Reason] = Counter()

    @property
    def partly(self) -> int:
        return sum(self.invented.values())

    @property
    def written(self) -> int:
        return self.exact + self.partly

    @property
    def missing(self) -> int:
        return sum(self.unbuilt.values())

    def note(self, outcome: Frame | Unbuilt) -> None:
        if isinstance(outcome, Unbuilt):
            self.unbuilt[outcome.reason] += 1
        elif outcome.invented:
            self.invented[outcome.invented] += 1
        else:
            self.exact += 1

    def kinds(self) -> Iterator[tuple[Invented, int]]:
        """Each kind of invention with how many packets have it, most frequent first; a packet may have several."""
        counts: Counter[Invented] = Counter()
        for kinds, count in self.invented.items():
            for kind in kinds:
                counts[kind] += count
        return iter(counts.most_common())

    def summary(self) -> Iterator[str]:
        """The tally in sentences, for people."""
        yield f"{self.written} packets written: {self.exact} exact, {self.partly} with octets that were not in the log."
        for kind, count in self.kinds():
            yield f"  {count}: {TOLD[kind]}."
        if self.missing:
            yield f"{self.missing} records could not become packets:"
            for reason, count in self.unbuilt.most_common():
                yield f"  {count}: {reason.value}."
