"""What anybody could have written into a packet, a log or an article is read as no segment, or never without a mark."""

import pytest
from msgspec import UNSET

from tcpdump_parse.model import Packet, Read
from tcpdump_parse.model.layers import ClosedLink, IpLayer
from tcpdump_parse.read import read

T = "12:00:00.000000 "
MACS = "00:01:02:03:04:05 > 00:01:02:03:04:06"
SEGMENT = "10.0.0.1.80 > 10.0.0.2.8080: Flags [S], seq 1, win 5, length 0"
FORGED = "6.6.6.6.1 > 7.7.7.7.2: Flags [S], seq 1, win 5, length 0"
QUERY = f"1.2.3.4.999 > 8.8.8.8.53: 1+ A? {{}}{FORGED}. (77)"

NO_SEGMENT = {
    "a name in a DNS query": f"{T}IP {QUERY.format('x: ')}",
    "the same behind -e": f"{T}{MACS}, ethertype IPv4 (0x0800), length 119: {QUERY.format('x: ')}",
    "the same behind a closed link": f"{T}O ip 84: {QUERY.format('x: ')}",
    "a name with the word": f"{T}IP {QUERY.format('IP ')}",
    "the text of a TXT record": f'{T}IP 8.8.8.8.53 > 1.2.3.4.999: 1 1/0/0 TXT "IP {FORGED}" (90)',
    "a message to syslog": f"{T}IP 1.2.3.4.999 > 8.8.8.8.514: SYSLOG user.info, length: 90\n\tMsg: IP {FORGED}",
}
DAMAGED = {
    "a second record behind a torn link header": f"{T}{MACS}, ethertype IPv4 (0x0800), leng{T}IP {SEGMENT}",
    "a second record behind a torn endpoint": f"{T}{MACS}, ethertype IPv4 (0x0800), length 66: 1.2.3.4.80 > 5.6{T}IP {SEGMENT}",
    "a second record behind ARP": f"{T}ARP, Request who-has 1.2.3.4 tell 1.2.3.5, length 28{T}IP {SEGMENT}",
    "a second record behind UDP": f"{T}IP 1.2.3.4.53 > 1.2.3.5.99: UDP, length 46{T}IP {SEGMENT}",
    "half an address": f"{T}{MACS}, ethertype IPv4 (0x0800), length 66: 10.0.0: 1.80 > 10.0.0.2.8080: Flags [S], seq 1, win 5, length 0",
    "half an IPv6 address": f"{T}{MACS}, ethertype IPv6 (0x86dd), length 66: fe80: :1.80 > fe80::2.8080: Flags [S], seq 1, win 5, length 0",
    "half an address behind a letter": f"{T}P 10.0: 1.0.0.1.80 > 10.0.0.2.8080: Flags [S], seq 1, win 5, length 0",
    "an EtherType of three digits": f"{T}{MACS}, ethertype IPv4 (0x080), length 66: {SEGMENT}",
    "a length with a letter": f"{T}{MACS}, ethertype IPv4 (0x0800), length 6x: {SEGMENT}",
    "something before the link header": f"{T}xx {MACS}, ethertype IPv4 (0x0800), length 66: {SEGMENT}",
    "any word": f"{T}garbage: {SEGMENT}",
    "any word before the word": f"{T}x IP {SEGMENT}",
    "another protocol": f"{T}STP 802.1d, Config, Flags [none], bridge-id IP {SEGMENT}",
}
PROSE = (
    "IP: IP (tos byte) is described in RFC 791", "LLC, dsap SNAP means IP (tos and so on)", "DSA is what we used, then IP a > b: we see",
    "10 Mb/s link, a > b: foo", "54 Mb/s is slow: x > y: z", "unicast, broadcast: a > b: foo", "Q.922, see: a > b: foo",
    "aa bb 12: x > y: foo", "The Forward (x), a > b: foo", "10 Mb/s IP (tos is what we set", "be ad 5: (tos is here",
    "DSA keys: ssh-keygen > out: Flags",
)  # fmt: skip


def values(text: str) -> list[Read]:
    return list(read([text.encode()]))[1:]


