"""What each captured record is, as its end could know it: the ground truth that a judgement from header text is scored against.

A row for each record of each end, as a table of tab-separated columns:

    end     record  frame         slen  kind      needed  reason
    client  17      to-client 31  1448  re-sent   true    no-copy-arrived

`record` is the ordinal in that end's capture, `frame` the ordinal of sending. Segments with `slen` > 0 are what a judgement names; the
others are listed because they are records too. `needed` is `true` or `false` for re-sent segments, `undecidable` where this end could
not know it, and `-` for all others.

The law: kind and needed are facts, from the sender's own capture, the wire's diary and the receiver's own capture together. Only when
nothing that reached an end could show a fact is the row lowered to what can be seen there, and the reason says so (Reason, below).
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from evidence import PAWS, RECEIVER, SENDER, Conversation, Sent, Taken, load, taken
from frame import RST
from policy import Way
from spans import Span, common, minus


class Kind(Enum):
    """What a record is."""

    ORIGINAL = "original"
    COPY = "copy"  # the wire's second delivery of one frame
    REORDERED = "reordered"  # a first sending that came after something sent later
    RE_SENT = "re-sent"  # its sender had sent some of its octets before


class Reason(Enum):
    """Why the row says so."""

    IN_ORDER = "in-order"
    UNSEEN_LOSS = "first-copy-lost-unseen"  # original as far as this end can see; really a repair, and nothing above it had come
    WIRE_COPY = "wire-copy"
    OVERTAKEN = "overtaken"  # by octets above it, sent later
    OVERTAKEN_BY_ACK = "overtaken-by-ack"  # by a pure ACK alone, sent later
    REPAIR_FIRST = "repair-came-first"  # by its own repair
    LATE_REPAIR = "late-repair"  # reordered as far as this end can see; really a repair, overtaken, whose first copy never came
    NO_COPY_ARRIVED = "no-copy-arrived"  # needed
    COPY_DISCARDED = "copy-discarded"  # needed: a copy had arrived, and the receiver threw it away
    COPY_ARRIVED = "copy-arrived"  # spurious
    COPY_ARRIVED_LATER = "copy-arrived-later"  # spurious: the earlier copy was only late
    NEVER_ACKNOWLEDGED = "never-acknowledged"  # undecidable for the sender: nothing came back
    PROOF_NEVER_CAME = "proof-never-came"  # undecidable for the sender: really spurious, and no D-SACK, early ACK or older echo came back
    AMBIGUOUS_DSACK = "ambiguous-dsack"  # undecidable for the sender: really needed, and a D-SACK says that one copy too many arrived
    AMBIGUOUS_ECHO = "ambiguous-echo"  # undecidable for the sender: really needed, and its ACK echoes an older copy's timestamp
    ACCEPTANCE_UNKNOWN = "acceptance-unknown"  # undecidable for all: a copy had arrived, and nobody showed what became of it


# Counters of Linux (TcpExt) that count segments which arrived and were not kept.
DROPS = (
    *("TCPRcvQDrop", "TCPZeroWindowDrop", "TCPBacklogDrop", "TCPOFODrop", "RcvPruned", "OfoPruned"),
    *("ListenDrops", "ListenOverflows", PAWS, "InCsumErrors"),
)
Verdict = tuple[bool | None, Reason]
COLUMNS = ("end", "record", "frame", "slen", "kind", "needed", "reason")
WORDS = {True: "true", False: "false", None: "undecidable"}


@dataclass(frozen=True)
class Row:
    """One record's truth. `needed` is None unless the record is re-sent and this end could know."""

    end: str
    record: int
    frame: str
    slen: int
    kind: Kind
    needed: bool | None
    reason: Reason

    def __str__(self) -> str:
        """Its line of the table."""
        needed = WORDS[self.needed] if self.kind is Kind.RE_SENT else "-"
        return "\t".join((self.end, str(self.record), self.frame, str(self.slen), self.kind.value, needed, self.reason.value))

    @classmethod
    def parse(cls, line: str) -> "Row":
        """The row of a line of the table."""
        end, record, frame, slen, kind, needed, reason = line.split("\t")
        known = {"true": True, "false": False}.get(needed)
        return cls(end, int(record), frame, int(slen), Kind(kind), known, Reason(reason))


