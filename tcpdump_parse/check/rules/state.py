"""The state machine: what an end may still send in its state, what it must answer, and when its ports may be used again
(RFC 9293 §3.3.2, §3.5.1, §3.5.2, §3.6, §3.10.7).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.openings import Incarnations, Latest, ports, syn_of, unseen
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.signs import Sign, Unusual, letters, sign
from tcpdump_parse.model import Severity
from tcpdump_parse.model.happenings import ChallengeAck, Contradiction, Copied, PortReused, Reordered, ResetSent, Retransmitted, StateMoved
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.model.terms import Proof, ResetCause, Side, State
from tcpdump_parse.seq import CIRCLE, roll

SECOND = 1_000_000_000
CLOSING = (State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK)


class PastEnd(Sign, frozen=True):
    """A segment of an end that has sent its FIN, or of a connection of which an end is closed."""


_PAST_END = PastEnd()


@sign(PastEnd, of=Unusual)
def past_end(step: Step) -> Sign | None:
    """Something after the end."""
    me, peer = step.before.me, step.before.peer
    return None if me.fin is None and State.CLOSED not in (me.state, peer.state) else _PAST_END


# ---- the machine itself ----


@rule(
    on=Contradiction,
    needs=Need.NO_GAP,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.10.7",
    elsewhere=("netsem",),
)
def state_impossible(step: Step, event: Contradiction) -> Iterator[Facts]:
    """No state of TCP explains this segment after what came before, whatever was lost on the way.

    Another program or host speaks with these addresses, segments are missing from the log, or the log was changed.
    """
    yield Facts(side=str(event.side), evidence=event.frames[-1:], states=[str(state) for state in event.was])


OPENING = (State.LISTEN, State.SYN_SENT, State.SYN_RECEIVED)


@rule(on=StateMoved, severity=Severity.NOTE, cites="RFC 9293 §3.3.2", elsewhere=("suricata:tcp.state", "zeek:conn_state"))
def state_transition(step: Step, event: StateMoved) -> Iterator[Facts]:
    """This end is in another state now, and in no other."""
    if event.was is State.CLOSED and event.now not in OPENING:
        return  # it goes on after a reset that was not its own
    if len(step.end_of(event.side).states) == 1 and event.was is not State.UNKNOWN:
        yield Facts(side=str(event.side), was=str(event.was), now=str(event.now))


# ---- after the end ----


@rule(
    on=PastEnd,
    needs=Need.ABSOLUTE,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.6",
    elsewhere=("zeek:FIN_advanced_last_seq",),
)
def data_after_fin(step: Step, event: PastEnd) -> Iterator[Facts]:
    """New data beyond this end's own FIN.

    A FIN says that nothing follows. Another program or host speaks with these addresses, or somebody tries to get octets past a monitor.
    """
    fin = step.before.me.fin
    if fin is not None and step.length and step.seq is not None and step.seq + step.length > fin and "R" not in letters(step):
        yield Facts(beyond=step.seq + step.length - max(step.seq, fin))


@rule(
    on=PastEnd,
    needs=Need.ABSOLUTE,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.6",
    elsewhere=("tcptrace:rexmitted FIN had diff. seqnum", "zeek:FIN_advanced_last_seq", "suricata:stream.fin2_fin_wrong_seq"),
    positions=("fin", "was"),
)
def fin_moved(step: Step, event: PastEnd) -> Iterator[Facts]:
    """The FIN is sent again at another sequence number: the stream ends twice, at two places."""
    fin = step.before.me.fin
    if fin is not None and step.end is not None and "F" in letters(step) and "R" not in letters(step) and step.end - 1 != fin:
        yield Facts(fin=roll(step.end - 1), was=roll(fin))


class Resets(Notes):
    """The first RST of each side that counts, and its latest: (frame, SEQ, ACK)."""

    on: ClassVar = (ResetSent,)

    def __init__(self) -> None:
        self.first: dict[Side, int] = {}
        self.latest: dict[Side, tuple[int, int | None, int | None]] = {}

    def see(self, step: Step, event: ResetSent) -> None:
        if event.acceptable is not False and event.cause is not ResetCause.UNEXPECTED_ACK:  # that one clears another connection
            self.first.setdefault(step.side, step.frame)
        self.latest[step.side] = (step.frame, step.seq, step.ack)


@rule(
    on=PastEnd,
    notes=Resets,
    severity=Severity.WARN,
    cites="RFC 9293 §3.5.3",
    elsewhere=("zeek:data_after_reset", "zeek:FIN_after_reset", "zeek:SYN_after_reset", "suricata:stream.suspected_rst_inject"),
)
def data_after_rst(step: Step, event: PastEnd, notes: Resets) -> Iterator[Facts]:
    """An end goes on after its own RST.

    A host that resets forgets the connection. So the RST was likely not its own: somebody on the way broke the connection off in its name.
    """
    reset = notes.first.get(step.side)
    flags = letters(step)
    if reset is None or "R" in flags or not (step.length or "F" in flags or "S" in flags):
        return
    if step.happened(Reordered) is None and step.happened(Copied) is None:
        yield Facts(evidence=(reset,), octets=step.length, empty=step.length == 0 or None)


# ---- resets and challenges ----


@rule(
    on=ResetSent,
    needs=Need.BOTH_SIDES | Need.NO_GAP | Need.ABSOLUTE,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.5.2",
    quote="If the incoming segment has the ACK bit set, the reset takes its sequence number from the ACK field of the segment; otherwise, "
    "the reset has sequence number zero and the ACK field is set to the sum of the sequence number and segment length of the incoming "
    "segment.",
    elsewhere=("netsem:make_rst_segment",),
)
def rst_generation_form(step: Step, event: ResetSent) -> Iterator[Facts]:
    """The reset's sequence number is none that its sender could have chosen.

    It neither answers a segment (with that segment's ACK, or with 0) nor breaks off where its sender stands: it lies beyond all of that.
    Devices that inject resets try several numbers ahead like this.
    """
    me, peer = step.before.me, step.before.peer
    if step.seq is None or me.snd_nxt is None or me.iss is None or peer.ack is None:
        return
    if step.seq > max(me.snd_nxt, peer.ack) and roll(step.seq) and not unseen(step):
        yield Facts(ahead=step.seq - me.snd_nxt)


@rule(
    on=ResetSent,
    notes=Resets,
    severity=Severity.WARN,
    cites="RFC 9293 §3.5.2",
    quote="If the connection does not exist (CLOSED), then a reset is sent in response to any incoming segment except another reset.",
)
def rst_to_rst(step: Step, event: ResetSent, notes: Resets) -> Iterator[Facts]:
    """A reset answers a reset.

    It takes its number from the other's ACK, as an answer does, and nothing else is there that it could answer; resets must never be
    answered. Two ends that break off at the same moment look alike when one does it without an ACK.
    """
    other = notes.latest.get(step.side.other)
    if other is None or step.before.peer.frame != other[0] or step.ack is not None or step.seq is None or other[2] is None:
        return
    if step.seq == other[2] and not step.before.peer.in_flight:  # else it may answer data from before the reset
        yield Facts(evidence=(other[0],))


@rule(
    on=ChallengeAck,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.10.7.4",
    quote="If an incoming segment is not acceptable, an acknowledgment should be sent in reply",
    elsewhere=("tcp.analysis.duplicate_ack",),
)
def challenge_ack(step: Step, event: ChallengeAck) -> Iterator[Facts]:
    """An ACK that only says where this end stands: the answer to a segment it could not accept."""
    yield Facts(evidence=event.frames, cause=str(event.cause))


class Stale(Notes):
    """The latest segment of each side that was acknowledged long before: (start, end, frame, when)."""

    on: ClassVar = (Retransmitted,)

    def __init__(self) -> None:
        self.sent: dict[Side, tuple[int, int, int, int | None]] = {}

    def see(self, step: Step, event: Retransmitted) -> None:
        if event.proof is Proof.ALREADY_ACKED:
            self.sent[step.side] = (event.start, event.end, step.frame, step.at)


@rule(
    on=Retransmitted,
    notes=Stale,
    needs=Need.BOTH_SIDES | Need.TIME | Need.NO_GAP,
    severity=Severity.WARN,
    cites="RFC 9293 §3.10.7.4",
    quote="If an incoming segment is not acceptable, an acknowledgment should be sent in reply",
    elsewhere=("netsem:dropafterack",),
)
def challenge_ack_missing(step: Step, event: Retransmitted, notes: Stale) -> Iterator[Facts]:
    """Octets that were acknowledged are sent again, and again, and nothing answers.

    The receiver should answer each with an ACK of where it stands. It is gone, or the segments, or its answers, are lost beyond this point.
    """
    last = notes.sent.get(step.side)
    if event.proof is not Proof.ALREADY_ACKED or last is None or step.at is None or last[3] is None:
        return
    overlaps = last[0] < event.end and event.start < last[1]
    if overlaps and step.before.peer.frame < last[2] and step.at - last[3] > SECOND // 5:
        yield Facts(frame=last[2], evidence=(step.frame,), waited_s=(step.at - last[3]) / SECOND)


# ---- the ports again ----


@rule(
    on=PortReused,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.6.1",
    elsewhere=("tcp.analysis.reused_ports", "zeek:premature_connection_reuse", "zeek:SYN_after_close"),
)
def port_reuse(step: Step, event: PortReused) -> Iterator[Facts]:
    """A new connection between the same addresses and ports as one before."""
    if "." not in letters(step):  # an answer alone is `syn-missing`
        yield Facts(previous=event.previous)


def _newer(stamp: int | None, last: int | None) -> bool:
    """Does the SYN's timestamp lie after the last one of the connection before (RFC 6191)?"""
    return stamp is not None and last is not None and 0 < (stamp - last) % CIRCLE < CIRCLE // 2


@rule(
    on=PortReused,
    notes=Incarnations,
    severity=Severity.NOTE,
    gravest=Severity.WARN,
    cites="RFC 9293 §3.6.1",
    label="MAY-2",
    quote="it MAY accept a new SYN from the remote TCP endpoint to reopen the connection directly from TIME-WAIT state",
    elsewhere=("netsem:deliver_in_9",),
)
def timewait_reuse_legal(step: Step, event: PortReused, notes: Incarnations) -> Iterator[Facts]:
    """The ports are used again while one end still waits in TIME-WAIT.

    Legal when the new initial sequence number lies above all that was used, or the timestamps do; else the SYN will be answered with an ACK
    of the old connection, or not at all. That is told as a warning.
    """
    old = notes.known.get(event.previous)
    if old is not None and event.legal is not None and State.TIME_WAIT in (old.client.state, old.server.state):
        legal = event.legal or _newer(syn_of(step).tsval, old.sender(step).tsval)
        yield Facts(severity=None if legal else Severity.WARN, legal=legal)


@rule(
    on=PortReused,
    notes=Incarnations,
    severity=Severity.WARN,
    cites="RFC 9293 §3.10.7.4",
    elsewhere=("suricata:stream.shutdown_syn_resend", "zeek:SYN_after_close"),
)
def syn_in_shutdown(step: Step, event: PortReused, notes: Incarnations) -> Iterator[Facts]:
    """A SYN between the same ports while the connection before is still closing.

    The old connection is in no state from which a new one may begin: the SYN will be answered with an ACK of the old one. The host
    restarted, or the end of the old connection is not in the log.
    """
    old = notes.known.get(event.previous)
    if old is None or State.TIME_WAIT in (old.client.state, old.server.state):
        return
    if old.client.state in CLOSING or old.server.state in CLOSING:
        yield Facts(states=[str(old.client.state), str(old.server.state)])


@rule(
    on=ResetSent,
    notes=Incarnations,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.5.1",
    quote="being unsynchronized, sends a reset (RST) because it has detected a half-open connection.",
    elsewhere=("netsem",),
)
def half_open(step: Step, event: ResetSent, notes: Incarnations) -> Iterator[Facts]:
    """A half-open connection comes to light: one end lost it (a restart, a crash), the other did not know.

    The SYN of the one is answered with an ACK from the other's old connection; the reset clears that, and the next SYN will do.
    """
    me, peer = step.before.me, step.before.peer
    if event.cause is ResetCause.UNEXPECTED_ACK and me.state is State.SYN_SENT and me.offered is not None and peer.offered is None:
        yield Facts(evidence=event.frames)
    conn, syn, _ = notes.latest.get(ports(step), (0, 0, None))
    if conn > step.connection.conn and syn < peer.frame and step.seq is not None and step.seq == peer.ack:
        yield Facts(evidence=(syn, peer.frame))


TWO_HOURS = 7200 * SECOND


@rule(on=Ending, notes=Latest, needs=Need.TIME, severity=Severity.NOTE, elsewhere=("zeek:S1",))
def idle_close(ending: Ending, notes: Latest) -> Iterator[Facts]:
    """The connection was open and then silent for more than two hours, to the end of the log.

    Keep-alives would have shown that it still lives. Address translators and firewalls forget such connections.
    """
    last = max((end.at for end in (ending.client, ending.server) if end.at is not None), default=None)
    established = ending.client.state is State.ESTABLISHED is ending.server.state
    if established and last is not None and notes.last is not None and notes.last - last > TWO_HOURS:
        yield Facts(idle_s=(notes.last - last) / SECOND)
