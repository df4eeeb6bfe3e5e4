"""The capture's clock: set back, set forward, or printed so that something about the time is not known.

What a rule here finds bounds what durations can mean (`Need.TIME`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from msgspec import UNSET

from tcpdump_parse.check.engine import CaptureEnd
from tcpdump_parse.check.notes import CaptureNotes, Notes
from tcpdump_parse.check.rule import Facts, rule
from tcpdump_parse.model import Packet, Severity
from tcpdump_parse.model.happenings import ClockStepped, Copied, Idle, SynAckSent, SynSent
from tcpdump_parse.model.options import Timestamps
from tcpdump_parse.model.steps import End, Step
from tcpdump_parse.model.terms import SIDES, Side

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
QUEUES = SECOND // 1000
"""Records of two capture queues stand out of order by less than this; nobody sets a clock by so little."""


@rule(on=ClockStepped, severity=Severity.WARN, elsewhere=("wireshark:negative time delta", "tcpanaly:time travel"))
def cap_time_backwards(step: Step, event: ClockStepped) -> Iterator[Facts]:
    """The capture's clock went back.

    Durations across this record mean nothing. A clock set by hand or by NTP does it, and a log pasted together out of order. Less than a
    millisecond is usually two capture queues merged, and only a note.
    """
    yield Facts(by_s=event.by / SECOND, severity=Severity.NOTE if event.by < QUEUES else None)


class Pace(Notes):
    """Where each end's timestamps began since the clock was last set back: (when, TSval); their pace before; and when it was set back."""

    on: ClassVar = (SynSent, SynAckSent, ClockStepped)

    def __init__(self) -> None:
        self.start: dict[Side, tuple[int, int]] = {}
        self.pace: dict[Side, float] = {}  # ticks a nanosecond
        self.back: list[tuple[int, int]] = []  # frame, by

    def see(self, step: Step, event: SynSent | SynAckSent | ClockStepped) -> None:
        if isinstance(event, ClockStepped):
            for side in SIDES:
                self.pace[side] = self._pace(step.before.me if side is step.side else step.before.peer)
            self.start.clear()
            self.back = [*self.back, (step.frame, event.by)][-STEPS:]
        tsval = step.after.me.tsval
        if tsval is not None and step.at is not None:
            self.start.setdefault(step.side, (step.at, tsval))

    def _pace(self, end: End) -> float:
        start = self.start.get(end.side)
        if start is None or end.at is None or end.tsval is None or end.at - start[0] < PACED:
            return self.pace.get(end.side, 0.0)
        return (end.tsval - start[1]) % 2**32 / (end.at - start[0])

    def expected(self, step: Step, jump: int) -> float:
        """Ticks in `jump` nanoseconds at the sender's pace so far; at least one in two seconds (RFC 7323: 1 ms to 1 s a tick)."""
        return max(jump / (2 * SECOND), self._pace(step.before.me) * jump / 10)

    def since(self, step: Step) -> int | None:
        """Nanoseconds since this end's segment before, on the clock as it is now."""
        me = step.before.me
        if me.at is None or step.at is None:
            return None
        return step.at - me.at + sum(by for frame, by in self.back if me.frame < frame < step.frame)

    def jumped(self, step: Step) -> tuple[int, int] | None:
        """How far the capture's clock ran ahead of the sender's, and the ticks of that; None where the two agree, or nothing is known."""
        ticks, jump = _ticks(step), self.since(step)
        if ticks is None or jump is None or step.happened(Copied) is not None:
            return None
        return (jump, ticks) if jump >= 2 * SECOND and ticks < self.expected(step, jump) else None


STEPS = 8
"""How many times the clock is set back are remembered."""
PACED = SECOND // 50
"""The pace of a sender's clock is known after this."""


