"""What holds for every test: how hard Hypothesis looks, and that nothing is skipped unseen where everything must run."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tcpdump_parse.read import grammar

CI = os.environ.get("CI") == "true"

# HYPOTHESIS_PROFILE=deep pytest …  looks for as long as an afternoon allows.
settings.register_profile("quick", max_examples=60, deadline=None, derandomize=CI, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_configure(config: pytest.Config) -> None:
    """Every tdparse that a test starts should load lark's tables, as an installed one does, and not make them again."""
    kept = grammar.TABLES.read_bytes()[:32] if grammar.TABLES.exists() else b""
    if not hasattr(config, "workerinput") and kept != grammar.digest(grammar.source()):
        new = grammar.TABLES.with_suffix(f".{os.getpid()}")
        new.write_bytes(grammar.tables())
        new.replace(grammar.TABLES)


OTHER_VERSION = "other version"
"""A test that compares with a program of one version skips under another; its reason says these words, and CI lets it pass."""


def _refused(report: pytest.TestReport | pytest.CollectReport) -> None:
    """In CI a skipped test is a failed one: there every tool is installed."""
    if CI and report.skipped and not hasattr(report, "wasxfail") and OTHER_VERSION not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    _refused(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    report = yield
    _refused(report)
    return report
