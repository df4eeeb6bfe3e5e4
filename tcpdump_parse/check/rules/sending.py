"""How a sender sends: how much at once, in what portions, when it waits and when it pushes (RFC 9293 §3.7.4, §3.8.6.2.1, §3.9.1.2).

How far it may go is the family `window`. Bounded: a few numbers a direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from msgspec import UNSET, Struct, UnsetType

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.signs import Sign, Unusual, letters, sign
from tcpdump_parse.check.trips import SECOND, Trips
from tcpdump_parse.model import Segment, Severity
from tcpdump_parse.model.happenings import DataSent, Idle
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.model.terms import Side

MILLI = 1_000_000


class Small(Sign, frozen=True):
    """Octets of less than half the MSS that the other end asked for: less than a path's smaller MTU explains."""


class Unpushed(Sign, frozen=True):
    """As few, and neither PSH nor FIN says that they are the last of what was written; nor SYN, behind which data waits."""


_SMALL: Final = Small()
_UNPUSHED: Final = Unpushed()


@sign(Small, Unpushed, of=(DataSent, Unusual))
def small(step: Step, event: DataSent) -> Sign | None:
    """Few octets. However, nobody waited with those that answer the other end's data while nothing is on its way, if they are all."""
    length, mss = step.length, step.before.peer.mss
    if mss is None or 2 * length >= mss or not length:
        return None
    flags = letters(step)
    if not ("P" in flags or "F" in flags or "S" in flags):
        return _UNPUSHED
    return None if event.turn and not step.before.me.in_flight else _SMALL


class Sent(Struct, gc=False):
    """New octets of an end."""

    frame: int
    at: int | None
    start: int
    end: int
    small: bool
    last: bool  # it has PSH or FIN: the end of what the application wrote
    room: int | None  # what the window allowed from its start
    heard: int  # octets seen of the other end by then


Seen = tuple[int, int | None, int | None, int | None, int, Segment | UnsetType, int | None, int | None, int]
"""Frame, time, first and next octet, length, the segment; what its sender may send up to, its MSS, and what was heard of the other end."""
_CLIENT: Final = Side.CLIENT


class Latest(Notes):
    """The last new octets of each end, and their round trips. Told of every segment with data: what they say is worked out when a rule
    asks. (The segment itself would keep its whole step alive, of every open connection.)"""

    on: ClassVar = (DataSent,)
    shares: ClassVar = (Trips,)

    def __init__(self, trips: Trips) -> None:
        self.trips = trips
        self.client: Seen | None = None
        self.server: Seen | None = None

    def see(self, step: Step, event: DataSent) -> None:
        packet, peer = step.packet, step.before.peer
        seen = (packet.frame, step.at, step.seq, step.end, step.length, packet.tcp, step.after.me.edge, peer.mss, peer.octets)
        if step.side is _CLIENT:
            self.client = seen
        else:
            self.server = seen

    def see_each(self, told: Sequence[tuple[Step, DataSent]]) -> None:
        self.see(*told[-1])
        side = told[-1][0].side
        other = next((each for each in reversed(told) if each[0].side is not side), None)
        if other is not None:
            self.see(*other)

    def of(self, side: Side) -> Sent | None:
        seen = self.client if side is Side.CLIENT else self.server
        if seen is None:
            return None
        frame, at, start, end, length, tcp, edge, mss, heard = seen
        if start is None or end is None:
            return None
        flags = "" if tcp is UNSET or tcp.flags is UNSET else tcp.flags
        last = "P" in flags or "F" in flags or "S" in flags
        return Sent(frame, at, start, end, mss is not None and 2 * length < mss, last, None if edge is None else edge - start, heard)


class Sender(Struct, gc=False):
    """What one end has sent."""

    most: int = 0  # octets in flight
    most_at: int = 0  # in which record
    run: int = 0  # octets since the last PSH
    pushes: int = 0
    pushed: int = 0
    longest: int = 0
    small: int | None = None  # the next octet after its last small segment
    small_at: int = 0  # in which record
    told: bool = False  # two small segments in flight were told once


