"""One packet seen twice within a millisecond: behind a router (TTL one lower), or with other addresses (NAT). For several families.

The two records may belong to two connections, so a capture keeps its latest packets, by IP id and sequence number. Without an id (IPv6, and
IPv4 that leaves it 0) a router's copy is known by a TTL that is one lower and all else alike; of NAT nothing can be told then. Bounded:
`KEPT` packets and those before them, and of each kind the first pair and a count.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import ClassVar

from msgspec import UNSET, Struct

from tcpdump_parse.check.notes import CaptureNotes
from tcpdump_parse.check.paths import ttl_of
from tcpdump_parse.model import IPv4, Packet
from tcpdump_parse.model.steps import Step
from tcpdump_parse.track.checksums import addresses
from tcpdump_parse.track.segment import nanoseconds

KEPT = 64
SOON = 1_000_000
"""A router or a NAT passes a packet on within this many nanoseconds; what comes later may be another packet."""
ALL = 65535


class Kind(enum.Enum):
    ROUTED = "routed"
    NAT = "nat"
    NAT_SUM = "nat_sum"  # and the checksum changed by exactly what the addresses and ports changed


class Pair(Struct):
    """The first pair of a kind, and how many there were."""

    first: Packet
    second: Packet
    count: int = 0


Key = tuple[object, ...]


def _key(packet: Packet) -> Key | None:
    """What the two records of a packet have in common, and hardly two packets: the id, else the acknowledgement too."""
    ip, tcp = packet.ip, packet.tcp
    if tcp is UNSET or ip is UNSET:
        return None
    if type(ip) is IPv4:
        if ip.id is UNSET:
            return None
        if ip.id:
            return (ip.id, tcp.seq, tcp.flags)
    elif ip.hlim is UNSET:  # type: ignore[union-attr]
        return None
    return ("", tcp.ack, tcp.seq, tcp.flags)


class Twins(CaptureNotes):
    on: ClassVar = (Step,)

    def __init__(self) -> None:
        self.recent: dict[Key, Packet] = {}
        self.older: dict[Key, Packet] = {}  # those before them
        self.pairs: dict[Kind, Pair] = {}

    def see_all(self, steps: Sequence[Step]) -> None:
        fresh: dict[Key, Packet] = {}
        count = 0
        for step in steps:
            packet = step.packet
            ip, tcp = packet.ip, packet.tcp
            if step.at is None or tcp is UNSET:
                continue
            if type(ip) is IPv4 and ip.id:  # what `_key` says, without the call for what is most common
                fresh[ip.id, tcp.seq, tcp.flags] = packet
            elif (key := _key(packet)) is not None:
                fresh[key] = packet
            else:
                continue
            count += 1
        if len(fresh) < count or not (fresh.keys().isdisjoint(self.recent) and fresh.keys().isdisjoint(self.older)):
            self._each(steps)
        else:  # nearly always: no two of them are alike
            self._begin()
            self.recent |= fresh

    def _begin(self) -> None:
        if len(self.recent) >= KEPT:
            self.older, self.recent = self.recent, {}

    def _each(self, steps: Sequence[Step]) -> None:
        for step in steps:
            packet, key = step.packet, _key(step.packet)
            if step.at is None or key is None:
                continue
            twin = self.recent.get(key) or self.older.get(key)
            if twin is not None and _soon(twin, step.at):
                self._pair(twin, packet)
            else:
                self._begin()
            self.recent[key] = packet

    def _pair(self, first: Packet, second: Packet) -> None:
        for kind in kinds(first, second):
            pair = self.pairs.get(kind) or self.pairs.setdefault(kind, Pair(first, second))
            pair.count += 1


def _soon(earlier: Packet, at: int) -> bool:
    return earlier.clock is not UNSET and 0 <= at - nanoseconds(earlier.clock) < SOON


def kinds(a: Packet, b: Packet) -> list[Kind]:
    """What the two records are to each other; nothing when they are two packets, or equal in both."""
    if a.ip is UNSET or b.ip is UNSET or a.tcp is UNSET or b.tcp is UNSET:
        return []
    if a.tcp.options != b.tcp.options or a.tcp.length != b.tcp.length or a.tcp.ack != b.tcp.ack or a.tcp.win != b.tcp.win:
        return []
    if (a.ip.src, a.tcp.sport, a.ip.dst, a.tcp.dport) == (b.ip.src, b.tcp.sport, b.ip.dst, b.tcp.dport):
        ttls = (ttl_of(a), ttl_of(b))
        return [Kind.ROUTED] if ttls[0] is not None and ttls[1] is not None and abs(ttls[0] - ttls[1]) == 1 else []
    if type(a.ip) is not IPv4 or not a.ip.id:
        return []
    return [Kind.NAT, Kind.NAT_SUM] if _same_but_addresses(a, b) else [Kind.NAT]


def _same_but_addresses(a: Packet, b: Packet) -> bool:
    """RFC 1624: whoever rewrites addresses and ports changes the checksum by just that. Then payload and header are the same in both."""
    left = (_rest(a), _rest(b))
    return left[0] is not None and left[0] == left[1]


def _rest(packet: Packet) -> int | None:
    """The right checksum without the addresses and ports."""
    ip, tcp = packet.ip, packet.tcp
    known = None if ip is UNSET else addresses(ip.src, ip.dst)
    if tcp is UNSET or tcp.checksum is UNSET or known is None or not isinstance(tcp.sport, int) or not isinstance(tcp.dport, int):
        return None
    right = tcp.checksum.value if tcp.checksum.correct else tcp.checksum.expected
    return None if right is UNSET else (ALL - right - known - tcp.sport - tcp.dport) % ALL
