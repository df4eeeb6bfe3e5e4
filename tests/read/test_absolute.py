"""Relative numbers become those of the wire; a case is what tcpdump prints and what is known of it, side by side.

Each case is a capture with and without -S of the same segments; `?` is what the text cannot tell.
"""

import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from tcpdump_parse.model import Capture, IPv4, Packet, Quoted, Segment
from tcpdump_parse.model.options import Sack
from tcpdump_parse.read import absolute, read
from tcpdump_parse.read.absolute import Numbers, Printed, announced
from tcpdump_parse.seq import CIRCLE

A, B = ("10.0.0.1", 1000), ("10.0.0.2", 80)


def packet(text: str) -> Packet:
    """`> S 1000` from A, `< S. 5000 1001` from B; flags, seq (`1:39` with data, `-` unprinted), ack, SACK edges."""
    direction, flags, seq, *more = text.split()
    (src, sport), (dst, dport) = (A, B) if direction == ">" else (B, A)
    start, _, end = seq.partition(":")
    sack = (Sack(blocks=((int(more[1]), int(more[2])),)),) if len(more) > 1 else ()
    segment = Segment(
        sport, dport, flags, seq=UNSET if start == "-" else int(start), seq_end=int(end) if end else UNSET,
        ack=int(more[0]) if more else UNSET, win=1, options=sack, length=0,
    )  # fmt: skip
    return Packet(1, 1, 1, 1, ip=IPv4(src, dst), tcp=segment)


def sequence(segment: Segment) -> list[tuple[object, object]]:
    """Each number as printed, beside the one on the wire."""
    numbers = [(getattr(segment, name), getattr(segment, f"{name}_abs")) for name in ("seq", "seq_end", "ack")]
    return numbers + [(option.blocks, option.blocks_abs) for option in segment.options if isinstance(option, Sack) and option.blocks]


def known(settled: Packet) -> str:
    segment = settled.tcp
    assert segment is not UNSET
    numbers: list[object] = [wire for printed, wire in sequence(segment) if isinstance(printed, int)]
    for option in segment.options:
        assert isinstance(option, Sack)
        numbers += [UNSET, UNSET] if option.blocks_abs is UNSET else option.blocks_abs[0]
    return " ".join("?" if number is UNSET else str(number) for number in numbers)


