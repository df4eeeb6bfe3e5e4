"""The IP header under TCP: how far, in what manner, and what does not belong in it (RFC 791, RFC 6864, RFC 8200)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address
from typing import ClassVar

from msgspec import UNSET

from tcpdump_parse.check.notes import CaptureNotes
from tcpdump_parse.check.openings import remember
from tcpdump_parse.check.paths import ENOUGH, Odd, Path, Paths, hops, ttl_of
from tcpdump_parse.check.rule import Facts, rule
from tcpdump_parse.check.screen import FRAGMENTING, LOW
from tcpdump_parse.check.signs import Sign, Unusual, sign
from tcpdump_parse.model import IPv4, IPv6, Severity
from tcpdump_parse.model.happenings import Opened, SynAckSent, SynSent
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.model.terms import SIDES, Side

BGP = 179
"""Neighbours speak BGP with a TTL of 1, on purpose."""


def bgp(step: Step) -> bool:
    return BGP in (step.connection.client_port, step.connection.server_port)


class OddIp(Sign, frozen=True):
    """Something in the IP header that ordinary segments have not."""


_ODD = OddIp()


@sign(OddIp, of=Unusual)
def odd_ip(step: Step) -> Sign | None:
    """One look at a TTL about to run out, at options, fragments and a wrong header checksum."""
    ip = step.packet.ip
    if type(ip) is IPv4:
        if ip.id is UNSET:
            return None  # not printed without -v
        ttl = ip.ttl
        plain = ttl is not UNSET and ttl > LOW and ip.flags in FRAGMENTING and not ip.offset and not ip.options
        return None if plain and ip.bad_checksum is UNSET else _ODD
    return _ODD if isinstance(ip, IPv6) and ip.hlim is not UNSET and ip.hlim <= LOW else None


# ---- how far ----


def _ends(ending: Ending, notes: Paths) -> Iterator[tuple[Side, Path]]:
    for side in SIDES:
        path = notes.open.get((ending.connection.conn, side))
        if path is not None:
            yield side, path


def _changed(side: Side, odd: Odd) -> Facts:
    return Facts(packet=odd.packet, side=str(side), was=odd.was, now=odd.now)


@rule(on=Ending, notes=Paths, severity=Severity.WARN)
def ttl_changed(ending: Ending, notes: Paths) -> Iterator[Facts]:
    """The TTL of one end changes within a connection.

    Its way changed, or another device answers in its name (a SYN proxy, a load balancer), or its program set another one, as BGP does after
    the SYN. A few segments that stand out between many are told as injected, and resets apart.
    """
    for side, path in _ends(ending, notes):
        if path.ttl_changed is not None and not path.foreign:
            yield _changed(side, path.ttl_changed)


class Met(CaptureNotes):
    """Addresses whose distance was told."""

    on: ClassVar = (SynSent, SynAckSent)

    def __init__(self) -> None:
        self.addresses: dict[str, bool] = {}

    def see(self, step: Step, event: SynSent | SynAckSent) -> None:
        remember(self.addresses, step.connection.addr(step.side), True)


@rule(on=(SynSent, SynAckSent), notes=Met, severity=Severity.NOTE, elsewhere=("p0f:dist",))
def ttl_initial_hops(step: Step, event: SynSent | SynAckSent, notes: Met) -> Iterator[Facts]:
    """How many routers lie behind this segment, if its TTL began at 32, 64, 128 or 255. A guess by habit, no proof."""
    ttl = ttl_of(step.packet)
    if ttl and ttl > LOW and hops(ttl) and step.connection.addr(step.side) not in notes.addresses:
        yield Facts(ttl=ttl, initial=ttl + hops(ttl), hops=hops(ttl))


@rule(on=OddIp, notes=Paths, severity=Severity.WARN, elsewhere=("ip.ttl.too_small",))
def ttl_low(step: Step, event: OddIp, notes: Paths) -> Iterator[Facts]:
    """The TTL is nearly used up: the segment will not get far.

    A loop in the network, a traceroute over TCP, or a segment meant to reach an observer and not the receiver. BGP does so on purpose.
    """
    ttl, path = ttl_of(step.packet), notes.of(step)
    told = path is not None and path.ttl is not None and path.ttl <= LOW
    if ttl is not None and ttl <= LOW and not told and not bgp(step):
        yield Facts(ttl=ttl)


# ---- in what manner ----


@rule(on=Ending, notes=Paths, severity=Severity.NOTE, cites="RFC 6864 §4", elsewhere=("p0f:id+", "p0f:id-"))
def ipid_behaviour(ending: Ending, notes: Paths) -> Iterator[Facts]:
    """How this address numbers its packets: always zero, counting, or in no order.

    Counted ids tell copies from new packets, and late originals from packets sent again. The ids of packets that may not be fragmented mean
    nothing to a receiver (RFC 6864 calls them atomic).
    """
    for side, path in _ends(ending, notes):
        if path.packets < ENOUGH or path.id < 0 or ending.connection.addr(side) in notes.told:
            continue
        counts = path.steps * 4 >= (path.packets - path.zeros - 1) * 3
        manner = "zero" if path.zeros == path.packets else "counted" if counts else "unordered"
        first = path.first
        yield Facts(packet=first, side=str(side), manner=manner, packets=path.packets)


@rule(on=Ending, notes=Paths, severity=Severity.NOTE, cites="RFC 1191 §3")
def df_cleared(ending: Ending, notes: Paths) -> Iterator[Facts]:
    """The flag DF is not the same on all segments of one end: path MTU discovery given up, or another device answers."""
    for side, path in _ends(ending, notes):
        if path.df_changed is not None:
            yield _changed(side, path.df_changed)


@rule(on=Ending, notes=Paths, severity=Severity.NOTE, cites="RFC 9293 §3.9.2", label="SHLD-23")
def tos_changed(ending: Ending, notes: Paths) -> Iterator[Facts]:
    """The differentiated services field changes within the connection: set anew by the program, or by a device on the way."""
    for side, path in _ends(ending, notes):
        if path.dscp_changed is not None:
            yield _changed(side, path.dscp_changed)


# ---- what does not belong ----


@rule(on=OddIp, severity=Severity.WARN, cites="RFC 9293 §3.9.2.1", elsewhere=("suricata:ipv4.opt_*",))
def ip_options(step: Step, event: OddIp) -> Iterator[Facts]:
    """The IP header carries options, such as a source route. Hardly anything on today's networks does, and most routers drop them."""
    ip = step.packet.ip
    if isinstance(ip, IPv4) and ip.options:
        yield Facts(options=", ".join(option.__struct_config__.tag for option in ip.options))  # type: ignore[misc]


