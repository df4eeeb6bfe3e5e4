"""The catalogue of what other systems check, group by group, and what became of each row here.

`done`: a rule (of the row's own name, or those in the column `rule`) says it. `later`: not yet. `not-from-text`: header text cannot show
it. `not-verifiable`: its source could not be checked, so it is not stated. All but `done` say why.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from tcpdump_parse.check.rule import rules

TABLES = sorted((Path(__file__).parent / "catalogue").glob("*.tsv"))
HEAD = ["row", "status", "rule", "remark"]
STATUSES = {"done", "later", "not-from-text", "not-verifiable"}
WHOLE = {"1.01-handshake", "1.02-options", "1.05-loss", "1.06-window", "1.12-close", "1.14-checksum", "1.15-capture", "1.16-security"}
"""Groups of which nothing that header text can show waits for later."""
ROWS = {
    "1.01": 39, "1.02": 31, "1.03": 32, "1.04": 15, "1.05": 33, "1.06": 22, "1.07": 27, "1.08": 13, "1.09": 14, "1.10": 16, "1.11": 15,
    "1.12": 33, "1.13": 18, "1.14": 10, "1.15": 21, "1.16": 18,
}  # fmt: skip
"""How many rows each group has."""
RULES = rules(plugins=False)


class Row(NamedTuple):
    row: str
    status: str
    rule: str = ""
    remark: str = ""

    @property
    def names(self) -> list[str]:
        """The rules that say what the row does."""
        return [name.strip() for name in (self.rule or self.row).split(",")]


def table(path: Path) -> list[Row]:
    head, *lines = path.read_text("utf-8").splitlines()
    assert head.split("\t") == HEAD
    return [Row(*line.split("\t")) for line in lines]


ALL = [pytest.param(path.stem, row, id=f"{path.stem}:{row.row}") for path in TABLES for row in table(path)]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_row_of_a_group_stands_once(path: Path) -> None:
    rows = table(path)
    assert [name for name, times in Counter(row.row for row in rows).items() if times > 1] == []
    assert len(rows) == ROWS[path.stem.partition("-")[0]]


@pytest.mark.parametrize(("group", "row"), ALL)
def test_a_row_has_its_rule_or_says_why_not(group: str, row: Row) -> None:
    assert row.status in STATUSES
    if row.status == "done":
        assert [name for name in row.names if name not in RULES] == []
    else:
        assert row.remark, f"{row.row} is {row.status}: why?"
    assert not (row.status == "later" and group in WHOLE), f"{row.row}: the group {group} is whole"
