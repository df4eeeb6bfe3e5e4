"""Scans and floods: what one host does to many ports, and many connections to one port.

Told once for a capture and a host, with counts. A single odd segment is the business of the families header, syn and reset.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from msgspec import UNSET, Struct

from tcpdump_parse.check.engine import CaptureEnd
from tcpdump_parse.check.missed import earlier
from tcpdump_parse.check.notes import CaptureNotes
from tcpdump_parse.check.openings import remember
from tcpdump_parse.check.rule import Facts, rule
from tcpdump_parse.model import Packet, Severity
from tcpdump_parse.model.happenings import ResetSent, StartedLate
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.model.terms import Basis

SECOND = 1_000_000_000
HOSTS: Final = 1024
"""Hosts, and targets of one host, that are remembered."""

# ---- openings in vain ----

FAILED: Final = 15
MINUTES: Final = 300 * SECOND
"""Zeek's scan detection: so many targets within five minutes."""


class Try(Struct, frozen=True):
    """An opening in vain."""

    frame: int
    at: int | None
    target: tuple[str, Any]


class Tries(CaptureNotes):
    """The latest openings in vain of each host, to different targets."""

    on: ClassVar = (Ending,)

    def __init__(self) -> None:
        self.hosts: dict[str, list[Try]] = {}

    def see(self, ending: Ending) -> None:
        new = attempt(ending)
        if new is None:
            return
        host = ending.connection.client
        tries = self.recent(host, new)
        if len(tries) < FAILED:
            tries = [*tries, new]
        remember(self.hosts, host, tries)

    def recent(self, host: str, new: Try) -> list[Try]:
        """Those before it to other targets, within five minutes."""
        return [old for old in self.hosts.get(host, ()) if old.target != new.target and _near(old.at, new.at, MINUTES)]


def _near(a: int | None, b: int | None, most: int) -> bool:
    return a is None or b is None or abs(b - a) < most


def attempt(ending: Ending) -> Try | None:
    """An opening that nothing answered, or a reset."""
    flow, link = ending.flow, ending.connection
    if flow.conn_state not in ("S0", "REJ", "RSTOS0") or link.basis is not Basis.SYN or flow.frame is UNSET:
        return None
    return Try(flow.frame, ending.client.at, (link.server, link.server_port))


@rule(on=Ending, notes=Tries, severity=Severity.WARN, elsewhere=("zeek:Scan::Address_Scan", "zeek:Scan::Port_Scan"))
def scan_syn(ending: Ending, notes: Tries) -> Iterator[Facts]:
    """One host tries many ports or hosts in vain within minutes: a scan.

    Fifteen different targets that refuse or stay silent within five minutes. A program with a list of dead servers looks the same.
    """
    new = attempt(ending)
    tries = [] if new is None else notes.recent(ending.connection.client, new)
    if new is not None and len(tries) == FAILED - 1 and not any(old.target == new.target for old in notes.hosts[ending.connection.client]):
        targets = [old.target for old in tries] + [new.target]
        yield Facts(
            frame=new.frame, side="client", evidence=tuple(sorted(old.frame for old in tries)), source=ending.connection.client,
            hosts=len({host for host, _ in targets}), ports=len({port for _, port in targets}),
        )  # fmt: skip


# ---- one port, many connections that never open ----

FLOOD: Final = 30
BURST: Final = 10 * SECOND


class HalfOpen(CaptureNotes):
    """Connections to each server port that never opened, the latest ones, and ports told already."""

    on: ClassVar = (Ending,)

    def __init__(self) -> None:
        self.ports: dict[tuple[str, Any], list[tuple[int, int | None, str]]] = {}
        self.told: dict[tuple[str, Any], bool] = {}

    def see(self, ending: Ending) -> None:
        if half_open(ending):
            key, known = self.recent(ending)
            if len(known) + 1 >= FLOOD:
                remember(self.told, key, True)
            frame = 0 if ending.flow.frame is UNSET else ending.flow.frame
            remember(self.ports, key, [*known, (frame, ending.client.at, ending.connection.client)][-FLOOD:])

    def recent(self, ending: Ending) -> tuple[tuple[str, Any], list[tuple[int, int | None, str]]]:
        key = (ending.connection.server, ending.connection.server_port)
        return key, [entry for entry in self.ports.get(key, ()) if _near(entry[1], ending.client.at, BURST)]


