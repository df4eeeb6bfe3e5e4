"""What the log shows as a document: tcpdump's own counters against what is there, what was not told, and all connections at a glance.

Law: bounded. Rows are kept for the first connections and, before them, for the remarkable ones; everything else is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET

from tcpdump_parse.model.events import Notice
from tcpdump_parse.model.packet import Packet
from tcpdump_parse.tell.told import Basis, Overview, Reason, Row, Verdict
from tcpdump_parse.tell.words import Words

MOST_ROWS: Final = 40
_DROPPED: Final = {"dropped": "overview.kernel", "dropped_by_interface": "overview.interface"}


class Ledger:
    """One capture's counts: what tcpdump said of itself, and what stands in the text."""

    __slots__ = ("connections", "counters", "first_unread", "icmp", "number", "other", "quoted", "records", "tcp", "unread")

    def __init__(self, number: int) -> None:
        self.quoted: dict[int, int] = {}  # earlier capture → how many records of this one stand in it, literally
        self.number = number
        self.counters: dict[str, int] = {}
        self.records = self.tcp = self.other = self.icmp = 0
        self.unread = self.first_unread = 0
        self.connections = 0

    def note(self, notice: Notice) -> None:
        if notice.count is not UNSET:
            self.counters[notice.kind] = notice.count

    @property
    def quotes(self) -> int:
        """The earlier capture that holds all records of this one; 0 for none."""
        return next((earlier for earlier, count in self.quoted.items() if count == self.records), 0)

    @property
    def missing(self) -> int:
        """Packets that tcpdump counted and the text does not hold."""
        return max(0, self.counters.get("captured", 0) - self.records)

    def reasons(self, words: Words) -> Iterator[Reason]:
        captured = self.counters.get("captured")
        if captured is not None and captured != self.records and self.records:
            yield self._captured(captured, words)
        for kind, by in _DROPPED.items():
            if count := self.counters.get(kind):
                yield _reason(words, Basis.PROVED, "overview.dropped", count=words.count("packets", count), by=words.say(by))
        if self.other:
            yield _reason(words, Basis.PROVED, "overview.other", packets=words.count("packets", self.other))
        if self.icmp:
            yield _reason(words, Basis.PROVED, "overview.icmp", n=self.icmp)
        if self.unread:
            yield _reason(words, Basis.UNKNOWN, "overview.unread", n=self.unread, line=self.first_unread)

    def _captured(self, captured: int, words: Words) -> Reason:
        count = words.count("packets", captured)
        if captured > self.records:
            return _reason(words, Basis.PROVED, "overview.captured", count=count, held=self.records, missing=captured - self.records)
        return _reason(words, Basis.PROVED, "overview.captured_more", count=count, held=self.records, extra=self.records - captured)


def _reason(words: Words, basis: Basis, key: str, **values: object) -> Reason:
    return Reason(basis, words.say(key, **values), key)


KEPT: Final = 4096  # first records of a capture that a later one may quote
_CAPTURES: Final = 64  # of which that many captures are remembered


class Quotes:
    """Which records stand in an earlier capture already, every printed value the same: an article quotes what it printed before."""

    __slots__ = ("known",)

    def __init__(self) -> None:
        self.known: dict[int, int] = {}  # digest of a record → the capture it first stood in

    def see(self, packet: Packet, ledger: Ledger) -> None:
        digest = hash((packet.time, packet.ip, packet.tcp))
        earlier = self.known.get(digest)
        if earlier is None:
            if len(self.known) < KEPT * _CAPTURES:
                self.known[digest] = ledger.number
        elif earlier != ledger.number:
            ledger.quoted[earlier] = ledger.quoted.get(earlier, 0) + 1


class Survey:
    """All connections of the input, as far as a page holds them."""

    __slots__ = ("connections", "headlines", "odd", "packets", "plain", "states", "words")

    def __init__(self, words: Words) -> None:
        self.words = words
        self.connections = self.packets = 0
        self.states: dict[str, int] = {}
        self.headlines: dict[str, str] = {}  # what was said of each state, where it was always the same
        self.odd: list[Row] = []
        self.plain: list[Row] = []

    def add(self, verdict: Verdict, remark: str) -> None:
        self.connections += 1
        self.packets += verdict.packets
        state = verdict.conn_state
        self.states[state] = self.states.get(state, 0) + 1
        if self.headlines.setdefault(state, verdict.headline) != verdict.headline:
            self.headlines[state] = ""
        kept = self.odd if remark or verdict.conn_state != "SF" else self.plain
        if len(kept) < MOST_ROWS:
            kept.append(
                Row(
                    verdict.conn, verdict.flow, verdict.packets, verdict.conn_state, verdict.client_octets, verdict.server_octets,
                    verdict.seconds, remark, verdict.resolution,
                )
            )  # fmt: skip

    def overview(self, capture: int, reasons: tuple[Reason, ...], most: int = MOST_ROWS) -> Overview:
        """`most`: how many connections to list."""
        rows = sorted((self.odd + self.plain)[:most], key=lambda row: row.conn)
        return Overview(
            capture=capture, packets=self.packets, connections=self.connections, reasons=reasons,
            conn_states=dict(sorted(self.states.items(), key=lambda item: -item[1])), rows=tuple(rows), meanings=dict(self.headlines),
            more=self.connections - len(rows) if most else 0,
        )  # fmt: skip