class Flow(Notes):
    """Both senders. Told of every segment with data: no detours."""

    on: ClassVar = (DataSent,)

    def __init__(self) -> None:
        self.client = Sender()
        self.server = Sender()

    def of(self, side: Side) -> Sender:
        return self.client if side is Side.CLIENT else self.server

    def see(self, step: Step, event: DataSent) -> None:
        Flow.see_each(self, ((step, event),))

    def see_each(self, told: Sequence[tuple[Step, DataSent]]) -> None:
        for step, event in told:
            me, packet = step.after.me, step.packet
            sender = self.client if step.side is _CLIENT else self.server
            nxt, una = me.snd_nxt, me.snd_una
            if nxt is not None and una is not None and nxt - una > sender.most:
                sender.most, sender.most_at = nxt - una, packet.frame
            sender.run += event.octets
            tcp = packet.tcp
            flags = "" if tcp is UNSET or tcp.flags is UNSET else tcp.flags
            if "P" in flags or "F" in flags:
                sender.pushes += 1
                sender.pushed += sender.run
                if sender.run > sender.longest:
                    sender.longest = sender.run
                sender.run = 0
            end, mss = step.end, step.before.peer.mss
            if end is not None and mss is not None and 2 * step.length < mss:
                if not sender.told and _together(step, sender):
                    sender.told = True
                sender.small, sender.small_at = end, packet.frame


def _together(step: Step, sender: Sender) -> bool:
    """Is the small segment before still not acknowledged when this one is sent?"""
    una, small, seq = step.before.me.snd_una, sender.small, step.seq
    return una is not None and small is not None and seq is not None and una < small <= seq


# ---- portions ----


@rule(on=Ending, notes=Flow, needs=Need.BOTH_SIDES, severity=Severity.NOTE, elsewhere=("tcp.analysis.bytes_in_flight", "tcptrace:max owin"))
def bytes_in_flight(ending: Ending, notes: Flow) -> Iterator[Facts]:
    """The most octets that were on their way at once: sent here and not acknowledged here.

    A capture at the sender sees what the sender's congestion window and the receiver's window allowed; at the receiver it sees less.
    """
    for end in (ending.client, ending.server):
        sender = notes.of(end.side)
        if sender.most:
            yield Facts(side=str(end.side), octets=sender.most, record=sender.most_at)


