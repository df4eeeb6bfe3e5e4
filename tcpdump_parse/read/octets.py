"""What a hexdump holds, held against what the record's lines say: where its headers stand, the payload, disagreements.

The dump may begin at the link or the network header, and no line says which; the header is found where everything fits that was
printed. The offsets of common links come first. What a record does not print (no -v: length, id) cannot be compared.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import chain
from struct import Struct, unpack_from
from typing import Final, Literal, NamedTuple

from msgspec import UNSET, UnsetType

from tcpdump_parse.model.layers import Mpls, PppLayer, Pppoe
from tcpdump_parse.model.packet import IP, Packet, Segment

TCP: Final = 6
COMMON = (0, 14, 18, 16, 20, 4, 22, 2, 8, 34, 50, 54)
"""Octets before IP: none, Ethernet, with a tag, cooked v1 and v2, loopback, two tags, PPP, PPPoE, inside GRE, VXLAN over IPv4."""
DEEPEST = 512
FLAGS = "FSRP.UEW"
_ETHERTYPES = frozenset({0x0800, 0x0806, 0x86DD, 0x8100, 0x88A8, 0x8847, 0x8848, 0x8863, 0x8864, 0x88CC})
_EXTENSIONS = frozenset({0, 43, 60, 135})  # RFC 8200: hop-by-hop, routing, destination; RFC 6275
_FRAGMENT, _AH = 44, 51


class Place(NamedTuple):
    """Offsets into the dump: the innermost IP header, the TCP header, the first octet behind the packet (all as if nothing were cut)."""

    network: int
    segment: int
    end: int


class Disagreement(NamedTuple):
    """A field that the line and the dump tell differently."""

    field: str
    printed: int | str
    dumped: int | str


def locate(packet: Packet, octets: bytes) -> Place | None:
    """Where the record's segment stands in the dump; None when nothing there fits what was printed."""
    ip, segment = packet.ip, packet.tcp
    if ip is UNSET or segment is UNSET:
        return None
    src, dst = address(ip.src), address(ip.dst)
    for at in chain(COMMON, range(min(DEEPEST, len(octets)))):
        place = _header(octets, at)
        if place is not None and _fits(octets, place, ip, segment, src, dst):
            return place
    return None


def _header(octets: bytes, at: int) -> Place | None:
    """The IP header at an offset, if it may be one that carries TCP."""
    version = octets[at] >> 4 if at < len(octets) else 0
    if version == 4 and len(octets) >= at + 20 and octets[at + 9] == TCP and octets[at] & 15 >= 5:
        return Place(at, at + (octets[at] & 15) * 4, at + int.from_bytes(octets[at + 2 : at + 4]))
    if version == 6 and len(octets) >= at + 40:
        segment = _behind_extensions(octets, at)
        return None if segment is None else Place(at, segment, at + 40 + int.from_bytes(octets[at + 4 : at + 6]))
    return None


def _behind_extensions(octets: bytes, at: int) -> int | None:
    kind, here = octets[at + 6], at + 40
    while kind != TCP:
        if here + 2 > len(octets):
            return None
        length = 8 if kind == _FRAGMENT else (octets[here + 1] + 2) * 4 if kind == _AH else (octets[here + 1] + 1) * 8
        if kind not in _EXTENSIONS and kind not in (_FRAGMENT, _AH):
            return None
        kind, here = octets[here], here + length
    return here


def _fits(octets: bytes, place: Place, ip: IP, segment: Segment, src: bytes | None, dst: bytes | None) -> bool:
    at = place.network
    first, size = (at + 12, 4) if octets[at] >> 4 == 4 else (at + 8, 16)
    if src is not None and octets[first : first + size] != src:
        return False
    if dst is not None and octets[first + size : first + 2 * size] != dst:
        return False
    ports = octets[place.segment : place.segment + 4]
    if len(ports) < 4:
        return src is not None and dst is not None
    printed = (segment.sport, segment.dport)
    return all(isinstance(name, str) or name == port for name, port in zip(printed, port_pair(ports), strict=True))


@lru_cache(4096)
def address(text: str) -> bytes | None:
    """The octets of a printed address; None for a name."""
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):
        return None


port_pair: Callable[[bytes], tuple[int, ...]] = Struct(">HH").unpack
"""Both ports of a TCP header, of its first four octets."""


@lru_cache(4096)
def addresses(src: str, dst: str) -> bytes:
    """The octets of two printed addresses, one behind the other; none for names."""
    return (address(src) or b"") + (address(dst) or b"")


