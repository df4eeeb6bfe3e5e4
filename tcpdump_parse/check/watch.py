"""What the engine keeps of a connection or of a capture (`Watch`), and what a sequence of events wakes (`Wakes`).

What is the same for every connection is decided once for each shape: a shape is the sequence of its events' classes. What belongs to
one connection is looked up at the second sight of a shape on it and kept (`Plan`): the rules' bodies with the very notes they read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from tcpdump_parse.check.notes import CaptureNotes, Notes
from tcpdump_parse.check.rule import Facts, Rule, Told
from tcpdump_parse.check.signs import Asked, Sign, Unusual
from tcpdump_parse.model.happenings import AckAdvanced, ChecksumOffload, ClockStepped, DataSent, GapAcked
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Side

PLACES: Final = 4096
"""Remarkable records of a connection whose place in the file is kept, so that later findings can point back."""
PLANS: Final = 32
"""Shapes of one connection whose plans are kept; a log that makes up ever new ones starts anew."""
USUAL: Final = frozenset({DataSent, AckAdvanced, ChecksumOffload})
"""A shape of these alone comes again on its connection, if it comes at all, and nobody asks where such a record stands: its plan is kept
at once, its place never; the plan of another is kept when it comes again, its place always."""

Shape = tuple[type, ...]
T = TypeVar("T")
Registered = Mapping[type, list[T]]
"""By what wakes it."""
Body = Callable[..., Iterator[Facts]]
Place = tuple[int, int, int, Any]
"""Of a record: frame, first and last line, time."""
Listeners = tuple[tuple[int, tuple[Callable[..., None], ...]], ...]
"""Who is told of which event: its place in the sequence, and the notes' own `see`."""
Planned = tuple[int, Rule, Body, Notes | None]
"""A rule's call: of which event, and with what it reads."""
Plan = tuple["Wakes", tuple[Planned, ...], Listeners]
"""What a shape wakes on one connection: the rules' calls, and who is told."""
Question = tuple[Callable[..., Sign | None], int | None]
"""A sign's, and which of the segment's happenings it is about; None: the segment itself."""


class Call(NamedTuple):
    """A rule that an event wakes. `at`: which of the sequence; `whole`: the notes it reads are the capture's; `waits`: it is not always
    asked; `ready`: the same on every connection, for it neither reads notes nor waits."""

    at: int
    rule: Rule
    body: Body
    notes: type[Notes] | None
    whole: bool
    waits: bool
    ready: Planned | None


def _call(at: int, rule: Rule) -> Call:
    waits = bool(rule.after) or rule.told is not Told.ALWAYS
    ready = None if waits or rule.notes is not None else (at, rule, rule.body, None)
    return Call(at, rule, rule.body, rule.notes, _captures(rule.notes), waits, ready)


class Telling(NamedTuple):
    """Notes that want to be told of an event."""

    at: int
    notes: type[Notes]
    whole: bool


class Watch:
    """Of one connection, or of a capture."""

    __slots__ = ("gap", "happened", "notes", "places", "plans", "told")

    def __init__(self) -> None:
        self.gap = False
        self.notes: dict[type[Notes], Notes] = {}
        self.places: deque[Place] = deque(maxlen=PLACES)  # in order of frames
        self.plans: dict[Side, dict[Shape, Plan | None]] = {Side.CLIENT: {}, Side.SERVER: {}}  # None: the shape was seen once
        self.happened: frozenset[type] = frozenset()  # of what rules and notes wait for (`after`)
        self.told: frozenset[tuple[str, Side]] = frozenset()  # rules that are told once an end

    def note(self, kind: type[Notes]) -> Notes:
        found = self.notes.get(kind)
        if found is None:
            found = self.notes[kind] = kind(*map(self.note, kind.shares))
        return found

    def awake(self, waiting: Rule | type[Notes]) -> bool:
        """Did happen what it waits for?"""
        return not waiting.after or not self.happened.isdisjoint(waiting.after)

    def asks(self, rule: Rule, side: Side) -> bool:
        """Is it awake, and not yet done with that side?"""
        return self.awake(rule) and (rule.name, side) not in self.told

    def happens(self, kinds: frozenset[type]) -> None:
        """From now on rules and notes that waited for these are awake."""
        self.happened |= kinds
        self.forget()

    def tells(self, rule: Rule, side: Side) -> None:
        """It found something; once an end is enough for it."""
        self.told |= {(rule.name, side)}
        self.forget()

    def forget(self) -> None:
        """Plans no longer hold."""
        for plans in self.plans.values():
            plans.clear()

    def place(self, frame: int) -> Place | None:
        """Where that record stands, if it is one of those that are remembered."""
        places = self.places
        at = bisect_left(places, frame, key=_frame)
        return places[at] if at < len(places) and places[at][0] == frame else None


def _frame(place: Place) -> int:
    return place[0]


class Wakes:
    """What a sequence of happenings (or signs) wakes. Beside it signs are looked for: `signs` in a plain segment, `all_signs` in others."""

    __slots__ = ("all_signs", "awaited", "calls", "reads_passed", "signs", "takes_needs", "tells", "usual")

    def __init__(
        self,
        kinds: Shape,
        rules: Registered[Rule],
        notes: Registered[type[Notes]],
        asked: Sequence[Asked],
        awaited: frozenset[type],
        every: Collection[type[Notes]],
    ) -> None:
        self.calls = tuple(_call(at, rule) for at, kind in enumerate(kinds) for rule in rules.get(kind, ()))
        self.tells = tuple(Telling(at, reader, _captures(reader)) for at, kind in enumerate(kinds) for reader in notes.get(kind, ()))
        self.reads_passed = any(call.notes in every for call in self.calls)
        self.usual = USUAL.issuperset(kinds)
        self.awaited = awaited.intersection(kinds)
        self.takes_needs = GapAcked in kinds or ClockStepped in kinds
        concerned = [sign for sign in asked if sign.of in (Step, Unusual) or sign.of in kinds]
        self.all_signs = tuple(question for sign in concerned for question in _questions(sign, kinds))
        self.signs = tuple(question for sign in concerned if sign.of is not Unusual for question in _questions(sign, kinds))

    def plan(self, watch: Watch, whole: Watch, side: Side) -> Plan:
        """What of it is awake for that side's segments, with the notes of the connection and its capture."""
        calls: list[Planned] = []
        for at, rule, body, kind, captures, waits, ready in self.calls:
            if ready is not None:
                calls.append(ready)
            elif not waits or watch.asks(rule, side):
                home = whole if captures else watch
                calls.append((at, rule, body, None if kind is None else home.notes.get(kind) or home.note(kind)))
        return self, tuple(calls), self.told(watch, whole)

    def told(self, watch: Watch, whole: Watch) -> Listeners:
        """Who is told of which."""
        told: dict[int, list[Callable[..., None]]] = {}
        for at, kind, captures in self.tells:
            if kind.after and not watch.awake(kind):
                continue
            home = whole if captures else watch
            told.setdefault(at, []).append((home.notes.get(kind) or home.note(kind)).see)
        return tuple((at, tuple(each)) for at, each in told.items())


def _questions(sign: Asked, kinds: Shape) -> list[Question]:
    """Asked of the segment once, or of each happening of its kind."""
    if sign.of in (Step, Unusual):
        return [(sign.body, None)]
    return [(sign.body, at) for at, kind in enumerate(kinds) if kind is sign.of]


def _captures(notes: type[Notes] | None) -> bool:
    return notes is not None and issubclass(notes, CaptureNotes)
