"""One capture of our own, for what tcpdump's captures lack: segments that ICMP quotes, and tunnels in each other."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from tests.check.wireshark import wire

A, B, C, D = "10.0.0.1", "10.0.0.2", "192.0.2.7", "192.0.2.9"
V, W = "2001:db8::1", "2001:db8::2"
MACS = bytes.fromhex("02000000000a02000000000b")
IPV4, IPV6, TEB = b"\x08\x00", b"\x86\xdd", b"\x65\x58"
SYN = wire.Tcp(40000, 443, 4294967290, 0, wire.S, 65535, b"\2\4\5\xb4\1\3\3\7")
SYN_ACK = wire.Tcp(443, 40000, 77, 4294967291, wire.S | wire.A, 65535, b"\2\4\5\xb4")
DATA = wire.Tcp(40000, 443, 4294967291, 78, wire.P | wire.A, 512, length=9)
SACK = wire.Tcp(443, 40000, 78, 4294967291, wire.A, 512, b"\1\1\5\x0a" + struct.pack("!II", 4294967294, 3))


def _udp(src: str, dst: str, port: int, body: bytes) -> bytes:
    return wire.ipv4_header(src, dst, 17, 8 + len(body)) + struct.pack("!HHHH", 50000, port, 8 + len(body), 0) + body


def _in_ipv4(proto: int, body: bytes) -> bytes:
    return wire.ipv4_header(C, D, proto, len(body)) + body


def _in_ipv6(proto: int, body: bytes) -> bytes:
    import socket

    ends = socket.inet_pton(socket.AF_INET6, V) + socket.inet_pton(socket.AF_INET6, W)
    return struct.pack("!IHBB", 6 << 28 | 0xB8 << 20 | 0x12345, len(body), proto, 64) + ends + body


def _ethernet(ethertype: bytes, body: bytes) -> bytes:
    return MACS + ethertype + body


def _vlan(number: int, priority: int, ethertype: bytes, dei: int = 0) -> bytes:
    return struct.pack("!H", priority << 13 | dei << 12 | number) + ethertype


def _label(label: int, tc: int, bottom: int, ttl: int) -> bytes:
    return struct.pack("!I", label << 12 | tc << 9 | bottom << 8 | ttl)


def _frames() -> Iterator[bytes]:
    there, back = wire.ipv4(A, B, DATA), wire.ipv4(B, A, SACK)
    yield _ethernet(IPV4, wire.ipv4(A, B, SYN))
    yield _ethernet(IPV4, wire.ipv4(B, A, SYN_ACK))
    yield _ethernet(IPV4, there)
    yield _ethernet(IPV4, back)
    yield _ethernet(IPV4, wire.unreachable(C, A, there))
    yield _ethernet(IPV4, wire.unreachable(C, A, wire.ipv4(A, D, SYN, ident=9, options=b"\x94\4\0\0")))
    yield _ethernet(IPV4, _in_ipv4(4, there))
    yield _ethernet(IPV4, _in_ipv4(41, wire.ipv6(V, W, SYN)))
    yield _ethernet(IPV6, _in_ipv6(4, there))
    yield _ethernet(IPV6, _in_ipv6(41, wire.ipv6(V, W, SYN_ACK)))
    yield _ethernet(IPV4, _in_ipv4(47, b"\0\0" + IPV4 + there))
    yield _ethernet(IPV4, _in_ipv4(47, b"\x30\0" + IPV4 + struct.pack("!II", 0xABCD, 17) + back))
    yield _ethernet(IPV4, _in_ipv4(47, b"\0\0" + IPV6 + wire.ipv6(V, W, DATA)))
    yield _ethernet(IPV4, _in_ipv4(47, b"\0\0" + TEB + _ethernet(IPV4, there)))
    yield _ethernet(b"\x81\0", _vlan(13, 5, IPV4, 1) + there)
    yield _ethernet(b"\x88\xa8", _vlan(100, 1, b"\x81\0") + _vlan(10, 0, IPV6) + wire.ipv6(V, W, DATA))
    yield _ethernet(b"\x88\x47", _label(29, 3, 1, 255) + there)
    yield _ethernet(b"\x88\x47", _label(1048575, 0, 0, 1) + _label(16, 7, 1, 64) + back)
    yield _ethernet(b"\x88\x64", struct.pack("!BBHHH", 0x11, 0, 0x1A2, len(there) + 2, 0x21) + there)
    yield _ethernet(IPV4, _udp(C, D, 4789, struct.pack("!BxxxI", 8, 5001 << 8) + _ethernet(IPV4, there)))
    yield _ethernet(IPV4, _udp(C, D, 4789, struct.pack("!BxxxI", 8, 7 << 8) + _ethernet(b"\x81\0", _vlan(4, 0, IPV4) + back)))
    yield _ethernet(IPV4, _udp(C, D, 6081, b"\0\0" + TEB + struct.pack("!I", 11 << 8) + _ethernet(IPV4, there)))
    yield _ethernet(IPV4, _in_ipv4(4, _in_ipv4(47, b"\0\0" + IPV4 + there)))


def tunnels(folder: Path) -> Path:
    path = folder / "tunnels.pcap"
    wire.write_pcap(path, ((1_700_000_000_000_000 + 1_000_003 * number, frame) for number, frame in enumerate(_frames())))
    return path
