"""Dumps and texts of -A are taken from whole chunks: that must give what line by line reading gives, however the octets arrive.

The lab of tcpdump's own captures, printed with -X and -A, cut into pieces of every kind; and dumps that are not as tcpdump prints them.
"""

import random
import subprocess
from pathlib import Path

import pytest
from msgspec import UNSET

from tcpdump_parse.model import Packet, Read
from tcpdump_parse.read import read
from tcpdump_parse.read.ascii import shown
from tcpdump_parse.read.blocks import FIRST, MARK, taken
from tcpdump_parse.read.dumps import print_dump

CORPUS = Path(__file__).parents[1] / "corpus" / "tcpdump-tests"
NAMES = ("dns_tcp", "mptcp-v1", "ssh", "of10_p3295", "bgp-lu-multiple-labels")
HEAD = b"12:00:00.%06d IP 10.0.0.1.5000 > 10.0.0.2.80: Flags [.], ack 1, win 1, length 0\n"


def printed(name: str, flags: tuple[str, ...]) -> bytes:
    (file,) = CORPUS.glob(f"{name}.pcap*")
    return subprocess.run(("tcpdump", *flags, "-r", file), capture_output=True).stdout


def pieces(text: bytes, size: int) -> list[bytes]:
    chance, found, at = random.Random(size), [], 0
    while at < len(text):
        step = chance.randrange(1, 2 * size)
        found.append(text[at : at + step])
        at += step
    return found


@pytest.mark.parametrize(
    "flags", [("-nn", "-X"), ("-S", "-nn", "-vvv", "-X"), ("-nn", "-e", "-XX"), ("-nn", "-A"), ("-nn", "-vvv", "-A")], ids=" ".join
)
@pytest.mark.parametrize("name", NAMES)
def test_how_the_octets_arrive_changes_nothing(name: str, flags: tuple[str, ...]) -> None:
    text = printed(name, flags)
    whole = list(read([text]))
    for size in (70, 777, 5000):
        assert list(read(pieces(text, size))) == whole


def dump(octets: bytes) -> bytes:
    return b"".join(line.encode() + b"\n" for line in print_dump(octets.hex(), "X"))


def packets(text: bytes) -> list[Packet]:
    return [value for value in read([text]) if isinstance(value, Packet)]


@pytest.mark.parametrize("size", [1, 2, 15, 16, 17, 32, 33, 1500])
def test_a_dump_of_any_length_is_one_block(size: int) -> None:
    octets = bytes(number * 37 % 256 for number in range(size))
    without, blocks = taken(b"head\n" + dump(octets)[:-1])
    assert [block.octets for block in blocks] == [octets]
    assert without == b"head" + MARK * blocks[0].rows
    assert [line.encode() for line in blocks[0].lines()] == dump(octets).splitlines()


WHOLE = dump(bytes(range(40)))
ODD = {
    "a digit that is none": WHOLE.replace(b"1011", b"10g1"),
    "a capital": WHOLE.replace(b"0a0b", b"0A0B"),
    "other characters": WHOLE.replace(b"......", b"......", 1).replace(b'!"#$', b"!!#$"),
    "a row that is missing": b"".join(WHOLE.splitlines(keepends=True)[::2]),
    "a blank too many": WHOLE.replace(b"0001 0203", b"0001  0203"),
    "a tab between": WHOLE.replace(b"0x0010:  ", b"0x0010:\t "),
    "nothing behind the offset": b"\t0x0000:  \n",
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_a_dump_that_tcpdump_would_print_otherwise_stays_text(odd: bytes) -> None:
    text = HEAD % 1 + odd + HEAD % 2 + WHOLE + HEAD % 3
    without, blocks = taken(text)
    assert [block.octets for block in blocks] == [bytes(range(40))]
    assert FIRST in without
    first, second, third = packets(text)
    assert first.body is not UNSET
    assert second.octets is not UNSET
    assert second.octets.hex == bytes(range(40)).hex()
    assert third.line == text.count(b"\n")


def test_what_follows_a_dump_is_read_as_without_blocks() -> None:
    """A second dump, a line of the tail, a line of four blanks, the mark itself: none of them is lost or takes another's place."""
    for behind in (
        WHOLE,
        b"\tmore\n",
        b"    10.0.0.1.1 > 10.0.0.2.2: Flags [.], ack 1, win 1, length 0\n",
        b"\x03\n",
        b"\t\x03\x03\n",
        b"\n",
    ):
        text = HEAD % 1 + WHOLE + behind + HEAD % 2 + WHOLE
        whole: list[Read] = list(read([text]))
        assert list(read([line + b"\n" for line in text.split(b"\n")[:-1]])) == whole
        last = [value for value in whole if isinstance(value, Packet)][-1]
        assert last.end_line == text.count(b"\n")
        assert last.octets is not UNSET


def test_equal_records_inside_counted_text_are_judged_where_they_stand() -> None:
    """Two packets carry the same forged record, the second cut short by nothing: neither is believed."""
    forged = HEAD.replace(b"10.0.0.", b"192.0.2.") % 9
    payload = forged + b"x" * 400
    size = len(payload)
    text = b""
    for number in (1, 2):
        header = b"E\0%b\0\1@\0@\6\0\0" % (40 + size).to_bytes(2) + bytes((192, 0, 2, 1, 192, 0, 2, 2, 0, 80, 0, 90)) + bytes(16)
        text += (
            b"12:00:00.%06d IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length %d)\n    192.0.2.1.80 > 192.0.2.2.90: "
            b"Flags [P.], cksum 0x1234 (correct), seq 1:%d, ack 1, win 1, length %d\n" % (number, 40 + size, 1 + size, size)
        ) + shown(header + payload).encode() + b"\n"  # fmt: skip
    for given in ([text], pieces(text, 100)):
        assert [packet.time for packet in read(given) if isinstance(packet, Packet)] == ["12:00:00.000001", "12:00:00.000002"]
