"""No duration is told finer than the capture's clock."""

import re

import pytest

from tcpdump_parse.tell import Manner, Told, Verdict, explain
from tcpdump_parse.tell.amounts import exact, rate, span
from tcpdump_parse.track.resolution import Resolution
from tcpdump_parse.write.story import Look, lines
from tests.tell.stories import ROOT

MS, S = 1_000_000, 1_000_000_000
LOG = (ROOT / "samples/timing/request-and-reply.txt").read_text()
TIME = re.compile(r"^(\d\d:\d\d:\d\d)\.(\d{6}) ", re.MULTILINE)
CUTS = {
    "milliseconds": TIME.sub(lambda time: f"{time[1]}.{time[2][:3]} ", LOG),
    "zeros": TIME.sub(lambda time: f"{time[1]}.{time[2][:3]}000 ", LOG),
}


def story(text, lang="en"):
    return list(explain([text.encode()], manner=Manner(lang=lang)))


def page(text, lang="en"):
    return "\n".join(lines(story(text, lang), Look(lang=lang)))


@pytest.mark.parametrize(
    ("at", "ns"),
    [
        ([None], S),
        ([0], S),
        ([S, 7 * S], S),
        ([S, 1300 * MS], 100 * MS),
        ([S, 1020 * MS], 10 * MS),
        ([S, 1021 * MS], MS),
        ([S, 1021 * MS + 300_000], 1000),
        ([S, 1021 * MS + 1], 1),
    ],
)
def test_the_clock_is_as_fine_as_its_times_show(at, ns):
    resolution = Resolution()
    for time in at:
        resolution.see(time)
    assert (resolution.ns, resolution.coarse, resolution.seconds) == (ns, ns >= MS, ns / S if ns >= MS else None)


@pytest.mark.parametrize(
    ("ns", "grain", "sentence", "column"),
    [
        (0, MS, "< 1 ms", "< 1 ms"),
        (400_000, MS, "< 2 ms", "< 2 ms"),  # a mean of times that are cut off
        (92 * MS, MS, "92 ms", "92 ms"),
        (92_400_000, MS, "92 ms", "92 ms"),
        (1_250 * MS, MS, "1.25 s", "1.250 s"),
        (25_058 * MS, MS, "25.1 s", "25.058 s"),
        (0, 10 * MS, "< 10 ms", "< 10 ms"),
        (1_250 * MS, 10 * MS, "1.25 s", "1.25 s"),
        (0, 100 * MS, "< 100 ms", "< 100 ms"),
        (1_300 * MS, 100 * MS, "1.3 s", "1.3 s"),
        (0, S, "< 1 s", "< 1 s"),
        (3 * S, S, "3 s", "3 s"),
        (-3 * S, S, "-3 s", "-3 s"),
        (130 * S, S, "2 min 10 s", "130 s"),
        (7260 * S, S, "2 h 1 min", "2 h 1 min"),
    ],
)
def test_a_duration_is_no_finer_than_its_clock(ns, grain, sentence, column):
    assert (span(ns, grain), exact(ns, grain)) == (sentence, column)


def test_a_rate_over_a_few_ticks_is_the_least_it_can_be():
    assert (rate(3000, 2 * MS, MS), rate(3000, 100 * MS, MS)) == ("> 1.0 MB/s", "30 kB/s")


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_was_cut_off_is_not_told(cut, lang):
    told = page(CUTS[cut], lang)
    assert "µs" not in told
    assert not re.search(r"\d\.\d+ ms", told)
    assert all(text in told for text in ("< 1 ms", " +30 ms", "123 ms"))


def test_the_values_say_how_fine_they_are():
    cut = {type(value): value.resolution for value in story(CUTS["zeros"]) if isinstance(value, Told | Verdict)}
    whole = {type(value): value.resolution for value in story(LOG) if isinstance(value, Told | Verdict)}
    assert (cut, whole) == ({Told: 0.001, Verdict: 0.001}, {Told: None, Verdict: None})


def test_without_times_no_duration_is_told():
    assert not re.search(r"\d ([mµ]s|s)\b", page(TIME.sub("", LOG)).replace("× 128", ""))


def test_a_clock_that_is_put_right_makes_no_silence():
    told = "\n".join(lines(list(explain(ROOT / "samples/clock/back.txt")), Look()))
    assert "The clock jumps ahead by 3.00 s here, about as far as it had gone back" in told
    assert "without a packet" not in told
