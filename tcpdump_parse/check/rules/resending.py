"""How octets are sent again: when, how often, how cut (RFC 9293 §3.8.1, RFC 6298).

Each retransmission itself, with its cause and whether it was needed, is told by the family `loss`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from msgspec import UNSET, Struct

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.trips import SECOND, Trips
from tcpdump_parse.model import Severity
from tcpdump_parse.model.happenings import ContentDiffers, DataSent, DuplicateAck, Reordered, Retransmitted
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.model.terms import Cause, Side
from tcpdump_parse.track.rtt import LEAST_RTO

MILLI = 1_000_000
R1 = 3
"""RFC 9293 SHLD-10: from so many retransmissions on the network layer should be told."""
R2 = 100 * SECOND
"""RFC 9293 SHLD-11: so long at least a connection should be kept trying."""
MANY = 10
"""Suricata's stream-events rule 2210054 counts as excessive from ten on."""
CEILING = 60 * SECOND
"""RFC 6298 §2.5: a timeout need not grow beyond this."""
KEPT = 64


def _opens(step: Step) -> bool:
    """A SYN: the family `syn` tells of it."""
    segment = step.packet.tcp
    return segment is UNSET or segment.flags is UNSET or "S" in segment.flags


class Timed(Struct, gc=False):
    """A retransmission: where, when, after what pause; `alone`: nothing had come for a timer's length; `burst`: how many left with it."""

    frame: int
    at: int | None
    start: int
    end: int
    gap: int | None
    alone: bool
    burst: int = 1


class Timer(Notes):
    """Each sender's last retransmission, and the duplicate ACKs it was told."""

    on: ClassVar = (Retransmitted, DuplicateAck)

    def __init__(self) -> None:
        self.last: dict[Side, Timed] = {}
        self.dups: dict[Side, tuple[int, int, int]] = {}  # ACK, how many, the last's record; by the sender of the octets

    def see(self, step: Step, event: Retransmitted | DuplicateAck) -> None:
        if isinstance(event, DuplicateAck):
            if step.ack is not None:
                self.dups[step.side.other] = (step.ack, event.n, step.frame)
        else:
            together, heard = _bursts(step, event, self), step.before.peer.at
            alone = heard is not None and step.at is not None and step.at - heard >= LEAST_RTO
            burst = self.last[step.side].burst + 1 if together else 1
            self.last[step.side] = Timed(step.frame, step.at, event.start, event.end, event.since_last, alone, burst)


# ---- when ----


@rule(
    on=Retransmitted,
    notes=Timer,
    needs=Need.NO_GAP,
    severity=Severity.NOTE,
    cites="RFC 8985 §6",
    elsewhere=("packetdrill:fr-4pkt-sack", "tcp.analysis.fast_retransmission"),
)
def rexmit_fast_early(step: Step, event: Retransmitted, notes: Timer) -> Iterator[Facts]:
    """A fast retransmission after fewer than three duplicate ACKs.

    SACK says how much arrived above the hole, so a modern sender need not count to three (RACK, early retransmit).
    """
    ack, n, frame = notes.dups.get(step.side, (None, 0, 0))
    if event.cause is Cause.FAST and ack is not None and event.start <= ack < event.end and 0 < n < R1:
        yield Facts(evidence=(frame,), duplicates=n)


