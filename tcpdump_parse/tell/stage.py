"""Order for files: one connection after the other, though the log interleaves them, within a bound of memory.

One connection is on stage: its story goes straight out. The others wait in the wings, each a list of what was told of it. When the one
on stage has its verdict, the next one enters, the earliest first. When the wings are full, the connections that wait leave in pieces
("continued" says so), those that are done first: nothing is ever lost, and the frame numbers still tell the order of the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from tcpdump_parse.tell.told import Begun, Listening, Overview, Remark, Run, Story, Told, Verdict

WINGS: Final = 20_000  # values that may wait


Piece = Begun | Told | Run | Verdict | Remark
"""What belongs to one connection."""


class _Wings:
    def __init__(self) -> None:
        self.waiting: dict[int, list[Piece]] = {}  # by connection, in order of opening
        self.begun: dict[int, Begun] = {}
        self.done: set[int] = set()
        self.size = 0
        self.on_stage = 0
        self.last = 0  # whose heading stands above

    def hold(self, conn: int, value: Piece) -> None:
        self.waiting.setdefault(conn, []).append(value)
        self.size += 1

    def leave(self, conn: int) -> list[Piece]:
        piece = self.waiting.pop(conn, [])
        self.size -= len(piece)
        return piece


def in_turn(story: Iterable[Story], bound: int = WINGS) -> Iterator[Story]:
    """The same story, connection by connection."""
    wings = _Wings()
    for value in story:
        match value:
            case Begun() | Told() | Run() | Verdict() | Remark() if value.conn:
                yield from _one(wings, value)
                if wings.size > bound:
                    yield from _clear(wings)
            case Listening() | Overview():
                yield from _clear(wings)
                yield value
            case _:
                yield value
    yield from _clear(wings)


def _one(wings: _Wings, value: Piece) -> Iterator[Story]:
    conn = value.conn
    if isinstance(value, Begun):
        wings.begun[conn] = value
    if not wings.on_stage and conn in wings.begun:
        wings.on_stage = conn
        yield from _heading(wings, value)
    if conn != wings.on_stage:
        wings.hold(conn, value)
        if isinstance(value, Verdict):
            wings.done.add(conn)
        return
    yield value
    if isinstance(value, Verdict):
        wings.begun.pop(conn, None)
        yield from _next(wings)


def _heading(wings: _Wings, value: Piece) -> Iterator[Story]:
    """A heading before a piece that does not bring one and does not stand under it already."""
    if not isinstance(value, Begun) and wings.last != value.conn:
        yield replace(wings.begun[value.conn], continued=True)
    wings.last = value.conn


def _next(wings: _Wings) -> Iterator[Story]:
    """Let the earliest one in; whoever has its verdict already leaves at once and makes room for the next."""
    wings.on_stage = 0
    while wings.waiting and not wings.on_stage:
        conn = next(iter(wings.waiting))
        yield from _piece(wings, conn)
        if conn in wings.begun:
            wings.on_stage = conn


def _piece(wings: _Wings, conn: int) -> Iterator[Story]:
    piece = wings.leave(conn)
    if piece:
        yield from _heading(wings, piece[0])
    yield from piece
    if conn in wings.done:
        wings.done.discard(conn)
        wings.begun.pop(conn, None)


def _clear(wings: _Wings) -> Iterator[Story]:
    """Everybody out, the finished first; whoever was on stage comes back with a heading of its own."""
    if not wings.waiting:
        return
    for conn in sorted(wings.waiting, key=lambda conn: (conn not in wings.done, conn)):
        yield from _piece(wings, conn)
    wings.on_stage = 0
