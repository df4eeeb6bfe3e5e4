"""A finding about a record says where and when it stands, exactly, however ordinary the record is and however long ago."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import UNSET

from tcpdump_parse.check import check
from tcpdump_parse.model import Finding, Packet, Unread
from tcpdump_parse.read import read
from tcpdump_parse.track import track
from tests.samples.verdicts import SAMPLES

LOGS = [path for path in sorted(SAMPLES.rglob("*")) if path.suffix in (".txt", ".md") and path.name != "README.md"]


def found(source: Path | list[bytes]) -> list[Finding]:
    return list(check(track(read(source))))


@pytest.mark.parametrize("family", sorted({path.relative_to(SAMPLES).parts[0] for path in LOGS}))
def test_a_finding_with_a_frame_has_the_lines_and_the_time_of_that_frame(family: str) -> None:
    for log in LOGS:
        if log.relative_to(SAMPLES).parts[0] != family:
            continue
        records = [event for event in read(log) if isinstance(event, Packet | Unread)]
        places = {record.frame: (record.line, record.end_line, getattr(record, "time", UNSET)) for record in records}
        odd = [f for f in found(log) if isinstance(f.frame, int) and (f.line, f.end_line, f.time) != places[f.frame]]
        assert [(log.name, f.rule, f.frame, f.line, f.time) for f in odd] == []


def test_a_record_of_long_ago_has_its_line_too() -> None:
    """Thousands of remarkable records later, which are more than are remembered."""
    openings = [
        f"23:00:{n // 1000:02d}.{n % 1000:03d}007 IP 10.0.0.1.{1024 + n} > 10.0.0.2.80: Flags [S], seq {n * 64000}, win 512, length 0"
        for n in range(1, 9000)
    ]
    log = (SAMPLES / "capture/missed.txt").read_text() + "".join(f"{line}\n" for line in openings)
    places = {event.frame: event.line for event in read([log.encode()]) if isinstance(event, Packet)}
    findings = [f for f in found([log.encode()]) if isinstance(f.frame, int)]
    assert {f.rule for f in findings if f.conn is UNSET} >= {"cap-drop-inferred", "cap-date-missing"}
    assert [(f.rule, f.frame) for f in findings if f.line != places[f.frame]] == []
