"""Text of a log, made safe to look at.

Law: what a log says is shown, never obeyed. A payload can hold terminal escapes, bells, bidirectional marks that turn
a line around, invisible characters. `visible` writes each of them as the escape a programmer reads (`\\x1b`, `\\u202e`)
and leaves every other character as it is, so text of any script stays text. Each output format still escapes by its
own rules (`csv_cell` here; HTML, XML and the like beside their writers): this is about what a person sees.
"""

import unicodedata
from typing import Final

_SHORT: Final = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def visible(text: str) -> str:
    """`text` with its control, format and bidirectional characters, line separators and lone surrogates written as escapes."""
    if text.isprintable():
        return text
    return "".join(character if _harmless(character) else _escape(character) for character in text)


def encodable(name: str) -> str:
    """A file's name as UTF-8 can hold it: octets that are none in it (lone surrogates, in Python) stand as they are shown."""
    return name if name.isascii() else "".join(_escape(each) if "\ud800" <= each <= "\udfff" else each for each in name)


def csv_cell(text: str) -> str:
    """`text` as a cell that no spreadsheet takes for a formula.

    A leading `=`, `+`, `-`, `@` (also full-width), tab or line end gets an apostrophe before it, which is how spreadsheets themselves
    mark text. A program that reads the CSV back sees it; JSON lines carry the text as it was.
    """
    return "'" + text if text.startswith(_FORMULA) else text


def _harmless(character: str) -> bool:
    """Printable, or one of the wide and no-break spaces that `str.isprintable` refuses."""
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
