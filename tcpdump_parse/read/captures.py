"""Where captures begin, and which of them a notice belongs to.

A capture has content from its banner or its first record on; a fence or a banner after content begins another one. Notices wait while it
is open whether they belong to the capture before or to the one after them.
"""

from __future__ import annotations

from datetime import tzinfo

from msgspec import UNSET, structs

from tcpdump_parse.model import SCHEMA, Capture, Notice, Read
from tcpdump_parse.read.absolute import Numbers, Printed, announced
from tcpdump_parse.read.ascii import Kept
from tcpdump_parse.read.clock import Clock
from tcpdump_parse.read.notices import classify
from tcpdump_parse.read.text import to_text
from tcpdump_parse.visible import encodable

PATIENCE = 4096
"""So many notices wait to learn which capture they belong to."""


class Captures:
    """The captures of one log: what is known of the present one, and the notices that wait."""

    def __init__(self, file: str, zone: tzinfo | None) -> None:
        self.file = encodable(file)
        self.zone = zone
        self.capture = 0
        self.line = 1  # number of the next line
        self.newline = "\n"
        self.out: list[Read] = []
        self.content = False  # the capture has a banner or a record
        self.opener = 0  # the line of a fence after which another capture may begin
        self.waiting: list[Notice] = []
        self.ascii = False  # the capture shows the text of -A
        self.plain = False  # and that begins with the network header
        self.kept: Kept | None = None  # of long packets
        self.cut: tuple[int, int] | None = None  # where the text of one ended that was seen to be cut
        self.timed = False  # the capture's records have times
        self.clock = Clock(zone)
        self.numbers = Numbers()
        self.announced = Printed.UNKNOWN

    def close(self) -> None:
        """End what is open: nothing more belongs to it."""
        raise NotImplementedError

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
        self.ascii = self.plain = self.timed = False
        self.kept = self.cut = None
        self.clock = Clock(self.zone)
        self.numbers = Numbers(self.announced)
        self.out.append(Capture(SCHEMA, self.capture, self.file, line, self.newline))
        self.out.extend(structs.replace(notice, capture=self.capture) for notice in waiting if self.capture == 1 or notice.line >= line)

    def notice(self, text: str, glued: bool = False) -> None:
        """A line that is no record, or what stands before one on its line."""
        self.close()
        kind, count = classify(text)
        if glued and kind != "interrupt":
            kind = "margin"
        if kind == "fence":
            self.opener = self.line
        elif kind in ("banner", "reading"):
            self.new_capture(self.opener or self.line)
            self.kept = Kept.announced(text)
        elif kind == "prompt":
            self.announced = announced(text)
        made = Notice(self.capture, self.line, self.line, kind, to_text(text), UNSET if count is None else count)
        if self.capture and not self.opener:
            self.out.append(made)
        else:
            self.waiting.append(made)
            if len(self.waiting) >= PATIENCE:
                self.release()
        self.line += not glued

    def release(self) -> None:
        """Nothing began: the notices belong to what was before them."""
        if not self.capture and self.waiting:
            self.new_capture(1)
            self.content = False
        self.out.extend(self.waiting)
        self.waiting = []
