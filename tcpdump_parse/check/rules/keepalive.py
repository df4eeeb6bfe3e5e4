"""Keep-alives: a probe one octet below the next on an idle connection, and its answer (RFC 9293 §3.8.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.model import Severity
from tcpdump_parse.model.happenings import Idle, KeepAlive, KeepAliveAck, OldAck, ResetSent
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.model.terms import ResetCause

SECOND = 1_000_000_000
TWO_HOURS = 7200 * SECOND


def _seconds(ns: int | None) -> float | None:
    return None if ns is None else ns / SECOND


@rule(
    on=KeepAlive,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8.4",
    elsewhere=("tcp.analysis.keep_alive", "suricata:STREAM_PKT_FLAG_KEEPALIVE"),
    quote="To confirm that an idle connection is still active, these implementations send a probe segment designed to elicit a response "
    "from the TCP peer.",
)
def keepalive_probe(step: Step, event: KeepAlive) -> Iterator[Facts]:
    """A keep-alive probe: is the other end still there?

    One below the next sequence number, nothing outstanding. It is no retransmission. A probe of a closed window looks the same but for
    the window.
    """
    yield Facts(n=event.n, idle_s=_seconds(event.idle))


@rule(on=KeepAliveAck, severity=Severity.NOTE, cites="RFC 9293 §3.8.4", elsewhere=("tcp.analysis.keep_alive_ack",))
def keepalive_ack(step: Step, event: KeepAliveAck) -> Iterator[Facts]:
    """The answer to a keep-alive probe: this end is there and knows the connection."""
    yield Facts(evidence=event.frames, delay_s=_seconds(event.delay))


@rule(
    on=KeepAlive,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8.4",
    label="SHLD-12",
    quote="An implementation SHOULD send a keep-alive segment with no data (SHLD-12)",
)
def keepalive_garbage(step: Step, event: KeepAlive) -> Iterator[Facts]:
    """The keep-alive probe carries one octet: an old form, allowed for peers that ignore empty ones. The octet is no data."""
    if event.octets == 1:
        yield Facts()


@rule(
    on=KeepAlive,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8.4",
    label="MUST-28",
    quote="This interval MUST be configurable (MUST-27) and MUST default to no less than two hours (MUST-28).",
)
def keepalive_too_soon(step: Step, event: KeepAlive) -> Iterator[Facts]:
    """The keep-alive interval is shorter than the default of two hours: somebody set it (TCP_KEEPIDLE, or the system's default)."""
    if event.n == 1 and event.idle is not None and event.idle < TWO_HOURS:
        yield Facts(idle_s=_seconds(event.idle))


@rule(
    on=Idle,
    needs=Need.BOTH_SIDES | Need.NO_GAP,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.8.4",
    label="MUST-26",
    quote="Keep-alive packets MUST only be sent when no sent data is outstanding, and no data or acknowledgment packets have been received "
    "for the connection within an interval (MUST-26).",
)
def keepalive_outstanding(step: Step, event: Idle) -> Iterator[Facts]:
    """A keep-alive probe although octets are not acknowledged: the retransmission timer is there for those.

    One below the next sequence number, no octets, after a pause, while the other end's window is open.
    """
    me, peer = step.before.me, step.before.peer
    if step.length or step.seq is None or me.snd_nxt is None or me.snd_una is None or me.fin is not None or not peer.win:
        return
    if step.seq == step.end == me.snd_nxt - 1 and me.snd_una < step.seq and step.happened(OldAck) is None:
        yield Facts(octets=me.snd_nxt - me.snd_una, idle_s=_seconds(event.gap))


DEAD = 3
"""This many probes without an answer, and then no more or a reset."""


class Unanswered(Notes):
    """Probes of each side since the last answer, in order; at most 16."""

    on: ClassVar = (KeepAlive, KeepAliveAck)

    def __init__(self) -> None:
        self.probes: dict[str, list[int]] = {}

    def see(self, step: Step, event: KeepAlive | KeepAliveAck) -> None:
        if isinstance(event, KeepAliveAck):
            self.probes.pop(str(step.side.other), None)
            return
        probes = self.probes.setdefault(str(step.side), [])
        if event.n == 1:
            probes.clear()
        if len(probes) < 16:
            probes.append(step.frame)


@rule(
    on=(ResetSent, Ending),
    notes=Unanswered,
    needs=Need.BOTH_SIDES,
    severity=Severity.WARN,
    cites="RFC 9293 §3.8.4",
    label="MUST-29",
    quote="it MUST NOT interpret failure to respond to any specific probe as a dead connection",
)
def keepalive_dead(source: Step | Ending, *more: Any) -> Iterator[Facts]:
    """Keep-alive probes were not answered: the other end, or the way to it, is gone.

    One unanswered probe proves nothing; several in a row do not leave much else. A capture of one direction looks the same.
    """
    notes: Unanswered = more[-1]
    if isinstance(source, Step):
        if more[0].cause is ResetCause.TIMEOUT and (probes := notes.probes.get(str(source.side))):
            yield Facts(evidence=tuple(probes), probes=len(probes))
        return
    if not source.flow.conn_state.startswith("R"):
        for side, probes in notes.probes.items():
            if len(probes) >= DEAD:
                yield Facts(frame=probes[-1], side=side, evidence=tuple(probes[:-1]), probes=len(probes))
