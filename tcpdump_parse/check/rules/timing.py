"""Time and congestion control over a whole connection: initial window, round trips, ACKs, pauses, pace (RFC 5681, RFC 6298, RFC 6928).

Everything is seen from the capture point: a round trip is its half behind it. Most numbers are those of `tdparse flows`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final

from msgspec import UNSET

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.rules.clock import Pace
from tcpdump_parse.check.screen import LONG
from tcpdump_parse.check.signs import Sign, Unusual, sign
from tcpdump_parse.check.trips import DataTrips, Echoes, Samples, Trips
from tcpdump_parse.model import Packet, Severity
from tcpdump_parse.model.flow import FlowEnd, Limits
from tcpdump_parse.model.happenings import AckAdvanced, DataSent, GapFilled, GapOpened, Idle
from tcpdump_parse.model.steps import End, Ending, Step
from tcpdump_parse.model.terms import SIDES, Side
from tcpdump_parse.seq import CIRCLE

SECOND = 1_000_000_000
SAMPLES = 3
"""Fewer round trips say little about their spread."""
MANY = 8
"""Data segments from which on an end's habits show."""
WORTH = 0.1
"""Seconds; what held up a shorter connection is nobody's question."""
_CLIENT: Final = Side.CLIENT
_SERVER: Final = Side.SERVER
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

    A larger initial window set for the route, as big servers do, or a stack that forgot to start slowly. It may lose much at once. A
    segment is as long as the other end's MSS allows. Of segments beyond 1460 octets the RFC allows fewer; common stacks send ten even so.
    """
    for me, peer, flow, other in _ends(ending):
        if peer.mss is None:
            continue
        limit, octets = 10 * peer.mss, _initial(flow, other)
        if octets > limit and peer.packets > 1:
            yield Facts(side=str(me.side), octets=octets, limit=limit)


# ---- round trips ----


def _spread(samples: Samples) -> dict[str, Any]:
    """Their number, and the least, the average and the most in seconds."""
    least, average, most = (value / SECOND for value in (samples.least, samples.mean, samples.most))
    return {"samples": samples.count, "least_s": least, "average_s": average, "most_s": most}


@rule(
    on=Ending,
    notes=DataTrips,
    needs=Need.TIME,
    severity=Severity.NOTE,
    cites="RFC 6298 §3",
    elsewhere=("tcp.analysis.ack_rtt", "tcp.analysis.acks_frame", "tcptrace:RTT avg"),
)
def rtt_sample(ending: Ending, notes: DataTrips) -> Iterator[Facts]:
    """How long this end's data took from here to the other end and its acknowledgement back, at least, on average and at most.

    Only data that was sent once counts (Karn), not the SYN, nor a FIN alone. Waits of the receiver, such as delayed ACKs, are in it.
    """
    for side in SIDES:
        samples = notes.of(side)
        if samples.count >= SAMPLES:
            yield Facts(side=str(side), **_spread(samples))


@rule(on=Ending, needs=Need.TIME, severity=Severity.NOTE, cites="RFC 6298 §2", elsewhere=("netsem:update_rtt", "tcptrace:RTT stdev"))
def rto(ending: Ending) -> Iterator[Facts]:
    """The retransmission timeout that a sender at this capture point would have come to: the smoothed round trip and four times its spread.

    The sender itself sees the other half of the way as well, so its own is longer if it is far from here.
    """
    for me, _peer, flow, _other in _ends(ending):
        if flow.rtt_samples >= SAMPLES and flow.srtt is not UNSET and flow.rttvar is not UNSET and flow.rto is not UNSET:
            yield Facts(side=str(me.side), smoothed_s=flow.srtt, spread_s=flow.rttvar, rto_s=flow.rto)


@rule(on=Ending, notes=Echoes, needs=Need.TIME, severity=Severity.NOTE, cites="RFC 7323 §4", elsewhere=("netsem:update_rtt", "pping"))
def rtt_sample_ts(ending: Ending, notes: Echoes) -> Iterator[Facts]:
    """How long a timestamp of this end took from here to the other end and its echo back.

    An echo names the segment it answers, so what was sent twice counts as well. Waits of the receiver are in it, as in `rtt-sample`.
    """
    for side in SIDES:
        samples = notes.of(side)
        if samples.count >= SAMPLES:
            yield Facts(side=str(side), **_spread(samples))


# ---- acknowledgements ----


def _beside(ending: Ending) -> Side | None:
    """The end that the capture was taken beside."""
    vantage = ending.flow.vantage
    at = "" if vantage is UNSET else vantage.at
    return next((side for side in SIDES if side.value == at), None)


@rule(
    on=Ending,
    notes=DataTrips,
    needs=Need.TIME | Need.BOTH_SIDES,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8.6.3",
    label="SHLD-18",
)
def ack_delay(ending: Ending, notes: DataTrips) -> Iterator[Facts]:
    """How long this end took to acknowledge data that reached it: least, average and most. Told only of the end the capture was taken
    beside.

    Waits of 40 ms and more look like delayed ACKs, in the hope of data to send them with.
    """
    beside = _beside(ending)
    if beside is not None and (samples := notes.of(beside.other)).count >= SAMPLES:
        yield Facts(side=str(beside), **_spread(samples))


class HeldBack(Sign, frozen=True):
    """The ACK of one segment that was sent once, half a second after it or more."""

    frame: int
    held: int


@sign(HeldBack, of=(AckAdvanced, Unusual))
def held_back(step: Step, event: AckAdvanced) -> Sign | None:
    """A long round trip, of one segment."""
    if event.rtt is None or event.rtt < LONG or event.segments != 1 or event.frame is None:
        return None
    return HeldBack(event.frame, event.rtt)


class Awake(Notes):
    """Round trips, and whether an end's own clock ran with the capture's."""

    shares: ClassVar = (Trips, Pace)

    def __init__(self, trips: Trips, pace: Pace) -> None:
        self.trips = trips
        self.pace = pace

    def ran(self, step: Step, held: int) -> bool:
        """Did it run meanwhile, or is there none: else the capture's clock was set, or the host slept."""
        was, now = step.before.me.tsval, step.after.me.tsval
        if was is None or now is None:
            return True
        return (now - was) % CIRCLE >= held // (SECOND // 50) and self.pace.jumped(step) is None


