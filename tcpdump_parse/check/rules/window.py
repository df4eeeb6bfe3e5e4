"""Flow control: how far the receiver lets the sender go, and what happens when it says "no further" (RFC 9293 §3.8.6).

What a sender does inside the window, how it cuts and pushes, is the family `sending`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import UNSET

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.trips import SECOND, Trips
from tcpdump_parse.model import Packet, Severity
from tcpdump_parse.model.flow import FlowEnd, Limits
from tcpdump_parse.model.happenings import (
    OldAck,
    SynAckSent,
    SynSent,
    WindowClosed,
    WindowExceeded,
    WindowFull,
    WindowProbe,
    WindowProbeAck,
    WindowReopened,
    WindowShrunk,
    WindowUpdate,
)
from tcpdump_parse.model.steps import End, Ending, Step

# ---- closed, and open again ----


class Closed(Notes):
    """Of each end whose window is closed: the record that closed it, when, and the probes since."""

    on: ClassVar = (WindowClosed, WindowReopened, WindowProbe, WindowFull)

    def __init__(self) -> None:
        self.since: dict[str, tuple[Packet, int | None]] = {}
        self.probes: dict[str, int] = {}
        self.gap: dict[str, int | None] = {}  # between the last two probes that were sent to it
        self.waits: dict[str, tuple[int, int]] = {}  # a sender that filled the window and did not push: (position, record)

    def see(self, step: Step, event: WindowClosed | WindowReopened | WindowProbe | WindowFull) -> None:
        side, other = str(step.side), str(step.side.other)
        if isinstance(event, WindowClosed):
            self.since[side] = (step.packet, step.at)
            self.probes[side] = 0
        elif isinstance(event, WindowReopened):
            self.since.pop(side, None)
        elif isinstance(event, WindowProbe):
            self.probes[other] = event.n
            self.gap[other] = event.since
        elif step.end is not None:
            if _pushed(step):
                self.waits.pop(side, None)
            else:
                self.waits[side] = (step.end, step.frame)


def _pushed(step: Step) -> bool:
    segment = step.packet.tcp
    return segment is not UNSET and segment.flags is not UNSET and ("P" in segment.flags or "F" in segment.flags)


@rule(
    on=WindowClosed,
    severity=Severity.WARN,
    cites="RFC 9293 §3.8.6",
    elsewhere=("tcp.analysis.zero_window", "zeek:w", "tcptrace:zero win adv"),
)
def win_zero(step: Step, event: WindowClosed) -> Iterator[Facts]:
    """The receiver closed its window: its buffer is full, the sender must wait.

    The program does not read as fast as data comes. It is the receiver's doing, not the network's. After the other end's FIN nothing
    more can come, and a window of 0 means nothing.
    """
    if step.before.peer.fin is None:
        yield Facts()


@rule(on=(WindowReopened, Ending), notes=Closed, needs=Need.TIME, severity=Severity.WARN, cites="RFC 9293 §3.8.6")
def win_zero_duration(source: Step | Ending, event: WindowReopened | Closed, notes: Closed | None = None) -> Iterator[Facts]:
    """How long the window stayed closed: for that time the receiver took nothing.

    Told when it opens again, or when the log ends before that (`facts.reopened` is false then).
    """
    if isinstance(source, Step) and isinstance(event, WindowReopened):
        if event.closed_for is not None and source.before.peer.fin is None:
            yield Facts(evidence=event.frames, closed_s=event.closed_for / SECOND, reopened=True)
    elif isinstance(source, Ending) and isinstance(event, Closed):
        for end, peer in ((source.client, source.server), (source.server, source.client)):
            closed, since = event.since.get(str(end.side), (None, None))
            last = max((at for at in (end.at, peer.at) if at is not None), default=None)
            if closed is None or since is None or last is None or last <= since or peer.fin is not None or end.fin is not None:
                continue
            yield Facts(packet=closed, side=str(end.side), closed_s=(last - since) / SECOND, reopened=False)


@rule(on=(SynSent, SynAckSent), severity=Severity.NOTE, cites="RFC 9293 §3.8.6", elsewhere=("tcptrace:zero win adv",))
def win_zero_in_syn(step: Step, event: SynSent | SynAckSent) -> Iterator[Facts]:
    """The SYN offers a window of 0: the other end may not send yet.

    It is allowed, and unusual: the first ACK after it opens the window.
    """
    if step.packet.tcp is not UNSET and step.packet.tcp.win == 0:
        yield Facts()


@rule(
    on=WindowProbe,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8.6.1",
    label="MUST-36",
    quote="Probing of zero (offered) windows MUST be supported",
    elsewhere=("tcp.analysis.zero_window_probe", "tcptrace:zwnd probe pkts", "suricata:zero window probe", "netsem:timer_tt_persist_1"),
)
def win_probe(step: Step, event: WindowProbe) -> Iterator[Facts]:
    """A probe of the closed window: has it opened meanwhile?

    The ACK that opens the window carries no octets, so nobody would send it again if it were lost; the sender asks instead, with one
    octet or with none.
    """
    yield Facts(evidence=event.frames, n=event.n, octets=event.octets)


@rule(
    on=WindowProbeAck,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8.6.1",
    quote="When the receiving TCP peer has a zero window and a segment arrives, it must still send an acknowledgment showing its next "
    "expected sequence number and current window (zero).",
    elsewhere=("tcp.analysis.zero_window_probe_ack", "suricata:zero window probe ack"),
)
def win_probe_ack(step: Step, event: WindowProbeAck) -> Iterator[Facts]:
    """The probe is answered: the window is still closed, and the receiver is alive. Or it crossed the segment that opened the window."""
    yield Facts(evidence=event.frames, open=True) if step.window else Facts(evidence=event.frames)


@rule(
    on=WindowProbe,
    notes=Closed,
    needs=Need.TIME | Need.NO_GAP,
    severity=Severity.WARN,
    cites="RFC 9293 §3.8.6.1",
    label="SHLD-30",
    quote="SHOULD increase exponentially the interval between successive probes",
    elsewhere=("netsem:timer_tt_persist_1",),
)
def win_probe_timing(step: Step, event: WindowProbe, notes: Closed) -> Iterator[Facts]:
    """The probes of a closed window do not get rarer.

    Each interval should be about twice the one before, up to a minute or so; a sender that keeps asking at one pace burdens a receiver
    that is busy.
    """
    gap = notes.gap.get(str(step.side.other))
    if event.n > 1 and gap and event.since is not None and event.since < 1.5 * gap and gap < 30 * SECOND:
        yield Facts(evidence=event.frames, interval_s=event.since / SECOND, before_s=gap / SECOND)


@rule(
    on=WindowProbe,
    notes=Trips,
    needs=Need.TIME | Need.NO_GAP,
    severity=Severity.WARN,
    cites="RFC 9293 §3.8.6.1",
    label="SHLD-29",
    quote="The transmitting host SHOULD send the first zero-window probe when a zero window has existed for the retransmission timeout "
    "period",
    elsewhere=("netsem:timer_tt_persist_1",),
)
def win_probe_early(step: Step, event: WindowProbe, notes: Trips) -> Iterator[Facts]:
    """The first probe of a closed window comes before a retransmission timeout has passed.

    The timeout is estimated from the round trips of this log, never below 200 ms, the least that common stacks use.
    """
    if event.n == 1 and event.since is not None and event.since < 0.95 * (rto := notes.rto(step.side)):
        yield Facts(evidence=event.frames, after_s=event.since / SECOND, rto_s=rto / SECOND)


@rule(
    on=WindowReopened,
    notes=Closed,
    needs=Need.TIME | Need.NO_GAP | Need.BOTH_SIDES,
    severity=Severity.WARN,
    cites="RFC 9293 §3.8.6",
    label="MUST-35",
    quote="If the window shrinks to zero, the TCP implementation MUST probe it in the standard way",
)
def win_probe_missing(step: Step, event: WindowReopened, notes: Closed) -> Iterator[Facts]:
    """The window was closed for seconds and the sender, with more to send, never asked.

    It had filled the window with a segment without PSH, so more was waiting behind it. Had the segment that opens the window been lost,
    both ends would wait for ever. Common stacks ask first after a timeout, BSD after five seconds; the bound is twice that.
    """
    peer, waits = step.before.peer, notes.waits.get(str(step.side.other))
    if waits is None or event.closed_for is None or event.closed_for < 10 * SECOND or notes.probes.get(str(step.side)):
        return
    if peer.snd_nxt == peer.snd_una == waits[0] and peer.fin is None:
        yield Facts(evidence=(*event.frames, waits[1]), closed_s=event.closed_for / SECOND)


# ---- the edge ----


@rule(
    on=(WindowUpdate, WindowReopened),
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8.6.2.2",
    elsewhere=("tcp.analysis.window_update", "suricata:window update"),
)
def win_update(step: Step, event: WindowUpdate | WindowReopened) -> Iterator[Facts]:
    """A bare ACK that only changes the window: the program has read, or its buffer grew."""
    if step.length == 0 and step.ack == step.before.me.ack:
        was = event.was if isinstance(event, WindowUpdate) else 0
        yield Facts(was=was, now=event.now)


@rule(on=WindowFull, needs=Need.BOTH_SIDES, severity=Severity.NOTE, cites="RFC 9293 §3.8.6", elsewhere=("tcp.analysis.window_full",))
def win_full(step: Step, event: WindowFull) -> Iterator[Facts]:
    """The sender has filled the window exactly; it must wait for an ACK or an update."""
    yield Facts(octets=step.length)


@rule(
    on=WindowExceeded,
    needs=Need.BOTH_SIDES | Need.NO_GAP | Need.HANDSHAKE,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.8.6",
    quote="The sending TCP endpoint packages the data to be transmitted into segments that fit the current window",
    elsewhere=("suricata:stream.est_packet_out_of_window",),
)
def win_exceeded(step: Step, event: WindowExceeded) -> Iterator[Facts]:
    """The sender went past the edge of the window it was given.

    The receiver need not take what lies beyond. A capture that missed the ACK with a larger window shows the same.
    """
    yield Facts(octets=event.octets)


@rule(
    on=WindowShrunk,
    needs=Need.HANDSHAKE,
    severity=Severity.WARN,
    cites="RFC 9293 §3.8.6",
    label="SHLD-14",
    quote="A TCP receiver SHOULD NOT shrink the window, i.e., move the right window edge to the left",
    elsewhere=("zeek:window_recision", "suricata:stream.pkt_bad_window_update"),
)
def win_shrunk(step: Step, event: WindowShrunk) -> Iterator[Facts]:
    """The receiver took back room it had offered: the right edge of its window moved left.

    What the sender has already sent up to the old edge may now be thrown away. Two bare ACKs that changed places on the way look the
    same: where neither a number nor a timestamp says that this one is the newer, it is a note.
    """
    if not event.rounding:
        yield Facts(evidence=(step.before.me.frame,), octets=event.octets, severity=None if _newer(step) else Severity.NOTE)


def _newer(step: Step) -> bool:
    """Was it surely sent after all that this end sent before? A bare ACK with the number of the last one may be older."""
    me, now = step.before.me, step.after.me
    if me.ack is None or step.ack is None or step.ack > me.ack or now.snd_nxt != me.snd_nxt:
        return True
    return me.tsval is not None and now.tsval is not None and 0 < (now.tsval - me.tsval) % (1 << 32) < 1 << 31


@rule(on=WindowShrunk, severity=Severity.NOTE, cites="RFC 7323 §2.4")
def win_shrunk_scaling(step: Step, event: WindowShrunk) -> Iterator[Facts]:
    """The right edge moved left by less than one unit of the window scale: rounding, not a decision.

    With a scale, windows are advertised in units of 2^shift octets, so an edge that stands still seems to step back by less than a unit.
    """
    if event.rounding:
        yield Facts(octets=event.octets)


@rule(
    on=OldAck,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.10.7.4",
    quote="The check here prevents using old segments to update the window.",
    elsewhere=("netsem:window update",),
)
def win_update_stale(step: Step, event: OldAck) -> Iterator[Facts]:
    """An old ACK with another window arrives late: it must not change the window.

    Its acknowledgment number is below one already seen, so a later segment overtook it; its window is history.
    """
    segment, me = step.packet.tcp, step.before.me
    if segment is not UNSET and segment.win is not UNSET and me.win is not None and segment.win != me.win:
        yield Facts(behind=event.behind, window=segment.win if step.window is None else step.window)


# ---- small steps ----


class Widest(Notes):
    """The largest window each end offered when something about its window was remarkable: an estimate of its buffer from below."""

    on: ClassVar = (SynSent, SynAckSent, WindowUpdate, WindowClosed, WindowReopened, WindowShrunk)

    def __init__(self) -> None:
        self.of: dict[str, int] = {}

    def see(self, step: Step, event: object) -> None:
        side = str(step.side)
        self.of[side] = max(self.of.get(side, 0), step.window or 0, step.before.me.wnd or 0)


@rule(
    on=(WindowUpdate, WindowReopened),
    notes=Widest,
    needs=Need.HANDSHAKE,
    severity=Severity.WARN,
    cites="RFC 9293 §3.8.6.2.2",
    label="MUST-39",
    quote="A TCP implementation MUST include a SWS avoidance algorithm in the receiver",
    elsewhere=("netsem:SWS receiver",),
)
def sws_receiver(step: Step, event: WindowUpdate | WindowReopened, notes: Widest) -> Iterator[Facts]:
    """The window is advanced by a few octets only: the silly window syndrome invited by the receiver.

    It should wait until a full segment, or half of its buffer, is free; else the sender fills each crumb with a tiny segment. Only
    told where less than a segment was free before: ACKs with another purpose correct a large window by a little, which harms nobody.
    """
    me, sent = step.before.me, step.before.peer.snd_nxt
    if step.length or step.ack is None or step.ack != me.ack or step.window is None or me.wnd is None or me.mss is None or sent is None:
        return
    advance, room = step.window - me.wnd, step.ack + me.wnd - sent
    if room < me.mss and 0 < advance < min(me.mss, notes.of.get(str(step.side), 0) // 2):
        yield Facts(evidence=(me.frame,), octets=advance, mss=me.mss)


# ---- the whole connection ----


def _held(ending: Ending) -> Iterator[tuple[End, FlowEnd, Limits]]:
    """Each receiver that held up its sender most of the time octets were on their way: it, its numbers, the sender's limits."""
    limits = ending.flow.limits
    if limits is UNSET:
        return
    for sender, receiver in ((ending.client, ending.server), (ending.server, ending.client)):
        held, numbers = limits.get(str(sender.side)), ending.flow.client if receiver is ending.client else ending.flow.server
        # A window that never held a whole segment (loopback: an MSS of 64 kB) is always "within a segment of its edge".
        roomy = numbers.max_win_adv > (receiver.mss or 0) or numbers.zero_win_adv
        if held is not None and held.receiver > held.network and sender.octets and roomy:
            yield receiver, numbers, held


