"""Text → packets → the same text, judged by the tcpdump that is installed.

Every pcap of tcpdump's own test suite, and one with every option and every odd form, is printed, rebuilt from that text alone, and
printed again. `counts.tsv` says for each kind of record how many there are and how many come back byte for byte; it is compared whole,
so that a record won or lost shows in the diff. `python -m tests.replay.test_round_trip` writes it anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from msgspec import UNSET

from tcpdump_parse.model import IPv4, IPv6, Packet
from tcpdump_parse.write.octets import Frame, Moments, Rebuilder, Unbuilt
from tcpdump_parse.write.pcap import file_header, record
from tests.replay.programs import PCAPS, captured, packets, printed, records, version

TABLE = Path(__file__).parent / "counts.tsv"
WHOLE = ("no payload", "payload not decoded")
"""Records of these kinds all come back."""


def kind(packet: Packet) -> str:
    """What kind of record it is, by how much of the segment the text shows."""
    tcp = packet.tcp
    if tcp is UNSET:
        return "no segment printed"
    if tcp.bad_header is not UNSET:
        return "impossible header length"
    if tcp.cut is not UNSET:
        return f"header ends at {tcp.cut.strip()}"
    if not tcp.length:
        return "no payload"
    if tcp.checksum is UNSET:
        return "payload cut short, or a fragment"
    if packet.body is UNSET:
        return "payload not decoded"
    name = str(packet.body).strip(" :\t[!").split()[0].rstrip(",:").partition("v")[0]
    return f"payload decoded: {'DNS' if name[0].isdigit() else name}"


def direct(packet: Packet) -> bool:
    """Whether the packet's own IP header carries TCP: not a tunnel, not an ICMP error."""
    ip = packet.ip
    if packet.tcp is not UNSET:
        return not packet.layers
    return (isinstance(ip, IPv4) and ip.proto == 6) or (isinstance(ip, IPv6) and ip.next_header == 6)


def outcomes(pcap: Path) -> Iterator[tuple[Packet, str, str]]:
    """Every direct TCP record of a pcap's text: the packet, its text, and the text of what was rebuilt ("" when it was not)."""
    texts = records(pcap)
    rebuild, moments = Rebuilder(), Moments(lambda _: 0)
    built, octets = [], b""
    for packet in packets(printed(pcap)):
        moment = moments.of(packet)
        if direct(packet):
            frame = rebuild(packet)
            if isinstance(frame, Unbuilt):
                yield packet, texts[packet.frame - 1], ""
            else:
                octets = (octets or file_header(frame.link, 6)) + record(frame.octets, frame.wire, moment, 6)
                built.append(packet)
    again = records(octets) if built else []
    assert len(again) == len(built)
    yield from ((packet, texts[packet.frame - 1], text) for packet, text in zip(built, again, strict=True))


@cache
def verdicts() -> tuple[dict[str, Counter[bool]], dict[str, Counter[str]]]:
    """By kind of record how many came back (True) and how many did not; by file which kinds were lost."""
    kinds: dict[str, Counter[bool]] = {}
    lost: dict[str, Counter[str]] = {}
    for pcap in PCAPS:
        for packet, before, after in outcomes(pcap):
            kinds.setdefault(kind(packet), Counter())[before == after] += 1
            if before != after:
                lost.setdefault(pcap.name, Counter())[kind(packet)] += 1
    return kinds, lost


def table() -> str:
    kinds, lost = verdicts()
    rows = [f"{name}\t{count.total()}\t{count[True]}" for name, count in sorted(kinds.items())]
    total, same = sum(count.total() for count in kinds.values()), sum(count[True] for count in kinds.values())
    files = [f"{file}\t{count.total()}\t{', '.join(sorted(count))}" for file, count in sorted(lost.items())]
    return "\n".join(["kind of record\trecords\tidentical", *rows, f"all\t{total}\t{same}", "", "file\tnot identical\tof kind", *files, ""])


def test_counts_are_those_of_the_table() -> None:
    if "4.99.3" not in version("tcpdump"):
        pytest.skip(f"other version: the table counts tcpdump 4.99.3, here is {version('tcpdump')}")
    assert table() == TABLE.read_text()


def test_what_tcpdump_does_not_decode_comes_back_whole() -> None:
    """A payload that only its checksum speaks of can always be replaced by another with that checksum."""
    _, lost = verdicts()
    assert {file: dict(count) for file, count in lost.items() if set(WHOLE) & set(count)} == {}


def test_at_least_four_in_five_direct_records_come_back() -> None:
    kinds, _ = verdicts()
    assert sum(count[True] for count in kinds.values()) >= 0.8 * sum(count.total() for count in kinds.values())


def test_exact_means_exact() -> None:
    """A frame that claims to hold nothing invented is, octet for octet, what was captured."""
    wrong, exact = Counter[str](), 0
    for pcap in PCAPS:
        original, rebuild = captured(pcap), Rebuilder()
        for packet in filter(direct, packets(printed(pcap))):
            frame = rebuild(packet)
            if isinstance(frame, Frame) and not frame.invented:
                exact += 1
                wrong[pcap.name] += frame.octets not in original[packet.frame - 1][0]
    assert not +wrong
    assert exact > 1000


if __name__ == "__main__":
    TABLE.write_text(table())
