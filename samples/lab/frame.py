"""A TCP segment out of an Ethernet frame, and frames out of a pcap: the lab's own eyes.

Deliberately not tcpdump_parse: the truth by which the reader is judged must not have been read by it.
"""

import gzip
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

FIN, SYN, RST, ACK = 1, 2, 4, 16
IPV4, IPV6 = 0x0800, 0x86DD


@dataclass(frozen=True, slots=True)
class Segment:
    """What the wire and the truth need of a segment; numbers as on the wire."""

    src: tuple[bytes, int]
    dst: tuple[bytes, int]
    flags: int
    seq: int
    ack: int
    window: int
    length: int
    ts: tuple[int, int] | None = None
    sack: tuple[tuple[int, int], ...] = ()

    @property
    def slen(self) -> int:
        """Octets of sequence space: the payload, SYN and FIN."""
        return self.length + bool(self.flags & SYN) + bool(self.flags & FIN)


def _options(octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(octets) and octets[at] != 0:
        if octets[at] == 1:
            at += 1
            continue
        size = octets[at + 1]
        yield octets[at], octets[at + 2 : at + size]
        at += size


def network(frame: bytes) -> bytes:
    """The IP packet in an Ethernet frame, without the padding of short frames; empty if it is not IP."""
    kind = int.from_bytes(frame[12:14], "big")
    if kind == IPV4:
        return frame[14 : 14 + int.from_bytes(frame[16:18], "big")]
    if kind == IPV6:
        return frame[14 : 54 + int.from_bytes(frame[18:20], "big")]
    return b""


def segment(packet: bytes) -> Segment | None:
    """The TCP segment directly in an IP packet, if there is one."""
    if not packet:
        return None
    if packet[0] >> 4 == 4:
        proto, src, dst, tcp = packet[9], packet[12:16], packet[16:20], packet[(packet[0] & 15) * 4 :]
    else:
        proto, src, dst, tcp = packet[6], packet[8:24], packet[24:40], packet[40:]
    if proto != 6:
        return None
    sport, dport, seq, ack, offset, flags, window = struct.unpack_from(">HHIIBBH", tcp)
    ts: tuple[int, int] | None = None
    sack: tuple[tuple[int, int], ...] = ()
    for kind, value in _options(tcp[20 : (offset >> 4) * 4]):
        if kind == 8:
            ts = struct.unpack(">II", value)
        elif kind == 5:
            edges = struct.unpack(f">{len(value) // 4}I", value)
            sack = tuple(zip(edges[::2], edges[1::2], strict=True))
    return Segment((src, sport), (dst, dport), flags, seq, ack, window, len(tcp) - (offset >> 4) * 4, ts, sack)


def digest(packet: bytes) -> str:
    """A short name for these very octets; a copy by the wire has the same one, a re-sent segment another (id, TSval or checksum) or not."""
    return blake2b(packet, digest_size=8).hexdigest()


def pcap(path: Path) -> Iterator[tuple[float, bytes]]:
    """Time in seconds and Ethernet frame of each record of a gzipped pcap as this machine's tcpdump writes it."""
    octets = gzip.decompress(path.read_bytes())
    at = 24
    while at < len(octets):
        seconds, micros, size, _ = struct.unpack_from("=IIII", octets, at)
        yield seconds + micros / 1e6, octets[at + 16 : at + 16 + size]
        at += 16 + size
