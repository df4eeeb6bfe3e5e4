"""Segments that are most likely not of the end they name, and segments meant to fool an observer.

Each finding says what the log shows (another TTL, another content, a number out of place) and stays a suspicion: the log names no culprit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from msgspec import UNSET

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.paths import Path, Paths, hops, ttl_of
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.rules.checksum import Damaged
from tcpdump_parse.check.rules.ip import OddIp, bgp
from tcpdump_parse.check.screen import LOW
from tcpdump_parse.check.signs import FlagsSeen
from tcpdump_parse.model import Severity
from tcpdump_parse.model.happenings import ChecksumUnexplained, ChecksumWrong, ContentDiffers, ResetSent, Retransmitted, SackSeen
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.model.terms import SIDES, ResetCause, Side, State

SECOND: Final = 1_000_000_000
AT_ONCE: Final = SECOND // 5
"""No retransmission timer is shorter than this (RFC 6298 asks for a second, Linux takes 200 ms)."""


def _ends(ending: Ending, notes: Paths) -> Iterator[tuple[Side, Path]]:
    for side in SIDES:
        path = notes.open.get((ending.connection.conn, side))
        if path is not None:
            yield side, path


# ---- injected ----


@rule(on=Ending, notes=Paths, severity=Severity.WARN, elsewhere=("suricata:stream.suspected_rst_inject",))
def rst_injected(ending: Ending, notes: Paths) -> Iterator[Facts]:
    """The reset is most likely not of the end whose address it bears.

    Its TTL is not the one of that end's other segments, or that end goes on as if it had sent none. Firewalls and censors send such resets;
    a host whose kernel resets with another TTL than its sockets use is rare.
    """
    for side, path in _ends(ending, notes):
        reset = path.reset
        if reset is None or path.packets - len(path.after_reset) < 2:
            continue
        other = reset.now != reset.was
        if other or len(path.after_reset) == 2:
            yield Facts(
                packet=reset.packet, side=str(side), ttl=reset.now, usual=reset.was, other_ttl=other, same_ttl=None if other else True,
                continued=bool(path.after_reset), evidence=() if other else tuple(path.after_reset),
            )  # fmt: skip


class Guesses(Notes):
    """The latest resets of each side with different numbers, and the sides of which it was told."""

    on: ClassVar = (ResetSent,)

    def __init__(self) -> None:
        self.tried: dict[Side, list[tuple[int, int, int]]] = {}
        self.told: set[Side] = set()

    def see(self, step: Step, event: ResetSent) -> None:
        if step.seq is not None and step.at is not None:
            if not self.others(step):
                self.told.discard(step.side)  # what came before is long over
            elif self.guesses(step, event):
                self.told.add(step.side)
            self.tried[step.side] = [*self.others(step), (step.seq, step.at, step.frame)][-GUESSES:]

    def others(self, step: Step) -> list[tuple[int, int, int]]:
        """Those before it within a second, with other numbers."""
        at = step.at or 0
        return [entry for entry in self.tried.get(step.side, ()) if entry[0] != step.seq and at - entry[1] < SECOND]

    def guesses(self, step: Step, event: ResetSent) -> bool:
        """Is it one number more, and none that the other end's last ACK named?"""
        answers = event.cause is ResetCause.UNEXPECTED_ACK or (step.ack is None and step.seq == step.before.peer.ack)
        return len(self.others(step)) >= GUESSES - 1 and not answers and step.seq is not None and step.at is not None


GUESSES: Final = 3


@rule(on=ResetSent, notes=Guesses, needs=Need.ABSOLUTE, severity=Severity.WARN, cites="RFC 5961 §1.2")
def rst_guessing(step: Step, event: ResetSent, notes: Guesses) -> Iterator[Facts]:
    """Several resets of one end with different sequence numbers within a second: somebody guesses the right one.

    A reset is believed only at the right number, so a forger who cannot see the connection tries many. A host that answers several
    segments of a connection it does not know, or has just broken off, sends a few as well, each at the number that was acknowledged to it:
    that is no guess.
    """
    if step.side not in notes.told and notes.guesses(step, event):
        yield Facts(evidence=tuple(frame for _, _, frame in notes.others(step))[-GUESSES + 1 :], tries=GUESSES)


