"""One's complement arithmetic (RFC 1071), as remainders.

Adding 16-bit words with end-around carry is arithmetic modulo 65535, so the sum of a byte string is one division of one
big integer: no loop over words. 0 and 0xffff are the same remainder; a field that makes the sum right has exactly one
remainder, and the two spellings of zero are both right.
"""

from __future__ import annotations

RING = 0xFFFF


def ones(octets: bytes | bytearray) -> int:
    """The one's complement sum of big-endian 16-bit words, 0 to 65534; an odd last octet is padded with zero (RFC 1071 §4.1)."""
    total = int.from_bytes(octets, "big")
    return (total << 8 if len(octets) & 1 else total) % RING


def internet_checksum(octets: bytes | bytearray) -> int:
    """The checksum of `octets` whose checksum field is zero: what a correct sender puts there."""
    return (RING - ones(octets)) % RING


def solve(need: int, offset: int, room: int) -> bytes | None:
    """At most two octets at `offset` of the summed data that add `need` to its sum; None when `room` octets cannot.

    An octet on an even offset weighs 256, on an odd one 1. Two octets always do; one does when `need` is small or a multiple
    of 256, which it is whenever the text is genuine: then the checksum *reveals* the octet.
    """
    if room >= 2:
        return need.to_bytes(2, "little" if offset & 1 else "big")
    if room == 1 and offset & 1:
        return need.to_bytes(1, "big") if need < 256 else None
    if room == 1:
        high, low = divmod(need, 256)
        return high.to_bytes(1, "big") if not low else None
    return None
