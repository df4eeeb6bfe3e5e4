"""The IPv4 header (RFC 791 §3.1), every field as printed, its checksum too when it was a wrong one."""

from __future__ import annotations

from struct import Struct as Layout

from msgspec import UNSET

from tcpdump_parse.model import IPv4
from tcpdump_parse.write.octets.addresses import pair
from tcpdump_parse.write.octets.sums import internet_checksum

HEADER = Layout("!BBHHHBBH")
USUAL_TTL = 64
FLAGS = {"+": 0x2000, "DF": 0x4000, "rsvd": 0x8000}


def ipv4_octets(ip: IPv4, length: int, options: bytes = b"") -> bytes:
    """The header of a packet of `length` octets in all. What was not printed is zero, and so is a TTL that tcpdump leaves out.

    Without -v nothing of the header is printed, and a TTL of zero would be told as one: it is the usual 64 then.
    """
    flags = sum([FLAGS[flag] for flag in ip.flags]) if ip.flags else 0
    offset = 0 if ip.offset is UNSET else ip.offset >> 3
    identity = 0 if ip.id is UNSET else ip.id
    ttl = ip.ttl or (USUAL_TTL if ip.length is UNSET else 0)
    first = (0x45 + len(options) // 4, ip.tos or 0, length, identity, flags | offset, ttl, 6 if ip.proto is UNSET else ip.proto)
    addresses, _ = pair(ip.src, ip.dst)
    tail = addresses + options
    checksum = internet_checksum(HEADER.pack(*first, 0) + tail) if ip.bad_checksum is UNSET else ip.bad_checksum
    return HEADER.pack(*first, checksum) + tail
