"""Each sample fires what it says, about the frame it says, resting on the evidence it names; its near misses do not fire."""

from __future__ import annotations

import pytest

from tcpdump_parse.check.engine import check
from tcpdump_parse.check.rule import rules
from tcpdump_parse.model import Finding, Severity
from tcpdump_parse.read import read
from tcpdump_parse.track import track
from tests.samples.verdicts import Miss, Sample, Verdict, samples

SAMPLES = samples()


def findings(text: str) -> list[Finding]:
    return list(check(track(read([text.encode()]))))


def about(sample: Sample, verdict: Verdict, found: list[Finding]) -> list[Finding]:
    return [f for f in found if f.rule == verdict.rule and (verdict.frame is None or f.frame == verdict.frame)]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: f"{s.path.parent.name}/{s.path.stem}")
def test_sample_fires_what_it_says(sample: Sample) -> None:
    found = findings(sample.text)
    for verdict in sample.verdicts:
        assert about(sample, verdict, found), f"{verdict} does not fire; found {[(f.rule, f.frame) for f in found]}"
    if sample.clean:
        assert [(f.rule, f.frame) for f in found if f.severity is not Severity.NOTE] == []


@pytest.mark.parametrize(
    ("sample", "miss"), [pytest.param(s, m, id=f"{s.path.parent.name}/{s.path.stem}:{m.rule}:{m.edit}") for s in SAMPLES for m in s.misses]
)
def test_near_miss_is_silent(sample: Sample, miss: Miss) -> None:
    """One field, one record or one notice makes the difference."""
    assert miss.rule in {verdict.rule for verdict in sample.verdicts}, "a near miss of a rule that the sample does not fire"
    assert [(f.rule, f.frame) for f in findings(sample.edited(miss.edit)) if f.rule == miss.rule] == []


@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.verdicts], ids=lambda s: f"{s.path.parent.name}/{s.path.stem}")
def test_evidence_is_what_matters(sample: Sample) -> None:
    """Without a frame that a finding names as evidence, that finding is gone."""
    places = sample.places
    found = findings(sample.text)
    for verdict in sample.verdicts:
        finding = about(sample, verdict, found)[0]
        for frame in finding.evidence:
            shifted = finding.frame - 1 if isinstance(finding.frame, int) and finding.frame > frame else finding.frame
            assert frame in places
            left = [f for f in findings(sample.edited(f"without {frame}")) if f.rule == finding.rule and f.frame == shifted]
            same = [f for f in left if f.facts == finding.facts and f.severity == finding.severity]
            assert not same, f"{finding.rule} at {finding.frame} fires the same without its evidence, frame {frame}"


def test_every_rule_has_a_sample_and_a_near_miss() -> None:
    fired = {verdict.rule for sample in SAMPLES for verdict in sample.verdicts}
    missed = {miss.rule for sample in SAMPLES for miss in sample.misses}
    assert sorted(set(rules()) - fired) == [], "rules without a sample that fires them"
    assert sorted(set(rules()) - missed) == [], "rules without a near miss"
