"""What people give by mistake, through the public `read`: a clear error or an `unread`, and the rest is still read."""

import codecs
from pathlib import Path

import pytest
from msgspec import UNSET

from tcpdump_parse.model import Notice, Packet, Read, Unread
from tcpdump_parse.read import SourceError, read

FIRST = b"10:45:31.713962 IP (tos 0x0, ttl 64, id 62917, offset 0, flags [DF], proto TCP (6), length 90)\n"
SECOND = b"    127.0.0.1.59322 > 127.0.0.1.8000: Flags [P.], cksum 0xfe4e (incorrect -> 0x858b), seq 1:39, ack 1, win 512, length 38\n"
RECORD = FIRST + SECOND
PROSE = "# 抓包\n说明：客户端发送数据\n"


def segments(values: list[Read]) -> list[Packet]:
    return [value for value in values if isinstance(value, Packet) and value.tcp is not UNSET]


STILL_READ = {
    "an empty log": (b"", 0),
    "only prose": (PROSE.encode(), 0),
    "GBK prose around records": (PROSE.encode("gbk") + RECORD + PROSE.encode("gbk") + RECORD, 2),
    "half a UTF-8 character at the end": (RECORD + "抓".encode()[:2], 1),
    "half a UTF-8 character in a line": (RECORD + b"# \xe6\x8a\n" + RECORD, 2),
    "UTF-16 of PowerShell": (codecs.BOM_UTF16_LE + (RECORD * 2).decode().encode("utf-16-le"), 2),
    "UTF-8 with a mark, CRLF": (codecs.BOM_UTF8 + (RECORD * 2).replace(b"\n", b"\r\n"), 2),
    "a line of 10 MB between records": (RECORD + b"x" * 10_000_000 + b"\n" + RECORD, 2),
    "a record of 10 MB between records": (RECORD + FIRST[:-1] + b", x" * 3_000_000 + b"\n" + RECORD, 2),
    "many short lines": (RECORD + b"E\n" * 100_000 + RECORD, 2),
    "a cut within the last record": (RECORD * 2 + FIRST + SECOND[:70], 2),
    "a cut behind the last first line": (RECORD * 2 + FIRST, 2),
    "NULs in a line": (RECORD * 20 + b"\0" * 40 + b"\n" + RECORD, 21),
    "a log without a last line end": (RECORD[:-1], 1),
    "very long numbers": (RECORD + RECORD.replace(b"512", b"5" * 5000) + RECORD, 2),
}


@pytest.mark.parametrize(("text", "count"), STILL_READ.values(), ids=STILL_READ.keys())
def test_the_rest_is_still_read(text: bytes, count: int, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(text)
    found = segments(list(read(path)))
    assert len(found) == count
    alone = segments(list(read([RECORD])))[0].tcp
    assert all(packet.tcp == alone for packet in found)


REFUSED = [(bytes(range(256)) * 9, "is a binary file"), (b"PK\x03\x04" + bytes(99), "is a zip archive")]


@pytest.mark.parametrize(("octets", "sentence"), REFUSED)
def test_what_is_no_log_is_an_error_with_a_sentence(octets: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(octets)
    with pytest.raises(SourceError, match=sentence):
        list(read(tmp_path / "file"))


def test_a_directory_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a directory"):
        list(read(tmp_path))
    with pytest.raises(SourceError, match="there is no such file"):
        list(read(tmp_path / "log"))


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        (RECORD + FIRST + RECORD, 3, "the second line of this record is missing"),
        (RECORD + FIRST + SECOND[:-12] + b"\n", 4, "cut or wrapped"),
        (RECORD.replace(b"win", b"wni"), 2, 'saw "wni"'),
        (RECORD.replace(b" > ", b" &gt; "), 2, "went through HTML"),
    ],
)
def test_what_cannot_be_read_says_why(text: bytes, line: int, sentence: str) -> None:
    (found,) = (value for value in read([text]) if isinstance(value, Unread))
    assert sentence in found.message
    assert found.line == line
    assert found.expected


def test_a_log_of_second_lines_alone_claims_no_more_than_it_shows() -> None:
    """`grep 8000` leaves them: they have neither a time nor an IP header."""
    values = list(read([RECORD + SECOND * 3]))
    assert len(segments(values)) == 1
    assert [value.line for value in values if isinstance(value, Unread)] == [3, 4, 5]


def test_lines_of_every_script_are_notices_with_their_text() -> None:
    values = list(read([PROSE.encode() + RECORD]))
    notices = [(value.kind, value.text) for value in values if isinstance(value, Notice)]
    assert notices == [("comment", "# 抓包"), ("prose", "说明：客户端发送数据")]
