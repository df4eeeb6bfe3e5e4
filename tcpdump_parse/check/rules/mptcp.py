"""Multipath TCP: one connection over several paths, spoken in options (RFC 8684).

Each subflow is a TCP connection of its own in the log; what ties subflows together is told by their tokens only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, TypeVar

from msgspec import UNSET

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.rules.options import options_of
from tcpdump_parse.check.signs import Sign, Unusual, sign
from tcpdump_parse.model import Severity
from tcpdump_parse.model.happenings import DuplicateAck, SynAckSent, SynSent
from tcpdump_parse.model.options import AddAddr, Capable, Dss, Fail, FastClose, Join, Mptcp, Prio, RemAddr, Sub, TcpRst
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Side

S = TypeVar("S", bound=Sub)


def _message(step: Step, kind: type[S]) -> S | None:
    """The segment's MPTCP message of that kind."""
    for option in options_of(step):
        if isinstance(option, Mptcp) and isinstance(option.sub, kind):
            return option.sub
    return None


class MptcpSeen(Sign, frozen=True):
    """A segment that speaks of Multipath TCP."""


_SEEN = MptcpSeen()


@sign(MptcpSeen, of=Unusual)
def spoken(step: Step) -> Sign | None:
    """Any of its options."""
    for option in options_of(step):
        if type(option) is Mptcp:
            return _SEEN
    return None


class Keys(Notes):
    """Which end has shown a mapping, the keys the ends gave, and the SYN that asked."""

    on: ClassVar = (MptcpSeen,)

    def __init__(self) -> None:
        self.mapped: set[Side] = set()
        self.key: dict[Side, tuple[str, int]] = {}  # and its record
        self.syn: int | None = None

    def see(self, step: Step, event: MptcpSeen) -> None:
        if _message(step, Dss) is not None:
            self.mapped.add(step.side)
        capable = _message(step, Capable)
        if capable is None:
            return
        if self.syn is None and step.side is Side.CLIENT:
            self.syn = step.frame
        if capable.key is not UNSET:
            self.key.setdefault(step.side, (capable.key, step.frame))


# ---- opening ----


@rule(on=(SynSent, SynAckSent), severity=Severity.NOTE, cites="RFC 8684 §3.1", elsewhere=("tcp.options.mptcp.subtype",))
def mptcp_capable(step: Step, event: SynSent | SynAckSent) -> Iterator[Facts]:
    """This end can use several paths at once (Multipath TCP)."""
    capable = _message(step, Capable)
    if event.copy == 1 and capable is not None:
        yield Facts(version=capable.version if capable.version is not UNSET else 0)


@rule(on=(SynSent, SynAckSent), severity=Severity.NOTE, cites="RFC 8684 §3.2", elsewhere=("tcp.options.mptcp.subtype",))
def mptcp_join(step: Step, event: SynSent | SynAckSent) -> Iterator[Facts]:
    """This TCP connection is a further path of a Multipath TCP connection."""
    join = _message(step, Join)
    if event.copy == 1 and join is not None:
        yield Facts(address_id=join.id if join.id is not UNSET else 0, token=None if join.token is UNSET else join.token)


@rule(on=SynAckSent, notes=Keys, severity=Severity.NOTE, cites="RFC 8684 §3.7")
def mptcp_fallback(step: Step, event: SynAckSent, notes: Keys) -> Iterator[Facts]:
    """The SYN offers Multipath TCP, the SYN+ACK does not: the connection goes on as plain TCP.

    The server does not know it, or something on the way removed the option.
    """
    tcp = step.packet.tcp
    if event.copy == 1 and notes.syn is not None and tcp is not UNSET and tcp.cut is UNSET and _message(step, Capable) is None:
        yield Facts(evidence=(notes.syn,))


@rule(on=MptcpSeen, notes=Keys, severity=Severity.WARN, cites="RFC 8684 §3.1", elsewhere=("mptcp.connection.echoed_key_mismatch",))
def mptcp_key_mismatch(step: Step, event: MptcpSeen, notes: Keys) -> Iterator[Facts]:
    """The key it repeats is not the one the other end gave: Multipath TCP cannot start.

    A device on the way opened its own connection, or changed the option.
    """
    capable, given = _message(step, Capable), notes.key.get(step.before.peer.side)
    if capable is not None and capable.key2 is not UNSET and given is not None and capable.key2 != given[0]:
        yield Facts(evidence=(given[1],), repeated=capable.key2, given=given[0])


# ---- talking ----


@rule(on=MptcpSeen, notes=Keys, severity=Severity.NOTE, cites="RFC 8684 §3.3", elsewhere=("tcp.options.mptcp.subtype",))
def mptcp_dss(step: Step, event: MptcpSeen, notes: Keys) -> Iterator[Facts]:
    """Multipath TCP is in use: this end places its octets, or acknowledges, in the order over all paths. Told once for each end."""
    if step.side not in notes.mapped and _message(step, Dss) is not None:
        yield Facts()


