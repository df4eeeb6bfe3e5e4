"""GitHub annotations: workflow commands on standard output, one a finding.

What a command's properties and its message may hold is escaped by GitHub's own rules, so that no text of a log becomes a command.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TextIO

from msgspec import UNSET

from tcpdump_parse.model import Severity
from tcpdump_parse.visible import visible
from tcpdump_parse.write.report.reported import Reported

COMMANDS: Final = {Severity.ERROR: "error", Severity.WARN: "warning", Severity.NOTE: "notice"}


def github(reported: Iterable[Reported], out: TextIO) -> None:
    """`::warning file=…,line=…,endLine=…,title=…::message`."""
    for one in reported:
        finding = one.finding
        message = finding.rule if finding.message is UNSET else finding.message
        title = f"{finding.rule}: {one.title}" if one.title else finding.rule
        properties = f"file={_property(one.file)},line={one.line},endLine={one.end_line},title={_property(title)}"
        out.write(f"::{COMMANDS[finding.severity]} {properties}::{_data(message)}\n")


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
