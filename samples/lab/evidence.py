"""What one direction of a recorded conversation really did: frames as sent, where they arrived, what their receiver said of them.

The wire's diary and both pcaps are matched octet by octet and in order; a recording in which they disagree is refused.
Positions are relative to the first sequence number of their direction, unrolled. "Arrived" means: stands in the receiver's capture.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from frame import ACK, RST, Segment, digest, network, pcap, segment
from policy import Way
from spans import Span, common, minus

SENDER = {Way.TO_SERVER: "client", Way.TO_CLIENT: "server"}
RECEIVER = {Way.TO_SERVER: "server", Way.TO_CLIENT: "client"}
OPPOSITE = {Way.TO_SERVER: Way.TO_CLIENT, Way.TO_CLIENT: Way.TO_SERVER}
SOURCE = {bytes.fromhex("020000000001"): Way.TO_SERVER, bytes.fromhex("020000000002"): Way.TO_CLIENT}
# A kernel may say something between taking a segment from the device and looking at it; this much later it has looked.
LOOKED = 0.001
PAWS = "PAWSEstab"  # Linux's counter of segments thrown away by it


class MismatchError(Exception):
    """A capture and the wire's diary do not tell of the same frames in the same order: the recording is worth nothing."""


@dataclass
class Sent:
    """One frame of one direction: when it was sent among its sender's records, and at which records of its receiver it arrived."""

    way: Way
    n: int
    seg: Segment
    start: int
    sent: int
    arrivals: list[int] = field(default_factory=list)
    ack: int | None = None
    sack: tuple[Span, ...] = ()
    time: float = 0.0

    @property
    def span(self) -> Span:
        """Its octets of sequence space; an RST has none that anybody keeps."""
        return self.start, self.start + (0 if self.seg.flags & RST else self.seg.slen)

    @property
    def said(self) -> list[Span]:
        """What it acknowledges: everything below its ACK, and its SACK blocks."""
        return [] if self.ack is None else [(-1, self.ack), *self.sack]

    @property
    def dsack(self) -> Span | None:
        """The duplicate it reports (RFC 2883): a first block below the ACK or inside another."""
        if self.ack is None or not self.sack:
            return None
        (start, end), *more = self.sack
        inside = any(low <= start and end <= high for low, high in more)
        return (start, end) if end <= self.ack or inside else None


@dataclass(frozen=True)
class Line:
    """One record of a capture."""

    time: float
    way: Way
    seg: Segment
    digest: str


def lines(path: Path) -> Iterator[Line]:
    """The records of one end's capture."""
    for time, octets in pcap(path):
        packet = network(octets)
        seg = segment(packet)
        assert seg is not None
        yield Line(time, SOURCE[octets[6:12]], seg, digest(packet))


def unroll(wire: int, base: int) -> int:
    """The position of a sequence number, counted from the first one of its direction."""
    return (wire - base + 2**31) % 2**32 - 2**31


class Conversation:
    """Both directions of a recording: `sent[way]` in order of sending, `frames[end, record]` the frame behind each record."""

    def __init__(self, captures: dict[str, list[Line]], diary: list[dict[str, object]]) -> None:
        """Match captures and diary."""
        self.captures = captures
        self.sent: dict[Way, list[Sent]] = {}
        self.frames: dict[tuple[str, int], Sent] = {}
        bases = {way: next((line.seg.seq for line in captures[SENDER[way]] if line.way is way), 0) for way in Way}
        for way in Way:
            self._match(way, [note for note in diary if note["way"] == way.value], bases)

    def _match(self, way: Way, notes: list[dict[str, object]], bases: dict[Way, int]) -> None:
        out = [(at, line) for at, line in enumerate(self.captures[SENDER[way]], 1) if line.way is way]
        into = [(at, line) for at, line in enumerate(self.captures[RECEIVER[way]], 1) if line.way is way]
        # The captures end before the wire does, so each may be shorter than the diary; nothing else may differ.
        if [line.digest for _, line in out] != [note["digest"] for note in notes[: len(out)]]:
            raise MismatchError(f"{way.value}: what was sent is not what the wire took")
        here, there = bases[way], bases[OPPOSITE[way]]
        frames = self.sent[way] = []
        for n, (at, line) in enumerate(out, 1):
            seg = line.seg
            ack = unroll(seg.ack, there) if seg.flags & ACK and not seg.flags & RST else None
            sack = tuple((unroll(start, there), unroll(end, there)) for start, end in seg.sack)
            frames.append(Sent(way, n, seg, unroll(seg.seq, here), at, [], ack, sack, line.time))
            self.frames[SENDER[way], at] = frames[-1]
        deliveries = sorted((serial, n, note.get("arrives", note["digest"])) for n, note in enumerate(notes) for serial in _serials(note))
        if [line.digest for _, line in into] != [name for _, _, name in deliveries[: len(into)]]:
            raise MismatchError(f"{way.value}: what arrived is not what the wire sent")
        for (at, _), (_, n, _) in zip(into, deliveries, strict=False):
            if n < len(frames):
                frames[n].arrivals.append(at)
                self.frames[RECEIVER[way], at] = frames[n]

    def time(self, end: str, record: int) -> float:
        """When an end saw a record, in seconds."""
        return self.captures[end][record - 1].time

    def earlier(self, frame: Sent) -> list[Sent]:
        """Frames sent before this one, the same way, that share octets with it."""
        return [other for other in self.sent[frame.way][: frame.n - 1] if common([frame.span], [other.span])]

    def answers(self, way: Way) -> list[Sent]:
        """The frames of the other direction, in order of sending."""
        return self.sent[OPPOSITE[way]]


