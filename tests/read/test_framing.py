"""Where records, captures and notices begin and end, however the octets arrive."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from tcpdump_parse.model import Capture, Notice, Packet, Read, Unread
from tcpdump_parse.read import read
from tcpdump_parse.read.framing import Framing

ROOT = Path(__file__).parents[2]
SEED = (ROOT / "samples" / "seed.md").read_bytes()
MACOS = (ROOT / "tests" / "corpus" / "macos-lo0-ipv6.md").read_bytes()
ONE = (
    b"10:45:31.713843 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)\n"
    b"    1.2.3.4.5 > 6.7.8.9.10: Flags [S], seq 7, length 0\n"
)


def values(text: bytes) -> list[Read]:
    return list(read([text]))


def kinds(text: bytes) -> str:
    """A letter for each value: Capture, Packet, Notice, Unread."""
    return "".join(type(value).__name__[0] for value in values(text))


def test_the_seed_is_one_capture_of_eleven_packets() -> None:
    found = values(SEED)
    (capture,) = (value for value in found if isinstance(value, Capture))
    assert found[0] is capture
    assert sum(isinstance(value, Packet) for value in found) == 11
    assert [value.count for value in found if isinstance(value, Notice) and value.count is not UNSET] == [17, 34, 0]


def test_fences_begin_captures_and_frames_go_on() -> None:
    found = values(MACOS)
    assert [value.line for value in found if isinstance(value, Capture)] == [1, 17]
    assert [value.frame for value in found if isinstance(value, Packet)] == list(range(1, 22))
    assert {value.capture for value in found if isinstance(value, Packet)} == {1, 2}


@given(st.lists(st.integers(1, 200), min_size=1))
def test_it_does_not_matter_how_the_octets_arrive(sizes: list[int]) -> None:
    framing, found, at = Framing(), [], 0
    for size in sizes * (len(SEED) // sum(sizes) + 1):
        found += framing.feed(SEED[at : at + size])
        at += size
    found += framing.end()
    assert found == values(SEED)


def test_a_live_record_is_told_when_the_source_is_silent() -> None:
    framing = Framing()
    assert [type(value) for value in framing.feed(ONE)] == []
    assert [type(value) for value in framing.flush()] == [Capture, Packet]
    assert framing.feed(ONE.splitlines(keepends=True)[0]) == []
    assert framing.flush() == [], "the segment line is still to come"
    framing.feed(ONE.splitlines(keepends=True)[1])
    assert [type(value) for value in framing.flush()] == [Packet]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", ""),
        (b"\n", "CN"),
        (ONE, "CP"),
        (ONE.removesuffix(b"\n"), "CP"),
        (ONE * 3, "CPPP"),
        (ONE + b"^C\n17 packets captured\n", "CPNN"),
        (b"^C" + ONE, "CNP"),
        (ONE + b"\n# words\n" + ONE, "CPNNP"),
        (b"```\n" + ONE + b"```\nwords\n```\n" + ONE + b"```\n", "CNPNNCNPN"),
        (b"tcpdump: listening on lo\n" + ONE + b"tcpdump: listening on lo\n" + ONE, "CNPCNP"),
        (ONE.replace(b"\n", b"\r\n"), "CP"),
        (ONE.replace(b"    1", b"\t1"), "CP"),
        (ONE.replace(b"    1", b"1"), "CP"),
        (b"      " + ONE, "CP"),
        (ONE.replace(b"Flags [S]", b"Flags [Q]"), "CU"),
        (ONE[:80], "CU"),
        (ONE * 9 + b"\x00\x01\x02" * 9 + b"\n" + ONE, "CPPPPPPPPPNP"),
        (b"x" * 10_000_000 + b"\n" + ONE, "CNP"),
        (b"10:45:31.713843 " + b"x" * 1_000_000 + b"\n" + ONE, "CPP"),
        ("10:45:31.713843 中文\n".encode("gbk") + ONE, "CPP"),
        (ONE.replace(b"IP (", b"\xe4\xb8 ("), "CU"),
    ],
)
def test_every_line_finds_its_place(text: bytes, expected: str) -> None:
    assert kinds(text) == expected


def test_an_unread_record_says_where_and_what_was_expected() -> None:
    (found,) = (value for value in values(ONE + ONE.replace(b"seq 7", b"seq x")) if isinstance(value, Unread))
    assert (found.line, found.column, found.frame) == (4, 44, 2)
    assert "a number" in found.expected
