"""How a connection is agreed: the answer to the SYN, the third step, and what can go wrong between them (RFC 9293 §3.5, §3.10.7.3).

The SYN itself, sent again, flooding or never answered, is the family `syn`.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from tcpdump_parse.check.openings import Opening, Syn, doubtful, third_step, twin, unseen
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.signs import Sign, Unusual, sign
from tcpdump_parse.model import Severity
from tcpdump_parse.model.happenings import HandshakeDone, ResetSent, SynAckSent, SynSent
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Side, State
from tcpdump_parse.seq import roll

SECOND = 1_000_000_000
_OPENING = (State.SYN_SENT, State.SYN_RECEIVED)


class Unsettled(Sign, frozen=True):
    """A segment, no SYN and no RST, while an end still waits for its SYN to be acknowledged."""


@sign(Unsettled, of=Unusual)
def unsettled(step: Step) -> Sign | None:
    """The handshake is not over."""
    mine, other = step.before.me.state, step.before.peer.state
    if mine is State.ESTABLISHED is other or not (mine in _OPENING or other in _OPENING):
        return None
    tcp = step.packet.tcp
    if tcp is UNSET or tcp.flags is UNSET or "S" in tcp.flags or "R" in tcp.flags:
        return None
    return Unsettled()


# ---- the usual three steps ----


@rule(
    on=SynAckSent,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.5",
    elsewhere=("tcp.connection.synack", "zeek:h"),
)
def synack_seen(step: Step, event: SynAckSent) -> Iterator[Facts]:
    """The connection attempt is accepted: SYN+ACK.

    A program listens on that port, or something on the way answers for it.
    """
    if event.copy == 1 and step.before.peer.offered is not None and event.acks_syn:
        yield Facts(evidence=event.frames)


@rule(
    on=HandshakeDone,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.5",
    elsewhere=("tcp.completeness.ack", "zeek:connection_established", "tcptrace:complete conn"),
)
def handshake_complete(step: Step, event: HandshakeDone) -> Iterator[Facts]:
    """Both SYNs are acknowledged: the connection is open.

    Not told of an ACK in place of the third step that covers more than the log shows: that may belong to another connection.
    """
    if not doubtful(step):
        yield Facts(evidence=event.frames)


@rule(on=HandshakeDone, needs=Need.TIME, severity=Severity.NOTE, elsewhere=("tcp.analysis.initial_rtt", "tcptrace:RTT from 3WHS"))
def synack_rtt(step: Step, event: HandshakeDone) -> Iterator[Facts]:
    """The round trip of the handshake, in its two halves around the capture point.

    From SYN to SYN+ACK it is the way to the far end and back, its own delay included; from there to the ACK, the way to the opener.
    The half that is next to nothing is where the capture was taken.
    """
    if event.to_server is not None and event.to_client is not None and third_step(step):
        far, near = event.to_server / SECOND, event.to_client / SECOND
        yield Facts(evidence=event.frames, rtt_s=(event.to_server + event.to_client) / SECOND, far_s=far, near_s=near)


@rule(
    on=SynAckSent,
    severity=Severity.NOTE,
    elsewhere=("zeek:unsolicited_SYN_response", "zeek:connection_originator_SYN_ack", "tcp.connection.synack"),
)
def syn_missing(step: Step, event: SynAckSent) -> Iterator[Facts]:
    """A SYN+ACK without the SYN that it answers.

    The log began between the two, or took one direction; or nobody asked: an answer to a forged SYN (backscatter), or a scan.
    """
    if not step.before.me.seen and not step.before.peer.seen:
        yield Facts()


@rule(
    on=Unsettled,
    needs=Need.BOTH_SIDES,
    severity=Severity.WARN,
    elsewhere=("zeek:possible_split_routing", "suricata:stream.3whs_async_wrong_seq"),
)
def synack_missing(step: Step, event: Unsettled) -> Iterator[Facts]:
    """The opener acknowledges a SYN+ACK that is not in the log.

    It was sent, or there would be nothing to acknowledge: the capture missed it or wrote it late, or the way back does not pass here.
    """
    me = step.before.me
    first = me.state is State.SYN_SENT and me.ack is None and step.before.peer.offered is None
    if first and step.ack is not None and me.iss is not None and step.seq == me.iss + 1:
        yield Facts(evidence=(me.frame,))


# ---- the answer sent again, or another answer ----


def _again(event: SynAckSent, notes: Opening) -> Syn | None:
    """The SYN+ACK before this one."""
    return notes.answers[-1] if event.copy > 1 and notes.answers else None


@rule(
    on=SynAckSent,
    notes=Opening,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8.1",
    elsewhere=("tcp.analysis.retransmission", "suricata:stream.est_synack_resend"),
)
def synack_retransmit(step: Step, event: SynAckSent, notes: Opening) -> Iterator[Facts]:
    """The same SYN+ACK again: its sender has taken no acknowledgement of it in time."""
    last = _again(event, notes)
    if last is not None and last.seq == step.seq and last.ack == step.ack and not twin(last, step):
        yield Facts(evidence=(last.frame,), copy=event.copy)


@rule(
    on=SynAckSent,
    notes=Opening,
    severity=Severity.WARN,
    cites="RFC 9293 §3.4.1",
    elsewhere=("suricata:stream.3whs_synack_resend_with_diff_seq", "suricata:stream.est_synack_resend_with_diff_seq"),
    positions=("isn", "was"),
)
def synack_diff_seq(step: Step, event: SynAckSent, notes: Opening) -> Iterator[Facts]:
    """A second SYN+ACK with another initial sequence number: two answers to one SYN.

    The server forgot the first one (restarted, or answers without state), or a second machine answers: a load balancer, or a forger.
    """
    last = _again(event, notes)
    if last is not None and last.seq is not None and roll(last.seq) != roll(event.iss) and _same_ack(last, step):
        yield Facts(evidence=(last.frame,), isn=roll(event.iss), was=roll(last.seq))


def _same_ack(last: Syn, step: Step) -> bool:
    return last.ack is not None and step.ack is not None and roll(last.ack) == roll(step.ack)


@rule(
    on=SynAckSent,
    notes=Opening,
    severity=Severity.WARN,
    cites="RFC 9293 §3.10.7.3",
    elsewhere=(
        "suricata:stream.3whs_synack_resend_with_diff_ack",
        "suricata:stream.est_synack_resend_with_diff_ack",
        "suricata:stream.3whs_synack_resend_with_different_ack",  # as they were called first
        "suricata:stream.est_synack_resend_with_different_ack",
    ),
    positions=("ack", "was"),
)
def synack_diff_ack(step: Step, event: SynAckSent, notes: Opening) -> Iterator[Facts]:
    """The SYN+ACK is sent again with another acknowledgement number.

    Data in the SYN, taken the second time and not the first, is an honest reason; else it answers two different SYNs.
    """
    last = _again(event, notes)
    if last is notes.wrong:
        return  # it answered an older SYN, and was refused for that
    if last is not None and last.seq == step.seq and step.ack is not None and last.ack is not None and last.ack != step.ack:
        yield Facts(evidence=(last.frame,), ack=roll(step.ack), was=roll(last.ack))


@rule(
    on=SynAckSent,
    needs=Need.BOTH_SIDES,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.10.7.3",
    quote="If SEG.ACK =< ISS or SEG.ACK > SND.NXT, send a reset (unless the RST bit is set, if so drop the segment and return)",
    elsewhere=("zeek:bad_SYN_ack", "suricata:stream.3whs_synack_with_wrong_ack"),
    positions=("acked", "expected"),
)
def synack_wrong_ack(step: Step, event: SynAckSent) -> Iterator[Facts]:
    """The SYN+ACK does not acknowledge the SYN.

    It answers an older SYN that came late, or its sender cannot see this side's numbers: a forger, or a fault on the way. The opener
    must answer with a reset.
    """
    peer = step.before.peer
    if event.acks_syn is False and peer.iss is not None and step.ack is not None:
        yield Facts(evidence=event.frames[-1:] if event.copy == 1 else (), acked=roll(step.ack), expected=roll(peer.iss + 1))


@rule(
    on=ResetSent,
    notes=Opening,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.5",
    quote="TCP Peer A detects that the ACK field is incorrect and returns a RST (reset) with its SEQ field selected to make the segment "
    "believable.",
)
def synack_old_duplicate(step: Step, event: ResetSent, notes: Opening) -> Iterator[Facts]:
    """The opener refuses a SYN+ACK that answers another SYN: recovery from an old duplicate.

    A late copy of an earlier SYN made the server answer with numbers that mean nothing now; the reset frees it for the SYN that counts.
    """
    wrong = notes.wrong
    tcp = step.packet.tcp
    if wrong is None or wrong.side is step.side or wrong.ack is None or step.seq is None or tcp is UNSET:
        return
    if roll(step.seq) == roll(wrong.ack) and step.ack is None:
        yield Facts(evidence=(wrong.frame,))


@rule(
    on=SynAckSent,
    needs=Need.BOTH_SIDES,
    severity=Severity.WARN,
    elsewhere=(
        "suricata:stream.3whs_synack_in_wrong_direction",
        "suricata:stream.3whs_synack_toserver_on_syn_recv",
        "zeek:repeated_SYN_with_ack",
    ),
)
def synack_wrong_direction(step: Step, event: SynAckSent) -> Iterator[Facts]:
    """The side that sent the SYN sends a SYN+ACK, and no SYN of the other side is there to answer.

    In a simultaneous open the other SYN stands in the log. Without it the capture missed that SYN, or somebody forges segments.
    """
    if step.before.me.offered is not None and event.copy > 1 and step.before.peer.offered is None and _opened_by_syn(step):
        yield Facts(evidence=(step.before.me.frame,))


def _opened_by_syn(step: Step) -> bool:
    return step.side is Side.CLIENT and step.connection.basis == "syn"


# ---- two SYNs ----


@rule(
    on=SynSent,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.5",
    label="MUST-10",
    quote="When simultaneous open occurs, each TCP peer receives a SYN segment that carries no acknowledgment after it has sent a SYN.",
    elsewhere=("zeek:simultaneous_open",),
)
def simultaneous_open(step: Step, event: SynSent) -> Iterator[Facts]:
    """Both sides sent a SYN: a simultaneous open.

    Rare and legal; programs that pass address translators do it on purpose. A server that answers a SYN with a bare SYN looks the same
    up to here (`four-way-handshake`).
    """
    if event.crossed and event.copy == 1 and step.before.peer.ack != event.iss + 1:  # else it was answered: `cap-handshake-reversed`
        yield Facts(evidence=(step.before.peer.frame,))


@rule(
    on=SynSent,
    needs=Need.BOTH_SIDES,
    severity=Severity.WARN,
    elsewhere=("zeek:repeated_SYN_reply_wo_ack", "suricata:stream.3whs_syn_toclient_on_syn_recv"),
)
def syn_reply_without_ack(step: Step, event: SynSent) -> Iterator[Facts]:
    """A SYN is answered with a bare SYN, twice.

    One may be a simultaneous open. The second shows that this side still does not acknowledge the other's SYN: it never arrived there,
    or the answers are made to slip past filters.
    """
    if event.crossed and event.copy > 1 and step.side is Side.SERVER:
        yield Facts(evidence=event.frames, copy=event.copy)


@rule(
    on=HandshakeDone,
    notes=Opening,
    severity=Severity.WARN,
    cites="RFC 9293 §3.5",
    elsewhere=("suricata:stream.4whs_synack_with_wrong_ack", "suricata:stream.4whs_wrong_seq", "suricata:stream.4whs_invalid_ack"),
)
def four_way_handshake(step: Step, event: HandshakeDone, notes: Opening) -> Iterator[Facts]:
    """A split handshake: SYN, SYN, SYN+ACK, ACK.

    The server answered with a SYN of its own and let the client send the SYN+ACK. The RFC allows it; hardly any server does it, and
    filters that look for the usual three steps mistake who opened the connection.
    """
    answered = [syn for syn in notes.answers if syn.side is Side.CLIENT]
    tcp = step.packet.tcp
    plain = tcp is not UNSET and tcp.flags is not UNSET and "S" not in tcp.flags
    if plain and step.side is Side.SERVER and answered and len(answered) == len(notes.answers):
        yield Facts(evidence=(*event.frames, answered[0].frame))


# ---- the third step, or something in its place ----


@rule(on=Unsettled, needs=Need.BOTH_SIDES, severity=Severity.WARN, cites="RFC 9293 §3.10.7.3")
def ack_before_synack(step: Step, event: Unsettled) -> Iterator[Facts]:
    """The SYN is acknowledged without a SYN in return.

    Some devices do this before they answer; the first half of a split handshake looks like it, and a SYN+ACK that the capture missed.
    """
    me, peer = step.before.me, step.before.peer
    waits = peer.state is State.SYN_SENT and me.offered is None and me.ack is None
    if waits and peer.iss is not None and step.ack == peer.iss + 1 and not step.length:
        yield Facts(evidence=(peer.frame,))


_NOT_ACCEPTABLE = "If the segment acknowledgment is not acceptable, form a reset segment"


@rule(
    on=(Unsettled, ResetSent),
    notes=Opening,
    needs=Need.BOTH_SIDES,
    severity=Severity.WARN,
    cites="RFC 9293 §3.10.7.4",
    quote=_NOT_ACCEPTABLE,
    elsewhere=("suricata:stream.3whs_right_seq_wrong_ack_evasion",),
    positions=("acked", "expected"),
)
def third_ack_wrong_ack(step: Step, event: Unsettled | ResetSent, notes: Opening) -> Iterator[Facts]:
    """The third step has the right sequence number and a wrong acknowledgement.

    The server must answer with a reset. A monitor that takes it for the end of the handshake can be led astray with it. One that covers
    more than the log shows may also be a later ACK, of octets that the capture missed: only that reset tells then.
    """
    me, peer = step.before.me, step.before.peer
    if isinstance(event, ResetSent):
        doubted = notes.doubted
        if event.refuses and doubted is not None and step.seq == doubted[1] and notes.answers and me.iss is not None:
            evidence = (notes.answers[-1].frame, step.frame)
            yield Facts(frame=doubted[0], side=str(step.side.other), evidence=evidence, acked=roll(doubted[1]), expected=roll(me.iss + 1))
    elif notes.fits(step) == (True, False) and peer.iss is not None and step.ack is not None and not unseen(step):
        yield Facts(evidence=(peer.frame,), acked=roll(step.ack), expected=roll(peer.iss + 1))


@rule(
    on=Unsettled,
    notes=Opening,
    needs=Need.BOTH_SIDES | Need.NO_GAP,
    severity=Severity.WARN,
    cites="RFC 9293 §3.5.2",
    quote="the incoming segment acknowledges something not yet sent (the segment carries an unacceptable ACK)",
    elsewhere=("suricata:stream.3whs_wrong_seq_wrong_ack",),
    positions=("acked", "expected"),
)
def third_ack_wrong_both(step: Step, event: Unsettled, notes: Opening) -> Iterator[Facts]:
    """Where the third step should stand, neither the sequence number nor the acknowledgement fits.

    It belongs to another connection of the same ports, or was forged by somebody who saw neither SYN.
    """
    peer = step.before.peer
    if notes.fits(step) == (False, False) and peer.iss is not None and step.ack is not None:
        yield Facts(evidence=(peer.frame,), acked=roll(step.ack), expected=roll(peer.iss + 1))


@rule(
    on=Unsettled,
    needs=Need.BOTH_SIDES,
    severity=Severity.WARN,
    cites="RFC 9293 §3.10.7",
    elsewhere=("zeek:data_before_established", "suricata:stream.3whs_ack_data_inject", "suricata:stream.3whs_ack_in_wrong_dir"),
)
def data_before_ack(step: Step, event: Unsettled) -> Iterator[Facts]:
    """The server sends data before its SYN+ACK was acknowledged.

    After data in the SYN (Fast Open) this is usual and not told. Else the capture missed the third step, or the data is not the server's.
    """
    me, peer = step.before.me, step.before.peer
    first = me.state is State.SYN_RECEIVED and me.iss is not None and me.snd_nxt == me.iss + 1 and me.snd_una is None
    if first and step.length and peer.iss is not None and peer.snd_nxt == peer.iss + 1:
        yield Facts(evidence=(me.frame,), octets=step.length)


@rule(on=SynAckSent, notes=Opening, needs=Need.TIME, severity=Severity.NOTE)
def backlog_overflow_hint(step: Step, event: SynAckSent, notes: Opening) -> Iterator[Facts]:
    """The server repeats its SYN+ACK although the third step is in the log.

    Linux drops that ACK when the program's queue of connections to accept is full, and lets its timer try again. An ACK that was lost
    behind this capture point looks the same; one such server under load, many times, is the queue.
    """
    last = _again(event, notes)
    if last is None or notes.third is None or last.seq != step.seq or last.at is None or step.at is None:
        return
    if step.at - last.at >= SECOND * 4 // 5:
        yield Facts(evidence=(notes.third,), after_s=(step.at - last.at) / SECOND)
