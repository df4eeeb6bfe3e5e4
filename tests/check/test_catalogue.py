"""The catalogue of rules one could have: every row says what became of it, and `done` names rules that are there."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tcpdump_parse.check.rule import rules

GROUPS = sorted((Path(__file__).parent / "catalogue").glob("*.tsv"))
COLUMNS = ["row", "status", "severity", "rule", "remark"]
"""`severity`: what the catalogue gives the row; `rule`: ours, where they are not called as the row is."""
STATUSES = {"done", "later", "not-from-text", "not-verifiable"}
ROWS = {
    "1.01": 39, "1.02": 31, "1.03": 32, "1.04": 15, "1.05": 33, "1.06": 22, "1.07": 27, "1.08": 13, "1.09": 14, "1.10": 16, "1.11": 15,
    "1.12": 33, "1.13": 18, "1.14": 10, "1.15": 21, "1.16": 18,
}  # fmt: skip
"""How many rows each group has."""
WHOLE = {"1.01", "1.02", "1.03", "1.04", "1.05", "1.06", "1.08", "1.09", "1.11", "1.12", "1.13", "1.14", "1.15", "1.16"}
"""Groups of which nothing that header text can show waits for later."""
RULES = rules(plugins=False)


def rows(group: Path) -> list[dict[str, str]]:
    with group.open(encoding="utf-8", newline="") as file:
        return [{key: value or "" for key, value in row.items()} for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def named(row: dict[str, str]) -> list[str]:
    """The rules that a row names: those of its column, else its own name."""
    return [name.strip() for name in (row["rule"] or row["row"]).split(",")]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.stem)
def test_every_row_has_a_status(group: Path) -> None:
    assert [row["row"] for row in rows(group) if row["status"] not in STATUSES] == []
    assert all(list(row) == COLUMNS for row in rows(group)), "a row with more columns than the header"


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.stem)
def test_what_is_done_names_a_rule(group: Path) -> None:
    missing = {row["row"]: named(row) for row in rows(group) if row["status"] == "done" and not set(named(row)) <= set(RULES)}
    assert missing == {}


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.stem)
def test_what_is_not_done_says_why(group: Path) -> None:
    assert [row["row"] for row in rows(group) if row["status"] != "done" and not row["remark"]] == []


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.stem)
def test_a_rule_of_another_severity_says_why(group: Path) -> None:
    odd = []
    for row in rows(group):
        ours = {str(RULES[name].severity) for name in named(row)} if row["status"] == "done" else set()
        if ours and not ours <= set(row["severity"].split("/")) and row["severity"] and not row["remark"]:
            odd.append((row["row"], row["severity"], ours))
    assert odd == []


def test_the_groups_that_must_be_whole_leave_nothing_for_later() -> None:
    late = [row["row"] for group in GROUPS for row in rows(group) if row["status"] == "later" and group.stem.partition("-")[0] in WHOLE]
    assert late == []


def test_no_row_is_left_out() -> None:
    assert {group.stem.partition("-")[0]: len(rows(group)) for group in GROUPS} == ROWS


def test_no_row_stands_twice() -> None:
    names = [row["row"] for group in GROUPS for row in rows(group)]
    assert sorted({name for name in names if names.count(name) > 1}) == []
