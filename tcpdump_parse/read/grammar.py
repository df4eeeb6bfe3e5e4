"""The language tcpdump prints: finds the files of grammar/, builds lark's LALR parser from them when it is first needed.

The files are one grammar, cut by layer. Lark's tables are made when the package is built (`tables()`, saved beside the code), because
making them takes ten times as long as loading them; without them, or when the grammar has changed since, they are made anew. lark
itself is imported here and nowhere else, at the first unknown shape. Never `Lark(cache=True)`: it unpickles from a shared folder.
"""

from __future__ import annotations

import functools
import hashlib
import io
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lark import Lark
    from lark.tree import Tree

_HERE = Path(__file__).resolve().parent
TABLES = _HERE / "tables.bin"


def source() -> str:
    """The whole grammar, one text: grammar/ of the wheel, else of the source tree."""
    for folder in (_HERE.parent / "grammar", _HERE.parent.parent / "grammar"):
        files = sorted(folder.glob("*.lark"))
        if files:
            return "\n".join(file.read_text("utf-8") for file in files)
    raise FileNotFoundError("the grammar of tcpdump_parse is missing: install the package again")


OPTIONS: dict[str, Any] = {"parser": "lalr", "lexer": "contextual", "start": ["packet", "closed_packet"], "maybe_placeholders": False}
"""What the grammar is built with, everywhere."""


def _built(text: str) -> Lark:
    from lark import Lark
    from lark.lexer import ContextualLexer

    class Trusted(ContextualLexer):
        """Where interegular is installed lark looks for two terminals that take one text, for minutes: tests look for it."""

        def __init__(self, conf: Any, *states: Any, **others: Any) -> None:
            conf.skip_validation = True
            super().__init__(conf, *states, **others)

    return Lark(text, **OPTIONS, _plugins={"ContextualLexer": Trusted})


def digest(text: str) -> bytes:
    """32 octets that name this grammar under this version of lark: tables made from another would be read wrongly."""
    import lark

    return hashlib.sha256(f"{lark.__version__}\n{text}".encode()).digest()


def tables() -> bytes:
    """What the package's build saves: the digest of the grammar, then lark's tables."""
    text = source()
    saved = io.BytesIO()
    _built(text).save(saved, exclude_options=("_plugins",))
    return digest(text) + saved.getvalue()


@functools.cache
def parser() -> Lark:
    """Lark's parser for the start rules `packet` and `closed_packet`."""
    from lark import Lark

    text = source()
    try:
        saved = TABLES.read_bytes()
    except OSError:
        return _built(text)
    if saved[:32] != digest(text):
        return _built(text)
    try:
        return Lark.load(io.BytesIO(saved[32:]))
    except (pickle.UnpicklingError, KeyError, TypeError, AttributeError):  # written by another version of lark
        return _built(text)


@functools.cache
def patterns() -> dict[str, Any]:
    """Lark's pattern of every terminal, by its name."""
    return {terminal.name: terminal.pattern for terminal in parser().terminals}


@functools.cache
def terminals() -> dict[str, str]:
    """Every terminal's pattern, as a regular expression, by its name."""
    return {name: pattern.to_regexp() for name, pattern in patterns().items()}


@functools.cache
def lax(terminal: str) -> bool:
    """Takes any text, where no other terminal does: its priority is the lowest."""
    return any(one.name == terminal and one.priority < 0 for one in parser().terminals)


def parse(head: str) -> Tree:  # type: ignore[type-arg]
    """The tree of a record's head. Raises lark.exceptions.UnexpectedInput where the grammar refuses it."""
    from lark.exceptions import UnexpectedInput

    try:
        return parser().parse(head, start="packet")
    except UnexpectedInput as refused:
        try:
            return parser().parse(head, start="closed_packet")
        except UnexpectedInput:
            raise refused from None
