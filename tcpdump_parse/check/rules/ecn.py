"""Explicit congestion notification: agreed on by the SYNs, marked in the IP header, echoed, answered (RFC 3168; AccECN: RFC 9768).

tcpdump 4.99 does not print AccECN's own bit (`e`); the checksum shows it. Bounded: a few numbers a direction.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import ClassVar

from msgspec import UNSET, Struct

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.signs import FlagsSeen, Sign, Uncommon, Unusual, letters, sign
from tcpdump_parse.model import IPv4, IPv6, Packet, Severity
from tcpdump_parse.model.happenings import (
    AckAdvanced,
    ChecksumUnexplained,
    HandshakeDone,
    Retransmitted,
    SynAckSent,
    SynSent,
    WindowProbe,
)
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.model.terms import Side

SECOND = 1_000_000_000
AE = 0x100
"""AccECN's own bit in the word of header length and flags, so in a checksum that lacks it."""


class Capable(Sign, frozen=True):
    """The IP header says that its sender understands marks: ECT(0) or ECT(1)."""


class Marked(Sign, frozen=True):
    """A router marked the packet: CE, congestion experienced."""


_CAPABLE, _MARKED = Capable(), Marked()


@sign(Marked, Capable, of=Unusual)
def codepoint(step: Step) -> Sign | None:
    """The last two bits of the type of service, or of the traffic class."""
    ip = step.packet.ip
    kind = type(ip)
    tos = ip.tos if kind is IPv4 else ip.class_ if kind is IPv6 else UNSET  # type: ignore[union-attr]
    if tos is UNSET or not tos & 3:
        return None
    return _MARKED if tos & 3 == 3 else _CAPABLE


class Ecn(enum.Enum):
    """What the SYNs ask for, or agree on. BROKEN: an answer that only reflects the question."""

    NONE = enum.auto()
    CLASSIC = enum.auto()
    ACCURATE = enum.auto()
    BROKEN = enum.auto()


def asked(step: Step) -> Ecn:
    """What this SYN asks for."""
    flags = letters(step)
    if not ("E" in flags and "W" in flags):
        return Ecn.NONE
    odd = step.happened(ChecksumUnexplained)
    hidden = isinstance(odd, ChecksumUnexplained) and odd.residue == AE
    return Ecn.ACCURATE if hidden or "e" in flags else Ecn.CLASSIC


def agreed(question: Ecn | None, step: Step) -> Ecn | None:
    """What this SYN+ACK makes of it; None where the SYN was not seen. RFC 9768 §3.1.1, table 2."""
    bits = {letter for letter in letters(step) if letter in "EWe"}
    if question is None or question is Ecn.NONE or not bits:
        return None if question is None else Ecn.NONE
    if bits == {"E"}:
        return Ecn.CLASSIC
    if bits == {"E", "W", "e"} or (bits == {"E", "W"} and question is Ecn.CLASSIC):
        return Ecn.BROKEN
    return Ecn.ACCURATE


class Spot(Struct, frozen=True, gc=False):
    """A record, and the octets it carried."""

    packet: Packet
    start: int
    end: int


class Echo(Struct, gc=False):
    """Echoes that no CWR has answered: since which record and when, and how far the other end had sent by the time it surely knew."""

    frame: int
    at: int | None
    known: int | None = None
    told: bool = False


class Half(Struct, gc=False):
    """One end."""

    capable: bool = False  # ECT without an agreement was told
    mark: Spot | None = None  # its marked octets that no echo has followed
    marked: int = 0  # the last record of it that was marked
    echo: Echo | None = None
    cwr: Spot | None = None
    stuck: bool = False  # told for this CWR


