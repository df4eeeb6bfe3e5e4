"""TCP in IP fragments. Segments fit their path, so fragments of them are rare, and a known way past filters (RFC 1858, RFC 3128)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from msgspec import UNSET, Struct

from tcpdump_parse.check.notes import CaptureNotes
from tcpdump_parse.check.rule import Facts, rule
from tcpdump_parse.check.rules.ip import OddIp
from tcpdump_parse.model import IPv4, Packet, Severity
from tcpdump_parse.model.steps import Step

TCP = 6
SMALL = 64
"""Octets of an IP packet that more fragments follow; no path has an MTU like this (RFC 791: 68 at least)."""
KEPT = 256
LARGEST = 65535


class Piece(Struct, frozen=True):
    """Octets [start, end) of one datagram."""

    key: tuple[str, str, int]
    start: int
    end: int
    last: bool
    df: bool
    length: int
    frame: int


def piece(record: Step | Packet) -> Piece | None:
    """The record as a fragment of TCP; None when it is whole, or something else."""
    packet = record.packet if isinstance(record, Step) else record
    ip = packet.ip
    if not isinstance(ip, IPv4) or ip.proto != TCP or ip.length is UNSET or ip.offset is UNSET or ip.id is UNSET or ip.flags is UNSET:
        return None
    more = "+" in ip.flags
    if not more and not ip.offset:
        return None
    octets = ip.length - 20 - (0 if ip.option_length is UNSET else ip.option_length)
    return Piece((ip.src, ip.dst, ip.id), ip.offset, ip.offset + octets, not more, "DF" in ip.flags, ip.length, packet.frame)


class Pieces(CaptureNotes):
    """The latest fragments, by datagram."""

    on: ClassVar = (OddIp, Packet)

    def __init__(self) -> None:
        self.known: dict[tuple[str, str, int], list[Piece]] = {}

    def see(self, *events: Any) -> None:
        found = piece(events[0])
        if found is None:
            return
        if found.key not in self.known and len(self.known) >= KEPT:
            del self.known[next(iter(self.known))]
        pieces = self.known.setdefault(found.key, [])
        if len(pieces) < KEPT:
            pieces.append(found)


@rule(
    on=(OddIp, Packet),
    notes=Pieces,
    severity=Severity.WARN,
    cites="RFC 9293 §3.7",
    elsewhere=("zeek:fragment", "suricata:ipv4.frag_*"),
)
def frag_tcp(*events: Any) -> Iterator[Facts]:
    """TCP in IP fragments: a tunnel without path MTU discovery, or someone who hides flags and ports from a filter.

    Told once for each datagram. Fragments after the first are printed without ports and flags, and no fragment's checksum can be
    verified.
    """
    found, notes = piece(events[0]), events[-1]
    if found is not None and found.key not in notes.known:
        yield Facts(id=found.key[2])


@rule(on=(OddIp, Packet), severity=Severity.WARN, cites="RFC 791 §2.3", elsewhere=("zeek:fragment_with_DF",))
def frag_with_df(*events: Any) -> Iterator[Facts]:
    """A fragment that says it may not be fragmented.

    No router should make one, so its sender did, or a device that reassembles and cuts again.
    """
    found = piece(events[0])
    if found is not None and found.df:
        yield Facts(id=found.key[2])


@rule(on=(OddIp, Packet), severity=Severity.WARN, cites="RFC 1858 §3", elsewhere=("zeek:excessively_small_fragment",))
def frag_tiny(*events: Any) -> Iterator[Facts]:
    """A fragment far smaller than any path makes it, with more to follow, or one that begins within the TCP header.

    Cut after eight octets of TCP, the flags stand in the second fragment, where a filter does not look; larger ones hide options or data.
    """
    found = piece(events[0])
    if found is not None and ((not found.last and found.length < SMALL) or found.start == 8):
        yield Facts(octets=found.length, offset=found.start)


@rule(
    on=(OddIp, Packet),
    notes=Pieces,
    severity=Severity.WARN,
    cites="RFC 1858 §4",
    elsewhere=("zeek:fragment_overlap", "suricata:ipv4.frag_overlap"),
)
def frag_overlap(*events: Any) -> Iterator[Facts]:
    """Fragments of one datagram overlap: systems differ in which octets they take, so an observer can be fooled."""
    found, notes = piece(events[0]), events[-1]
    if found is None:
        return
    for other in notes.known.get(found.key, ()):
        same = (other.start, other.end) == (found.start, found.end)
        if not same and other.start < found.end and found.start < other.end:
            yield Facts(evidence=(other.frame,), octets=min(other.end, found.end) - max(other.start, found.start))
            return


@rule(
    on=(OddIp, Packet),
    notes=Pieces,
    severity=Severity.WARN,
    cites="RFC 791 §3.2",
    elsewhere=("zeek:fragment_size_inconsistency", "zeek:excessively_large_fragment", "suricata:ipv4.frag_pkt_too_large"),
)
def frag_size(*events: Any) -> Iterator[Facts]:
    """Fragments disagree about how long the datagram is, or it would be longer than any datagram can be."""
    found, notes = piece(events[0]), events[-1]
    if found is None:
        return
    if found.end > LARGEST - 20:
        yield Facts(octets=found.end)
        return
    for other in notes.known.get(found.key, ()):
        if (other.last and found.end > other.end) or (found.last and other.end > found.end):
            yield Facts(evidence=(other.frame,), octets=max(found.end, other.end))
            return
