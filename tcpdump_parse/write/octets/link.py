"""Link headers as octets: what `-e` printed, else none at all (raw IP). A kind we cannot build leaves the IP packet alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from struct import pack
from typing import Any

from msgspec import UNSET, Struct

from tcpdump_parse.model import Packet
from tcpdump_parse.model import layers as m
from tcpdump_parse.write.octets.outcome import CannotBuildError, Frame, Invented, Link, Reason

MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?= |\Z)")
ETHERTYPES = {"IPv4": 0x0800, "ARP": 0x0806, "IPv6": 0x86DD, "802.1Q": 0x8100, "MPLS unicast": 0x8847, "PPPoE S": 0x8864}
BY_LAYER = {m.Vlan: 0x8100, m.Mpls: 0x8847, m.Pppoe: 0x8864}
BY_VERSION = {4: 0x0800, 6: 0x86DD}
DIRECTIONS = {"In": 0, "B": 1, "M": 2, "P": 3, "Out": 4}
ARPHRD_ETHER, ARPHRD_LOOPBACK = 1, 772


class Header(Struct, frozen=True, gc=False):
    """A link header; `wire` is the frame's length on the wire where it was printed, `invented` what was not."""

    link: Link
    octets: bytes
    wire: int | None = None
    invented: tuple[Invented, ...] = ()


SYNTHETIC = bytes.fromhex("020000000002" "020000000001")
"""Destination and source of an Ethernet header that was asked for: locally administered addresses, nobody's."""

RAW = Header(Link.RAW, b"")
UNKNOWN = Header(Link.RAW, b"", None, (Invented.LINK,))


def link_header(packet: Packet, version: int) -> Header:
    """The header that stands before the packet's outermost layer, an IP header of `version` if there is no other."""
    if packet.link is UNSET:
        return RAW
    encode = ENCODERS.get(type(packet.link))
    return UNKNOWN if encode is None else encode(packet.link, packet, version)


def wrapped(frame: Frame) -> Frame:
    """A raw IP frame with an Ethernet header before it; any other as it is."""
    if frame.link is not Link.RAW or not frame.octets:
        return frame
    kind = BY_VERSION.get(frame.octets[0] >> 4, 0x0800)
    octets = SYNTHETIC + pack("!H", kind) + frame.octets
    return Frame(Link.EN10MB, octets, frame.wire + len(SYNTHETIC) + 2, (*frame.invented, Invented.WRAPPING))


def mac(text: str) -> bytes:
    match = MAC.match(text)
    if match is None:
        raise CannotBuildError(Reason.NAMES)
    return bytes.fromhex(match[0].replace(":", ""))


def _ethertype(link: Any, packet: Packet, version: int) -> bytes:
    kind = link.ethertype
    if kind is UNSET:
        first = BY_LAYER.get(type(packet.layers[0])) if packet.layers else None
        kind = ETHERTYPES.get(link.ethertype_name or "") or first or BY_VERSION[version]
    return pack("!H", kind)


def _ethernet(link: m.Ethernet, packet: Packet, version: int) -> Header:
    octets = mac(link.dst) + mac(link.src) + _ethertype(link, packet, version)
    return Header(Link.EN10MB, octets, _length(link))


def _cooked(link: m.Sll | m.Sll2) -> tuple[bytes, int, int]:
    """The address, its length, and the device's type, which is not printed: without an address, or with one of zeros, a loopback."""
    address = b"" if link.address is UNSET else mac(link.address)
    return address.ljust(8, b"\0"), len(address), ARPHRD_ETHER if any(address) else ARPHRD_LOOPBACK


def _sll(link: m.Sll, packet: Packet, version: int) -> Header:
    address, size, kind = _cooked(link)
    octets = pack("!HHH", DIRECTIONS.get(packet.direction or "", 0), kind, size) + address + _ethertype(link, packet, version)
    return Header(Link.LINUX_SLL, octets, _length(link), (Invented.HIDDEN,))


def _sll2(link: m.Sll2, packet: Packet, version: int) -> Header:
    address, size, kind = _cooked(link)
    head = _ethertype(link, packet, version) + pack("!HIHBB", 0, link.ifindex, kind, DIRECTIONS.get(packet.direction or "", 0), size)
    return Header(Link.LINUX_SLL2, head + address, _length(link), (Invented.HIDDEN,))


def _loopback(link: m.Loopback, _: Packet, version: int) -> Header:
    family = (2 if version == 4 else 30) if link.family is UNSET else link.family
    return Header(Link.NULL, pack("<I", family), _length(link))


def _length(link: Any) -> int | None:
    return None if link.length is UNSET else link.length


ENCODERS: dict[type, Callable[[Any, Packet, int], Header]] = {
    m.Ethernet: _ethernet,
    m.Sll: _sll,
    m.Sll2: _sll2,
    m.Loopback: _loopback,
    m.Raw: lambda link, packet, version: RAW,
}