class Mappings(Notes):
    """Up to where each end has placed its octets in the order over all paths."""

    on: ClassVar = (MptcpSeen,)

    def __init__(self) -> None:
        self.upto: dict[Side, int] = {}

    def see(self, step: Step, event: MptcpSeen) -> None:
        if (mapped := _mapped(step)) is not None:
            self.upto[step.side] = max(self.upto.get(step.side, 0), mapped[1])


def _mapped(step: Step) -> tuple[int, int] | None:
    """The positions that this segment's mapping covers. Its own count of them begins with 1 behind the SYN."""
    dss, iss = _message(step, Dss), step.before.me.iss
    if dss is None or iss is None or dss.subseq is UNSET or dss.len is UNSET:
        return None
    return iss + dss.subseq, iss + dss.subseq + dss.len


@rule(
    on=MptcpSeen,
    notes=Mappings,
    needs=Need.NO_GAP | Need.HANDSHAKE,
    severity=Severity.WARN,
    cites="RFC 8684 §3.3.1",
    elsewhere=("mptcp.dss.missing_mapping",),
)
def mptcp_missing_mapping(step: Step, event: MptcpSeen, notes: Mappings) -> Iterator[Facts]:
    """Octets before this mapping were sent and have no place in the order over all paths so far: the receiver cannot use them.

    Something on the way removed the options of some segments, or joined and cut segments.
    """
    mapped, upto, sent = _mapped(step), notes.upto.get(step.side), step.before.me.snd_nxt
    if mapped is not None and upto is not None and sent is not None and upto < mapped[0] <= sent and mapped[1] > mapped[0]:
        yield Facts(octets=mapped[0] - upto)


@rule(on=MptcpSeen, severity=Severity.NOTE, cites="RFC 8684 §3.7", elsewhere=("mptcp.dss.infinite_mapping",))
def mptcp_infinite_mapping(step: Step, event: MptcpSeen) -> Iterator[Facts]:
    """An endless mapping: from here on this path goes on as plain TCP, and no other path can be added."""
    dss = _message(step, Dss)
    if dss is not None and dss.len == 0 and not dss.fin:
        yield Facts()


@rule(on=MptcpSeen, severity=Severity.NOTE, cites="RFC 8684 §3.4.1", elsewhere=("tcp.options.mptcp.subtype",))
def mptcp_add_addr(step: Step, event: MptcpSeen) -> Iterator[Facts]:
    """This end offers a further address of its own, or confirms one."""
    added = _message(step, AddAddr)
    if added is not None and added.address is not UNSET:
        yield Facts(address=added.address)


@rule(on=MptcpSeen, severity=Severity.NOTE, cites="RFC 8684 §3.4.2", elsewhere=("tcp.options.mptcp.subtype",))
def mptcp_remove_addr(step: Step, event: MptcpSeen) -> Iterator[Facts]:
    """This end takes addresses back: paths over them are to be closed."""
    removed = _message(step, RemAddr)
    if removed is not None:
        yield Facts(address_ids=", ".join(map(str, removed.ids)))


@rule(on=MptcpSeen, severity=Severity.NOTE, cites="RFC 8684 §3.3.8", elsewhere=("tcp.options.mptcp.subtype",))
def mptcp_priority(step: Step, event: MptcpSeen) -> Iterator[Facts]:
    """This end changes whether this path is a spare one."""
    if _message(step, Prio) is not None:
        yield Facts()


@rule(on=MptcpSeen, severity=Severity.WARN, cites="RFC 8684 §3.7", elsewhere=("tcp.options.mptcp.subtype",))
def mptcp_fail(step: Step, event: MptcpSeen) -> Iterator[Facts]:
    """The checksum over the data was wrong: something on the way changes what is sent, and Multipath TCP gives up on this path."""
    if _message(step, Fail) is not None:
        yield Facts()


@rule(on=MptcpSeen, severity=Severity.NOTE, cites="RFC 8684 §3.5", elsewhere=("tcp.options.mptcp.subtype",))
def mptcp_fastclose(step: Step, event: MptcpSeen) -> Iterator[Facts]:
    """This end aborts the whole Multipath TCP connection, all paths at once."""
    if _message(step, FastClose) is not None:
        yield Facts()


@rule(on=MptcpSeen, severity=Severity.NOTE, cites="RFC 8684 §3.6", elsewhere=("tcp.options.mptcp.subtype",))
def mptcp_reset_reason(step: Step, event: MptcpSeen) -> Iterator[Facts]:
    """The RST of one path says why."""
    reset = _message(step, TcpRst)
    if reset is not None and reset.reason is not UNSET:
        yield Facts(reason=reset.reason)


@rule(on=DuplicateAck, severity=Severity.NOTE, cites="RFC 8684 §3.3.1")
def mptcp_dup_ack(step: Step, event: DuplicateAck) -> Iterator[Facts]:
    """This repeated ACK carries a message of Multipath TCP; it does not mean a loss."""
    if any(_message(step, kind) is not None for kind in (AddAddr, RemAddr, Prio, Fail, FastClose)):
        yield Facts(evidence=event.frames[:1])
