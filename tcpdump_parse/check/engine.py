"""Wakes the rules that an event concerns, and makes findings of what they yield.

What a plain in-order segment wakes decides the speed of it all, so rules are looked up by the class of an event and never asked in turn.
Needs that are not met lower a finding by one severity and are named in it; rules contain no such tests. Order of output is order of
certainty: a finding about an earlier frame says at which frame it became certain (`known_at`), or "end".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import UNSET, Struct

from tcpdump_parse.check.notes import CaptureNotes, Notes
from tcpdump_parse.check.rule import Facts, Need, Rule, rules
from tcpdump_parse.check.select import chosen
from tcpdump_parse.check.signs import SIGNS
from tcpdump_parse.model import Capture, Finding, Notice, Packet, Severity, Unread
from tcpdump_parse.model.happenings import AckAdvanced, ClockStepped, DataSent, GapAcked
from tcpdump_parse.model.steps import Connection, Ending, Step

AT_ONCE = ("end", "capture")  # endings that nothing later is needed for
LOWERED = {Severity.ERROR: Severity.WARN, Severity.WARN: Severity.NOTE, Severity.NOTE: Severity.NOTE}
PLACES = 4096  # remarkable records of a connection whose place in the file is kept, so that later findings can point back
GRAVITY = {Severity.NOTE: 0, Severity.WARN: 1, Severity.ERROR: 2}
_PLAIN = frozenset({DataSent, AckAdvanced})
_SHAPES = 4096  # sequences of happenings whose wake-ups are kept; a log that makes up ever new ones starts anew

Event = Capture | Packet | Notice | Unread | Step | Ending
Place = tuple[int, int, Any]


class CaptureEnd(Struct, frozen=True):
    """A capture is over: wakes the rules that need the whole of it. `frame` is its last record."""

    capture: int
    frame: int
    records: int


class _Watch:
    """What the engine keeps of one connection, or of a capture."""

    __slots__ = ("gap", "notes", "places")

    def __init__(self) -> None:
        self.gap = False
        self.notes: dict[type[Notes], Notes] = {}
        self.places: dict[int, Place] = {}

    def note(self, kind: type[Notes]) -> Notes:
        found = self.notes.get(kind)
        if found is None:
            found = self.notes[kind] = kind()
        return found

    def remember(self, frame: int, place: Place) -> None:
        places = self.places
        if len(places) >= PLACES:
            del places[next(iter(places))]
        places[frame] = place


class _Wakes:
    """What a sequence of happenings (or signs) wakes, decided at its first sight. `calls`: place of the event, rule, its body, the notes it
    reads and whether they are the capture's; `notes`: place, who is told, whether it is the capture's."""

    __slots__ = ("calls", "notes", "remarkable", "takes_needs")

    def __init__(self, kinds: tuple[type, ...], rules: Mapping[type, list[Rule]], notes: Mapping[type, list[type[Notes]]]) -> None:
        self.calls = tuple(
            (place, rule, rule.body, rule.notes, rule.notes is not None and issubclass(rule.notes, CaptureNotes))
            for place, kind in enumerate(kinds)
            for rule in rules.get(kind, ())
        )
        self.notes = tuple(
            (place, reader, issubclass(reader, CaptureNotes)) for place, kind in enumerate(kinds) for reader in notes.get(kind, ())
        )
        self.remarkable = not _PLAIN.issuperset(kinds)
        self.takes_needs = GapAcked in kinds or ClockStepped in kinds


class Judge:
    """One pass over the events of `track`. `feed` each event, `finish` at the end; both give findings.

    `least`: rules that can find nothing as grave are not asked.
    """

    def __init__(
        self,
        select: Iterable[str] = (),
        ignore: Iterable[str] = (),
        known: Mapping[str, Rule] | None = None,
        least: Severity = Severity.NOTE,
    ) -> None:
        active = [
            rule
            for rule in chosen(rules() if known is None else known, select, ignore).values()
            if GRAVITY[rule.gravest] >= GRAVITY[least]
        ]
        self._rules: dict[type, list[Rule]] = {}
        self._notes: dict[type, list[type[Notes]]] = {}
        for rule in active:
            for kind in rule.on:
                self._rules.setdefault(kind, []).append(rule)
        for notes in dict.fromkeys(rule.notes for rule in active if rule.notes):
            for kind in notes.on:
                self._notes.setdefault(kind, []).append(notes)
        self._every = tuple(notes for notes in self._notes.get(Step, ()) if issubclass(notes, CaptureNotes))  # told of each segment
        self._shapes: dict[tuple[type, ...], _Wakes] = {}
        self._watches: dict[int, _Watch] = {}
        self._whole = _Watch()  # of the capture
        self._capture: Capture | None = None
        self._frame = 0
        self._records = 0
        self._stepped = False
        self._pending: list[Ending] = []
        self.woken = 0  # rules called so far; a test counts them on plain segments

    def feed(self, event: Event) -> list[Finding]:
        """The findings that this event makes certain."""
        kind = type(event)
        if kind is Step:
            return self._step(event)  # type: ignore[arg-type]
        if kind is Ending:
            return self._hold(event)  # type: ignore[arg-type]
        if kind is Capture:
            return self._begin(event)  # type: ignore[arg-type]
        return self._passing(event)  # type: ignore[arg-type]

    def finish(self) -> list[Finding]:
        """The end of the log."""
        return [*self._settle("end"), *self._over()]

    def _passing(self, event: Packet | Notice | Unread) -> list[Finding]:
        """What is no segment: it concerns the capture."""
        found = self._settle(event.frame) if self._pending and isinstance(event, Packet) else []
        if not isinstance(event, Notice):
            self._frame = event.frame
            self._records += 1
        for rule in self._rules.get(type(event), ()):
            found += self._ask_capture(rule, event)
        self._tell_capture(type(event), event)
        return found

    def _begin(self, event: Capture) -> list[Finding]:
        found = self.finish() if self._capture is not None else []
        self._capture, self._whole, self._records, self._stepped = event, _Watch(), 0, False
        self._tell_capture(Capture, event)
        return found

    def _over(self) -> list[Finding]:
        if self._capture is None:
            return []
        end = CaptureEnd(self._capture.capture, self._frame, self._records)
        found = [finding for rule in self._rules.get(CaptureEnd, ()) for finding in self._ask_capture(rule, end)]
        self._capture = None
        return found

    def _step(self, step: Step) -> list[Finding]:
        frame = step.packet.frame
        found = self._settle(frame) if self._pending else []
        self._frame = frame
        self._records += 1
        conn = step.connection.conn
        watch = self._watches.get(conn)
        if watch is None:
            watch = self._watches[conn] = _Watch()
        happenings = step.happenings
        wakes = self._wakes(happenings)
        if wakes.takes_needs:
            self._lose_needs(watch, happenings)
        self._ask_step(found, wakes, watch, step, happenings)
        signs = []
        for asked in SIGNS:
            shown = asked(step)
            if shown is not None:
                signs.append(shown)
        by_sign = self._wakes(signs) if signs else None
        if by_sign is not None:
            self._ask_step(found, by_sign, watch, step, signs)
        self._tell_step(wakes, watch, step, happenings)
        if by_sign is not None:
            self._tell_step(by_sign, watch, step, signs)
        for notes in self._every:
            self._whole.note(notes).see(step)
        if signs or wakes.remarkable:
            packet = step.packet
            place = (packet.line, packet.end_line, packet.time)
            watch.remember(frame, place)
            self._whole.remember(frame, place)
        return found

    def _wakes(self, events: Sequence[Any]) -> _Wakes:
        kinds = tuple(map(type, events))
        known = self._shapes.get(kinds)
        if known is None:
            if len(self._shapes) >= _SHAPES:
                self._shapes.clear()
            known = self._shapes[kinds] = _Wakes(kinds, self._rules, self._notes)
        return known

    def _lose_needs(self, watch: _Watch, happenings: Sequence[Any]) -> None:
        """What takes a need away for good, from this segment on."""
        for happening in happenings:
            if type(happening) is GapAcked:
                watch.gap = True
            elif type(happening) is ClockStepped:
                self._stepped = True

    def _ask_step(self, found: list[Finding], wakes: _Wakes, watch: _Watch, step: Step, events: Sequence[Any]) -> None:
        self.woken += len(wakes.calls)
        for at, rule, body, kind, whole in wakes.calls:
            if kind is None:
                facts_of = body(step, events[at])
            else:
                home = self._whole if whole else watch
                facts_of = body(step, events[at], home.notes.get(kind) or home.note(kind))
            for facts in facts_of:
                found.append(self._of_step(rule, facts, watch, step))  # noqa: PERF401 nearly always nothing: no list for it

    def _tell_step(self, wakes: _Wakes, watch: _Watch, step: Step, events: Sequence[Any]) -> None:
        for at, kind, whole in wakes.notes:
            home = self._whole if whole else watch
            (home.notes.get(kind) or home.note(kind)).see(step, events[at])

    def _of_step(self, rule: Rule, facts: Facts, watch: _Watch, step: Step) -> Finding:
        own = step.packet.frame
        frame = own if facts.frame is None else facts.frame
        place = watch.places.get(frame) if frame != own else (step.packet.line, step.packet.end_line, step.packet.time)
        known_at = UNSET if frame == own else own
        side = facts.side or str(step.side)
        return self._finding(rule, facts, frame, known_at, place, self._unmet_by_step(rule.needs, watch, step), step.connection, side)

    def _hold(self, ending: Ending) -> list[Finding]:
        """An eviction is known at the record that causes it, which comes next; an end of the capture is known at the end."""
        if ending.reason not in AT_ONCE:
            self._pending.append(ending)
            return []
        return self._ending(ending, "end")

    def _settle(self, known_at: int | str) -> list[Finding]:
        pending, self._pending = self._pending, []
        return [finding for ending in pending for finding in self._ending(ending, known_at)]

    def _ending(self, ending: Ending, known_at: int | str) -> list[Finding]:
        watch = self._watches.pop(ending.connection.conn, None) or _Watch()
        found: list[Finding] = []
        for event in (*ending.happenings, ending):
            for rule in self._rules.get(type(event), ()):
                found += self._ask_ending(rule, watch, ending, event, known_at)
            if event is not ending:
                for notes in self._notes.get(type(event), ()):
                    self._notes_of(notes, watch).see(ending, event)
        self._tell_capture(Ending, ending)
        return found

    def _ask_ending(self, rule: Rule, watch: _Watch, ending: Ending, event: Any, known_at: int | str) -> Iterator[Finding]:
        self.woken += 1
        arguments: tuple[Any, ...] = (ending,) if event is ending else (ending, event)
        if rule.notes is not None:
            arguments = (*arguments, self._notes_of(rule.notes, watch))
        for facts in rule.body(*arguments):
            frame = ending.frame if facts.frame is None else facts.frame
            unmet = self._unmet(
                rule.needs,
                watch,
                ending.client.seen and ending.server.seen,
                ending.client.offered is not None and ending.server.offered is not None,
                absolute=True,
            )
            yield self._finding(rule, facts, frame, known_at, watch.places.get(frame), unmet, ending.connection, facts.side)

    def _ask_capture(self, rule: Rule, event: CaptureEnd | Packet | Notice | Unread) -> Iterator[Finding]:
        self.woken += 1
        arguments = (event,) if rule.notes is None else (event, self._notes_of(rule.notes, self._whole))
        own: Place | None = None if isinstance(event, CaptureEnd) else (event.line, event.end_line, getattr(event, "time", UNSET))
        at = UNSET if isinstance(event, Notice) else event.frame
        for facts in rule.body(*arguments):
            frame = at if facts.frame is None and own else UNSET if facts.frame is None else facts.frame
            place = own if facts.frame is None else self._whole.places.get(facts.frame)
            known_at = "end" if own is None else UNSET if frame == at else at
            yield self._finding(rule, facts, frame, known_at, place, (), None, facts.side)

    def _tell_capture(self, kind: type, event: Any) -> None:
        for notes in self._notes.get(kind, ()):
            if issubclass(notes, CaptureNotes):
                self._whole.note(notes).see(event)

    def _notes_of(self, kind: type[Notes], watch: _Watch) -> Notes:
        home = self._whole if issubclass(kind, CaptureNotes) else watch
        return home.notes.get(kind) or home.note(kind)

    def _unmet_by_step(self, needs: Need, watch: _Watch, step: Step) -> tuple[str, ...]:
        if not needs:
            return ()
        peer, me = step.before.peer, step.after.me
        segment = step.packet.tcp
        absolute = segment is not UNSET and (segment.seq_abs is not UNSET or segment.ack_abs is not UNSET)
        return self._unmet(needs, watch, peer.seen, me.offered is not None and peer.offered is not None, absolute=absolute)

    def _unmet(self, needs: Need, watch: _Watch, both: bool, handshake: bool, *, absolute: bool) -> tuple[str, ...]:
        met = {
            Need.BOTH_SIDES: both,
            Need.NO_GAP: not watch.gap,
            Need.HANDSHAKE: handshake,
            Need.ABSOLUTE: absolute,
            Need.TIME: not self._stepped,
        }
        return tuple(need.name.lower() for need in needs if not met[need] and need.name)

    def _finding(
        self,
        rule: Rule,
        facts: Facts,
        frame: Any,
        known_at: Any,
        place: Place | None,
        unmet: tuple[str, ...],
        connection: Connection | None,
        side: str | None,
    ) -> Finding:
        severity = facts.severity or rule.severity
        line, end_line, time = (*facts.lines, UNSET) if facts.lines else place or (UNSET, UNSET, UNSET)
        capture = connection.capture if connection else self._capture.capture if self._capture else 0
        return Finding(
            rule=rule.name,
            severity=LOWERED[severity] if unmet else severity,
            family=rule.family,
            capture=capture,
            conn=connection.conn if connection else UNSET,
            frame=frame,
            known_at=known_at,
            line=line,
            end_line=end_line,
            time=time,
            flow=connection.flow if connection else UNSET,
            side=side or UNSET,
            message=rule.message or UNSET,
            cites=rule.cites or UNSET,
            facts=facts.facts,
            evidence=facts.evidence,
            unless=unmet,
        )


def check(
    events: Iterable[Event], select: Iterable[str] = (), ignore: Iterable[str] = (), known: Mapping[str, Rule] | None = None
) -> Iterator[Finding]:
    """The findings of a log, in order of certainty. `events` are what `track` yields; `select` and `ignore` take rule names, families and
    globs (ValueError for one that names no rule); `known` are the rules to choose from, by default all that are installed."""
    judge = Judge(select, ignore, known)
    for event in events:
        yield from judge.feed(event)
    yield from judge.finish()
