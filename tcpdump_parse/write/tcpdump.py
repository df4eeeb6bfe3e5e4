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
from tcpdump_parse.read.margins import first_line
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
    held: list[Notice] = []
    for value in values:
        if isinstance(value, Notice) and value.kind in GLUED:
            held.append(value)
            continue
        text = _text(value)
        if held:
            alone, text = (held, text) if text is None else _glued(held, first_line(value), text)  # type: ignore[arg-type]
            out.writelines(_line(notice, newline) for notice in alone)
            held = []
        if text is not None:
            out.write(_readable(text).replace("\n", newline) + newline)
        elif isinstance(value, Capture):
            newline = value.newline
    out.writelines(_line(notice, newline) for notice in held)


def _text(value: msgspec.Struct) -> str | None:
    """The lines of a value, without the last one's end; None for one that has none."""
    if isinstance(value, Packet):
        return printed(value)
    if isinstance(value, Unread):
        return to_raw(value.text)
    if isinstance(value, Notice):
        return "" if value.text is UNSET else to_raw(value.text)
    return None


def _glued(held: list[Notice], first: int, text: str) -> tuple[list[Notice], str]:
    """Those of the notices that stand on lines of their own, and the text that begins at line `first` with the others before its lines."""
    lines, alone = text.split("\n"), []
    before = [""] * len(lines)
    for notice in held:
        if 0 <= notice.line - first < len(lines) and notice.text is not UNSET:
            before[notice.line - first] += to_raw(notice.text)
        else:
            alone.append(notice)
    return alone, "\n".join(map(str.__add__, before, lines))


def printed(packet: Packet) -> str:
    """A packet's lines, without the last line's end, one character an octet."""
    text = head(packet) + tail_of(packet)
    return text if packet.layout is UNSET else laid_out(text, packet.layout)


def _line(notice: Notice, newline: str) -> str:
    return _readable(_text(notice) or "") + newline


def _readable(raw: str) -> str:
    """Octets as the handle's text: UTF-8, or surrogates where they are not."""
    return raw if raw.isascii() else raw.encode("latin-1").decode("utf-8", "surrogateescape")
