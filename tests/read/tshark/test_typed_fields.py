"""Every typed field of every record with a TCP header equals tshark's, in every dialect: numbers, options, layers, link, times, octets.

Equal means equal: what differs stands in exceptions.tsv with its reason, and exactly as it says there. counts.tsv says how many values of
which field were compared, so that no field can get lost unseen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcpdump_parse.model import Unread
from tcpdump_parse.read import read
from tests.check.wireshark import oracle
from tests.corpus.printed import FILES, OPTIONS, VERSIONS, printed
from tests.read.test_round_trip import printed_again, through_json
from tests.read.tshark import tables
from tests.read.tshark.compare import ABSOLUTE, FLAGS, Told, carries, judge, judge_version, nothing
from tests.read.tshark.compare import read as records
from tests.read.tshark.dissected import frames
from tests.read.tshark.made import tunnels

UNUSABLE = oracle.unusable() or ("" if oracle.is_tcpdump_499() else "other version: the counts are of text that tcpdump 4.99.3 prints")
live = pytest.mark.skipif(bool(UNUSABLE), reason=UNUSABLE)

# Records with a segment that tshark sees and the text does not show, by how the text goes on behind time and link header, and why.
UNPRINTED = {
    r"IP bad-len 0$": "IP length 0, as segmentation offload leaves it: tcpdump 4.99.3 stops there",
    r"gre-proto-0x883e$": "tcpdump does not look into WCCP's GRE",
    r"UDP, length \d+$": "with -q what UDP carries is not printed",
}
SHAPES = 5
PARTS = 10_000
"""At most five kinds of differences, in at most one value of ten thousand."""


def settled(told: Told, flags: str) -> None:
    """Against both tables: the counts, and the differences."""
    column = {row: cell for row, cell in tables.recorded().items() if row[1] == flags}
    assert tables.cells(told) == column
    assert set(told.differences) <= set(tables.exceptions())


@live
@pytest.mark.parametrize("flags", FLAGS)
def test_typed_fields_are_tshark_s(flags: str, tmp_path: Path) -> None:
    told = nothing()
    judge(flags, tmp_path, told)
    settled(told, flags)


@live
@pytest.mark.parametrize("version", VERSIONS)
def test_typed_fields_of_other_versions_are_tshark_s(version: str) -> None:
    told = nothing()
    judge_version(version, told)
    settled(told, f"{ABSOLUTE} {version}")


def test_what_differs_is_little_and_has_a_reason() -> None:
    known = {each: why for each, why in tables.exceptions().items() if each.file != OPTIONS.name}  # odd on purpose
    assert all(tables.exceptions().values())
    assert len(set(known.values())) <= SHAPES
    values = sum(int(cell.split()[0]) for (captures, _, _), cell in tables.recorded().items() if captures != "opts" and cell[0] not in "-?")
    assert len({(each.file, each.frame) for each in known}) * len(FLAGS) * PARTS <= values  # one value each


def unprinted(flags: str) -> Iterator[str]:
    for file in FILES:
        shown = frames()[file.name]
        for packet in records(flags, file):
            if not carries(packet) and shown[packet.frame - 1].last("tcp"):
                yield str(packet.body)


@live
@pytest.mark.parametrize("flags", ["-S -nn -vvv", "-nn -v", "-q"])
def test_a_segment_that_is_not_in_the_packet_is_not_in_the_text(flags: str) -> None:
    """A record that only looks unusual must not hide its segment in `body`."""
    bodies = list(unprinted(flags))
    assert bodies
    assert [body for body in bodies if not any(re.search(pattern, body) for pattern in UNPRINTED)] == []
    assert not [body for body in bodies if "Flags [" in body and "seq " in body]


@live
@pytest.mark.parametrize("flags", [*FLAGS, "-nn -t -vv", "-nn -e", "-nn -e -A -v"])
def test_odd_packets_and_tunnels_print_back(flags: str, tmp_path: Path) -> None:
    """Text → fields → JSON → fields → text for what tcpdump's own captures lack."""
    for file in (OPTIONS, tunnels(tmp_path)):
        text = printed(flags, file)
        values = through_json(text)
        assert [value for value in values if isinstance(value, Unread)] == [], file
        assert printed_again(values) == text, file


@live
@pytest.mark.parametrize("flags", ["-nn -A", "-nn", "-nn -v -A"])
def test_odd_packets_are_framed_as_tcpdump_counts_them(flags: str, tmp_path: Path) -> None:
    """What was missing on the wire is not in the text of -A either: the next record must not be taken for it."""
    for file in (OPTIONS, tunnels(tmp_path)):
        times = [packet.time for packet in records(flags, file)]
        assert times == [packet.time for packet in records("-S -nn -vvv", file)], file
        assert not [value for value in read([printed(flags, file)]) if isinstance(value, Unread)]
