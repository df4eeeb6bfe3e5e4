"""A dump held against its record: the same packet in tcpdump's own dumps, and each field that was made to differ is named."""

import re
import subprocess
from pathlib import Path

import msgspec
import pytest
from msgspec import UNSET

from tcpdump_parse.model import Checksum, IPv4, IPv6, Packet, Segment
from tcpdump_parse.read import packets
from tcpdump_parse.read.dumps import is_row, split_dump
from tcpdump_parse.read.octets import disagreements, locate, origin, payload

FILES = sorted((Path(__file__).parents[1] / "corpus" / "tcpdump-tests").glob("*.pcap"))
RAW = ("bgp-addpath", "mptcp-tcprst", "scps_invalid", "beep-oobr")
"""Files without link headers: their -xx begins with the network header too."""


def dumped(file: Path, flag: str) -> dict[int, bytes]:
    """The octets of each record, by the ordinal that tcpdump's -# gives."""
    text = subprocess.run(("tcpdump", "-nn", "-#", flag, "-r", file), capture_output=True).stdout.decode("latin-1")
    found = {}
    for record in re.split(r"^ *(?=\d+  \S)", text, flags=re.MULTILINE)[1:]:
        dump = split_dump([line for line in record.split("\n") if is_row(line)])
        if dump:
            found[int(record.split()[0])] = bytes.fromhex(dump[1].hex)
    return found


def test_tcpdumps_dumps_are_the_packets_of_its_lines() -> None:
    compared = payloads = 0
    for file in FILES[::3]:
        text = subprocess.run(("tcpdump", "-S", "-nn", "-vvv", "-r", file), capture_output=True).stdout
        network, link = dumped(file, "-x"), dumped(file, "-xx")
        for packet in packets([text]):
            if packet.tcp is UNSET or packet.frame not in network:
                continue
            shown = []
            for octets, where in ((network[packet.frame], "network"), (link[packet.frame], "link")):
                place = locate(packet, octets)
                assert place is not None, (file, packet.frame)
                assert disagreements(packet, octets) == []
                assert origin(packet, octets, place) == where or network == link or file.stem in RAW or place.network == 14
                shown.append(payload(packet, octets, place))
            assert shown[0] == shown[1]
            compared += 1
            if isinstance(shown[0], str) and packet.tcp.length == len(shown[0]) // 2:
                payloads += 1
                assert bytes.fromhex(shown[0]) in file.read_bytes()
    assert compared > 400
    assert payloads > 150


OCTETS = bytes.fromhex("4510002b00070000400666b90a0000010a0000020001005000000064000000c8501803e8000000006162630000")
PACKET = Packet(
    1, 1, 1, 1, ip=IPv4("10.0.0.1", "10.0.0.2", tos=16, ttl=64, id=7, length=43),
    tcp=Segment(1, 80, "P.", checksum=Checksum(0, False, 5), seq=100, seq_end=103, ack=200, win=1000, length=3, seq_abs=100, ack_abs=200),
)  # fmt: skip


@pytest.mark.parametrize("before", [b"", b"\2" * 12 + b"\x08\0"])
def test_the_payload_is_what_follows_the_header(before: bytes) -> None:
    place = locate(PACKET, before + OCTETS)
    assert place is not None
    assert payload(PACKET, before + OCTETS, place) == "616263"
    assert payload(PACKET, before + OCTETS[:42], place) == "6162"
    assert payload(PACKET, before + OCTETS[:40], place) is UNSET
    assert origin(PACKET, before + OCTETS, place) == ("link" if before else "network")


@pytest.mark.parametrize(
    ("field", "printed", "seen"),
    [
        ("ip.ttl", 63, 64), ("ip.id", 8, 7), ("ip.tos", 0, 16), ("ip.length", 44, 43), ("tcp.win", 999, 1000), ("tcp.flags", ".", "P."),
        ("tcp.seq_abs", 101, 100), ("tcp.ack_abs", 201, 200), ("ip.src", "10.0.0.9", "10.0.0.1"), ("tcp.dport", 81, 80),
    ],
)  # fmt: skip
def test_a_field_that_differs_is_named(field: str, printed: int | str, seen: int | str) -> None:
    layer, name = field.split(".")
    changed = msgspec.structs.replace(PACKET, **{layer: msgspec.structs.replace(getattr(PACKET, layer), **{name: printed})})
    assert disagreements(PACKET, OCTETS) == []
    assert disagreements(changed, OCTETS) == [(field.removesuffix("_abs"), printed, seen)]


def test_names_are_not_held_against_numbers() -> None:
    named = msgspec.structs.replace(PACKET, ip=IPv4("client.example", "server.example"), tcp=Segment("tcpmux", "http", "P.", length=3))
    assert disagreements(named, OCTETS) == []


def test_a_dump_of_something_else_is_named_as_a_whole() -> None:
    assert [told.field for told in disagreements(PACKET, b"\0\1\x08\0\6\4" + bytes(22))] == ["ip"]
    assert disagreements(Packet(1, 1, 1, 1), OCTETS) == []


def test_the_segment_behind_extension_headers_is_found() -> None:
    inner = OCTETS[20:43]
    octets = bytes.fromhex("60000000001f0040") + bytes(15) + b"\1" + bytes(15) + b"\2" + bytes.fromhex("0600010400000000") + inner
    packet = Packet(1, 1, 1, 1, ip=IPv6("::1", "::2", payload_length=31, hlim=64), tcp=PACKET.tcp)
    place = locate(packet, octets)
    assert place == (0, 48, 71)
    assert disagreements(packet, octets) == []


@pytest.mark.parametrize("octets", [b"", b"E", b"`" * 41, b"E\0\0", b"`\0\0\0\0\x07\0\x40" + bytes(36) + b"\0", b"\x45" * 600])
def test_any_octets_are_bearable(octets: bytes) -> None:
    assert locate(PACKET, octets) is None
    assert origin(PACKET, octets) in ("link", "network")