@rule(on=Ending, notes=Paths, severity=Severity.WARN, cites="RFC 5961 §5")
def data_injection(ending: Ending, notes: Paths) -> Iterator[Facts]:
    """A few segments have another TTL than all others of their end: most likely another host sent them in its name.

    Most came one way and these another. A route that changed for a moment looks the same.
    """
    for side, path in _ends(ending, notes):
        odd = path.ttl_changed
        if odd is not None and path.foreign and int(odd.now) > LOW:  # less is `ttl-low`, perhaps `ttl-evasion`
            yield Facts(packet=odd.packet, side=str(side), ttl=odd.now, usual=odd.was, segments=path.ttl_odd)


# ---- same octets, other content ----


def _since(step: Step) -> int | None:
    again = step.happened(Retransmitted)
    return again.since_last if isinstance(again, Retransmitted) else None


def _damaged(step: Step, event: ContentDiffers, notes: Damaged) -> bool:
    return step.happened(ChecksumWrong) is not None or any(map(notes.holds, event.frames))


@rule(on=ContentDiffers, notes=Damaged, severity=Severity.WARN, elsewhere=("zeek:rexmit_inconsistency",))
def race_response(step: Step, event: ContentDiffers, notes: Damaged) -> Iterator[Facts]:
    """Two different answers at the same place, sooner after each other than any timer: one of two senders was faster.

    Such a race is how answers are injected by someone on the way: the receiver takes the first and drops the second. No payload octet
    is needed to see it.
    """
    since = _since(step)
    if since is not None and since < AT_ONCE and not _damaged(step, event, notes):
        yield Facts(evidence=event.frames, after_s=since / SECOND, octets=event.end - event.start)


@rule(
    on=ContentDiffers,
    notes=Damaged,
    severity=Severity.WARN,
    elsewhere=("suricata:stream.reassembly_overlap_different_data", "tcp.segment.overlap.conflict"),
)
def overlap_evasion(step: Step, event: ContentDiffers, notes: Damaged) -> Iterator[Facts]:
    """Octets are sent again with other content: receivers and observers may end up with different streams.

    An old way past intrusion detection; a broken middlebox that rewrites payload once and not again looks the same.
    """
    since = _since(step)
    if (since is None or since >= AT_ONCE) and not _damaged(step, event, notes):
        yield Facts(evidence=event.frames, octets=event.end - event.start)


@rule(on=ContentDiffers, notes=Damaged, severity=Severity.WARN, elsewhere=("zeek:history C", "suricata:2200074"))
def bad_cksum_evasion(step: Step, event: ContentDiffers, notes: Damaged) -> Iterator[Facts]:
    """A segment with a wrong checksum has other content than its good twin: an observer that does not verify takes what the receiver drops.

    Damage on the way changes content, too, but not the checksum, which is that of the good twin's content: it is none of these.
    """
    since = _since(step)
    if since is not None and since < AT_ONCE and _damaged(step, event, notes):
        yield Facts(evidence=event.frames, octets=event.end - event.start)


@rule(on=OddIp, notes=Paths, severity=Severity.WARN)
def ttl_evasion(step: Step, event: OddIp, notes: Paths) -> Iterator[Facts]:
    """The TTL is too small to reach the receiver, though others of this end were not.

    Most likely an observer is meant to see what the receiver never gets. The receiver's own segments needed more routers to come here than
    this one can pass. The way there may be shorter than the way back.
    """
    ttl, me, peer = ttl_of(step.packet), notes.of(step), notes.of(step, step.side.other)
    if ttl is None or me is None or peer is None or me.ttl is None or peer.ttl is None or bgp(step):
        return
    needed = hops(peer.ttl)
    if ttl <= needed < me.ttl:
        yield Facts(ttl=ttl, usual=me.ttl, needed=needed + 1)


# ---- odd uses ----


class Urgent(Notes):
    """Whether urgent data was seen."""

    on: ClassVar = (FlagsSeen,)

    def __init__(self) -> None:
        self.seen = False

    def see(self, step: Step, event: FlagsSeen) -> None:
        self.seen = self.seen or ("U" in event.flags and step.length > 0)


