"""Packets as a pcap file: little-endian, one link type, microseconds (nanoseconds when the first packet has them).

A pcap holds packets and their times and nothing else: notices, interface names and what was invented are lost; pcapng keeps
them. The file is a stream: its header goes out with the first packet, each packet as soon as it was read.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct as Layout
from typing import BinaryIO

from tcpdump_parse.model import Notice, Packet
from tcpdump_parse.write import writer
from tcpdump_parse.write.octets import Link, Moment, Moments, Reason, Rebuilder, Rebuilding, Tally, Unbuilt
from tcpdump_parse.write.octets.moments import scaled
from tcpdump_parse.write.octets.outcome import SNAPLEN

FILE = Layout("<IHHiIII")
RECORD = Layout("<IIII")
MAGIC = {6: 0xA1B2C3D4, 9: 0xA1B23C4D}


@writer("pcap", suffix=".pcap")
def pcap(events: Iterable[object], out: BinaryIO) -> None:
    """The packets of `events`, rebuilt as well as can be; a log without dates counts from the epoch's first day."""
    rebuild_pcap(events, out, Rebuilding(), Tally())


def rebuild_pcap(events: Iterable[object], out: BinaryIO, rebuilding: Rebuilding, tally: Tally) -> None:
    """The packets of `events`, rebuilt; `tally` is filled while they are written.

    A packet whose link header is of another type than the first packet's does not fit into the file, and is counted as such.
    """
    rebuild, moments = Rebuilder(rebuilding.filling, rebuilding.wrapping), Moments(rebuilding.midnight)
    link: Link | None = None
    digits = 6
    for event in events:
        if not isinstance(event, Packet):
            if isinstance(event, Notice):
                rebuild.note(event)
            continue
        moment = moments.of(event)
        frame = rebuild(event)
        if not isinstance(frame, Unbuilt) and link is not None and frame.link is not link:
            frame = Unbuilt(Reason.LINK)
        tally.note(frame)
        if isinstance(frame, Unbuilt):
            continue
        if link is None:
            link, digits = frame.link, 9 if moment[2] == 9 else 6
            out.write(file_header(link, digits))
        out.write(record(frame.octets, frame.wire, moment, digits))
    if link is None:
        out.write(file_header(Link.RAW, digits))


def file_header(link: Link, digits: int) -> bytes:
    return FILE.pack(MAGIC[digits], 2, 4, 0, 0, SNAPLEN, link)


def record(octets: bytes, wire: int, moment: Moment, digits: int) -> bytes:
    seconds, fraction = scaled(moment, digits)
    return RECORD.pack(seconds & 0xFFFFFFFF, fraction & 0xFFFFFFFF, len(octets), wire) + octets
