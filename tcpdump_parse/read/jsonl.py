"""JSON lines that `tdparse parse` wrote, back to the values they were: the same classes, decoded by msgspec.

A line that does not fit is an error with its place: such a file was written by a program, so damage means that it was
cut or mended, and guessing on would lose records silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from tcpdump_parse.model import Read
from tcpdump_parse.read.chunks import SourceError

LONGEST = 1 << 26
"""No line is longer: a packet of 65,535 octets in hex, twice, with its text, is far below."""
LATER = frozenset({"finding", "flow", "step", "told"})
_WHERE = re.compile(r" \(byte (\d+)\)$| - at `(.+)`$")


def is_jsonl(head: bytes) -> bool:
    """The first line is an object that has a `type`."""
    first = head.lstrip().partition(b"\n")[0]
    return first.startswith(b"{") and b'"type"' in first


def events(chunks: Iterable[bytes], name: str) -> Iterator[Read]:
    """The values, in order; SourceError with line and column at the first that is none."""
    decode = msgspec.json.Decoder(Read).decode
    for number, line in enumerate(_lines(chunks, name), 1):
        if not line.strip():
            continue
        try:
            yield decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if _of_later_room(line):
                continue
            raise SourceError(_explained(error, name, number, line)) from error


def _lines(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    rest: list[bytes] = []
    length = 0
    for chunk in chunks:
        first, *more = chunk.split(b"\n")
        rest.append(first)
        length += len(first)
        if length > LONGEST:
            raise SourceError(f"{name}: a line is longer than {LONGEST} octets, which no JSON line of tdparse is")
        for line in more:
            yield b"".join(rest)
            rest, length = [line], len(line)
    yield b"".join(rest)


def _of_later_room(line: bytes) -> bool:
    """A value that a later command added (a finding, a flow): not the log's, so passed over."""
    try:
        return msgspec.json.decode(line, type=_Tagged).type in LATER
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


class _Tagged(msgspec.Struct):
    type: str


def _explained(error: Exception, name: str, number: int, line: bytes) -> str:
    what = str(error)
    if what == "Input data was truncated":
        return f"{name}:{number}:{len(line) + 1}: the line ends inside a JSON value; was the file cut?"
    place = _WHERE.search(what)
    column = int(place[1]) + 1 if place and place[1] else 1
    field = f" (at {place[2]})" if place and place[2] else ""
    return f"{name}:{number}:{column}: not a value of `tdparse parse`: {_WHERE.sub('', what)}{field}"
