"""What a sample says it proves, read from its first lines.

    #: ack-unsent at 5                      the rule fires about frame 5 (`at end`: about whatever frame, known at the end)
    #: clean                                nothing above a note
    #~ ack-unsent 5: ack 3000 -> ack 2000   a near miss: with this edit of record 5 the rule is silent
    #~ cap-footer-mismatch line 30: 17 packets -> 16 packets     the same for a line of the file (a notice)
    #~ syn-refused without 1                a near miss: without record 1
    #~ copy twice 4 / #~ copy once 4        with record 4 twice in a row

A test believes only these lines. Each rule has a sample that fires it and, in the same file, a near miss.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tcpdump_parse.model import Packet, Unread
from tcpdump_parse.read import read

SAMPLES = Path(__file__).parents[2] / "samples"
_VERDICT = re.compile(r"#: (?P<rule>[\w/-]+)(?: at (?P<frame>\d+|end))?$")
_MISS = re.compile(r"#~ (?P<rule>[\w/-]+) (?P<edit>.+)$")
_EDIT = re.compile(r"(?P<line>line )?(?P<n>\d+): (?P<old>.*?) -> (?P<new>.*)$")


@dataclass(frozen=True)
class Verdict:
    """`rule` fires about `frame` (None: known at the end)."""

    rule: str
    frame: int | None


@dataclass(frozen=True)
class Miss:
    """With `edit` the rule is silent."""

    rule: str
    edit: str


@dataclass(frozen=True)
class Sample:
    path: Path
    text: str
    verdicts: tuple[Verdict, ...]
    misses: tuple[Miss, ...]
    clean: bool

    @property
    def places(self) -> dict[int, tuple[int, int]]:
        """frame → first and last line (from 1)."""
        return {e.frame: (e.line, e.end_line) for e in read([self.text.encode()]) if isinstance(e, Packet | Unread)}

    def edited(self, edit: str) -> str:
        """The text with one edit; raises if the edit changes nothing."""
        lines = self.text.split("\n")
        word, _, number = edit.partition(" ")
        if word in ("without", "twice"):
            first, last = self.places[int(number)]
            record = lines[first - 1 : last]
            lines[first - 1 : last] = record * 2 if word == "twice" else []
            return "\n".join(lines)
        found = _EDIT.match(edit)
        assert found, f"{self.path}: no such edit: {edit}"
        n = int(found["n"])
        first, last = (n, n) if found["line"] else self.places[n]
        record_text = "\n".join(lines[first - 1 : last])
        changed = record_text.replace(found["old"], found["new"], 1)
        assert changed != record_text, f"{self.path}: {edit!r} changes nothing"
        lines[first - 1 : last] = changed.split("\n")
        return "\n".join(lines)


def sample(path: Path) -> Sample:
    text = path.read_text("utf-8")
    head = [line for line in text.split("\n") if line.startswith(("#:", "#~"))]
    verdicts, misses, clean = [], [], False
    for line in head:
        if line == "#: clean":
            clean = True
        elif found := _VERDICT.match(line):
            verdicts.append(Verdict(found["rule"], int(found["frame"]) if found["frame"] not in (None, "end") else None))
        else:
            miss = _MISS.match(line)
            assert miss, f"{path}: no such verdict: {line}"
            misses.append(Miss(miss["rule"], miss["edit"]))
    return Sample(path, text, tuple(verdicts), tuple(misses), clean)


def samples() -> list[Sample]:
    """Every sample that opens with a verdict, but the lab's recordings (they have a truth of their own)."""
    logs = [path for path in sorted(SAMPLES.glob("*/*.txt")) if path.parent.name != "lab"]
    return [sample(path) for path in logs if path.read_text("utf-8").startswith("#:")]
