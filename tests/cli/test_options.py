"""The options that commands share, and what stands for a command that is not named."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from tests.cli.program import PATIENCE, RECORD, ROOT, SAMPLES, SEED, on_terminal, tdparse, until


def parsed(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_log_without_a_command_is_explained() -> None:
    assert tdparse(SEED).out == tdparse("explain", SEED).out
    assert "FIN-WAIT-2" in tdparse(SEED).out


def test_a_pipe_without_a_command_is_explained() -> None:
    assert tdparse(given=RECORD).out == tdparse("explain", given=RECORD).out
    assert "SYN" in tdparse(given=RECORD).out


def test_options_alone_belong_to_explain() -> None:
    assert tdparse("-q", SEED).out == tdparse("explain", "--quiet", SEED).out


def test_several_files_are_several_captures_and_each_has_its_name() -> None:
    values = parsed(tdparse("parse", SEED, SAMPLES / "reset" / "linger.txt").out)
    captures = [value for value in values if value["type"] == "capture"]
    assert [capture["capture"] for capture in captures] == [1, 2]
    assert [Path(capture["file"]).name for capture in captures] == ["seed.md", "linger.txt"]
    assert {value["capture"] for value in values} == {1, 2}


def halves(folder: Path) -> tuple[Path, Path]:
    """A log as rotation leaves it: cut between two lines of one record."""
    lines = SEED.read_bytes().splitlines(keepends=True)
    first, second = folder / "log.1", folder / "log.2"
    first.write_bytes(b"".join(lines[:42]))
    second.write_bytes(b"".join(lines[42:]))
    return first, second


def test_joined_files_are_one_log(tmp_path: Path) -> None:
    first, second = halves(tmp_path)
    whole = [value for value in parsed(tdparse("parse", SEED).out) if value["type"] == "packet"]
    assert [value for value in parsed(tdparse("parse", "--join", first, second).out) if value["type"] == "packet"] == whole


def test_a_finding_in_joined_files_names_the_line_in_its_own_file(tmp_path: Path) -> None:
    first, second = halves(tmp_path)
    ran = tdparse("check", "--join", "--select", "cap-footer-mismatch", first, second)
    assert ran.out.startswith(f"{second}:{65 - 42}: ")


def test_json_lines_are_read_in_place_of_the_log(tmp_path: Path) -> None:
    lines = tmp_path / "seed.jsonl"
    assert tdparse("parse", SEED, "-o", lines).status == 0
    assert tdparse("parse", lines).out == lines.read_text()
    assert tdparse("flows", lines).out == tdparse("flows", SEED).out


@pytest.mark.parametrize(("zone", "hours"), [("UTC", 0), ("+02:00", -2), ("-0330", 3.5), ("Asia/Shanghai", -8)])
def test_a_zone_moves_the_clock_of_dated_times(zone: str, hours: float) -> None:
    dated = b"2024-01-02 " + RECORD
    assert parsed(tdparse("parse", "--tz", zone, given=dated).out)[-1]["clock"] == f"{1704192331 + int(hours * 3600)}.713843"


def test_the_name_of_the_output_chooses_the_format(tmp_path: Path) -> None:
    tdparse("parse", SEED, "-o", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text().startswith("type,capture,frame,")
    tdparse("parse", SEED, "-o", tmp_path / "b.csv", "--format", "jsonl")
    assert (tmp_path / "b.csv").read_text().startswith('{"type":"capture"')
    tdparse("check", SEED, "-o", tmp_path / "c.sarif.json")  # the other name that SARIF 2.1.0 gives its files
    assert json.loads((tmp_path / "c.sarif.json").read_text())["version"] == "2.1.0"


def test_an_output_that_cannot_be_written_is_told_as_one(tmp_path: Path) -> None:
    """Not in the words for a log that cannot be read."""
    assert tdparse("check", SEED, "-o", tmp_path).err == f"tdparse: {tmp_path}: cannot be written: it is a directory.\n"


@pytest.mark.parametrize(
    "arguments", [("parse",), ("check", "--format", "jsonl", "--select", "fin-active"), ("explain", "--format", "json")]
)
def test_a_file_whose_name_is_no_utf8_is_read_as_any_other(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Its octets stand as escapes where only UTF-8 may stand."""
    named = tmp_path / os.fsdecode(b"b\xffd.txt")
    named.write_bytes(SEED.read_bytes())
    ran = tdparse(*arguments, named)
    assert (ran.status, ran.err) == (0, "")
    assert "b\\\\udcffd.txt" in ran.out


