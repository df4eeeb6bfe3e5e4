"""Text to facts: `read` gives what stands in a log, one value after the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from tcpdump_parse.model import Packet, Read
from tcpdump_parse.read.portions import portions
from tcpdump_parse.read.sources import Given, SourceError

__all__ = ["SourceError", "packets", "read"]


def read(source: Given, zone: tzinfo | None = None) -> Iterator[Read]:
    """Captures, packets, notices and unread records of a log, in its order, as they become certain.

    `source` is a path (opened, decompressed), a binary file or an iterable of bytes; `zone` is where its wall times were printed.
    Raises SourceError when it cannot be a log.
    """
    for portion in portions(source, zone):
        yield from portion


def packets(source: Given, zone: tzinfo | None = None) -> Iterator[Packet]:
    """Only the packets of `read`."""
    return (value for value in read(source, zone) if type(value) is Packet)
