"""Every record with a TCP header in every dialect, field by field against tshark: counts by flags and field, and what differs.

`unprinted`: tshark shows the field and the text does not hold it. `unshown`: the text has it and tshark shows none (it computes no
checksum of a segment that was not captured whole).
"""

from __future__ import annotations

import functools
import socket
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from tcpdump_parse.model import Packet, Segment
from tcpdump_parse.model.options import Sack
from tcpdump_parse.model.packet import Quoted
from tcpdump_parse.read import packets
from tests.corpus.printed import DIALECTS, FILES, OPTIONS, VERSIONS, cases, printed
from tests.read.tshark import headers, options, outer
from tests.read.tshark.dissected import Frame, Node, frames
from tests.read.tshark.made import tunnels
from tests.read.tshark.outer import Pair
from tests.read.tshark.relative import Bases

FLAGS = [flags for flags, _, _ in DIALECTS if "-t" not in flags.split()]
"""With -t some records look like no record at all: ordinals say no more which frame it is."""
HERE = Path(__file__).parent
DAY = 86400
MASK = 0xFFFFFFFF
ABSOLUTE = "-S"
DATED = {"-tt", "-tttt"}

Row = tuple[str, str, str]
"""Captures, flags, field."""


class Difference(NamedTuple):
    file: str
    frame: int
    field: str
    ours: str
    theirs: str


class Told(NamedTuple):
    """How many values of a field are the same, and what is not."""

    equal: Counter[Row]
    unprinted: Counter[Row]
    unshown: Counter[Row]
    differences: dict[Difference, list[str]]
    """In which flags each shows itself."""


def _length(carried: Packet | Quoted, around: Node, node: Node) -> int | None:
    """The payload's length. Where octets were missing on the wire tcpdump goes by the IP header (5.0 no more), tshark by the wire."""
    ip, segment = carried.ip, carried.tcp
    header, wire = node.number("tcp.hdr_len"), node.number("tcp.len")
    if ip is UNSET or segment is UNSET or header is None or segment.length == wire or (ip.missing is UNSET and ip.overrun is UNSET):
        return wire
    if around.name == "ipv6":
        return (around.number("ipv6.plen") or 0) - header
    return (around.number("ip.len") or 0) - (around.number("ip.hdr_len") or 0) - header


def _numbers(segment: Segment, node: Node, length: int | None, bases: tuple[int, int, int]) -> Iterator[Pair]:
    """Lengths, and sequence numbers as they are printed, from tshark's raw ones; the `*_abs` are in the table of headers."""
    seq, ack = node.number("tcp.seq"), node.number("tcp.ack")
    yield "tcp.length", segment.length, length
    yield "tcp.seq", segment.seq, None if seq is None else (seq - bases[0]) & MASK
    yield "tcp.ack", segment.ack, (ack - bases[1]) & MASK if ack is not None and node.flag("tcp.flags.ack") else None
    end = (seq + length) & MASK if seq is not None and length else None
    yield "tcp.seq_end", segment.seq_end, None if end is None else (end - bases[0]) & MASK
    yield "tcp.seq_end_abs", segment.seq_end_abs, end


def _option_pairs(segment: Segment, node: Node, base: int) -> Iterator[Pair]:
    mine, theirs, both = options.pairs(segment, node)
    yield "tcp.options", mine if mine or segment.cut is not UNSET else UNSET, theirs or (mine if segment.cut is not UNSET else None)
    for option, shown in both:
        sides = options.same(option, shown, base)
        name = f"tcp.options.{type(option).__name__.lower()}"
        yield name, *(sides or (True, None))
        if isinstance(option, Sack) and option.blocks_abs is not UNSET and sides:
            absolute = [[*block] for block in option.blocks_abs]
            yield f"{name}.blocks_abs", absolute, options.less(sides[1], -base)["blocks"]


def _segment(packet: Packet, frame: Frame, bases: tuple[int, int, int]) -> Iterator[Pair]:
    """The innermost segment with its IP header, or the one that ICMP quotes and the header around it."""
    place = max(index for index, node in enumerate(frame.headers) if node.name == "tcp")
    around = [node for node in frame.headers[:place] if node.name in ("ip", "ipv6")]
    carried = packet.quoted if packet.quoted is not UNSET else packet
    if carried.tcp is not UNSET:
        for field in headers.TCP:
            yield field.name, field.ours(carried.tcp), field.theirs(frame.headers[place])
        length = _length(carried, around[-1], frame.headers[place])
        yield from _numbers(carried.tcp, frame.headers[place], length, bases)
        if carried.tcp.form != "quiet":
            yield from _option_pairs(carried.tcp, frame.headers[place], bases[2])
    shown = [(carried.ip, around[-1])] + ([(packet.ip, around[-2])] if carried is not packet else [])
    for ip, node in shown:
        for field in headers.fields(ip) if ip is not UNSET else ():
            yield field.name, field.ours(ip), field.theirs(node)
    yield "payload", packet.payload, _payload(frame, frame.headers[place])


def _payload(frame: Frame, tcp: Node) -> str | None:
    """As far as libpcap reads it."""
    known = next(iter(tcp.every("tcp.payload")), None)
    return None if known is None else known.value[: 2 * max(0, len(frame.octets) - known.pos)]