class Truth:
    """The facts of one recording, asked by name."""

    def __init__(self, talk: Conversation, drops: dict[str, Counter[str]]) -> None:
        """`drops`: of each end, how many segments its kernel says it threw away."""
        self.talk, self.drops = talk, drops
        self.reported = {way: self._reported(way) for way in Way}

    def again(self, frame: Sent) -> list[Span]:
        """The octets of a frame that its sender had sent before."""
        return common([frame.span], [other.span for other in self.talk.earlier(frame)])

    def fact(self, frame: Sent) -> Verdict:
        """Whether a re-sent frame was needed, by all witnesses."""
        again = self.again(frame)
        came = [other for other in self.talk.earlier(frame) if other.arrivals]
        if minus(again, [other.span for other in came]):
            return True, Reason.NO_COPY_ARRIVED
        here = frame.arrivals[0] if frame.arrivals else None
        early = [other for other in came if here is None or other.arrivals[0] < here]
        late = [other.span for other in came if other not in early]  # without this frame, its receiver would have kept it
        drops = self.drops[RECEIVER[frame.way]]
        fates = {other.n: taken(self.talk, other, octets, drops) for other in early if (octets := common(again, [other.span]))}
        kept = [other.span for other in early if fates.get(other.n) is Taken.ACCEPTED]
        if not minus(again, kept):
            return False, Reason.COPY_ARRIVED
        if not minus(again, kept + late):
            return False, Reason.COPY_ARRIVED_LATER
        unknown = [other.span for other in early if fates.get(other.n) is Taken.UNKNOWN]
        if minus(again, kept + late + unknown):
            return True, Reason.COPY_DISCARDED
        return None, Reason.ACCEPTANCE_UNKNOWN

    def at_sender(self, frame: Sent) -> Verdict:
        """The same, as far as anything that reached the sender could show it."""
        needed, reason = self.fact(frame)
        if needed is None:
            return None, reason
        heard = sorted(((at, answer) for answer in self.talk.answers(frame.way) for at in answer.arrivals), key=lambda pair: pair[0])
        before = [answer for at, answer in heard if at < frame.sent]
        after = [answer for at, answer in heard if at > frame.sent]
        reported = not minus(self.again(frame), self.reported[frame.way].get(frame.n, []))
        covering = next((answer for answer in after if answer.ack is not None and answer.ack >= frame.span[1]), None)
        una = max((answer.ack for at, answer in heard if answer.ack is not None and covering and at < covering.arrivals[0]), default=0)
        if not needed:
            shown = not minus(self.again(frame), [span for answer in before for span in answer.said])
            shown = shown or self._echoes_older(frame, covering, una)
            return (False, reason) if shown or reported else (None, Reason.PROOF_NEVER_CAME)
        if minus(self.again(frame), [span for answer in after for span in answer.said]):
            return None, Reason.NEVER_ACKNOWLEDGED
        if reported:
            return None, Reason.AMBIGUOUS_DSACK
        if self._echoes_older(frame, covering, una):
            return None, Reason.AMBIGUOUS_ECHO
        return True, reason

    def _reported(self, way: Way) -> dict[int, list[Span]]:
        """Frame → octets of it that D-SACKs prove to be sent once too often, as far as their number tells.

        Of octets sent n times and reported k times, k + 1 copies arrived, whichever they were; so of each of the last k a copy sent before
        it did. Of those before them nothing is certain.
        """
        found: dict[int, list[Span]] = defaultdict(list)
        resent = [(frame, self.again(frame)) for frame in self.talk.sent[way]]
        reports = [(min(answer.arrivals), answer.dsack) for answer in self.talk.answers(way) if answer.arrivals and answer.dsack]
        for at, block in sorted(reports):
            left = [block]
            for frame, again in reversed(resent):
                if frame.sent < at and (mine := minus(common(again, left), found[frame.n])):
                    found[frame.n] += mine
                    left = minus(left, mine)
        return found

    def _echoes_older(self, frame: Sent, covering: Sent | None, una: int) -> bool:
        """Eifel (RFC 3522): the first ACK of it echoes a TSval older than its own, not older than an earlier copy's.

        Where SACK is in use, that ACK may jump over several holes; then it echoes what filled the first, at `una`, and speaks of no other.
        """
        if not frame.start <= una < frame.span[1] and any(answer.sack for answer in self.talk.answers(frame.way)):
            return False
        older = [other.seg.ts[0] for other in self.talk.earlier(frame) if other.seg.ts]
        if not covering or not covering.seg.ts or not frame.seg.ts or not older:
            return False
        echo = covering.seg.ts[1]
        return 0 < (frame.seg.ts[0] - echo) % 2**32 < 2**31 and any((echo - value) % 2**32 < 2**31 for value in older)

    def overtaken_by(self, frame: Sent, at: int) -> Reason | None:
        """What was sent later and arrived sooner: above it, or its repair."""
        later = [other for other in self.talk.sent[frame.way][frame.n :] if not other.seg.flags & RST]
        sooner = [other for other in later if other.arrivals and other.arrivals[0] < at]
        if not frame.seg.slen:
            return Reason.OVERTAKEN if sooner else None
        if any(common([frame.span], [other.span]) for other in sooner):
            return Reason.REPAIR_FIRST
        above = [other for other in sooner if other.start >= frame.span[1]]
        if any(other.seg.slen for other in above):
            return Reason.OVERTAKEN
        return Reason.OVERTAKEN_BY_ACK if above else None

    def shows(self, frame: Sent, at: int) -> bool:
        """Whether the receiver's capture shows that this is not the first sending: another copy, or what was sent before and lies above."""
        came = [other for other in self.talk.sent[frame.way][: frame.n - 1] if other.arrivals and not other.seg.flags & RST]
        return any(common([frame.span], [other.span]) or (other.arrivals[0] < at and other.start >= frame.span[1]) for other in came)

    def sent(self, frame: Sent) -> tuple[Kind, bool | None, Reason]:
        """A record at its sender."""
        if not self.again(frame):
            return Kind.ORIGINAL, None, Reason.IN_ORDER
        return Kind.RE_SENT, *self.at_sender(frame)

    def arrived(self, frame: Sent, at: int) -> tuple[Kind, bool | None, Reason]:
        """A record at its receiver."""
        if at != frame.arrivals[0]:
            return Kind.COPY, None, Reason.WIRE_COPY
        overtaken, again = self.overtaken_by(frame, at), bool(self.again(frame))
        if again and self.shows(frame, at):
            return Kind.RE_SENT, *self.fact(frame)
        if overtaken:
            return Kind.REORDERED, None, Reason.LATE_REPAIR if again else overtaken
        return Kind.ORIGINAL, None, Reason.UNSEEN_LOSS if again else Reason.IN_ORDER

    def rows(self) -> Iterator[Row]:
        """The table, end by end."""
        for (end, at), frame in sorted(self.talk.frames.items()):
            kind, needed, reason = self.sent(frame) if end == SENDER[frame.way] else self.arrived(frame, at)
            yield Row(end, at, f"{frame.way.value} {frame.n}", frame.span[1] - frame.start, kind, needed, reason)


def dropped(folder: Path) -> dict[str, Counter[str]]:
    """How many segments each end's kernel says it threw away."""
    counters = json.loads((folder / "about.json").read_text())["counters"]
    return {end: Counter({name: counted[name] for name in DROPS if name in counted}) for end, counted in counters.items()}


def derive(folder: Path) -> list[Row]:
    """The truth of a recording: client.pcap.gz, server.pcap.gz, wire.jsonl and about.json in a folder."""
    return list(Truth(load(folder), dropped(folder)).rows())


def write(rows: Iterable[Row], path: Path) -> None:
    """The table as a file."""
    path.write_text("".join(f"{line}\n" for line in ("\t".join(COLUMNS), *rows)))


def read(path: Path) -> list[Row]:
    """The rows of such a file."""
    return [Row.parse(line) for line in path.read_text().splitlines()[1:]]
