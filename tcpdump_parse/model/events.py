"""The other values of the stream: where a capture begins, what stands between records, what could not be read, what was found."""

from __future__ import annotations

import enum
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from tcpdump_parse.model.packet import Packet, Text

SCHEMA = "1.0"


class Capture(Struct, frozen=True, gc=False, tag_field="type", tag="capture"):
    """The first value of each file, fenced block, or new banner."""

    schema: str = ""
    capture: int = 0
    file: str = ""
    line: int = 0
    newline: str = "\n"


class Notice(Struct, frozen=True, gc=False, tag_field="type", tag="notice"):
    """A line that is no record: banner, reading, captured, received, dropped, dropped_by_interface, interrupt, prompt, comment,
    fence, blank, prose, … `count` is the counter's number, `text` the line as it stood."""

    capture: int
    line: int
    end_line: int
    kind: str
    text: Text | UnsetType = UNSET
    count: int | UnsetType = UNSET


class Unread(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="unread"):
    """A record that could not be read: where (line, column from 1), what was seen, what was expected, what to do."""

    capture: int
    frame: int
    line: int
    end_line: int
    column: int
    text: Text
    expected: tuple[str, ...]
    message: str


class Severity(enum.StrEnum):
    """`error`: a MUST is broken or the log contradicts itself; `warn`: a SHOULD is broken, or loss or attack is likely; `note`: a fact."""

    ERROR = "error"
    WARN = "warn"
    NOTE = "note"


class Finding(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="finding"):
    """What a rule found: about `frame`, certain since `known_at` (a frame, or "end"); `unless` names needs that were not met.
    `file`: where its lines are, where a report of several logs says it."""

    rule: str
    severity: Severity
    family: str
    capture: int
    conn: int | UnsetType = UNSET
    frame: int | UnsetType = UNSET
    known_at: int | str | UnsetType = UNSET
    line: int | UnsetType = UNSET
    end_line: int | UnsetType = UNSET
    time: str | UnsetType = UNSET
    flow: str | UnsetType = UNSET
    side: str | UnsetType = UNSET
    message: str | UnsetType = UNSET
    cites: str | UnsetType = UNSET
    facts: dict[str, Any] = {}
    evidence: tuple[int, ...] = ()
    unless: tuple[str, ...] = ()
    file: str | UnsetType = UNSET


Read = Capture | Packet | Notice | Unread
