"""Lines become records, a chunk at a time, and a record is complete as soon as its segment line is.

A record's head is its first line and the line of four blanks that may follow, up to the segment's `length N`; what follows is its
tail (`tails`). A chunk is cut, decoded and keyed as a whole: `\n` and four blanks become one character, what is left of `\n` parts
items, and the same octets without hex digits are their shapes. A known shape is one regular expression and one call; everything
else takes the slow road of `Records`. The last record of a chunk waits for the next one, because its tail may follow; a live source
says `flush` when it is silent.

Law: whatever the octets are, nothing is raised and nothing is lost: a line is part of a packet, of an `Unread`, or a notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import tzinfo

from msgspec import structs

from tcpdump_parse.model import Packet, Read
from tcpdump_parse.read import blocks, shapes
from tcpdump_parse.read.blocks import Block
from tcpdump_parse.read.looks import ORPHAN
from tcpdump_parse.read.margins import Margined, Margins
from tcpdump_parse.read.plans import BREAK, JOINT
from tcpdump_parse.read.records import ABSOLUTE, Records
from tcpdump_parse.read.shapes import HEX_DIGITS
from tcpdump_parse.read.tails import show
from tcpdump_parse.read.texts import TooFew

_MARK = blocks.MARK.decode()
_TEXT = frozenset("E`")
"""What the text of -A begins with, nearly always."""
_NO_SHAPE = HEX_DIGITS + blocks.MARK
_HELD = 1 << 13
"""Octets of an unfinished dump that wait for the rest of it; a longer one is read in parts."""
_LONGEST = 1 << 20
"""So much text at most waits for more of it."""
_LENGTH = b", length ".translate(None, HEX_DIGITS)
_NUMBERED = re.compile(rb"\x01([1-9]  )")


def _before(data: bytes, end: int) -> int:
    """Where the item before the one that ends here ends: a line of four blanks belongs to the line before it. -1: nowhere."""
    cut = data.rfind(b"\n", 0, max(0, end))
    while cut >= 0 and data.startswith(b"    ", cut + 1):
        cut = data.rfind(b"\n", 0, cut)
    return cut


class Framing(Records):
    """One log. `feed` it chunks, `flush` it when a live source is silent, `end` it."""

    def __init__(self, file: str = "", zone: tzinfo | None = None) -> None:
        super().__init__(file, zone)
        self.counting = False
        self.rest = b""  # octets after the last whole item
        self.margins: Margins | None = None  # what stands before every line

    def feed(self, chunk: bytes) -> list[Read]:
        """What became certain with these octets."""
        if self.margins is not None:
            chunk = self.margins.strip(chunk)
        data = self.rest + chunk if self.rest else chunk
        cut = _before(data, data.rfind(b"\n"))  # the last line may be continued by the next
        dump = data.rfind(blocks.FIRST, max(0, cut - _HELD), cut)
        if dump >= 0 and data.find(b"\n", data.rfind(b"\n\t", dump, cut) + 1, cut) < 0:
            head = _before(data, dump)
            cut = head if head >= 0 else cut
        if cut < 0:
            self.rest = data
            return self.given(everything=False)
        self.rest = data[cut + 1 :]
        self.more = blocks.FIRST not in data and len(data) < _LONGEST
        self.items(data[:cut])
        return self.given(everything=False)

    def flush(self) -> list[Read]:
        """Everything that is complete, the source being silent: whole lines, but for a head whose second line is missing."""
        cut = self.rest.rfind(b"\n")
        if cut >= 0 and not self.waits(self.rest[:cut].decode("latin-1")):
            whole, self.rest = self.rest[:cut], self.rest[cut + 1 :]
            self.more = False
            self.items(whole)
        return self.given(everything=True)

    def end(self) -> list[Read]:
        """The rest, the last line ended or not."""
        if self.margins is not None:
            self.rest += self.margins.end()
        while self.rest:
            data, self.rest = self.rest, b""
            self.more = False
            self.items(data.removesuffix(b"\n"))
        return self.given(everything=True, ended=True)

    def given(self, everything: bool, ended: bool = False) -> list[Read]:
        """The values that nothing can be added to any more."""
        if everything:
            self.close()
        if ended:
            self.release()
        out = self.out
        self.out = [out.pop()] if not everything and out and type(out[-1]) is Packet else []
        if self.margins is not None and out:
            unsaid = [value.line for value in (*self.out, *self.waiting)]
            return list(self.margins.woven(out, min([*unsaid, self.start if self.undecided else self.line])))
        return out

    def items(self, whole: bytes) -> None:
        """Whole lines, without the last line's end."""
        if b"\r" in whole:
            whole = self.unix(whole)
        if b"\x01" in whole:
            whole = whole.replace(b"\x01", b"\x02")
        dumps: Iterator[Block] | None = None
        if blocks.FIRST in whole and blocks.MARK not in whole:
            whole, taken = blocks.taken(whole)
            dumps = iter(taken)
        joined = whole.replace(b"\n    ", b"\x01")
        if self.counting or b"    1  " in whole:  # -#: the first nine records begin with four blanks too
            self.counting = True
            joined = _NUMBERED.sub(rb"\n    \1", joined)
        self.ahead = texts = joined.decode("latin-1").split("\n")
        keys = joined.translate(None, _NO_SHAPE if dumps is not None else HEX_DIGITS).split(b"\n")
        known = shapes.SHAPES.aliases.get
        out, tail, clock, numbers, capture = self.out, self.tail, self.clock.clock, self.numbers, self.capture
        line, frame, ready = self.line, self.frame, self.ready()
        block: Block | None = None
        skip = 0
        for at, text, key in zip(range(len(texts)), texts, keys, strict=True):
            if at < skip:
                continue
            if dumps is not None:
                block = None
                if text[-1:] == _MARK:
                    block = next(dumps)
                    text = text[: -block.rows]
            plan = known(key)
            found = None
            if plan is not None:
                if ready and (plan.timed or not self.timed):  # where records have times, one without is perhaps none
                    found = plan.match(text)
            elif ready:
                if text[:1] == "\t":
                    joints = text.count(JOINT)
                    if out and type(out[-1]) is Packet and not (joints and ORPHAN.search(text)):
                        if self.dump is not None:
                            self.take_back()
                        tail += (text,) if tail else ("", text)
                        line += 1 + joints
                        if block is not None:
                            tail.append(block)
                            line += block.rows
                        continue
                elif self.plain and text[:1] in _TEXT and block is None and self.dump is None:
                    self.line = line
                    if (skip := self.shows(texts, at)) > at:
                        line, ready = self.line, self.shown is None
                        continue
                elif (end := key.rfind(_LENGTH)) > 0:  # a known head, and the beginning of its tail on the same line
                    plan = known(key[: end + len(_LENGTH)])
                    if plan is not None and (text.count(JOINT) == plan.extra or not ORPHAN.search(text)):
                        found = plan.begin(text)
            if found is not None:
                assert plan is not None
                try:
                    if numbers.printed is ABSOLUTE:
                        made = plan.absolute(found.groups(), capture, frame + 1, line, line + plan.extra, clock, numbers.settle)
                    else:
                        made = plan.build(found.groups(), capture, frame + 1, line, line + plan.extra, clock)
                        numbers.settle(made)
                except ValueError:
                    pass
                else:
                    if tail:
                        self.close()
                    frame += 1
                    line += plan.extra + 1
                    out.append(made)
                    self.dump = None
                    if self.doubtful:
                        self.doubtful = False
                        structs.force_setattr(made, "possibly_payload", True)
                    if found.end() != len(text):
                        rest = text[found.end() :]
                        tail.append(rest)
                        line += rest.count(JOINT)
                        if block is not None:
                            tail.append(block)
                            line += block.rows
                    elif block is not None:
                        show(made, block)
                        self.dump = block
                        line += block.rows
                    continue
            self.line, self.frame = line, frame
            if self.shown is not None and block is None and (skip := self.goes_on(self.shown, texts, at)) > at:
                line, ready = self.line, self.ready()
                continue
            self.at = at
            try:
                self.item(text, key)
            except TooFew:
                self.wait(texts[at:])
                return
            except Margined as seen:
                self.free(seen.like, texts[at:])
                return
            if block is not None:
                for row in block.lines():
                    self.item(row, key)
            line, frame, ready = self.line, self.frame, self.ready()
            clock, capture, numbers, out = self.clock.clock, self.capture, self.numbers, self.out
        self.line, self.frame = line, frame

    def wait(self, items: list[str]) -> None:
        """These items are read once more when others have come."""
        self.rest = "\n".join(items).replace(JOINT, BREAK).encode("latin-1") + b"\n" + self.rest

    def free(self, like: re.Pattern[bytes], items: list[str]) -> None:
        """The lines from here on stand behind such a margin: these items are read once more without it."""
        self.wait(items)
        if self.margins is None:
            self.margins = Margins(self.line, like)
            self.rest = self.margins.strip(self.rest)
        else:
            self.rest = self.margins.also(like, self.rest, self.line)

    def unix(self, whole: bytes) -> bytes:
        if self.line == 1 and whole.partition(b"\n")[0].endswith(b"\r"):
            self.newline = "\r\n"
        return whole.replace(b"\r\n", b"\n").removesuffix(b"\r")
