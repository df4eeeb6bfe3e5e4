"""Text to facts: `read` gives what stands in a log, one value after the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from tcpdump_parse.model import Packet, Read
from tcpdump_parse.read.framing import Framing
from tcpdump_parse.read.sources import Given, SourceError, open_source

__all__ = ["SourceError", "packets", "read"]


SILENCE = 0.02
"""Seconds without a new octet after which a live record is taken as complete: its tail is written in one go with it."""


def read(source: Given, zone: tzinfo | None = None) -> Iterator[Read]:
    """Captures, packets, notices and unread records of a log, in its order, as they become certain.

    `source` is a path (opened, decompressed), a binary file or an iterable of bytes; `zone` is where its wall times were printed.
    Raises SourceError when it cannot be a log.
    """
    with open_source(source) as opened:
        if opened.events is not None:
            yield from opened.events
            return
        framing = Framing(opened.file, zone)
        for chunk in opened.chunks:
            yield from framing.feed(chunk)
            if opened.live and opened.silent(SILENCE):
                yield from framing.flush()
        yield from framing.end()


def packets(source: Given, zone: tzinfo | None = None) -> Iterator[Packet]:
    """Only the packets of `read`."""
    return (value for value in read(source, zone) if type(value) is Packet)
