"""A record that breaks off (a log cut in the middle, a screen that ended there) is never taken for a packet without a segment."""

from io import BytesIO

import pytest
from msgspec import UNSET

from tcpdump_parse.model import Packet, Unread
from tcpdump_parse.read import looks, read

SEGMENT = "Flags [.], cksum 0xfe29 (incorrect -> 0x8ab7), seq 1, ack 2, win 63, options [nop,nop,TS val 24 ecr 23], length 0\n"
IPV4 = "(tos 0x0, ttl 64, id 37244, offset 0, flags [DF], proto TCP (6), length 52)\n    127.0.0.2.56917 > 127.0.0.1.443: "
RECORDS = {
    "-vvv": f"12:00:00.000001 IP {IPV4}{SEGMENT}",
    "IPv6": f"12:00:00.000001 IP6 (flowlabel 0x12345, hlim 64, next-header TCP (6) payload length: 32) ::1.56917 > ::1.443: {SEGMENT}",
    "ECT": f"12:00:00.000001 IP {IPV4.replace('0x0,', '0x2,ECT(0),')}{SEGMENT}",
    "class": f"12:00:00.000001 IP6 (class 0xc0, flowlabel 0x1234, hlim 6, next-header TCP (6) payload length: 32) ::1.1 > ::1.2: {SEGMENT}",
    "no -v": "12:00:00.000001 IP 127.0.0.2.56917 > 127.0.0.1.443: Flags [.], ack 2, win 63, length 0\n",
    "-e": f"12:00:00.000001 02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 66: {IPV4}{SEGMENT}",
    "-i any": f"12:00:00.000001 lo    In  IP {IPV4}{SEGMENT}",
    "-tttt": f"2026-11-23 12:00:00.000001 IP {IPV4}{SEGMENT}",
}
WHOLE_TIME = len("12:00:00.000001")
WORDLESS = {"no -v": "12:00:00.000001 IP 127.0.0.2.56917 > 127.0.0.1.443:"}
"""What tcpdump prints as well of a datagram it has no words for: here nothing shows that more was to come."""


@pytest.mark.parametrize("form", RECORDS)
def test_a_torn_record_is_unread_wherever_it_breaks_off(form: str) -> None:
    record = RECORDS[form]
    for stop in range(record.index("12:00:00.000001") + WHOLE_TIME, len(record) - 1):
        if record[:stop].rstrip(" ") == WORDLESS.get(form):
            continue
        shown = [event for event in read(BytesIO(f"{record}{record[:stop]}".encode())) if isinstance(event, Packet | Unread)]
        assert [bool(getattr(event, "tcp", UNSET)) or isinstance(event, Unread) for event in shown] == [True, True], record[:stop]


@pytest.mark.parametrize(
    "text",
    [
        "12:00:00.000001 ARP, Request who-has 10.0.0.1 tell 10.0.0.2, length 28",
        "12:00:00.000001 IP 10.0.0.1.53 > 10.0.0.2.1024: 1 0/0/0 (12)",
        "12:00:00.000001 IP (tos 0x0, ttl 64, id 1, offset 1480, flags [none], proto TCP (6), length 52)\n    10.0.0.1 > 10.0.0.2: tcp",
        "12:00:00.000001 IP (tos 0x0, ttl 64, id 1, offset 0, flags [none], proto UDP (17), length 28)\n    10.0.0.1.1 > 10.0.0.2.2: UDP",
        "12:00:00.000001 IP 10.0.0.1.88 > 10.0.0.2.24074: ",
        "12:00:00.000001 02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype Unknown (0x9000), length 60: ",
        "12:00:00.000001 [|ether]",
    ],
)
def test_a_whole_record_of_another_protocol_stays_a_packet(text: str) -> None:
    (shown,) = [event for event in read(BytesIO(f"{text}\n".encode())) if isinstance(event, Packet | Unread)]
    assert isinstance(shown, Packet)
    assert not shown.tcp


@pytest.mark.parametrize("unit", [": Flags [.], x", ": Flags [S]x", ": S win"])
def test_a_long_hostile_line_is_not_looked_through_again_from_each_of_its_colons(unit: str) -> None:
    assert looks.SEGMENT.search(f": Flags [.], {'x' * 900}, length 0") is None, "the bound that makes it so"
    text = f"12:00:00.000001 IP a.1 > b.2{unit * 10_000}, length 0\n"  # without the bound: minutes
    assert [type(event) for event in read(BytesIO(text.encode()))][1:] in ([Packet], [Unread])
