"""One packet at two places of its way: what tells the two records from two packets."""

from __future__ import annotations

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from tcpdump_parse.check.engine import check
from tcpdump_parse.model.events import Capture
from tcpdump_parse.model.ip import IPv6
from tcpdump_parse.model.packet import Packet
from tcpdump_parse.track import track
from tests.track.talk import Talk


def routed(after: float = 0.00003, lower: int = 1) -> Talk:
    """Each packet twice, without ids; the second record `after` seconds later, its TTL that much lower."""
    talk = Talk()
    for say, *numbers in (
        (talk.c, "S"), (talk.s, "S.", 0, 0, 1), (talk.c, ".", 1, 0, 1), (talk.c, "P.", 1, 10, 1), (talk.s, ".", 1, 0, 11),
        (talk.c, "P.", 11, 10, 1), (talk.s, ".", 1, 0, 21),
    ):  # fmt: skip
        say(*numbers, id=0, after=0.02)  # type: ignore[operator]
        say(*numbers, id=0, after=after, ttl=64 - lower)  # type: ignore[operator]
    return talk


def as_ipv6(packet: Packet) -> Packet:
    ip = packet.ip
    assert ip is not UNSET
    return replace(packet, ip=IPv6("fd00::1" if ip.src == "10.0.0.1" else "fd00::2", "fd00::2" if ip.src == "10.0.0.1" else "fd00::1",
                                   hlim=ip.ttl, next_header=6, next_header_name="TCP", payload_length=40))  # type: ignore[union-attr]


def twins(packets: list[Packet]) -> list[tuple[str, object]]:
    events = track([Capture(capture=1), *packets])
    return [(found.rule, found.facts["packets"]) for found in check(events, select=["cap-duplicate-*"])]


@pytest.mark.parametrize("version", [4, 6])
def test_a_router_between_two_records_is_seen_without_an_id(version: int) -> None:
    packets = routed().packets if version == 4 else [as_ipv6(packet) for packet in routed().packets]
    assert twins(packets) == [("cap-duplicate-routed", 7)]


@pytest.mark.parametrize("talk", [routed(after=0.01), routed(lower=0), routed(lower=2)], ids=["later", "same TTL", "two routers"])
def test_what_may_be_two_packets_is_no_twin(talk: Talk) -> None:
    assert twins(talk.packets) == []


def test_without_an_id_two_connections_are_not_one_behind_a_nat() -> None:
    """Probes with the numbers of one tool look alike, whatever they go to."""
    packets = []
    for packet in routed().packets:
        ip = packet.ip
        assert ip is not UNSET
        packets.append(replace(packet, ip=replace(ip, src="10.9.9.9")) if ip.ttl == 63 else packet)  # type: ignore[union-attr, type-var]
    assert twins(packets) == []