@rule(on=Idle, notes=Pace, severity=Severity.WARN, cites="RFC 7323 §5.4", elsewhere=("tcpanaly:time travel",))
def cap_time_forward_jump(step: Step, event: Idle, notes: Pace) -> Iterator[Facts]:
    """The capture's clock jumped ahead: the sender's own clock did not move with it.

    Its timestamps ticked less than a tenth of what they did before, or less than any clock may. The capture's clock was set, or the sender
    (a virtual machine, a laptop) slept.
    """
    jumped = notes.jumped(step)
    if jumped is not None:
        jump, ticks = jumped
        yield Facts(evidence=(step.before.me.frame,), jump_s=jump / SECOND, ticks=ticks)


def _ticks(step: Step) -> int | None:
    """How far the sender's timestamp moved since its segment before; None without timestamps, or when it moved back."""
    before, tcp = step.before.me.tsval, step.packet.tcp
    if before is None or tcp is UNSET:
        return None
    for option in tcp.options:
        if type(option) is Timestamps:
            ticks = (option.val - before) % 2**32
            return ticks if ticks < 2**31 else None
    return None


class Day(CaptureNotes):
    """The first record; the last one's day, for logs that print the time of day alone."""

    on: ClassVar = (Step,)

    def __init__(self) -> None:
        self.first: Packet | None = None
        self.begins = self.ends = 0  # its day, in nanoseconds
        self.before: Packet | None = None
        self.midnights: list[tuple[Packet, Packet]] = []

    def see_all(self, steps: Sequence[Step]) -> None:
        before, begins, ends = self.before, self.begins, self.ends
        for step in steps:
            at = step.at
            if at is None:
                self.first = self.first or step.packet
                continue
            if not begins <= at < ends:
                self._turns(before, step.packet)
                begins = self.begins = at // DAY * DAY
                ends = self.ends = begins + DAY
            before = step.packet
        self.before = before

    def _turns(self, before: Packet | None, packet: Packet) -> None:
        if before is None:
            self.first = self.first or packet
        elif len(self.midnights) < 64 and _time_of_day(packet):
            self.midnights.append((before, packet))


def _time_of_day(packet: Packet) -> bool:
    """Printed as HH:MM:SS.ffffff, without a date."""
    return packet.time is not UNSET and packet.time[2:3] == ":"


def _relative(packet: Packet) -> bool:
    """Printed as -ttt and -ttttt do: since the record before, or since the first."""
    return packet.time is not UNSET and packet.clock is not UNSET and packet.time[:1] in (" ", "-") and packet.time[3:4] == ":"


@rule(on=CaptureEnd, notes=Day, severity=Severity.NOTE)
def cap_midnight(end: CaptureEnd, notes: Day) -> Iterator[Facts]:
    """The time of day starts again: midnight passed.

    The log prints no date, so a step back of more than twelve hours is read as the next day.
    """
    for before, after in notes.midnights:
        yield Facts(packet=after, evidence=(before.frame,), before=before.time, after=after.time)


@rule(on=CaptureEnd, notes=Day, severity=Severity.NOTE)
def cap_date_missing(end: CaptureEnd, notes: Day) -> Iterator[Facts]:
    """The log prints times of day without a date.

    Nothing can be lined up with other logs by date; `tcpdump -tttt` prints one.
    """
    if notes.first is not None and _time_of_day(notes.first):
        yield Facts(packet=notes.first)


@rule(on=CaptureEnd, notes=Day, severity=Severity.NOTE)
def cap_time_relative(end: CaptureEnd, notes: Day) -> Iterator[Facts]:
    """The log prints durations, not times: since the record before (-ttt) or since the first (-ttttt).

    When it happened is not known, and where records are missing, -ttt is wrong by what they took.
    """
    if notes.first is not None and _relative(notes.first):
        yield Facts(packet=notes.first)


@rule(on=CaptureEnd, notes=Day, severity=Severity.NOTE)
def cap_time_missing(end: CaptureEnd, notes: Day) -> Iterator[Facts]:
    """The log prints no times (-t).

    Nothing can be said of durations: round trips, timers, pauses, and what is judged by them.
    """
    if notes.first is not None and notes.first.time is UNSET:
        yield Facts(packet=notes.first)