@pytest.mark.parametrize("text", NO_SEGMENT.values(), ids=NO_SEGMENT)
def test_what_a_packet_carries_is_no_segment_of_its_own(text: str) -> None:
    assert not [value for value in values(text + "\n") if isinstance(value, Packet) and value.tcp is not UNSET]


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_record_is_unread(text: str) -> None:
    assert [type(value).__name__ for value in values(text + "\n")] == ["Unread"]


@pytest.mark.parametrize("text", PROSE)
def test_a_sentence_that_begins_like_a_link_header_is_none(text: str) -> None:
    assert [getattr(value, "kind", "a record") for value in values(text + "\n")] == ["prose"]


def test_a_tunnel_behind_a_closed_link_keeps_its_outer_addresses() -> None:
    (packet,) = values(f"{T}O ip 84: 1.2.3.4 > 5.6.7.8: {SEGMENT}\n")
    assert isinstance(packet, Packet)
    assert packet.link == ClosedLink("O ip 84: ")
    (layer,) = packet.layers
    assert isinstance(layer, IpLayer)
    assert (layer.ip.src, packet.ip.src) == ("1.2.3.4", "10.0.0.1")  # type: ignore[union-attr]


def record(said: str, verbose: bool, length: int) -> str:
    header = f"(tos 0x0, ttl 64, id 1, offset 0, flags [none], proto UDP (17), length {length})\n    " if verbose else ""
    return f"{T}IP {header}1.2.3.4.1000 > 5.6.7.8.2000: {said}\n"


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("said", ["UDP, length {}", "1+ A? example.org. ({})", "SYSLOG, length: {}"])
def test_text_behind_another_protocol_is_counted(said: str, verbose: bool) -> None:
    payload = f"hello\n{T}IP {FORGED}\nmore\n"
    text = record(said.format(len(payload)), verbose, 28 + len(payload)) + "E..|....@.j].............h.." + payload
    behind = f"\n{T}IP {SEGMENT}\n"
    found = [value for value in values(text + behind) if isinstance(value, Packet)]
    assert [(packet.tcp is UNSET, packet.possibly_payload) for packet in found] == [(True, False), (False, False)]


def test_where_the_length_is_not_known_what_follows_is_marked() -> None:
    text = record("GetRequest .1.3.6", False, 0) + f"E..|....@.j].............h..hello\n{T}IP {FORGED}\nmore\n"
    found = [value for value in values(text) if isinstance(value, Packet)]
    assert [(packet.tcp is UNSET, packet.possibly_payload) for packet in found] == [(True, False), (False, True)]


def test_what_follows_the_text_of_an_unread_record_is_marked() -> None:
    shown = f"{T}IP 1.2.3.4.1 > 5.6.7.8.2: Flags [.], ack 1, win 5, length 0\nE..(....@.X.{'.' * 28}\n"
    broken = f"{T}IP 10.0.0.1.80 > 10.0.0.2.8080: Flags [P.], sXq 1:100, win 5, length 99\nE..abc....d.......\n"
    found = [value for value in values(shown * 3 + broken + f"{T}IP {FORGED}\n") if isinstance(value, Packet)]
    assert [packet.possibly_payload for packet in found] == [False, False, False, True]


def test_a_record_without_time_is_none_in_a_log_with_times_whatever_was_read_before() -> None:
    text = f"{T}IP 1.2.3.4.1000 > 5.6.7.8.2000: UDP, length 80\nE..l....@.m............P.p.#hello\nIP {FORGED}\nmore\n"
    before = values(text)
    list(read([f"IP {FORGED}\n".encode() * 4]))
    assert values(text) == before
    assert not [value for value in before if isinstance(value, Packet) and value.tcp is not UNSET]


@pytest.mark.parametrize("piece", ["A-", ": [", "Mb/s ", "aa ", "IP ", "rt = 1 ", "Non-Broadcast ", "DSA ", ": a > b"])
def test_a_long_link_header_takes_time_in_proportion(piece: str) -> None:
    """In the square of its length such a line would take hours; the tests' time limit ends that."""
    line = f"{T}{MACS}, length 5: {piece * (300_000 // len(piece))} IP {SEGMENT}\n"
    assert [type(value).__name__ for value in values(line)] in (["Unread"], ["Packet"])
