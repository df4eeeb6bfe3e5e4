"""What Wireshark sees in the rebuilt packets: nothing malformed that was not, and the same analysis of sequence numbers."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from msgspec import UNSET

from tcpdump_parse.model import Packet
from tcpdump_parse.model.ip import Fragment
from tcpdump_parse.write.octets import Frame, Invented, Moments, Rebuilder
from tcpdump_parse.write.pcap import file_header, record
from tests.replay.programs import PCAPS, packets, printed, tshark, version
from tests.replay.test_round_trip import direct

ANALYSIS = [
    f"tcp.analysis.{flag}"
    for flag in (
        "retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order", "lost_segment", "ack_lost_segment",
        "duplicate_ack", "keep_alive", "keep_alive_ack", "window_update", "window_full", "zero_window", "zero_window_probe",
        "zero_window_probe_ack", "reused_ports",
    )
]  # fmt: skip
SYNTHETIC_MALFORMED = {
    "bgp-role.pcapng": 1, "dns_tcp.pcap": 2, "ipoib.pcap": 6, "mptcp-v0.pcap": 109, "of13_ericsson.pcapng": 14, "ssh.pcap": 23,
}  # fmt: skip
ENOUGH = 5
"""Files with fewer TCP records show nothing that these do not."""
SYNTHETIC = {Invented.PAYLOAD, Invented.DECODED, Invented.REMAINDER, Invented.CUT}


def seen(pcap: bytes | Path) -> dict[int, list[str]]:
    """By frame number: whether it is malformed, and its analysis flags."""
    fields = [argument for name in ("frame.number", "_ws.malformed", *ANALYSIS) for argument in ("-e", name)]
    rows = [line.split("|") for line in tshark(pcap, "-T", "fields", "-E", "separator=|", "-E", "occurrence=f", *fields).splitlines()]
    return {int(number): flags for number, *flags in rows}


def rebuilt_and_known(packet: Packet, rebuilt: bool) -> bool:
    """Whether this packet leaves Wireshark no other choice: tunnelled TCP is not rebuilt, and tcpdump prints of an IPv6 fragment not
    whether more follow, which decides between reassembly and analysis."""
    if not direct(packet):
        return "Flags [" not in str(packet.body)
    extensions = packet.ip.extensions if packet.ip is not UNSET else ()
    return rebuilt and not any(isinstance(header, Fragment) for header in extensions)


@cache
def compared() -> tuple[Counter[str], Counter[str], Counter[str]]:
    """By file: packets newly malformed with nothing synthetic in them; with; and packets whose flags differ although every TCP record
    of the file was rebuilt and none is in a tunnel."""
    exact, synthetic, flags = Counter[str](), Counter[str](), Counter[str]()
    for pcap in PCAPS:
        rebuild, moments, frames = Rebuilder(), Moments(lambda _: 0), {}
        log = packets(printed(pcap))
        for packet in log:
            frame, moment = rebuild(packet), moments.of(packet)
            if direct(packet) and isinstance(frame, Frame):
                frames[packet.frame] = (frame, moment)
        if len(frames) < ENOUGH:
            continue
        before = seen(pcap)
        octets = b"".join(record(frame.octets, frame.wire, moment, 6) for frame, moment in frames.values())
        after = seen(file_header(next(iter(frames.values()))[0].link, 6) + octets)
        whole = all(rebuilt_and_known(packet, packet.frame in frames) for packet in log)
        for place, (number, (frame, _)) in enumerate(frames.items(), 1):
            if after[place][0] and not before[number][0]:
                (synthetic if SYNTHETIC & set(frame.invented) else exact)[pcap.name] += 1
            if whole and after[place][1:] != before[number][1:]:
                flags[pcap.name] += 1
    return exact, synthetic, flags


def test_nothing_is_malformed_that_was_not() -> None:
    exact, _, _ = compared()
    assert dict(exact) == {}


def test_malformed_synthetic_payload_is_counted() -> None:
    """Octets that only fit a checksum are no message of any protocol. How many Wireshark calls malformed, by file."""
    if not version("tshark").startswith("TShark (Wireshark) 4.0."):
        pytest.skip(f"other version: counted with tshark 4.0, here is {version('tshark')}")
    _, synthetic, _ = compared()
    assert dict(synthetic) == SYNTHETIC_MALFORMED


def test_the_analysis_of_sequence_numbers_is_the_same() -> None:
    _, _, flags = compared()
    assert dict(flags) == {}
