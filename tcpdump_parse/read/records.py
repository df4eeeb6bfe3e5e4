"""The slow road: what an item of a chunk is, when no plan knows it. A record, the tail of one, or a line that is neither.

* A line that begins as records of this log begin is one; the law is format.md's R1, by the forms of time.
* A head that carries no segment yet waits (`undecided`): tunnels and ICMP errors print what they carry on lines of their own.
* While the text of -A is being counted (`shown`), a line that looks like a record may be payload.
* Where captures begin is `captures`' business.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo

from msgspec import UNSET, UnsetType, structs

from tcpdump_parse.model import Packet, Unread
from tcpdump_parse.read import ascii as counted
from tcpdump_parse.read import grammar, printing, tails
from tcpdump_parse.read.absolute import Printed
from tcpdump_parse.read.blocks import Block
from tcpdump_parse.read.captures import Captures
from tcpdump_parse.read.clock import Form
from tcpdump_parse.read.diagnose import diagnose
from tcpdump_parse.read.layout import difference
from tcpdump_parse.read.looks import (
    COLUMN_0,
    HEADER_SHOWN,
    INNER,
    LONGEST,
    ORPHAN,
    OTHER_INDENT,
    PREFIX,
    SECOND,
    SEGMENT,
    STARTS,
    TIME,
    TIMELESS,
    TORN,
    addressed,
)  # fmt: skip
from tcpdump_parse.read.notices import MAYBE_SURE, SURE, classify, margin
from tcpdump_parse.read.plans import BREAK, JOINT
from tcpdump_parse.read.shapes import Refused, Settle, Shapes, key_of
from tcpdump_parse.read.text import to_text

ABSOLUTE = Printed.ABSOLUTE
Where = tuple[int, int, int, int, Callable[[str], str | UnsetType]]
"""Capture, frame, first and last line, clock: what a constructor needs beside the text."""

SHAPES = Shapes()
"""The plans of this process: all readers share them, as all captures are printed by the same few programs."""


class Records(Captures):
    """The state of one log: captures, numbering, the record that is open, and what waits."""

    def __init__(self, file: str = "", zone: tzinfo | None = None) -> None:
        super().__init__(file, zone)
        self.frame = 0
        self.ahead: list[str] = []  # the items of this chunk
        self.ahead_line = 1  # the line of the first of them
        self.mark = "\n"  # stands for a row of a dump in them
        self.tail: list[str | Block] = []  # of the packet that is last in `out`: the rest of its line, then lines
        self.dump: Block | None = None  # that packet's dump, when it has been given to it already
        self.undecided: list[str] = []  # items of a record that shows no segment yet
        self.shown: counted.Text | None = None  # such text behind the open packet, counted
        self.fresh = False  # its first line is counted already
        self.raw = ""  # how the open record stood, when its white space is not tcpdump's
        self.doubtful = False  # the next record may be payload

    def ready(self) -> bool:
        """A known shape is a record, whatever stood before."""
        return self.content and not (self.opener or self.undecided or self.shown or self.raw)

    @property
    def packet(self) -> Packet | None:
        """The packet that a tail may still follow."""
        return self.out[-1] if self.out and type(self.out[-1]) is Packet else None

    def waits(self, text: str) -> bool:
        """A first line whose second line has not come yet."""
        return bool(STARTS.match(text)) and BREAK not in text and text.endswith(")") and SEGMENT.search(text) is None

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

    def begins(self, text: str) -> bool:
        """The line looks like the first of a record. In a log whose records have times, one without has to be a whole segment."""
        if STARTS.match(text):
            return True
        return TIMELESS.match(text) is not None and (not self.timed or (not self.tail and SEGMENT.search(text) is not None))

    def is_text(self, text: str) -> bool:
        """The line belongs to the text that -A prints; such a capture has it behind every packet."""
        packet = self.packet
        if packet is None:
            return False
        if self.plain and self.shown is None and text[:1] in ("E", "`") and not self.tail:
            self.shown = counted.whole(packet, text.partition(JOINT)[0], self.snapshot)
            if self.shown is not None:
                self.fresh = True
                return True
        if classify(text)[0] in SURE:
            return False
        if self.shown is None:
            first = text.partition(JOINT)[0]
            self.shown = counted.begin(packet, first, self.snapshot, 3 if self.ascii else 9)
            if self.shown is not None:
                self.ascii = self.fresh = True
                self.plain = self.shown.link == 0
            elif len(self.tail) < 2 and HEADER_SHOWN.match(first):
                self.ascii = True
        return self.ascii

    def shows(self, items: list[str], at: int) -> int:
        """Takes the text of -A that begins here behind the open packet, where it is clear what it is; gives the first item behind it."""
        packet, item, text = self.packet, items[at], None
        if packet is None or not self.timed or (" " in item and self.begins(item)):
            return at
        first = item.partition(JOINT)[0]
        if not self.tail:
            text = counted.whole(packet, first, self.snapshot)
        if text is None and not MAYBE_SURE.match(item):
            lead = "" if len(first) > counted.HEADER or len(first) < 4 else "\n".join(items[at : at + 6]).replace(JOINT, BREAK)
            text = counted.begin(packet, first, self.snapshot, 3, lead)
        stop = None if text is None or text.link else text.take(items, at)
        if text is None or stop is None:
            return at
        self.tail += items[at:stop] if self.tail else ("", *items[at:stop])
        self.line += text.lines
        if stop == len(items):
            self.shown = text
        else:
            self.doubtful = text.where() is counted.Where.DOUBTFUL and STARTS.match(items[stop]) is not None
        return stop

    def coming(self, text: str) -> list[str]:
        """Some lines behind this item, as far as they are there."""
        if text not in self.ahead:
            return []
        at = self.ahead.index(text) + 1
        return "\n".join(self.ahead[at : at + 8]).replace(JOINT, BREAK).split("\n")

    def continues(self, text: str) -> bool:
        """More of a record that shows no segment yet."""
        if len(self.undecided) == 1 and self.undecided[0].endswith(")") and SECOND.match(text):
            return True
        return text[:1] == "\t" or INNER.search(self.undecided[-1]) is not None or COLUMN_0.match(text) is not None

    def inside(self, text: str, begins: bool) -> bool:
        """Whether a line belongs to the counted text of -A."""
        assert self.shown is not None
        where = self.shown.where()
        if where is counted.Where.INSIDE:
            self.doubtful = begins and self.bears_out(text)
            return not self.doubtful
        if begins:
            self.doubtful = where is counted.Where.DOUBTFUL
            return False
        return where is counted.Where.DOUBTFUL and classify(text)[0] not in SURE

    def bears_out(self, text: str) -> bool:
        """A record inside counted text after all: its own text of -A follows it. So it is where captures cut their packets short.

        A payload can say the same. But it has no say in what stands where the whole packet's text ends: a record begins there, or the
        packet was cut.
        """
        if self.keeps_count():
            return False
        if text.startswith("[Invalid header: "):
            return True
        cut = SEGMENT.search(text)
        if cut is None:
            return False
        try:
            made, _ = SHAPES.find(text[: cut.end()], key_of(text[: cut.end()]), (0, 0, 0, 0, lambda _: UNSET), None)
        except Refused:
            return False
        return any(counted.begin(made, line, self.snapshot) is not None for line in self.coming(text))

    def keeps_count(self) -> bool:
        """A record begins, or the log ends, where the packet's length says that its text ends."""
        assert self.shown is not None
        if self.shown.kept is None:
            line, at = self.ahead_line, 0
            while at < len(self.ahead) and line < self.line:
                line, at = line + 1 + self.ahead[at].count(JOINT) + self.ahead[at].count(self.mark), at + 1
            lines = "\n".join(self.ahead[at:]).replace(JOINT, BREAK).split("\n")
            self.shown.kept = self.shown.ends(lines, self.begins)
        return self.shown.kept

    def follow(self, text: str) -> None:
        """A line of the open packet's tail."""
        if self.shown is not None:
            for line in text.replace(JOINT, BREAK).split("\n")[self.fresh :]:
                self.shown.add(line)
            self.fresh = False
        if not self.tail:
            self.tail.append("")
        self.tail.append(text)
        self.line += 1 + text.count(JOINT)

    def between(self, text: str) -> None:
        """Lines that are no record; those behind blanks one by one, for pastes come indented."""
        glued = margin(text)
        if glued and STARTS.match(text, glued):
            self.notice(text[:glued], glued=True)
            self.record(text[glued:])
            return
        first, *others = text.split(JOINT)
        lines = [first] + ["    " + other for other in others]
        at = 0
        while at < len(lines):
            at += self.indented(lines, at) or self.noise(lines[at])

    def noise(self, line: str) -> int:
        if SECOND.match(line) and SEGMENT.search(line):
            self.lost(line)
        else:
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
            made, plan = SHAPES.find(head, key_of(head), self.where(head, line), self.settle)
        except Refused as refused:
            if self.nested(text, cut):
                self.other(text, line)
            else:
                self.unread(text, refused, line)
            return
        if plan is not None and "\n" not in head:
            SHAPES.alias(head.encode("latin-1").translate(None, b"0123456789abcdef"), plan)
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
        if TORN.search(text[:LONGEST]):
            self.torn(text, line)
            return
        prefix = PREFIX.match(text)
        for head in (addressed(text), prefix and prefix[0]):
            if head is None:
                continue
            try:
                made, _ = SHAPES.find(head, key_of(head), self.where(head, line), None)
            except Refused:
                continue
            self.add(made)
            self.tail.append(text[len(head) :])
            return
        self.unread(text, Refused(0, ()), line)

    def torn(self, text: str, line: int) -> None:
        try:
            made, _ = SHAPES.find(text, key_of(text), self.where(text, line), self.settle)
        except Refused as refused:
            self.unread(text, refused, line)
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

    def take_back(self) -> None:
        """More lines follow a dump: it is one part of the tail among others."""
        packet, dump = self.packet, self.dump
        if packet is not None and dump is not None:
            self.tail += ("", dump)
            tails.hide(packet, dump)
        self.dump = None

    def lay_out(self, packet: Packet) -> None:
        """Keeps the white space of a pasted record."""
        usual = printing.head(packet) + tails.tail_of(packet)
        lines = self.raw.count("\n") + 1
        behind = usual.split("\n")[lines:]
        found = difference(usual, "\n".join([self.raw, *behind]))
        if found is not None:
            structs.force_setattr(packet, "layout", found)

    def unread(self, text: str, refused: Refused, line: int) -> None:
        capture, frame, line, end_line, _ = self.where(text, line)
        plain = text.replace(JOINT, BREAK)
        found = diagnose(plain, refused.column, refused.accepts, grammar.terminals())
        before = plain[: found.column]
        column = found.column - (before.rfind("\n") + 1) + 1
        self.out.append(Unread(capture, frame, line + before.count("\n"), end_line, column, to_text(plain), found.expected, found.message))
