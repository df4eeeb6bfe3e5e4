"""A conversation told by hand: what each side sent, what became of it on the way, and what each end must call it.

    s 1+10              the server sends octets 1 to 10; they arrive at once
    s 11+10 lost        they do not arrive
    s 11+10 late 2      they arrive after the second line below
    s 21+10 copy 3      they arrive at once, and once more after the third line below
    c ack 11 sack 21-31 the client acknowledges
    = original | -      what the sender's end and the receiver's end must call the line above; `-`: no record there

`ts N` gives a TSval, `ecr N` what is echoed. Lines are 10 ms apart and arrive 0.1 ms after they were sent. Sequence numbers begin under the
wrap, so that every case crosses it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from evidence import RECEIVER, SENDER, Conversation, Line
from frame import ACK, Segment
from policy import Way
from truth import Kind, Row, Truth

BASE = {Way.TO_SERVER: 2**32 - 15, Way.TO_CLIENT: 2**32 - 25}
WAYS = {"c": Way.TO_SERVER, "s": Way.TO_CLIENT}
OTHER = {"c": Way.TO_CLIENT, "s": Way.TO_SERVER}
ADDRESS = {"c": (b"client", 5000), "s": (b"server", 8000)}
WORDS = re.compile(r"(\d+)\+(\d+)|(lost)|(?:ack) (\d+)|sack ([\d, -]+\d)|(late|copy) (\d+)|ts (\d+)|ecr (\d+)")


@dataclass
class Said:
    """One line of the tale: a segment, when it arrives (line numbers), what both ends must call it."""

    who: str
    seg: Segment
    arrives: list[float]
    verdict: tuple[str, str] = ("", "")


def tell(text: str) -> list[Said]:
    """The lines of a tale."""
    tale: list[Said] = []
    highest = {"c": 0, "s": 0}
    for line in text.strip().splitlines():
        who, _, rest = line.strip().partition(" ")
        if who == "=":
            sender, _, receiver = rest.partition(" | ")
            tale[-1].verdict = sender.strip(), receiver.strip()
            continue
        tale.append(_said(who, rest, len(tale), highest))
    return tale


def _said(who: str, rest: str, now: int, highest: dict[str, int]) -> Said:
    way, back = WAYS[who], OTHER[who]
    position, length, flags, ack, arrives = highest[who], 0, 0, 0, [now + 0.01]
    sack: tuple[tuple[int, int], ...] = ()
    val, ecr = 0, 0
    for at, size, lost, acked, blocks, how, lines, tsval, tsecr in WORDS.findall(rest):
        if at:
            position, length = int(at), int(size)
        if lost:
            arrives = []
        if acked:
            flags, ack = ACK, (int(acked) + BASE[back]) % 2**32
        if blocks:
            edges = [(int(number) + BASE[back]) % 2**32 for number in re.findall(r"\d+", blocks)]
            sack = tuple(zip(edges[::2], edges[1::2], strict=True))
        if how:
            arrives = [*([now + 0.01] if how == "copy" else []), now + int(lines) + 0.02]
        val, ecr = int(tsval or val), int(tsecr or ecr)
    highest[who] = max(highest[who], position + length)
    seq = (position + BASE[way]) % 2**32
    other = "s" if who == "c" else "c"
    ts = (val, ecr) if val else None
    return Said(who, Segment(ADDRESS[who], ADDRESS[other], flags, seq, ack, 100, length, ts, sack), arrives)


def recorded(tale: list[Said]) -> tuple[Conversation, dict[tuple[str, int], tuple[int, int]]]:
    """The witnesses of such a tale; and for each record (end, ordinal) its line, and 0 for a sending, 1.. for arrivals."""
    seen: list[tuple[float, str, Line, tuple[int, int]]] = []
    diary: list[dict[str, object]] = []
    out: list[tuple[float, int]] = []
    for number, said in enumerate(tale):
        way = WAYS[said.who]
        line = Line(number / 100, way, said.seg, str(number))
        seen.append((number, SENDER[way], line, (number, 0)))
        diary.append({"way": way.value, "digest": str(number), "out": []})
        for nth, when in enumerate(said.arrives, 1):
            seen.append((when, RECEIVER[way], replace(line, time=when / 100), (number, nth)))
            out.append((when, number))
    for serial, (_, number) in enumerate(sorted(out), 1):
        serials = diary[number]["out"]
        assert isinstance(serials, list)
        serials.append(serial)
    captures: dict[str, list[Line]] = {"client": [], "server": []}
    names: dict[tuple[str, int], tuple[int, int]] = {}
    for _, end, line, name in sorted(seen, key=lambda item: item[0]):
        captures[end].append(line)
        names[end, len(captures[end])] = name
    # Both bases are those of the first segment sent; a tale begins at position 0 or says so itself.
    return Conversation(captures, diary), names


def called(row: Row) -> str:
    """A row in a word or two, as tales say it."""
    if row.kind is not Kind.RE_SENT:
        return f"{row.kind.value} ({row.reason.value})"
    return f"{ {True: 'needed', False: 'spurious', None: 'undecidable'}[row.needed] } ({row.reason.value})"


def verdicts(text: str, drops: str = "") -> Iterator[tuple[int, tuple[str, str], tuple[str, str]]]:
    """For each line with a verdict: its number, what was expected, what the truth says (the first arrival's row, and a copy's after it).

    `drops` names the kernels' counter of segments that were thrown away, if there were any.
    """
    tale = tell(text)
    talk, names = recorded(tale)
    counted = Counter([drops] if drops else [])
    rows = {names[row.end, row.record]: called(row) for row in Truth(talk, {"client": counted, "server": counted}).rows()}
    for number, said in enumerate(tale):
        if said.verdict[0]:
            arrivals = [rows[number, nth] for nth in range(1, len(said.arrives) + 1)]
            yield number, said.verdict, (rows[number, 0], ", ".join(arrivals) or "-")