def test_packed_logs_are_read_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(gzip.compress(SEED.read_bytes()))
    assert tdparse("flows", tmp_path / "log").out == tdparse("flows", SEED).out


@pytest.mark.parametrize(
    ("arguments", "env", "coloured"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "0"}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_of_what_is_piped(arguments: list[str], env: dict[str, str], coloured: bool) -> None:
    assert ("\x1b[" in tdparse("explain", *arguments, SEED, env=env).out) is coloured


@pytest.mark.parametrize("command", ["explain", "check"])
def test_a_file_is_coloured_only_by_name(tmp_path: Path, command: str) -> None:
    """CI sets FORCE_COLOR for what it shows; what -o keeps is read by other programs."""
    for arguments, painted in (([], False), (["--color", "always"], True)):
        tdparse(command, SEED, "-o", tmp_path / "kept.txt", *arguments, env={"FORCE_COLOR": "1"})
        assert ("\x1b[" in (tmp_path / "kept.txt").read_text()) is painted


@pytest.mark.parametrize(("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colour_on_a_terminal(env: dict[str, str], coloured: bool) -> None:
    with on_terminal("-q", str(SEED), env=env) as (terminal, process):
        shown = until(terminal, "Half-closed")
        assert process.wait(PATIENCE) == 0
    assert ("\x1b[" in shown) is coloured


@pytest.mark.parametrize(
    ("arguments", "env", "chinese"),
    [
        ([], {}, False),
        (["--lang", "zh"], {}, True),
        ([], {"LC_ALL": "zh_CN.UTF-8"}, True),
        ([], {"LC_ALL": "", "LC_MESSAGES": "zh_TW.UTF-8", "PYTHONUTF8": "1"}, True),
        ([], {"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, False),
        (["--lang", "en"], {"LC_ALL": "zh_CN.UTF-8"}, False),
        (["--format", "json"], {"LC_ALL": "zh_CN.UTF-8"}, False),
    ],
)
def test_language_of_text_and_of_data(arguments: list[str], env: dict[str, str], chinese: bool) -> None:
    told = tdparse("explain", "-q", *arguments, SEED, env=env).out
    assert ("服务器" in told) is chinese


def test_an_encoding_without_arrows_gets_ascii() -> None:
    told = tdparse(SAMPLES / "handshake" / "refused.txt", env={"PYTHONIOENCODING": "ascii"}).out
    assert told.isascii()
    assert "SYN" in told


def test_everything_written_fits_the_schema() -> None:
    schema = json.loads(tdparse("schema").out)
    validator = jsonschema.Draft202012Validator(schema)
    lines = tdparse("parse", SEED).out + tdparse("flows", "--format", "jsonl", SEED).out + tdparse("check", "--format", "jsonl", SEED).out
    types = set()
    for line in lines.splitlines():
        validator.validate(json.loads(line))
        types.add(json.loads(line)["type"])
    assert types == {"capture", "notice", "packet", "flow", "finding"}


def test_every_object_comes_back_as_the_model_has_it() -> None:
    from tcpdump_parse import Event

    for line in tdparse("parse", SEED).out.splitlines():
        assert msgspec.json.encode(msgspec.json.decode(line, type=Event)).decode() == line


def test_only_commands_that_exist_are_listed() -> None:
    listed = tdparse("--help").out.partition("Commands:\n")[2].partition("\n\n")[0]
    for line in listed.splitlines():
        assert tdparse(line.split()[0], "--help").status == 0


def test_an_internal_error_is_one_message_and_debug_shows_where() -> None:
    """A module that cannot be imported stands for a fault of ours."""
    broken = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent / "broken"), str(ROOT)])}
    ran = tdparse("flows", SEED, env=broken)
    assert ran.status == 3
    assert "internal error" in ran.err
    assert "Traceback" not in ran.err
    assert "Traceback" in tdparse("flows", "--debug", SEED, env=broken).err
