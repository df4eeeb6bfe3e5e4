"""The text of -A is counted, so that a payload cannot pass for records; tcpdump itself prints the texts."""

import re
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from tcpdump_parse.model import Packet
from tcpdump_parse.read import packets
from tcpdump_parse.read.ascii import Kept, Where, begin, shown

FORGED = b"12:00:03.000000 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [R.], seq 1, ack 1, win 0, length 0"


PAYLOADS = (b"", b"x", b"GET / HTTP/1.0\r\n\r\n" + FORGED + b"\r\n", b"\n" * 100 + FORGED, b"\r\n" * 50, bytes(range(256)) * 5)


def frame(payload: bytes, options: bytes = b"", port: int = 1000, host: bytes = b"\x0a\0\0") -> bytes:
    """An Ethernet frame; the checksums are left wrong, as cards are left to compute them."""
    tcp = struct.pack(">HHIIBBHHH", port, 80, 100, 200, 80 + len(options) * 4, 24, 1000, 0, 0) + options + payload
    ip = struct.pack(">BBHHHBBH", 69, 0, 20 + len(tcp), 7, 0x4000, 64, 6, 0) + host + b"\1" + host + b"\2"
    return b"\2E\x0b\4\5\6\2\x0d\x0b\4\5\7\x08\0" + ip + tcp


def file(*frames: bytes, snapshot: int = 262144) -> bytes:
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snapshot, 1)
    return header + b"".join(struct.pack("<IIII", 1, n, min(len(one), snapshot), len(one)) + one[:snapshot] for n, one in enumerate(frames))


def record(saved: bytes, *flags: str) -> tuple[Packet, list[str]]:
    """What tcpdump prints of the first packet: its head, read, and the lines behind its segment line."""
    command = ("tcpdump", "-S", "-nn", *flags, "-r", "-")
    text = subprocess.run(command, input=saved, capture_output=True, check=True).stdout.decode("latin-1")
    head = re.match(r".*?Flags \[.*?length \d+", text, re.DOTALL)
    assert head is not None
    (packet,) = packets([head[0].encode("latin-1") + b"\n"])
    second = re.search(r"\n\d\d:\d\d:\d\d\.000001 ", text)
    return packet, text[head.end() : second.start() if second else len(text) - 1].split("\n")


def where(packet: Packet, lines: list[str], kept: Kept | None = None) -> Where:
    """Where the line behind these stands; the text begins at the first that may be its beginning."""
    text = None
    for line in lines[1:]:
        if text is None:
            text = begin(packet, line, kept)
        else:
            text.add(line)
    return Where.AFTER if text is None else text.where()


@pytest.mark.parametrize("flags", [("-A",), ("-AA",), ("-A", "-v"), ("-AA", "-vvv")])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_behind_the_whole_text_comes_no_payload(payload: bytes, flags: tuple[str, ...]) -> None:
    options = b"\1\1\x08\x0a" + bytes(8)
    packet, lines = record(file(frame(payload, options), frame(b"")), *flags)
    assert where(packet, lines) is not Where.INSIDE
    for upto in range(12, len(lines)):  # from the lines on that hold the headers
        if not lines[upto - 1].startswith("\t") and sum(map(len, lines[upto:])) > 2 * len(lines):
            assert where(packet, lines[:upto]) is Where.INSIDE, lines[:upto]


CASES = [
    (b"HTTP/1.1 200 OK\r\n\r\n" + FORGED + b"\r\n\r\nmore to come: " + b"-" * 200, Where.INSIDE),
    (b"HTTP/1.1 200 OK\r\n\r\n" + FORGED, Where.INSIDE),
    (b"\n" * 150 + FORGED, Where.DOUBTFUL),
]


@pytest.mark.parametrize("flags", [("-A",), ("-AA",), ("-A", "-vvv")])
@pytest.mark.parametrize(("payload", "verdict"), CASES)
def test_a_record_in_the_payload_is_inside_or_doubtful(payload: bytes, verdict: Where, flags: tuple[str, ...]) -> None:
    packet, lines = record(file(frame(payload), frame(b"")), *flags)
    assert where(packet, lines[: lines.index(FORGED.decode())]) is verdict


def test_lines_that_are_no_text_of_a_packet_count_nothing() -> None:
    packet, lines = record(file(frame(b"x" * 500), frame(b"")), "-X")
    assert where(packet, lines) is where(packet, [""]) is Where.AFTER
    for prose in ("prose", "Even now", "E", "Establishing that 10.0.0.1 is not here", "", "`ls`"):
        assert begin(packet, prose) is None


def test_a_cut_packet_hides_no_record_behind_it() -> None:
    """Its text ends early: the banner's snapshot length, or at -v the missing checksum, says so."""
    payload = b"a line\n" * 100
    banner = Kept.announced("listening on eth0, link-type EN10MB (Ethernet), snapshot length 96 bytes")
    for flags, kept in ((("-A",), banner), (("-A", "-v"), None)):
        packet, lines = record(file(frame(payload), frame(b""), snapshot=96), *flags)
        assert where(packet, lines, kept) is not Where.INSIDE


def text_of(saved: bytes, *flags: str) -> bytes:
    """What tcpdump prints, its banner too."""
    command = ("tcpdump", "-S", "-nn", *flags, "-r", "-")
    return subprocess.run(command, input=saved, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True).stdout


