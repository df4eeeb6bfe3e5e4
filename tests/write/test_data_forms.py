"""JSON lines and CSV: what the model holds is what is written."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import msgspec
import pytest

from tcpdump_parse.model import Base64, Capture, Checksum, Event, IPv4, IPv6, Notice, Packet, Segment, Unread
from tcpdump_parse.write import find, formats, write

VALUES = [
    Capture(schema="1.0", capture=1, file="a.txt", line=1),
    Packet(capture=1, frame=1, line=2, end_line=3, time="10:45:31.713962", ip=IPv4(src="10.0.0.1", dst="10.0.0.2", ttl=64, flags=("DF",)),
           tcp=Segment(5000, "http", flags="S", checksum=Checksum(1, correct=False, expected=2), seq=7, win=512, length=0)),
    Notice(capture=1, line=4, end_line=4, kind="comment", text="# comment"),
    Packet(capture=1, frame=2, line=5, end_line=5, ip=IPv6(src="::1", dst="::2"), body="=HYPERLINK(1)"),
    Unread(capture=1, frame=3, line=6, end_line=6, column=3, text=Base64("gA=="), expected=("a",), message='expected "a", saw "b"'),
]  # fmt: skip


def written(to: str, values: list[object]) -> str:
    out = io.StringIO()
    write(values, out, to=to)
    return out.getvalue()


def test_json_lines_give_the_same_objects_back() -> None:
    assert [msgspec.json.decode(line, type=Event) for line in written("jsonl", VALUES).splitlines()] == VALUES


def test_csv_has_a_row_for_each_record_and_a_column_for_each_field() -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv", VALUES))))
    assert [row["type"] for row in rows] == ["packet", "packet", "unread"]
    shown = {"ip.version": "4", "ip.src": "10.0.0.1", "ip.flags": '["DF"]', "ip.tos": "", "tcp.dport": "http", "tcp.ack": ""}
    assert {name: rows[0][name] for name in shown} == shown
    assert rows[1]["ip.version"] == "6"
    assert rows[1]["body"] == "'=HYPERLINK(1)"
    assert rows[2]["text"] == '{"base64":"gA=="}'


def test_a_text_format_fills_a_binary_file_with_utf_8(tmp_path: Path) -> None:
    with (tmp_path / "a.jsonl").open("wb") as out:
        write([Notice(1, 1, 1, "comment", "# 握手")], out)
    assert "# 握手".encode() in (tmp_path / "a.jsonl").read_bytes()


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no format 'xml'; there are: .*csv.*jsonl"):
        find("xml")


@pytest.mark.parametrize("name", formats())
def test_a_format_is_found_by_its_files_name(name: str) -> None:
    assert find(name).name == name
    assert find(name).suffix.startswith(".")
