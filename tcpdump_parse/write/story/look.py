"""How a page looks: its width, whether it has colours, and which characters it may use. Widths are cells (wcwidth), not characters.

Colours carry nothing alone: what is blue or yellow is also an arrow to the right or to the left, what is bold also has a mark.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final

from msgspec import Struct


class Paint(enum.StrEnum):
    """Whether styles become SGR escapes."""

    PLAIN = "plain"
    COLOUR = "colour"


class Glyphs(enum.StrEnum):
    """ASCII: for terminals and encodings that lack arrows and box drawing."""

    UNICODE = "unicode"
    ASCII = "ascii"


class Style(enum.StrEnum):
    """What a piece of a line is; the value is its SGR parameter. Blue against yellow stays apart for every kind of colour vision."""

    HEADING = "1"
    PHASE = "1;36"
    CLIENT = "94"
    SERVER = "33"
    DIM = "2"
    REMARK = "1"
    LESSON = "3;36"
    ERROR = "1;31"
    WARN = "1;33"
    CAPTION = "3"


class Look(Struct, frozen=True, gc=False):
    """`width` in cells; None does not wrap (pipes, files)."""

    width: int | None = None
    paint: Paint = Paint.PLAIN
    glyphs: Glyphs = Glyphs.UNICODE
    lang: str = "en"

    def dye(self, style: Style, text: str) -> str:
        return f"\x1b[{style.value}m{text}\x1b[0m" if self.paint is Paint.COLOUR and text else text


ASCII: Final = str.maketrans(
    {
        "→": "->", "←": "<-", "─": "-", "├": "|", "┤": "|", "│": "|", "►": ">", "◄": "<", "═": "=", "×": "x", "µ": "u", "▸": "*",
        "»": ">>", "⋮": ":", "↑": "^",
    }
)  # fmt: skip
"""The characters of our own that ASCII lacks. Text of the log is left to the handle's own way of escaping."""

_NOT_AT_START: Final = frozenset("，。、；：？！）》」』”’…·,.;:?!)]}%")
_NOT_AT_END: Final = frozenset("（《「『“‘([{")


def cells(text: str) -> int:
    """How many columns the text takes."""
    return len(text) if text.isascii() else _cells(text)


@lru_cache(maxsize=4096)
def _cells(text: str) -> int:
    from wcwidth import wcswidth

    width = wcswidth(text.replace("\0", " "))
    return width if width >= 0 else len(text)


def pad(text: str, width: int) -> str:
    """Filled with blanks on the right up to `width` cells."""
    return text + " " * (width - cells(text))


def pad_left(text: str, width: int) -> str:
    return " " * (width - cells(text)) + text


def fold(text: str, width: int | None) -> list[str]:
    """The text in lines of at most `width` cells, broken at blanks and between wide characters; a longer word is cut."""
    if width is None or cells(text) <= width:
        return [text]
    width = max(width, 8)
    lines = [""]
    room = width
    for piece in _pieces(_number().sub("\\1\0", text)):
        size = cells(piece)
        if size > room and lines[-1]:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
            room = width
            piece = piece.lstrip()
            size = cells(piece)
        while size > width:
            head = _head(piece, width)
            lines[-1] += head
            lines.append("")
            piece = piece[len(head) :]
            size = cells(piece)
        lines[-1] += piece
        room = width - cells(lines[-1])
    return [line.rstrip().replace("\0", " ") for line in lines if line] or [""]


@cache
def _number() -> re.Pattern[str]:
    """A number and its unit stay together; NUL stands for that blank while lines are broken (no text that is shown holds one)."""
    return re.compile("(\\d) (?=(?:ns|µs|ms|s|min|h|d)\\b|[\u2e80-\U0003ffff])")


def _pieces(text: str) -> Iterator[str]:
    """What may stand alone on a line: words with the blanks before them, and each wide character with the marks that cling to it."""
    piece = ""
    for character in text:
        if piece and character not in _NOT_AT_START and piece[-1] not in _NOT_AT_END and _may_break(piece[-1], character):
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _may_break(before: str, after: str) -> bool:
    if "\0" in (before, after):
        return False
    if after == " ":
        return before != " "
    return before != " " and (_wide(before) or _wide(after))


def _wide(character: str) -> bool:
    return character > "\u2e7f"


def _head(text: str, width: int) -> str:
    """The longest beginning that fits."""
    taken = 0
    for index, character in enumerate(text):
        taken += cells(character)
        if taken > width:
            return text[:index]
    return text
