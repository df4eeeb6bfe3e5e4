"""The IPv6 header (RFC 8200 §3). tcpdump prints all of it; a class or flow label of zero it leaves out."""

from __future__ import annotations

from struct import Struct as Layout

from msgspec import UNSET

from tcpdump_parse.model import IPv6
from tcpdump_parse.write.octets.addresses import pair
from tcpdump_parse.write.octets.ipv4 import USUAL_TTL

HEADER = Layout("!IHBB")


def ipv6_octets(ip: IPv6, length: int, following: int) -> bytes:
    """The header of a packet with `length` octets behind it, `following` being the next header's number.

    Without -v the hop limit is not printed, and is the usual one.
    """
    first = 6 << 28 | (ip.class_ or 0) << 20 | (ip.flowlabel or 0)
    hops = ip.hlim or (USUAL_TTL if ip.payload_length is UNSET else 0)
    return HEADER.pack(first, length, following, hops) + pair(ip.src, ip.dst)[0]
