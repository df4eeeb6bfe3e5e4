"""Time and congestion control over a whole connection: initial window, round trips, pauses, throughput (RFC 5681, RFC 6298, RFC 6928).

Everything is seen from the capture point: a round trip is its half behind it. The numbers are those of `tdparse flows`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import UNSET

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.rules.clock import Pace
from tcpdump_parse.model import Severity
from tcpdump_parse.model.flow import FlowEnd
from tcpdump_parse.model.happenings import GapFilled, GapOpened, Idle
from tcpdump_parse.model.steps import End, Ending, Step
from tcpdump_parse.model.terms import Side

SECOND = 1_000_000_000
SAMPLES = 3
"""Fewer round trips say little about their spread."""
WHOLE = Need.BOTH_SIDES | Need.NO_GAP | Need.HANDSHAKE


def _ends(ending: Ending) -> tuple[tuple[End, End, FlowEnd, FlowEnd], ...]:
    """Each end and the other one, and their numbers."""
    client, server, flow = ending.client, ending.server, ending.flow
    return (client, server, flow.client, flow.server), (server, client, flow.server, flow.client)


def _initial(flow: FlowEnd, other: FlowEnd) -> int:
    """Octets before the first acknowledgement; 0 where losses let the sender go on without one (duplicate ACKs, SACK)."""
    lossy = flow.rexmt_data_pkts or other.sack_pkts_sent or other.duplicate_acks or flow.duplicate_acks
    return 0 if lossy else flow.initial_window_bytes


# ---- how much at once ----


@rule(on=Ending, needs=WHOLE, severity=Severity.NOTE, cites="RFC 6928 §2", elsewhere=("tcptrace:initial window",))
def iw(ending: Ending) -> Iterator[Facts]:
    """How much this end sent before the first of it was acknowledged: its initial window, or all that it had to send."""
    for me, peer, flow, other in _ends(ending):
        octets = _initial(flow, other)
        if octets and peer.seen:
            yield Facts(side=str(me.side), octets=octets, segments=flow.initial_window_pkts)


@rule(on=Ending, needs=WHOLE, severity=Severity.WARN, cites="RFC 6928 §2", elsewhere=("RFC 2525 §2.3",))
def iw_too_big(ending: Ending) -> Iterator[Facts]:
    """More than ten segments before the first acknowledgement: more than RFC 6928 allows at the start.

    A larger initial window set for the route, as big servers do, or a stack that forgot to start slowly. It may lose much at once.
    """
    for me, peer, flow, other in _ends(ending):
        if me.mss is None or peer.mss is None:
            continue
        limit = max(10 * max(me.mss, peer.mss), 14_600)
        octets = _initial(flow, other)
        if octets > limit and peer.packets > 1:
            yield Facts(side=str(me.side), octets=octets, limit=limit)


# ---- round trips ----


@rule(
    on=Ending,
    needs=Need.TIME,
    severity=Severity.NOTE,
    cites="RFC 6298 §3",
    elsewhere=("tcp.analysis.ack_rtt", "tcptrace:RTT avg"),
)
def rtt_sample(ending: Ending) -> Iterator[Facts]:
    """How long this end's octets took from here to the other end and their acknowledgement back, at least, on average and at most.

    Only octets that were sent once count (Karn). Waits of the receiver, such as delayed ACKs, are in it.
    """
    for me, _peer, flow, _other in _ends(ending):
        if flow.rtt_samples >= SAMPLES and flow.rtt_min is not UNSET and flow.rtt_avg is not UNSET and flow.rtt_max is not UNSET:
            yield Facts(side=str(me.side), samples=flow.rtt_samples, least_s=flow.rtt_min, average_s=flow.rtt_avg, most_s=flow.rtt_max)


@rule(on=Ending, needs=Need.TIME, severity=Severity.NOTE, cites="RFC 6298 §2", elsewhere=("netsem:update_rtt", "tcptrace:RTT stdev"))
def rto(ending: Ending) -> Iterator[Facts]:
    """The retransmission timeout that a sender at this capture point would have come to: the smoothed round trip and four times its spread.

    The sender itself sees the other half of the way as well, so its own is longer if it is far from here.
    """
    for me, _peer, flow, _other in _ends(ending):
        if flow.rtt_samples >= SAMPLES and flow.srtt is not UNSET and flow.rttvar is not UNSET and flow.rto is not UNSET:
            yield Facts(side=str(me.side), smoothed_s=flow.srtt, spread_s=flow.rttvar, rto_s=flow.rto)


# ---- acknowledgements ----


@rule(
    on=Ending,
    needs=Need.BOTH_SIDES | Need.NO_GAP,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8.6.3",
    label="SHLD-19",
    elsewhere=("tcptrace:segs cum acked",),
)
def ack_every_second(ending: Ending) -> Iterator[Facts]:
    """How many of this end's data segments were not acknowledged by an ACK of their own but together with a later one.

    Half of them is usual; many more where a card or the system joins segments before TCP sees them, or where ACKs were lost.
    """
    for me, _peer, flow, _other in _ends(ending):
        if 0 < flow.segs_cum_acked <= flow.actual_data_pkts:  # more: the capture missed some of them
            yield Facts(side=str(me.side), together=flow.segs_cum_acked, segments=flow.actual_data_pkts)


class Holes(Notes):
    """The record that opened the latest hole in each end's octets, and when that was."""

    on: ClassVar = (GapOpened,)

    def __init__(self) -> None:
        self.of: dict[Side, tuple[int, int]] = {}

    def see(self, step: Step, event: GapOpened) -> None:
        if step.at is not None:
            self.of[step.side] = (step.frame, step.at)