@rule(
    on=Retransmitted,
    notes=Trips,
    needs=Need.TIME | Need.NO_GAP | Need.BOTH_SIDES,
    severity=Severity.WARN,
    cites="RFC 6298 §2.4",
    quote="Whenever RTO is computed, if it is less than 1 second, then the RTO SHOULD be rounded up to 1 second.",
    elsewhere=("RFC 2525 §2.7", "tcpanaly:retransmission timeout too low"),
)
def rexmit_first_too_soon(step: Step, event: Retransmitted, notes: Trips) -> Iterator[Facts]:
    """The oldest octets are sent again before any timer should run out, and no ACK asked for them.

    Nothing came from the other end since, and less than 200 ms passed, the least that common stacks wait (the RFC says a second), or less
    than a round trip. A timer set too low sends again what is only on its way. Only told by a capture next to the sender: further on, a
    stalled network lets through at once what was sent with a pause.
    """
    if event.copies != 2 or event.cause is not Cause.UNKNOWN or event.since_last is None or _opens(step):
        return
    if step.happened(ContentDiffers) is not None:
        return  # somebody else sent one of the two
    me, peer = step.before.me, step.before.peer
    bound = max(LEAST_RTO * 19 // 20, round(notes.there(step.side).srtt))
    if notes.least(peer.side) * 4 > notes.least(step.side):
        return
    if event.start == me.snd_una and event.frames and peer.frame < event.frames[-1] and event.since_last < bound:
        yield Facts(evidence=event.frames, after_s=event.since_last / SECOND)


@rule(
    on=Retransmitted,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8.3",
    label="SHLD-10",
    quote="The value of R1 SHOULD correspond to at least 3 retransmissions, at the current RTO",
    elsewhere=("tcptrace:max # retrans", "suricata:2210054"),
    gravest=Severity.WARN,
)
def rexmit_count(step: Step, event: Retransmitted) -> Iterator[Facts]:
    """The same octets were sent again at least three times.

    From the third on a stack should look for another way; after a hundred seconds it may give up (a warning then, and after ten copies).
    """
    n = event.copies - 1
    if n >= R1 and not _opens(step):
        since = event.since_first
        grave = n >= MANY or (since is not None and since >= R2)
        since_s = None if since is None else since / SECOND
        yield Facts(evidence=event.frames, n=n, since_first_s=since_s, severity=Severity.WARN if grave else None)


@rule(
    on=Retransmitted,
    notes=Timer,
    needs=Need.TIME | Need.NO_GAP | Need.BOTH_SIDES,
    severity=Severity.WARN,
    cites="RFC 6298 §5.5, RFC 9293 §3.8.2",
    label="MUST-19",
    quote='The host MUST set RTO <- RTO * 2 ("back off the timer").',
    elsewhere=("RFC 2525 §2.10", "netsem:timer_tt_rexmt_1", "tcpanaly:no backoff"),
)
def rexmit_backoff(step: Step, event: Retransmitted, notes: Timer) -> Iterator[Facts]:
    """The retransmission timer does not back off: the pause before this copy is not twice the one before.

    Nothing came from the other end during both pauses, so nothing restarted the timer. Without backing off a sender keeps a congested
    network congested.
    """
    last, frames = notes.last.get(step.side), event.frames
    if last is None or len(frames) < 2 or last.frame != frames[-1] or last.start != event.start or _opens(step):
        return
    if len(frames) == 2 and event.end == step.before.me.snd_nxt:
        return  # the copy before may have been a tail loss probe, and a single one waits about as long as the timer (RFC 8985 §7.2)
    gap, before = event.since_last, last.gap
    if gap is None or before is None or before < LEAST_RTO // 2 or before >= CEILING or step.before.peer.frame > frames[-2]:
        return
    if event.cause is Cause.TIMEOUT and gap * 5 < before * 9:
        yield Facts(evidence=frames[-2:], pause_s=gap / SECOND, before_s=before / SECOND)


def _bursts(step: Step, event: Retransmitted, notes: Timer) -> bool:
    """Does it leave together with the retransmission before, the next above it, and no ACK between?"""
    last = notes.last.get(step.side)
    if last is None or last.at is None or step.at is None or step.before.peer.frame > last.frame:
        return False
    return event.start >= last.end and step.at - last.at < 10 * MILLI and last.alone and (last.gap or 0) >= LEAST_RTO


@rule(
    on=Retransmitted,
    notes=Timer,
    needs=Need.TIME | Need.NO_GAP | Need.BOTH_SIDES,
    severity=Severity.WARN,
    cites="RFC 5681 §3.1",
    quote="cwnd MUST be set to no more than the loss window, LW, which equals 1 full-sized segment",
    elsewhere=("RFC 2525 §2.14", "tcpanaly:Linux 1.0"),
)
def rexmit_storm(step: Step, event: Retransmitted, notes: Timer) -> Iterator[Facts]:
    """After one timeout several segments are sent again at once.

    A timeout means that nothing is known to arrive any more; a sender begins again with one segment and waits for its ACK. Told for the
    second segment of such a burst.
    """
    last = notes.last.get(step.side)
    if last is not None and last.burst == 1 and _bursts(step, event, notes):
        yield Facts(evidence=(last.frame,))


# ---- what, and how cut ----


Cut = tuple[int, int, int]
"""A segment's first and next octet, and its record."""
_CLIENT: Final = Side.CLIENT


class Cuts(Notes):
    """How each sender cut its stream, the latest: (start, end, record); and its late originals: how many, by how much at most.

    Told of every segment with data: it only notes down, and looks for a start when a rule asks."""

    on: ClassVar = (DataSent, Reordered)

    def __init__(self) -> None:
        self.client: deque[Cut] = deque(maxlen=KEPT)
        self.server: deque[Cut] = deque(maxlen=KEPT)
        self.late: dict[Side, int] = {}
        self.extent: dict[Side, int] = {}  # segments
        self.latest: dict[Side, int] = {}  # ns

    def see(self, step: Step, event: DataSent | Reordered) -> None:
        if type(event) is not Reordered:
            Cuts.see_each(self, ((step, event),))
            return
        side, cuts = step.side, self.client if step.side is _CLIENT else self.server
        self.late[side] = self.late.get(side, 0) + 1
        self.extent[side] = max(self.extent.get(side, 0), len({start for start, _, _ in cuts if start >= event.end}))
        self.latest[side] = max(self.latest.get(side, 0), event.late_by or 0)

    def see_each(self, told: Sequence[tuple[Step, DataSent | Reordered]]) -> None:
        client, server = self.client, self.server
        for step, event in told:
            if type(event) is Reordered:
                self.see(step, event)
            elif step.seq is not None and step.end is not None:
                (client if step.side is _CLIENT else server).append((step.seq, step.end, step.packet.frame))

    def at(self, side: Side, start: int) -> Cut | None:
        """The latest that began there."""
        cuts = self.client if side is Side.CLIENT else self.server
        return next((cut for cut in reversed(cuts) if cut[0] == start), None)


@rule(on=Retransmitted, severity=Severity.NOTE, cites="RFC 9293 §3.8.1", elsewhere=("suricata:overlap", "tcptrace:rexmt data bytes"))
def rexmit_partial(step: Step, event: Retransmitted) -> Iterator[Facts]:
    """Part of this segment was sent before, part of it is new: the sender cut its stream anew."""
    nxt = step.before.me.snd_nxt
    if nxt is not None and event.start < nxt < event.end and event.new_octets:
        yield Facts(old=nxt - event.start, new=event.end - nxt)


@rule(
    on=Retransmitted,
    notes=Cuts,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8.6",
    quote="may repackage segments on the retransmission queue",
    elsewhere=("wireshark:partial retransmission",),
)
def rexmit_different_boundaries(step: Step, event: Retransmitted, notes: Cuts) -> Iterator[Facts]:
    """Sent again from the same octet, but cut to another length.

    Small segments are joined, a smaller MTU was learned, or the first copy is seen before the network card cut it (TSO).
    """
    cut = notes.at(step.side, event.start)
    if cut is not None and cut[1] != event.end and not _opens(step):
        yield Facts(evidence=(cut[2],), octets=event.end - event.start, first=cut[1] - event.start)


@rule(
    on=Retransmitted,
    needs=Need.BOTH_SIDES | Need.NO_GAP,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8.6",
    label="MAY-7",
    quote="The sender MAY also retransmit old data beyond SND.UNA+SND.WND",
)
def rexmit_beyond_window(step: Step, event: Retransmitted) -> Iterator[Facts]:
    """Old octets are sent again beyond the window as it is now: the receiver took room back after they were first sent.

    It is allowed: they were inside when they were sent first.
    """
    peer = step.before.peer
    if peer.ack is not None and peer.wnd is not None and event.end > peer.ack + peer.wnd and not _opens(step):
        yield Facts(beyond=event.end - peer.ack - peer.wnd)


@rule(on=Ending, notes=Cuts, severity=Severity.NOTE, cites="RFC 4737 §4.2", elsewhere=("tcptrace:outoforder pkts",))
def reorder_extent(ending: Ending, notes: Cuts) -> Iterator[Facts]:
    """How far segments were reordered on the way: by how many segments and how long the latest one was overtaken.

    A sender that takes three duplicate ACKs for loss sends again needlessly when the extent is three or more.
    """
    for side, count in notes.late.items():
        yield Facts(side=str(side), count=count, segments=notes.extent[side], late_s=notes.latest[side] / SECOND)