def half_open(ending: Ending) -> bool:
    """SYN, perhaps a SYN+ACK, and no third step, no reset."""
    client, server = ending.flow.client, ending.flow.server
    only_syns = client.total_packets == client.syn_pkts_sent > 0
    return only_syns and server.total_packets == server.syn_pkts_sent and not server.resets_sent


@rule(on=Ending, notes=HalfOpen, severity=Severity.WARN, cites="RFC 4987 §2")
def flood_syn(ending: Ending, notes: HalfOpen) -> Iterator[Facts]:
    """Many openings of one port within seconds, and none is completed: a SYN flood.

    Thirty within ten seconds. Their senders' addresses are often forged. A server that died under many clients looks the same, but its
    clients ask again; so does a busy server in a log that a filter left nothing but SYNs.
    """
    if not half_open(ending):
        return
    key, known = notes.recent(ending)
    if len(known) + 1 == FLOOD and key not in notes.told:
        sources = {source for _, _, source in known} | {ending.connection.client}
        frame = None if ending.flow.frame is UNSET else ending.flow.frame
        yield Facts(frame=frame, side="server", target=ending.connection.flow.rpartition(" > ")[2], count=FLOOD, sources=len(sources))


# ---- segments that fit no connection ----

KINDS: Final = {"": "null", "F": "fin", "FPU": "xmas", "F.": "maimon", ".": "ack"}


class Probed(Struct):
    """Probes of one kind from one host: the first, and their targets."""

    first: Packet
    targets: set[tuple[str, Any]]


class Probes(CaptureNotes):
    """By host and kind: segments without a connection; FIN+ACK and ACK only when a reset answers them at once, and without options: a
    stack that goes on with a connection from before the log sends its timestamps, where it uses them. Such a stack, waking up, has a port
    for each connection, and hardly several of one server's: FIN+ACK and ACK are grouped by the port they come from, and by the host
    they go to."""

    on: ClassVar = (StartedLate, ResetSent)

    def __init__(self) -> None:
        self.found: dict[tuple[str, str, Any], Probed] = {}
        self.asked: dict[int, tuple[str, Probed]] = {}  # connection → kind and first probe, while no answer is seen

    def see(self, step: Step, event: StartedLate | ResetSent) -> None:
        tcp, link = step.packet.tcp, step.connection
        if tcp is UNSET or tcp.flags is UNSET:
            return
        if isinstance(event, StartedLate):
            kind = KINDS.get(tcp.flags)
            if kind is None or step.length or (tcp.options and "." in tcp.flags):
                return
            target = (link.addr(step.side.other), link.port(step.side.other))
            probe = Probed(step.packet, {target})
            if kind in ("null", "fin", "xmas"):
                self._add(link.addr(step.side), kind, probe)
            else:
                remember(self.asked, link.conn, (kind, probe))
        elif link.conn in self.asked and step.before.peer.packets == 1 and not step.before.me.packets:
            kind, probe = self.asked.pop(link.conn)
            kind = "window" if kind == "ack" and tcp.win else kind
            self._add(link.addr(step.side.other), kind, probe, ("from", link.port(step.side.other)))
            self._add(link.addr(step.side.other), kind, probe, ("to", link.addr(step.side)))

    def _add(self, source: str, kind: str, probe: Probed, group: tuple[str, Any] | None = None) -> None:
        known = self.found.get((source, kind, group))
        if known is None:
            remember(self.found, (source, kind, group), Probed(probe.first, set(probe.targets)))
        elif len(known.targets) < HOSTS:
            known.targets |= probe.targets


def _probes(notes: Probes, kind: str, least: int) -> Iterator[Facts]:
    """Of each host once: the largest group."""
    largest: dict[str, Probed] = {}
    for (source, found, _group), probe in notes.found.items():
        if found == kind and len(probe.targets) > (len(largest[source].targets) if source in largest else least - 1):
            largest[source] = probe
    for source, probe in largest.items():
        yield Facts(packet=probe.first, source=source, targets=len(probe.targets))


SEVERAL: Final = 3
"""One segment with these flags may belong to a connection that the log does not show; several, each answered by a reset, do not."""


