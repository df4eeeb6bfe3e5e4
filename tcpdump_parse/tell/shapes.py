"""The shape of a step: which kinds of happenings it has, in which order. All that depends on nothing else is decided once for a shape.

A log has few shapes, and a segment of a known one costs a dictionary look-up where it would cost a dozen questions. Bounded: a log that
makes up ever new ones starts the table anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tcpdump_parse.model import happenings as h
from tcpdump_parse.tell.scene import PHASES
from tcpdump_parse.tell.sentences import ONCE, TELLS
from tcpdump_parse.tell.tally import NOTES, SILENT
from tcpdump_parse.tell.told import Phase

_MOST: Final = 4096
_known: dict[tuple[type, ...], Shape] = {}


OPENINGS: Final = frozenset({h.SynSent, h.SynAckSent, h.HandshakeDone})
"""What opens a connection is told before what the same segment brings."""


class Shape:
    """`notes` and `tells` are (place of the happening, what reads it)."""

    __slots__ = (
        "ack", "closes", "flows", "idle", "kinds", "moves", "notes", "offloads", "opens", "ordinary", "phase", "resets", "steps",
        "tells", "tells_later",
    )  # fmt: skip

    def __init__(self, kinds: tuple[type, ...]) -> None:
        self.kinds = frozenset(kinds)
        self.notes = _by_place(kinds, NOTES)
        self.tells = tuple(sorted(_by_place(kinds, TELLS), key=lambda place: kinds[place[0]] not in OPENINGS))
        self.tells_later = tuple((place, tell) for place, tell in self.tells if kinds[place] is not ONCE)  # when that has been said
        self.ack = kinds.index(h.AckAdvanced) if h.AckAdvanced in kinds else -1
        self.idle = kinds.index(h.Idle) if h.Idle in kinds else -1
        self.moves = tuple(place for place, kind in enumerate(kinds) if kind is h.StateMoved)
        self.steps = h.ClockStepped in kinds
        self.offloads = h.ChecksumOffload in kinds
        self.opens = h.HandshakeDone in kinds or h.StartedLate in kinds
        self.closes = h.FinSent in kinds
        self.resets = h.ResetSent in kinds
        self.phase: Phase | None = next((phase for kind, phase in PHASES.items() if kind in self.kinds), None)
        self.flows = self.phase in (None, Phase.DATA) and not self.opens and not self.closes
        self.ordinary = all(kind in NOTES or kind in SILENT for kind in kinds)  # unless a note objects


def shape_of(happenings: tuple[h.Happening, ...]) -> Shape:
    """The shape, made at its first sight."""
    kinds = tuple(map(type, happenings))
    found = _known.get(kinds)
    if found is None:
        if len(_known) >= _MOST:
            _known.clear()
        found = _known[kinds] = Shape(kinds)
    return found


def _by_place(kinds: tuple[type, ...], table: dict[Any, Callable[..., Any]]) -> tuple[tuple[int, Callable[..., Any]], ...]:
    return tuple((place, table[kind]) for place, kind in enumerate(kinds) if kind in table)
