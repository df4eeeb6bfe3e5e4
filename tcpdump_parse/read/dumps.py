"""Hexdumps: the lines that -x, -xx, -X and -XX put behind a record, to octets and back, byte for byte.

A style is a row of `STYLES`. Reading slices columns and then prints what it read: only lines that come back exactly are a dump
whose text need not be kept (`exact`). A dump that a paste damaged beside its hex digits still gives its octets.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

ROW = 16
FOUR_DIGITS = 0x10000 // ROW
"""Rows whose offsets have four digits; those behind are wider."""
GRAPHIC = bytes(octet if 0x21 <= octet <= 0x7E else ord(".") for octet in range(256))
_WIDTH = ROW // 2 * 5  # eight groups of a blank and four digits


class Style(NamedTuple):
    """What stands before the digits of the row at an offset, and between the digits and the characters (None: no characters)."""

    name: str
    offset: str
    gap: str | None


STYLES = {
    style.name: style
    for style in (
        Style("x", "\t0x%04x: ", None),  # print-ascii.c: hex_print
        Style("X", "\t0x%04x: ", "  "),  # hex_and_ascii_print
        Style("X 3.7", "0x%04x\t", "\t"),
        Style("x 3.7", "\t\t\t", None),
    )
}
_PLACE = re.compile(r"\t?0x([0-9a-f]{4,8})(?:: |\t)")


class Dump(NamedTuple):
    """`hex`: the octets, two digits each. `exact`: `print_dump(hex, style)` gives the very lines."""

    hex: str
    style: str
    exact: bool


def is_row(line: str) -> bool:
    """The line is a row of a hexdump, whatever stands around it."""
    return bool(_PLACE.match(line)) or line.startswith("\t\t\t ")


def split_dump(lines: list[str]) -> tuple[int, Dump] | None:
    """The dump that these lines end with, and how many of them it is: the last run that begins at offset 0."""
    if not lines:
        return None
    place = _PLACE.match(lines[-1])
    if place is None:
        return _without_offsets(lines) if lines[-1].startswith("\t\t\t ") else None
    rows = int(place[1], 16) // ROW + 1
    if rows > len(lines):
        return None
    run = lines[len(lines) - rows :]
    style = _style(run[0])
    dump = _read(run, style) if style else None
    return (rows, dump) if dump else None


def _style(first: str) -> Style | None:
    if first.startswith("\t0x0000: "):
        return STYLES["X"] if len(first) > 9 + _WIDTH else STYLES["x"]
    return STYLES["X 3.7"] if first.startswith("0x0000\t") else None


def _without_offsets(lines: list[str]) -> tuple[int, Dump] | None:
    rows = next((n for n, line in enumerate(reversed(lines)) if not line.startswith("\t\t\t ")), len(lines))
    dump = _read(lines[len(lines) - rows :], STYLES["x 3.7"])
    return (rows, dump) if dump else None


def _read(run: list[str], style: Style) -> Dump | None:
    start = len(_before(style, 0))
    stop = start + _WIDTH
    if len(run) > FOUR_DIGITS:
        digits = [line[wider : wider + _WIDTH] for row, line in enumerate(run) for wider in (len(_before(style, row * ROW)),)]
    else:
        digits = [line[start:stop] for line in run]
    try:
        octets = bytes.fromhex("".join(digits))
    except ValueError:
        return None
    if not 0 < len(octets) <= ROW * len(run) or len(octets) <= ROW * (len(run) - 1):
        return None
    text = octets.hex()
    return Dump(text, style.name, _comes_back(run, octets, style, digits, start, stop))


@lru_cache(maxsize=len(STYLES))
def _offsets(offset: str) -> list[str]:
    """What stands before each row, made when a dump is seen."""
    return [offset % at for at in range(0, 1 << 16, ROW)]


def _comes_back(run: list[str], octets: bytes, style: Style, digits: list[str], start: int, stop: int) -> bool:
    """Compares whole columns: much cheaper than printing each row, and the same."""
    gap = style.gap
    if gap is None or len(run) > FOUR_DIGITS:
        return print_dump(octets.hex(), style.name) == run
    grouped = f" {octets.hex(' ', -2)}"
    behind = stop + len(gap)
    return (
        "".join(digits) == grouped.ljust(_WIDTH * len(run))
        and [line[:start] for line in run] == _offsets(style.offset)[: len(run)]
        and "".join([line[stop:behind] for line in run]) == gap * len(run)
        and "".join([line[behind:] for line in run]) == octets.translate(GRAPHIC).decode("ascii")
    )


def print_dump(hex_digits: str, style: str) -> list[str]:
    """The lines tcpdump prints for these octets in a style."""
    known = STYLES[style]
    octets = bytes.fromhex(hex_digits)
    lines = []
    for at in range(0, len(octets), ROW):
        row = octets[at : at + ROW]
        digits = " " + row.hex(" ", -2)
        if known.gap is None:
            lines.append(_before(known, at) + digits)
        else:
            lines.append(f"{_before(known, at)}{digits:<{_WIDTH}}{known.gap}{row.translate(GRAPHIC).decode('ascii')}")
    return lines


def _before(style: Style, at: int) -> str:
    return style.offset % at if "%" in style.offset else style.offset
