"""`file:line: severity rule: message`, as linters print, and a summary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TextIO

from msgspec import UNSET

from tcpdump_parse.model import Severity
from tcpdump_parse.tell.words import Words
from tcpdump_parse.visible import visible
from tcpdump_parse.write.report.reported import Reported, Summary

COLOURS: Final[Mapping[Severity, str]] = {Severity.ERROR: "\x1b[1;31m", Severity.WARN: "\x1b[1;33m", Severity.NOTE: "\x1b[36m"}
BOLD: Final = "\x1b[1m"
DIM: Final = "\x1b[2m"
PLAIN: Final = "\x1b[0m"


def text(reported: Iterable[Reported], out: TextIO, summary: Summary, *, colour: bool, words: Words) -> None:
    """A line a finding, then the summary. `reported` may be counting `summary` while it is consumed."""
    for one in reported:
        out.write(_line(one, colour, words) + "\n")
    out.write(_summary(summary, words) + "\n")


def _line(one: Reported, colour: bool, words: Words) -> str:
    finding = one.finding
    place = f"{visible(one.file)}:{one.line}:"
    message = "" if finding.message is UNSET else visible(finding.message)
    remarks = _remarks(one, words)
    if not colour:
        return f"{place} {finding.severity} {visible(finding.rule)}: {message}{remarks}"
    painted = COLOURS[finding.severity]
    return f"{BOLD}{place}{PLAIN} {painted}{finding.severity}{PLAIN} {BOLD}{visible(finding.rule)}{PLAIN}: {message}" + (
        f"{DIM}{remarks}{PLAIN}" if remarks else ""
    )


def _remarks(one: Reported, words: Words) -> str:
    finding = one.finding
    remarks = []
    if finding.unless:
        reasons = words.say("term.comma").join(words.say(f"report.lacks_{need}") for need in finding.unless)
        remarks.append(words.say("report.unless", reasons=reasons))
    if one.more:
        remarks.append(words.say("report.more", n=one.more))
        if one.frames:
            frames = [*map(str, one.frames), *(["…"] if one.more > len(one.frames) else [])]
            remarks.append(words.say("report.frames" if len(frames) > 1 else "report.frame", frames=words.say("term.comma").join(frames)))
    return words.say("report.remarks", remarks=words.say("report.between").join(remarks)) if remarks else ""


def _summary(summary: Summary, words: Words) -> str:
    counts = [(severity, summary.found.get(severity, 0)) for severity in Severity]
    each = (words.say(f"report.{severity}_one" if n == 1 else f"report.{severity}", n=n) for severity, n in counts if n)
    found = words.say("term.comma").join(each)
    return (
        words.say("report.summary", found=found, packets=summary.packets) if found else words.say("report.nothing", packets=summary.packets)
    )
