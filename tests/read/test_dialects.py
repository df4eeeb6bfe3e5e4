"""Ways of printing that no file of the corpus shows: each line is read, every value typed, and printed back as it stood."""

import io

import pytest
from msgspec import UNSET

from tcpdump_parse.model import Packet, Read
from tcpdump_parse.model.ip import IPv4
from tcpdump_parse.model.layers import HiddenVlan, Layer, PppLayer, Pppoe, Sll, Vlan
from tcpdump_parse.model.options import Md5
from tcpdump_parse.read import read
from tcpdump_parse.write import find

SHORT = "IP 192.0.2.1.1 > 192.0.2.2.2: Flags [.], ack 1, win 5, length 0\n"
LONG = (
    "12:00:00.000000 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60)\n    192.0.2.1.1 > 192.0.2.2.2: "
    "Flags [S], cksum 0x1234 (correct), seq 1, win 5, options [{}], length 0\n"
)


def values(text: str) -> list[Read]:
    """What stands in the text, which is printed back as it is."""
    found = list(read([text.encode()]))
    out = io.StringIO()
    find("tcpdump").write(found, out)
    assert out.getvalue() == text
    return found


def packets(text: str) -> list[Packet]:
    return [value for value in values(text) if isinstance(value, Packet)]


@pytest.mark.parametrize(
    ("printed", "verdict"),
    [("md5 valid", "valid"), ("md5  (invalid)", "(invalid)"), ("md5 invalid", "invalid")],
    ids=["valid", "4.99", "4.9"],
)
def test_a_checked_signature(printed: str, verdict: str) -> None:
    """tcpdump -M: nd_print_invalid() brings a blank of its own since 4.99."""
    (packet,) = packets(LONG.format(printed))
    assert packet.tcp is not UNSET
    assert packet.tcp.options == (Md5(verdict=verdict),)


@pytest.mark.parametrize(
    ("time", "clock"),
    [
        ("12:00:00.123", "43200.123"),
        ("12:00:00.5", "43200.5"),
        ("1700000000.123", "1700000000.123"),
        ("2026-01-02 12:00:01.234", "1767355201.234"),
    ],
)
def test_a_time_that_was_cut_to_milliseconds_keeps_its_digits(time: str, clock: str) -> None:
    (packet,) = packets(f"{time} {SHORT}")
    assert (packet.time, packet.clock) == (time, clock)


@pytest.mark.parametrize(
    "line", ["12:00:00.123 [main] INFO started", "12:00:00.123 user In again", "1.5 IP addresses", "10.0.0.1 > 10.0.0.2"]
)
def test_lines_of_other_logs_with_such_times_stay_prose(line: str) -> None:
    found = values(f"12:00:00.000001 {SHORT}{line}\n12:00:00.000002 {SHORT}")
    assert [type(value).__name__ for value in found] == ["Capture", "Packet", "Notice", "Packet"]


def test_a_closed_link_header_never_hides_one_that_can_be_read() -> None:
    """A damaged line of the same shape came first, and often: its plan takes any text, but only the texts that Lark gave it."""
    whole = "12:00:00.000000  In 00:11:22:33:44:55 ethertype IPv4 (0x0800), length 76: " + LONG.format("nop").partition(" IP ")[2]
    damaged = whole.replace(" 00:", " 0:", 1)
    found = packets((damaged * 3 + whole) * 4)
    assert [type(packet.link) is Sll for packet in found] == [False, False, False, True] * 4


def test_a_second_line_whose_first_is_lost_is_no_part_of_the_record_before() -> None:
    """Behind payload lines, and behind a head with a known shape."""
    whole = LONG.format("nop").replace("length 0\n", "length 9: HTTP, length: 9\n\tGET / HTTP\n")
    orphan = LONG.format("nop").partition("\n")[2]
    for before in (whole, LONG.format("nop").replace("length 0\n", "length 9: HTTP\n")):
        found = values(before * 3 + orphan + before)
        assert [type(value).__name__ for value in found] == ["Capture", *["Packet"] * 3, "Unread", "Packet"]
        bodies = [value.body for value in found if isinstance(value, Packet)]
        assert len(set(bodies)) == 1


@pytest.mark.parametrize("ttl", ["  1", " 64", "128", "255"])
@pytest.mark.parametrize("form", ["proto: TCP (6), length: 44", "length: 44"], ids=["3.9", "3.8"])
def test_a_ttl_that_fills_its_three_columns(ttl: str, form: str) -> None:
    """tcpdump 3.8 and 3.9.1 to 3.9.7: `ttl %3u`, with all that stood on the line behind it."""
    head = f"12:00:00.000000 IP (tos 0x0, ttl {ttl}, id 1, offset 0, flags [DF], {form})"
    (packet,) = packets(f"{head} 10.0.0.1.1 > 10.0.0.2.2: S, cksum 0x1234 (correct), 1:1(0) win 5 <mss 1460>\n")
    assert isinstance(packet.ip, IPv4)
    assert (packet.ip.ttl, packet.ip.length) == (int(ttl), 44)


QUIET = "10.0.0.1.40000 > 10.0.0.2.8000: tcp 0\n"
WHOLE = "10.0.0.1.40000 > 10.0.0.2.8000: Flags [.], ack 1, win 5, length 0\n"
MACS = "02:00:00:00:00:01 > 02:00:00:00:00:02, "
TAGGED = (
    (f"{MACS}802.1Q, length 70: vlan 13, p 3, IPv4, {QUIET}", (Vlan(13, 3, ethertype_name="IPv4", tacit=True),)),
    (
        f"{MACS}802.1Q-QinQ, length 74: vlan 13, p 0, 802.1Q, vlan 10, p 0, DEI, IPv4, {QUIET}",
        (Vlan(13, 0, ethertype_name="802.1Q", tacit=True), Vlan(10, 0, True, "IPv4", tacit=True)),
    ),
    (f" In 02:00:00:00:00:01 vlan 7, p 0, {QUIET}", (Vlan(7, 0, tacit=True),)),
    (f"Out 02:00:00:00:00:01 ethertype 802.1Q (0x8100), length 72: vlan 7, p 0, ethertype IPv4, {WHOLE}", (Vlan(7, 0, False, "IPv4"),)),
    (f"ethertype IPv4, IP {WHOLE}", (HiddenVlan("IPv4"),)),
    (f"eth0  In  ethertype IPv4, IP {WHOLE}", (HiddenVlan("IPv4"),)),
    (f"ethertype 802.1Q, ethertype IPv4, IP {WHOLE}", (HiddenVlan("802.1Q"), HiddenVlan("IPv4"))),
    (
        f"{MACS}802.1Q, length 98: vlan 7, p 0, PPPoE S, PPPoE  [ses 0x1] IP (0x0021), length 74: {QUIET}",
        (Vlan(7, 0, ethertype_name="PPPoE S", tacit=True), Pppoe(1), PppLayer("IP", 0x21, 74)),
    ),
)


@pytest.mark.parametrize(("text", "layers"), TAGGED)
def test_tags_in_quiet_and_cooked_captures(text: str, layers: tuple[Layer, ...]) -> None:
    """As tcpdump 4.99.3 prints them: under `-e -q`, and of `-i any`, whose tags stand there without -e too, but for their numbers."""
    (packet,) = packets(f"12:00:00.000000 {text}")
    assert packet.layers == layers
    assert packet.tcp is not UNSET
    assert packet.tcp.dport == 8000


@pytest.mark.parametrize("text", [text for text, _ in TAGGED[2:7]])
def test_tags_of_cooked_captures_without_a_time(text: str) -> None:
    assert len(packets(text * 2)) == 2
