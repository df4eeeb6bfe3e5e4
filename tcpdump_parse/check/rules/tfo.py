"""TCP Fast Open: data in the SYN, by a cookie from an earlier connection (RFC 7413)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import UNSET, Struct

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.rules.options import OddOptions, option_of
from tcpdump_parse.model import Severity
from tcpdump_parse.model.happenings import Retransmitted, SynAckSent, SynSent
from tcpdump_parse.model.options import ExpTfo, Tfo
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Cause


class Try(Struct, frozen=True, gc=False):
    """A SYN: does it use Fast Open, and how many octets does it carry?"""

    frame: int
    fast: bool
    octets: int


class Tries(Notes):
    """The opener's first SYN with Fast Open, its latest SYN, and the SYN+ACK that left data of a SYN out."""

    on: ClassVar = (SynSent, SynAckSent)

    def __init__(self) -> None:
        self.fast: Try | None = None
        self.latest: Try | None = None
        self.most = 0  # octets in a SYN
        self.left_out: int | None = None

    def see(self, step: Step, event: SynSent | SynAckSent) -> None:
        if isinstance(event, SynAckSent):
            taken = _taken(step)
            if taken is not None and taken < self.most:
                self.left_out = step.frame
            return
        self.most = max(self.most, step.length)
        cookie = _option(step)
        self.latest = Try(step.frame, cookie is not None, step.length)
        if self.fast is None and cookie is not None:
            self.fast = self.latest


def _option(step: Step) -> Tfo | ExpTfo | None:
    return option_of(step, Tfo) or option_of(step, ExpTfo)


def _cookie(step: Step) -> str:
    """Its digits; "" for none, or a request for one."""
    option = _option(step)
    return "" if option is None or option.cookie is UNSET else option.cookie


def _taken(step: Step) -> int | None:
    """Octets of the SYN that this SYN+ACK acknowledges."""
    iss = step.before.peer.iss
    return None if step.ack is None or iss is None else step.ack - iss - 1


# ---- asking ----


@rule(on=SynSent, severity=Severity.NOTE, cites="RFC 7413 §4.1.1", elsewhere=("tcp.options.tfo.request",))
def tfo_request(step: Step, event: SynSent) -> Iterator[Facts]:
    """The SYN asks for a Fast Open cookie: a later connection may then send data in its SYN."""
    option = _option(step)
    if event.copy == 1 and option is not None and option.request is True:
        yield Facts()


@rule(on=SynSent, severity=Severity.NOTE, cites="RFC 7413 §4.2.1", elsewhere=("tcp.analysis.tfo_syn",))
def tfo_cookie_syn(step: Step, event: SynSent) -> Iterator[Facts]:
    """The SYN shows a cookie that this server gave before, so that its data may be used at once."""
    if event.copy == 1 and (cookie := _cookie(step)):
        yield Facts(cookie=cookie, octets=step.length)


@rule(on=OddOptions, severity=Severity.ERROR, cites="RFC 7413 §4.1.1", elsewhere=("zeek:tcp_option_tfo_invalid_len",))
def tfo_cookie_len(step: Step, event: OddOptions) -> Iterator[Facts]:
    """A Fast Open cookie of a length that does not exist: it has 4 to 16 octets, an even number of them."""
    option = _option(step)
    if option is not None and option.invalid is not UNSET:
        yield Facts()


@rule(on=SynSent, severity=Severity.NOTE, cites="RFC 7413 §4.1.1", elsewhere=("packetdrill:fallback-exp-opt",))
def tfo_exp_fallback(step: Step, event: SynSent) -> Iterator[Facts]:
    """Fast Open by its experimental option (kind 254, 0xf989), from before it had its own kind."""
    if event.copy == 1 and isinstance(_option(step), ExpTfo):
        yield Facts()


# ---- answers ----


def _answered(step: Step, event: SynAckSent, notes: Tries) -> tuple[Try, int] | None:
    """The SYN with data by Fast Open that this SYN+ACK answers, and how much of it is acknowledged."""
    taken, sent = _taken(step), notes.latest
    if event.copy > 1 or taken is None or sent is None or not sent.fast or not sent.octets:
        return None
    return sent, taken


@rule(on=SynAckSent, notes=Tries, severity=Severity.NOTE, cites="RFC 7413 §4.2.2", elsewhere=("tcp.analysis.tfo_ack",))
def tfo_accepted(step: Step, event: SynAckSent, notes: Tries) -> Iterator[Facts]:
    """The SYN+ACK acknowledges the data of the SYN: Fast Open saved a round trip."""
    found = _answered(step, event, notes)
    if found is not None and found[1] == found[0].octets:
        yield Facts(evidence=(found[0].frame,), octets=found[1])


@rule(on=SynAckSent, notes=Tries, severity=Severity.NOTE, cites="RFC 7413 §4.2.2", elsewhere=("packetdrill:syn-data-partial-or-over-ack",))
def tfo_partial(step: Step, event: SynAckSent, notes: Tries) -> Iterator[Facts]:
    """The SYN+ACK acknowledges a part of the SYN's data; the rest is to be sent again."""
    found = _answered(step, event, notes)
    if found is not None and 0 < found[1] < found[0].octets:
        yield Facts(evidence=(found[0].frame,), octets=found[1], sent=found[0].octets)


@rule(
    on=SynAckSent,
    notes=Tries,
    severity=Severity.NOTE,
    cites="RFC 7413 §4.2.2",
    elsewhere=("tcp.analysis.tfo_ignored", "suricata:stream.3whs_synack_tfo_data_ignored"),
)
def tfo_ignored(step: Step, event: SynAckSent, notes: Tries) -> Iterator[Facts]:
    """The SYN+ACK acknowledges the SYN alone: its data is to be sent again.

    The server does not know the cookie any more, has Fast Open off or too many such openings at once.
    """
    found = _answered(step, event, notes)
    if found is not None and found[1] == 0:
        yield Facts(evidence=(found[0].frame,), octets=found[0].octets)


@rule(on=Retransmitted, notes=Tries, severity=Severity.NOTE, cites="RFC 7413 §4.2.1", elsewhere=("packetdrill:syn-data-timeout",))
def tfo_rexmit_data(step: Step, event: Retransmitted, notes: Tries) -> Iterator[Facts]:
    """The data that the SYN carried is sent again after the handshake: no loss, the server had left it out."""
    if event.cause is Cause.LEFT_OUT and step.length and notes.left_out is not None:
        yield Facts(evidence=(notes.left_out,), octets=event.end - event.start)


@rule(on=SynAckSent, notes=Tries, needs=Need.BOTH_SIDES, severity=Severity.WARN, cites="RFC 7413 §4.1.3")
def tfo_blackhole(step: Step, event: SynAckSent, notes: Tries) -> Iterator[Facts]:
    """The SYN with Fast Open got no answer, the plain one did.

    Something on the way may drop SYNs that carry data or unknown options; the loss of one SYN looks the same. Stacks that see this often
    turn Fast Open off.
    """
    fast, latest = notes.fast, notes.latest
    if event.copy == 1 and fast is not None and latest is not None and not latest.fast and not latest.octets:
        yield Facts(evidence=(fast.frame, latest.frame))
