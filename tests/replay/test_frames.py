"""A log with a hexdump holds every octet: the frames come back as they were captured, whatever protocol they carry."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from msgspec import UNSET

from tcpdump_parse.model import Notice, Packet
from tcpdump_parse.write.octets import Frame, Rebuilder, Unbuilt
from tests.replay.programs import AS_ASKED, PCAPS, captured, events, logged


def frames(pcap: Path, *flags: str) -> list[tuple[Packet, Frame | Unbuilt]]:
    rebuild, built = Rebuilder(), []
    for event in events(logged(pcap, *AS_ASKED, *flags)):
        if isinstance(event, Notice):
            rebuild.note(event)
        elif isinstance(event, Packet):
            built.append((event, rebuild(event)))
    return built


def test_frames_of_a_whole_dump_are_the_captured_ones() -> None:
    """Every record with a dump, whatever its link type and protocol."""
    lost, compared = Counter[str](), 0
    for pcap in PCAPS:
        original = captured(pcap)
        for packet, frame in frames(pcap, "-XX"):
            if packet.octets is not UNSET:
                compared += 1
                lost[pcap.name] += not (isinstance(frame, Frame) and frame.octets == original[packet.frame - 1][0])
    assert not +lost
    assert compared > 2000