FAR, OTHER = 1 << 30, 3 << 30
CASES = {
    "a handshake tells by its third segment": (Printed.RELATIVE, f"""
        > S {FAR}                   = {FAR}
        < S. {OTHER} {FAR + 1}      = {OTHER} {FAR + 1}
        > . 1 1                     = {FAR + 1} {OTHER + 1}
        > P. 1:39 1                 = {FAR + 1} {FAR + 39} {OTHER + 1}
        < . 1 39                    = {OTHER + 1} {FAR + 39}
        < . {CIRCLE - 1} 39         = {OTHER - 1} {FAR + 39}
        > R {FAR + 39}              = {FAR + 39}"""),
    "the same under -S": (Printed.ABSOLUTE, f"""
        > S {FAR}                   = {FAR}
        < S. {OTHER} {FAR + 1}      = {OTHER} {FAR + 1}
        > . {FAR + 1} {OTHER + 1}   = {FAR + 1} {OTHER + 1}
        < P. {OTHER + 1}:{OTHER + 9} {FAR + 1} = {OTHER + 1} {OTHER + 9} {FAR + 1}"""),
    "pure ACKs without a printed seq": (Printed.RELATIVE, f"""
        > S {FAR}                   = {FAR}
        < S. {OTHER} {FAR + 1}      = {OTHER} {FAR + 1}
        > . - 1                     = {OTHER + 1}"""),
    "first numbers beside zero": (Printed.RELATIVE, """
        > S 100                     = 100
        < S. 0 101                  = 0 101
        > . 1 1                     = 101 1"""),
    "first numbers beside zero, under -S": (Printed.ABSOLUTE, """
        > S 100                     = 100
        < S. 300 101                = 300 101
        > . 101 301                 = 101 301"""),
    "first numbers just under the wrap, under -S": (Printed.ABSOLUTE, f"""
        > S {CIRCLE - 10}           = {CIRCLE - 10}
        < S. {CIRCLE - 4} {CIRCLE - 9} = {CIRCLE - 4} {CIRCLE - 9}
        > . {CIRCLE - 9} {CIRCLE - 3} = {CIRCLE - 9} {CIRCLE - 3}
        > . 1 1                     = 1 1"""),
    "first numbers of zero are the same either way": (Printed.UNKNOWN, """
        > S 0                       = 0
        < S. 0 1                    = 0 1
        > . 1 1                     = 1 1"""),
    "a log that begins in the middle of a run": (Printed.UNKNOWN, """
        > P. 1:39 1                 = ? ? ?
        < . 1 39                    = ? ?
        > P. 39:70 1                = ? ? ?"""),
    "a run that begins in the middle of a connection": (Printed.RELATIVE, f"""
        > P. {FAR}:{FAR + 5} {OTHER} = {FAR} {FAR + 5} {OTHER}
        < . 1 5                     = {OTHER} {FAR + 5}"""),
    "the same under -S, then a wrap": (Printed.ABSOLUTE, f"""
        > P. {FAR}:{FAR + 5} {OTHER} = {FAR} {FAR + 5} {OTHER}
        < . {OTHER} {FAR + 5}       = {OTHER} {FAR + 5}
        < P. {CIRCLE - 9}:1 {FAR + 5} = {CIRCLE - 9} 1 {FAR + 5}
        < . 1 {FAR + 5}             = 1 {FAR + 5}"""),
    "a refused SYN, and again from the same port": (Printed.RELATIVE, f"""
        > S {FAR}                   = {FAR}
        < R. 0 {FAR + 1}            = 0 {FAR + 1}
        > S {FAR}                   = {FAR}
        < R. 0 1                    = 0 {FAR + 1}"""),
    "only one direction was captured": (Printed.RELATIVE, f"""
        > S {FAR}                   = {FAR}
        > . {FAR + 1} 5             = {FAR + 1} 5
        > P. 0:9 1                  = {FAR + 1} {FAR + 10} 5"""),
    "SACK edges count from the peer's base": (Printed.RELATIVE, f"""
        > S {FAR}                   = {FAR}
        < S. {OTHER} {FAR + 1}      = {OTHER} {FAR + 1}
        > . 1 1 101 201             = {FAR + 1} {OTHER + 1} {OTHER + 101} {OTHER + 201}"""),
    "the same ports again": (Printed.RELATIVE, f"""
        > S {FAR}                   = {FAR}
        < S. {OTHER} {FAR + 1}      = {OTHER} {FAR + 1}
        > . 1 1                     = {FAR + 1} {OTHER + 1}
        > S 77                      = 77
        < S. 55 78                  = 55 78
        > . 1 1                     = 78 56"""),
    "two runs pasted together": (Printed.RELATIVE, f"""
        > S {FAR}                   = {FAR}
        < S. {OTHER} {FAR + 1}      = {OTHER} {FAR + 1}
        > . {FAR + 1} {OTHER + 1}   = {FAR + 1} {OTHER + 1}
        > S {OTHER}                 = {OTHER}
        < S. {FAR} {OTHER + 1}      = {FAR} {OTHER + 1}
        > . 1 1                     = {OTHER + 1} {FAR + 1}"""),
    "flags of tcpdump 3.9 have no letter for ACK": (Printed.RELATIVE, f"""
        > S {FAR}                   = {FAR}
        < S {OTHER} {FAR + 1}       = {OTHER} {FAR + 1}
        > . 1 1                     = {FAR + 1} {OTHER + 1}"""),
}  # fmt: skip


@pytest.mark.parametrize(("printed", "lines"), CASES.values(), ids=CASES.keys())
def test_numbers_are_those_of_the_wire_or_unclaimed(printed: Printed, lines: str) -> None:
    numbers = Numbers()
    for line in lines.strip().splitlines():
        text, _, expected = line.partition(" = ")
        made = packet(text)
        numbers.settle(made)
        assert known(made) == expected.strip(), line
    assert numbers.printed is printed


def test_a_quoted_segment_shares_the_table() -> None:
    numbers = Numbers()
    for text in (f"> S {FAR}", f"< S. {OTHER} {FAR + 1}", "> . 1 1"):
        numbers.settle(packet(text))
    inner = packet("> P. 1:9 1")
    outer = Packet(1, 1, 1, 1, ip=IPv4("10.9.9.9", "10.0.0.1"), quoted=Quoted(ip=inner.ip, tcp=inner.tcp))
    numbers.settle(outer)
    assert known(inner) == f"{FAR + 1} {FAR + 9} {OTHER + 1}"


