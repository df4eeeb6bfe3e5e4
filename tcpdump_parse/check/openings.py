"""What rules of several families remember of openings: the SYNs of one connection, and the connections that had the same ports before;
and what they, and the story, ask of a segment by how its connection was opened.

Bounded: a few SYNs a connection, the latest `BEFORE` connections and `MOST` hosts of a capture.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar, Final, TypeVar

from msgspec import UNSET, Struct

from tcpdump_parse.check.notes import CaptureNotes, Notes
from tcpdump_parse.check.signs import letters
from tcpdump_parse.model import IPv4, Port, TcpOption
from tcpdump_parse.model.happenings import (
    GapAcked,
    GapFilled,
    GapOpened,
    HandshakeDone,
    PortReused,
    ResetSent,
    StateMoved,
    SynAckSent,
    SynSent,
)
from tcpdump_parse.model.options import Timestamps
from tcpdump_parse.model.steps import End, Step
from tcpdump_parse.model.terms import ResetCause, Side, State
from tcpdump_parse.seq import roll

KEPT = 16
"""SYNs and SYN+ACKs remembered of one connection."""
MOST = 4096
"""Connections, and hosts, remembered of a capture."""
BEFORE = 1024
"""Connections remembered as they stood, in case their ports are used again: some more than `track` keeps after their close."""

SOON = 200_000_000  # ns

_CLIENT: Final = Side.CLIENT

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def remember(memory: dict[K, V], key: K, value: V, most: int = MOST) -> None:
    """Enter the value; past `most` the oldest entry is forgotten."""
    if key not in memory and len(memory) >= most:
        del memory[next(iter(memory))]
    memory[key] = value


def answers_syn(step: Step) -> bool:
    """The SYN of this end once more, but now it answers the other's: a simultaneous open, or a split handshake."""
    flags, me = letters(step), step.before.me
    return "S" in flags and "." in flags and me.iss is not None and me.ack is None


def third_step(step: Step) -> bool:
    """Whether what completes the handshake is its third step: not a later segment, nor a SYN that stands in the log too late."""
    return "S" not in letters(step) and step.happened(GapAcked) is None and step.happened(GapOpened) is None


def reset_cause(step: Step, event: ResetSent) -> ResetCause:
    """Why it was sent. A bare RST of an end that never acknowledged anything, at the number that was acknowledged to it, answers the
    SYN+ACK: its kernel knows no such opening, as after a half-open scan."""
    me, peer = step.before.me, step.before.peer
    if event.cause is ResetCause.ABORT and me.ack is None and peer.ack is not None and step.seq == peer.ack and "." not in letters(step):
        return ResetCause.UNEXPECTED_ACK
    return ResetCause.UNKNOWN if event.cause is ResetCause.ABORT and syns_crossed(step) else event.cause


def syns_crossed(step: Step) -> bool:
    """Has each end sent a SYN, and acknowledged nothing: then no program has a connection yet that it could give up?"""
    me, peer = step.before.me, step.before.peer
    return me.offered is not None and peer.offered is not None and me.ack is None and peer.ack is None


def unseen(step: Step) -> bool:
    """Does it acknowledge what the log does not show: then the log may lack octets of its own end as well."""
    nxt = step.before.peer.snd_nxt
    return step.ack is not None and nxt is not None and step.ack > nxt


def doubtful(step: Step) -> bool:
    """Does it stand where the third step does, and acknowledge more than the log shows? It may belong to another connection."""
    nxt = step.before.me.snd_nxt
    return unseen(step) and step.seq is not None and nxt is not None and step.seq <= nxt


def no_copy(step: Step) -> bool:
    """What lies below this end's next number and yet is nothing sent again: an answer to the other's SYN, or a segment of an older
    connection."""
    me = step.before.me
    return answers_syn(step) or (me.iss is not None and step.seq is not None and step.seq < me.iss)


def began_before(step: Step) -> bool:
    """Did the log begin in mid-connection, and no hole open in it that this segment fills? Then a first copy may stand before the log."""
    return step.before.me.iss is None and step.happened(GapFilled) is None


class Syn(Struct, frozen=True, gc=False):
    """One SYN or SYN+ACK."""

    frame: int
    side: Side
    flags: str
    at: int | None
    seq: int | None
    ack: int | None
    options: tuple[TcpOption, ...]
    ipid: int | None
    tsval: int | None


def syn_of(step: Step) -> Syn:
    tcp, ip = step.packet.tcp, step.packet.ip
    options = () if tcp is UNSET else tcp.options
    flags = "" if tcp is UNSET or tcp.flags is UNSET else tcp.flags
    ipid = ip.id if isinstance(ip, IPv4) and ip.id is not UNSET else None
    tsval = next((option.val for option in options if type(option) is Timestamps), None)
    return Syn(step.frame, step.side, flags, step.at, step.seq, step.ack, options, ipid, tsval)