LINES = [b"a line\n" * 9, b"a line\r\n" * 8, bytes(70), b"0123456\r\n\r\n" * 5, b"cap\n-1\n[x]\n" * 4]
CUT = [frame(LINES[at % 5] + bytes(400 + 11 * at), b"\1\1\x08\x0a" + bytes(8)) for at in range(60)]
CUT[1::3] = [one[:18] + b"y\n" + one[20:] for one in CUT[1::3]]  # octet 10 ends the first line of their texts


@pytest.mark.parametrize("size", [700, 1 << 16])
@pytest.mark.parametrize("flags", [("-A",), ("-A", "-vvv"), ("-AA", "-vvv")])
def test_a_capture_whose_packets_are_cut_loses_no_record(flags: tuple[str, ...], size: int) -> None:
    """With its banner most records are clear of doubt: the text of the packet before has the length that a cut packet has."""
    text = text_of(file(*CUT, snapshot=128), *flags)
    _, _, without = text.partition(b"\n")
    for log, least in ((text, 24 if "-AA" not in flags else 0), (without, 0)):
        found = list(packets([log[at : at + size] for at in range(0, len(log), size)]))
        assert [packet.tcp and packet.tcp.length for packet in found] == [len(one) - 66 for one in CUT]
        assert sum(not packet.possibly_payload for packet in found) > least


@pytest.mark.parametrize("size", [60, 1 << 16])
@pytest.mark.parametrize("flags", [("-A",), ("-A", "-v"), ("-A", "-e"), ("-AA", "-v")])
@pytest.mark.parametrize("before", [b"", b"\r\n" * 3 + b"12\n\t0x0000:\n    four\n"])
def test_no_record_inside_a_whole_text_is_a_packet(before: bytes, flags: tuple[str, ...], size: int) -> None:
    """However the octets arrive, and whatever other lines stand beside it."""
    forged = frame(before + FORGED + b"\r\n" + FORGED + b"\n" + b"z" * 90)
    text = text_of(file(frame(b"x"), forged, frame(b"y" * 300), forged, frame(b"")), *flags)
    assert text.count(b"\n" + FORGED) >= 2
    found = list(packets([text[at : at + size] for at in range(0, len(text), size)]))
    assert len(found) == 5
    assert all(packet.tcp and packet.tcp.flags == "P." for packet in found)


def test_options_that_end_early_leave_the_count_open() -> None:
    """Without -v the octets behind `eol` are not in the text: they may be as many as a header holds."""
    packet, lines = record(file(frame(b"w" * 9, b"\0" + bytes(3)), frame(b"")), "-A")
    text = begin(packet, lines[1])
    assert text is not None
    assert (text.least, text.most) == (53, 89)


def test_a_carriage_return_before_an_address_is_left_out_as_well() -> None:
    packet, lines = record(file(frame(b"y" * 50 + b"\n" + b"z" * 50, host=b"\x0d\x0a\x0d"), frame(b"")), "-A")
    assert where(packet, lines[:-1]) is Where.INSIDE
    assert where(packet, lines) is not Where.INSIDE


@given(st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b"a", FORGED, b"\0"]), max_size=40).map(b"".join))
def test_the_end_is_never_inside_and_the_middle_never_after(payload: bytes) -> None:
    """The law itself, on texts made as print-ascii.c makes them."""
    octets = frame(payload)[14:]
    packet = head(len(payload))
    lines = ["", *shown(octets).split("\n")]
    assert where(packet, lines) is not Where.INSIDE
    for upto in range(6, len(lines)):
        printed = sum(map(len, lines[1:upto])) + upto - 2
        if where(packet, lines[:upto]) is Where.AFTER:
            assert printed >= len(octets)


@pytest.mark.parametrize("label", [b"\x0a\x41\x42", b"\x01\x0a\x42", b"\x01\x41\x0a"])
@pytest.mark.parametrize("size", [50, 65536])
def test_a_flow_label_that_ends_the_first_line_hides_no_forged_record(label: bytes, size: int) -> None:
    """No more than three characters stands on the first line of such a text: it is counted all the same."""
    frames = (frame6(b"\1\2\3", b"x"), frame6(label, b"x\r\n" + FORGED + b"\r\n" + b"y" * 50), frame6(b"\1\2\3", b"z"))
    text = subprocess.run(("tcpdump", "-nn", "-A", "-r", "-"), input=file(*frames), capture_output=True, check=True).stdout
    assert b"\n" + FORGED + b"\n" in text
    found = list(packets([text[at : at + size] for at in range(0, len(text), size)]))
    assert [(packet.tcp and packet.tcp.length, packet.possibly_payload) for packet in found] == [
        (1, False),
        (len(FORGED) + 55, False),
        (1, True),
    ]


def frame6(label: bytes, payload: bytes) -> bytes:
    tcp = struct.pack(">HHIIBBHHH", 1000, 80, 100, 200, 80, 24, 1000, 0, 0) + payload
    ends = (bytes(15) + b"\1") * 2
    return bytes(12) + b"\x86\xdd\x60" + label + struct.pack(">HBB", len(tcp), 6, 64) + ends + tcp


def head(length: int) -> Packet:
    text = f"12:00:00.000000 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 1:{1 + length}, ack 1, win 1, length {length}\n"
    (packet,) = packets([text.encode()])
    assert packet.tcp is not UNSET
    return packet


def test_the_sample_of_a_forged_record_has_only_the_packets_of_the_wire() -> None:
    sample = Path(__file__).parents[2] / "samples" / "payload" / "forged-record.txt"
    found = list(packets(sample))
    assert [packet.time for packet in found] == [f"12:00:00.00{number}000" for number in range(10)]
    assert b"12:00:03.000000 IP" in sample.read_bytes()
    assert b"\n12:00:04.000000 IP" in sample.read_bytes()
