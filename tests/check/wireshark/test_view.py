"""Each flag by a case one can read: the text of a conversation, and what Wireshark says of it (read off tshark 4.0.17)."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcpdump_parse.check.wireshark import analyses, view
from tcpdump_parse.model import Finding
from tcpdump_parse.read import packets, read
from tests.check.wireshark import oracle, wire

A, B = "10.0.0.1.5000 > 10.0.0.2.80", "10.0.0.2.80 > 10.0.0.1.5000"
HANDSHAKE = """\
0.000 > S 4294967290 0 65535 0 wscale 7
0.010 < S. 999 4294967291 1000 0 wscale 0
0.020 > . 4294967291 1000 512 0
"""


def text(script: str) -> str:
    """Lines of `seconds direction flags seq ack win length options` as tcpdump prints them."""
    lines = []
    for line in script.splitlines():
        at, direction, flags, seq, ack, win, length, *options = line.split(" ", 7)
        ends = f":{(int(seq) + int(length)) % 2**32}" if int(length) else ""
        said = f", ack {ack}" if "." in flags else ""
        option = f", options [{options[0]}]" if options else ""
        lines += [
            f"10:00:{float(at):09.6f} IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length {40 + int(length)})",
            f"    {A if direction == '>' else B}: Flags [{flags}], seq {seq}{ends}{said}, win {win}{option}, length {length}",
        ]
    return "\n".join(lines) + "\n"


OCTETS = {
    "wscale 7": b"\3\3\7",
    "wscale 0": b"\3\3\0",
    "tfo  cookie 0102030405060708": b"\x22\x0a" + bytes(range(1, 9)),
    "nop,nop,sack 1 {4294967291:5}": b"\1\1\5\x0a" + struct.pack("!II", 4294967291, 5),
}
LETTERS = {"S": wire.S, "F": wire.F, "R": wire.R, "P": wire.P, ".": wire.A}


def frames(script: str) -> Iterator[tuple[int, bytes]]:
    """The same lines as Ethernet frames."""
    for line in script.splitlines():
        at, direction, letters, seq, ack, win, length, *options = line.split(" ", 7)
        octets = OCTETS[options[0]] if options else b""
        ports = (5000, 80) if direction == ">" else (80, 5000)
        segment = wire.Tcp(*ports, int(seq), int(ack), sum(LETTERS[letter] for letter in letters), int(win), octets, int(length))
        ends = ("10.0.0.1", "10.0.0.2") if direction == ">" else ("10.0.0.2", "10.0.0.1")
        yield round(float(at) * 1e6), wire.ethernet(wire.ipv4(*ends, segment))


def findings(script: str) -> list[Finding]:
    return list(view(read([text(script).encode()])))


CASES = {
    "nothing": (HANDSHAKE + "0.100 > P. 4294967291 1000 512 10\n0.110 < . 1000 5 1000 0", {}),
    "repeated after the wrap": (
        HANDSHAKE + "0.100 > P. 4294967291 1000 512 10\n0.400 > P. 4294967291 1000 512 10",
        {5: {"retransmission"}},
    ),
    "a hole, filled at once": (
        HANDSHAKE + "0.100 > P. 5 1000 512 10\n0.101 > P. 4294967291 1000 512 10",
        {4: {"lost_segment"}, 5: {"out_of_order"}},
    ),
    "a hole, filled late": (
        HANDSHAKE + "0.100 > P. 5 1000 512 10\n0.200 > P. 4294967291 1000 512 10",
        {4: {"lost_segment"}, 5: {"retransmission"}},
    ),
    "acknowledged already": (
        HANDSHAKE + "0.100 > P. 4294967291 1000 512 10\n0.110 < . 1000 5 1000 0\n0.400 > P. 4294967291 1000 512 10",
        {6: {"retransmission", "spurious_retransmission"}},
    ),
    "duplicate ACKs, the SYN+ACK counted as the first of them, and a fast repair": (
        HANDSHAKE + "0.100 > P. 5 1000 512 10\n0.110 < . 1000 4294967291 1000 0\n0.111 < . 1000 4294967291 1000 0\n"
        "0.112 < . 1000 4294967291 1000 0\n0.113 > P. 4294967291 1000 512 10",
        {4: {"lost_segment"}, 8: {"retransmission", "fast_retransmission"}} | {frame: {"duplicate_ack"} for frame in (5, 6, 7)},
    ),
    "a keep-alive and its answer": (
        HANDSHAKE + "0.100 < . 1000 4294967291 1000 0\n9.000 > . 4294967290 1000 512 0\n9.010 < . 1000 4294967291 1000 0",
        {4: {"duplicate_ack"}, 5: {"keep_alive"}, 6: {"keep_alive_ack"}},
    ),
    "a closed window, probed and opened": (
        HANDSHAKE + "0.100 < . 1000 4294967291 0 0\n1.000 > . 4294967291 1000 512 1\n1.010 < . 1000 4294967291 0 0\n"
        "2.000 < . 1000 4294967291 900 0",
        {4: {"zero_window"}, 5: {"zero_window_probe"}, 6: {"zero_window", "zero_window_probe_ack"}, 7: {"window_update"}},
    ),
    "exactly the whole window": (
        HANDSHAKE + "0.100 < . 1000 4294967291 20 0\n0.200 > P. 4294967291 1000 512 20",
        {4: {"window_update"}, 5: {"window_full"}},
    ),
    "an ACK of what was not captured": (HANDSHAKE + "0.100 < . 1000 500 1000 0", {4: {"ack_lost_segment"}}),
    "ports used again": (HANDSHAKE + "1.000 > S 5000000 0 65535 0", {4: {"reused_ports"}}),
    "a SYN+ACK that moves, seen by the second pass in the first too": (
        HANDSHAKE + "1.000 < S. 77777 4294967291 1000 0",
        {2: {"reused_ports"}, 4: {"reused_ports", "lost_segment"}},
    ),
    "fast open taken": (
        "0.000 > S 100 0 65535 5 tfo  cookie 0102030405060708\n0.010 < S. 999 106 1000 0",
        {1: {"tfo_syn"}, 2: {"tfo_ack"}},
    ),
    "fast open ignored": (
        "0.000 > S 100 0 65535 5 tfo  cookie 0102030405060708\n0.010 < S. 999 101 1000 0",
        {1: {"tfo_syn"}, 2: {"tfo_ignored"}},
    ),
    "the same once more, and D-SACK": (
        HANDSHAKE + "0.100 > P. 4294967291 1000 512 10\n0.110 < . 1000 5 1000 0 nop,nop,sack 1 {4294967291:5}",
        {5: {"dsack"}},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_view_says_what_wireshark_says(case: str) -> None:
    """The whole of the table in cases one can follow by hand."""
    script, wanted = CASES[case]
    found: dict[int, set[str]] = {}
    for finding in findings(script):
        assert isinstance(finding.frame, int)
        found.setdefault(finding.frame, set()).add(finding.rule.rsplit(".", 1)[1])
    assert found == wanted


@pytest.mark.skipif(bool(oracle.unusable()), reason=oracle.unusable())
@pytest.mark.parametrize("case", CASES)
def test_wireshark_says_what_the_cases_say(case: str, tmp_path: Path) -> None:
    """A table of cases that nobody asked the program about would only repeat our reading of it."""
    script, wanted = CASES[case]
    wire.write_pcap(tmp_path / "case.pcap", frames(script))
    shown = oracle.shown(tmp_path / "case.pcap")
    assert {frame: {field.rsplit(".", 1)[1] for field in each.flags} for frame, each in shown.items() if each.flags} == wanted


def test_findings_carry_wireshark_s_numbers_and_our_places() -> None:
    """A script that knows `tcp.analysis.duplicate_ack_num` finds it, and the line in the text besides."""
    third = findings(CASES["duplicate ACKs, the SYN+ACK counted as the first of them, and a fast repair"][0])[2]
    assert third.rule == "tcp.analysis.duplicate_ack"
    assert third.message == "Duplicate ACK (#2)"
    assert (third.frame, third.line, third.end_line, third.time) == (6, 11, 12, "10:00:00.111000")
    assert (third.flow, third.side) == ("10.0.0.1:5000 > 10.0.0.2:80", "server")
    assert third.facts == {"stream": 0, "duplicate_ack_num": 2, "duplicate_ack_frame": 2, "initial_rtt": 0.02}


def test_what_only_the_second_pass_shows_is_certain_at_the_end() -> None:
    """A live view cannot know it sooner, and must not seem to."""
    late = [found for found in findings(CASES["fast open taken"][0]) if found.known_at == "end"]
    assert [found.rule for found in late] == ["tcp.analysis.tfo_ack"]


def test_without_times_a_flag_that_needs_them_says_so() -> None:
    """Text of `tcpdump -t` has no clock: out of order and retransmission cannot be told apart."""
    bare = "\n".join(line[16:] if line.startswith("10:") else line for line in text(CASES["a hole, filled late"][0]).splitlines())
    found = {finding.rule: finding.unless for finding in view(read([f"{bare}\n".encode()]))}
    assert found == {"tcp.analysis.lost_segment": (), "tcp.analysis.out_of_order": ("time",)}


def test_records_without_a_header_are_named_once_at_the_end() -> None:
    """Segmentation offload prints `bad-len 0`: the view goes on, and says that it is blind there."""
    last = list(view(read([(text(HANDSHAKE) + "10:00:01.000000 IP bad-len 0\n" * 2).encode()])))[-1]
    assert (last.rule, last.frame, last.known_at, last.facts, last.evidence) == ("wireshark-blind", 4, "end", {"records": 2}, (4, 5))


def test_each_capture_begins_anew() -> None:
    """Two logs of the same ports are two captures: nothing is reused, nothing repeated."""
    both = "```\n" + text(HANDSHAKE) + "```\n```\n" + text(HANDSHAKE) + "```\n"
    assert list(view(read([both.encode()]))) == []


def test_ten_thousand_unacknowledged_segments_are_the_most_that_count() -> None:
    """Measured: beyond that a FIN no longer counts, so the next octet seems to come too early by one."""
    lines = [f"0.0 > . {1000 + n} 1 512 1" for n in range(10_000)]
    script = "\n".join([*lines, "0.0 > F. 11000 1 512 0", "0.0 > . 11001 1 512 0"])
    last = list(analyses(packets([text(script).encode()])))[-1]
    assert last.seen.packet.frame == 10_002
    assert [finding.rule for finding in findings(script) if finding.frame == 10_002] == ["tcp.analysis.lost_segment"]
