"""tcpdump's notation for octets that cannot be shown: `^A` for a control, `M-x` for one with its high bit set (`fn_print_char`).

The notation is not unique: a literal `^A` looks the same. Where the number of octets is known it decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tcpdump_parse.write.octets.payload.guess import Guess

MARK = re.compile(r"M-\^[?-_]|M-[ -~]|\^[?-_]|[\s\S]")


def unmarked(text: str, length: int | None = None) -> bytes:
    """The octets of `text`; when they would be fewer than `length`, marks at its end are taken as the characters they are made of."""
    octets = [_octet(mark) for mark in MARK.findall(text)]
    if length is None or len(octets) >= length:
        return bytes(octets)
    marks = MARK.findall(text)
    at = len(marks) - 1
    spare = length - len(octets)
    parts = [bytes([octet]) for octet in octets]
    while at >= 0 and spare > 0:
        if 1 < len(marks[at]) <= spare + 1:
            parts[at] = marks[at].encode("latin-1")
            spare -= len(marks[at]) - 1
        at -= 1
    return b"".join(parts)


def _octet(mark: str) -> int:
    if len(mark) == 1:
        return ord(mark) & 0xFF
    high = 0x80 if mark.startswith("M-") else 0
    rest = mark[2:] if high else mark
    return high | (ord(rest[1]) ^ 0x40 if len(rest) == 2 else ord(rest))


def reset_text(tail: str, length: int) -> Iterator[Guess]:
    """` [RST TEXT]`: the first thirty octets of a reset's payload (RFC 9293 §3.5.3 allows them); `+` where there were more,
    `!` where the capture cut them."""
    match = re.match(r" \[(!?)RST(\+?) ([\s\S]*)\]\Z", tail)
    if match:
        yield Guess(unmarked(match[3], None if match[1] else 30 if match[2] else min(length, 30)))
