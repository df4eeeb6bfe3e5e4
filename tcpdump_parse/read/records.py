"""The slow road: what an item of a chunk is, when no plan knows it. A record, the tail of one, or a line that is neither.

* A line that begins as records of this log begin is one: with the form of time that this log has.
* A head that carries no segment yet waits (`undecided`): tunnels and ICMP errors print what they carry on lines of their own.
* What may be payload, because text of -A is being counted, is `texts`' business, and where captures begin `captures`'.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo

from msgspec import UNSET, UnsetType, structs

from tcpdump_parse.model import Packet, Unread
from tcpdump_parse.read import grammar, printing, shapes, tails
from tcpdump_parse.read.absolute import Printed
from tcpdump_parse.read.clock import Form
from tcpdump_parse.read.layout import difference
from tcpdump_parse.read.looks import (
    BEGUN,
    COLUMN_0,
    INNER,
    LONGEST,
    ORPHAN,
    OTHER_INDENT,
    PREFIX,
    SECOND,
    SEGMENT,
    SEGMENT_TORN,
    STARTS,
    TIME,
    TORN,
    addressed,
)  # fmt: skip
from tcpdump_parse.read.margins import Margined, alike
from tcpdump_parse.read.notices import margin
from tcpdump_parse.read.plans import BREAK, JOINT
from tcpdump_parse.read.shapes import Refused, Settle, key_of
from tcpdump_parse.read.text import to_text
from tcpdump_parse.read.texts import Texts

ABSOLUTE = Printed.ABSOLUTE
Where = tuple[int, int, int, int, Callable[[str], str | UnsetType]]
"""Capture, frame, first and last line, clock: what a constructor needs beside the text."""


class Records(Texts):
    """The state of one log: captures, numbering, the record that is open, and what waits."""

    def __init__(self, file: str = "", zone: tzinfo | None = None) -> None:
        super().__init__(file, zone)
        self.frame = 0
        self.unread_frame = -1  # of the last record that could not be read; nobody counted the text of -A behind it

    def ready(self) -> bool:
        """A known shape is a record, whatever stood before."""
        return self.content and not (self.opener or self.undecided or self.shown or self.raw)

    def waits(self, text: str) -> bool:
        """A first line whose second line has not come yet."""
        return bool(STARTS.match(text, margin(text))) and BREAK not in text and text.endswith(")") and SEGMENT.search(text) is None

    def item(self, text: str, key: bytes) -> None:
        """One line, with the lines of four blanks behind it; but second lines of lost first lines stand for themselves."""
        if self.dump is not None:
            self.take_back()
        for orphan in ORPHAN.finditer(text) if self.shown is None and not self.undecided else ():
            before = text[: orphan.start()]
            if before[:1] == "\t" or SEGMENT.search(before):
                self.item(before, key)
                self.between(BREAK[1:] + text[orphan.start() + 1 :])
                return
        if self.undecided:
            if self.continues(text):
                self.undecided.append(text)
                self.line += 1 + text.count(JOINT)
                return
            self.decide()
        begins = self.begins(text)
        if self.shown is not None and self.inside(text, begins):
            self.follow(text)
        elif begins:
            self.record(text)
        elif self.packet is not None and (text[:1] == "\t" or COLUMN_0.match(text) or self.is_text(text)):
            self.follow(text)
        else:
            self.between(text)

    def continues(self, text: str) -> bool:
        """More of a record that shows no segment yet."""
        if len(self.undecided) == 1 and self.undecided[0].endswith(")") and SECOND.match(text):
            return True
        return text[:1] == "\t" or INNER.search(self.undecided[-1]) is not None or COLUMN_0.match(text) is not None

    def between(self, text: str) -> None:
        """Lines that are no record; those behind blanks one by one, for pastes come indented."""
        glued = margin(text)
        if glued and STARTS.match(text, glued):
            self.before_each(text, glued)
            self.notice(text[:glued], glued=True)
            self.record(text[glued:])
            return
        first, *others = text.split(JOINT)
        lines = [first] + ["    " + other for other in others]
        at = 0
        while at < len(lines):
            at += self.indented(lines, at) or self.noise(lines[at])

    def before_each(self, text: str, glued: int) -> None:
        """Raises Margined when the line behind this one, too, stands behind such a margin: the record's second, or after a tab any."""
        first, *others = text.split(JOINT)
        if glued == 1 or (first.endswith(")") and SEGMENT.search(first) is None):
            coming = ["    " + others[0]] if others else self.coming(1)
            like = alike(text[:glued], coming[0]) if coming else None
            if like is not None:
                raise Margined(like)

    def noise(self, line: str) -> int:
        if SECOND.match(line) and SEGMENT.search(line):
            self.lost(line)
        else:
            self.doubtful = self.doubtful or (self.ascii and self.unread_frame == self.frame and line.strip() != "")
            self.notice(line)
        return 1

    def lost(self, line: str) -> None:
        """The second line of a record whose first one is missing, as `grep` leaves them."""
        self.close()
        self.begin()
        self.frame += 1
        self.unread(line, Refused(0, ("TIME",)), self.line)
        self.line += 1

    def indented(self, lines: list[str], at: int) -> int:
        """A record that is indented, or whose second line is not indented by four: how many lines it takes."""
        first = lines[at].strip(" \t")
        if not self.begins(first) or (first != lines[at] and SECOND.match(first)):
            return 0
        second = lines[at + 1].strip(" \t") if at + 1 < len(lines) else ""
        two = SEGMENT.search(first) is None and first.endswith(")") and SEGMENT.search(second) is not None
        self.record(first + JOINT + second if two else first, "\n".join(lines[at : at + 1 + two]))
        return 1 + two

    def record(self, text: str, raw: str = "") -> None:
        """A record begins. `raw`: how it stood, when its white space is not tcpdump's."""
        self.close()
        self.raw = raw
        self.begin()
        self.frame += 1
        self.timed = self.timed or TIME.search(text, 0, 60) is not None
        lines = 1 + text.count(JOINT)
        cut = SEGMENT.search(text)
        if cut is None:
            self.undecided = [text]
            self.start = self.line
        else:
            self.read(text, cut.end(), self.line)
        self.line += lines

    def read(self, text: str, cut: int, line: int) -> None:
        """Reads the head that ends at `cut`."""
        head, rest = text[:cut], text[cut:]
        try:
            made, plan = shapes.SHAPES.find(head, key_of(head), self.where(head, line), self.settle)
        except Refused as refused:
            if self.nested(text, cut):
                self.other(text, line)
            else:
                self.unread(text, refused, line)
            return
        if plan is not None and not plan.lax and "\n" not in head:
            shapes.SHAPES.alias(head.encode("latin-1").translate(None, b"0123456789abcdef"), plan)
        self.add(made)
        if rest:
            self.tail.append(rest)

    def nested(self, text: str, cut: int) -> bool:
        """What looks like a segment stands in the text of another protocol, or shows no ports."""
        return text.endswith("[|tcp]") or "\n" in text[:cut] or text[:cut].count(JOINT) > 1

    def where(self, head: str, line: int) -> Where:
        return self.capture, self.frame, line, line + head.count(JOINT) + head.count("\n"), self.clock.clock

    @property
    def settle(self) -> Settle | None:
        """Under -S the constructor makes the absolute numbers itself."""
        return self.numbers.settle if self.numbers.printed is ABSOLUTE else None

    def add(self, packet: Packet) -> None:
        if self.doubtful:
            structs.force_setattr(packet, "possibly_payload", True)
            self.doubtful = False
        self.out.append(packet)
        if self.numbers.printed is not ABSOLUTE:
            self.numbers.settle(packet)
        if self.clock.form is Form.RELATIVE:
            self.foresee(packet)

    def foresee(self, packet: Packet) -> None:
        """-ttt and -ttttt look alike; the times that follow in this chunk tell."""
        times = [start[0] for text in self.ahead if (found := STARTS.match(text)) and (start := TIME.search(text, 0, found.end() + 30))]
        if packet.time in times:
            self.clock.foresee(times[times.index(packet.time) + 1 :])

    def decide(self) -> None:
        """Nothing follows the record that shows no segment: what it is."""
        text, self.undecided = "\n".join(self.undecided), []
        if OTHER_INDENT.match(text):
            self.raw = text.replace(JOINT, BREAK)
            text = OTHER_INDENT.sub(r"\1" + JOINT, text)
        cut = SEGMENT.search(text)
        if cut is None:
            self.other(text, self.start)
        else:
            self.read(text, cut.end(), self.start)

    def other(self, text: str, line: int) -> None:
        """A record that carries no TCP: its time and addresses, the rest is body. One that was torn is not such a record."""
        if SEGMENT_TORN.search(text[:LONGEST]) or (len(text) <= LONGEST and (TORN.search(text) or BEGUN.match(text))):
            self.torn(text, line)
            return
        prefix = PREFIX.match(text)
        for head in (addressed(text), prefix and prefix[0]):
            if head is None:
                continue
            try:
                made, _ = shapes.SHAPES.find(head, key_of(head), self.where(head, line), None)
            except Refused:
                continue
            self.add(made)
            self.tail.append(text[len(head) :])
            return
        self.unread(text, Refused(0, ()), line)

    def torn(self, text: str, line: int) -> None:
        try:
            made, _ = shapes.SHAPES.find(text, key_of(text), self.where(text, line), self.settle)
        except Refused as refused:
            self.unread(text, refused, line)
        else:
            if made.tcp is UNSET and made.quoted is UNSET:
                self.unread(text, Refused(len(text), ()), line)  # it breaks off just where a record of another protocol says what it is
            else:
                self.add(made)

    def close(self) -> None:
        """The packet that is last in `out` is complete: its tail becomes fields."""
        if self.undecided:
            self.decide()
        if self.tail:
            packet, tail = self.out[-1], self.tail
            assert type(packet) is Packet
            tails.attach(packet, tail)
            tail.clear()
        if self.raw:
            if self.packet is not None:
                self.lay_out(self.packet)
            self.raw = ""
        self.shown = self.dump = None

    def lay_out(self, packet: Packet) -> None:
        """Keeps the white space of a pasted record."""
        usual = printing.head(packet) + tails.tail_of(packet)
        lines = self.raw.count("\n") + 1
        behind = usual.split("\n")[lines:]
        found = difference(usual, "\n".join([self.raw, *behind]))
        if found is not None:
            structs.force_setattr(packet, "layout", found)

    def unread(self, text: str, refused: Refused, line: int) -> None:
        from tcpdump_parse.read.diagnose import diagnose

        capture, frame, line, end_line, _ = self.where(text, line)
        self.unread_frame = frame
        plain = text.replace(JOINT, BREAK)
        found = diagnose(plain, refused.column, refused.accepts, grammar.terminals())
        before = plain[: found.column]
        if self.raw:  # white space that is not tcpdump's
            plain, self.raw = self.raw, ""
            before = plain[: len(plain) - len(plain.lstrip(" \t"))] + before if "\n" not in before else before
        column = len(before) - (before.rfind("\n") + 1) + 1
        self.out.append(Unread(capture, frame, line + before.count("\n"), end_line, column, to_text(plain), found.expected, found.message))
