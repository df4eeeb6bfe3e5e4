"""The tail of the open packet as its lines come: which of them the text of -A claims, whatever they look like.

Such text stands at column 0, byte for byte as the payload has it. It is counted (`ascii`): what looks like a record inside of it is
payload, what may be payload is read and marked. In a capture that has shown such text it is taken in one go behind each head.
"""

from __future__ import annotations

from datetime import tzinfo
from itertools import islice

from msgspec import UNSET

from tcpdump_parse.model import Packet
from tcpdump_parse.read import ascii as counted
from tcpdump_parse.read import shapes, tails
from tcpdump_parse.read.blocks import Block
from tcpdump_parse.read.captures import Captures
from tcpdump_parse.read.looks import HEADER_SHOWN, LINK_BEGINS, SEGMENT, SHOWS_IP, STARTS, TIMELESS
from tcpdump_parse.read.notices import is_sure
from tcpdump_parse.read.plans import BREAK, JOINT
from tcpdump_parse.read.shapes import Refused, key_of

_SHORT = 4
"""A first line below that shows too little of a header: octet 10 stands among its first, as in every 16th flow label of IPv6."""


class TooFew(Exception):
    """What an item is cannot be told before more of the log is there."""


class Texts(Captures):
    """What is known of the open packet's tail."""

    def __init__(self, file: str, zone: tzinfo | None) -> None:
        super().__init__(file, zone)
        self.ahead: list[str] = []  # the items of this chunk
        self.at = 0  # which of them is being read
        self.more = False  # others will follow them
        self.tail: list[str | Block] = []  # of the packet that is last in `out`: the rest of its line, then lines
        self.dump: Block | None = None  # that packet's dump, when it has been given to it already
        self.undecided: list[str] = []  # items of a record that shows no segment yet
        self.shown: counted.Text | None = None  # text of -A behind the open packet, counted
        self.fresh = False  # its first line is counted already
        self.raw = ""  # how the open record stood, when its white space is not tcpdump's
        self.doubtful = False  # the next record may be payload

    @property
    def packet(self) -> Packet | None:
        """The packet that a tail may still follow."""
        return self.out[-1] if self.out and type(self.out[-1]) is Packet else None

    def begins(self, text: str) -> bool:
        """The line looks like the first of a record. In a log whose records have times, one without has to be a whole segment."""
        if STARTS.match(text):
            return True
        if self.timed and (self.tail or SEGMENT.search(text) is None):
            return False
        if TIMELESS.match(text) is not None:
            return True
        return not self.timed and LINK_BEGINS.match(text) is not None and SHOWS_IP.search(text) is not None

    def is_text(self, text: str) -> bool:
        """The line belongs to the text that -A prints; such a capture has it behind every packet."""
        packet = self.packet
        if packet is None:
            return False
        first = text.partition(JOINT)[0]
        if self.plain and self.shown is None and text[:1] in ("E", "`") and not self.tail:
            count = counted.plain(packet, first, self.kept)
            if count is not None:
                self.shown = counted.Text(0, count.least, count.most, len(first))
                self.fresh = True
                return True
        if is_sure(text):
            return False
        if self.shown is None:
            short = self.plain and len(first) < _SHORT and first[:1] in ("E", "`")
            lead = "\n".join([text, *self.coming(5)]).replace(JOINT, BREAK) if short else ""
            self.shown = counted.begin(packet, first, self.kept, 3 if self.ascii else 9, lead)
            if self.shown is not None:
                self.ascii = self.fresh = True
                self.plain = self.shown.link == 0
            elif (len(self.tail) < 2 or self.ascii) and HEADER_SHOWN.match(first):
                self.ascii = self.fresh = True
                said = self.tail[0] if self.tail else ""
                self.shown = counted.other(packet, said if isinstance(said, str) else "", first, self.kept)
        return self.ascii

    def shows(self, items: list[str], at: int) -> int:
        """Takes the text of -A that begins here behind the open packet, where it is clear what it is; gives the first item behind it."""
        packet, item = self.out[-1] if self.out else None, items[at]
        if type(packet) is not Packet or not self.timed or (": " in item and self.begins(item)):
            return at
        count = None
        if not self.tail or (len(self.tail) == 1 and counted.shows_header(packet, item)):
            count = counted.plain(packet, item, self.kept)
        if count is not None:
            stop = self.taken_whole(packet, count, items, at)
            if stop > at:
                return stop
        return self.taken_line_by_line(packet, count, items, at)

    def taken_whole(self, packet: Packet, count: counted.Count, items: list[str], at: int) -> int:
        """A text that ends before a record of this chunk becomes the packet's body at once; gives `at` where anything else is the case."""
        for number in range(at + 1, len(items)):
            item = items[number]
            if item and item[0] in counted.STOPS:
                if STARTS.match(item):
                    break
                if is_sure(item):
                    return at
        else:
            return at
        if items[number - 1][:1] in tails.DUMP:
            return at
        text = "\n".join(items[at:number])
        ends = number - at - 1
        if JOINT in text:
            ends += text.count(JOINT)
            text = text.replace(JOINT, BREAK)
        if len(text) + ends < count.least:
            return at
        self.line += ends + 1
        if self.tail:
            self.tail.append(text)
            self.close()
        else:
            tails.give(packet, "\n" + text, ends + 1)
        self.shown, self.doubtful = None, len(text) < count.most
        return number

    def taken_line_by_line(self, packet: Packet, count: counted.Count | None, items: list[str], at: int) -> int:
        """Takes it into the tail as far as it goes; gives the first item behind it, or `at` where that is not clear."""
        first, *others = items[at].split(JOINT)
        if count is not None:
            text: counted.Text | None = counted.Text(0, count.least, count.most, len(first))
        elif items[at].startswith("```"):
            return at
        else:
            lead = "" if len(first) > counted.HEADER else "\n".join(items[at : at + 6]).replace(JOINT, BREAK)
            text = counted.begin(packet, first, self.kept, 3, lead)
        if text is None or text.link:
            return at
        for other in others:
            text.add("    " + other)
        stop = text.take(items, at + 1)
        return at if stop is None else self.taken(text, items, at, stop)

    def goes_on(self, text: counted.Text, items: list[str], at: int) -> int:
        """Takes the items from `at` on into the tail; gives the first item that is no such text."""
        stop = None if self.undecided or self.raw or not self.timed else text.take(items, at)
        return at if stop is None or stop == at else self.taken(text, items, at, stop)

    def taken(self, text: counted.Text, items: list[str], at: int, stop: int) -> int:
        """These items, counted, are of the tail; gives the one behind them."""
        taken = items[at:stop]
        self.tail += taken if self.tail else ("", *taken)
        self.line += stop - at + "".join(taken).count(JOINT)
        if stop == len(items):
            self.shown, self.doubtful = text, False
        else:
            self.shown, self.doubtful = None, text.hides
        return stop

    def coming(self, count: int) -> list[str]:
        """So many items behind this one, as lines. Raises TooFew when they are still to come."""
        items = self.ahead[self.at + 1 : self.at + 1 + count]
        if len(items) < count and self.more:
            raise TooFew
        return "\n".join(items).replace(JOINT, BREAK).split("\n") if items else []

    def inside(self, text: str, begins: bool) -> bool:
        """Whether a line belongs to the counted text of -A."""
        assert self.shown is not None
        where = self.shown.where()
        if where is counted.Where.INSIDE:
            self.doubtful = begins and self.bears_out(text)
            if self.doubtful:
                self.saw_cut(*self.shown.seen())
            return not self.doubtful
        if begins:
            self.doubtful = where is counted.Where.DOUBTFUL
            return False
        return where is counted.Where.DOUBTFUL and not is_sure(text)

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
            made, _ = shapes.SHAPES.find(text[: cut.end()], key_of(text[: cut.end()]), (0, 0, 0, 0, lambda _: UNSET), None)
        except Refused:
            return False
        lines = self.coming(8)
        leads = ("\n".join(lines[at : at + 6]) for at in range(len(lines)))
        return any(counted.begin(made, line, self.kept, 3, lead) is not None for line, lead in zip(lines, leads, strict=True))

    def saw_cut(self, least: int, most: int) -> None:
        """A packet ended early, after so many octets. A second one in the same place: so do all that are longer."""
        before = self.cut
        self.cut = (least, most)
        if before is not None and least <= before[1] and before[0] <= most:
            self.cut = (max(least, before[0]), min(most, before[1]))
            low = self.cut[0] if self.kept is None else min(self.cut[0], self.kept.least)
            self.kept = counted.Kept(low, counted.ANY if self.kept is None else self.kept.most)

    def keeps_count(self) -> bool:
        """A record begins, or the log ends, where the packet's length says that its text ends."""
        assert self.shown is not None
        if self.shown.kept is None:
            items = islice(self.ahead, self.at, None)
            lines = (line for item in items for line in item.replace(JOINT, BREAK).split("\n"))
            kept, certain = self.shown.ends(lines, self.begins)
            if self.more and not certain:
                raise TooFew
            self.shown.kept = kept
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

    def take_back(self) -> None:
        """More lines follow a dump: it is one part of the tail among others."""
        packet, dump = self.packet, self.dump
        if packet is not None and dump is not None:
            self.tail += ("", dump)
            tails.hide(packet, dump)
        self.dump = None
