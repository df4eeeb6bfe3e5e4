"""The close: who sends the first FIN, who answers it, and who never does (RFC 9293 §3.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from tcpdump_parse.check.halves import AtWork
from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, Need, Told, rule
from tcpdump_parse.check.rules.sequence import acked_unsent
from tcpdump_parse.check.signs import letters
from tcpdump_parse.check.storms import STORM, Storms
from tcpdump_parse.model import Severity
from tcpdump_parse.model.happenings import DataSent, FinAcked, FinSent, GapAcked, Retransmitted, StartedLate, StateMoved
from tcpdump_parse.model.steps import End, Ending, Step
from tcpdump_parse.model.terms import Side, State

CLOSING = frozenset({State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK, State.TIME_WAIT})


class Fins(Notes):
    """Each side's FIN: the record that carried it first, and the records that acknowledge it."""

    on: ClassVar = (FinSent, FinAcked)

    def __init__(self) -> None:
        self.sent: dict[str, int] = {}
        self.acked: dict[str, int] = {}
        self.joined = False  # one segment acknowledged a FIN and carried the other

    def see(self, step: Step, event: FinSent | FinAcked) -> None:
        if isinstance(event, FinSent):
            self.sent.setdefault(str(step.side), step.frame)
            self.joined = self.joined or (not event.first and step.happened(FinAcked) is not None)
        else:
            self.acked.setdefault(str(step.side.other), step.frame)


@rule(
    on=FinSent,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.6",
    elsewhere=("tcp.connection.fin_active",),
    quote='CLOSE is an operation meaning "I have no more data to send."',
)
def fin_active(step: Step, event: FinSent) -> Iterator[Facts]:
    """The first FIN: this side closes first.

    It may still receive. After the close it must linger in TIME-WAIT, so the ports stay in use on its side.
    """
    if event.first and step.happened(StartedLate) is None:  # else it is `fin-no-session`, and perhaps no close at all
        yield Facts(octets=event.octets)


@rule(on=FinSent, severity=Severity.NOTE, cites="RFC 9293 §3.6", elsewhere=("tcp.connection.fin_passive",))
def fin_passive(step: Step, event: FinSent) -> Iterator[Facts]:
    """The second FIN: the side that was told of the close closes too."""
    if not event.first and step.before.peer.fin is not None:
        yield Facts(octets=event.octets)


@rule(on=Ending, notes=Fins, severity=Severity.NOTE, cites="RFC 9293 §3.6", elsewhere=("zeek:SF", "tcptrace:complete conn"))
def fin_normal(ending: Ending, notes: Fins) -> Iterator[Facts]:
    """Closed in order: each FIN was sent and acknowledged.

    Four segments, or three when one carries both the ACK of the first FIN and the second FIN.
    """
    if len(notes.sent) == 2 and len(notes.acked) == 2 and not ending.flow.conn_state.startswith("R"):
        frames = sorted({*notes.sent.values(), *notes.acked.values()})
        yield Facts(frame=frames[-1], evidence=tuple(frames[:-1]), segments=len(frames))


@rule(on=FinSent, severity=Severity.NOTE, cites="RFC 9293 §3.6")
def fin_acked_late(step: Step, event: FinSent) -> Iterator[Facts]:
    """One segment acknowledges the peer's FIN and carries the second: a close in three segments.

    The side that was told had nothing more to send and closed before its ACK was due.
    """
    if not event.first and step.happened(FinAcked) is not None:
        yield Facts()


@rule(on=FinSent, notes=Fins, severity=Severity.NOTE, cites="RFC 9293 §3.6", elsewhere=("suricata:CLOSING",))
def simultaneous_close(step: Step, event: FinSent, notes: Fins) -> Iterator[Facts]:
    """Both ends close at once: the FINs cross, neither acknowledges the other.

    Both pass CLOSING and both end in TIME-WAIT (RFC 9293, figure 13).
    """
    fin = step.before.peer.fin
    if not event.first and fin is not None and step.ack is not None and step.ack <= fin:
        yield Facts(evidence=(notes.sent[str(step.side.other)],))