def _epoch(frame: Frame) -> Decimal:
    return Decimal(frame.headers[0].text("frame.time_epoch") or 0)


def _gaps(times: list[Decimal]) -> Iterator[Decimal]:
    """The sum of what -ttt prints; a record of second zero of the epoch is to tcpdump as good as none (print.c: ts_print)."""
    total = before = Decimal(0)
    for time in times:
        total += time - before if before else 0
        before = time
        yield total


def _clocks(found: list[Packet], known: list[Frame], flags: set[str]) -> list[Decimal | None]:
    """tshark's time of each frame as far as the flags print it: since the epoch, since the first record, or of the day.

    None for -ttttt, which looks as -ttt does: test_clock.py holds what can be told.
    """
    digits = {len(packet.clock.partition(".")[2]) for packet in found if packet.clock is not UNSET}
    times = [_epoch(frame).quantize(Decimal(1).scaleb(-min(digits, default=6)), ROUND_FLOOR) for frame in known]
    if "-ttttt" in flags:
        return [None] * len(times)
    return list(_gaps(times)) if "-ttt" in flags else [*times]


def _of_day(seconds: Decimal) -> Decimal:
    return seconds - DAY * (seconds / DAY).to_integral_value(ROUND_FLOOR)


def _clock(packet: Packet, at: Decimal | None, flags: set[str]) -> Iterator[Pair]:
    """Whole days show with a date only."""
    if packet.clock is not UNSET and at is not None:
        ours = Decimal(packet.clock)
        yield "clock", *((ours, at) if flags & DATED else (_of_day(ours), _of_day(at)))


def _pairs(packet: Packet, frame: Frame, bases: tuple[int, int, int]) -> Iterator[Pair]:
    yield from outer.record(packet, frame, packet.frame)
    yield from outer.link(packet, frame)
    yield from outer.stack(packet, frame)
    yield from _segment(packet, frame, bases)


def carries(packet: Packet) -> bool:
    return packet.tcp is not UNSET or packet.quoted is not UNSET


def compare(captures: str, flags: str, texts: Iterable[tuple[str, list[Packet]]], told: Told) -> None:
    """Adds what these texts say of their captures to `told`."""
    words = set(flags.split())
    for file, found in texts:
        known, bases = frames()[file], Bases()
        clocks = _clocks(found, known, words)
        for packet in found:
            shown = known[packet.frame - 1].last("tcp") is not None
            if shown or carries(packet):
                where = Difference(file, packet.frame, "segment", str(carries(packet)), str(shown))
                _count(told, (captures, flags, "segment"), where, True if carries(packet) else UNSET, True if shown else None)
            if shown and carries(packet):
                taken = (0, 0, 0) if ABSOLUTE in words else bases.seen(known[packet.frame - 1])
                pairs = _pairs(packet, known[packet.frame - 1], taken)
                for field, mine, theirs in (*pairs, *_clock(packet, clocks[packet.frame - 1], words)):
                    mine = _numeric(field, mine, theirs)
                    place = Difference(file, packet.frame, field, str(mine), str(theirs))
                    _count(told, (captures, flags, field), place, mine, theirs)


def _count(told: Told, row: Row, place: Difference, mine: object, theirs: object) -> None:
    if mine is UNSET and theirs is None:
        return
    if mine is UNSET:
        told.unprinted[row] += 1
    elif theirs is None:
        told.unshown[row] += 1
    elif mine == theirs:
        told.equal[row] += 1
    else:
        told.differences.setdefault(place, []).append(row[1])


@functools.cache
def _name(address: str) -> str:
    try:
        return socket.gethostbyaddr(address)[0]
    except OSError:
        return ""


def _numeric(field: str, mine: object, theirs: object) -> object:
    """Without -n tcpdump prints the name that this machine has for an address."""
    named = field.endswith((".src", ".dst")) and isinstance(theirs, str) and mine != theirs
    return theirs if named and _name(str(theirs)) == mine else mine


def nothing() -> Told:
    return Told(Counter(), Counter(), Counter(), {})


def read(flags: str, file: Path) -> list[Packet]:
    return list(packets([printed(flags, file)]))


def judge(flags: str, folder: Path, told: Told) -> None:
    """The three sets of captures, as printed with these flags."""
    compare("tcpdump-tests", flags, ((file.name, read(flags, file)) for file in FILES), told)
    for name, file in (("opts", OPTIONS), ("tunnels", tunnels(folder))):
        compare(name, flags, ((file.name, read(flags, file)),), told)


def judge_version(version: str, told: Told) -> None:
    """The packets of opts.pcap as another tcpdump printed them with -S -nn -vvv."""
    found = []
    for ordinal, (_, record) in enumerate(cases(version), 1):
        found += [replace(packet, frame=ordinal) for packet in packets([record.encode()])]
    compare("opts", f"{ABSOLUTE} {version}", [(OPTIONS.name, found)], told)


def all_told() -> Told:
    told = nothing()
    with tempfile.TemporaryDirectory() as folder:
        for flags in FLAGS:
            judge(flags, Path(folder), told)
    for version in VERSIONS:
        judge_version(version, told)
    return told
