"""JUnit XML: a suite a file, a case a rule that fired, a failure for what breaks the build.

XML 1.0 has no place for control characters; `visible` writes them as escapes before the library escapes the markup.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TextIO
from xml.etree import ElementTree as Xml

from msgspec import UNSET

from tcpdump_parse.model import Severity
from tcpdump_parse.visible import visible
from tcpdump_parse.write.report.reported import Reported


def junit(reported: Iterable[Reported], out: TextIO, failing: Collection[Severity], files: Iterable[str] = ()) -> None:
    """`failing`: the severities that count as failures; the others are cases that pass, with their words in `system-out`."""
    suites = Xml.Element("testsuites", name="tdparse")
    by_file: dict[str, list[Reported]] = {file: [] for file in files}
    for one in reported:
        by_file.setdefault(one.file, []).append(one)
    for file, found in by_file.items():
        failures = sum(one.finding.severity in failing for one in found)
        suite = Xml.SubElement(suites, "testsuite", name=visible(file), tests=str(max(1, len(found))), failures=str(failures), errors="0")
        if not found:
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