class OpenHalf(Notes):
    """The first FIN of each side."""

    on: ClassVar = (FinSent,)

    def __init__(self) -> None:
        self.fin: dict[Side, int] = {}

    def see(self, step: Step, event: FinSent) -> None:
        self.fin.setdefault(step.side, step.frame)


@rule(
    on=DataSent,
    after=FinSent,
    told=Told.ONCE_AN_END,
    notes=OpenHalf,
    needs=Need.TIME,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.6.1",
    elsewhere=("zeek:S2", "zeek:S3"),
    quote="a host is permitted to continue sending data in the open direction on a half-closed connection",
)
def half_close(step: Step, event: DataSent, notes: OpenHalf) -> Iterator[Facts]:
    """Half-closed: one side has sent its FIN, the other knows that and still sends data."""
    frame, fin = notes.fin.get(step.side.other), step.before.peer.fin
    if frame is not None and fin is not None and step.ack is not None and step.ack > fin:
        yield Facts(evidence=(frame,))


def _unacked(end: End) -> bool:
    return end.fin is not None and (end.snd_una is None or end.snd_una <= end.fin)


@rule(
    on=Ending,
    notes=Fins,
    needs=Need.NO_GAP | Need.BOTH_SIDES,
    severity=Severity.WARN,
    cites="RFC 9293 §3.6",
    elsewhere=("zeek:S2", "zeek:S3"),
)
def fin_unacked(ending: Ending, notes: Fins) -> Iterator[Facts]:
    """A FIN was never acknowledged.

    It or its ACK was lost, the other end is gone, or the log ends too early to show it.
    """
    if ending.flow.conn_state.startswith("R"):
        return
    if State.CLOSED in (ending.client.state, ending.server.state):
        return  # a reset was its answer
    for end in (ending.client, ending.server):
        frame = notes.sent.get(str(end.side))
        if _unacked(end) and frame is not None:
            last = frame == ending.frame  # the log ends with it: nothing had time to come
            yield Facts(frame=frame, side=str(end.side), severity=Severity.NOTE if last else None)


@rule(on=Retransmitted, severity=Severity.NOTE, cites="RFC 9293 §3.10.8", elsewhere=("tcp.fin_retransmission",))
def fin_rexmit(step: Step, event: Retransmitted) -> Iterator[Facts]:
    """The FIN is sent again: its ACK did not come in time."""
    if "F" in letters(step):
        yield Facts(evidence=event.frames, copies=event.copies)


@rule(on=StartedLate, severity=Severity.NOTE, elsewhere=("suricata:stream.fin_but_no_session", "zeek:spontaneous_FIN"))
def fin_no_session(step: Step, event: StartedLate) -> Iterator[Facts]:
    """A FIN of a connection whose beginning is not in the log."""
    if "F" in letters(step):
        yield Facts()


@rule(
    on=FinSent,
    needs=Need.NO_GAP | Need.BOTH_SIDES,
    severity=Severity.WARN,
    cites="RFC 9293 §3.10.7.4",
    elsewhere=("suricata:stream.fin_out_of_window",),
)
def fin_out_of_window(step: Step, event: FinSent) -> Iterator[Facts]:
    """The FIN stands outside the window the other end offers, so that end will not take it.

    One octet beyond the edge happens when a sender fills the window exactly and closes; further out it is not of this conversation.
    """
    me = step.before.me
    if step.end is None or step.seq is None or me.edge is None or me.snd_una is None or acked_unsent(me):
        return
    if step.end > me.edge + 1 or step.end <= me.snd_una:
        yield Facts(beyond=max(0, step.end - me.edge))


