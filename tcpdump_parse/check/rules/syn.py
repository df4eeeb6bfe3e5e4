"""The SYN: sent again, changed, carrying data, flooding, refused, never answered; and the numbers it starts with (RFC 9293 §3.4.1, §3.5).

What answers it is the family `handshake`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, ClassVar

from msgspec import UNSET

from tcpdump_parse.check.notes import CaptureNotes
from tcpdump_parse.check.openings import Incarnations, Latest, Opening, ports, remember, twin, unseen
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.model import Severity, TcpOption
from tcpdump_parse.model.happenings import FinSent, PortReused, ResetSent, SynAckSent, SynSent
from tcpdump_parse.model.options import ExpTfo, Mss, Tfo, Wscale
from tcpdump_parse.model.steps import End, Ending, Step
from tcpdump_parse.model.terms import ResetCause, Side, State
from tcpdump_parse.seq import CIRCLE, roll
from tcpdump_parse.track.segment import name_of

SECOND = 1_000_000_000
THREE_MINUTES = 180 * SECOND


@rule(
    on=SynSent,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.5",
    elsewhere=("tcp.connection.syn", "zeek:S", "tcptrace:SYN pkts sent"),
    positions=("isn",),
)
def syn_seen(step: Step, event: SynSent) -> Iterator[Facts]:
    """A connection attempt: the first SYN between these ports."""
    if event.copy == 1 and not event.crossed:
        yield Facts(isn=roll(event.iss))


# ---- again ----


@rule(
    on=SynSent,
    notes=Opening,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8.3",
    elsewhere=("tcp.analysis.retransmission", "tcptrace:SYN pkts sent"),
)
def syn_retransmit(step: Step, event: SynSent, notes: Opening) -> Iterator[Facts]:
    """The same SYN again: nothing has answered so far.

    The SYN or its answer was lost, the server drops what it cannot take, or a firewall swallows it. Where the connection that has these
    ports answered it with an ACK (`challenge-ack`), that is what the opener waits to be rid of (`facts.challenged`).
    """
    if event.copy > 1 and not step.before.peer.seen and not (notes.syns and twin(notes.syns[-1], step)):
        waited: dict[str, Any] = {} if event.since_first is None else {"since_first_s": event.since_first / SECOND}
        challenge = () if event.challenged is None else (event.challenged,)
        yield Facts(evidence=(*event.frames, *challenge), copy=event.copy, challenged=bool(challenge) or None, **waited)


def _gaps(step: Step, notes: Opening) -> list[int]:
    """The pauses between this end's SYNs, this one the last."""
    times = [syn.at for syn in notes.syns if syn.side is step.side and syn.at is not None]
    return [] if step.at is None else [later - earlier for earlier, later in pairwise([*times, step.at])]