class Taken(Enum):
    """What became of a segment at the receiver's TCP."""

    ACCEPTED = "accepted"
    DISCARDED = "discarded"
    UNKNOWN = "unknown"


def taken(talk: Conversation, copy: Sent, octets: list[Span], drops: Counter[str]) -> Taken:
    """Whether the receiver kept these octets of `copy`: what it said before they arrived once more, and its answer when they did.

    Arrival at a host is not acceptance by its TCP: only ACK and SACK show that. `drops` is the receiver's own count of segments
    that it threw away, by counter; with none, silence means acceptance.
    """
    arrived, end = copy.arrivals[0], RECEIVER[copy.way]
    others = [other for other in talk.sent[copy.way] if other is not copy and common(octets, [other.span])]
    until = min((at for other in others for at in other.arrivals if at > arrived), default=len(talk.captures[end]) + 1)
    between = [answer for answer in talk.answers(copy.way) if arrived < answer.sent < until]
    if not minus(octets, [span for answer in between for span in answer.said]):
        return Taken.ACCEPTED
    arrivals = sorted(at for other in others for at in other.arrivals if at > until)  # a report after these is of one of them
    after = [answer for answer in talk.answers(copy.way) if until < answer.sent < (arrivals or [answer.sent + 1])[0]][:2]
    if any(answer.dsack and common([answer.dsack], octets) for answer in after):
        return Taken.ACCEPTED
    if not drops.total():
        return Taken.ACCEPTED
    if outdated(talk, copy):
        return Taken.DISCARDED
    if set(+drops) == {PAWS} and outdated(talk, copy) is False:
        return Taken.ACCEPTED
    looked = [answer for answer in between if answer.ack is not None and answer.time - talk.time(end, arrived) > LOOKED]
    blind = looked and not any(answer.sack for answer in talk.answers(copy.way)) and looked[-1].ack != octets[0][0]
    return Taken.UNKNOWN if not looked or blind else Taken.DISCARDED


def outdated(talk: Conversation, copy: Sent) -> bool | None:
    """Whether PAWS (RFC 7323 section 5) threw it away: its TSval is older than the receiver's last echo. None: the echoes leave it open."""
    echoes = [(answer.sent, answer.seg.ts[1]) for answer in talk.answers(copy.way) if answer.seg.ts and answer.ack is not None]
    if copy.seg.ts is None:
        return False
    before = [echo for sent, echo in echoes if sent < copy.arrivals[0]][-1:]
    after = [echo for sent, echo in echoes if sent > copy.arrivals[0]][:1]
    if any(0 < (echo - copy.seg.ts[0]) % 2**32 < 2**31 for echo in before):
        return True
    return False if any((copy.seg.ts[0] - echo) % 2**32 < 2**31 for echo in after) else None


def load(folder: Path) -> Conversation:
    """A recording's three witnesses."""
    diary = [json.loads(row) for row in (folder / "wire.jsonl").read_text().splitlines()]
    return Conversation({end: list(lines(folder / f"{end}.pcap.gz")) for end in ("client", "server")}, diary)


def _serials(note: dict[str, object]) -> list[int]:
    out = note["out"]
    assert isinstance(out, list)
    return out
