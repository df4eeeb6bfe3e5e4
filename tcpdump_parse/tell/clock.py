"""Durations that the capture's clock does not bear out are not told.

`track` measures nothing across a step of the clock that is proved. A rule may find another later: the clock, or the sender's own, jumped
ahead and no log says which. Law: from there on no figure reaches back across it. Nor is a duration below nothing told, as records
give that stand out of order by a little.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.steps import Step

JUMPED: Final = "cap-time-forward-jump"
"""The rule that finds a clock set ahead, by timestamps that did not move with it."""
ALWAYS: Final = -1 << 62
"""Before any record: nothing but what is negative is dropped."""

DURATIONS: Final[dict[type, tuple[str, ...]]] = {
    h.SynSent: ("since_first",),
    h.SynAckSent: ("delay",),
    h.HandshakeDone: ("to_client",),
    h.DataSent: ("since_peer",),
    h.AckAdvanced: ("delay", "rtt"),
    h.Retransmitted: ("since_first", "since_last"),
    h.Reordered: ("late_by",),
    h.Copied: ("after",),
    h.WindowReopened: ("closed_for",),
    h.WindowProbe: ("since",),
    h.WindowProbeAck: ("delay",),
    h.KeepAlive: ("idle",),
    h.KeepAliveAck: ("delay",),
    h.FinSent: ("idle",),
    h.FinAcked: ("delay",),
}
"""What ends at the segment, in nanoseconds. A pause is told in words of its own; what the handshake took ends before, see `_handshake`."""


def measured(step: Step, since: int) -> Step:
    """The step without durations that began before `since` (ns, on the capture's clock) or end before they begin."""
    at = step.at
    if at is None:
        return step
    return replace(step, happenings=tuple([_measured(happening, at, since) for happening in step.happenings]))


def _measured(happening: h.Happening, at: int, since: int) -> h.Happening:
    values = [(name, getattr(happening, name)) for name in DURATIONS.get(type(happening), ())]
    doubtful = {name: None for name, value in values if value is not None and (value < 0 or at - value < since)}
    if type(happening) is h.HandshakeDone:
        doubtful |= _handshake(happening, at, since)
    return replace(happening, **doubtful) if doubtful else happening


def _handshake(happening: h.HandshakeDone, at: int, since: int) -> dict[str, None]:
    """Its first half ended when its second began."""
    there, back = happening.to_server, happening.to_client
    spans = there is not None and (there < 0 or back is None or at - back - there < since <= at - back)
    return {"to_server": None} if spans else {}
