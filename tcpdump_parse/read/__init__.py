"""Text to facts: `read` gives what stands in a log, one value after the other."""

from __future__ import annotations

from collections.abc import Iterator

from tcpdump_parse.model import Packet, Read
from tcpdump_parse.read.framing import Framing
from tcpdump_parse.read.sources import Given, SourceError, open_source

__all__ = ["SourceError", "packets", "read"]


def read(source: Given) -> Iterator[Read]:
    """Captures, packets, notices and unread records of a log, in its order, as they become certain.

    `source` is a path (opened, decompressed), a binary file or an iterable of bytes. Raises SourceError when it cannot be a log.
    """
    with open_source(source) as opened:
        if opened.events is not None:
            yield from opened.events
            return
        framing = Framing(opened.file, opened.live)
        for chunk in opened.chunks:
            yield from framing.feed(chunk)
            if opened.live:
                yield from framing.flush()
        yield from framing.end()


def packets(source: Given) -> Iterator[Packet]:
    """Only the packets of `read`."""
    return (value for value in read(source) if type(value) is Packet)
