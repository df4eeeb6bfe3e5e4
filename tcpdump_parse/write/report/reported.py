"""A finding with what a report needs beside it: the file it is in, and how often the same was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from msgspec import UNSET, Struct

from tcpdump_parse.model import Finding, Severity

SHOWN_FRAMES = 8


class Reported(Struct, frozen=True, gc=False):
    """`finding` (with its message) in `file`; `more` further ones like it were folded into it, at `frames` (the first few)."""

    finding: Finding
    file: str
    title: str = ""
    more: int = 0
    frames: tuple[int, ...] = ()

    @property
    def line(self) -> int:
        """Where to look; 1 for a finding about a whole log."""
        return 1 if self.finding.line is UNSET else self.finding.line

    @property
    def end_line(self) -> int:
        return self.line if self.finding.end_line is UNSET else self.finding.end_line


@dataclass
class Summary:
    """How many findings of each severity, of how much."""

    packets: int = 0
    found: dict[Severity, int] = field(default_factory=dict)

    def count(self, finding: Finding) -> None:
        self.found[finding.severity] = self.found.get(finding.severity, 0) + 1


def folded(reported: Iterable[Reported]) -> Iterator[Reported]:
    """Repeats folded into the first, sorted by file and line: a rule speaks once a connection, a note once a capture.

    Keeps one value a rule and connection, however long the log.
    """
    groups: dict[tuple[object, ...], _Group] = {}
    note = Severity.NOTE
    for one in reported:
        finding = one.finding
        severity = finding.severity
        key = (one.file, finding.capture, finding.rule, severity, 0 if severity is note else finding.conn)
        group = groups.get(key)
        if group is None:
            groups[key] = _Group(one)
            continue
        group.more += 1
        if len(group.frames) < SHOWN_FRAMES and finding.frame is not UNSET:
            group.frames.append(finding.frame)
    files = {file: n for n, file in enumerate(dict.fromkeys(group.first.file for group in groups.values()))}
    for group in sorted(groups.values(), key=lambda group: (files[group.first.file], group.first.line)):
        first = group.first
        yield Reported(first.finding, first.file, first.title, group.more, tuple(group.frames))


class _Group(Struct):
    """The first of its kind, how many more there were, and the first frames of those."""

    first: Reported
    more: int = 0
    frames: list[int] = []
