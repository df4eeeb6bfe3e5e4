"""Printed times to seconds. A case is the times of a capture and the clock of each, `-` where the text cannot tell."""

import datetime
import os
import subprocess
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from tcpdump_parse.read.clock import Clock, Form

CASES = """
time of day: 10:45:31.713962|38731.713962 10:45:31.713999|38731.713999 10:45:32.000000|38732.000000
time of day: 10:45:31.713962123|38731.713962123 10:45:31.713962124|38731.713962124
time of day: 23:59:59.999999|86399.999999 00:00:00.000001|86400.000001 23:00:00.000000|169200.000000 01:00:00.000000|176400.000000
time of day: 23:59:58.0|86398.0 00:00:00.1|86400.1 23:59:59.9|86399.9 00:00:00.2|86400.2
time of day: 22:00:00.000000|79200.000000 10:00:00.500000|36000.500000 22:00:01.0|79201.0
time of day: 17:16:09.000000|62169.000000 17:16:10.1000000|62171.000000 17:16:10.4294967295|66464.967295 17:16:10.000002|62170.000002
time of day: 17:16:10.1000000_(invalid_us)|62171.000000 17:16:10.1000000000_(invalid_ns)|62171.000000000
time of day: [Error_converting_time]|- [timestamp_overflow]|- |- 10:00:00.5|36000.5
time of day: _10:45:31.5|38731.5 _10:45:32.5|38732.5
time of day: 10:45:31.5|38731.5 1395669307.5|1395669307.5 10:45:31.5|38731.5
epoch: 1395669307.000001|1395669307.000001 1395669307.5|1395669307.5 0.000000|0.000000 -1.250000|-0.750000
date: 2014-03-24_13:55:07.000001|1395669307.000001 2014-03-24_13:55:08.000001|1395669308.000001
date: 03/24/2014_13:55:07.000001|1395669307.000001
date: 2014-13-24_13:55:07.000001|- 2014-03-24_13:55:07.000001|1395669307.000001
delta: _00:00:00.000000|0.000000 _00:00:02.000000|2.000000 _00:00:00.100000|2.100000 _00:00:05.000000|7.100000
delta: 00:00:00.000000|0.000000 00:00:02.000000|2.000000 00:00:00.100000|2.100000
delta: 000000|0.000000 5._000012|5.000012 000100|5.000112
delta: _00:00:00.000000|0.000000 _00:00:02.000000|2.000000 -00:00:00.000001|1.999999
delta: _00:00:00.000000|0.000000 _00:00:01.000000|1.000000 _00:00:02.000000|- _00:00:02.900000|- _00:00:00.400000|6.300000
delta: _00:00:00.000000000|0.000000000 _00:00:01.000000000|1.000000000 _00:00:00.000000001|1.000000001
elapsed: _00:00:00.0|0.000000 _00:00:01.0|1.000000 _00:00:02.0|- _00:00:03.0|- _00:00:04.0|- _00:00:05.0|- _00:00:06.0|6.000000
relative: _00:00:00.000000|0.000000 -00:00:00.500000|-0.500000 _00:00:01.000000|-
"""
"""Times with `_` for blanks, each with its clock, `-` where the text cannot tell; before them the form they were found to have."""


@pytest.mark.parametrize("case", CASES.strip().split("\n"))
def test_each_form_of_time_counts_seconds(case: str) -> None:
    form, _, times = case.partition(": ")
    clock = Clock()
    for pair in times.split(" "):
        time, _, seconds = pair.rpartition("|")
        assert clock.clock(time.replace("_", " ")) == (UNSET if seconds == "-" else seconds)
    assert clock.form == form
    assert clock.zone_known is (form == "epoch")