class Dialogue(Notes):
    """What was agreed on, and both directions' marks, echoes and answers."""

    on: ClassVar = (SynSent, SynAckSent, HandshakeDone, Retransmitted, WindowProbe, Capable, Marked, FlagsSeen)

    def __init__(self) -> None:
        self.question: Ecn | None = None
        self.syn = 0
        self.mode: Ecn | None = None
        self.trip = 0
        self.control: set[tuple[Side, str]] = set()
        self.half = {Side.CLIENT: Half(), Side.SERVER: Half()}

    def see(self, step: Step, event: object) -> None:
        me, peer = self.half[step.side], self.half[step.before.peer.side]
        if isinstance(event, SynSent):
            self.question, self.syn = asked(step), step.frame
        elif isinstance(event, SynAckSent):
            self.mode = agreed(self.question, step)
        elif isinstance(event, HandshakeDone):
            self.trip = (event.to_server or 0) + (event.to_client or 0)
        elif isinstance(event, Retransmitted):
            if me.mark is not None and event.start < me.mark.end and event.end > me.mark.start:
                me.mark = None  # the marked copy may be the one that was lost
        elif isinstance(event, Capable | Marked):
            self._mark(step, me, marked=type(event) is Marked)
        elif isinstance(event, FlagsSeen) and "S" not in event.flags:
            self._echo(step, event.flags, me, peer)

    def _mark(self, step: Step, me: Half, *, marked: bool) -> None:
        me.capable = True
        if kind := _control(step):
            self.control.add((step.side, kind))
        if marked:
            me.marked = step.frame
            if me.mark is None and step.length and step.seq is not None and step.end is not None:
                me.mark = Spot(step.packet, step.seq, step.end)

    def _echo(self, step: Step, flags: str, me: Half, peer: Half) -> None:
        if "E" in flags:
            peer.mark = None
            peer.stuck = peer.stuck or _stuck(step, peer)
            if me.echo is None:
                me.echo = Echo(step.frame, step.at)
            elif _unanswered(step, me.echo):
                me.echo.told = True
            elif me.echo.known is None and _age(step, me.echo) >= max(SECOND, 3 * self.trip):
                me.echo.known = step.before.peer.snd_nxt
        if "W" in flags and step.seq is not None and step.end is not None:
            peer.echo = None
            me.cwr, me.stuck = Spot(step.packet, step.seq, step.end), False


def _control(step: Step) -> str:
    """What RFC 3168 wants sent without ECT; "" for ordinary data."""
    flags = letters(step)
    if "S" in flags:
        return "SYN"
    if step.happened(WindowProbe) is not None:
        return "window probe"
    if step.happened(Retransmitted) is not None:
        return "retransmission"
    return "pure ACK" if not step.length and set(flags) <= set(".EWe") else ""


def _age(step: Step, echo: Echo) -> int:
    """Nanoseconds since the first of these echoes; 0 without a clock."""
    return 0 if step.at is None or echo.at is None else step.at - echo.at


def _unanswered(step: Step, echo: Echo) -> bool:
    """Has the other end sent new octets after it surely knew of the echo?"""
    now = step.before.peer.snd_nxt
    return now is not None and echo.known is not None and now > echo.known


def _stuck(step: Step, peer: Half) -> bool:
    """Does this echo acknowledge octets of a CWR, without a mark since?"""
    cwr = peer.cwr
    if cwr is None or peer.stuck or step.ack is None or cwr.end == cwr.start:
        return False
    return step.ack > cwr.start and peer.marked < cwr.packet.frame


# ---- agreement ----


@rule(on=SynSent, severity=Severity.NOTE, cites="RFC 3168 §6.1.1", elsewhere=("tcp.flags.ece", "p0f:ecn"))
def ecn_setup_syn(step: Step, event: SynSent) -> Iterator[Facts]:
    """The SYN offers explicit congestion notification."""
    if event.copy == 1 and asked(step) is Ecn.CLASSIC:
        yield Facts()


@rule(on=SynAckSent, notes=Dialogue, severity=Severity.NOTE, cites="RFC 3168 §6.1.1")
def ecn_setup_synack(step: Step, event: SynAckSent, notes: Dialogue) -> Iterator[Facts]:
    """The SYN+ACK accepts: routers may now mark packets where they would have dropped them."""
    if event.copy == 1 and agreed(notes.question, step) is Ecn.CLASSIC:
        yield Facts(evidence=(notes.syn,))


@rule(on=SynAckSent, notes=Dialogue, severity=Severity.WARN, cites="RFC 3168 §6.1.1")
def ecn_setup_bogus(step: Step, event: SynAckSent, notes: Dialogue) -> Iterator[Facts]:
    """The SYN+ACK merely reflects the SYN's ECN bits: this end does not understand them.

    Very old stacks copy reserved bits. The opener must take it for a refusal.
    """
    if agreed(notes.question, step) is Ecn.BROKEN:
        yield Facts(evidence=(notes.syn,))


@rule(on=SynSent, severity=Severity.NOTE, cites="RFC 9768 §3.1", elsewhere=("tcp.flags.ae",))
def accecn_setup_syn(step: Step, event: SynSent) -> Iterator[Facts]:
    """The SYN offers accurate ECN: a count of marks instead of one bit."""
    if event.copy == 1 and asked(step) is Ecn.ACCURATE:
        yield Facts()


