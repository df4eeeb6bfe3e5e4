"""Printed addresses as octets. Names cannot be mapped back: a log is rebuilt from `-n` text."""

from __future__ import annotations

from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_pton

from tcpdump_parse.write.octets.outcome import CannotBuildError, Reason
from tcpdump_parse.write.octets.sums import ones


@lru_cache(maxsize=65536)
def address(text: str) -> bytes:
    """4 or 16 octets."""
    try:
        return inet_pton(AF_INET6 if ":" in text else AF_INET, text)
    except OSError:
        raise CannotBuildError(Reason.NAMES) from None


@lru_cache(maxsize=65536)
def pair(src: str, dst: str) -> tuple[bytes, int]:
    """Source and destination as they stand in a header, and their part of the pseudo-header's sum."""
    octets = address(src) + address(dst)
    if len(octets) not in (8, 32):
        raise CannotBuildError(Reason.NAMES)
    return octets, ones(octets)