@rule(
    on=SynSent,
    notes=Opening,
    needs=Need.TIME,
    severity=Severity.WARN,
    cites="RFC 9293 §3.8.2",
    label="MUST-19",
    quote="A TCP endpoint MUST implement the basic congestion control algorithms slow start, congestion avoidance, and exponential backoff "
    "of RTO to avoid creating congestion collapse conditions",
)
def syn_backoff(step: Step, event: SynSent, notes: Opening) -> Iterator[Facts]:
    """SYNs are repeated without waiting longer each time.

    The pauses should double, from at least one second. A few even pauses of a second first are how Linux since 6.5 and macOS begin; that is
    told as a note. Faster than that, a hand-made SYN generator is at work, or a timer is broken.
    """
    gaps = _gaps(step, notes)
    if len(gaps) >= 2 and _flat(gaps) and not _flat(gaps[:-1]):
        linear = len(gaps) <= 5 and all(gap >= SECOND * 9 // 10 for gap in gaps)
        severity = Severity.NOTE if linear else None
        yield Facts(evidence=event.frames, severity=severity, gap_s=gaps[-1] / SECOND, before_s=gaps[-2] / SECOND)


def _flat(gaps: list[int]) -> bool:
    """Does a pause fail to grow by half?"""
    return any(2 * later < 3 * earlier for earlier, later in pairwise(gaps))


def _only_syns(end: End) -> bool:
    return end.offered is not None and end.ack is None and end.fin is None and end.state is State.SYN_SENT


def _syns(ending: Ending) -> int:
    """How often the opener, which sent nothing else, sent its SYN: what was recorded once more was sent once."""
    return ending.flow.client.syn_pkts_sent - ending.flow.client.copied


@rule(
    on=Ending,
    notes=Latest,
    needs=Need.TIME,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8.3",
    label="MUST-23",
    quote="R2 for a SYN segment MUST be set large enough to provide retransmission of the segment for at least 3 minutes",
)
def syn_giveup_early(ending: Ending, notes: Latest) -> Iterator[Facts]:
    """The attempt was given up in less than three minutes.

    The program may do so; a stack on its own should go on longer. Linux by default stops after about two minutes.
    """
    client, duration, syns = ending.client, ending.flow.duration, _syns(ending)
    again = syns > 1 and not ending.server.seen and _only_syns(client)
    if not again or duration is UNSET or client.at is None or notes.last is None:
        return
    tried = round(duration * SECOND)
    if tried * 3 < THREE_MINUTES and notes.last - client.at > 2 * tried + SECOND:
        yield Facts(side="client", tried_s=duration, syns=syns)


@rule(
    on=PortReused,
    notes=Incarnations,
    severity=Severity.WARN,
    cites="RFC 9293 §3.4.1",
    elsewhere=("zeek:SYN_seq_jump", "suricata:stream.3whs_syn_resend_diff_seq_on_syn_recv", "tcptrace:rexmitted SYN had diff. seqnum"),
    positions=("isn", "was"),
)
def syn_seq_jump(step: Step, event: PortReused, notes: Incarnations) -> Iterator[Facts]:
    """A SYN with another initial sequence number while the first attempt is still open.

    A stack repeats its SYN unchanged. Two programs or two hosts behind one address share the ports, the host restarted, or a scanner
    makes the SYNs.
    """
    old = notes.known.get(event.previous)
    if old is None or not _only_syns(old.client) or old.server.seen or old.client.iss is None or step.seq is None:
        return
    if step.at is None or old.client.at is None or step.at - old.client.at < THREE_MINUTES:
        yield Facts(evidence=event.frames, isn=roll(step.seq), was=roll(old.client.iss))


def _shape(options: tuple[TcpOption, ...]) -> str:
    """The options as words, with the values a stack does not change from one copy to the next."""
    words = []
    for option in options:
        value = f" {option.value}" if type(option) is Mss else f" {option.shift}" if type(option) is Wscale else ""
        words.append(name_of(option) + value)
    return ",".join(words)


def _ecn(flags: str) -> str:
    return "".join(letter for letter in flags if letter in "EWe")


@rule(on=SynSent, notes=Opening, severity=Severity.NOTE, cites="RFC 3168 §6.1.1.1")
def syn_options_changed(step: Step, event: SynSent, notes: Opening) -> Iterator[Facts]:
    """The SYN is sent again with other options or flags.

    A stack does this on purpose: something on the way may drop SYNs that ask for ECN, Fast Open or timestamps. Something on the way may
    also have changed them.
    """
    first = next((syn for syn in notes.syns if syn.side is step.side), None)
    tcp = step.packet.tcp
    if first is None or tcp is UNSET or tcp.flags is UNSET or event.copy == 1 or twin(notes.syns[-1], step):
        return
    was, now = (_shape(first.options), _ecn(first.flags)), (_shape(tcp.options), _ecn(tcp.flags))
    if was != now:
        yield Facts(evidence=(first.frame,), copy=event.copy, was=" ".join(was).strip(), now=" ".join(now).strip())


# ---- data in it ----


def _fast_open(step: Step) -> bool:
    tcp = step.packet.tcp
    return tcp is not UNSET and any(type(option) in (Tfo, ExpTfo) for option in tcp.options)


@rule(on=SynSent, severity=Severity.NOTE, cites="RFC 9293 §3.10.7.3", elsewhere=("zeek:SYN_with_data",))
def syn_with_data(step: Step, event: SynSent) -> Iterator[Facts]:
    """The SYN carries data.

    Legal; with a Fast Open cookie the server may use it at once, without one it is kept until the handshake is done, or dropped.
    """
    if step.length:
        yield Facts(octets=step.length, fast_open=_fast_open(step))


@rule(on=SynSent, severity=Severity.WARN, cites="RFC 7413 §4.1")
def syn_with_data_no_tfo(step: Step, event: SynSent) -> Iterator[Facts]:
    """The SYN carries data without the Fast Open option.

    Hardly any stack sends this; scanners, floods and covert channels do.
    """
    if step.length and not _fast_open(step):
        yield Facts(octets=step.length)


@rule(on=SynAckSent, severity=Severity.NOTE, cites="RFC 7413 §2", elsewhere=("zeek:SYN_with_data",))
def synack_with_data(step: Step, event: SynAckSent) -> Iterator[Facts]:
    """The SYN+ACK carries data: the server answers before the handshake is done, as after Fast Open."""
    if step.length:
        yield Facts(octets=step.length)


# ---- where none belongs ----

SYNS, SYNACKS = 10, 5
"""Suricata's defaults: so many different SYNs, SYN+ACKs between the same ports are no flood yet."""


@rule(
    on=(PortReused, SynAckSent),
    notes=Incarnations,
    severity=Severity.WARN,
    cites="RFC 4987 §2",
    elsewhere=("suricata:stream.3whs_syn_flood", "suricata:stream.3whs_synack_flood"),
)
def syn_flood_one_flow(step: Step, event: PortReused | SynAckSent, notes: Incarnations) -> Iterator[Facts]:
    """Many different SYNs, or SYN+ACKs, between the same two ports.

    Each starts another connection and none is finished: made by hand, to fill the tables of the other end or of a monitor.
    """
    if isinstance(event, PortReused):
        isns, limit = notes.tried.get(ports(step), set()), SYNS
        new = None if step.seq is None else roll(step.seq)
    else:
        isns, limit, new = notes.answered.get(step.connection.conn, set()), SYNACKS - 1, roll(event.iss)
    if len(isns) == limit and new not in isns:
        yield Facts(different=len(isns) + (1 if isinstance(event, PortReused) else 2))


@rule(
    on=(PortReused, SynSent),
    notes=Incarnations,
    severity=Severity.WARN,
    cites="RFC 5961 §4.2",
    elsewhere=(
        "zeek:SYN_inside_connection",
        "zeek:active_connection_reuse",
        "suricata:stream.est_syn_resend",
        "suricata:stream.est_syn_resend_diff_seq",
    ),
)
def syn_in_established(step: Step, event: PortReused | SynSent, notes: Incarnations) -> Iterator[Facts]:
    """A SYN inside an open connection.

    The host restarted and forgot the connection, a late copy of the first SYN came through, or somebody tries to break it off. The other
    end should answer with an ACK and nothing else (challenge ACK).
    """
    if isinstance(event, PortReused):
        old = notes.known.get(event.previous)
        if old is not None and _open(old.client) and _open(old.server):
            yield Facts(same_isn=False)
    elif event.copy > 1 and _open(step.before.me) and _open(step.before.peer) and step.before.me.ack is not None:
        yield Facts(evidence=event.frames[:1], same_isn=True)


def _open(end: End) -> bool:
    return end.state is State.ESTABLISHED


@rule(on=PortReused, notes=Incarnations, severity=Severity.NOTE, elsewhere=("zeek:SYN_after_partial",))
def syn_after_partial(step: Step, event: PortReused, notes: Incarnations) -> Iterator[Facts]:
    """A SYN after segments of the same side whose own SYN is not in the log.

    The ports are used again, and the log shows neither how the connection before began nor how it ended.
    """
    old = notes.known.get(event.previous)
    if old is None and event.frames:
        yield Facts()


# ---- no success ----


@rule(
    on=ResetSent,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.5.2",
    quote="A SYN segment that does not match an existing connection is rejected by this means.",
    elsewhere=("zeek:REJ", "zeek:connection_rejected"),
)
def syn_refused(step: Step, event: ResetSent) -> Iterator[Facts]:
    """The connection is refused: a RST answers the SYN.

    Nobody listens on that port, or a firewall says so in the server's name.
    """
    if event.cause is ResetCause.REFUSED and event.acceptable:
        yield Facts(evidence=event.frames)


@rule(on=Ending, notes=Latest, severity=Severity.WARN, elsewhere=("zeek:S0", "zeek:connection_attempt", "tcp.completeness.syn"))
def syn_unanswered(ending: Ending, notes: Latest) -> Iterator[Facts]:
    """Nothing ever answered the SYN.

    The host is down, a firewall drops silently, the way is broken, or the answers take a way that this capture does not see. A SYN inside
    an open connection is answered by that one (`challenge-ack`).
    """
    client, syns = ending.client, _syns(ending)
    if ending.server.seen or ending.challenged or not _only_syns(client):
        return
    waited = notes.last is not None and client.at is not None and notes.last - client.at > SECOND
    if syns > 1 or waited:
        yield Facts(side="client", syns=syns)


@rule(on=ResetSent, severity=Severity.NOTE, elsewhere=("zeek:RSTOS0", "zeek:RSTO"))
def syn_then_rst_by_client(step: Step, event: ResetSent) -> Iterator[Facts]:
    """The opener breaks off its own attempt with a RST, before the third step.

    It gave up waiting, or it only wanted to know whether the port is open (half-open scan). A reset that refuses an answer to another SYN
    breaks nothing off (`synack-old-duplicate`, `half-open`).
    """
    me, peer = step.before.me, step.before.peer
    if event.refuses or unseen(step) or step.seq is None or me.snd_nxt is None or step.seq > me.snd_nxt:
        return
    if step.side is Side.CLIENT and me.offered is not None and me.ack is None and peer.fin is None and event.acceptable is not False:
        yield Facts(evidence=(me.frame,), answered=peer.offered is not None)


@rule(on=FinSent, severity=Severity.WARN, elsewhere=("zeek:SH", "zeek:inappropriate_FIN"))
def syn_then_fin(step: Step, event: FinSent) -> Iterator[Facts]:
    """A SYN, then a FIN, and no SYN+ACK between them.

    No stack closes what was never open. A scan does this, or the capture missed the answer.
    """
    me = step.before.me
    if me.offered is not None and me.iss is not None and me.snd_nxt == me.iss + 1 and me.ack is None and step.before.peer.offered is None:
        yield Facts(evidence=(me.frame,))


# ---- initial sequence numbers ----

TWO_HOURS = 7200 * SECOND  # the 4 µs clock passes half the circle in 2 h 23 min


@rule(
    on=PortReused,
    notes=Incarnations,
    needs=Need.TIME,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.4.1",
    label="MUST-8",
    quote='A TCP implementation MUST use the above type of "clock"',
)
def iss_clock(step: Step, event: PortReused, notes: Incarnations) -> Iterator[Facts]:
    """The new initial sequence number is below what the last connection between these ports used.

    A clock-driven ISN would be above it. Random ISNs, a restarted host, or another host behind the same address do this.
    """
    old = notes.known.get(event.previous)
    if event.legal is not False or old is None or old.client.ack is None or step.at is None or old.client.at is None:
        return
    if 0 <= step.at - old.client.at < TWO_HOURS:
        yield Facts()


class Isns(CaptureNotes):
    """The latest ISNs of each host: (ISN, step from the one before, the two frames)."""

    on: ClassVar = (SynSent,)

    def __init__(self) -> None:
        self.last: dict[str, tuple[int, int | None, tuple[int, ...]]] = {}

    def see(self, step: Step, event: SynSent) -> None:
        if event.copy > 1:
            return
        host, isn = step.connection.addr(step.side), roll(event.iss)
        last = self.last.get(host)
        delta, frames = (None, ()) if last is None else ((isn - last[0]) % CIRCLE, last[2][-1:])
        remember(self.last, host, (isn, delta, (*frames, step.frame)))


@rule(on=SynSent, notes=Isns, severity=Severity.WARN, cites="RFC 6528 §1", elsewhere=("nmap:predictable ISN",))
def iss_predictable(step: Step, event: SynSent, notes: Isns) -> Iterator[Facts]:
    """Initial sequence numbers of one host follow a constant step.

    Whoever can guess the next one can speak in that host's name. Old stacks did this; scanners that use one number for all do it too.
    """
    last = notes.last.get(step.connection.addr(step.side))
    if event.copy == 1 and last is not None and last[1] is not None and (roll(event.iss) - last[0]) % CIRCLE == last[1]:
        yield Facts(evidence=last[2], by=last[1])