@rule(on=SynAckSent, notes=Dialogue, severity=Severity.NOTE, cites="RFC 9768 §3.1")
def accecn_setup_synack(step: Step, event: SynAckSent, notes: Dialogue) -> Iterator[Facts]:
    """The SYN+ACK accepts accurate ECN: from here on the bits E and W (and e) are a counter."""
    if event.copy == 1 and agreed(notes.question, step) is Ecn.ACCURATE:
        yield Facts(evidence=(notes.syn,))


@rule(on=Uncommon, severity=Severity.NOTE, cites="RFC 9768 §3.2.3", elsewhere=("tcp.options.acc_ecn",))
def accecn_option(step: Step, event: Uncommon) -> Iterator[Facts]:
    """This end sends the AccECN option: it counts the octets that arrived with each mark."""
    if event.kind in (172, 174):
        yield Facts(option_kind=event.kind)


ACE = {"e": 4, "W": 2, "E": 1}
START = 5
"""What both counters begin with (RFC 9768 §3.2.1)."""


class Counters(Notes):
    """Accurate ECN: each end's counter of marked packets, as its last segment had it; only where `e` is printed."""

    on: ClassVar = (SynSent, SynAckSent, FlagsSeen)

    def __init__(self) -> None:
        self.question: Ecn | None = None
        self.counts = False
        self.last: dict[Side, int] = {}

    def see(self, step: Step, event: SynSent | SynAckSent | FlagsSeen) -> None:
        if isinstance(event, SynSent):
            self.question = asked(step) if "e" in letters(step) else None
        elif isinstance(event, SynAckSent):
            self.counts = agreed(self.question, step) is Ecn.ACCURATE
        elif self.counts and _counts(step):
            self.last[step.side] = _ace(event.flags)


def _ace(flags: str) -> int:
    return sum(ACE.get(letter, 0) for letter in flags)


def _counts(step: Step) -> bool:
    """The SYNs and the third step say with these bits how the SYN arrived; old and bare segments may stand behind the counter."""
    return "S" not in letters(step) and step.happened(HandshakeDone) is None and step.happened(AckAdvanced) is not None


@rule(on=FlagsSeen, notes=Counters, needs=Need.BOTH_SIDES, severity=Severity.NOTE, cites="RFC 9768 §3.2", elsewhere=("tcp.flags.ace",))
def accecn_ace(step: Step, event: FlagsSeen, notes: Counters) -> Iterator[Facts]:
    """This end counts packets that arrived with a congestion mark: so many more since its last segment, or eight more, or sixteen.

    The counter has three bits. tcpdump before 5.0 does not print the first of them; then nothing is said.
    """
    marks = (_ace(event.flags) - notes.last.get(step.side, START)) % 8
    if notes.counts and _counts(step) and marks:
        yield Facts(marks=marks)


# ---- marks ----


@rule(on=(Capable, Marked), notes=Dialogue, needs=Need.HANDSHAKE, severity=Severity.WARN, cites="RFC 3168 §6.1.1")
def ecn_ect_unnegotiated(step: Step, event: Capable | Marked, notes: Dialogue) -> Iterator[Facts]:
    """ECN bits in the IP header although the SYNs agreed on no ECN.

    A router that would drop marks such packets instead, and the sender never slows down. Some devices still write the old type of service
    into these bits. Told once for each end.
    """
    if notes.mode in (Ecn.NONE, Ecn.BROKEN) and "S" not in letters(step) and not notes.half[step.side].capable:
        yield Facts()


@rule(
    on=Capable,
    notes=Dialogue,
    severity=Severity.WARN,
    cites="RFC 3168 §6.1.1, §6.1.4, §6.1.5, §6.1.6",
    elsewhere=("packetdrill:ecn-uses-ect0",),
)
def ecn_ect_on_control(step: Step, event: Capable, notes: Dialogue) -> Iterator[Facts]:
    """A SYN, a bare ACK, a retransmission or a window probe is sent as if routers might mark it.

    RFC 3168 forbids it; DCTCP, AccECN and experiments (RFC 8311) do it. Told once for each kind; a note where AccECN is in use.
    """
    kind = _control(step)
    mode = asked(step) if "S" in letters(step) and "." not in letters(step) else notes.mode or notes.question
    if kind and mode in (Ecn.CLASSIC, Ecn.ACCURATE) and (step.side, kind) not in notes.control:
        yield Facts(severity=Severity.NOTE if mode is Ecn.ACCURATE else None, segment=kind)


