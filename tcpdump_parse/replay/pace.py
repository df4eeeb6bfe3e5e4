"""When each record is due: as long after the first as it was in the log, divided by the speed, with long gaps cut.

Law: order is the log's, and due times add up from the log's own clock, so that no rounding and no late wake-up accumulates: a
record that comes late does not push the ones behind it. A step back of the log's clock, and a record without a time, waits for
nothing. What stands between records comes out with the record before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from msgspec import UNSET, Struct

from tcpdump_parse.model import Packet, Unread
from tcpdump_parse.replay.clock import Clock

Event = TypeVar("Event")
NANO = 10**9


class Pace(Struct, frozen=True):
    """`speed` times the log's own; no gap longer than `max_gap` nanoseconds of the log (None: as they are)."""

    speed: Fraction = Fraction(1)
    max_gap: int | None = None

    def __post_init__(self) -> None:
        if self.speed <= 0:
            raise ValueError("the speed must be above zero: 1 is the log's own, 10 is ten times as fast")
        if self.max_gap is not None and self.max_gap < 0:
            raise ValueError("the longest gap cannot be negative")


def paced(events: Iterable[Event], clock: Clock, pace: Pace) -> Iterator[Event]:
    """The same events, each given when it is due."""
    start = clock.now()
    before: int | None = None
    passed = 0
    capture = 0
    for event in events:
        moment = nanoseconds(event)
        if moment is not None:
            number = event.capture  # type: ignore[attr-defined]
            gap = moment - before if before is not None and number == capture else 0
            before, capture = moment, number
            passed += max(0, gap if pace.max_gap is None else min(gap, pace.max_gap))
            if gap > 0:
                clock.wait_until(start + int(passed / pace.speed))
        yield event


def stepped(events: Iterable[Event], ask: Callable[[], bool]) -> Iterator[Event]:
    """The same events, a record at a time: `ask` waits for a key after each one, and says whether to go on."""
    waiting = False
    for event in events:
        if isinstance(event, Packet | Unread):
            if waiting and not ask():
                return
            waiting = True
        yield event


def nanoseconds(event: object) -> int | None:
    """When a packet was captured, in nanoseconds of the log's clock; None for what has no time."""
    if type(event) is not Packet or event.clock is UNSET:
        return None
    return int(Decimal(event.clock) * NANO)
