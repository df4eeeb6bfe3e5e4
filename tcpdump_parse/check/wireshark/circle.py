"""The circle of 2^32 as Wireshark compares it: `a < b` iff bit 31 of `a - b` is set, so two opposite numbers are each below the other."""

from typing import Final

MASK: Final = 0xFFFFFFFF
HALF: Final = 0x80000000
