"""Hexdumps to octets and back; tcpdump's own dumps come back byte for byte, and hold what the file holds."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpdump_parse.read.dumps import STYLES, is_row, print_dump, split_dump

X = [
    "\t0x0000:  4500 003c 1c46 4000 4006 b1e6 c0a8 0068  E..<.F@.@......h",
    "\t0x0010:  c0a8 0001 20                             .....",
]
OLD = ["0x0000\t 4500 003c                              \tE..<"]
OLDEST = ["\t\t\t 4500 003c 1c46 4000 4006 b1e6 c0a8 0068", "\t\t\t c0a8 00"]


@given(st.binary(min_size=1, max_size=200), st.sampled_from(list(STYLES)))
def test_octets_print_and_read_back_to_themselves(octets: bytes, style: str) -> None:
    lines = print_dump(octets.hex(), style)
    assert all(map(is_row, lines))
    assert split_dump([": HTTP", *lines]) == (len(lines), (octets.hex(), style, True))


@pytest.mark.parametrize("size", [65_536, 65_537, 70_000])
@pytest.mark.parametrize("style", list(STYLES))
def test_offsets_widen_beyond_four_digits(size: int, style: str) -> None:
    octets = bytes(range(256)) * 300
    lines = print_dump(octets[:size].hex(), style)
    assert split_dump(lines) == (len(lines), (octets[:size].hex(), style, True))


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], None),
        (["text"], None),
        (X[1:], None),
        ([X[0], X[0], X[1]], 2),
        (["\t0x0000:  4g"], None),
        (["\t0x0000:  4500", "\t0x0010:  4500"], None),
        (["\t0x0000:  "], None),
        (OLD, 1),
        (OLDEST, 2),
        (["text", *OLDEST], 2),
    ],
)
def test_only_the_last_run_from_offset_0_is_the_dump(lines: list[str], found: int | None) -> None:
    dump = split_dump(lines)
    assert (dump and dump[0]) == found


def test_a_damaged_column_of_characters_keeps_the_octets_but_not_the_text() -> None:
    line = X[0].replace("E..<", "E..&lt;")
    assert split_dump([line]) == (1, ("4500003c1c4640004006b1e6c0a80068", "X", False))


FILES = sorted((Path(__file__).parents[1] / "corpus" / "tcpdump-tests").glob("*.pcap"))


@pytest.mark.parametrize("flag", ["-x", "-xx", "-X", "-XX"])
def test_tcpdumps_own_dumps_come_back_and_hold_the_file(flag: str) -> None:
    dumps = 0
    for file in FILES[::4]:
        text = subprocess.run(("tcpdump", "-nn", "-t", flag, "-r", file), capture_output=True).stdout.decode("latin-1")
        octets = file.read_bytes()
        lines: list[str] = []
        for line in [*text.split("\n"), ""]:
            if is_row(line) and not line.startswith("\t0x0000:"):
                lines.append(line)
                continue
            if lines:
                rows, dump = split_dump(lines) or (0, None)
                assert rows == len(lines), lines
                assert dump is not None
                assert dump.exact, lines
                assert dump.style == flag[1]
                assert bytes.fromhex(dump.hex) in octets
                dumps += 1
            lines = [line] if is_row(line) else []
    assert dumps > 200
