"""Segments that are not simply the next one: sent again, late, or there twice. Each odd segment gets exactly one finding here.

`facts.kind` is `rexmit`, `reordered` or `copy`; for `rexmit`, `facts.needed` (absent when the log cannot tell), `facts.cause` and the
proof of both. A retransmission is reported when what it was is decided: at its own frame, at the frame that proves it, or at the end.
However, data that the answer to its SYN left out is sent again without any loss: `tfo-rexmit-data` of the family `tfo`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.openings import no_copy
from tcpdump_parse.check.rule import Facts, rule
from tcpdump_parse.check.signs import letters
from tcpdump_parse.model import Severity
from tcpdump_parse.model.happenings import Copied, Judged, Reordered, Retransmitted
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.model.terms import Cause, Where

SECOND = 1_000_000_000


class SentAgain(Notes):
    """Retransmissions that nothing has decided yet, by frame."""

    on: ClassVar = (Retransmitted, Judged)

    def __init__(self) -> None:
        self.waiting: dict[int, tuple[Retransmitted, dict[str, Any]]] = {}  # and what was sent

    def see(self, step: Step | Ending, event: Retransmitted | Judged) -> None:
        if isinstance(event, Judged):
            self.waiting.pop(event.frame, None)
        elif event.needed is None and isinstance(step, Step) and not no_copy(step):
            self.waiting[step.frame] = event, _what(step, event)


def _what(step: Step, event: Retransmitted) -> dict[str, Any]:
    """How many octets of data were sent again, without what is new; `syn` or `fin` where it was that alone, which takes a number and is no
    octet."""
    me = step.after.me
    syn = "S" in letters(step) and me.iss is not None and event.start <= me.iss < event.end
    fin = me.fin is not None and event.start <= me.fin < event.end
    octets = event.end - event.start - syn - fin - (event.new_octets if event.copies > 1 else 0)
    alone = {} if octets else {name: True for name, sent in (("syn", syn), ("fin", fin)) if sent}
    return {"octets": octets, **alone}


def _facts(event: Retransmitted, what: dict[str, Any], needed: bool | None, cause: Cause, **more: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": "rexmit", "cause": str(cause), **what, "copies": event.copies}
    if needed is not None:
        facts["needed"] = needed
    if event.since_first is not None:
        facts["since_first_s"] = event.since_first / SECOND
    if event.new_octets:
        facts["new_octets"] = event.new_octets
    return {**facts, **more}


def _decided(source: Step | Ending, event: Retransmitted | Judged, notes: SentAgain) -> tuple[bool | None, Facts] | None:
    """Whether it was needed, and the finding of a retransmission, once that is decided."""
    if isinstance(event, Retransmitted):
        if event.needed is None or not isinstance(source, Step) or no_copy(source):
            return None
        facts = _facts(event, _what(source, event), event.needed, event.cause, proof=str(event.proof))
        return event.needed, Facts(evidence=event.frames, **facts)
    if event.frame not in notes.waiting:
        return None
    sent, what = notes.waiting[event.frame]
    facts = _facts(sent, what, event.needed, event.cause, proof=str(event.proof))
    evidence = tuple(dict.fromkeys((*sent.frames, *event.frames)))
    return event.needed, Facts(frame=event.frame, side=str(event.side), evidence=evidence, **facts)


def _caused(source: Step | Ending, event: Retransmitted | Judged, notes: SentAgain, cause: Cause) -> Iterator[Facts]:
    """Sent again for this cause, and not shown to be needless."""
    decided = _decided(source, event, notes) if event.cause is cause else None
    if decided is not None and decided[0] is not False:
        yield decided[1]


AGAIN = (Retransmitted, Judged)


@rule(
    on=AGAIN,
    notes=SentAgain,
    severity=Severity.WARN,
    cites="RFC 6298 §5.4",
    quote="Retransmit the earliest segment that has not been acknowledged by the TCP receiver.",
    elsewhere=("tcp.analysis.retransmission", "tcp.analysis.rto", "tcp.analysis.rto_frame", "tcptrace:rexmt data pkts", "zeek:T"),
)
def rexmit_rto(source: Step | Ending, event: Retransmitted | Judged, notes: SentAgain) -> Iterator[Facts]:
    """Sent again because a timer ran out.

    No ACK came for at least a timer's length, so the sender went back: a stall that a user feels. The octets, or their ACKs, were lost.
    A timer that fires although nothing was lost is `rexmit-spurious`. Mostly it is the retransmission timer; however, the tail loss probe
    of a single segment waits about as long and looks the same (RFC 8985 §7.2).
    """
    yield from _caused(source, event, notes, Cause.TIMEOUT)


@rule(
    on=AGAIN,
    notes=SentAgain,
    severity=Severity.NOTE,
    cites="RFC 5681 §3.2",
    quote="The fast retransmit algorithm uses the arrival of 3 duplicate ACKs",
    elsewhere=("tcp.analysis.fast_retransmission", "tcptrace:triple dupacks"),
)
def rexmit_fast(source: Step | Ending, event: Retransmitted | Judged, notes: SentAgain) -> Iterator[Facts]:
    """Sent again because duplicate ACKs or SACK showed the loss.

    The receiver kept telling that something above a hole arrived; the sender repaired it without waiting for its timer.
    """
    yield from _caused(source, event, notes, Cause.FAST)


@rule(
    on=AGAIN,
    notes=SentAgain,
    severity=Severity.NOTE,
    cites="RFC 6675 §4",
    elsewhere=("tcp.analysis.retransmission", "tcp.analysis.out_of_order"),
)
def rexmit_sack_hole(source: Step | Ending, event: Retransmitted | Judged, notes: SentAgain) -> Iterator[Facts]:
    """A further hole repaired below what was selectively acknowledged.

    One recovery often mends several holes; each is sent once, in order, without a timer.
    """
    yield from _caused(source, event, notes, Cause.SACK_HOLE)


@rule(on=AGAIN, notes=SentAgain, severity=Severity.NOTE, cites="RFC 8985 §7", elsewhere=("tcp.analysis.retransmission",))
def rexmit_tlp(source: Step | Ending, event: Retransmitted | Judged, notes: SentAgain) -> Iterator[Facts]:
    """The last segment sent again as a tail loss probe.

    At the end of a burst no duplicate ACK can show a loss; after about two round trips the sender sends its last segment once more to
    provoke an ACK, sooner than its timer would.
    """
    yield from _caused(source, event, notes, Cause.TAIL_PROBE)


@rule(
    on=AGAIN,
    notes=SentAgain,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8",
    quote="Because segments may be lost due to errors (checksum test failure) or network congestion, TCP uses retransmission to ensure "
    "delivery of every segment.",
    elsewhere=("tcp.analysis.retransmission", "suricata:stream.pkt_retransmission"),
)
def rexmit(source: Step | Ending, event: Retransmitted | Judged, notes: SentAgain) -> Iterator[Facts]:
    """Octets sent again; the log does not show what made the sender do it.

    Neither a timer's length, nor duplicate ACKs, nor a selective acknowledgement stands before it.
    """
    yield from _caused(source, event, notes, Cause.UNKNOWN)


@rule(
    on=AGAIN,
    notes=SentAgain,
    severity=Severity.WARN,
    cites="RFC 5682 §1",
    elsewhere=("tcp.analysis.spurious_retransmission", "suricata:stream.pkt_spurious_retransmission", "tcptrace:dsack"),
)
def rexmit_spurious(source: Step | Ending, event: Retransmitted | Judged, notes: SentAgain) -> Iterator[Facts]:
    """Sent again although the receiver had it.

    `facts.proof` names the proof: an ACK or SACK before it, a D-SACK after it, its late original, or an echoed timestamp. A delay spike or
    lost ACKs do this; the cost is the octets, and a sender that slows down for nothing.
    """
    decided = _decided(source, event, notes)
    if decided is not None and decided[0] is False:
        yield decided[1]


@rule(on=Reordered, severity=Severity.NOTE, cites="RFC 4737 §3.3", elsewhere=("tcp.analysis.out_of_order", "tcptrace:outoforder pkts"))
def reorder(step: Step, event: Reordered) -> Iterator[Facts]:
    """A late original: segments sent after it arrived here first.

    It was sent once. `facts.proof` says what shows that: the sender's IP ids, its timestamps, or, weakest, the time against the round trip.
    """
    facts: dict[str, Any] = {"kind": "reordered", "octets": event.end - event.start, "proof": str(event.proof)}
    if event.late_by is not None:
        facts["late_by_s"] = event.late_by / SECOND
    yield Facts(evidence=event.frames, **facts)


@rule(on=Copied, severity=Severity.NOTE, cites="RFC 9293 §3.4", elsewhere=("tcp.analysis.retransmission", "tcptrace:hardware dups"))
def copy(step: Step, event: Copied) -> Iterator[Facts]:
    """The very same packet once more: copied in the network, or recorded twice.

    No sender does this: the IP id or the timestamps are those of its twin, and no timer is this short. Mirror ports, bridges and `-i any`
    record a packet twice; loops in the network copy it.
    """
    facts: dict[str, Any] = {
        "kind": "copy",
        "where": str(event.where),
        "proof": str(event.proof),
        "recorded_twice": event.where is Where.CAPTURE,
    }
    if event.after is not None:
        facts["after_s"] = event.after / SECOND
    yield Facts(evidence=event.frames, **facts)
