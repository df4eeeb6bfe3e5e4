"""BGP-4 messages (RFC 4271 §4) from what tcpdump prints at -vvv, where most values stand decoded and then in hex beneath."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from socket import AF_INET, inet_pton

from tcpdump_parse.write.octets.payload.dump import LINE
from tcpdump_parse.write.octets.payload.guess import Guess

MARKER = b"\xff" * 16
MESSAGE = re.compile(r"\t[\w -]+ Message \((\d+)\), length: (\d+)(.*)")
OPENING = re.compile(r"\t  Version (\d+), my AS (\d+), Holdtime (\d+)s, ID ([\d.]+)")
PARAMETER = re.compile(r"\t    Option .*\((\d+)\), length: (\d+)")
CAPABILITY = re.compile(r"\t      \S.*\((\d+)\), length: (\d+)")
ATTRIBUTE = re.compile(r"\t  \S.*?\((\d+)\), length: (\d+), Flags \[([OTPE]*)(?:\+([0-9a-f]))?\]")
PREFIX = re.compile(r"\t    ([\d.]+)/(\d+)")
NOTICE = re.compile(r", [\w /-]+\((\d+)\),? subcode (?:[\w /-]+\((\d+)\)|#(\d+))(.*)")
SHUTDOWN = re.compile(r', Shutdown Communication \(length: (\d+)\): "(.*?)"(?:, Data|\Z)')
FLAGS = {"O": 0x80, "T": 0x40, "P": 0x20, "E": 0x10}


class UnclearError(Exception):
    """A line says too little."""


def bgp(tail: str, length: int) -> Iterator[Guess]:
    """All messages one after the other, as far as they are clear."""
    octets = b""
    for match, texts in _messages(tail.split("\n")[1:]):
        size = int(match[2])
        try:
            body = BODIES[match[1]](match[3], texts, size - 19)
        except (KeyError, UnclearError):
            break
        octets += MARKER + size.to_bytes(2, "big") + bytes((int(match[1]),)) + body
        if len(body) != size - 19:
            break
    if octets:
        yield Guess(octets[:length])


def _messages(texts: list[str]) -> Iterator[tuple[re.Match[str], list[str]]]:
    heads = [at for at, text in enumerate(texts) if MESSAGE.fullmatch(text)]
    for at, end in pairwise([*heads, len(texts)]):
        match = MESSAGE.fullmatch(texts[at])
        if match:
            yield match, texts[at + 1 : end]


def _open(_: str, texts: list[str], room: int) -> bytes:
    head = OPENING.fullmatch(texts[0]) if texts else None
    if head is None:
        raise UnclearError
    octets = bytes((int(head[1]),)) + int(head[2]).to_bytes(2, "big") + int(head[3]).to_bytes(2, "big") + inet_pton(AF_INET, head[4])
    parameters = b"".join(_parameter(int(match[1]), int(match[2]), lines) for match, lines in _under(PARAMETER, texts[2:]))
    return octets + bytes((len(parameters),)) + parameters


def _parameter(kind: int, size: int, texts: list[str]) -> bytes:
    data = b"".join(_valued(int(match[1]), int(match[2]), lines) for match, lines in _under(CAPABILITY, texts))
    if len(data) != size:
        raise UnclearError
    return bytes((kind, size)) + data


def _valued(kind: int, size: int, texts: list[str]) -> bytes:
    data = _dump(texts, "\t\t0x")
    if len(data) != size:
        raise UnclearError
    return bytes((kind, size)) + data


def _update(_: str, texts: list[str], room: int) -> bytes:
    attributes = b"".join(_attribute(match, lines) for match, lines in _under(ATTRIBUTE, texts))
    withdrawn = _prefixes(texts, "\t  Withdrawn routes:")
    octets = len(withdrawn).to_bytes(2, "big") + withdrawn + len(attributes).to_bytes(2, "big") + attributes
    return octets + _prefixes(texts, "\t  Updated routes:")


def _attribute(match: re.Match[str], texts: list[str]) -> bytes:
    data, size = _dump(texts, "\t    0x"), int(match[2])
    if len(data) != size:
        raise UnclearError
    flags = sum(FLAGS[letter] for letter in match[3]) | int(match[4] or "0", 16)
    return bytes((flags, int(match[1]))) + size.to_bytes(2 if flags & FLAGS["E"] else 1, "big") + data


def _prefixes(texts: list[str], under: str) -> bytes:
    octets = b""
    if under in texts:
        for text in texts[texts.index(under) + 1 :]:
            match = PREFIX.fullmatch(text)
            if match is None:
                break
            bits = int(match[2])
            octets += bytes((bits,)) + inet_pton(AF_INET, match[1])[: (bits + 7) // 8]
    return octets


def _notification(rest: str, texts: list[str], room: int) -> bytes:
    match = NOTICE.match(rest)
    if match is None:
        raise UnclearError
    said = SHUTDOWN.match(match[4])
    told = bytes((int(said[1]),)) + said[2].encode("latin-1") if said else b"\0" if "empty Shutdown" in match[4] else b""
    return bytes((int(match[1]), int(match[2] or match[3]))) + told + _dump(texts, "\t\t0x")


def _whole(_: str, texts: list[str], room: int) -> bytes:
    return _dump(texts, "\t  0x")[19:]


BODIES = {"1": _open, "2": _update, "3": _notification, "4": lambda _, texts, room: b"", "5": _whole}


def _under(head: re.Pattern[str], texts: list[str]) -> Iterator[tuple[re.Match[str], list[str]]]:
    """Each line that `head` matches, with the lines that follow it."""
    heads = [at for at, text in enumerate(texts) if head.match(text)]
    for at, end in pairwise([*heads, len(texts)]):
        match = head.match(texts[at])
        if match:
            yield match, texts[at + 1 : end]


def _dump(texts: list[str], margin: str) -> bytes:
    """The last hexdump with this margin: decoders print dumps of parts further to the right, and before it."""
    rows = [text for text in texts if text.startswith(margin)]
    start = max((at for at, row in enumerate(rows) if row.startswith(margin + "0000:")), default=0)
    return b"".join(bytes.fromhex(match[1]) for row in rows[start:] if (match := LINE.match(row)))
