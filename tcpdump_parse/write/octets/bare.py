"""IP packets of which tcpdump printed no segment: later fragments, and captures cut before the ports."""

from __future__ import annotations

import re

from msgspec import UNSET

from tcpdump_parse.model import IPv4, IPv6, Packet
from tcpdump_parse.write.octets.ip_options import ip_options_octets
from tcpdump_parse.write.octets.ipv4 import ipv4_octets
from tcpdump_parse.write.octets.ipv6 import ipv6_octets
from tcpdump_parse.write.octets.outcome import SNAPLEN, CannotBuildError, Filling, Invented, Reason

TCP, FRAGMENT = 6, 44
CUT = "[|tcp]"
LATER = ("ip-proto-6", "tcp")
LATER6 = re.compile(r"frag \(0x([0-9a-f]{8}):(\d+)\|(\d+)\)")


def bare_octets(packet: Packet, filling: Filling) -> tuple[bytes, int, tuple[Invented, ...]]:
    """The packet's octets as captured, its length on the wire, and what was invented; CannotBuildError when it is not TCP."""
    ip = packet.ip
    text = packet.body.strip() if isinstance(packet.body, str) else ""
    if isinstance(ip, IPv4) and ip.proto == TCP and ip.length is not UNSET:
        return _four(ip, ip.length, text, filling)
    if isinstance(ip, IPv6) and ip.payload_length is not UNSET and not ip.extensions:
        return _six(ip, ip.payload_length, text, filling)
    raise CannotBuildError(Reason.NOT_TCP)


def _four(ip: IPv4, length: int, text: str, filling: Filling) -> tuple[bytes, int, tuple[Invented, ...]]:
    options, _ = ip_options_octets(ip.options, None) if ip.options else (b"", False)
    header = ipv4_octets(ip, length, options)
    if text == CUT:
        return header, length, (Invented.CUT,)
    if text not in LATER or not ip.offset:
        raise CannotBuildError(Reason.NOT_TCP)
    return _filled(header, length, filling)


def _six(ip: IPv6, length: int, text: str, filling: Filling) -> tuple[bytes, int, tuple[Invented, ...]]:
    if text == CUT and ip.next_header == TCP:
        return ipv6_octets(ip, length, TCP), 40 + length, (Invented.CUT,)
    match = LATER6.fullmatch(text)
    if match is None or ip.next_header != FRAGMENT:
        raise CannotBuildError(Reason.NOT_TCP)
    header = ipv6_octets(ip, length, FRAGMENT) + b"\6\0" + (int(match[2]) & 0xFFF8).to_bytes(2, "big") + bytes.fromhex(match[1])
    return _filled(header, 40 + length, filling)


def _filled(header: bytes, length: int, filling: Filling) -> tuple[bytes, int, tuple[Invented, ...]]:
    if length > SNAPLEN:
        raise CannotBuildError(Reason.LENGTHS)
    octets = header if filling is Filling.NONE else header.ljust(length, b"\0")
    return octets, max(length, len(octets)), (Invented.PAYLOAD,)