@rule(
    on=OddIp,
    severity=Severity.ERROR,
    cites="RFC 791 §3.1",
    elsewhere=("ip.checksum_bad.expert", "zeek:bad_IP_checksum", "suricata:2200073"),
)
def ip_bad_cksum(step: Step, event: OddIp) -> Iterator[Facts]:
    """The checksum of the IP header is wrong: no router and no host takes it.

    Zero is a note only: the sender's network card was to fill it in.
    """
    ip = step.packet.ip
    if isinstance(ip, IPv4) and ip.bad_checksum is not UNSET:
        expected = None if ip.good_checksum is UNSET else f"0x{ip.good_checksum:04x}"
        yield Facts(value=f"0x{ip.bad_checksum:04x}", expected=expected, severity=None if ip.bad_checksum else Severity.NOTE)


@rule(on=OddIp, severity=Severity.ERROR, cites="RFC 791 §3.1")
def ip_bad_cksum_verify(step: Step, event: OddIp) -> Iterator[Facts]:
    """The right checksum of the IP header, worked out from the line, is not tcpdump's: a number in the line was changed."""
    ip = step.packet.ip
    if isinstance(ip, IPv4) and ip.good_checksum is not UNSET and not ip.options:
        right = _checksum(ip)
        if right is not None and right != ip.good_checksum:
            yield Facts(value=f"0x{ip.good_checksum:04x}", expected=f"0x{right:04x}")


_BITS = {"rsvd": 0x8000, "DF": 0x4000, "+": 0x2000}


def _checksum(ip: IPv4) -> int | None:
    """Of a header without options; None when the line lacks a number."""
    numbers = (ip.tos, ip.length, ip.id, ip.offset, ip.proto)
    if any(number is UNSET for number in numbers) or ip.flags is UNSET or ip.was is not UNSET:
        return None
    try:
        addresses = int(ip_address(ip.src)) << 32 | int(ip_address(ip.dst))
    except ValueError:
        return None
    tos, length, ipid, offset, proto = (int(number) for number in numbers)  # type: ignore[arg-type]
    total = 0x4500 + tos + length + ipid + offset // 8 + sum(_BITS[flag] for flag in ip.flags) + ((ip.ttl or 0) << 8) + proto
    total += sum(addresses >> shift & 0xFFFF for shift in (0, 16, 32, 48))
    return (0xFFFF - total % 0xFFFF) or 0xFFFF


@rule(on=Opened, severity=Severity.WARN, cites="RFC 9293 §3.9.2.3", label="MUST-63", elsewhere=("netsem:deliver_in_4",))
def ip_addr_martian(step: Step, event: Opened) -> Iterator[Facts]:
    """An address that no TCP connection can have: broadcast, multicast, `this network`, reserved, or loopback on one side only.

    The segment is forged, or something on the way rewrites addresses wrongly. TCP or IP must ignore such a source (MUST-63), and a SYN to
    broadcast or multicast must be dropped silently (MUST-57).
    """
    kinds = [_martian(step.connection.addr(side)) for side in SIDES]
    if kinds[0] == kinds[1] == "loopback":
        return
    for side, kind in zip(SIDES, kinds, strict=True):
        if kind:
            yield Facts(address=step.connection.addr(side), what=kind)


@lru_cache(1024)
def _martian(address: str) -> str | None:
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if ip.is_multicast:
        return "multicast"
    if ip.is_loopback:
        return "loopback"
    if ip.version == 6:
        return "unspecified" if ip.is_unspecified else None
    return (
        "broadcast"
        if address == "255.255.255.255"
        else "this network"
        if int(ip) >> 24 == 0
        else "reserved"
        if int(ip) >> 28 == 15
        else None
    )


@rule(on=Opened, severity=Severity.WARN, elsewhere=("nmap:port 0",))
def port_zero(step: Step, event: Opened) -> Iterator[Facts]:
    """Port 0: no program can have it. Made by hand, or by a broken device; scanners use it to tell systems apart."""
    if 0 in (step.connection.client_port, step.connection.server_port):
        yield Facts()
