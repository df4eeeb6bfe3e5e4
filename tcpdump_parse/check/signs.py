"""Signs: what a single segment's header shows at a glance, as events that wake rules beside the happenings that track established.

Rules wake on a sign's class; a family puts its signs in its own module (`@sign(Shown)` above a function that answers with a sign or with
None), those here serve several families. Of what a sign is asked decides what it costs:

    @sign(Small, of=DataSent)      small(step, event)    each of those happenings
    @sign(FlagsSeen, of=Unusual)   flags(step)           segments that `check.screen` does not call plain: a law asks that none of them
                                                         would have shown it
    @sign(Late, of=(AckAdvanced, Unusual))               those happenings of such segments
    @sign(Oddity)                  oddity(step)          every segment: be quick, a few tenths of a microsecond

A sign that no rule asked for wakes on is not asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from msgspec import UNSET, Struct

from tcpdump_parse.model.happenings import AckAdvanced, Happening, OptionSeen
from tcpdump_parse.model.steps import Step


class Sign(Struct, frozen=True, gc=False):
    """Base of all signs."""


class Unusual:
    """Stands for the segments that are not plain."""


class Asked(NamedTuple):
    """A question asked of segments. `shows`: the signs it may answer with; `of`: `Step`, `Unusual` or a happening; `screened`: not asked
    of plain ones."""

    body: Callable[..., Sign | None]
    shows: tuple[type[Sign], ...]
    of: type
    screened: bool


SIGNS: list[Asked] = []

Body = Callable[..., "Sign | None"]


def sign(
    *shows: type[Sign], of: type[Happening] | type[Unusual] | type[Step] | tuple[type[Happening], type[Unusual]] = Step
) -> Callable[[Body], Body]:
    """Register the question below: what it may show, and of which segments it is asked."""
    kind, screened = (of[0], True) if isinstance(of, tuple) else (of, of is Unusual)

    def register(body: Body) -> Body:
        SIGNS.append(Asked(body, shows, kind, screened))
        return body

    return register


def letters(step: Step) -> str:
    """tcpdump's letters of the segment's flags; empty for `[none]` and where they are not printed."""
    segment = step.packet.tcp
    return "" if segment is UNSET or segment.flags is UNSET else segment.flags


def overtaken(step: Step) -> bool:
    """An ACK older than the last one left before what passed already, and tells nothing new."""
    ack, last = step.ack, step.before.me.ack
    return ack is not None and last is not None and ack < last


class FlagsSeen(Sign, frozen=True):
    """A combination of flags that is not one of ordinary traffic (`PLAIN`)."""

    flags: str


PLAIN = frozenset({".", "P.", "S", "S.", "F.", "FP.", "R", "R."})


@sign(FlagsSeen, of=Unusual)
def flags(step: Step) -> Sign | None:
    """Any flags beyond the ordinary: SYN+FIN, none at all, ECN's E and W, URG."""
    letters = step.packet.tcp.flags if step.packet.tcp is not UNSET else UNSET
    return None if letters in PLAIN or letters is UNSET else FlagsSeen(letters)


class Unmeasured(Sign, frozen=True):
    """An ACK of new octets, [start, start + octets), that is no sample of the round trip: something in it was sent twice, or cut anew.

    Nearly every ACK of a recovery is one, and hardly any other.
    """

    start: int
    octets: int


@sign(Unmeasured, of=(AckAdvanced, Unusual))
def unmeasured(step: Step, event: AckAdvanced) -> Sign | None:
    """Does the ACK advance without measuring a round trip?"""
    if event.rtt is not None or step.ack is None or step.ack == step.before.me.ack:
        return None
    return Unmeasured(event.start, event.octets)


class Uncommon(Sign, frozen=True):
    """An option that ordinary connections do not use."""

    name: str
    kind: int


class StampsSeen(Sign, frozen=True):
    """This end's first timestamps."""


class SackShown(Sign, frozen=True):
    """This end's first selective acknowledgement."""


_BY_NAME: Final[dict[str, Sign | None]] = {"mss": None, "wscale": None, "sackOK": None, "TS": StampsSeen(), "sack": SackShown()}


@sign(Uncommon, StampsSeen, SackShown, of=OptionSeen)
def uncommon(step: Step, event: OptionSeen) -> Sign | None:
    """Any option beyond the ordinary; and of those, the two that must have been agreed on."""
    name = event.name
    return _BY_NAME[name] if name in _BY_NAME else Uncommon(name, event.kind)
