"""Signs: what a single segment's header shows at a glance, as events that wake rules beside the happenings that track established.

A sign is asked of every segment, so it answers with None for a plain one within a few tenths of a microsecond; rules wake on the sign's
class. A family puts its signs in its own module (`@sign` above a function); those here serve several families.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import UNSET, Struct

from tcpdump_parse.model.happenings import AckAdvanced
from tcpdump_parse.model.steps import Step

Asked = Callable[[Step], "Sign | None"]


class Sign(Struct, frozen=True, gc=False):
    """Base of all signs."""


def letters(step: Step) -> str:
    """tcpdump's letters of the segment's flags; empty for `[none]` and where they are not printed."""
    segment = step.packet.tcp
    return "" if segment is UNSET or segment.flags is UNSET else segment.flags


SIGNS: list[Asked] = []


def sign(asked: Asked) -> Asked:
    """Register a question asked of every segment."""
    SIGNS.append(asked)
    return asked


class FlagsSeen(Sign, frozen=True):
    """A combination of flags that is not one of ordinary traffic (`PLAIN`)."""

    flags: str


PLAIN = frozenset({".", "P.", "S", "S.", "F.", "FP.", "R", "R."})


@sign
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


@sign
def unmeasured(step: Step) -> Sign | None:
    """Does the ACK advance without measuring a round trip?"""
    if step.ack is None or step.ack == step.before.me.ack:
        return None
    for happening in step.happenings:
        if type(happening) is AckAdvanced:
            return None if happening.rtt is not None else Unmeasured(happening.start, happening.octets)
    return None
