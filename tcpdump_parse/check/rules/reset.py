"""Resets: what they answer, and whether the other end may believe them (RFC 9293 §3.5.2, §3.5.3; RFC 5961 §3.2)."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from tcpdump_parse.check.openings import reset_cause, unseen
from tcpdump_parse.check.paths import Paths, ttl_of
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.storms import STORM, Storms
from tcpdump_parse.model import Severity
from tcpdump_parse.model.happenings import ResetSent, StartedLate
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import ResetCause, State


def _in_window(step: Step) -> int | None:
    """How far beyond the other end's next octet the reset lies, while it is in its window; None when not.

    A reset at its sender's own next octet is no guess: what lies between is on its way. Where the log lacks octets, as behind a filter on
    flags, nobody knows which octet is the next.
    """
    peer = step.before.peer
    if step.seq is None or peer.ack is None or peer.wnd is None or step.seq == step.before.me.snd_nxt or unseen(step):
        return None
    ahead = step.seq - peer.ack
    return ahead if 0 < ahead < peer.wnd else None


@rule(
    on=ResetSent,
    severity=Severity.WARN,
    cites="RFC 9293 §3.5.3",
    elsewhere=("tcp.connection.rst", "zeek:RSTO", "zeek:RSTR"),
    quote="The receiver of a RST first validates it, then changes state.",
)
def rst_seen(step: Step, event: ResetSent) -> Iterator[Facts]:
    """A reset: this side ends the connection at once, whatever was on its way.

    `facts.cause` says what the log shows of the reason. Data that was not acknowledged before it is lost. A reset that the other end must
    ignore or question, one that refuses a SYN or an ACK of what its sender never sent, and one of which nothing else is in the log are told
    by rules of their own; a reset that is its sender's first segment is only a note.
    """
    quiet = event.cause in (ResetCause.REPEATED, ResetCause.REFUSED) or step.happened(StartedLate) is not None or event.refuses
    if not quiet and event.acceptable is not False and _in_window(step) is None:
        stranger = not step.before.me.packets  # it answers what it never knew: nothing that the log shows is lost
        yield Facts(cause=str(reset_cause(step, event)), severity=Severity.NOTE if stranger else None)


@rule(
    on=ResetSent,
    notes=Paths,
    needs=Need.BOTH_SIDES | Need.NO_GAP,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.6.1",
    label="SHLD-3",
    quote="its TCP implementation SHOULD send a RST to show that data was lost",
)
def rst_cause_abort(step: Step, event: ResetSent, notes: Paths) -> Iterator[Facts]:
    """The reset answers nothing: the program gave the connection up.

    SO_LINGER with a time of 0, a socket closed with data unread, or a program that ended: the kernel sends RST instead of FIN. A reset with
    another TTL than its end's other segments is none of these (`rst-injected`).
    """
    path = notes.of(step)
    if reset_cause(step, event) is ResetCause.ABORT and (path is None or path.ttl == ttl_of(step.packet)):
        yield Facts()


@rule(
    on=ResetSent,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.6.1",
    label="SHLD-3",
    quote="if new data is received after CLOSE is called, its TCP implementation SHOULD send a RST to show that data was lost",
)
def rst_cause_late_data(step: Step, event: ResetSent) -> Iterator[Facts]:
    """The reset answers data that came after this side had closed: nobody is left to read it."""
    if event.cause is ResetCause.LATE_DATA:
        yield Facts(evidence=event.frames)


@rule(on=ResetSent, severity=Severity.NOTE, cites="RFC 9293 §3.8.3", label="MUST-20")
def rst_cause_timeout(step: Step, event: ResetSent) -> Iterator[Facts]:
    """The reset comes after two or more unanswered keep-alive probes, or after octets sent five times: this side gave up waiting."""
    if event.cause is ResetCause.TIMEOUT:
        yield Facts(evidence=event.frames, unanswered=len(event.frames))


TOLD = (ResetCause.REPEATED, ResetCause.LATE_DATA, ResetCause.TIMEOUT, ResetCause.FOREIGN)


@rule(on=ResetSent, severity=Severity.NOTE, elsewhere=("zeek:RSTO",))
def rst_after_fin(step: Step, event: ResetSent) -> Iterator[Facts]:
    """A reset from the side that had already sent its FIN, instead of completing the close."""
    if step.before.me.fin is not None and event.cause not in TOLD:
        yield Facts()


@rule(
    on=ResetSent,
    needs=Need.ABSOLUTE,
    severity=Severity.WARN,
    cites="RFC 9293 §3.5.3",
    quote="In the SYN-SENT state (a RST received in response to an initial SYN), the RST is acceptable if the ACK field "
    "acknowledges the SYN.",
)
def rst_in_syn_sent(step: Step, event: ResetSent) -> Iterator[Facts]:
    """A reset to a SYN that does not acknowledge it: the other end must ignore it.

    A forged reset looks like this, and one that answers an older connection.
    """
    if step.before.peer.state is State.SYN_SENT and not step.before.me.packets and event.acceptable is False:
        yield Facts()


@rule(on=ResetSent, needs=Need.NO_GAP | Need.BOTH_SIDES, severity=Severity.WARN, cites="RFC 5961 §3.2")
def rst_in_window(step: Step, event: ResetSent) -> Iterator[Facts]:
    """The reset is in the window but not at the next octet: a careful receiver answers with a challenge ACK and goes on.

    Blind forgers hit the window, seldom the exact octet. A reset that overtook data looks the same.
    """
    ahead = _in_window(step)
    if ahead is not None and event.cause is not ResetCause.REPEATED:
        yield Facts(ahead=ahead)


@rule(
    on=ResetSent,
    needs=Need.NO_GAP | Need.BOTH_SIDES,
    severity=Severity.WARN,
    cites="RFC 9293 §3.5.3",
    elsewhere=("suricata:stream.rst_invalid_ack", "suricata:stream.pkt_invalid_ack"),
    quote="A reset is valid if its sequence number is in the window.",
)
def rst_out(step: Step, event: ResetSent) -> Iterator[Facts]:
    """The reset lies outside the window: the other end must ignore it."""
    handshake = step.before.peer.state is State.SYN_SENT
    if event.acceptable is False and not handshake and event.cause is not ResetCause.REPEATED and _in_window(step) is None:
        yield Facts()


@rule(
    on=ResetSent,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.5.3",
    label="SHLD-2",
    elsewhere=("tcp.reset_cause", "suricata:stream.rst_with_data"),
    quote="TCP implementations SHOULD allow a received RST segment to include data (SHLD-2).",
)
def rst_with_data(step: Step, event: ResetSent) -> Iterator[Facts]:
    """The reset carries text: some systems say there why they reset."""
    if step.length:
        yield Facts(octets=step.length)


@rule(on=StartedLate, severity=Severity.NOTE, elsewhere=("suricata:stream.rst_but_no_session", "zeek:spontaneous_RST", "zeek:RSTRH"))
def rst_no_session(step: Step, event: StartedLate) -> Iterator[Facts]:
    """A reset of a connection of which nothing else is in the log: an answer to something not captured, or backscatter."""
    segment = step.packet.tcp
    if segment is not UNSET and segment.flags is not UNSET and "R" in segment.flags:
        yield Facts()


@rule(on=ResetSent, severity=Severity.NOTE)
def rst_window_nonzero(step: Step, event: ResetSent) -> Iterator[Facts]:
    """The reset's window is not zero.

    The window of a reset means nothing. A socket that aborts usually leaves the connection's there (Linux does), some devices write a code
    of their own; where no socket is left, Linux sends 0.
    """
    segment = step.packet.tcp
    if segment is not UNSET and segment.win is not UNSET and segment.win:
        yield Facts(win=segment.win)


@rule(on=ResetSent, severity=Severity.WARN, cites="RFC 1337 §2")
def time_wait_assassination(step: Step, event: ResetSent) -> Iterator[Facts]:
    """A reset hits an end in TIME-WAIT: if it believes it, the wait ends early and old segments may reach a new connection.

    RFC 1337 advises to ignore resets in TIME-WAIT.
    """
    if step.before.peer.state is State.TIME_WAIT and event.acceptable is not False:
        yield Facts()


@rule(on=ResetSent, notes=Storms, severity=Severity.WARN, elsewhere=("zeek:RST_storm",))
def rst_storm(step: Step, event: ResetSent, notes: Storms) -> Iterator[Facts]:
    """A thousand resets of one side, each within a second of the one before."""
    if notes.completed(step, "R"):
        yield Facts(count=STORM)
