"""The circle of 2^32 sequence numbers, unrolled once, so that the rest of the house compares plain integers.

Law: `unroll(n % 2**32, near) == n` for every n within 2^31 of `near`. Timestamps (RFC 7323) live on the same
circle and unroll the same way. Nothing here knows packets.
"""

from typing import Final

CIRCLE: Final = 1 << 32
_HALF: Final = 1 << 31


def unroll(wire: int, near: int) -> int:
    """The stream position closest to `near` whose low 32 bits are `wire` (RFC 9293 §3.4)."""
    return near + ((wire - near + _HALF) % CIRCLE - _HALF)


def roll(position: int) -> int:
    """The 32-bit number that stands on the wire for a stream position."""
    return position % CIRCLE
