"""Lines become records, a chunk at a time, and a record is complete as soon as its segment line is.

A record's head is its first line and the line of four blanks that may follow, up to the segment's `length N`; what follows is its
tail (`tails`). A chunk is cut, decoded and keyed as a whole: `\n` and four blanks become one character, what is left of `\n` parts
records, and the same octets without hex digits are their shapes. A known shape is one regular expression and one call; everything
else takes the slow road below. The last record of a chunk waits for the next one, because its tail may follow; a live source says
`flush` instead, when it is silent.

Law: whatever the octets are, nothing is raised and nothing is lost: a line is part of a packet, of an `Unread`, or a notice.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import UNSET, UnsetType, structs

from tcpdump_parse.model import SCHEMA, Capture, Notice, Packet, Read, Unread
from tcpdump_parse.read import tails
from tcpdump_parse.read.absolute import Numbers, Printed, announced
from tcpdump_parse.read.clock import Clock, Form
from tcpdump_parse.read.notices import classify
from tcpdump_parse.read.shapes import BREAK, HEX_DIGITS, JOINT, Refused, Settle, Shapes, key_of
from tcpdump_parse.read.text import to_text

ABSOLUTE = Printed.ABSOLUTE
Where = tuple[int, int, int, int, Callable[[str], str | UnsetType]]
"""Capture, frame, first and last line, clock: what a constructor needs beside the text."""
SHAPES = Shapes()
"""The plans of this process: all readers share them, as all captures are printed by the same few programs."""

# Where a segment's head ends. It says no more than where to cut; what stands before the cut is the grammar's matter.
SEGMENT = re.compile(
    r"Flags \[(?:[SFRP.UEWe]+|none)\](?:(?=,).*?, length [0-9]+| \[bad hdr length [^\]]*\](?: \(invalid\))?|.*?\[bad opt\]\]?|.*?\[\|tcp\]>?)"
    r"|: {0,2}tcp [0-9]+(?: \[bad hdr length [^\]]*\](?: \(invalid\))?)?"
    r"|:  ?\[\|tcp\]",
    re.DOTALL,
)
STARTS = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}")
ADDRESSED = re.compile(r"[^\n]*?(?:\x01)?[^\n\x01]*? > [^ \n\x01]*: ")


class Framing:
    """One log. `feed` it chunks, `flush` it when a live source is silent, `end` it."""

    PATIENCE = 4096
    """So many notices wait to learn which capture they belong to."""

    def __init__(self, file: str = "", live: bool = False) -> None:
        self.file = file
        self.live = live
        self.capture = 0
        self.frame = 0
        self.line = 1  # number of the next line
        self.rest = b""  # octets after the last whole item
        self.out: list[Read] = []
        self.ahead: list[str] = []  # the items of this chunk
        self.tail: list[str] = []  # lines of the packet that is last in `out`
        self.newline = "\n"
        self.content = False  # the capture has a banner or a record
        self.opener = 0  # the line of a fence after which another capture may begin
        self.waiting: list[Notice] = []
        self.clock = Clock()
        self.numbers = Numbers()
        self.announced = Printed.UNKNOWN

    def feed(self, chunk: bytes) -> list[Read]:
        """What became certain with these octets."""
        data = self.rest + chunk if self.rest else chunk
        cut = data.rfind(b"\n")
        if cut < 0:
            self.rest = data
            return []
        if not self.live:  # the last line may be continued by the next
            keep = data.rfind(b"\n", 0, cut)
            while keep >= 0 and data.startswith(b"    ", keep + 1):
                keep = data.rfind(b"\n", 0, keep)
            cut = keep
            if cut < 0:
                self.rest = data
                return []
        self.rest = data[cut + 1 :]
        self.items(data[:cut])
        return self.given()

    def given(self, everything: bool = False) -> list[Read]:
        """The values that nothing can be added to any more."""
        out = self.out
        if everything:
            self.close()
        self.out = [out.pop()] if not everything and out and type(out[-1]) is Packet else []
        return out

    def flush(self) -> list[Read]:
        """Everything that is complete: the source is silent."""
        return self.given(everything=True)

    def end(self) -> list[Read]:
        """The rest, the last line ended or not."""
        if self.rest:
            data, self.rest = self.rest, b""
            self.items(data.removesuffix(b"\n"))
        self.release()
        return self.given(everything=True)

    def items(self, whole: bytes) -> None:
        """Whole lines, without the last line's end."""
        if b"\r" in whole:
            if b"\r\n" in whole and self.newline == "\n" and not self.capture:
                self.newline = "\r\n"
            whole = whole.replace(b"\r\n", b"\n").removesuffix(b"\r")
        if b"\x01" in whole:
            whole = whole.replace(b"\x01", b"\x02")
        joined = whole.replace(b"\n    ", b"\x01")
        texts = joined.decode("latin-1").split("\n")
        keys = joined.translate(None, HEX_DIGITS).split(b"\n")
        self.ahead = texts
        known = SHAPES.aliases.get
        out, tail, clock, numbers, capture = self.out, self.tail, self.clock.clock, self.numbers, self.capture
        line, frame, ready = self.line, self.frame, self.content and not self.opener
        for text, key in zip(texts, keys, strict=True):
            plan = known(key)
            if plan is not None and ready:
                found = plan.match(text)
                if found is not None:
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
                        continue
            self.line, self.frame = line, frame
            self.slow(text, key)
            line, frame, ready = self.line, self.frame, self.content and not self.opener
            clock, capture, numbers = self.clock.clock, self.capture, self.numbers
        self.line, self.frame = line, frame

    # The slow road: one item, a line with the lines of four blanks behind it.

    def slow(self, text: str, key: bytes) -> None:
        lines = 1 + text.count(JOINT)
        if STARTS.match(text):
            self.record(text, key, lines)
        elif text.startswith("\t") and self.out and type(self.out[-1]) is Packet:
            self.tail.append(text)
            self.line += lines
        else:
            for number, part in enumerate(text.split(JOINT)):
                self.notice(part if not number else "    " + part)

    def record(self, text: str, key: bytes, lines: int) -> None:
        self.close()
        self.begin()
        self.frame += 1
        cut = SEGMENT.search(text)
        if cut is None:
            self.other(text)
        else:
            head, rest = text[: cut.end()], text[cut.end() :]
            try:
                made, plan = SHAPES.find(head, key_of(head), self.where(head), self.settle)
            except Refused as refused:
                if text[cut.start()] == ":":
                    self.other(text)
                else:
                    self.unread(text, refused)
            else:
                if plan is not None and not rest:
                    SHAPES.alias(key, plan)
                self.add(made)
                if rest:
                    self.tail.append(rest)
        self.line += lines

    @property
    def settle(self) -> Settle | None:
        """Under -S the constructor makes the absolute numbers itself."""
        return self.numbers.settle if self.numbers.printed is ABSOLUTE else None

    def add(self, packet: Packet) -> None:
        self.out.append(packet)
        if self.numbers.printed is not ABSOLUTE:
            self.numbers.settle(packet)
        if self.clock.form is Form.RELATIVE:
            self.foresee(packet)

    def foresee(self, packet: Packet) -> None:
        """-ttt and -ttttt look alike; the times that follow in this chunk tell."""
        times = [start[0] for text in self.ahead if (start := STARTS.match(text))]
        if packet.time in times:
            self.clock.foresee(times[times.index(packet.time) + 1 :])

    def where(self, head: str) -> Where:
        return self.capture, self.frame, self.line, self.line + head.count(JOINT), self.clock.clock

    def other(self, text: str) -> None:
        """A record that carries no TCP: its time and addresses, the rest is body."""
        addressed = ADDRESSED.match(text)
        start = STARTS.match(text)
        heads = [text[: addressed.end()]] if addressed else []
        if start:
            heads.append(text[: start.end()] + " ")
        for head in heads:
            try:
                made, _ = SHAPES.find(head, key_of(head), self.where(head), None)
            except Refused:
                continue
            self.add(made)
            self.tail.append(text[len(head) :])
            return
        self.unread(text, Refused(0, ()))

    def close(self) -> None:
        """The packet that is last in `out` is complete: its tail becomes fields."""
        if self.tail:
            packet = self.out[-1]
            assert isinstance(packet, Packet)
            tails.attach(packet, self.tail)
            self.tail.clear()

    # Where captures begin. A capture has content from its banner or its first record on; a fence or a banner after content begins
    # another one. Notices wait while it is open whether they belong to the capture before or to the one after them.

    def begin(self) -> None:
        """A record: it belongs to a capture."""
        if not self.content:
            self.new_capture(self.opener or self.line)
        elif self.opener:
            self.new_capture(self.opener)

    def new_capture(self, line: int) -> None:
        waiting, self.waiting = self.waiting, []
        self.out.extend(notice for notice in waiting if self.capture and notice.line < line)
        self.capture += 1
        self.content = True
        self.opener = 0
        self.clock = Clock()
        self.numbers = Numbers(self.announced)
        self.out.append(Capture(SCHEMA, self.capture, self.file, line, self.newline))
        self.out.extend(structs.replace(notice, capture=self.capture) for notice in waiting if self.capture == 1 or notice.line >= line)

    def notice(self, text: str) -> None:
        """A line that is no record."""
        self.close()
        kind, count = classify(text)
        if kind == "fence":
            self.opener = self.line
        elif kind in ("banner", "reading"):
            self.new_capture(self.opener or self.line)
        elif kind == "prompt":
            self.announced = announced(text)
        made = Notice(self.capture, self.line, self.line, kind, to_text(text), UNSET if count is None else count)
        if self.capture and not self.opener:
            self.out.append(made)
        else:
            self.waiting.append(made)
            if len(self.waiting) >= self.PATIENCE:
                self.release()
        self.line += 1

    def release(self) -> None:
        """Nothing began: the notices belong to what was before them."""
        if not self.capture:
            self.new_capture(1)
            self.content = False
        self.out.extend(self.waiting)
        self.waiting = []

    def unread(self, text: str, refused: Refused) -> None:
        capture, frame, line, end_line, _ = self.where(text)
        plain = text.replace(JOINT, BREAK)
        before = plain[: refused.column]
        self.out.append(
            Unread(capture, frame, line + before.count("\n"), end_line, refused.column - (before.rfind("\n") + 1) + 1, to_text(plain),
                   tuple(sorted(refused.accepts)), "")  # fmt: skip
        )
