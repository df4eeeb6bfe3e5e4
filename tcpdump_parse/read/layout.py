"""White space that is not tcpdump's: what a paste did to a record's blanks, kept as edits of the text tcpdump would have printed."""

from __future__ import annotations

import re

from msgspec import UNSET, UnsetType

from tcpdump_parse.model.packet import Layout

# Blanks, tabs, line ends, and the no-break space as UTF-8 or latin-1.
_SPACE = re.compile(r"((?:[ \t\r\n\x0b\x0c]|\xc2\xa0|\xa0)+)")


def difference(usual: str, found: str) -> Layout | UnsetType | None:
    """The edits that make `found` of `usual`; UNSET when they are equal, None when they differ in more than white space."""
    if usual == found:
        return UNSET
    one, other = _SPACE.split(usual), _SPACE.split(found)
    if one[0::2] != other[0::2]:
        return _ragged(one, other)
    edits, at = [], 0
    for number, piece in enumerate(one):
        if number % 2 and piece != other[number]:
            edits.append((at, piece, other[number]))
        at += len(piece)
    return Layout(tuple(edits))


def _ragged(one: list[str], other: list[str]) -> Layout | None:
    """White space where tcpdump has none: before the first character, behind the last."""
    inner = other
    before = after = ""
    if len(inner) > 2 and not inner[0] and one[0]:
        before, inner = inner[1], inner[2:]
    if len(inner) > 2 and not inner[-1] and one[-1]:
        after, inner = inner[-2], inner[:-2]
    if one[0::2] != inner[0::2]:
        return None
    edits = [(0, "", before)] if before else []
    at = 0
    for number, piece in enumerate(one):
        if number % 2 and piece != inner[number]:
            edits.append((at, piece, inner[number]))
        at += len(piece)
    if after:
        edits.append((at, "", after))
    return Layout(tuple(edits))


def laid_out(text: str, layout: Layout) -> str:
    """The text with its edits put in. Raises ValueError for edits that are no white space or not of this text."""
    pieces, at = [], 0
    for offset, taken, put in layout.edits:
        if _SPACE.sub("", taken + put) or offset < at or not text.startswith(taken, offset):
            raise ValueError(f"no layout of this text: {(offset, taken, put)}")
        pieces += [text[at:offset], put]
        at = offset + len(taken)
    return "".join(pieces) + text[at:]