@rule(on=CaptureEnd, notes=Probes, severity=Severity.WARN, elsewhere=("nmap:-sN",))
def scan_null(end: CaptureEnd, notes: Probes) -> Iterator[Facts]:
    """Segments without any flag, to ports without a connection: a null scan. No TCP sends them; closed ports answer with a reset."""
    yield from _probes(notes, "null", 1)


@rule(on=CaptureEnd, notes=Probes, severity=Severity.WARN, elsewhere=("nmap:-sF", "suricata:stream.fin_but_no_session"))
def scan_fin(end: CaptureEnd, notes: Probes) -> Iterator[Facts]:
    """Segments with FIN alone, to ports without a connection: a FIN scan. Every FIN of a real connection carries an ACK."""
    yield from _probes(notes, "fin", 1)


@rule(on=CaptureEnd, notes=Probes, severity=Severity.WARN, elsewhere=("nmap:-sX",))
def scan_xmas(end: CaptureEnd, notes: Probes) -> Iterator[Facts]:
    """Segments with FIN, PSH and URG and no ACK, to ports without a connection: a Christmas tree scan."""
    yield from _probes(notes, "xmas", 1)


@rule(on=CaptureEnd, notes=Probes, severity=Severity.WARN, elsewhere=("nmap:-sM",))
def scan_maimon(end: CaptureEnd, notes: Probes) -> Iterator[Facts]:
    """FIN+ACK to several ports without a connection, each answered by a reset: a Maimon scan."""
    yield from _probes(notes, "maimon", SEVERAL)


@rule(on=CaptureEnd, notes=Probes, severity=Severity.WARN, elsewhere=("nmap:-sA",))
def scan_ack(end: CaptureEnd, notes: Probes) -> Iterator[Facts]:
    """Bare ACKs to several ports without a connection, each answered by a reset: an ACK scan, that asks what a firewall lets through.

    From one port, or to several ports of one host. A machine that slept asks for each of its connections from another port, and hardly
    ever several ports of one server.
    """
    yield from _probes(notes, "ack", SEVERAL)


@rule(on=CaptureEnd, notes=Probes, severity=Severity.WARN, elsewhere=("nmap:-sW",))
def scan_window(end: CaptureEnd, notes: Probes) -> Iterator[Facts]:
    """Like an ACK scan, but the resets carry windows: on some systems that tells open ports from closed ones."""
    yield from _probes(notes, "window", 1)


# ---- answers to what nobody sent ----


@rule(on=ResetSent, severity=Severity.WARN)
def scan_stealth_synack(step: Step, event: ResetSent) -> Iterator[Facts]:
    """A SYN+ACK that nobody asked for, and the reset that says so.

    A scan with SYN+ACKs, or the answer to a SYN forged in this host's name. A log that began after the SYN looks the same.
    """
    me, peer = step.before.me, step.before.peer
    if not me.packets and peer.packets == 1 and peer.offered is not None and peer.ack is not None and step.seq == peer.ack:
        yield Facts(evidence=(peer.frame,))


STRANGERS: Final = 5


class Answers(CaptureNotes):
    """Servers that answer hosts that never asked here: the hosts."""

    on: ClassVar = (Ending,)

    def __init__(self) -> None:
        self.servers: dict[str, tuple[Packet, set[str]]] = {}  # the first answer

    def see(self, ending: Ending) -> None:
        for end, other in ((ending.client, ending.server), (ending.server, ending.client)):
            flow = ending.flow.client if end is ending.client else ending.flow.server
            answers = end.packets == flow.resets_sent + (flow.syn_pkts_sent if end.ack is not None else 0)
            if end.seen and not other.seen and answers and ending.first is not None:
                address = ending.connection.addr(end.side)
                first, hosts = self.servers.get(address, (ending.first, set()))
                if len(hosts) < HOSTS:
                    hosts.add(ending.connection.addr(other.side))
                remember(self.servers, address, (earlier(first, ending.first), hosts))


@rule(on=CaptureEnd, notes=Answers, severity=Severity.NOTE)
def backscatter(end: CaptureEnd, notes: Answers) -> Iterator[Facts]:
    """Answers of one server to several hosts that never asked: backscatter of an attack on it with forged addresses.

    Only SYN+ACKs or resets come from it. A capture of its answers alone looks the same.
    """
    for source, (first, hosts) in notes.servers.items():
        if len(hosts) >= STRANGERS:
            yield Facts(packet=first, source=source, hosts=len(hosts))
