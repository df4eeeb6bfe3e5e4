"""Logs behind a margin: every line says what it says without it, and stands as it stood when it is printed again."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tcpdump_parse.model import Notice, Packet, Read
from tcpdump_parse.read import read
from tcpdump_parse.read.framing import Framing
from tcpdump_parse.write import find

CORPUS = Path(__file__).parents[1] / "corpus"
HEADS = (
    "10:45:31.713843 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60)\n"
    "    192.0.2.1.59322 > 192.0.2.2.8000: Flags [S], cksum 0xfe30 (correct), seq 1960817469, win 65495, length 0\n",
    "10:45:31.713855 IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto TCP (6), length 60)\n"
    "    192.0.2.2.8000 > 192.0.2.1.59322: Flags [S.], cksum 0xfe30 (correct), seq 645999200, ack 1960817470, win 65483, length 0\n",
    "10:45:31.713870 IP (tos 0x0, ttl 64, id 2, offset 0, flags [DF], proto TCP (6), length 57)\n"
    "    192.0.2.1.59322 > 192.0.2.2.8000: Flags [P.], cksum 0xfe30 (correct), seq 1960817470:1960817475, ack 645999201, win 5, length 5\n"
    "\t0x0000:  4500 0039 0002 4000 4006 0000 c000 0201  E..9..@.@.......\n"
    "\t0x0010:  c000 0202 e7ba 1f40 74df ee3e 2681 3021  .......@t..>&.0!\n",
)
LOG = "".join(HEADS)
Before = Callable[[int, str], str]

MARGINS: dict[str, Before] = {
    "a quotation": lambda _number, _line: "> ",
    "a quotation in a quotation": lambda _number, _line: "> > ",
    "docker compose": lambda _number, _line: "web-1  | ",
    "kubectl": lambda _number, _line: "[pod/web-1/dump] ",
    "syslog": lambda number, _line: f"Nov 23 06:40:{number:02} host tcpdump[123]: ",
    "journalctl": lambda number, _line: f"2026-11-23T06:40:{number:02}+0000 host tcpdump[123]: ",
    "ts": lambda number, _line: f"Nov 23 06:40:{number:02} ",
    "ts %F %T": lambda number, _line: f"2026-11-23 06:40:{number:02} ",
    "a container's log": lambda number, _line: f"2026-11-23T06:40:01.{number:09}Z stdout F ",
    "grep -n": lambda number, line: f"{number}{':' if line[:1].isdigit() else '-'}",
    "grep -H": lambda _number, line: f"a/log.txt{':' if line[:1].isdigit() else '-'}",
    "cat -n": lambda number, _line: f"{number:6}\t",
    "a patch": lambda _number, _line: "+",
    "a tab": lambda _number, _line: "\t",
}


def behind(before: Before, text: str) -> str:
    return "".join(before(number, line) + line for number, line in enumerate(text.splitlines(keepends=True), 9))


def printed(values: list[Read]) -> str:
    out = io.StringIO()
    find("tcpdump").write(values, out)
    return out.getvalue()


def packets(values: list[Read]) -> list[Packet]:
    return [value for value in values if isinstance(value, Packet)]


@cache
def plain() -> list[Packet]:
    return packets(list(read([LOG.encode()])))


@pytest.mark.parametrize("name", MARGINS)
def test_a_log_behind_a_margin_says_what_it_says_without_it(name: str) -> None:
    text = behind(MARGINS[name], LOG)
    values = list(read([text.encode()]))
    assert packets(values) == plain()
    assert [value.kind for value in values if isinstance(value, Notice)] == ["margin"] * LOG.count("\n")
    assert printed(values) == text
    line = b"".join(msgspec.json.encode(value) + b"\n" for value in values)
    assert printed(list(read([line]))) == text


@settings(max_examples=60)
@given(st.sampled_from(sorted(MARGINS)), st.lists(st.integers(1, 400), max_size=12))
def test_how_the_octets_come_makes_no_difference(name: str, sizes: list[int]) -> None:
    data = behind(MARGINS[name], LOG * 2).encode()
    chunks, at = [], 0
    for size in sizes:
        chunks.append(data[at : at + size])
        at += size
    assert list(read([*chunks, data[at:]])) == list(read([data]))


def test_a_margin_that_begins_in_the_middle_and_another_after_it() -> None:
    text = (
        LOG
        + "Then he wrote:\n"
        + behind(MARGINS["a quotation"], LOG)
        + "And the container says:\n"
        + behind(MARGINS["docker compose"], LOG)
    )
    values = list(read([text.encode()]))
    assert [packet.tcp for packet in packets(values)] == [packet.tcp for packet in plain()] * 3
    assert [packet.line for packet in packets(values)] == [1, 3, 5, 10, 12, 14, 19, 21, 23]
    assert printed(values) == text


def test_what_cannot_be_read_keeps_its_margins() -> None:
    text = behind(MARGINS["docker compose"], LOG.replace("length 60)\n    192.0.2.2", "length sixty)\n    192.0.2.2"))
    values = list(read([text.encode()]))
    assert [type(value).__name__ for value in values if not isinstance(value, Notice)] == ["Capture", "Packet", "Unread", "Packet"]
    assert printed(values) == text


def test_lines_without_the_margin_stay_what_they_are() -> None:
    first, *others = behind(MARGINS["docker compose"], LOG).splitlines(keepends=True)
    text = "".join(["db-1   | ready\n", first, *others[:1], "db-1   | checkpoint\n", *others[1:], "^C\n", "3 packets captured\n"])
    values = list(read([text.encode()]))
    assert [packet.tcp for packet in packets(values)] == [packet.tcp for packet in plain()]
    assert [value.kind for value in values if isinstance(value, Notice) and value.kind != "margin"] == [
        "prose",
        "prose",
        "interrupt",
        "captured",
    ]
    assert printed(values) == text


@pytest.mark.parametrize("name", ["a quotation", "docker compose", "cat -n", "syslog"])
def test_the_whole_corpus_of_versions_behind_a_margin(name: str) -> None:
    for file in sorted((CORPUS / "versions").glob("*.txt"))[:4]:
        text = file.read_text("latin-1")
        bare = list(read([text.encode("latin-1")]))
        whole = behind(MARGINS[name], LOG + text).encode("latin-1")
        values = list(read([whole]))
        assert printed(values).encode("utf-8", "surrogateescape") == whole
        assert len(packets(values)) >= len(packets(bare)) + 3


def test_blanks_of_an_unread_record_are_kept() -> None:
    text = "     1  " + LOG.replace("\n    ", "\n     2      ")
    assert printed(list(read([text.encode()]))) == text


def test_a_first_line_is_complete_only_with_its_second() -> None:
    """A live source that is silent between the two lines: the first one waits, as without a margin."""
    framing = Framing()
    text = behind(MARGINS["docker compose"], HEADS[0] + HEADS[1])
    lines = [line.encode() for line in text.splitlines(keepends=True)]
    got: list[Read] = []
    for line in lines:
        got += framing.feed(line) + framing.flush()
    got += framing.end()
    assert [structs.replace(packet, capture=1) for packet in packets(got)] == plain()[:2]
