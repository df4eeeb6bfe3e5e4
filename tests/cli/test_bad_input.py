"""Bad input: a clear message or an `unread`, the rest still read, and the exit status that scripts rely on."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.cli.program import RECORD, ROOT, SAMPLES, SEED, tdparse

FOUR_WAY = SAMPLES / "close" / "four-way.txt"
UNREADABLE = RECORD.replace(b"(incorrect", b"(incorrekt")

CASES = {
    "empty": (b"", 2, "nothing in it"),
    "prose": (b"Dear diary,\nno packets today.\n", 2, "no record of tcpdump was found"),
    "binary": (bytes(range(256)) * 20, 2, "is a binary file"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), 2, "a picture"),
    "cut gzip": (gzip.compress(SEED.read_bytes())[:300], 2, "damaged"),
    "cut JSON": (b'{"type":"packet","capture":1', 2, ":1:29:"),
    "only unread": (UNREADABLE, 2, "no record could be read"),
}


def types(out: str) -> list[str]:
    return [json.loads(line)["type"] for line in out.splitlines()]


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_log_is_named(case: str, tmp_path: Path) -> None:
    octets, status, said = CASES[case]
    (tmp_path / "log.txt").write_bytes(octets)
    ran = tdparse("parse", tmp_path / "log.txt")
    assert ran.status == status
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("name", "said"), [("missing.txt", "there is no such file"), ("folder", "is a directory"), ("-", "standard input: nothing in it")]
)
def test_a_name_that_is_no_file(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    ran = tdparse("parse", name, cwd=tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


def test_one_bad_file_costs_the_status_and_not_the_others() -> None:
    ran = tdparse("parse", "missing.txt", SEED, ROOT)
    assert ran.status == 2
    assert types(ran.out).count("packet") == 11
    assert "missing.txt: there is no such file" in ran.err
    assert "is a directory" in ran.err


def test_a_log_cut_in_mid_record_gives_the_records_before() -> None:
    whole = FOUR_WAY.read_bytes()
    cut = whole[: whole.rindex(b"Flags [") + 10]
    ran = tdparse("parse", given=cut)
    assert ran.out.count('"tcp":{') == 10
    assert ran.status == 0


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(SEED.read_text().encode("gbk"), id="GBK"),
        pytest.param(SEED.read_text().encode("utf-16"), id="UTF-16"),
        pytest.param(FOUR_WAY.read_text().encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param(SEED.read_bytes() + "握".encode()[:2], id="half a character"),
        pytest.param(b"x" * 10_000_000 + b"\n" + SEED.read_bytes(), id="a line of 10 MB"),
        pytest.param(SEED.read_bytes() + b"x" * 10_000_000, id="a last line of 10 MB"),
    ],
)
def test_odd_text_around_the_records_harms_none_of_them(octets: bytes) -> None:
    ran = tdparse("parse", given=octets)
    assert (ran.status, types(ran.out).count("packet")) == (0, 11)


def test_unread_text_is_pictured_and_the_rest_is_read() -> None:
    ran = tdparse("parse", given=RECORD + UNREADABLE + RECORD)
    assert ran.status == 0
    assert types(ran.out) == ["capture", "packet", "unread", "packet"]
    first, excerpt, caret = ran.err.splitlines()
    assert first.startswith("standard input:4:")
    assert caret.strip() == "^"
    assert excerpt[caret.index("^") :].lstrip(" (").startswith("incorrekt")


def test_strict_stops_at_the_first_unread_text() -> None:
    ran = tdparse("parse", "--strict", given=RECORD + UNREADABLE + RECORD)
    assert ran.status == 2
    assert types(ran.out) == ["capture", "packet"]
    assert "standard input:4:" in ran.err


def test_strict_tells_what_stood_before_the_unread_text() -> None:
    ran = tdparse("explain", "--strict", given=RECORD + UNREADABLE + RECORD)
    assert ran.status == 2
    assert "─►│" in ran.out or "◄─" in ran.out


def test_names_and_text_of_others_are_shown_and_never_sent(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31mb.txt").write_bytes(b"\x1b[2J\x07")
    ran = tdparse("explain", "a\x1b[31mb.txt", cwd=tmp_path)
    assert ran.status == 2
    assert "\x1b" not in ran.out + ran.err
    assert "a\\x1b[31mb.txt" in ran.err


def test_a_log_is_never_written_over_by_its_own_reading(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(RECORD)
    (tmp_path / "link").symlink_to(log)
    ran = tdparse("parse", log, "-o", tmp_path / "link")
    assert ran.status == 2
    assert log.read_bytes() == RECORD


def test_an_output_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    ran = tdparse("parse", SEED, "-o", tmp_path / "none" / "a.jsonl")
    assert ran.status == 2
    assert "its folder does not exist" in ran.err


@pytest.mark.parametrize("arguments", [["--format", "xml"], ["--nonsense"], ["--tz", "Mars"]])
def test_wrong_usage_is_2_with_a_hint(arguments: list[str]) -> None:
    ran = tdparse("parse", *arguments, SEED)
    assert ran.status == 2
    assert "tdparse parse --help" in ran.err


def test_a_mistyped_command_is_recognised() -> None:
    ran = tdparse("flos")
    assert ran.status == 2
    assert "did you mean 'flows'?" in ran.err
