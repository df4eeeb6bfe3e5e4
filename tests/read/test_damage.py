"""Damage to a log stays where it is: whatever is done to some records, the others are read as they are when alone.

`HYPOTHESIS_PROFILE=deep` looks at 250,000 mutations; the usual run at 3,000.
"""

import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from tcpdump_parse.model import Packet
from tcpdump_parse.model.options import Sack
from tcpdump_parse.read import read

FILES = Path(__file__).parents[1] / "corpus" / "tcpdump-tests"
NAMES = ("dns_tcp", "mptcp-v1", "mptcp-v0", "accecn_handshake", "of10_p3295", "bgp-lu-multiple-labels", "ssh")
DIALECTS = (("-S", "-nn", "-vvv"), ("-nn", "-e", "-vv"), ("-nn", "-tttt", "-X", "-vvv"), ("-n",))
BYTES = b"0123456789abcdefxSFP.[](){}<>,:;->@# \t\n\r\0\x80\xe6\xff^CIPLtosequ"
EVERY = 10
"""One record in so many is damaged."""


def records(dialect: tuple[str, ...]) -> list[bytes]:
    """Records as tcpdump prints them, cut where its own ordinals (-#) say."""
    found: list[bytes] = []
    for name in NAMES:
        for file in FILES.glob(f"{name}.pcap*"):
            text = subprocess.run(("tcpdump", "-#", *dialect, "-r", file), capture_output=True).stdout
            found += re.split(rb"^ *\d+  (?=\d)", text, flags=re.MULTILINE)[1:]
    return found


def bare(packet: Packet) -> Packet:
    """Without what depends on the records before: place, clock, absolute numbers."""
    segment = packet.tcp
    if segment is not UNSET:
        options = tuple(msgspec.structs.replace(one, blocks_abs=UNSET) if isinstance(one, Sack) else one for one in segment.options)
        segment = msgspec.structs.replace(segment, seq_abs=UNSET, seq_end_abs=UNSET, ack_abs=UNSET, options=options)
    return msgspec.structs.replace(packet, capture=0, frame=0, line=0, end_line=0, clock=UNSET, tcp=segment)


def mutated(record: bytes, chance: random.Random) -> bytes:
    """One thing done to a record, its last line end left alone."""
    body = record[:-1]
    at = chance.randrange(len(body))
    what = chance.randrange(7)
    if what == 0:
        return body[:at] + body[at + 1 :] + b"\n"
    if what == 1:
        return body[:at] + bytes([chance.choice(BYTES)]) + body[at:] + b"\n"
    if what == 2:
        return body[:at] + bytes([chance.choice(BYTES)]) + body[at + 1 :] + b"\n"
    if what == 3:
        return body[:at] + b"\n"
    if what == 4:
        return body[at:] + b"\n"
    lines = body.split(b"\n")
    line = chance.randrange(len(lines))
    if line or not any(one.startswith(b"\t") for one in lines):  # without its first line a tail is the tail of the record before
        lines[line : line + 1] = [] if what == 5 else [lines[line]] * 2
    return b"".join(one + b"\n" for one in lines)


def damaged(whole: list[bytes], chance: random.Random) -> Iterator[tuple[bytes, bool]]:
    for record in whole:
        touched = chance.randrange(EVERY) == 0
        yield mutated(record, chance) if touched else record, touched


def survivors(whole: list[bytes], alone: dict[bytes, Packet], chance: random.Random) -> tuple[int, int, int]:
    """Mutations, untouched records, and those of them that were read otherwise than alone."""
    parts = list(damaged(whole, chance))
    packets = {value.line: value for value in read([b"".join(part for part, _ in parts)]) if isinstance(value, Packet)}
    line, untouched, lost = 1, 0, 0
    for part, touched in parts:
        if not touched and part in alone:
            untouched += 1
            found = packets.get(line)
            lost += found is None or bare(found) != alone[part]
        line += part.count(b"\n")
    return sum(touched for _, touched in parts), untouched, lost


def each_alone(whole: list[bytes]) -> dict[bytes, Packet]:
    found = {}
    for record in whole:
        packets = [value for value in read([record]) if isinstance(value, Packet)]
        if len(packets) == 1:
            found[record] = bare(packets[0])
    return found


def test_damage_stays_where_it_is() -> None:
    """A log that lost the head of a record may still give its tail to the record before: once in a thousand, not more."""
    chance = random.Random(793)
    mutations = untouched = lost = 0
    for dialect in DIALECTS:
        whole = records(dialect)
        alone = each_alone(whole)
        assert len(alone) > 0.99 * len(set(whole))
        enough = mutations + settings().max_examples * 50 // len(DIALECTS)
        while mutations < enough:
            counted = survivors(whole, alone, chance)
            mutations, untouched, lost = mutations + counted[0], untouched + counted[1], lost + counted[2]
    assert lost <= untouched // 1000, (mutations, untouched, lost)


RECORD = b"""\
10:45:31.713962 IP (tos 0x0, ttl 64, id 62917, offset 0, flags [DF], proto TCP (6), length 90)
    127.0.0.1.59322 > 127.0.0.1.8000: Flags [P.], cksum 0xfe4e (incorrect -> 0x858b), seq 1:39, ack 1, win 512, length 38
"""
PIECES = [b"\n", b"\r\n", b"\x01", b"    ", b"^C", b"```\n", b"\t", b"\t0x0000:  4500", b"E..."]


@given(st.lists(st.one_of(st.just(RECORD), st.binary(max_size=20), st.sampled_from(PIECES))), st.integers(20, 300))
def test_any_octets_can_be_read_in_any_pieces(parts: list[bytes], size: int) -> None:
    """Nothing raises, and how the octets arrive changes nothing; a record behind it all is still read."""
    text = b"# a log\n" * 30 + b"".join(parts) + b"\n" + RECORD
    whole = list(read([text]))
    pieces = list(read([text[at : at + size] for at in range(0, len(text), size)]))
    assert pieces == whole
    last = [value for value in whole if isinstance(value, Packet)][-1]
    assert last.tcp is not UNSET
    assert last.tcp.seq_end == 39
