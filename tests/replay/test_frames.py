"""A log with a hexdump holds every octet: the frames come back as they were captured, whatever protocol they carry."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tcpdump_parse.model import Notice, Packet
from tcpdump_parse.write.octets import Frame, Rebuilder, Unbuilt
from tests.replay.programs import AS_ASKED, PCAPS, captured, events, logged

BROKEN = {
    "heapoverflow-sl_if_print.pcap": "one",
}


def frames(pcap: Path, *flags: str) -> list[tuple[Packet, Frame | Unbuilt]]:
    rebuild, built = Rebuilder(), []
    for event in events(logged(pcap, *AS_ASKED, *flags)):
        if isinstance(event, Notice):
            rebuild.note(event)
        elif isinstance(event, Packet):
            built.append((event, rebuild(event)))
    return built


@pytest.mark.parametrize("flags", [("-XX",), ("-xx", "-e")], ids=" ".join)
def test_frames_of_a_whole_dump_are_the_captured_ones(flags: tuple[str, ...]) -> None:
    lost: Counter[str] = Counter()
    for pcap in PCAPS:
        original = captured(pcap)
        built = frames(pcap, *flags)
        lost[pcap.name] = abs(len(original) - len(built))
        for (octets, wire), (_, frame) in zip(original, built, strict=False):
            lost[pcap.name] += not (isinstance(frame, Frame) and frame.octets == octets and frame.wire == wire)
    assert {name: count for name, count in lost.items() if count} == {}
