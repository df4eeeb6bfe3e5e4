"""Time is told, not waited for: a clock that stands still until it is asked to wait."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpdump_parse.model import Capture, Notice, Packet
from tcpdump_parse.replay import Pace, paced, stepped

MICRO = 1000
SECOND = 10**9


class Told:
    """A clock whose time passes only while something waits; `late` nanoseconds pass with every wait that is not asked for."""

    def __init__(self, late: int = 0) -> None:
        self.time = 12345
        self.late = late

    def now(self) -> int:
        return self.time

    def wait_until(self, moment: int) -> None:
        self.time = max(self.time, moment) + self.late


def packet(clock: str, frame: int = 1, capture: int = 1) -> Packet:
    return Packet(capture=capture, frame=frame, line=frame, end_line=frame, clock=clock)


def due(clocks: Iterable[str], pace: Pace | None = None, late: int = 0) -> list[int]:
    """When each record comes, in nanoseconds after the first."""
    clock = Told(late)
    times = [clock.now() for _ in paced([packet(text, at) for at, text in enumerate(clocks)], clock, pace or Pace())]
    return [time - times[0] for time in times]


def test_gaps_are_those_of_the_log_to_the_microsecond() -> None:
    assert due(["10.000000", "10.000001", "11.500000"]) == [0, MICRO, SECOND + SECOND // 2]


def test_ten_times_the_speed_is_a_tenth_of_the_time() -> None:
    assert due(["10.0", "12.0", "12.5"], Pace(Fraction(10))) == [0, SECOND // 5, SECOND // 4]


def test_a_long_gap_is_cut_and_the_next_gaps_stay_as_they_were() -> None:
    assert due(["0.0", "3600.0", "3600.25"], Pace(max_gap=2 * SECOND)) == [0, 2 * SECOND, 2 * SECOND + SECOND // 4]


def test_a_late_record_does_not_push_those_behind_it() -> None:
    """Without absolute due times every wake-up's delay would add up."""
    assert due([f"{second}.0" for second in range(100)], late=SECOND // 1000)[-1] == 99 * SECOND + SECOND // 1000


def test_a_step_back_of_the_clock_waits_for_nothing() -> None:
    assert due(["10.0", "4.0", "5.0"]) == [0, 0, SECOND]


def test_another_capture_begins_at_once() -> None:
    """The pause between two captures in one file is not known."""
    clock = Told()
    events = [packet("10.0"), Capture(capture=2), packet("5000.0", capture=2), packet("5001.0", capture=2)]
    assert [clock.now() - 12345 for _ in paced(events, clock, Pace())] == [0, 0, 0, SECOND]


def test_what_has_no_time_comes_with_the_record_before_it() -> None:
    clock = Told()
    events = [packet("1.0"), Notice(capture=1, line=2, end_line=2, kind="comment"), packet("2.0")]
    assert [clock.now() - 12345 for _ in paced(events, clock, Pace())] == [0, 0, SECOND]


@pytest.mark.parametrize("speed", [0, -1])
def test_time_cannot_stand_still_or_run_back(speed: int) -> None:
    with pytest.raises(ValueError, match="above zero"):
        Pace(Fraction(speed))


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30), st.fractions(Fraction(1, 1000), 1000))
def test_every_gap_is_divided_by_the_speed(micros: list[int], speed: Fraction) -> None:
    """Order and gaps to the microsecond, whatever the speed; no rounding adds up."""
    micros = sorted(micros)
    times = due([f"{micro // 10**6}.{micro % 10**6:06d}" for micro in micros], Pace(speed))
    assert times == [int((micro - micros[0]) * MICRO / speed) for micro in micros]
    assert all(before <= after for before, after in pairwise(times))


def test_each_key_shows_one_record_and_what_stands_behind_it() -> None:
    keys = iter([True, True, False])
    comment = Notice(capture=1, line=2, end_line=2, kind="comment")
    events = [packet("1.0", 1), comment, packet("2.0", 2), packet("3.0", 3), packet("4.0", 4)]
    assert list(stepped(events, lambda: next(keys))) == events[:4]