@rule(on=FlagsSeen, notes=Urgent, severity=Severity.WARN, cites="RFC 6093 §6")
def urgent_evasion(step: Step, event: FlagsSeen, notes: Urgent) -> Iterator[Facts]:
    """Urgent data within the stream: systems differ in whether that octet belongs to it, so an observer may read another stream.

    Told once for each connection. Telnet, rlogin and FTP use it honestly.
    """
    if "U" in event.flags and step.length and not notes.seen and step.before.me.state in (State.ESTABLISHED, State.CLOSE_WAIT):
        yield Facts(urg=None if step.packet.tcp is UNSET or step.packet.tcp.urg is UNSET else step.packet.tcp.urg)


TINY: Final = 48


class Sacks(Notes):
    """Whether a peer with a tiny MSS has sent several SACK blocks."""

    on: ClassVar = (SackSeen,)

    def __init__(self) -> None:
        self.told = False

    def see(self, step: Step, event: SackSeen) -> None:
        self.told = self.told or _panics(step, event)


def _panics(step: Step, event: SackSeen) -> bool:
    mss = step.before.me.mss
    return mss is not None and mss <= TINY and len(event.blocks) > 1


@rule(on=SackSeen, notes=Sacks, severity=Severity.WARN, cites="CVE-2019-11477")
def sack_panic(step: Step, event: SackSeen, notes: Sacks) -> Iterator[Facts]:
    """A tiny MSS and several SACK blocks of one end: the pattern that made Linux kernels of before June 2019 panic."""
    if not notes.told and _panics(step, event):
        yield Facts(mss=step.before.me.mss, blocks=len(event.blocks))


MINUTE: Final = 60.0


@rule(on=Ending, needs=Need.TIME, severity=Severity.NOTE)
def slow_read(ending: Ending) -> Iterator[Facts]:
    """One end keeps the other busy for minutes with next to nothing: a window hardly open, or a request a few octets at a time.

    An attack on servers with few places (slow read, slowloris), or a program that is stuck.
    """
    flow = ending.flow
    duration = 0.0 if flow.duration is UNSET else flow.duration
    if duration < MINUTE:
        return
    limits = None if flow.limits is UNSET else flow.limits.get("server")
    if limits is not None and limits.receiver > duration * 0.8:
        yield Facts(side="client", waited_s=limits.receiver)
    asking = flow.client
    if asking.actual_data_pkts >= 5 and asking.actual_data_bytes <= 16 * asking.actual_data_pkts and not flow.server.actual_data_pkts:
        yield Facts(side="client", waited_s=duration)


class Hidden(Notes):
    """Residues that hidden fields left, of each side; at most four."""

    on: ClassVar = (ChecksumUnexplained,)

    def __init__(self) -> None:
        self.residues: dict[Side, dict[int, int]] = {}

    def see(self, step: Step, event: ChecksumUnexplained) -> None:
        known = self.residues.setdefault(step.side, {})
        if _hides(event) and len(known) < 4:
            known.setdefault(event.residue, step.frame)


def _hides(event: ChecksumUnexplained) -> bool:
    return event.hidden_ack is None and event.explanation in ("hidden_field", "reserved_flag")


@rule(on=ChecksumUnexplained, notes=Hidden, severity=Severity.NOTE)
def covert_fields(step: Step, event: ChecksumUnexplained, notes: Hidden) -> Iterator[Facts]:
    """Fields that tcpdump does not print hold another value in each segment: something may be written there.

    Shown by the checksums of segments without payload. A log that was edited in several lines looks the same.
    """
    known = notes.residues.get(step.side, {})
    if len(known) == 2 and _hides(event) and event.residue not in known:
        yield Facts(evidence=tuple(known.values()), values=3)


@rule(on=ResetSent, severity=Severity.NOTE, cites="RFC 5961 §3.2")
def seq_leak_rst(step: Step, event: ResetSent) -> Iterator[Facts]:
    """The reset of an open connection tells where its sender stands: the next octet it expects, and its window.

    Who sees it can go on in the other end's name. Most systems reset an open connection so.
    """
    tcp, peer = step.packet.tcp, step.before.peer
    if tcp is UNSET or not tcp.win or step.ack is None or not step.before.me.packets:
        return
    if step.ack == peer.snd_nxt and event.cause not in (ResetCause.REFUSED, ResetCause.REPEATED):
        yield Facts(win=tcp.win)
