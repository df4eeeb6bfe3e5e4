"""Reports of findings: valid by their schemas, and nothing that a log says becomes markup, a command, or terminal control."""

from __future__ import annotations

import io
import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpdump_parse.check import check
from tcpdump_parse.model import Finding, Severity
from tcpdump_parse.read import read
from tcpdump_parse.tell.findings import worded
from tcpdump_parse.tell.words import words
from tcpdump_parse.track import track
from tcpdump_parse.write import report
from tcpdump_parse.write.report import Reported, Summary

SAMPLES = Path(__file__).parents[2] / "samples"
SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0-rtm.5.json").read_text("utf-8"))
HOSTILE = "a]]>\x1b[31m\u202e<script>&\"'\r\n::error::x%0A,:\x00\ud800=1+1"


def found(text: bytes, file: str = "a.txt") -> list[Reported]:
    return [Reported(worded(finding, words("en")), file) for finding in check(track(read([text])))]


def hostile(message: str = HOSTILE, file: str = HOSTILE) -> Reported:
    return Reported(Finding("rexmit", Severity.WARN, "loss", 1, frame=3, line=4, end_line=5, message=message), file, "Title")


def test_a_finding_that_lacks_what_its_rule_needs_says_what() -> None:
    finding = Finding("rexmit", Severity.NOTE, "loss", 1, line=4, message="Sent again.", unless=("both_sides", "time"))
    out = io.StringIO()
    report.text([Reported(finding, "a.txt")], out, Summary(), colour=False, words=words("en"))
    assert out.getvalue().splitlines()[0] == "a.txt:4: note rexmit: Sent again. (less certain: one end was not seen, the clock went back)"


def test_a_report_in_chinese_is_chinese_in_its_punctuation_too() -> None:
    finding = Finding("rexmit", Severity.NOTE, "loss", 1, line=4, message="重传。", unless=("time",))
    out = io.StringIO()
    summary = Summary(9, {Severity.WARN: 1, Severity.NOTE: 3})
    report.text([Reported(finding, "a.txt", more=3, frames=(8, 9))], out, summary, colour=False, words=words("zh"))
    assert out.getvalue().splitlines() == [
        "a.txt:4: note rexmit: 重传。（不太确定：时钟曾倒退；另有 3 处同类；第 8、9、… 帧）",
        "共 9 个包：1 个警告、3 条提示。",
    ]


def test_what_is_one_is_told_as_one() -> None:
    """A frame, a packet: not "frames 8", "in 1 packets"."""
    finding = Finding("rexmit", Severity.NOTE, "loss", 1, line=4, message="Sent again.")
    out = io.StringIO()
    report.text([Reported(finding, "a.txt", more=1, frames=(8,))], out, Summary(1, {Severity.NOTE: 2}), colour=False, words=words("en"))
    assert out.getvalue().splitlines() == [
        "a.txt:4: note rexmit: Sent again. (1 more like it; frame 8)",
        "2 notes in 1 packet.",
    ]
    out = io.StringIO()
    report.text([], out, Summary(1), colour=False, words=words("en"))
    assert out.getvalue() == "Nothing found in 1 packet.\n"


def test_sarif_is_valid_by_its_schema() -> None:
    for seed in (SAMPLES / "seed.md", SAMPLES / "reset" / "linger.txt"):
        out = io.StringIO()
        report.sarif(found(seed.read_bytes(), str(seed)), out, {}, "1.0")
        jsonschema.Draft4Validator(SCHEMA).validate(json.loads(out.getvalue()))
    out = io.StringIO()
    report.sarif([hostile()], out, {}, "1.0")
    jsonschema.Draft4Validator(SCHEMA).validate(json.loads(out.getvalue()))


