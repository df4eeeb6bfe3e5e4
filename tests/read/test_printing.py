"""Packets nobody captured print as tcpdump would, and read back as they were: `read(print(p)) == p`."""

import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from tcpdump_parse.model import Checksum, IPv4, IPv6, Packet, Segment
from tcpdump_parse.model import options as o
from tcpdump_parse.model.packet import BadHeader
from tcpdump_parse.read import read
from tcpdump_parse.read.printing import Unprintable, head
from tcpdump_parse.write import find

BYTE, SHORT, WORD = st.integers(0, 255), st.integers(0, 65535), st.integers(0, 2**32 - 1)
HEX = st.binary(min_size=1, max_size=16).map(bytes.hex)
ABSENT = st.just(UNSET)
PORTS = SHORT | st.sampled_from(["http", "ms-sql-s", "https"])
V4 = st.ip_addresses(v=4).map(str)
V6 = st.ip_addresses(v=6).map(str)


def ordered(letters: str) -> st.SearchStrategy[str]:
    return st.sets(st.sampled_from(letters)).map(lambda some: "".join(letter for letter in letters if letter in some))


LEN = ABSENT | st.integers(2, 40)
SUBS = st.one_of(
    st.builds(o.Capable, st.integers(0, 15), ABSENT | ordered("ABCDEFGH"), st.booleans()),
    st.builds(o.Join, st.booleans(), BYTE, WORD, ABSENT, WORD),
    st.builds(o.Dss, st.booleans(), ABSENT | WORD),
    st.builds(o.AddAddr, st.sampled_from(["v0-ip4", "v1", "v1-echo"]), BYTE, V4),
    st.builds(o.RemAddr, st.lists(BYTE, min_size=1, max_size=4).map(tuple)),
    st.builds(o.Prio, st.sampled_from(["backup", "non-backup"]), ABSENT | BYTE),
    st.builds(o.Fail, WORD),
    st.builds(o.UnknownSub),
)
OPTIONS = st.one_of(
    st.builds(o.Nop, len=LEN),
    st.builds(o.Eol, len=LEN),
    st.builds(o.Mss, SHORT, len=LEN),
    st.builds(o.Wscale, BYTE, len=LEN),
    st.builds(o.SackOk, len=LEN),
    st.builds(o.Sack, st.lists(st.tuples(WORD, WORD), max_size=4).map(tuple), len=LEN),
    st.builds(o.Echo, WORD),
    st.builds(o.EchoReply, WORD),
    st.builds(o.Timestamps, WORD, WORD, len=LEN),
    st.builds(o.Cc, WORD),
    st.builds(o.CcNew, WORD),
    st.builds(o.CcEcho, WORD, unnamed=st.just(True) | ABSENT),
    st.builds(o.Md5, HEX),
    st.builds(o.Md5, ABSENT, st.sampled_from(["valid", "(invalid)", "invalid"])),
    st.builds(o.Scps, BYTE, BYTE),
    st.builds(o.Uto, SHORT, SHORT),
    st.builds(o.TcpAo, BYTE, BYTE, ABSENT | HEX),
    st.builds(o.Tfo, HEX) | st.builds(o.Tfo, request=st.just(True)) | st.builds(o.Tfo, invalid=st.just("(invalid)")),
    st.builds(o.ExpTfo, HEX),
    st.builds(o.Exp, SHORT),
    st.builds(o.Mptcp, SUBS, st.sampled_from([4, 8, 12, 16, 20])),
    st.builds(o.Unknown, st.integers(35, 252), st.just("") | HEX),
)
CHECKSUMS = st.builds(Checksum, SHORT, st.just(True)) | st.builds(Checksum, SHORT, st.just(False), SHORT)


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    seq = draw(ABSENT | WORD)
    return Segment(
        *(draw(PORTS), draw(PORTS), draw(ordered("FSRP.UEWe")), draw(ABSENT | CHECKSUMS)),
        *(seq, draw(ABSENT | WORD) if seq is not UNSET else UNSET, draw(ABSENT | WORD), draw(ABSENT | SHORT), draw(ABSENT | SHORT)),
        *(draw(st.lists(OPTIONS, max_size=6).map(tuple)), draw(SHORT)),
    )


FLAGS = st.sets(st.sampled_from(["+", "DF", "rsvd"])).map(lambda some: tuple(flag for flag in ("+", "DF", "rsvd") if flag in some))
SIX, TCP = st.just(6), st.just("TCP")
HEADERS = st.one_of(
    st.builds(IPv4, V4, V4, BYTE, ABSENT | st.integers(1, 255), SHORT, SHORT, FLAGS, SIX, TCP, SHORT, joined=st.booleans()),
    st.builds(IPv4, V4, V4),
    st.builds(IPv6, V6, V6, BYTE, SIX, TCP, SHORT, ABSENT | st.integers(1, 2**20 - 1), ABSENT | BYTE, comma=st.booleans()),
    st.builds(IPv6, V6, V6),
)
TIMES = st.times().map(lambda time: time.isoformat("microseconds"))


def printed(packet: Packet) -> str:
    out = io.StringIO()
    find("tcpdump").write([packet], out)
    return out.getvalue()


def as_printed(segment: Segment) -> Segment:
    """Without the numbers that were concluded."""
    replace = msgspec.structs.replace
    options = tuple(replace(option, blocks_abs=UNSET) if isinstance(option, o.Sack) else option for option in segment.options)
    return replace(segment, seq_abs=UNSET, seq_end_abs=UNSET, ack_abs=UNSET, options=options)


@given(TIMES, HEADERS, segments())
def test_a_packet_that_was_made_prints_and_reads_back(time: str, ip: IPv4 | IPv6, segment: Segment) -> None:
    made = Packet(1, 1, 1, 1, time=time, ip=ip, tcp=segment)
    (found,) = (value for value in read([printed(made).encode()]) if isinstance(value, Packet))
    assert found.ip == ip
    assert found.tcp is not UNSET
    assert as_printed(found.tcp) == segment
    assert found.body is UNSET


def test_an_edited_packet_prints_its_new_values() -> None:
    text = b"10:45:31.713843 IP 127.0.0.1.59322 > 127.0.0.1.8000: Flags [S], seq 1, win 65495, options [mss 65495], length 0\n"
    (packet,) = (value for value in read([text]) if isinstance(value, Packet))
    assert packet.tcp is not UNSET
    edited = msgspec.structs.replace(packet, tcp=msgspec.structs.replace(packet.tcp, flags="R.", ack=7, options=()))
    assert head(edited) == "10:45:31.713843 IP 127.0.0.1.59322 > 127.0.0.1.8000: Flags [R.], seq 1, ack 7, win 65495, length 0"


def test_what_no_tcpdump_prints_is_refused() -> None:
    with pytest.raises(Unprintable):
        head(Packet(1, 1, 1, 1, ip=IPv4("1.2.3.4", "1.2.3.5"), tcp=Segment(1, 2, "XYZ", length=0)))
    with pytest.raises(Unprintable):
        head(Packet(1, 1, 1, 1, ip=IPv4("1.2.3.4", "1.2.3.5"), tcp=Segment(1, 2, "S", bad_header=BadHeader(16, "too odd", 20))))
