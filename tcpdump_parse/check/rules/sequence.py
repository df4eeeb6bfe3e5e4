"""Where a segment's numbers stand: before the start, behind, beyond what was ever sent (RFC 9293 §3.4, §3.10.7.4; RFC 5961 §5).

What was sent again or out of order is the family `loss`; what passes the offered window is the family `window`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import UNSET

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.signs import Sign, Unusual, sign
from tcpdump_parse.model import Packet, Severity
from tcpdump_parse.model.happenings import GapAcked, OldAck, ResetSent, Retransmitted
from tcpdump_parse.model.steps import End, Ending, Step
from tcpdump_parse.model.terms import Side
from tcpdump_parse.seq import roll

SECOND = 1_000_000_000


class BelowStart(Sign, frozen=True):
    """SEQ or ACK lies before the first number of its stream."""


class BelowAck(Sign, frozen=True):
    """This end stands at its own next octet, and the other end has acknowledged more than that."""


_BELOW_START, _BELOW_ACK = BelowStart(), BelowAck()


@sign(BelowStart, BelowAck, of=Unusual)
def astray(step: Step) -> Sign | None:
    """Two comparisons with the starts, one with the ACK."""
    me, peer = step.before.me, step.before.peer
    seq, ack = step.seq, step.ack
    if ack is not None and peer.iss is not None and ack < peer.iss:
        return _BELOW_START
    if seq is None:
        return None
    if me.iss is not None and seq < me.iss:
        return _BELOW_START
    nxt = me.snd_nxt
    return _BELOW_ACK if nxt is not None and seq == nxt and me.snd_una is not None and me.snd_una > nxt else None


def _has(step: Step, letters: str) -> bool:
    tcp = step.packet.tcp
    return tcp is not UNSET and tcp.flags is not UNSET and any(letter in tcp.flags for letter in letters)


@rule(on=BelowStart, severity=Severity.WARN, cites="RFC 9293 §3.4", elsewhere=("zeek:TCP_seq_underflow_or_misorder",))
def seq_underflow(step: Step, event: BelowStart) -> Iterator[Facts]:
    """A sequence number before the first one of this connection.

    A late segment of an earlier connection between the same ports, or a forged one.
    """
    me = step.before.me
    if me.iss is None or step.seq is None or me.ack is None or _has(step, "SR"):
        return
    if step.seq < me.iss:
        yield Facts(below=me.iss - step.seq)


@rule(on=BelowStart, severity=Severity.WARN, cites="RFC 9293 §3.10.7.4", elsewhere=("zeek:TCP_ack_underflow_or_misorder",))
def ack_underflow(step: Step, event: BelowStart) -> Iterator[Facts]:
    """An acknowledgement of octets before the other end's first one.

    A late segment of an earlier connection between the same ports, or one forged by somebody who does not know the numbers.
    """
    peer = step.before.peer
    if peer.iss is None or step.ack is None or peer.snd_una is None or _has(step, "SR"):
        return
    if step.ack < peer.iss:
        yield Facts(below=peer.iss - step.ack)


def acked_unsent(end: End) -> bool:
    """Was more acknowledged than this end is known to have sent: then the highest ACK may be false, and says nothing of the others."""
    return end.snd_una is not None and end.snd_nxt is not None and end.snd_una > end.snd_nxt


def _of_this_connection(step: Step) -> bool:
    """Does the ACK lie above the start (else it is `ack-underflow`), and was the one before it sound?"""
    peer = step.before.peer
    return (peer.iss is None or step.ack is None or step.ack > peer.iss) and not acked_unsent(peer)


class Beyond(Notes):
    """The latest ACK beyond all that was seen, for each side whose octets it claims to have: (frame, ACK, when). One that a reset refuses
    belongs to another connection."""

    on: ClassVar = (GapAcked, BelowAck, ResetSent)

    def __init__(self) -> None:
        self.acked: dict[Side, tuple[int, int, int | None]] = {}

    def see(self, step: Step, event: GapAcked | BelowAck | ResetSent) -> None:
        if isinstance(event, BelowAck) or (isinstance(event, ResetSent) and event.refuses):
            self.acked.pop(step.side, None)
        elif isinstance(event, GapAcked) and event.beyond and step.ack is not None:
            self.acked[step.side.other] = (step.frame, step.ack, step.at)


SURE = SECOND // 100
"""Longer than this no capture mixes up its two directions, and hardly a packet is overtaken."""


@rule(
    on=BelowAck,
    notes=Beyond,
    needs=Need.BOTH_SIDES | Need.TIME,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.10.7.4",
    quote="If the ACK acks something not yet sent (SEG.ACK > SND.NXT), then send an ACK, drop the segment, and return.",
    elsewhere=("tcp.analysis.ack_lost_segment", "suricata:stream.est_invalid_ack", "suricata:stream.pkt_invalid_ack"),
    positions=("acked", "sent"),
)
def ack_unsent(step: Step, event: BelowAck, notes: Beyond) -> Iterator[Facts]:
    """The ACK covers octets the other end had never sent.

    The sender itself proves it: after that ACK it still stands where it stood before. (An ACK of octets that only the capture missed is
    `cap-drop-inferred`.) With a pure ACK that is certain. With data it might repeat octets the capture missed, so it is a warning then. So
    it is without times: the records of the two directions may have changed places.
    """
    acked = notes.acked.get(step.side)
    if acked is None or step.seq is None or _has(step, "SFR"):
        return
    if step.at is None or acked[2] is None or step.at - acked[2] > SURE:
        severity = Severity.WARN if step.length else None
        who = str(step.side.other)
        yield Facts(frame=acked[0], side=who, evidence=(step.frame,), severity=severity, acked=roll(acked[1]), sent=roll(step.seq))


@rule(
    on=OldAck,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.10.7.4",
    quote="If the ACK is a duplicate (SEG.ACK =< SND.UNA), it can be ignored.",
    elsewhere=("tcptrace:outoforder pkts",),
)
def ack_went_back(step: Step, event: OldAck) -> Iterator[Facts]:
    """This ACK is older than one that came before it: overtaken on the way."""
    if _of_this_connection(step):
        yield Facts(behind=event.behind)


class Oldest(Notes):
    """The ACK furthest behind, of each side: (octets behind, record)."""

    on: ClassVar = (OldAck,)

    def __init__(self) -> None:
        self.behind: dict[Side, tuple[int, Packet]] = {}

    def see(self, step: Step, event: OldAck) -> None:
        known = self.behind.get(step.side)
        if _of_this_connection(step) and (known is None or event.behind > known[0]):
            self.behind[step.side] = (event.behind, step.packet)


@rule(
    on=Ending,
    notes=Oldest,
    needs=Need.HANDSHAKE,
    severity=Severity.WARN,
    cites="RFC 5961 §5.2, RFC 9293 §3.10.7.4",
    label="MAY-12",
    elsewhere=("suricata:stream.pkt_invalid_ack",),
)
def ack_too_old(ending: Ending, notes: Oldest) -> Iterator[Facts]:
    """An ACK further back than the largest window ever offered.

    A careful receiver drops it: somebody who injects blindly guesses such numbers. An ACK delayed for several round trips looks the same.
    """
    for side, (behind, old) in notes.behind.items():
        widest = (ending.flow.client if side is Side.CLIENT else ending.flow.server).max_win_adv
        if widest and behind > widest:
            yield Facts(packet=old, side=str(side), behind=behind, window=widest)


FAR = 1 << 20


def empty_ack(step: Step) -> bool:
    """An acknowledgement of 0 far from where the other end stands."""
    nxt, ack = step.before.peer.snd_nxt, step.ack
    return ack is not None and nxt is not None and roll(ack) == 0 and abs(nxt - ack) > FAR and not _has(step, "SR")


@rule(
    on=(GapAcked, OldAck, BelowStart), needs=Need.ABSOLUTE, severity=Severity.WARN, elsewhere=("zeek:update_ack_seq",), positions=("next",)
)
def ack_zero_bogus(step: Step, event: GapAcked | OldAck | BelowStart) -> Iterator[Facts]:
    """An acknowledgement of 0 in the middle of a connection whose numbers are far from 0.

    Some devices leave the field empty. The receiver must not take it for an acknowledgement.
    """
    nxt = step.before.peer.snd_nxt
    if nxt is not None and empty_ack(step):
        yield Facts(next=roll(nxt))


@rule(on=Retransmitted, severity=Severity.WARN, cites="RFC 9293 §3.4")
def dup_syn_octet(step: Step, event: Retransmitted) -> Iterator[Facts]:
    """Data begins at the number that the SYN has taken: its sender did not count the SYN.

    The first octet will be cut off as old. Hand-made stacks do this, and evasion tools.
    """
    me = step.before.me
    if step.length and me.iss is not None and step.seq == me.iss and not _has(step, "S"):
        yield Facts(octets=step.length)
