"""Redis: `: RESP "SET" "key" "1"`.

The text shows the strings, not whether they were an array of bulk strings, replies or inline commands. The length and the
checksum tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tcpdump_parse.write.octets.payload.guess import Guess
from tcpdump_parse.write.octets.payload.marked import unmarked

ITEM = re.compile(r' (?:"((?:(?!" ").)*)"(?= |\Z)|(empty|null|length too large|length negative and not -1|\[\|resp\]))', re.S)
WORDS = {
    "empty": (b"$0\r\n\r\n", b"*0\r\n"),
    "null": (b"$-1\r\n", b"*-1\r\n"),
    "length too large": (),
    "length negative and not -1": (b"$-20\r\n", b"*-20\r\n"),
}


def resp(tail: str, length: int) -> Iterator[Guess]:
    """One array, arrays of equal size, bulk strings, simple replies, inline commands with CRLF or LF; then each item its own way."""
    items = _items(tail.removeprefix(": RESP"))
    if items is None:
        return
    cut = bool(items) and items[-1] == "[|resp]"
    strings = [item for item in items if isinstance(item, bytes)]
    if cut:
        yield from (Guess(b"".join(form(one) for one in strings) + b"+") for form in (_inline, _bulk, _reply))
        yield Guess(b"*%d\r\n" % (len(strings) + 1) + b"".join(map(_bulk, strings)) + b"$")
        return
    if len(strings) == len(items):
        yield from _alike(strings)
    yield from _mixed(items, length)


def _items(text: str) -> list[bytes | str] | None:
    items: list[bytes | str] = []
    at = 0
    for match in ITEM.finditer(text):
        if match.start() != at:
            return None
        items.append(match[2] or unmarked(match[1]))
        at = match.end()
    return items if at == len(text) else None


def _alike(strings: list[bytes]) -> Iterator[Guess]:
    count = len(strings)
    yield Guess(_array(strings))
    for size in range(1, count):
        if count % size == 0:
            yield Guess(b"".join(_array(strings[at : at + size]) for at in range(0, count, size)))
    for form in (_bulk, _reply, _inline, _inline_lf, _plus):
        yield Guess(b"".join(map(form, strings)))


def _mixed(items: list[bytes | str], length: int) -> Iterator[Guess]:
    """Each item in the form that suits it, and arrays' heads not at all: what pipelined replies look like."""
    for form in (_suitable, _bulk):
        parts = [WORDS[item][:1] if isinstance(item, str) else (form(item),) for item in items]
        if all(parts):
            octets = b"".join(part[0] for part in parts)
            yield Guess(octets)
            if len(octets) < length:
                yield Guess(b"*%d\r\n" % len(items) + octets)
    if len(items) == 1 and isinstance(items[0], str):
        yield from map(Guess, WORDS[items[0]])
        if length > 4:
            fill = b"9" * (length - 3) if items[0] == "length too large" else b"-" + b"9" * (length - 4)
            yield Guess(b"$" + fill + b"\r\n")


def _array(strings: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(strings) + b"".join(map(_bulk, strings))


def _bulk(text: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(text), text)


def _reply(text: bytes) -> bytes:
    return b"-%b\r\n" % text if text.startswith((b"ERR", b"WRONG")) else _integer(text)


def _integer(text: bytes) -> bytes:
    return b":%b\r\n" % text if text.lstrip(b"-").isdigit() else b"+%b\r\n" % text


def _suitable(text: bytes) -> bytes:
    return _reply(text) if text in (b"OK", b"PONG", b"QUEUED") or text.startswith(b"ERR") or text.isdigit() else _bulk(text)


def _plus(text: bytes) -> bytes:
    return b"+%b\r\n" % text


def _inline(text: bytes) -> bytes:
    return text + b"\r\n"


def _inline_lf(text: bytes) -> bytes:
    return text + b"\n"
