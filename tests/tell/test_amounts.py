"""Amounts keep their unit and as many digits as they deserve."""

import pytest

from tcpdump_parse.tell.amounts import exact, rate, size, span

US, MS, S = 1_000, 1_000_000, 1_000_000_000


@pytest.mark.parametrize(
    ("ns", "sentence", "column"),
    [
        (0, "0 µs", "0 µs"),
        (850, "850 ns", "0.850 µs"),
        (12 * US, "12 µs", "12 µs"),
        (999_499, "999 µs", "999.499 µs"),
        (3_407 * US, "3.4 ms", "3.407 ms"),
        (44_423 * US, "44 ms", "44.423 ms"),
        (208_044 * US, "208 ms", "208.04 ms"),
        (999_600 * US, "1.00 s", "999.60 ms"),
        (1_502_000 * US, "1.50 s", "1.502 s"),
        (10_000_338 * US, "10.0 s", "10.000 s"),
        (25_058_356 * US, "25.1 s", "25.058 s"),
        (130 * S, "2 min 10 s", "130.000 s"),
        (7260 * S, "2 h 1 min", "2 h 1 min"),
        (200_000 * S, "2 d 7 h", "2 d 7 h"),
        (-44 * MS, "-44 ms", "-44.000 ms"),
    ],
)
def test_a_duration_is_written(ns, sentence, column):
    assert (span(ns), exact(ns)) == (sentence, column)


def test_sizes_and_rates_choose_their_unit():
    assert [size(n) for n in (0, 9_999, 10_000, 700_800, 999_999, 5_000_000_000)] == ["", "", "10.0 kB", "700.8 kB", "1.0 MB", "5.0 GB"]
    assert [rate(n, S) for n in (5, 999, 1500, 2_000_000_000)] == ["5.0 B/s", "999 B/s", "1.5 kB/s", "2.0 GB/s"]
    assert rate(1000, 10) == ""
