"""Text that could not be read, pictured: where it stands, what is wrong, the line, and a caret under the place.

    odd.txt:4:70: expected "correct" or "incorrect -> 0x…", saw "incorrekt"
        …cksum 0x7796 (incorrekt -> 0xbeef), seq 1:59…
                       ^
"""

from __future__ import annotations

from typing import Final

from wcwidth import wcswidth

from tcpdump_parse.model import Unread
from tcpdump_parse.read.text import to_raw
from tcpdump_parse.visible import visible

BEFORE: Final = 24
"""So many characters before the caret are shown, and twice as many from it on."""


def pictured(file: str, line: int, unread: Unread) -> str:
    """The three lines. `file` and `line` say where it stands, for a person; columns count octets, as tcpdump writes them."""
    raw = _line(unread)
    before, after = (_text(part) for part in (raw[: unread.column - 1], raw[unread.column - 1 :]))
    start = before if len(before) <= BEFORE else "…" + before[1 - BEFORE :]
    end = after if len(after) <= 2 * BEFORE else after[: 2 * BEFORE - 1] + "…"
    column = len(before) + 1
    return f"{file}:{line}:{column}: {_fault(unread)}\n    {start}{end}\n    {' ' * max(0, wcswidth(start))}^"


def _fault(unread: Unread) -> str:
    return unread.message or f"cannot be read; expected {' or '.join(unread.expected) or 'a record'}"


def _line(unread: Unread) -> str:
    """The line of the text that holds the column: `unread.line` is its number, `unread.end_line` that of the text's last line."""
    lines = to_raw(unread.text).split("\n")
    return lines[max(0, len(lines) - 1 - max(0, unread.end_line - unread.line))]


def _text(raw: str) -> str:
    return visible(raw.encode("latin-1").decode("utf-8", "replace"))