def origin(packet: Packet, octets: bytes, place: Place | None = None) -> Literal["link", "network"]:
    """Whether the dump begins with the link header (-xx, -XX) or behind it (-x, -X)."""
    if place is not None and place.network == 0:
        return "network"
    tagged = len(octets) >= 14 and int.from_bytes(octets[12:14]) in _ETHERTYPES
    if place is not None and not packet.layers:
        return "link"
    if place is not None and (behind := _behind_the_link(packet)):
        return "network" if place.network == behind else "link"
    if _is_network(octets):
        return "network"
    return "link" if tagged or (place is not None and _first_layer(packet) not in ("mpls", "pppoe")) else "network"


def _behind_the_link(packet: Packet) -> int:
    """Octets of the MPLS and PPPoE headers that stand first: -x and -X begin with them."""
    size = 0
    for layer in packet.layers:
        if isinstance(layer, Mpls):
            size += 4 * len(layer.labels)
        elif isinstance(layer, Pppoe):
            size += 8  # with the two octets of PPP
        elif not isinstance(layer, PppLayer):
            break
    return size


def _first_layer(packet: Packet) -> str:
    return type(packet.layers[0]).__name__.lower() if packet.layers else ""


def _is_network(octets: bytes) -> bool:
    """An IPv4 header whose own checksum is right stands first, or an IPv6 header of a plausible length."""
    if len(octets) >= 20 and octets[0] >> 4 == 4 and octets[0] & 15 >= 5:
        total: int = sum(unpack_from(f">{(octets[0] & 15) * 2}H", octets.ljust(60, b"\0")))
        return total % 0xFFFF == 0
    return len(octets) >= 40 and octets[0] >> 4 == 6 and len(octets) <= 40 + int.from_bytes(octets[4:6]) + 6


def payload(packet: Packet, octets: bytes, place: Place) -> str | UnsetType:
    """The TCP payload in hex, as far as it was captured; UNSET when there is none."""
    length = packet.tcp.length if packet.tcp is not UNSET else UNSET
    if length is UNSET or not length or len(octets) < place.segment + 13:
        return UNSET
    start = place.segment + (octets[place.segment + 12] >> 4) * 4
    return octets[start : start + length].hex() or UNSET


def disagreements(packet: Packet, octets: bytes) -> list[Disagreement]:
    """What the lines and the dump tell differently; one about `ip` alone when the dump holds no such packet at all."""
    ip, segment = packet.ip, packet.tcp
    if ip is UNSET or segment is UNSET:
        return []
    place = locate(packet, octets) or next(filter(None, (_header(octets, at) for at in COMMON)), None)
    if place is None:
        return [Disagreement("ip", f"{ip.src} > {ip.dst}", "no such header")]
    told = chain(_ip_fields(ip, octets, place), _tcp_fields(segment, octets, place))
    return [Disagreement(field, printed, dumped) for field, printed, dumped in told if printed is not UNSET and printed != dumped]


Field = tuple[str, int | str | UnsetType, int | str]


def _ip_fields(ip: IP, octets: bytes, place: Place) -> Iterator[Field]:
    at = place.network
    version, size = octets[at] >> 4, 4 if octets[at] >> 4 == 4 else 16
    first = at + (12 if version == 4 else 8)
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    for name, where, text in (("src", first, ip.src), ("dst", first + size, ip.dst)):
        known = address(text)
        if known is not None and known != octets[where : where + size]:
            yield f"ip.{name}", text, socket.inet_ntop(family, octets[where : where + size])
    if version == 4:
        for name, form, where in (("tos", ">B", 1), ("length", ">H", 2), ("id", ">H", 4), ("ttl", ">B", 8)):
            dumped = unpack_from(form, octets, at + where)[0]
            if name != "length" or dumped:  # 0 stands for what the card will cut into packets
                yield f"ip.{name}", getattr(ip, name, UNSET), dumped
    else:
        yield "ip.payload_length", getattr(ip, "payload_length", UNSET), unpack_from(">H", octets, at + 4)[0]
        yield "ip.hlim", getattr(ip, "hlim", UNSET), octets[at + 7]


def _tcp_fields(segment: Segment, octets: bytes, place: Place) -> Iterator[Field]:
    at = place.segment
    if len(octets) < at + 20:
        return
    sport, dport, seq, ack, offset_flags, win, checksum, urg = unpack_from(">HHIIHHHH", octets, at)
    for name, value in (("sport", sport), ("dport", dport)):
        printed = getattr(segment, name)
        yield f"tcp.{name}", printed if isinstance(printed, int) else UNSET, value
    yield "tcp.seq", segment.seq_abs, seq
    yield "tcp.ack", segment.ack_abs, ack
    yield "tcp.win", segment.win, win
    yield "tcp.urg", segment.urg, urg
    if segment.checksum is not UNSET:
        yield "tcp.checksum", segment.checksum.value, checksum
    if segment.flags is not UNSET and segment.form is UNSET:
        letters = "".join(letter for bit, letter in enumerate(FLAGS) if offset_flags >> bit & 1)
        yield "tcp.flags", segment.flags.removesuffix("e"), letters
