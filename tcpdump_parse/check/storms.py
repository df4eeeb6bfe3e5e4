"""How many FINs, or RSTs, a side sends in a row, each within a second of the one before: what is called a storm of them.

The numbers are Zeek's: tcp_storm_thresh, and tcp_storm_interarrival_thresh of one second.
"""

from __future__ import annotations

from typing import ClassVar

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.signs import letters
from tcpdump_parse.model.happenings import FinSent, ResetSent, Retransmitted
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Side

SECOND = 1_000_000_000
STORM = 1000


class Storms(Notes):
    """Each side's run of FINs and its run of RSTs: how many so far, and when the last was (nanoseconds)."""

    on: ClassVar = (FinSent, Retransmitted, ResetSent)

    def __init__(self) -> None:
        self._runs: dict[tuple[Side, str], tuple[int, int]] = {}

    def see(self, step: Step, event: FinSent | Retransmitted | ResetSent) -> None:
        flag = "R" if isinstance(event, ResetSent) else "F"
        if flag not in letters(step) or step.at is None:
            return
        count, last = self._runs.get((step.side, flag), (0, step.at))
        self._runs[step.side, flag] = (count + 1 if step.at - last < SECOND else 1, step.at)

    def completed(self, step: Step, flag: str) -> bool:
        """Whether this segment, not counted yet, is the thousandth."""
        count, last = self._runs.get((step.side, flag), (0, 0))
        return count + 1 == STORM and step.at is not None and step.at - last < SECOND
