"""Packets as a pcapng file (draft-ietf-opsawg-pcapng): what pcap holds, and around it what the log says of its packets.

Each interface of the log is one here, with its name and link type. A packet some of whose octets were not in the log says so in
a comment; lines between the records are comments of the packet they stand before, the last ones of the statistics block, which
carries tcpdump's counters. Times are in nanoseconds. What it cannot hold: text that could not be read, and blank lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import pack
from typing import BinaryIO

from msgspec import UNSET

from tcpdump_parse.model import Notice, Packet
from tcpdump_parse.visible import visible
from tcpdump_parse.write import writer
from tcpdump_parse.write.octets import Frame, Link, Moment, Moments, Rebuilder, Rebuilding, Tally, Unbuilt
from tcpdump_parse.write.octets.moments import scaled
from tcpdump_parse.write.octets.outcome import SNAPLEN, TOLD

SECTION, INTERFACE, PACKET, STATISTICS = 0x0A0D0D0A, 1, 6, 5
COMMENT, NAME, RESOLUTION, APPLICATION, FLAGS = 1, 2, 9, 4, 2
COUNTERS = {"received": 4, "dropped_by_interface": 5, "captured": 8, "dropped": 7}
"""tcpdump's counters by notice, as options of the statistics block: isb_ifrecv, isb_ifdrop, isb_usrdeliv, isb_osdrop."""
DIRECTIONS = {"In": 1, "Out": 2, "B": 1 | 3 << 2, "M": 1 | 2 << 2, "P": 1 | 4 << 2}
"""epb_flags: inbound or outbound, and how it was addressed."""
SILENT = {"blank", "fence"}
KEPT = 256
"""Comments kept for one packet: a page of prose without a record must not fill the memory."""
LONGEST = 4096


class Interfaces:
    """Which number each interface has; a new one begins with its block."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Link, str], int] = {}

    def any(self) -> tuple[int, bytes]:
        """The first interface, for what is said of the whole log."""
        return (0, b"") if self._numbers else self.number(Link.RAW, "")

    def number(self, link: Link, name: str) -> tuple[int, bytes]:
        """The interface's number, and its block when it is new."""
        known = self._numbers.get((link, name))
        if known is not None:
            return known, b""
        number = self._numbers[link, name] = len(self._numbers)
        options = [(NAME, visible(name).encode()[:LONGEST])] if name else []
        return number, block(INTERFACE, pack("<HHI", link, 0, SNAPLEN), [*options, (RESOLUTION, b"\x09")])


@writer("pcapng", suffix=".pcapng")
def pcapng(events: Iterable[object], out: BinaryIO) -> None:
    """The packets of `events`, rebuilt as well as can be; a log without dates counts from the epoch's first day."""
    rebuild_pcapng(events, out, Rebuilding(), Tally())


def rebuild_pcapng(events: Iterable[object], out: BinaryIO, rebuilding: Rebuilding, tally: Tally) -> None:
    """The packets of `events`, rebuilt, with what the log says of them; `tally` is filled while they are written."""
    rebuild, moments, interfaces = Rebuilder(rebuilding.filling, rebuilding.wrapping), Moments(rebuilding.midnight), Interfaces()
    said: list[str] = []
    counters: dict[str, int] = {}
    moment: Moment = (0, 0, 9)
    out.write(block(SECTION, pack("<IHHq", 0x1A2B3C4D, 1, 0, -1), [(APPLICATION, b"tdparse")]))
    for event in events:
        if isinstance(event, Notice):
            rebuild.note(event)
            said += _words(event) if len(said) < KEPT else ()
            counters |= _counter(event)
        elif isinstance(event, Packet):
            moment = moments.of(event)
            frame = rebuild(event)
            tally.note(frame)
            if not isinstance(frame, Unbuilt):
                number, new = interfaces.number(frame.link, event.interface or "")
                out.write(new + _packet(event, frame, number, moment, said))
                said.clear()
    if said or counters:
        number, new = interfaces.any()
        options = [*comments(said), *((COUNTERS[kind], pack("<Q", count)) for kind, count in counters.items())]
        out.write(new + block(STATISTICS, pack("<I", number) + _stamp(moment), options))


def _packet(packet: Packet, frame: Frame, number: int, moment: Moment, said: list[str]) -> bytes:
    octets = frame.octets
    head = pack("<I", number) + _stamp(moment) + pack("<II", len(octets), frame.wire)
    options = list(comments([*said, *(f"tdparse: {TOLD[kind]}" for kind in frame.invented)])) if said or frame.invented else []
    direction = DIRECTIONS.get(packet.direction or "")
    if direction:
        options.append((FLAGS, pack("<I", direction)))
    return block(PACKET, head + octets + bytes(-len(octets) % 4), options)


def comments(texts: Iterable[str]) -> Iterator[tuple[int, bytes]]:
    """Lines of the log as comments, their control characters shown, none sent."""
    for text in texts:
        yield COMMENT, visible(text).encode("utf-8", "replace")[:LONGEST]


def block(kind: int, body: bytes, options: Iterable[tuple[int, bytes]]) -> bytes:
    """One block: type, length, body, options, length again; everything in steps of four octets."""
    tail = b"".join(pack("<HH", code, len(value)) + value + bytes(-len(value) % 4) for code, value in options)
    tail += bytes(4) if tail else b""
    size = pack("<I", 12 + len(body) + len(tail))
    return pack("<I", kind) + size + body + tail + size


def _stamp(moment: Moment) -> bytes:
    seconds, nanoseconds = scaled(moment, 9)
    stamp = max(0, seconds * 10**9 + nanoseconds)
    return pack("<II", stamp >> 32 & 0xFFFFFFFF, stamp & 0xFFFFFFFF)


def _words(notice: Notice) -> list[str]:
    return [notice.text] if isinstance(notice.text, str) and notice.text.strip() and notice.kind not in SILENT else []


def _counter(notice: Notice) -> dict[str, int]:
    return {notice.kind: notice.count} if notice.kind in COUNTERS and notice.count is not UNSET else {}
