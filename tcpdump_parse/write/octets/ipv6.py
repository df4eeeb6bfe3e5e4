"""The IPv6 header (RFC 8200 §3). tcpdump prints all of it; a class or flow label of zero it leaves out."""

from __future__ import annotations

from struct import Struct as Layout

from tcpdump_parse.model import IPv6
from tcpdump_parse.write.octets.addresses import pair

HEADER = Layout("!IHBB")


def ipv6_octets(ip: IPv6, length: int, following: int) -> bytes:
    """The header of a packet with `length` octets behind it, `following` being the next header's number."""
    first = 6 << 28 | (ip.class_ or 0) << 20 | (ip.flowlabel or 0)
    return HEADER.pack(first, length, following, ip.hlim or 0) + pair(ip.src, ip.dst)[0]
