"""Logs whose every line stands behind something: a quotation's `> `, a container's name, a syslog's time, grep's line numbers, a tab.

One line at a time `notices.margin` knows such text before a record. A record of two lines, though, has it in its middle, so once the
second line of one was seen behind a margin like the first's, all lines are freed of it before anything else looks at them (`Margins`).
What stood there becomes notices before the value whose lines they were (`woven`), and the writer puts each back on its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tcpdump_parse.model import Capture, Notice, Packet, Read, Unread
from tcpdump_parse.read.looks import SECOND, STARTS
from tcpdump_parse.read.text import to_raw, to_text

_DIGITS = re.compile(r"[0-9]+")


def first_line(value: Packet | Notice | Unread) -> int:
    """Where the value's text begins; the `line` of what could not be read is where that was seen."""
    return value.end_line - to_raw(value.text).count("\n") if isinstance(value, Unread) else value.line


class Margined(Exception):
    """From this item on the lines stand behind a margin; `like` is what they begin with."""

    def __init__(self, like: re.Pattern[bytes]) -> None:
        super().__init__(like.pattern)
        self.like = like


def alike(margin: str, second: str) -> re.Pattern[bytes] | None:
    """What the lines begin with, when `second` shows that `margin` stands before each: the same but for its numbers (grep also ends it
    otherwise), and behind it the second line of a record, or the first of another."""
    pieces = [re.escape(piece) for piece in _DIGITS.split(margin)]
    if margin.endswith(":"):
        pieces[-1] = pieces[-1].removesuffix(":") + "[:-]"
    pattern = "[0-9]+".join(pieces)
    if margin.strip(" >") == "":
        pattern = "(?:> ?)+" if ">" in margin else pattern
    elif margin[:1] == " ":
        pattern = " *" + pattern.lstrip("\\ ")  # a number, set to the right
    found = re.match(pattern, second)
    if found is None:
        return None
    behind = second[found.end() :]
    return re.compile(pattern.encode("latin-1")) if SECOND.match(behind) or STARTS.match(behind) else None


class Margins:
    """What stood before the lines from `line` on, and their octets without it."""

    def __init__(self, line: int, like: re.Pattern[bytes]) -> None:
        self.line = line  # the number of the next line
        self.like = [like]
        self.found: dict[int, str] = {}
        self.part = b""  # of a line that has not ended

    def also(self, like: re.Pattern[bytes], whole: bytes, line: int) -> bytes:
        """Another margin, from that line on: these whole lines, freed of the others, without it."""
        self.like.append(like)
        lines = whole.split(b"\n")
        return b"\n".join([*(self._free(each, number, (like,)) for number, each in enumerate(lines[:-1], line)), lines[-1]])

    def strip(self, chunk: bytes) -> bytes:
        """The whole lines that these octets end."""
        whole, end, self.part = (self.part + chunk).rpartition(b"\n")
        if not end:
            return b""
        lines = whole.split(b"\n")
        freed = [self._free(each, number, self.like) for number, each in enumerate(lines, self.line)]
        self.line += len(lines)
        return b"\n".join([*freed, b""])

    def end(self) -> bytes:
        """The last line, if nothing ended it."""
        part, self.part = self.part, b""
        return self._free(part, self.line, self.like) if part else b""

    def _free(self, line: bytes, number: int, like: Iterable[re.Pattern[bytes]]) -> bytes:
        for each in like:
            found = each.match(line)
            if found is not None:
                self.found[number] = self.found.get(number, "") + found[0].decode("latin-1")
                return line[found.end() :]
        return line

    def woven(self, values: list[Read], stop: int) -> Iterator[Read]:
        """The values, and before each what stood before its lines. `stop`: the first line that belongs to none of them."""
        starts = [first_line(value) for value in values if not isinstance(value, Capture)] + [stop]
        at = 0
        for value in values:
            if not isinstance(value, Capture):
                first, at = starts[at], at + 1
                for line in range(first, max(first + 1, starts[at])):
                    margin = self.found.pop(line, None)
                    if margin is not None:
                        yield Notice(value.capture, line, line, "margin", to_text(margin))
            yield value