@rule(
    on=HeldBack,
    notes=Awake,
    needs=Need.BOTH_SIDES | Need.NO_GAP | Need.TIME,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.8.6.3",
    label="MUST-40",
    quote="in particular, the delay MUST be less than 0.5 seconds",
    elsewhere=("netsem:timer_tt_delack_1",),
)
def ack_delay_too_long(step: Step, event: HeldBack, notes: Awake) -> Iterator[Facts]:
    """The receiver kept its ACK back for half a second or more.

    Told only by a capture beside the receiver, of one segment that was sent once, with room for it; the shortest way there and back is
    taken off. A host that slept or was overloaded looks the same. The sender may send again by then.
    """
    held, least = event.held, notes.trips.least(step.before.peer.side)
    beside = least > 0 and 4 * least <= notes.trips.least(step.side)
    if beside and held - least >= LONG and step.before.me.wnd and notes.ran(step, held):
        yield Facts(evidence=(event.frame,), record=event.frame, held_s=(held - least) / SECOND)


@rule(on=Ending, needs=WHOLE, severity=Severity.NOTE, cites="RFC 9293 §3.8.6.3", label="SHLD-18", elsewhere=("tcpanaly:ack every packet",))
def ack_every_packet(ending: Ending) -> Iterator[Facts]:
    """This end acknowledged every data segment by itself, never two of them together.

    Systems do so at the start of a connection (Linux for the first sixteen), and wherever segments come so far apart that a delayed ACK
    has nothing to wait for.
    """
    for me, _peer, flow, other in _ends(ending):
        if flow.actual_data_pkts >= MANY and not flow.segs_cum_acked and other.pure_acks_sent >= flow.actual_data_pkts:
            yield Facts(side=str(me.side.other), segments=flow.actual_data_pkts)


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
    for me, peer, flow, _other in _ends(ending):
        syn = me.offered is not None and peer.offered is None  # its SYN waited for the ACK of its data: the log lacks the answer to it
        together = flow.segs_cum_acked - syn
        if 0 < together < flow.actual_data_pkts:  # all, or more: a SYN is among them, or the capture missed some
            yield Facts(side=str(me.side), together=together, segments=flow.actual_data_pkts)


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


