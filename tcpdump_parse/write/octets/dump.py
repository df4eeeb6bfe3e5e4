"""Frames from a hexdump: every octet that was captured, so that nothing is invented and no protocol is unknown."""

from __future__ import annotations

import re

from msgspec import UNSET

from tcpdump_parse.model import IPv4, Octets, Packet
from tcpdump_parse.write.octets.link import link_header
from tcpdump_parse.write.octets.outcome import CannotBuildError, Frame, Link, Reason

LINK_TYPE = re.compile(r"link-type ([A-Z0-9_]+)")
ARP = b"\0\1\x08\0\6\4"
"""How ARP begins on Ethernet (RFC 826): a dump that begins so begins with the network header."""
IP_TYPES = (b"\x08\0", b"\x86\xdd")
VLAN_TYPES = (b"\x81\0", b"\x88\xa8", b"\x91\0")
JUNIPER_ETHERNET = re.compile(rb"MGC[\x80-\xff]..\x03\x01\x01", re.DOTALL)
"""Juniper's magic number, its flags with the one for extensions, their length, and the first of them: the medium is Ethernet."""
PREFIXES = {Link.NULL: 4, Link.LINUX_SLL: 16, Link.LINUX_SLL2: 20}


def announced(text: str) -> Link | None:
    """The link type that a banner names: `listening on lo, link-type EN10MB (Ethernet)`; None when it names none, or one we do not know."""
    match = LINK_TYPE.search(text)
    return Link.__members__.get(match[1]) if match else None


def frame_of_dump(packet: Packet, octets: Octets, link: Link | None) -> Frame:
    """The frame a dump shows whole. `link` is the type the banner named, else it is recognised by where the IP header stands."""
    data = bytes.fromhex(octets.hex)
    version = data[0] >> 4 if data else 0
    header = link_header(packet, version if version in (4, 6) else 4)
    if octets.origin == "network" and not (link is not None and _begins_below(data, version, header.octets)):
        if version not in (4, 6) and not header.octets:
            raise CannotBuildError(Reason.DUMP)
        frame = header.octets + data
        return Frame(header.link, frame, _wire(packet, frame, len(header.octets), header.wire))
    link = link or recognised(data, packet)
    if link is None:
        raise CannotBuildError(Reason.DUMP)
    printed = getattr(packet.link, "length", UNSET) if packet.link is not UNSET else UNSET
    return Frame(link, data, _wire(packet, data, _network_at(data, link), None if printed is UNSET else printed))


def _begins_below(data: bytes, version: int, header: bytes) -> bool:
    """Whether a dump of no IP packet begins with a link header after all: it is not ARP, and what `-e` printed begins it."""
    return version not in (4, 6) and not data.startswith(ARP) and data.startswith(header[:12])


def recognised(data: bytes, packet: Packet) -> Link | None:
    """Ethernet, Linux cooked or BSD loopback, by a known protocol at the right place with the right IP version behind it; else by how it
    begins."""
    for link in (Link.EN10MB, Link.LINUX_SLL, Link.LINUX_SLL2, Link.NULL):
        at = _network_at(data, link)
        if at is not None and _fits(data[at:], packet):
            return link
    if JUNIPER_ETHERNET.match(data):
        return Link.JUNIPER_ETHER
    ether = int.from_bytes(data[12:14], "big")
    return Link.EN10MB if len(data) >= 14 and packet.ip is UNSET and (ether >= 0x600 or ether == len(data) - 14) else None


def _network_at(data: bytes, link: Link) -> int | None:
    if link is Link.EN10MB:
        at = 12
        while data[at : at + 2] in VLAN_TYPES:
            at += 4
        return at + 2 if data[at : at + 2] in IP_TYPES else None
    return PREFIXES.get(link)


def _fits(data: bytes, packet: Packet) -> bool:
    version = data[0] >> 4 if data else 0
    if packet.ip is UNSET or packet.layers:
        return version in (4, 6)
    if type(packet.ip) is not IPv4:
        return version == 6
    return version == 4 and (packet.ip.length is UNSET or data[2:4] == packet.ip.length.to_bytes(2, "big"))


def _wire(packet: Packet, frame: bytes, at: int | None, printed: int | None) -> int:
    """The length on the wire: printed, else what the IP header says, else what was captured."""
    if printed is None and packet.len is not UNSET:
        printed = packet.len
    if printed is not None:
        return max(printed, len(frame))
    if at is None or len(frame) < at + 6:
        return len(frame)
    four = frame[at] >> 4 == 4
    total = int.from_bytes(frame[at + 2 : at + 4] if four else frame[at + 4 : at + 6], "big") + (0 if four else 40)
    return max(len(frame), at + total)
