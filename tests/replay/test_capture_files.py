"""What the capture files hold besides packets, and what is said of what was invented."""

from __future__ import annotations

import io
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from tcpdump_parse.model import Notice, Packet
from tcpdump_parse.write.octets import Filling, Frame, Invented, Rebuilder, Rebuilding, Tally, Unbuilt
from tcpdump_parse.write.octets.sums import RING, internet_checksum, ones, solve
from tcpdump_parse.write.pcapng import rebuild_pcapng
from tests.replay.programs import ROOT, events, packets, printed, rebuilt, tdparse, tshark

SEED = ROOT / "samples" / "seed.md"
DATA = """\
10:45:31.713962 IP (tos 0x0, ttl 64, id 62917, offset 0, flags [DF], proto TCP (6), length 90)
    127.0.0.1.59322 > 127.0.0.1.8000: Flags [P.], cksum 0xfe4e (incorrect -> 0x858b), seq 1960817470:1960817508, ack 645999201, win 512, \
options [nop,nop,TS val 1395669307 ecr 1395669307], length 38
"""


def lines_of(log: Path) -> list[str]:
    """The packet lines of a log, as grep would find them."""
    return [line for line in log.read_text().splitlines() if re.match(r"\d\d:\d\d:\d\d\.|    \S+ > ", line)]


def test_the_seed_comes_back_byte_for_byte() -> None:
    """Eleven packets, twenty-two lines, of an article with prose, prompts and counters around them."""
    result = tdparse("replay", str(SEED), "--to", "pcap")
    assert printed(result.stdout).splitlines() == lines_of(SEED)
    assert len(lines_of(SEED)) == 22
    assert result.stderr.decode().splitlines()[0] == "11 packets written: 9 exact, 2 with octets that were not in the log."


def test_the_date_of_a_log_without_dates_is_asked_for() -> None:
    day = tdparse("replay", str(SEED), "--to", "pcap", "--date", "2021-03-04")
    assert printed(day.stdout, "-nn", "-tttt")[:45] == "2021-03-04 10:45:31.713843 IP 127.0.0.1.59322"


def test_midnight_is_passed_rightly() -> None:
    """The second record's clock is smaller; it is the next day's."""
    late = DATA.replace("10:45:31", "23:59:59") + DATA.replace("10:45:31", "00:00:01")
    pcap, _ = rebuilt(events(late), Rebuilding(midnight=lambda _: (date(2021, 12, 31) - date(1970, 1, 1)).days * 86400))
    assert [record.split()[0] for record in printed(pcap, "-nn", "-tttt").splitlines()] == ["2021-12-31", "2022-01-01"]


def test_a_printed_date_counts_more_than_the_one_asked_for() -> None:
    dated = replace(packets(DATA)[0], time="2020-02-29 10:45:31.713962", clock="1582973131.713962")
    pcap, _ = rebuilt([dated], Rebuilding(midnight=lambda _: 86400 * 365))
    assert printed(pcap, "-nn", "-tttt")[:26] == "2020-02-29 10:45:31.713962"


@pytest.mark.parametrize(
    ("filling", "says", "length"),
    [(Filling.FIT, "incorrect -> 0x858b", 90), (Filling.ZERO, "incorrect -> 0x", 90), (Filling.NONE, "seq 1960817470:1960817508", 52)],
)
def test_what_stands_for_the_payload_is_asked_for(filling: Filling, says: str, length: int) -> None:
    frame = Rebuilder(filling)(packets(DATA)[0])
    assert isinstance(frame, Frame)
    assert (len(frame.octets), frame.wire, frame.invented) == (length, 90, (Invented.PAYLOAD,))
    pcap, _ = rebuilt(packets(DATA), Rebuilding(filling))
    assert says in printed(pcap)
    assert ("cksum" in printed(pcap)) is (filling is not Filling.NONE)


def test_pcapng_keeps_what_the_log_said() -> None:
    """Interface names, comments where octets are invented, lines between the records, counters; tshark reads them all."""
    log = events("# a note of mine\n" + DATA + "17 packets captured\n34 packets received by filter\n")
    named = [replace(event, interface="lo", direction="In") if isinstance(event, Packet) else event for event in log]
    out, tally = io.BytesIO(), Tally()
    rebuild_pcapng(named, out, Rebuilding(), tally)
    wanted = ("frame.interface_name", "frame.comment", "frame.packet_flags_direction")
    fields = tshark(out.getvalue(), "-T", "fields", *(argument for name in wanted for argument in ("-e", name)))
    name, comments, direction = fields.rstrip("\n").split("\t")
    assert name == "lo"
    assert "# a note of mine" in comments
    assert "tdparse: the payload was not in the log; its octets are synthetic" in comments
    assert int(direction, 0) == 1
    assert b"17 packets captured" in out.getvalue()


