"""The log again, as tcpdump printed it: from the typed fields alone, by the grammar run backwards.

Carries everything that was read: records, the lines between them, and what could not be read. Values without lines of their own
(flows, findings) print nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

import msgspec
from msgspec import UNSET

from tcpdump_parse.model import Capture, Notice, Packet, Unread
from tcpdump_parse.read.layout import laid_out
from tcpdump_parse.read.printing import head
from tcpdump_parse.read.tails import tail_of
from tcpdump_parse.read.text import to_raw
from tcpdump_parse.write import writer

GLUED = frozenset({"margin", "interrupt"})
"""Notices that may stand before a record on its line."""


@writer("tcpdump", suffix=".txt")
def tcpdump(values: Iterable[msgspec.Struct], out: TextIO) -> None:
    """The text, byte for byte as it was read; a hand-made packet prints as tcpdump 4.99 would print it."""
    newline = "\n"
    held: Notice | None = None
    for value in values:
        if held is not None:
            glued = isinstance(value, Packet | Unread | Notice) and value.line == held.line
            out.write(_readable(to_raw(held.text)) if glued and held.text is not UNSET else _line(held, newline))
            held = None
        if isinstance(value, Packet):
            out.write(_readable(printed(value)).replace("\n", newline) + newline)
        elif isinstance(value, Notice):
            if value.kind in GLUED:
                held = value
            else:
                out.write(_line(value, newline))
        elif isinstance(value, Unread):
            out.write(_readable(to_raw(value.text)).replace("\n", newline) + newline)
        elif isinstance(value, Capture):
            newline = value.newline
    if held is not None:
        out.write(_line(held, newline))


def printed(packet: Packet) -> str:
    """A packet's lines, without the last line's end, one character an octet."""
    text = head(packet) + tail_of(packet)
    return text if packet.layout is UNSET else laid_out(text, packet.layout)


def _line(notice: Notice, newline: str) -> str:
    return (_readable(to_raw(notice.text)) if notice.text is not UNSET else "") + newline


def _readable(raw: str) -> str:
    """Octets as the handle's text: UTF-8, or surrogates where they are not."""
    return raw if raw.isascii() else raw.encode("latin-1").decode("utf-8", "surrogateescape")
