"""How long an end has left its half of a connection open: the same question for the rule and the story."""

from __future__ import annotations

from typing import Final

from tcpdump_parse.model.happenings import DataSent, FinAcked, Retransmitted
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Side

STUCK: Final = 1_000_000_000
"""Nanoseconds: a program that closes when it is told of the close has done so by then."""


class AtWork:
    """When each end last showed, behind the other's FIN, that it is at work: it acknowledged that FIN, or sent data."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[Side, int | None] = {}

    def see(self, step: Step, event: FinAcked | DataSent | Retransmitted) -> None:
        if isinstance(event, FinAcked) or step.side in self._last:
            self._last[step.side] = step.at

    def idle(self, side: Side, until: int | None) -> int | None:
        """How long it did nothing of that until then; None where no clock tells."""
        last = self._last.get(side)
        return None if last is None or until is None else until - last

    def stuck(self, side: Side, until: int | None) -> bool:
        """Long enough to say that it does not close?"""
        idle = self.idle(side, until)
        return idle is not None and idle > STUCK
