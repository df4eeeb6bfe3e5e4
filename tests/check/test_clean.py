"""Where nothing is wrong nothing is said to be, and few rules are asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcpdump_parse.check.engine import Judge, check
from tcpdump_parse.check.rule import rules
from tcpdump_parse.model import Finding, Severity
from tcpdump_parse.model.happenings import AckAdvanced, ChecksumOffload, DataSent
from tcpdump_parse.model.steps import Step
from tcpdump_parse.read import read
from tcpdump_parse.track import track
from tests.samples.verdicts import SAMPLES

LAB = SAMPLES / "lab"
ORDINARY = LAB / "ordinary.txt.xz"
"""4,000 packets of `samples/lab/traffic.py --seed 11`: 12 clients, IPv4 and IPv6, nothing lost; the end cuts some conversations."""
UNDISTURBED = [LAB / "recorded" / case / f"{end}.txt" for case in ("clean-far", "clean-near") for end in ("client", "server")]
PLAIN = {DataSent, AckAdvanced}
FEW = 10


def grave(found: list[Finding]) -> list[tuple[str, object, object]]:
    return [(finding.rule, finding.frame, finding.facts) for finding in found if finding.severity is not Severity.NOTE]


@pytest.mark.parametrize("log", [*UNDISTURBED, ORDINARY], ids=lambda log: f"{log.parent.name}/{log.stem}")
def test_clean_traffic_has_nothing_above_a_note(log: Path) -> None:
    found = list(check(track(read(log)), known=rules(plugins=False)))
    assert found
    assert grave(found) == []


@pytest.mark.parametrize("log", [*UNDISTURBED, ORDINARY], ids=lambda log: f"{log.parent.name}/{log.stem}")
def test_a_plain_segment_wakes_fewer_than_ten_rules(log: Path) -> None:
    """Hundreds of rules asked for each segment would cost more than all the rest: data in order and its ACK concern a few."""
    judge = Judge(known=rules(plugins=False))
    plain = 0
    for event in track(read(log)):
        before = judge.woken
        judge.feed(event)
        if isinstance(event, Step) and event.happenings and PLAIN.issuperset(_but_offload(event)):
            plain += 1
            assert judge.woken - before < FEW, f"frame {event.frame}: {[type(h).__name__ for h in event.happenings]}"
    assert plain > 100


def _but_offload(step: Step) -> set[type]:
    """What happened, but for a checksum that the card was to finish: that is so for each segment of its host."""
    return {type(happening) for happening in step.happenings} - {ChecksumOffload}