def test_pcapng_and_pcap_print_the_same() -> None:
    out = io.BytesIO()
    rebuild_pcapng(events(SEED.read_bytes()), out, Rebuilding(), Tally())
    assert printed(out.getvalue()).splitlines() == lines_of(SEED)


def test_control_characters_of_the_log_do_not_reach_a_comment() -> None:
    out = io.BytesIO()
    note = Notice(capture=1, line=1, end_line=1, kind="prose", text="\x1b[31mred\x07")
    rebuild_pcapng([note, *packets(DATA)], out, Rebuilding(), Tally())
    assert b"\x1b" not in out.getvalue()
    assert rb"\x1b[31mred\x07" in out.getvalue()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (DATA.replace("127.0.0.1.59322", "localhost.59322"), "names instead of numbers (without -n)"),
        (DATA.replace("length 90", "length 60"), "the printed lengths contradict each other"),
        (DATA.replace("nop,nop,TS", "nop,TS"), "the options do not fit the header length"),
        ("10:00:00.000000 ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28\n", "no TCP segment and no hexdump"),
    ],
)
def test_what_cannot_be_built_says_why(text: str, reason: str) -> None:
    pcap, tally = rebuilt(events(text))
    assert (tally.written, {why.value: count for why, count in tally.unbuilt.items()}) == (0, {reason: 1})
    assert printed(pcap) == ""


@given(st.binary(max_size=64), st.integers(0, 63), st.integers(2, 64))
def test_two_octets_reach_any_sum(octets: bytes, offset: int, room: int) -> None:
    """Wherever they stand: the sum of a segment can always be made what tcpdump computed."""
    padded = bytearray(octets.ljust(offset + room, b"\0"))
    padded[offset : offset + room] = bytes(room)
    wanted = 0x1234
    word = solve((wanted - ones(padded)) % RING, offset, room)
    assert word is not None
    padded[offset : offset + len(word)] = word
    assert ones(padded) == wanted


@given(st.binary(min_size=2, max_size=80).filter(lambda octets: len(octets) % 2 == 0))
def test_a_checksum_makes_the_sum_zero(octets: bytes) -> None:
    assert (ones(octets) + internet_checksum(octets)) % RING == 0


@given(st.integers(0, 1 << 40), st.integers(-1, 70000), st.sampled_from(["seq_abs", "ack_abs", "win", "urg", "length"]))
def test_nonsense_is_refused_and_never_raised(number: int, length: int, field: str) -> None:
    """JSON lines may hold any number; a packet that cannot be is `Unbuilt`, not a traceback."""
    packet = packets(DATA)[0]
    assert packet.tcp is not UNSET
    assert packet.ip is not UNSET
    strange = replace(packet, tcp=replace(packet.tcp, **{field: number}), ip=replace(packet.ip, length=length))
    assert isinstance(Rebuilder()(strange), Frame | Unbuilt)


def test_a_packet_by_hand_needs_no_text() -> None:
    assert isinstance(Rebuilder()(Packet(capture=1, frame=1, line=1, end_line=1)), Unbuilt)


def test_in_time_comes_what_comes_at_once() -> None:
    """A millionfold speed: the same text, and the same packets when time is asked for with a capture file."""
    at_once = tdparse("replay", str(SEED), "--to", "tcpdump")
    assert at_once.stdout == SEED.read_bytes()
    assert tdparse("replay", str(SEED), "--speed", "1000000").stdout == at_once.stdout
    pcap = tdparse("replay", str(SEED), "--to", "pcap", "--date", "2021-03-04").stdout
    assert tdparse("replay", str(SEED), "--to", "pcap", "--date", "2021-03-04", "--speed", "1000000").stdout == pcap
    assert len(packets(printed(pcap))) == 11


WRONG = [("--speed", "0"), ("--speed", "fast"), ("--max-gap", "2 parsecs"), ("--payload", "guess"), ("--date", "today")]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_usage_is_told(arguments: tuple[str, str]) -> None:
    result = tdparse("replay", str(SEED), *arguments)
    assert (result.returncode, result.stdout) == (2, b"")
    assert arguments[0] in result.stderr.decode()
