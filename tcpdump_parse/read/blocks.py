"""The hexdumps of a chunk, taken out of it before it is cut into lines: most text of -X is dump, and a dump is one thing.

`taken` puts marks that this log does not hold in the place of each dump and gives the dumps in order. A dump is taken only when its
very lines can be printed again from its octets (so that nobody has to look at them again); any other stays where it is, as lines.

A row is 68 octets wide, but that the last one ends behind its characters: 40 with the digits in groups, one blank and 16 characters,
and 11 that lead to the next row. Where rows begin is then a matter of arithmetic, and a dump is checked column by column.
"""

from __future__ import annotations

from functools import cache, lru_cache
from struct import Struct
from typing import NamedTuple

import msgspec

from tcpdump_parse.read.dumps import FOUR_DIGITS, GRAPHIC, ROW, print_dump

FIRST = b"\n\t0x0000:  "
NEXT = b"\n\t0x"
MARK = b"\x03"
"""Stands for a row of a dump, at the end of the line that the dump follows."""
_WIDE, _LEAD, _SHOWN = 68, 11, 41


class Block(msgspec.Struct, gc=False):
    """One dump: its octets, and how many rows it has."""

    octets: bytes
    rows: int

    def lines(self) -> list[str]:
        """Its lines, as they stood."""
        return print_dump(self.octets.hex(), "X")


_CONTINUED = MARK + b"\n    "
"""A line of four blanks behind a dump: it would be joined to the line before the dump."""
_ROWS = 64
_CELLS = Struct("40s17s11s" * _ROWS)


class _Geometry(NamedTuple):
    """What the length of a dump's text alone says."""

    octets: int
    rows: int
    leads: bytes
    mark: bytes


@cache
def _leads() -> bytes:
    """What stands before all rows behind the first, made when a dump is seen."""
    return b"".join([b"\n\t0x%04x:  " % at for at in range(ROW, FOUR_DIGITS * ROW, ROW)])


@lru_cache(1024)
def _geometry(length: int) -> _Geometry | None:
    """None for a length that no dump has."""
    rows = -(-length // _WIDE)
    last = length - (rows - 1) * _WIDE - _SHOWN
    if not 0 < last <= ROW or not 0 < rows <= FOUR_DIGITS:
        return None
    leads = _leads()[: _LEAD * (rows - 1)] + b" " * _LEAD
    return _Geometry((rows - 1) * ROW + last, rows, leads, MARK * rows)


def taken(chunk: bytes) -> tuple[bytes, list[Block]]:
    """The chunk with a mark in the place of each row, behind the line before the dump, and the dumps."""
    text, *pieces = chunk.split(FIRST)
    dumps: list[bytes] = []
    known: list[_Geometry] = []
    parts = [text]
    for number, piece in enumerate(pieces, 1):
        stop = piece.find(b"\n", piece.rfind(NEXT) + 1)
        if stop < 0:
            if number < len(pieces):
                return _one_by_one(text, pieces)
            stop = len(piece)
        geometry = _geometry(stop)
        if geometry is None:
            return _one_by_one(text, pieces)
        known.append(geometry)
        dumps.append(piece[:stop].ljust(geometry.rows * _WIDE))
        parts.append(geometry.mark)
        parts.append(piece[stop:])
    blocks, without = _octets(b"".join(dumps), known), b"".join(parts)
    return (without, blocks) if blocks is not None and _CONTINUED not in without else _one_by_one(text, pieces)


def _one_by_one(text: bytes, pieces: list[bytes]) -> tuple[bytes, list[Block]]:
    """The same where some dump is not as tcpdump prints it, or another dump or a line of four blanks follows: that one stays."""
    blocks: list[Block] = []
    parts = [text]
    for piece in pieces:
        stop = piece.find(b"\n", piece.rfind(NEXT) + 1)
        dump, rest = (piece[:stop], piece[stop:]) if stop >= 0 else (piece, b"")
        geometry = _geometry(len(dump))
        found = geometry and _octets(dump.ljust(geometry.rows * _WIDE), [geometry])
        alone = (rest or piece is pieces[-1]) and not rest.startswith(b"\n    ")
        if geometry and found and alone:
            parts += (geometry.mark, rest)
            blocks += found
        else:
            parts += (FIRST, piece)
    return b"".join(parts), blocks


def _octets(dumps: bytes, known: list[_Geometry]) -> list[Block] | None:
    """What dumps show, all their rows filled up with blanks to one width; None when tcpdump would print one of them otherwise."""
    rows = len(dumps) // _WIDE
    columns: tuple[list[bytes], ...] = [], [], []
    for cells in _CELLS.iter_unpack(dumps.ljust(-(-rows // _ROWS) * _ROWS * _WIDE)):
        for column, these in enumerate(columns):
            these.append(b"".join(cells[column::3]))
    digits = b"".join(columns[0])[: 40 * rows].decode("latin-1")
    try:
        octets = bytes.fromhex(digits)
    except ValueError:
        return None
    blocks, printed, at = [], [], 0
    for count, high, _, _ in known:
        held = octets[at : at + count]
        printed.append(held.hex(" ", -2).ljust(40 * high))
        blocks.append(Block(held, high))
        at += count
    shown = b"".join(columns[1])[: 17 * rows]
    exact = (
        at == len(octets)
        and digits == "".join(printed)
        and shown[0::17] == b" " * rows
        and shown.translate(None, b" ") == octets.translate(GRAPHIC)
        and b"".join(columns[2])[: _LEAD * rows] == b"".join([leads for _, _, leads, _ in known])
    )
    return blocks if exact else None