@rule(
    on=Ending,
    notes=Flow,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.9.1.2",
    elsewhere=("tcp.analysis.push_bytes_sent", "tcptrace:pushed data pkts"),
)
def push_bytes(ending: Ending, notes: Flow) -> Iterator[Facts]:
    """How much each PSH ended: often what the application wrote at once.

    Most stacks set PSH on the last segment of each write, so the octets between two of them are its portions.
    """
    for end in (ending.client, ending.server):
        sender = notes.of(end.side)
        if sender.pushes:
            yield Facts(side=str(end.side), pushes=sender.pushes, average=sender.pushed // sender.pushes, longest=sender.longest)


@rule(
    on=Idle,
    notes=Latest,
    needs=Need.TIME | Need.NO_GAP | Need.BOTH_SIDES,
    severity=Severity.WARN,
    cites="RFC 9293 §3.9.1.2",
    label="MUST-61",
    quote="(2) MUST set the PSH bit in the last buffered segment (i.e., when there is no more queued data to be sent)",
)
def psh_missing_last(step: Step, event: Idle, notes: Latest) -> Iterator[Facts]:
    """The last segment before a pause has no PSH.

    Everything was acknowledged and there was room for more, so nothing was queued behind it: the receiver is not told that this is all
    for now. The RFC demands it of stacks that offer their applications no PUSH; the others do it as well. Data on a SYN wait for the
    handshake, not for a PSH.
    """
    for end, other in ((step.before.me, step.before.peer), (step.before.peer, step.before.me)):
        data = notes.of(end.side)
        if data is None or data.last or data.start == end.iss:
            continue
        if data.end != end.snd_nxt or end.snd_una != end.snd_nxt or end.fin is not None:
            continue
        room = None if other.ack is None or other.wnd is None or end.snd_nxt is None else other.ack + other.wnd - end.snd_nxt
        if room is not None and room >= (other.mss or 1):  # else the sender may wait for the window
            yield Facts(side=str(end.side), evidence=(data.frame,), record=data.frame, idle_s=event.gap / SECOND)


# ---- small segments ----


@rule(
    on=(Small, Unpushed),
    notes=Flow,
    needs=Need.BOTH_SIDES,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.7.4",
    label="SHLD-7",
    quote="A TCP implementation SHOULD implement the Nagle algorithm to coalesce short segments",
    elsewhere=("packetdrill:nagle",),
)
def nagle_violated_or_off(step: Step, event: Small | Unpushed, notes: Flow) -> Iterator[Facts]:
    """A small segment is sent while an earlier small one is not yet acknowledged: the Nagle algorithm is off.

    An application turns it off (TCP_NODELAY) so that its messages do not wait. Told once for each end.
    """
    sender = notes.of(step.side)
    if not sender.told and "F" not in letters(step) and _together(step, sender):
        yield Facts(evidence=(sender.small_at,), octets=step.length)


LEAST_DELAY = 40 * MILLI
"""The shortest delay of an ACK in common stacks (Linux; others wait 200 ms)."""
MOST_DELAY = 500 * MILLI
"""RFC 9293 MUST-40: an ACK may be delayed less than that."""


@rule(
    on=(Small, Unpushed),
    notes=Latest,
    needs=Need.TIME | Need.NO_GAP,
    severity=Severity.WARN,
    cites="RFC 1122 §4.2.3.4",
)
def nagle_delack_stall(step: Step, event: Small | Unpushed, notes: Latest) -> Iterator[Facts]:
    """The sender waited for a delayed ACK before it sent the next small segment.

    Write, write, read: the Nagle algorithm holds the second portion until the first is acknowledged, and the receiver holds that ACK in
    the hope of an answer to put it on. Each waits for the other until the receiver's timer runs out. One write for both, or TCP_NODELAY,
    avoids it.
    """
    me, peer = step.before.me, step.before.peer
    data = notes.of(step.side)
    if data is None or not data.small or data.at is None or peer.at is None or step.at is None:
        return
    if peer.frame < data.frame or peer.octets != data.heard or me.snd_una != data.end or me.snd_nxt != data.end or peer.fin is not None:
        return
    waited, turn = peer.at - data.at - notes.trips.least(step.side), step.at - peer.at
    if LEAST_DELAY <= waited < MOST_DELAY and 0 <= turn <= MILLI + notes.trips.least(peer.side) * 5 // 4:
        yield Facts(evidence=(data.frame, peer.frame), waited_s=(peer.at - data.at) / SECOND)


@rule(
    on=DataSent,
    after=Unpushed,
    notes=Latest,
    needs=Need.NO_GAP | Need.BOTH_SIDES | Need.HANDSHAKE,
    severity=Severity.WARN,
    cites="RFC 9293 §3.8.6.2.1",
    label="MUST-38",
    quote="A TCP implementation MUST include a SWS avoidance algorithm in the sender",
    elsewhere=("netsem:tcp_output_required",),
)
def sws_sender(step: Step, event: DataSent, notes: Latest) -> Iterator[Facts]:
    """A small segment although more was queued and a full one was allowed: the silly window syndrome made by the sender.

    The small one has no PSH, so it was not the last of what was written; the next octets follow before anything came back; the window
    had room for a whole segment.
    """
    data = notes.of(step.side)
    if data is None or not data.small or data.last or data.end != step.seq:
        return
    mss = step.before.peer.mss
    if data.room is not None and mss is not None and data.room >= mss and step.before.peer.frame < data.frame:
        yield Facts(evidence=(data.frame,), octets=data.end - data.start, room=data.room, record=data.frame)
