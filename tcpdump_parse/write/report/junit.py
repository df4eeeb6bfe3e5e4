"""JUnit XML: a suite a file, a case a rule that fired, a failure for what breaks the build.

XML 1.0 has no place for control characters; `visible` writes them as escapes before the library escapes the markup.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TextIO
from xml.etree import ElementTree as Xml

from msgspec import UNSET

from tcpdump_parse.model import Severity
from tcpdump_parse.visible import visible
from tcpdump_parse.write.report.reported import Reported


def junit(
    reported: Iterable[Reported],
    out: TextIO,
    failing: Collection[Severity],
    files: Iterable[str] = (),
    unread: Mapping[str, str] | None = None,
) -> None:
    """`failing`: the severities that count as failures; the others are cases that pass, with their words in `system-out`. `files`: all that
    were looked at, in order; `unread`: those that could not be read, and why. Both may become known while `reported` is consumed."""
    found_in: dict[str, list[Reported]] = {}
    for one in reported:
        found_in.setdefault(one.file, []).append(one)
    by_file = {file: found_in.pop(file, []) for file in files} | found_in
    suites = Xml.Element("testsuites", name="tdparse")
    for file, found in by_file.items():
        failures = sum(one.finding.severity in failing for one in found)
        reason = (unread or {}).get(file)
        tests, errors = str(max(1, len(found) + (reason is not None))), str(int(reason is not None))
        suite = Xml.SubElement(suites, "testsuite", name=visible(file), tests=tests, failures=str(failures), errors=errors)
        if reason is not None:
            case = Xml.SubElement(suite, "testcase", classname="tdparse", name="not read", file=visible(file))
            Xml.SubElement(case, "error", message=visible(reason), type="unreadable").text = visible(reason)
        elif not found:
            Xml.SubElement(suite, "testcase", classname="tdparse", name="nothing found", file=visible(file))
        for one in found:
            _case(suite, one, one.finding.severity in failing)
    out.write('<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(suites, encoding="unicode") + "\n")


def _case(suite: Xml.Element, one: Reported, fails: bool) -> None:
    finding = one.finding
    message = "" if finding.message is UNSET else visible(finding.message)
    name = f"{finding.rule} at line {one.line}"
    case = Xml.SubElement(
        suite, "testcase", classname=f"tdparse.{finding.family}", name=visible(name), file=visible(one.file), line=str(one.line)
    )
    where = f"{visible(one.file)}:{one.line}: {finding.severity} {visible(finding.rule)}: {message}"
    if fails:
        Xml.SubElement(case, "failure", message=message, type=str(finding.severity)).text = where
    else:
        Xml.SubElement(case, "system-out").text = where