def test_a_connection_pushed_out_is_not_guessed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(absolute, "KEPT", 4)
    numbers = Numbers()
    for text in (f"> S {FAR}", f"< S. {OTHER} {FAR + 1}", "> . 1 1"):
        numbers.settle(packet(text))
    for port in range(9):
        other = packet("> . 1 1")
        assert other.tcp is not UNSET
        numbers.settle(msgspec.structs.replace(other, tcp=msgspec.structs.replace(other.tcp, sport=port)))
        assert len(numbers._pairs) <= 4
    late = packet("> P. 1:9 1")
    numbers.settle(late)
    assert known(late) == "? ? ?"


@given(st.integers(0, CIRCLE - 1), st.integers(0, CIRCLE - 1), st.lists(st.tuples(st.booleans(), st.integers(0, 3000)), max_size=12))
def test_both_texts_of_any_talk_tell_the_wire_or_nothing(ours: int, theirs: int, sends: list[tuple[bool, int]]) -> None:
    """Whatever the first numbers are, also beside zero and the wrap: with the handshake in the log, nothing wrong is ever claimed."""
    for relative in (True, False):
        numbers = Numbers()
        position = [ours, theirs]
        wire = [(">", "S", ours, -1), ("<", "S.", theirs, ours + 1), (">", ".", ours + 1, theirs + 1)]
        position = [ours + 1, theirs + 1]
        for back, length in sends:
            wire.append(("<" if back else ">", ".", position[back], position[not back]))
            position[back] += length
        for number, (direction, flags, seq, ack) in enumerate(wire):
            bases = ((ours, theirs) if direction == ">" else (theirs, ours)) if relative and number > 1 else (0, 0)
            acked = f" {(ack - bases[1]) % CIRCLE}" if ack >= 0 else ""
            made = packet(f"{direction} {flags} {(seq - bases[0]) % CIRCLE}{acked}")
            numbers.settle(made)
            told = known(made)
            assert told in (f"{seq % CIRCLE} {ack % CIRCLE}" if ack >= 0 else f"{seq}", "? ?")
        if min(ours, CIRCLE - ours, theirs, CIRCLE - theirs) > 2:
            assert numbers.printed is (Printed.RELATIVE if relative else Printed.ABSOLUTE)


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        ("$ sudo tcpdump -S -nn -vvv -i lo port 8000", Printed.ABSOLUTE),
        ("# tcpdump -nnSvi lo", Printed.ABSOLUTE),
        ("tcpdump --absolute-tcp-sequence-numbers", Printed.ABSOLUTE),
        ("$ tcpdump -nn -i lo", Printed.UNKNOWN),
        ("$ tcpdump -iS", Printed.UNKNOWN),
        ("$ curl -S x", Printed.UNKNOWN),
    ],
)
def test_a_shown_command_announces_absolute_numbers(command: str, printed: Printed) -> None:
    assert announced(command) is printed
    numbers = Numbers(announced(command))
    made = packet("> P. 1:39 1")
    numbers.settle(made)
    assert (known(made) == "1 39 1") is (printed is Printed.ABSOLUTE)


def settled(text: bytes) -> dict[int, Segment]:
    numbers = Numbers()
    segments = {}
    for value in read([text]):
        if isinstance(value, Capture):
            numbers = Numbers()
        if isinstance(value, Packet) and value.tcp is not UNSET:
            numbers.settle(value)
            segments[value.frame] = value.tcp
    return segments


def test_both_texts_of_tcpdumps_own_files_tell_the_same() -> None:
    """Every number of every file: never a wrong one, and of those whose start the file holds each one."""
    told = unclaimed = 0
    for file in sorted((Path(__file__).parents[1] / "corpus" / "tcpdump-tests").glob("*.pcap*")):
        for level in ("-v", "-vvv"):
            command = ("tcpdump", "-nn", level, "-r", file)
            plain, wire = (settled(subprocess.run((*command, *flags), capture_output=True).stdout) for flags in ((), ("-S",)))
            for frame in plain.keys() & wire.keys():
                for (truth, claimed), (_, restored) in zip(sequence(wire[frame]), sequence(plain[frame]), strict=True):
                    assert claimed in (truth, UNSET), (file, frame)
                    assert restored in (truth, UNSET), (file, frame)
                    told += restored is not UNSET
                    unclaimed += restored is UNSET and truth is not UNSET
    assert told > 7000
    assert unclaimed < told // 30
