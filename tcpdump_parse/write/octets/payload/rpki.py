"""RPKI-RTR (RFC 8210): only the version where tcpdump prints nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tcpdump_parse.write.octets.payload.guess import Guess

UNKNOWN = re.compile(r"\tRPKI-RTRv(\d+) \(unknown\)")


def rpki(tail: str, length: int) -> Iterator[Guess]:
    """A version that tcpdump does not know ends its decoding."""
    match = UNKNOWN.fullmatch(tail)
    if match:
        yield Guess(bytes((int(match[1]) & 0xFF,)))