@rule(
    on=GapFilled,
    notes=Holes,
    needs=Need.BOTH_SIDES | Need.NO_GAP | Need.TIME,
    severity=Severity.NOTE,
    cites="RFC 5681 §4.2",
    elsewhere=("netsem:duplicate ACK",),
)
def ack_missing_ooo(step: Step, event: GapFilled, notes: Holes) -> Iterator[Facts]:
    """Octets above a hole arrived, and for half a second nothing came back: a receiver should tell of the hole at once.

    It did not, or what passed here never arrived, or its answer was lost. The sender had to wait for its timeout.
    """
    opened = notes.of.get(step.side)
    if opened is None or step.at is None or event.frames[:1] != (opened[0],):
        return
    waited = step.at - opened[1]
    if waited > SECOND // 2 and step.before.peer.frame < opened[0]:
        yield Facts(side=str(step.before.peer.side), evidence=(opened[0],), record=opened[0], waited_s=waited / SECOND)


# ---- pauses, speed ----


@rule(on=Idle, notes=Pace, needs=Need.TIME, severity=Severity.NOTE, elsewhere=("tcp.time_delta", "tcptrace:idletime max"))
def idle_gap(step: Step, event: Idle, notes: Pace) -> Iterator[Facts]:
    """A pause of more than a second and ten round trips. `facts.waiting_for`: who owed something.

    Where only the capture's clock moved there was none: `cap-time-forward-jump`.
    """
    if notes.jumped(step) is not None:
        return
    waiting = None if event.waiting_for is None else str(event.waiting_for)
    yield Facts(idle_s=event.gap / SECOND, waiting_for=waiting)


@rule(on=Ending, needs=Need.TIME, severity=Severity.NOTE, elsewhere=("tcptrace:throughput",))
def throughput(ending: Ending) -> Iterator[Facts]:
    """Octets a second that this end got across over the whole connection, each octet counted once, pauses included."""
    for me, _peer, flow, _other in _ends(ending):
        if flow.unique_bytes_sent and flow.throughput is not UNSET:
            yield Facts(side=str(me.side), octets=flow.unique_bytes_sent, octets_a_second=round(flow.throughput))
