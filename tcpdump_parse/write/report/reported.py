"""A finding with what a report needs beside it: the file it is in, and how often the same was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from msgspec import UNSET

from tcpdump_parse.model import Finding, Severity

SHOWN_FRAMES = 8


@dataclass(frozen=True, slots=True)
class Reported:
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
    groups: dict[tuple[object, ...], tuple[Reported, int, list[int]]] = {}
    for one in reported:
        finding = one.finding
        place = finding.conn if finding.severity is not Severity.NOTE else 0
        key = (one.file, finding.capture, finding.rule, finding.severity, place)
        first, more, frames = groups.get(key, (one, -1, []))
        if more >= 0 and finding.frame is not UNSET and len(frames) < SHOWN_FRAMES:
            frames.append(finding.frame)
        groups[key] = (first, more + 1, frames)
    files = {file: n for n, file in enumerate(dict.fromkeys(str(key[0]) for key in groups))}
    ordered = sorted(groups.values(), key=lambda group: (files[group[0].file], group[0].line))
    for first, more, frames in ordered:
        yield Reported(first.finding, first.file, first.title, more, tuple(frames))
