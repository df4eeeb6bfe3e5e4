"""Figures carry the resolution of the clock that measured them, where that is a millisecond or more; none spans a step of it."""

from __future__ import annotations

import re

import pytest

from tcpdump_parse.check import check
from tcpdump_parse.model import Finding
from tcpdump_parse.read import read
from tcpdump_parse.tell.findings import story
from tcpdump_parse.tell.words import words
from tcpdump_parse.track import track
from tests.samples.verdicts import SAMPLES

LOG = (SAMPLES / "timing/request-and-reply.txt").read_text()
TIME = re.compile(r"^(\d\d:\d\d:\d\d)\.(\d{6}) ", re.MULTILINE)
FIGURES = (
    "rtt-sample",
    "rtt-sample-ts",
    "rto",
    "throughput",
    "server-think-time",
    "ts-clock-rate",
    "ack-delay",
    "idle-close",
    "app-limited",
)


def found(text: str) -> list[Finding]:
    return list(check(track(read([text.encode()]))))


@pytest.mark.parametrize("tail", ["", "000"])
def test_a_clock_of_milliseconds_is_named(tail: str) -> None:
    cut = found(TIME.sub(lambda time: f"{time[1]}.{time[2][:3]}{tail} ", LOG))
    assert {f.facts.get("resolution_s") for f in cut if f.rule in ("synack-rtt", "throughput")} == {0.001}
    said = [story(f, words("en")) for f in cut]
    assert "The handshake took 30 ms: 30 ms between the capture point and the answering side, < 1 ms between it and the opener." in said
    assert not [text for text in said if "µs" in text or re.search(r"\d\.\d+ ms", text)]
    assert {f.facts.get("resolution_s") for f in cut if f.rule == "syn-seen"} == {None}


def test_a_clock_of_microseconds_needs_no_word() -> None:
    assert {f.facts.get("resolution_s") for f in found(LOG) if f.frame != 1} == {None}


@pytest.mark.parametrize("log", ["clock/back.txt", "provoke/clock-steps.txt"])
def test_no_figure_spans_a_step_of_the_clock(log: str) -> None:
    assert [f.rule for f in found((SAMPLES / log).read_text()) if f.rule in FIGURES] == []


def test_a_log_without_times_has_no_figures() -> None:
    assert [f.rule for f in found(TIME.sub("", LOG)) if f.rule in FIGURES] == []


def test_no_clock_of_timestamps_is_called_slow_across_a_step() -> None:
    """Nine hours that the capture's own clock leapt ahead, and back again, are no hours of the timestamps."""
    log = (SAMPLES / "sequence/never-sent.txt").read_text()
    ahead = re.sub(r"09(:26:40\.[67])", r"18\1", log)
    assert {f.rule for f in found(ahead)} >= {"cap-time-forward-jump", "cap-time-backwards"}
    assert [f.facts for f in found(ahead) if f.rule == "ts-clock-rate"] == []
