"""Every link header that tcpdump knows and we can make, under every flag that changes it: two segments behind it, read and printed back.

What such a record says of IP and TCP is what it says of the same packets without any link header.
"""

import io
import struct
import subprocess
from pathlib import Path

import pytest
from msgspec import UNSET, structs

from tcpdump_parse.model import Packet
from tcpdump_parse.read import read
from tcpdump_parse.write import find

SYN = bytes.fromhex("450000280001000040066abc0102030405060708000100020000006400000000500220007f680000")
PUSH = bytes.fromhex("4500002e0001000040066ab6010203040506070800010002000000640000000050182000551f0000") + b"abcdef"
SEGMENTS = (SYN, PUSH)
FLAGS: tuple[list[str], ...] = ([], ["-e"], ["-e", "-q"], ["-q"], ["-v"], ["-e", "-v"], ["-e", "-vv"])

DST, SRC = bytes.fromhex("000102030405"), bytes.fromhex("0a0b0c0d0e0f")
SNAP = bytes.fromhex("aaaa030000000800")
IPV4 = bytes.fromhex("0800")
ROUTED = bytes([SRC[0] | 0x80]) + SRC[1:]
PFLOG = struct.pack("BBBB", 61, 2, 0, 0) + b"em0".ljust(16, b"\0") + bytes(16) + struct.pack(">II", 3, 0xFFFFFFFF) + bytes(16) + b"\1\0\0\0"

# The number of the link type, what stands before the IP header.
LINKS: dict[str, tuple[int, bytes]] = {
    "ethernet": (1, DST + SRC + IPV4),
    "ethernet, VLAN": (1, DST + SRC + bytes.fromhex("81006064") + IPV4),
    "ethernet, QinQ": (1, DST + SRC + bytes.fromhex("81000064" "88a8a065") + IPV4),
    "ethernet, Arista's timestamp": (1, DST + SRC + bytes.fromhex("d28b" "00010010" "0000000100000002") + IPV4),
    "Token Ring": (6, b"\x10\x40" + DST + SRC + SNAP),
    "Token Ring, routed": (6, b"\x10\x40" + DST + ROUTED + bytes.fromhex("063000110022") + SNAP),
    "Token Ring, routed back": (6, b"\x10\x40" + DST + ROUTED + bytes.fromhex("068000110022") + SNAP),
    "Token Ring, routed anywhere": (6, b"\x10\x40" + DST + ROUTED + bytes.fromhex("86f000110022") + SNAP),
    "ARCNET": (7, bytes.fromhex("be50d400" "0000")),
    "ARCNET of Linux": (129, bytes.fromhex("be500000" "d4000000")),
    "SLIP": (8, b"\1" + b"\x45" + bytes(14)),
    "PPP": (9, bytes.fromhex("ff030021")),
    "PPP, serial": (50, bytes.fromhex("ff030021")),
    "FDDI": (10, b"\x50" + DST + SRC + SNAP),
    "ATM": (11, SNAP),
    "ATM of Sun": (123, bytes.fromhex("02000021") + SNAP),
    "Symantec": (99, bytes(6) + IPV4 + bytes(36)),
    "raw": (101, b""),
    "C_HDLC": (104, bytes.fromhex("0f000800")),
    "802.11, to the access point": (105, bytes.fromhex("08010000") + DST + SRC + DST + bytes(2) + SNAP),
    "802.11, from it": (105, bytes.fromhex("08020000") + DST + SRC + DST + bytes(2) + SNAP),
    "802.11, between two": (105, bytes.fromhex("08030000") + DST + SRC + DST + bytes(2) + SRC + SNAP),
    "802.11, QoS, sent again": (105, bytes.fromhex("880a2c00") + DST + SRC + DST + bytes.fromhex("1000" "0000") + SNAP),
    "radiotap": (127, bytes.fromhex("00000800" "00000000" "88022c00") + DST + SRC + DST + bytes.fromhex("1000" "0000") + SNAP),
    "radiotap, channel and signal": (
        127, bytes.fromhex("00000f00" "2c000000" "02" "00" "6c09a000" "c4") + bytes.fromhex("88022c00") + DST + SRC + DST
        + bytes.fromhex("1000" "0000") + SNAP),
    "Frame Relay": (107, bytes.fromhex("184103cc")),
    "loopback": (0, struct.pack("=I", 2)),
    "loopback of OpenBSD": (108, struct.pack(">I", 2)),
    "enc of BSD": (109, struct.pack("=III", 2, 0x1234, 0xC00)),
    "SLL": (113, bytes.fromhex("000400010006" "0001020304050000") + IPV4),
    "SLL, a long address": (113, bytes.fromhex("000400010008" "0001020304050607") + IPV4),
    "SLL2": (276, IPV4 + bytes(2) + struct.pack(">IHBB", 3, 1, 0, 6) + SRC + bytes(2)),
    "pflog": (117, PFLOG),
    "IP over Fibre Channel": (122, b"\0\1" + DST + b"\0\2" + SRC + SNAP),
    "IEEE 1394 of Apple": (138, DST + bytes(2) + SRC + bytes(2) + IPV4),
    "Juniper, Ethernet": (178, b"MGC\x80\0\0" + DST + SRC + IPV4),
    "IPv4": (228, b""),
    "IPoIB": (242, bytes(40) + IPV4 + bytes(2)),
    "DSA": (284, DST + SRC + bytes.fromhex("40040000") + IPV4),
    "EDSA": (285, DST + SRC + bytes.fromhex("dada0000" "c0040000") + IPV4),
    "BRCM tag": (281, DST + SRC + bytes.fromhex("20000003") + IPV4),
    "BRCM tag, in front": (282, bytes.fromhex("20000003") + DST + SRC + IPV4),
}  # fmt: skip


def printed(link: int, before: bytes, flags: list[str], folder: Path) -> str:
    file = folder / "a.pcap"
    header = struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
    frames = [before + segment for segment in SEGMENTS]
    file.write_bytes(header + b"".join(struct.pack("=IIII", 1000, 5, len(frame), len(frame)) + frame for frame in frames))
    return subprocess.run(["tcpdump", "-nn", *flags, "-r", file], capture_output=True, check=True).stdout.decode("latin-1")


def packets(text: str) -> list[Packet]:
    found = list(read([text.encode("latin-1")]))
    out = io.StringIO()
    find("tcpdump").write(found, out)
    assert out.getvalue() == text
    return [value for value in found if isinstance(value, Packet)]


TIMES: tuple[list[str], ...] = ([], ["-t"], ["-tttt"])
CASES = [(name, flags, time) for name in LINKS for flags in FLAGS for time in TIMES]
CASES.remove(("Juniper, Ethernet", ["-e", "-vv"], ["-t"]))  # such a record begins with a line that holds nothing but a direction


@pytest.mark.parametrize(("name", "flags", "time"), CASES, ids=lambda part: part if isinstance(part, str) else " ".join(part) or "none")
def test_a_segment_is_read_behind_every_link_header(name: str, flags: list[str], time: list[str], tmp_path: Path) -> None:
    plain = packets(printed(101, b"", [*(flag for flag in flags if flag != "-e"), *time], tmp_path))
    text = printed(*LINKS[name], [*flags, *time], tmp_path)
    assert len(plain) == 2
    assert [said(packet) for packet in packets(text)] == [said(packet) for packet in plain], text


def said(packet: Packet) -> tuple[object, ...]:
    """Its segment, and its IP header but for the word before it, which depends on what stands before."""
    assert packet.ip is not UNSET
    return structs.replace(packet.ip, keyword=True), packet.tcp
