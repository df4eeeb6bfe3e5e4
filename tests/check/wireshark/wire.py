"""Octets for the generated captures: TCP in IPv4 or IPv6 in Ethernet, and the pcap around them. Standard library only."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

S, F, R, P, A, U, E, W = 2, 1, 4, 8, 16, 32, 64, 128


class Tcp(NamedTuple):
    """The header of a segment; `options` are packed octets, padded here."""

    sport: int
    dport: int
    seq: int = 0
    ack: int = 0
    flags: int = 0
    win: int = 1000
    options: bytes = b""
    length: int = 0
    hlen: int | None = None


def checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def tcp(segment: Tcp, pseudo: bytes) -> bytes:
    options = segment.options + b"\0" * (-len(segment.options) % 4)
    words = 5 + len(options) // 4 if segment.hlen is None else segment.hlen
    head = struct.pack("!HHIIBBH", segment.sport, segment.dport, segment.seq, segment.ack, words << 4, segment.flags, segment.win)
    tail = struct.pack("!H", 0) + options + b"\0" * segment.length
    whole = head + b"\0\0" + tail
    return head + struct.pack("!H", checksum(pseudo + struct.pack("!I", len(whole)) + whole)) + tail


def ipv4(
    src: str, dst: str, segment: Tcp, *, ident: int = 1, fragment: int = 0x4000, options: bytes = b"", longer: int = 0, final: str = "",
) -> bytes:
    """`fragment`: the flags and offset; `longer`: what the header's length claims beyond what there is; `final`: a source route's end."""
    ends = socket.inet_aton(src) + socket.inet_aton(final or dst)
    body = tcp(segment, ends + struct.pack("!H", 6))
    return ipv4_header(src, dst, 6, len(body), ident=ident, fragment=fragment, options=options, longer=longer) + body


def ipv4_header(
    src: str, dst: str, proto: int, length: int, *, ident: int = 1, fragment: int = 0x4000, options: bytes = b"", longer: int = 0,
) -> bytes:
    options += b"\0" * (-len(options) % 4)
    size = 20 + len(options)
    head = struct.pack("!BBHHHBB", 0x40 | size // 4, 0, size + length + longer, ident, fragment, 64, proto)
    ends = socket.inet_aton(src) + socket.inet_aton(dst) + options
    return head + struct.pack("!H", checksum(head + b"\0\0" + ends)) + ends


def ipv6(src: str, dst: str, segment: Tcp, *, extension: bytes = b"") -> bytes:
    """`extension`: a destination options header without its first octet, which says that TCP follows."""
    ends = socket.inet_pton(socket.AF_INET6, src) + socket.inet_pton(socket.AF_INET6, dst)
    body = tcp(segment, ends + struct.pack("!H", 6))
    if extension:
        body = b"\x06" + extension + body
    return struct.pack("!IHBB", 6 << 28, len(body), 60 if extension else 6, 64) + ends + body


def unreachable(src: str, dst: str, quoted: bytes) -> bytes:
    """An ICMP error (port unreachable) that quotes a datagram (RFC 792)."""
    rest = struct.pack("!I", 0) + quoted
    body = struct.pack("!BBH", 3, 3, checksum(struct.pack("!BBH", 3, 3, 0) + rest)) + rest
    return ipv4_header(src, dst, 1, len(body)) + body


def ethernet(datagram: bytes, vlan: int = 0) -> bytes:
    tag = struct.pack("!HH", 0x8100, vlan) if vlan else b""
    return bytes(12) + tag + (b"\x86\xdd" if datagram[0] >> 4 == 6 else b"\x08\x00") + datagram


def write_pcap(path: Path, frames: Iterable[tuple[int, bytes]]) -> None:
    """`frames`: microseconds since the epoch and the Ethernet frame."""
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for t, frame in frames:
            out.write(struct.pack("<IIII", t // 1_000_000, t % 1_000_000, len(frame), len(frame)) + frame)