@rule(on=Marked, severity=Severity.NOTE, cites="RFC 3168 §5", elsewhere=("tcptrace:CE", "ip.dsfield.ecn"))
def ecn_ce_mark(step: Step, event: Marked) -> Iterator[Facts]:
    """A router on the way was congested and marked this packet instead of dropping it."""
    yield Facts(octets=step.length)


# ---- echoes and answers ----


@rule(
    on=FlagsSeen, notes=Dialogue, needs=Need.BOTH_SIDES, severity=Severity.NOTE, cites="RFC 3168 §6.1.3", elsewhere=("tcptrace:ECN echo",)
)
def ecn_ece_unexplained(step: Step, event: FlagsSeen, notes: Dialogue) -> Iterator[Facts]:
    """It echoes congestion, and no marked packet towards it is in this log: the mark was made beyond this capture point."""
    me, peer = notes.half[step.side], notes.half[step.before.peer.side]
    since = peer.cwr.packet.frame if peer.cwr is not None else 0
    fresh = me.echo is None and peer.marked <= since and not _stuck(step, peer)
    if notes.mode is Ecn.CLASSIC and "E" in event.flags and "S" not in event.flags and fresh:
        yield Facts()


@rule(
    on=Ending,
    notes=Dialogue,
    needs=Need.BOTH_SIDES | Need.NO_GAP | Need.HANDSHAKE,
    severity=Severity.ERROR,
    cites="RFC 3168 §6.1.3",
)
def ecn_ece_missing(ending: Ending, notes: Dialogue) -> Iterator[Facts]:
    """Marked octets were acknowledged, and no echo followed.

    The sender never learns of the congestion and does not slow down. A device behind this capture point may have cleared the mark.
    """
    for end in (ending.client, ending.server):
        mark = notes.half[end.side].mark
        if notes.mode is Ecn.CLASSIC and mark is not None and end.snd_una is not None and end.snd_una >= mark.end:
            yield Facts(packet=mark.packet, side=str(end.side), octets=mark.end - mark.start)


@rule(
    on=FlagsSeen,
    notes=Dialogue,
    needs=Need.BOTH_SIDES | Need.NO_GAP | Need.TIME,
    severity=Severity.WARN,
    cites="RFC 3168 §6.1.2",
)
def ecn_cwr_missing(step: Step, event: FlagsSeen, notes: Dialogue) -> Iterator[Facts]:
    """Congestion is still echoed, and the sender has sent new octets without saying that it slowed down (CWR).

    Asked only after a second and three round trips, when the sender must have had the echo.
    """
    echo = notes.half[step.side].echo
    if notes.mode is Ecn.CLASSIC and "E" in event.flags and echo is not None and not echo.told and _unanswered(step, echo):
        yield Facts(evidence=(echo.frame,), record=echo.frame, since_s=_age(step, echo) / SECOND)


@rule(on=FlagsSeen, notes=Dialogue, needs=Need.BOTH_SIDES | Need.NO_GAP, severity=Severity.NOTE, cites="RFC 3168 §6.1.3")
def ecn_ece_stuck(step: Step, event: FlagsSeen, notes: Dialogue) -> Iterator[Facts]:
    """Congestion is echoed on although the answer to it (CWR) has arrived.

    A further mark made beyond this capture point does this as well. Otherwise the sender slows down again and again for one mark.
    """
    peer = notes.half[step.before.peer.side]
    if notes.mode is Ecn.CLASSIC and "E" in event.flags and "S" not in event.flags and peer.cwr is not None and _stuck(step, peer):
        yield Facts(evidence=(peer.cwr.packet.frame,), record=peer.cwr.packet.frame)


@rule(on=FlagsSeen, notes=Dialogue, severity=Severity.WARN, cites="RFC 3168 §6.1.2")
def ecn_cwr_on_rexmit(step: Step, event: FlagsSeen, notes: Dialogue) -> Iterator[Facts]:
    """CWR on a retransmission: it belongs on the first new octets after the sender slowed down."""
    again = step.happened(Retransmitted)
    if notes.mode is Ecn.CLASSIC and "W" in event.flags and isinstance(again, Retransmitted) and not again.new_octets:
        yield Facts(evidence=again.frames)