def _held(ending: Ending) -> Iterator[tuple[Side, Limits, float]]:
    """Ends that sent more than a few segments: what held them up, and how long the connection was (seconds).

    Only of an end that the capture was taken beside: elsewhere octets under way to here are not seen, and a sender that waits for the
    network looks idle.
    """
    flow = ending.flow
    if flow.limits is UNSET or flow.vantage is UNSET or flow.duration is UNSET or flow.duration < WORTH:
        return
    for me, _peer, own, _other in _ends(ending):
        limits = flow.limits.get(me.side.value)
        if limits is not None and own.actual_data_pkts >= MANY and flow.vantage.beside(me.side):
            yield me.side, limits, flow.duration


@rule(on=Ending, needs=WHOLE | Need.TIME, severity=Severity.NOTE, elsewhere=("packetdrill:tcpi_busy_time",))
def app_limited(ending: Ending) -> Iterator[Facts]:
    """For most of the time this end had nothing to send: its program, or what that waited for, decided how fast the connection was.

    Told only of an end that the capture was taken beside.
    """
    for side, limits, duration in _held(ending):
        if limits.application + limits.peer > duration / 2:
            yield Facts(side=str(side), limited_s=limits.application + limits.peer, duration_s=duration)


@rule(on=Ending, needs=WHOLE | Need.TIME, severity=Severity.NOTE, cites="RFC 5681 §3.1", elsewhere=("packetdrill:tcpi_busy_time",))
def cwnd_limited(ending: Ending) -> Iterator[Facts]:
    """For most of the time octets of this end were on their way, with room left in the window: it waited for acknowledgements.

    If it had more to send, which no log shows, its congestion window was full, and the network decided how fast the connection was. A
    program that asks and waits looks the same. Told only of an end that the capture was taken beside.
    """
    for side, limits, duration in _held(ending):
        if limits.network > duration / 2:
            yield Facts(side=str(side), limited_s=limits.network, duration_s=duration)


@rule(on=Idle, notes=Pace, needs=Need.TIME, severity=Severity.NOTE, elsewhere=("tcp.time_delta", "tcptrace:idletime max"))
def idle_gap(step: Step, event: Idle, notes: Pace) -> Iterator[Facts]:
    """A pause of more than a second and ten round trips. `facts.waiting_for`: who owed something.

    Where only the capture's clock moved there was none: `cap-time-forward-jump`.
    """
    if notes.jumped(step) is not None:
        return
    waiting = None if event.waiting_for is None else str(event.waiting_for)
    yield Facts(idle_s=event.gap / SECOND, waiting_for=waiting)


class Replies(Notes):
    """The server's replies: how many, how long after their requests in all and at most, and the slowest one's record."""

    on: ClassVar = (DataSent,)

    def __init__(self) -> None:
        self.count = self.total = self.most = 0
        self.slowest: Packet | None = None

    def see(self, step: Step, event: DataSent) -> None:
        Replies.see_each(self, ((step, event),))

    def see_each(self, told: Sequence[tuple[Step, DataSent]]) -> None:
        for step, event in told:
            if event.turn and step.side is _SERVER and (since := event.since_peer) is not None and since >= 0:
                self.count += 1
                self.total += since
                if since >= self.most:
                    self.most, self.slowest = since, step.packet


@rule(on=Ending, notes=Replies, needs=WHOLE | Need.TIME, severity=Severity.NOTE, elsewhere=("wireshark:service response time",))
def server_think_time(ending: Ending, notes: Replies) -> Iterator[Facts]:
    """How long the server took to begin its replies, on average and at most, the way there and back taken off.

    From the last octet of a request to the first of the reply; the way is the shortest round trip of the client's octets past this point.
    """
    least = ending.flow.client.rtt_min
    if notes.count and least is not UNSET:
        way = round(least * SECOND)
        average, most = max(0, notes.total // notes.count - way) / SECOND, max(0, notes.most - way) / SECOND
        yield Facts(packet=notes.slowest, side=str(Side.SERVER), replies=notes.count, average_s=average, most_s=most)


@rule(on=Ending, needs=Need.TIME, severity=Severity.NOTE, elsewhere=("tcptrace:throughput",))
def throughput(ending: Ending) -> Iterator[Facts]:
    """Octets a second that this end got across over the whole connection, each octet counted once, pauses included."""
    for me, _peer, flow, _other in _ends(ending):
        if flow.unique_bytes_sent and flow.throughput is not UNSET:
            yield Facts(side=str(me.side), octets=flow.unique_bytes_sent, octets_a_second=round(flow.throughput))
