"""Errors that teach: a damaged record and what is said about it, together."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpdump_parse.model import Unread
from tcpdump_parse.read import grammar, read
from tcpdump_parse.read.diagnose import LIKENESSES, WORDS, diagnose, likeness

FIRST = "10:45:31.713962 IP (tos 0x0, ttl 64, id 62917, offset 0, flags [DF], proto TCP (6), length 90)"
SECOND = (
    "    127.0.0.1.59322 > 127.0.0.1.8000: Flags [P.], cksum 0xfe4e (incorrect -> 0x858b), seq 1960817470:1960817508, "
    "ack 645999201, win 512, options [nop,nop,TS val 1395669307 ecr 1395669307], length 38"
)
RECORD = f"{FIRST}\n{SECOND}"


def unread(text: str) -> Unread:
    (found,) = (value for value in read([text.encode("latin-1") + b"\n"]) if isinstance(value, Unread))
    return found


DAMAGED = [
    ("incorrect", "incorrekt", "2:65", 'expected "correct)" or "incorrect -> 0x…", saw "incorrekt"; did you mean "incorrect -> 0x…"?'),
    ("ttl 64", "ttl sixty", "1:34", 'expected a number, saw "sixty"'),
    ("win 512", "win", "2:132", 'expected a blank, saw ","'),
    ("0xfe4e", "0xfeze", "2:59", 'expected four hex digits, saw "feze"'),
    ("[P.]", "[PX]", "2:46", 'expected "none" or TCP flags (S F R P . U E W in this order), saw "PX"'),
]


@pytest.mark.parametrize(("right", "wrong", "place", "message"), DAMAGED)
def test_a_slip_is_named_with_its_place(right: str, wrong: str, place: str, message: str) -> None:
    found = unread(RECORD.replace(right, wrong))
    assert found.message == message
    line, column = map(int, place.split(":"))
    assert (found.line, found.end_line) == (line, 2)
    shown = RECORD.replace(right, wrong).split("\n")[line - 1]
    assert shown[column - 1 :].startswith(message.split('saw "')[1].split('"')[0])
    assert found.column == column


def test_what_was_seen_is_letters_not_octets() -> None:
    assert unread(RECORD.replace("win 512", "win 五百".encode().decode("latin-1"))).message == 'expected a number, saw "五百"'


ALIKE = [
    (FIRST, "second line of this record is missing"),
    (RECORD.replace(" > ", " &gt; "), "went through HTML"),
    (RECORD[:-20], "cut or wrapped"),
    (SECOND, "first line of this record"),
    ("10:45:31.7 IP 1.2.3.4.5 > 1.2.3.4.6: S 1:2(1) win 3", "tcpdump 3 prints"),
    ("1 0.000000 127.0.0.1 → 127.0.0.1 TCP 74 40 → 80 [SYN]".encode().decode("latin-1"), "tshark's text"),
    ("Frame 1: 74 bytes on wire", "Wireshark's text"),
    ("10.0.0.1 -> 10.0.0.2 TCP D=80 S=4000 Syn", "snoop"),
    ("ESTAB 0 0 10.0.0.1:22 10.0.0.2:4000", "sockets, not packets"),
    ("tcp        0      0 0.0.0.0:22     0.0.0.0:*   LISTEN", "sockets, not packets"),
    ("   1: 10:45:31.713962 10.0.0.1.40 > 10.0.0.2.80: S 1:1(0) win 1", "Cisco ASA"),
    ("10:45:31.7 IP 1.2.3.4.5 > 1.2.3.4.6: Flags [S], seq 1, win 2, length 0 in slot1/tmm0 lis=/Common/x", "F5 adds"),
    ("10:45:31.7 IP a > b: GREv0, Flags [key present], key=0x1", "are not TCP's"),
    ("10:45:31,713962 IP 1.2.3.4.5 > 1.2.3.4.6: ", "a comma"),
    ("10:45:31.7 IP “1.2.3.4.5” > 1.2.3.4.6: ".encode().decode("latin-1"), "typographic"),
]


@pytest.mark.parametrize(("text", "sentence"), ALIKE)
def test_the_nearest_thing_it_could_be_is_named(text: str, sentence: str) -> None:
    assert sentence in likeness(text)


def test_every_likeness_has_a_case_and_tcpdumps_own_records_are_like_none() -> None:
    assert {likeness(text) for text, _ in ALIKE} == {known.sentence for known in LIKENESSES}
    assert likeness(RECORD) == likeness(RECORD + ": HTTP, length: 38\n\tGET / HTTP/1.1") == ""
    assert likeness("10:45:31.713962 IP 127.0.0.1.59322 > 127.0.0.1.8000: Flags [.], ack 1, win 512, length 0") == ""


def test_every_terminal_that_is_no_literal_has_words() -> None:
    """Whoever adds a terminal says in words what it is; a name in capitals teaches nobody."""
    plain = {name: re.sub(r"\\(.)", r"\1", pattern, flags=re.DOTALL) for name, pattern in grammar.terminals().items()}
    patterns = {name for name, pattern in grammar.terminals().items() if re.escape(plain[name]) != pattern}
    assert sorted(patterns - WORDS.keys()) == []


@given(st.text(max_size=80), st.integers(0, 90), st.lists(st.sampled_from(sorted(grammar.terminals())), max_size=9))
def test_any_refusal_gets_a_message(text: str, column: int, accepts: list[str]) -> None:
    told = diagnose(text, column, accepts, grammar.terminals())
    assert "saw " in told.message
    assert "\n" not in told.message
    assert column <= told.column <= max(column, len(text))