def twin(syn: Syn, step: Step) -> bool:
    """Is this SYN the packet `syn` recorded once more (by its IP id, or its timestamp), and not sent again? No stack repeats so soon."""
    now = syn_of(step)
    soon = now.at is not None and syn.at is not None and now.at - syn.at < SOON
    return soon and ((bool(syn.ipid) and syn.ipid == now.ipid) or (syn.tsval is not None and syn.tsval == now.tsval))


class Opening(Notes):
    """The SYNs and SYN+ACKs of a connection, the first one and the latest; its third step."""

    on: ClassVar = (SynSent, SynAckSent, HandshakeDone)

    def __init__(self) -> None:
        self.syns: list[Syn] = []
        self.answers: list[Syn] = []
        self.third: int | None = None
        self.doubted: tuple[int, int] | None = None  # what opened it though the log does not show all that it covers: frame, ACK
        self.wrong: Syn | None = None  # a SYN+ACK that does not acknowledge the SYN

    def see(self, step: Step, event: SynSent | SynAckSent | HandshakeDone) -> None:
        if isinstance(event, HandshakeDone):
            self.third = step.frame
            if step.ack is not None and doubtful(step):
                self.doubted = (step.frame, step.ack)
            return
        seen = self.syns if isinstance(event, SynSent) else self.answers
        if len(seen) >= KEPT:
            del seen[1]
        seen.append(syn_of(step))
        if isinstance(event, SynAckSent) and event.acks_syn is False:
            self.wrong = seen[-1]

    def fits(self, step: Step) -> tuple[bool, bool] | None:
        """Of the first ACK after a SYN+ACK: do its SEQ and its ACK fit? None for anything else."""
        me, peer, seq, ack = step.before.me, step.before.peer, step.seq, step.ack
        if peer.state is not State.SYN_RECEIVED or me.ack is not None or ack is None or seq is None:
            return None
        if me.iss is None or peer.iss is None or me.snd_nxt is None or peer.snd_nxt is None:
            return None
        if any(answer.seq is not None and roll(answer.seq + 1) == roll(ack) for answer in self.answers):
            return None  # of two answers (`synack-diff-seq`) it takes one
        if seq > me.snd_nxt and ack > peer.snd_nxt:
            return None  # a later segment: the capture missed the third step
        return me.iss < seq <= me.snd_nxt, peer.iss < ack <= peer.snd_nxt


class Known(Struct, frozen=True, gc=False):
    """A connection as it stood when a state of it last moved, or a SYN of it was last seen."""

    client: End
    server: End
    frame: int
    opener: tuple[str, Port]  # the client's address and port

    def sender(self, step: Step) -> End:
        """The end that now sends `step`, whichever role it had then."""
        connection = step.connection
        return self.client if (connection.addr(step.side), connection.port(step.side)) == self.opener else self.server


class Incarnations(CaptureNotes):
    """The connections of a capture, and how often their ports were asked for in vain."""

    on: ClassVar = (SynSent, SynAckSent, StateMoved, PortReused)

    def __init__(self) -> None:
        self.known: dict[int, Known] = {}
        self.latest: dict[tuple[str, str], tuple[int, int, int | None]] = {}  # ports → the newest connection, frame and ISN of its SYN
        self.tried: dict[tuple[str, str], set[int]] = {}  # ports → ISNs of SYNs nobody answered
        self.answered: dict[int, set[int]] = {}  # connection → ISNs of its SYN+ACKs

    def see(self, step: Step, event: SynSent | SynAckSent | StateMoved | PortReused) -> None:
        if type(event) is PortReused:
            old = self.known.get(event.previous)
            if old is None or old.server.seen:
                self.tried.pop(ports(step), None)
            return
        who, after, frame = step.connection, step.after, step.packet.frame
        if type(event) is StateMoved and (last := self.known.get(who.conn)) is not None and last.frame == frame:
            return
        client, server = (after.me, after.peer) if step.side is _CLIENT else (after.peer, after.me)
        remember(self.known, who.conn, Known(client, server, frame, (who.client, who.client_port)), BEFORE)
        if type(event) is SynSent:
            key = ports(step)
            remember(self.latest, key, (who.conn, frame, roll(event.iss)), BEFORE)
            self._add(self.tried, key, event.iss)
        elif type(event) is SynAckSent and event.copy > 1:
            self._add(self.answered, who.conn, event.iss)

    def _add(self, memory: dict[K, set[int]], key: K, iss: int) -> None:
        isns = memory.get(key)
        if isns is None:
            remember(memory, key, {roll(iss)}, BEFORE)
        elif len(isns) < KEPT:
            isns.add(roll(iss))


class Latest(CaptureNotes):
    """When the last segment of the capture was recorded: how long a silent connection was waited for."""

    on: ClassVar = (Step,)

    def __init__(self) -> None:
        self.last: int | None = None

    def see_all(self, steps: Sequence[Step]) -> None:
        self.last = next((step.at for step in reversed(steps) if step.at is not None), self.last)


def ports(step: Step) -> tuple[str, str]:
    """The two ends' addresses and ports, and the tunnel, whoever opened."""
    flow = step.connection.flow
    here, _, there = flow.partition(" > ")
    return (min(here, there) + " " + max(here, there), step.connection.tunnel)
