"""The algebra of the TCP checksum, from header text alone (RFC 1071, RFC 9293 §3.1).

A wrong checksum that is exactly the folded pseudo-header sum proves that the sender's card was to finish it. Without payload the right
checksum can be worked out from the text; with payload the payload's own sum can, so that two copies can be compared.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from tcpdump_parse.model.happenings import ChecksumOffload, ChecksumWrong, Happening
from tcpdump_parse.model.packet import IP

if TYPE_CHECKING:
    from tcpdump_parse.track.segment import Sent

TCP = 6


@lru_cache(4096)
def addresses(src: str, dst: str) -> int | None:
    """Sum of the pseudo-header's addresses and protocol, not folded; None for names."""
    try:
        octets = ip_address(src.partition("%")[0]).packed + ip_address(dst.partition("%")[0]).packed
    except ValueError:
        return None
    return sum(int.from_bytes(octets[i : i + 2]) for i in range(0, len(octets), 2)) + TCP


def fold(total: int) -> int:
    """The 16-bit one's-complement sum."""
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def wrong(value: int, ip: IP, seg: Sent) -> Happening:
    """What a checksum is that tcpdump calls incorrect."""
    known = addresses(ip.src, ip.dst)
    if known is not None and seg.size is not None:
        if value == fold(known + seg.size):
            return ChecksumOffload()
        if value == fold(known):
            return ChecksumOffload(lso=True)
    return ChecksumWrong(zero=value == 0)