@rule(on=Ending, needs=Need.TIME | Need.BOTH_SIDES | Need.HANDSHAKE, severity=Severity.NOTE, elsewhere=("packetdrill:tcpi_rwnd_limited",))
def rwnd_limited(ending: Ending) -> Iterator[Facts]:
    """The receiver's window limited the transfer for most of the time.

    Neither the network nor the sender: with octets on their way, the sender stood within a segment of the edge for more than half of it.
    """
    for receiver, _, held in _held(ending):
        yield Facts(side=str(receiver.side), limited_s=held.receiver, network_s=held.network)


@rule(on=Ending, needs=Need.TIME | Need.BOTH_SIDES | Need.HANDSHAKE, severity=Severity.NOTE, elsewhere=("tcptrace:max win adv",))
def win_frozen(ending: Ending) -> Iterator[Facts]:
    """The receiver's window limited the transfer and never changed: a fixed buffer.

    A program that sets its receive buffer turns automatic tuning off. The rate is then bounded by that window for each round trip.
    """
    for receiver, numbers, _ in _held(ending):
        if numbers.min_win_adv == numbers.max_win_adv > 0 and not numbers.zero_win_adv and numbers.ack_pkts_sent >= 5:
            yield Facts(side=str(receiver.side), window=numbers.max_win_adv)