def test_a_file_is_an_address_that_leads_to_it() -> None:
    """What has a meaning in an address has none in a name, and a backslash is a letter where it separates nothing."""
    for file, uri in (("logs/a:b%20\\c?#.txt", "logs/a%3Ab%2520%5Cc%3F%23.txt"), ("b\udcffd.txt", "b%FFd.txt")):
        out = io.StringIO()
        report.sarif([hostile(file=file)], out, {}, "1.0")
        location = json.loads(out.getvalue())["runs"][0]["results"][0]["locations"][0]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_fingerprints_survive_a_log_that_was_shifted() -> None:
    """Lines put in front of a log move every finding; a code-scanning page must know them again."""
    text = (SAMPLES / "seed.md").read_bytes()

    def prints(log: bytes) -> list[str]:
        out = io.StringIO()
        report.sarif(found(log), out, {}, "1.0")
        return [result["partialFingerprints"]["record/v1"] for result in json.loads(out.getvalue())["runs"][0]["results"]]

    assert prints(text) == prints(b"# a line\n# another\n" + text)
    assert len(set(prints(text))) == len(prints(text))
    timeout = (SAMPLES / "loss" / "timeout.txt").read_bytes()
    assert {*prints(timeout)} <= {*prints(EARLIER + timeout)}


EARLIER = b"""\
08:00:00.000000 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)
    203.0.113.1.5000 > 203.0.113.2.80: Flags [S], cksum 0xaa0c (correct), seq 1000, win 64240, length 0
"""


@given(st.text(), st.text())
def test_junit_is_xml_whatever_a_log_says(message: str, file: str) -> None:
    out = io.StringIO()
    report.junit([hostile(message, file), hostile()], out, (Severity.WARN,))
    root = Xml.fromstring(out.getvalue())
    assert {case.tag for case in root.iter()} <= {"testsuites", "testsuite", "testcase", "failure", "system-out"}
    assert sum(int(suite.get("failures", 0)) for suite in root) == 2


def test_a_file_that_could_not_be_read_is_no_case_that_passes() -> None:
    """What CI shows beside a green tick was looked at."""
    out = io.StringIO()
    report.junit([hostile(file="b")], out, (Severity.WARN,), ("a", "b", "c"), {"a": HOSTILE})
    suites = list(Xml.fromstring(out.getvalue()))
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors")) for suite in suites] == [
        ("a", "1", "0", "1"), ("b", "1", "1", "0"), ("c", "1", "0", "0"),
    ]  # fmt: skip
    assert [case.get("name") for suite in suites for case in suite] == ["not read", "rexmit at line 4", "nothing found"]
    out = io.StringIO()
    report.sarif([], out, {}, "1.0", (HOSTILE,))
    sarif = json.loads(out.getvalue())
    jsonschema.Draft4Validator(SCHEMA).validate(sarif)
    assert sarif["runs"][0]["invocations"][0]["executionSuccessful"] is False


@given(st.text(), st.text())
def test_a_github_annotation_stays_one_command(message: str, file: str) -> None:
    out = io.StringIO()
    report.github([hostile(message, file)], out)
    lines = out.getvalue().split("\n")
    assert len(lines) == 2
    assert not lines[1]
    assert lines[0].startswith("::warning file=")
    properties = lines[0].removeprefix("::warning ").split("::", 1)[0]
    assert [part.partition("=")[0] for part in properties.split(",")] == ["file", "line", "endLine", "title"]


@given(st.text(), st.text())
def test_text_is_one_visible_line(message: str, file: str) -> None:
    out = io.StringIO()
    report.text([hostile(message, file)], out, Summary(), colour=False, words=words("en"))
    line = out.getvalue().split("\n")[0]
    assert line.isprintable() or all(character.isprintable() or character.isspace() for character in line)
    assert out.getvalue().count("\n") == 2


def test_repeats_fold_and_sort_by_line() -> None:
    same = [Reported(Finding("rexmit", Severity.WARN, "loss", 1, conn=1, frame=n, line=n), "b") for n in (9, 3, 5)]
    other = Reported(Finding("reorder", Severity.WARN, "loss", 1, conn=1, frame=1, line=1), "b")
    assert [(one.finding.rule, one.line, one.more, one.frames) for one in report.folded([*same, other])] == [
        ("reorder", 1, 0, ()),
        ("rexmit", 9, 2, (3, 5)),
    ]


@pytest.mark.parametrize(
    ("severities", "text"), [((), "Nothing found in 7 packets."), ((Severity.WARN, Severity.NOTE), "1 warning, 1 note in 7 packets.")]
)
def test_summary(severities: tuple[Severity, ...], text: str) -> None:
    summary = Summary(packets=7, found=dict.fromkeys(severities, 1))
    out = io.StringIO()
    report.text([], out, summary, colour=False, words=words("en"))
    assert out.getvalue() == text + "\n"
