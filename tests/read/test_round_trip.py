"""Text → fields → JSON → fields → text, byte for byte, for every capture of tcpdump's own tests and in every dialect.

A table row is a set of tcpdump's flags: how many records of how many carry TCP. Framing is held against tcpdump's own ordinals (-#).
"""

import io
import re

import msgspec
import pytest
from msgspec import UNSET

from tcpdump_parse.model import Event, Packet, Unread
from tcpdump_parse.read import read
from tcpdump_parse.write import find
from tests.corpus.printed import DIALECTS, FILES, printed


def through_json(text: bytes) -> list[msgspec.Struct]:
    return [msgspec.json.decode(msgspec.json.encode(value), type=Event) for value in read([text])]


def printed_again(values: list[msgspec.Struct]) -> bytes:
    out = io.StringIO()
    find("tcpdump").write(values, out)
    return out.getvalue().encode("utf-8", "surrogateescape")


@pytest.mark.parametrize(("flags", "records", "segments"), DIALECTS, ids=[row[0] for row in DIALECTS])
def test_every_dialect_reads_and_prints_back(flags: str, records: int, segments: int) -> None:
    found = seen = 0
    for file in FILES:
        text = printed(flags, file)
        values = through_json(text)
        assert printed_again(values) == text, file
        assert not [value for value in values if isinstance(value, Unread)], file
        packets = [value for value in values if isinstance(value, Packet)]
        seen += len(packets)
        found += sum(packet.tcp is not UNSET or packet.quoted is not UNSET for packet in packets)
    assert (seen, found) == (records, segments)


@pytest.mark.parametrize("flags", ["-nn -S -vvv", "-nn -A", "-nn -e -XX -vv"])
def test_records_begin_where_tcpdump_counts_them(flags: str) -> None:
    """Its own ordinals are the truth: taken off, the rest is framed alike."""
    for file in FILES:
        counted = printed("-# " + flags, file)
        lines = [number for number, line in enumerate(counted.split(b"\n"), 1) if re.match(rb" {0,4}\d+  (?=\d\d:\d\d:\d\d\.|\[)", line)]
        plain = [value.line for value in read([printed(flags, file)]) if isinstance(value, Packet)]
        assert plain == lines, file


def test_expected_texts_of_tcpdump_read_and_print_back() -> None:
    """The texts that tcpdump 5.0 is tested with, in the dialects of their tests."""
    for file in sorted(FILES[0].parent.glob("*.out")):
        text = file.read_bytes()
        values = through_json(text)
        assert printed_again(values) == text, file
        assert not [value for value in values if isinstance(value, Unread)], file
