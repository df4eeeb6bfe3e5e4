"""Scans, floods, forged and overlapping segments, odd clocks, partial, edited and re-sorted logs: each has the findings it should have."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.check.provoked import GOLDEN, LOGS, lines


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_a_log_made_to_provoke_has_the_findings_of_its_list(log: Path) -> None:
    assert list(lines(log)) == (GOLDEN / log.name).read_text("utf-8").splitlines()


def test_every_list_has_its_log() -> None:
    assert sorted(path.name for path in GOLDEN.glob("*.txt")) == [log.name for log in LOGS]