@rule(
    on=GapAcked,
    severity=Severity.WARN,
    cites="RFC 9293 §3.10.7.4",
    elsewhere=(
        "suricata:stream.fin_invalid_ack",
        "suricata:stream.closewait_invalid_ack",
        "suricata:stream.lastack_invalid_ack",
        "suricata:stream.closing_invalid_ack",
        "suricata:stream.timewait_invalid_ack",
    ),
)
def fin_invalid_ack(step: Step, event: GapAcked) -> Iterator[Facts]:
    """While closing, an ACK covers octets that were never sent here.

    After the other end's FIN there is nothing left to acknowledge; before it, the capture may have missed octets.
    """
    peer = step.before.peer
    if event.beyond and peer.fin is not None and peer.state in CLOSING:
        yield Facts(octets=event.end - event.start)


@rule(on=Retransmitted, notes=Storms, severity=Severity.WARN, elsewhere=("zeek:FIN_storm",))
def fin_storm(step: Step, event: Retransmitted, notes: Storms) -> Iterator[Facts]:
    """A thousand FINs of one side, each within a second of the one before: no sane sender does this."""
    if "F" in letters(step) and notes.completed(step, "F"):
        yield Facts(count=STORM)


@rule(
    on=StateMoved,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.6.1",
    label="MUST-13",
    quote="When a connection is closed actively, it MUST linger in the TIME-WAIT state for a time 2xMSL (Maximum Segment Lifetime)",
)
def time_wait_seen(step: Step, event: StateMoved) -> Iterator[Facts]:
    """This end enters TIME-WAIT: its ports stay in use for twice the maximum segment lifetime (often 60 s in all)."""
    if event.now is State.TIME_WAIT:
        yield Facts(side=str(event.side))


@rule(on=Retransmitted, severity=Severity.NOTE, cites="RFC 9293 §3.10.7.4", quote="Restart the 2 MSL time-wait timeout.")
def time_wait_reack(step: Step, event: Retransmitted) -> Iterator[Facts]:
    """The FIN comes again to an end in TIME-WAIT: the last ACK was lost or late, and TIME-WAIT is there to send it once more."""
    if "F" in letters(step) and step.before.peer.state is State.TIME_WAIT:
        yield Facts(evidence=event.frames)


class HalfOpen(Notes):
    """The FINs, and what the end that was told of one does then."""

    on: ClassVar = (FinAcked, DataSent, Retransmitted)
    after: ClassVar = (FinSent,)
    shares: ClassVar = (Fins,)

    def __init__(self, fins: Fins) -> None:
        self.fins = fins
        self.at_work = AtWork()

    def see(self, step: Step, event: FinAcked | DataSent | Retransmitted) -> None:
        self.at_work.see(step, event)


@rule(
    on=Ending,
    notes=HalfOpen,
    needs=Need.BOTH_SIDES,
    severity=Severity.WARN,
    cites="RFC 9293 §3.6.1",
    elsewhere=("zeek:S2", "zeek:S3"),
    quote='it is possible for a connection to be "half closed", i.e., closed in only one direction',
)
def close_wait_stuck(ending: Ending, notes: HalfOpen) -> Iterator[Facts]:
    """One side closed, the other never did.

    The FIN was acknowledged, so the kernel knows; the socket stays in CLOSE-WAIT until the program closes it. A program that forgets to
    close leaves exactly this. It may also only be slow, or close after the log ends. Where the log goes on for no more than a second after
    that end was last at work (it acknowledged the FIN, or still sent data), that is all the log shows: a note.
    """
    if ending.flow.conn_state.startswith("R"):
        return
    for closed, open_ in ((ending.client, ending.server), (ending.server, ending.client)):
        frame = notes.fins.sent.get(str(closed.side))
        if closed.fin is not None and open_.fin is None and open_.seen and not _unacked(closed) and frame is not None:
            soon = not notes.at_work.stuck(open_.side, ending.until)
            yield Facts(frame=frame, side=str(open_.side), severity=Severity.NOTE if soon else None, soon=soon or None)
