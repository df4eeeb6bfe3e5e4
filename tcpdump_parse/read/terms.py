"""How each terminal of the grammar is read into a value and printed from it. A terminal that is missing here is text, a literal is itself.

`code` is the same reading as an expression for generated constructors, `{}` being the token's text; reading may raise ValueError,
which means that the text is not of this language after all (a plan then refuses the record, as Lark does).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from tcpdump_parse.model import Port
from tcpdump_parse.read import grammar


class Term(NamedTuple):
    """`format` prints the value with `%`; a value that stands for a list of words has `join` instead."""

    code: str
    read: Callable[[str], Any]
    format: str
    join: str = ""

    def text(self, value: Any) -> str:
        return self.join.join(value) if self.join else self.format % (value,)


_SAFE = 1 << 53


def big(digits: str) -> int | str:
    """An integer; above 2^53, where JSON readers lose digits, its digits."""
    value = int(digits)
    return value if value <= _SAFE else digits


class Small(dict[str, int]):
    """Hex numbers that are nearly always the same few; those of a field with many values are read one by one."""

    LIMIT = 256

    def __missing__(self, text: str) -> int:
        found = int(text, 16)
        if len(self) < self.LIMIT:
            self[text] = found
        return found


SMALL = Small()


def _hex(width: int) -> Term:
    return Term("small[{}]" if width < 4 else "int({}, 16)", lambda text: int(text, 16), f"%0{width}x" if width else "%x")


_INT = Term("int({})", int, "%d")
_TEXT = Term("{}", str, "%s")

TERMS: dict[str, Term] = {
    "INT": _INT,
    "BIG": Term("big({})", big, "%s"),
    "HEX": _hex(0),
    "H2": _hex(2),
    "H4": _hex(4),
    "H5": _hex(5),
    "H8": _hex(8),
    "IP_FLAGS": Term("tuple({}.split(', '))", lambda text: tuple(text.split(", ")), "%s", ", "),
    "TAGGED": Term("{}[10:]", lambda text: text[10:], "ethertype %s"),
    "HOP": Term("{}[1:]", lambda text: text[1:], " %s"),
    "HOP_RECORDED": Term("{}[1:-1]", lambda text: text[1:-1], " %s,"),
    "ECN": Term("{}[1:]", lambda text: text[1:], ",%s"),
    "LENGTH_WITH_PORT": _INT,
    "TTL3": Term("int({})", int, "%3d"),
    "CLOSED": Term("{}.replace(chr(1), chr(10) + 4 * chr(32))", str, "%s"),
    "NUMBER": Term("int({})", int, "%5d  "),
    "INTERFACE": Term("{}.rstrip()", str.rstrip, "%-5s "),
    "DIRECTION": Term("{}.rstrip()", str.rstrip, "%-3s "),
    "SLL_DIRECTION": Term("{}.strip()", str.strip, "%3s "),
}

# Literals that stand for a value which is not their text.
WORDS: dict[str, Any] = {
    "NO_FLAGS": "",
    "NO_IP_FLAGS": (),
    "NEXT_LABEL": True,
    "INVALID_APART": "(invalid)",
    "CORRECT": True,
    "INCORRECT": False,
    "CARET_HERE": True,
    "CARET_BEHIND": True,
    "QUIET": "quiet",
    "LENGTH_COLON": "colon",
    "LENGTH_COLON6": "colon",
    "OLD_INCORRECT": False,
    "BAD_ARROW": False,
    "UDP_OK": "ok",
    "UDP_NONE": "none",
    "TOO_SHORT": "too short",
    "TOO_LONG": "too long",
}


def term(name: str) -> Term:
    """How the terminal `name` is read and printed."""
    if name in WORDS:
        value = WORDS[name]
        return Term(repr(value), lambda _text: value, literal(name).replace("%", "%%"))
    return TERMS.get(name, _TEXT)


@cache
def literal(name: str) -> str:
    """The text of a terminal that is a fixed string, but for what it looks ahead to; "" where it is a pattern."""
    pattern = grammar.patterns()[name]
    return pattern.value if pattern.type == "str" else _FIXED.get(name, "")


_FIXED = {"CARET_HERE": " ^ ", "CARET_BEHIND": " ^ "}


def _port(text: str) -> Port:
    return int(text) if text.isdecimal() and (text[0] != "0" or text == "0") and len(text) < 6 else text


def _endpoint(text: str) -> tuple[str, Port]:
    """`127.0.0.1.8000` is an address and a port; refused where no port stands behind the last dot."""
    address, dot, port = text.rpartition(".")
    if not dot or not address or not port or ":" in port:
        raise ValueError(f"no port in {text}")
    return address, _port(port)


def _whole(text: str) -> tuple[str, UnsetType]:
    """An address or a name alone."""
    return text, UNSET


def _loose(text: str) -> tuple[str, Port | UnsetType]:
    """An endpoint of a protocol that is not TCP: numeric addresses show whether a port follows, names do not."""
    return _endpoint(text) if numeric(text) else (text, UNSET)


def numeric(text: str) -> bool:
    """A numeric address with a port behind it."""
    return _numeric().fullmatch(text) is not None


@cache
def _numeric() -> re.Pattern[str]:
    v6 = grammar.terminals()["ENDPOINT6"].partition("(?= > ")[0]
    return re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}\.[0-9A-Za-z_-]+|" + v6)


@cache
def _above() -> Callable[[str], bool]:
    """Whether Lark would read this text as one of the terminals that win over ENDPOINT."""
    patterns = (grammar.terminals()[name].rpartition("(?=")[0] for name in ("ENDPOINT6", "ADDRESS", "ADDRESS6"))
    found = re.compile("|".join(patterns)).fullmatch
    return lambda text: found(text) is not None


def _unglued(text: str) -> tuple[int, str]:
    """`2540f0f0102` is kind 254 and octets: the octets have an even number of digits, and kinds below 9 have names."""
    width = 2 if len(text) % 2 == 0 else 3 if text[:3].isdecimal() and len(text) > 2 and 100 <= int(text[:3]) <= 255 else 1
    if not text[:width].isdecimal():
        raise ValueError(f"no kind in {text}")
    return int(text[:width]), text[width:]


class Ends(dict[str, tuple[Any, Any]]):
    """Endpoint tokens already taken apart. Bounded: a log names few, hostile text may name millions."""

    LIMIT = 1 << 16

    def __init__(self, split: Callable[[str], tuple[Any, Any]], refuses: Callable[[str], bool] | None = None) -> None:
        self.split = split
        self.refuses = refuses

    def __missing__(self, text: str) -> tuple[Any, Any]:
        if self.refuses is not None and self.refuses(text):
            raise ValueError(f"{text} is no name")
        if len(self) >= self.LIMIT:
            self.clear()
        found = self[text] = self.split(text)
        return found


# By what follows the two tokens, then by terminal.
ENDS: dict[str, Ends] = {
    "named": Ends(_endpoint, lambda text: _above()(text)),
    "ported": Ends(_endpoint),
    "whole": Ends(_whole),
    "whole_named": Ends(_whole, lambda text: _above()(text)),
    "loose": Ends(_loose),
    "loose_named": Ends(_loose, lambda text: _above()(text)),
    "glued": Ends(_unglued),
    "port": Ends(lambda text: ("", _port(text))),
}
