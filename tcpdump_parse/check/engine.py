"""Wakes the rules that an event concerns, and makes findings of what they yield.

What a plain in-order segment wakes decides the speed of it all, so rules are looked up by the class of an event and never asked in turn.
Needs that are not met lower a finding by one severity and are named in it; rules contain no such tests. Order of output is order of
certainty: a finding about an earlier frame says at which frame it became certain (`known_at`), or "end".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import UNSET, Struct

from tcpdump_parse.check.needs import TIMELESS, unmet_at_end, unmet_by_step
from tcpdump_parse.check.notes import CaptureNotes, Notes
from tcpdump_parse.check.rule import Facts, Rule, Told, rules
from tcpdump_parse.check.screen import plain
from tcpdump_parse.check.select import chosen
from tcpdump_parse.check.signs import SIGNS, Sign
from tcpdump_parse.check.watch import PLANS, Call, Place, Plan, Plans, Readers, Shape, Telling, Wakes, Watch, of_whole
from tcpdump_parse.model import Capture, Finding, Notice, Packet, Severity, Unread
from tcpdump_parse.model.happenings import ClockStepped, GapAcked
from tcpdump_parse.model.steps import Connection, Ending, Step
from tcpdump_parse.track.resolution import Resolution

AT_ONCE = ("end", "capture")  # endings that nothing later is needed for
LOWERED = {Severity.ERROR: Severity.WARN, Severity.WARN: Severity.NOTE, Severity.NOTE: Severity.NOTE}
GRAVITY = {Severity.NOTE: 0, Severity.WARN: 1, Severity.ERROR: 2}
_NOWHERE = (0, UNSET, UNSET, UNSET)
_NONE: Sequence[Finding] = ()
TOGETHER = 64  # segments that notes are told of at once
_ONCE = Told.ONCE_AN_END
MEASURED = ("_s", "_a_second")  # ends of the names of facts that a clock measured
_SHAPES = 4096  # sequences of happenings whose wake-ups are kept; a log that makes up ever new ones starts anew

Event = Capture | Packet | Notice | Unread | Step | Ending


class CaptureEnd(Struct, frozen=True):
    """A capture is over: wakes the rules that need the whole of it. `frame` is its last record."""

    capture: int
    frame: int
    records: int


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
            rule for rule in chosen(rules() if known is None else known, select, ignore).values() if GRAVITY[rule.gravest] >= GRAVITY[least]
        ]
        self._rules: dict[type, list[Rule]] = {}
        self._notes: dict[type, list[type[Notes]]] = {}
        for rule in active:
            for kind in rule.on:
                self._rules.setdefault(kind, []).append(rule)
        reading = dict.fromkeys(rule.notes for rule in active if rule.notes)
        for notes in dict.fromkeys(each for reader in reading for each in (*reader.shares, reader)):
            for kind in notes.on:
                self._notes.setdefault(kind, []).append(notes)
        self._awaited = frozenset(kind for each in active for kind in each.after) | {kind for notes in reading for kind in notes.after}
        wanted = {*self._rules, *self._notes, *self._awaited}
        self.asked = [sign for sign in SIGNS if not wanted.isdisjoint(sign.shows)]
        self._every = tuple(notes for notes in self._notes.get(Step, ()) if issubclass(notes, CaptureNotes))
        self._readers = Readers(self._notes)
        self._shapes: dict[Shape, Wakes] = {}
        self._plans = Plans()
        self._watches: dict[int, Watch] = {}
        self._whole, self._each = self._open()
        self._passed: list[Step] = []  # segments that those notes were not yet told of
        self._quiet: list[Watch] = []  # connections whose notes were not yet told of all
        self._capture: Capture | None = None
        self._frame = 0
        self._records = 0
        self._stepped = False
        self._resolution = Resolution()
        self._pending: list[Ending] = []
        self.woken = 0  # rules called so far; a test counts them on plain segments

    def feed(self, event: Event) -> Sequence[Finding]:
        """The findings that this event makes certain."""
        if type(event) is Step:
            return self.step(event)
        if type(event) is Ending:
            return self._hold(event)
        if type(event) is Capture:
            return self._begin(event)
        return self._passing(event)  # type: ignore[arg-type]

    def finish(self) -> list[Finding]:
        """The end of the log."""
        return [*self._settle("end"), *self._over()]

    def _passing(self, event: Packet | Notice | Unread) -> list[Finding]:
        """What is no segment: it concerns the capture."""
        self._pass_on()
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
        self._capture, self._records, self._stepped = event, 0, False
        self._resolution = Resolution()
        self._whole, self._each = self._open()
        self._tell_capture(Capture, event)
        return found

    def _open(self) -> tuple[Watch, list[CaptureNotes]]:
        """What is kept of a capture; those of its notes that are told of each segment."""
        whole = Watch()
        return whole, [notes for kind in self._every if isinstance(notes := whole.note(kind), CaptureNotes)]

    def _over(self) -> list[Finding]:
        self._pass_on()
        if self._capture is None:
            return []
        end = CaptureEnd(self._capture.capture, self._frame, self._records)
        found = [finding for rule in self._rules.get(CaptureEnd, ()) for finding in self._ask_capture(rule, end)]
        self._capture = None
        return found

    def step(self, step: Step) -> Sequence[Finding]:
        """`feed` of a segment; most are plain and woke nobody: they are only kept for the notes."""
        packet, happenings = step.packet, step.happenings
        found = self._settle(packet.frame) if self._pending else _NONE
        self._frame = packet.frame
        self._records += 1
        conn = step.connection.conn
        watch = self._watches.get(conn)
        if watch is None:
            watch = self._watches[conn] = Watch()
            self._plans.turn(watch)
        plans = watch.plans[step.side]
        if len(happenings) == 2:  # most often, and four times as fast
            first, second = happenings
            kinds: Shape = (type(first), type(second))
        else:
            kinds = tuple(map(type, happenings))
        plan = plans.get(kinds) or self._plan(plans, kinds, watch, step)
        screened = plain(step)
        if screened and plan[3]:
            if not watch.quiet:
                self._quiet.append(watch)
            watch.quiet.append(step)
        else:
            found = self._loud(list(found), step, kinds, plan, watch, screened=screened)
        passed = self._passed
        passed.append(step)
        if len(passed) >= TOGETHER:
            self._pass_on()
        return found

    def _loud(self, found: list[Finding], step: Step, kinds: Shape, plan: Plan, watch: Watch, *, screened: bool) -> list[Finding]:
        """The rules that the happenings wake are asked, then those that signs wake; then the notes are told of both."""
        packet, happenings = step.packet, step.happenings
        wakes, calls, told, _ = plan
        if watch.quiet:
            self._readers.tell(watch)
        if wakes.takes_needs:
            self._lose_needs(watch, happenings)
        if wakes.reads_passed:
            self._pass_on()
        self._ask(found, calls, happenings, watch, step)
        signs: list[Sign] = []
        for question, about in wakes.signs if screened else wakes.all_signs:
            sign = question(step) if about is None else question(step, happenings[about])
            if sign is not None:
                signs.append(sign)
        by_sign: Sequence[Telling] = self._of_signs(found, signs, watch, step) if signs else ()
        if wakes.awaited and not wakes.awaited <= watch.happened:
            told = self._wake(wakes, kinds, watch, step)
        self._tell(told, happenings, watch, step)
        self._tell(by_sign, signs, watch, step)
        if signs or not wakes.usual:
            place = (packet.frame, packet.line, packet.end_line, packet.time)
            watch.places.append(place)
            self._whole.places.append(place)
        return found

    def _ask(self, found: list[Finding], calls: Sequence[Call], events: Sequence[Any], watch: Watch, step: Step) -> None:
        """Ask the rules that they wake."""
        self.woken += len(calls)
        for at, rule, body, kind, captures in calls:
            if kind is None:
                facts_found = body(step, events[at])
            else:
                home = self._whole if captures else watch
                facts_found = body(step, events[at], home.notes.get(kind) or home.note(kind))
            for facts in facts_found:
                found.append(self._of_step(rule, facts, watch, step))  # noqa: PERF401

    def _tell(self, told: Sequence[Telling], events: Sequence[Any], watch: Watch, step: Step) -> None:
        """Tell the notes that want to be told of them."""
        for at, kind, captures in told:
            home = self._whole if captures else watch
            (home.notes.get(kind) or home.note(kind)).see(step, events[at])

    def _of_signs(self, found: list[Finding], signs: Sequence[Sign], watch: Watch, step: Step) -> Sequence[Telling]:
        """Ask the rules that signs wake; who is to be told of them is answered."""
        kinds = tuple(map(type, signs))
        plans = watch.plans[step.side]
        wakes, calls, told, _ = plans.get(kinds) or self._plan(plans, kinds, watch, step)
        if wakes.reads_passed:
            self._pass_on()
        self._ask(found, calls, signs, watch, step)
        if wakes.awaited and not wakes.awaited <= watch.happened:
            told = self._wake(wakes, kinds, watch, step)
        return told

    def _wake(self, wakes: Wakes, kinds: Shape, watch: Watch, step: Step) -> Sequence[Telling]:
        """What some waited for happened; who is told of it and of what came with it."""
        self._plans.happens(watch, wakes.awaited)
        plans = watch.plans[step.side]
        return (plans.get(kinds) or self._plan(plans, kinds, watch, step))[2]

    def _plan(self, plans: dict[Shape, Plan], kinds: Shape, watch: Watch, step: Step) -> Plan:
        """What of the shape is awake on this connection."""
        wakes = self._shapes.get(kinds) or self._shape(kinds)
        if len(plans) >= PLANS:
            plans.clear()
        plan = plans[kinds] = wakes.plan(watch, step.side)
        return plan

    def _pass_on(self) -> None:
        """Tell the notes of all segments what passed since they were told last."""
        passed, self._passed = self._passed, []
        quiet, self._quiet = self._quiet, []
        for watch in quiet:
            if watch.quiet:
                self._readers.tell(watch)
        if self._resolution.coarse:
            self._time(passed)
        for notes in self._each:
            notes.see_all(passed)

    def _time(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._resolution.see(step.at)

    def _measured(self, facts: dict[str, Any]) -> dict[str, Any]:
        """The facts, and how fine the clock is that measured them, where it knows milliseconds at best."""
        if not any(name.endswith(MEASURED) for name in facts):
            return facts
        self._time(self._passed)
        resolution = self._resolution.seconds
        return facts if resolution is None else {**facts, "resolution_s": resolution}

    def _shape(self, kinds: Shape) -> Wakes:
        """What it wakes, at its first sight."""
        if len(self._shapes) >= _SHAPES:
            self._shapes.clear()
        known = self._shapes[kinds] = Wakes(kinds, self._rules, self._notes, self.asked, self._awaited, self._every)
        return known

    def _lose_needs(self, watch: Watch, happenings: Sequence[Any]) -> None:
        """What takes a need away for good, from this segment on."""
        for happening in happenings:
            if type(happening) is GapAcked:
                watch.gap = True
            elif type(happening) is ClockStepped:
                self._stepped = True

    def _of_step(self, rule: Rule, facts: Facts, watch: Watch, step: Step) -> Finding:
        if rule.told is _ONCE:
            self._plans.tells(watch, rule, step.side)
        if self._resolution.coarse:
            self._resolution.see(step.at)
        own = step.packet.frame
        frame = own if facts.frame is None else facts.frame
        place = watch.place(frame) if frame != own else (own, step.packet.line, step.packet.end_line, step.packet.time)
        known_at = UNSET if frame == own else own
        side = facts.side or str(step.side)
        unmet = unmet_by_step(rule.needs, watch, step, timed=not self._stepped)
        return self._finding(rule, facts, frame, known_at, place, unmet, step.connection, side)

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
        self._pass_on()
        watch = self._watches.pop(ending.connection.conn, None) or Watch()
        found: list[Finding] = []
        for event in ending.happenings:
            self._ask_ending(found, self._rules.get(type(event), ()), watch, (ending, event), known_at)
            for notes in self._notes.get(type(event), ()):
                self._notes_of(notes, watch).see(ending, event)
        self._ask_ending(found, self._rules.get(Ending, ()), watch, (ending,), known_at)
        self._tell_capture(Ending, ending)
        return found

    def _ask_ending(
        self, found: list[Finding], rules: Iterable[Rule], watch: Watch, event: tuple[Ending, *tuple[Any, ...]], known_at: int | str
    ) -> None:
        ending = event[0]
        for rule in rules:
            if rule.after and not watch.awake(rule):
                continue
            self.woken += 1
            kind = rule.notes
            for facts in rule.body(*event) if kind is None else rule.body(*event, watch.notes.get(kind) or self._notes_of(kind, watch)):
                frame = ending.frame if facts.frame is None else facts.frame
                unmet = unmet_at_end(rule.needs, watch, ending)
                if TIMELESS in unmet and (facts.severity or rule.severity) is Severity.NOTE:
                    continue  # a figure across a step of the clock is none, and nothing is lower than a note
                place = watch.place(frame) or of_whole(ending, frame)
                found.append(self._finding(rule, facts, frame, known_at, place, unmet, ending.connection, facts.side))

    def _ask_capture(self, rule: Rule, event: CaptureEnd | Packet | Notice | Unread) -> Iterator[Finding]:
        self.woken += 1
        arguments = (event,) if rule.notes is None else (event, self._notes_of(rule.notes, self._whole))
        at = UNSET if isinstance(event, Notice) else event.frame
        own = None if isinstance(event, CaptureEnd) else (0, event.line, event.end_line, getattr(event, "time", UNSET))
        for facts in rule.body(*arguments):
            frame = at if facts.frame is None and own else UNSET if facts.frame is None else facts.frame
            place = own if facts.frame is None else self._whole.place(facts.frame)
            known_at = "end" if own is None else UNSET if frame == at else at
            yield self._finding(rule, facts, frame, known_at, place, (), None, facts.side)

    def _tell_capture(self, kind: type, event: Any) -> None:
        for notes in self._notes.get(kind, ()):
            if issubclass(notes, CaptureNotes):
                self._whole.note(notes).see(event)

    def _notes_of(self, kind: type[Notes], watch: Watch) -> Notes:
        home = self._whole if issubclass(kind, CaptureNotes) else watch
        return home.notes.get(kind) or home.note(kind)

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
        _, line, end_line, time = (0, *facts.lines, facts.time) if facts.lines else place or _NOWHERE
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
            facts=self._measured(facts.facts) if self._resolution.coarse else facts.facts,
            evidence=facts.evidence,
            unless=unmet,
        )


def check(
    events: Iterable[Event], select: Iterable[str] = (), ignore: Iterable[str] = (), known: Mapping[str, Rule] | None = None
) -> Iterator[Finding]:
    """The findings of a log, in order of certainty. `events` are what `track` yields; `select` and `ignore` take rule names, families and
    globs (ValueError for one that names no rule); `known` are the rules to choose from, by default all that are installed."""
    judge = Judge(select, ignore, known)
    feed, step = judge.feed, judge.step
    for event in events:
        found = step(event) if type(event) is Step else feed(event)
        if found:
            yield from found
    yield from judge.finish()
