"""What the wire does to a frame, as data. A rule is decided by index (the n-th such frame) or by chance (seeded, one throw a frame).

The first rule that speaks decides; a frame for which none speaks is forwarded after the path's delay, in order.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum

from frame import ACK, FIN, RST, SYN, Segment


class Way(Enum):
    """The direction of a frame."""

    TO_SERVER = "to-server"
    TO_CLIENT = "to-client"


class What(Enum):
    """The kinds of frame that rules tell apart; a frame can be of several kinds."""

    ANY = "any"
    SYN = "syn"
    SYN_ACK = "syn-ack"
    DATA = "data"
    AGAIN = "again"  # data or FIN that begins below the highest octet already seen this way
    ACK = "ack"  # no octet of sequence space, no RST
    FIN = "fin"


class Do(Enum):
    """What can befall a frame."""

    FORWARD = "forward"
    LOSE = "lose"
    COPY = "copy"  # forwarded, and once more after `ms`
    DELAY = "delay"  # held for `ms`, while its successors pass
    DAMAGE = "damage"  # forwarded with its last octet changed: it arrives, and the receiver's TCP throws it away
    STALL = "stall"  # held for `ms`, and everything after it waits behind it


@dataclass(frozen=True)
class Rule:
    """One kind of trouble. `nth` counts frames of that way and kind from 1; `chance` is per such frame; `ms` is drawn from a range."""

    way: Way
    what: What
    do: Do
    nth: Collection[int] = ()
    chance: float = 0.0
    ms: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Fate:
    """What was decided for one frame: the rule's ordinal (None: no rule spoke) and the milliseconds drawn."""

    do: Do = Do.FORWARD
    rule: int | None = None
    ms: float = 0.0


class Kinds:
    """Tells of what kinds a frame is; remembers how far each way has come."""

    def __init__(self) -> None:
        """Nothing seen."""
        self.highest: dict[tuple[bytes, int], int] = {}

    def of(self, seg: Segment) -> frozenset[What]:
        """The kinds of this segment, and take note of it."""
        kinds = {What.ANY}
        if seg.flags & SYN:
            kinds.add(What.SYN_ACK if seg.flags & ACK else What.SYN)
        if seg.length:
            kinds.add(What.DATA)
        if seg.flags & FIN:
            kinds.add(What.FIN)
        if not seg.slen and not seg.flags & RST:
            kinds.add(What.ACK)
        if seg.slen and not seg.flags & SYN:
            highest = self.highest.setdefault(seg.src, seg.seq)
            if (seg.seq - highest) % 2**32 >= 2**31:
                kinds.add(What.AGAIN)
            if 0 < (seg.seq + seg.slen - highest) % 2**32 < 2**31:
                self.highest[seg.src] = (seg.seq + seg.slen) % 2**32
        return frozenset(kinds)


class Policy:
    """Rules at work: counts frames, throws dice."""

    def __init__(self, rules: Sequence[Rule], seed: str) -> None:
        """Each rule gets dice of its own, so that one rule's throws never shift another's."""
        self.rules = rules
        self.dice = [random.Random(f"{seed}/{number}") for number, _ in enumerate(rules)]
        self.counts = [0] * len(rules)

    def decide(self, way: Way, kinds: Collection[What]) -> Fate:
        """The fate of the next frame."""
        fate = Fate()
        for number, rule in enumerate(self.rules):
            if rule.way is way and rule.what in kinds:
                self.counts[number] += 1
                thrown, drawn = self.dice[number].random(), self.dice[number].uniform(*rule.ms)
                if fate.rule is None and (self.counts[number] in rule.nth or thrown < rule.chance):
                    fate = Fate(rule.do, number, drawn)
        return fate
