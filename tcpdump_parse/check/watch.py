"""What the engine keeps of a connection or of a capture (`Watch`), and what a sequence of events wakes (`Wakes`).

A shape is the sequence of a segment's events' classes. What it wakes is decided once; what of that is awake, once for all connections on
which the same was waited for and has happened (`Plans`). A plan names the notes that are read and told; whose they are, the watch knows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from tcpdump_parse.check.notes import CaptureNotes, Notes
from tcpdump_parse.check.rule import Facts, Rule, Told
from tcpdump_parse.check.signs import Asked, Sign, Unusual
from tcpdump_parse.model.happenings import AckAdvanced, ChecksumOffload, ClockStepped, DataSent, GapAcked, Happening
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.model.terms import SIDES, Side

PLACES: Final = 4096
"""Remarkable records of a connection whose place in the file is kept, so that later findings can point back."""
PLANS: Final = 256
"""Of so many states, each with so many shapes, plans are kept; a log that makes up ever new ones starts anew."""
USUAL: Final[tuple[type, ...]] = (DataSent, AckAdvanced, ChecksumOffload)
"""Nobody asks where a record stands of which these are all; another's place is always kept."""
_USUAL: Final = frozenset(USUAL)

Shape = tuple[type, ...]
T = TypeVar("T")
Registered = Mapping[type, list[T]]
"""By what wakes it."""
Body = Callable[..., Iterator[Facts]]
Place = tuple[int, int, int, Any]
"""Of a record: frame, first and last line, time."""
Call = tuple[int, Rule, Body, type[Notes] | None, bool]
"""A rule that an event wakes: which of the sequence, the rule, its body, the notes it reads, and whether those are the capture's."""
Telling = tuple[int, type[Notes], bool]
"""Notes that want to be told of an event: which of the sequence, the notes, and whether they are the capture's."""
Plan = tuple["Wakes", Sequence[Call], Sequence[Telling], bool]
"""What of a shape is awake: the rules to ask, who is told; and whether in a plain segment there is nothing to ask or to look for, and
nobody told but notes of the connection."""
Question = tuple[Callable[..., Sign | None], int | None]
"""A sign's, and which of the segment's happenings it is about; None: the segment itself."""


class Watch:
    """Of one connection, or of a capture."""

    __slots__ = ("gap", "happened", "notes", "places", "plans", "quiet", "told")

    def __init__(self) -> None:
        self.gap = False
        self.notes: dict[type[Notes], Notes] = {}
        self.places: deque[Place] = deque(maxlen=PLACES)  # in order of frames
        self.happened: frozenset[type] = frozenset()  # of what rules and notes wait for (`after`)
        self.told: dict[Side, frozenset[str]] = dict.fromkeys(SIDES, frozenset())  # rules that are told once an end
        self.plans: dict[Side, dict[Shape, Plan]] = {}  # as long as nothing more of that happens
        self.quiet: list[Step] = []  # segments that its notes were not yet told of

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
        return self.awake(rule) and rule.name not in self.told[side]

    def place(self, frame: int) -> Place | None:
        """Where that record stands, if it is one of those that are remembered."""
        places = self.places
        at = bisect_left(places, frame, key=_frame)
        return places[at] if at < len(places) and places[at][0] == frame else None


def _frame(place: Place) -> int:
    return place[0]


def of_whole(ending: Ending, frame: int) -> Place | None:
    """Where the connection begins and ends is known, even if these are ordinary records or long ago."""
    record = next((record for record in (ending.last, ending.first) if record is not None and record.frame == frame), None)
    return None if record is None else (frame, record.line, record.end_line, record.time)


class Plans:
    """By what has happened on a connection, and what was told of that end of it."""

    def __init__(self) -> None:
        self._of: dict[tuple[frozenset[type], frozenset[str]], dict[Shape, Plan]] = {}

    def turn(self, watch: Watch) -> None:
        """What was planned for this connection holds no more; other plans do."""
        for side, told in watch.told.items():
            state = (watch.happened, told)
            plans = self._of.get(state)
            if plans is None:
                if len(self._of) >= PLANS:
                    self._of.clear()
                plans = self._of[state] = {}
            watch.plans[side] = plans

    def happens(self, watch: Watch, kinds: frozenset[type]) -> None:
        """From now on rules and notes that waited for these are awake."""
        watch.happened |= kinds
        self.turn(watch)

    def tells(self, watch: Watch, rule: Rule, side: Side) -> None:
        """It found something; once an end is enough for it."""
        watch.told[side] |= {rule.name}
        self.turn(watch)


class Readers:
    """The notes of a connection that want to be told of what nearly every segment brings. Those of the same kinds are told of one list."""

    def __init__(self, notes: Registered[type[Notes]]) -> None:
        wanted = {reader: tuple(kind for kind in USUAL if kind in reader.on) for kind in USUAL for reader in notes.get(kind, ())}
        lists = list(dict.fromkeys(wanted.values()))
        self._readers = [(reader, lists.index(kinds)) for reader, kinds in wanted.items() if not _captures(reader)]
        self._lists = {kind: [at for at, kinds in enumerate(lists) if kind in kinds] for kind in USUAL}
        self._count = len(lists)

    def tell(self, watch: Watch) -> None:
        """What passed on this connection since they were told last and woke no rule."""
        steps, watch.quiet = watch.quiet, []
        lists: list[list[tuple[Step, Happening]]] = [[] for _ in range(self._count)]
        lists_of = self._lists
        for step in steps:
            for event in step.happenings:
                if ats := lists_of[type(event)]:
                    pair = (step, event)
                    for at in ats:
                        lists[at].append(pair)
        for reader, at in self._readers:
            if lists[at] and watch.awake(reader):
                (watch.notes.get(reader) or watch.note(reader)).see_each(lists[at])


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
        self.calls: tuple[Call, ...] = tuple(
            (at, rule, rule.body, rule.notes, _captures(rule.notes)) for at, kind in enumerate(kinds) for rule in rules.get(kind, ())
        )
        self.tells: tuple[Telling, ...] = tuple(
            (at, reader, _captures(reader)) for at, kind in enumerate(kinds) for reader in notes.get(kind, ())
        )
        self.reads_passed = any(kind in every for _, _, _, kind, _ in self.calls)
        self.usual = _USUAL.issuperset(kinds)
        self.awaited = awaited.intersection(kinds)
        self.takes_needs = GapAcked in kinds or ClockStepped in kinds
        concerned = [sign for sign in asked if sign.of in (Step, Unusual) or sign.of in kinds]
        self.all_signs = tuple(question for sign in concerned for question in _questions(sign, kinds))
        self.signs = tuple(question for sign in concerned if not sign.screened for question in _questions(sign, kinds))

    def plan(self, watch: Watch, side: Side) -> Plan:
        """What of it is awake for that side's segments."""
        calls = tuple(call for call in self.calls if _always(call[1]) or watch.asks(call[1], side))
        tells = tuple(telling for telling in self.tells if watch.awake(telling[1]))
        quiet = self.usual and self.awaited <= watch.happened and not calls and not self.signs
        return self, calls, tells, quiet and not any(captures for _, _, captures in tells)


def _always(rule: Rule) -> bool:
    return not rule.after and rule.told is Told.ALWAYS


def _questions(sign: Asked, kinds: Shape) -> list[Question]:
    """Asked of the segment once, or of each happening of its kind."""
    if sign.of in (Step, Unusual):
        return [(sign.body, None)]
    return [(sign.body, at) for at, kind in enumerate(kinds) if kind is sign.of]


def _captures(notes: type[Notes] | None) -> bool:
    return notes is not None and issubclass(notes, CaptureNotes)