def test_what_follows_decides_between_gaps_and_times_since_the_first() -> None:
    gaps = [" 00:00:00.000000", " 00:00:01.000000", " 00:00:02.000000", " 00:00:00.500000"]
    clock = Clock()
    first = clock.clock(gaps[0])
    clock.foresee(gaps[1:])
    assert [first, *map(clock.clock, gaps[1:])] == ["0.000000", "1.000000", "3.000000", "3.500000"]
    since = [f" 00:00:0{second}.000000" for second in range(8)]
    clock = Clock()
    first = clock.clock(since[0])
    clock.foresee(since[1:])
    assert [first, *map(clock.clock, since[1:])] == [f"{second}.000000" for second in range(8)]
    clock = Clock()
    few = [" 00:00:00.000000", " 00:00:00.222130", " 00:00:00.222547"]
    told = []
    for index, time in enumerate(few, 1):  # as records are read: each looks ahead while nothing is decided
        told.append(clock.clock(time))
        clock.foresee(few[index:])
    assert told == ["0.000000", "0.222130", UNSET]  # too few to tell: either is possible, and a wrong clock is worse


def test_a_zone_moves_the_epoch_and_knows_the_hour_that_comes_twice() -> None:
    clock = Clock(ZoneInfo("Europe/Berlin"))
    assert clock.zone_known
    printed = ["2025-10-26 02:59:59.5", "2025-10-26 02:00:00.5", "2025-10-26 02:59:59.5", "2025-10-26 03:00:00.5"]
    first, *rest = (Decimal(str(clock.clock(time))) for time in printed)
    assert first == Decimal(datetime.datetime(2025, 10, 26, 0, 59, 59, tzinfo=datetime.UTC).timestamp()) + Decimal("0.5")
    assert [time - first for time in rest] == [1, 3600, 3601]


@given(st.lists(st.integers(0, 90_000 * 10**6), min_size=1).map(sorted))
def test_forward_times_of_day_never_move_the_clock_back(moments: list[int]) -> None:
    """While no gap is longer than 12 h, midnights are counted exactly."""
    clock = Clock()
    day0 = moments[0] // (86400 * 10**6)
    before = moments[0]
    for moment in moments:
        if moment - before > 43_200 * 10**6 - 10**6:
            return
        before = moment
        seconds, micros = divmod(moment, 10**6)
        hours, rest = divmod(seconds % 86400, 3600)
        printed = f"{hours:02}:{rest // 60:02}:{rest % 60:02}.{micros:06}"
        told = clock.clock(printed if printed.strip("0:.") else "00:00:00.000001")
        if clock.form is Form.TIME_OF_DAY and printed.strip("0:."):
            assert told == f"{seconds - day0 * 86400}.{micros:06}"


@pytest.mark.parametrize("flag", ["-tt", "-ttt", "-tttt", "-ttttt"])
def test_tcpdumps_own_forms_agree_with_the_file(flag: str) -> None:
    """Sixty moments as a file holds them; each form tells the same seconds, but for where it starts to count."""
    moments = [(1_395_669_307 + 5 * i + i * i * 7919 % 4, i * i * 77_777 % 1_000_000) for i in range(60)]
    header = bytes.fromhex("d4c3b2a10200040000000000000000000000040065000000")
    record = bytes.fromhex("28000000280000004500002800010000400666cc0a0000010a000002000100020000000a00000000500200648faa0000")
    file = header + b"".join(b"".join(part.to_bytes(4, "little") for part in moment) + record for moment in moments)
    command = ("tcpdump", "-n", flag, "-r", "-")
    printed = subprocess.run(command, input=file, capture_output=True, check=True, env=os.environ | {"TZ": "UTC"})
    times = [line[: line.index(" IP ")] for line in printed.stdout.decode().splitlines()]
    clock = Clock()
    told = [clock.clock(times[0])]
    clock.foresee(times[1:])
    told += map(clock.clock, times[1:])
    start = Decimal(0) if flag in ("-tt", "-tttt") else Decimal("1395669307.000000")
    assert [Decimal(str(seconds)) for seconds in told] == [Decimal(f"{seconds}.{micros:06}") - start for seconds, micros in moments]
