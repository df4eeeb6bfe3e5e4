"""The pipe: told as soon as it is read, two kinds of Ctrl-C, a reader who leaves, a person at the terminal."""

from __future__ import annotations

import gzip
import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from tcpdump_parse.cli.input import Log
from tcpdump_parse.cli.interrupt import INTERRUPT
from tcpdump_parse.model import Capture, Packet
from tests.cli.program import PATIENCE, PLAIN, RECORD, ROOT, SEED, TDPARSE, live, on_terminal, until

NEXT = RECORD.replace(b"713843", b"713999").replace(b"62915", b"62916")


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], env=PLAIN, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_a_lone_packet_is_told_with_nothing_following() -> None:
    """Causality: the output is awaited while the pipe is open and nothing more has been written into it."""
    with live("parse") as session:
        session.feed(RECORD)
        assert '"frame":1' in session.until("}}\n")
        session.feed(NEXT)
        session.until('"frame":2')
        session.close()
        assert session.rest() == ("", "", 0)


def test_a_record_in_pieces_is_told_when_its_last_piece_is_there() -> None:
    with live("parse") as session:
        for start in range(0, len(RECORD), 50):
            session.feed(RECORD[start : start + 50])
        session.until('"frame":1')


def test_the_first_ctrl_c_drains_the_pipe_and_tells_the_endings() -> None:
    with live("parse") as session:
        session.feed(RECORD)
        session.until('"frame":1')
        os.killpg(session.process.pid, signal.SIGINT)
        session.feed(NEXT + b"^C\n2 packets captured\n")
        session.close()
        out, err, status = session.rest()
        assert '"frame":2' in out
        assert '"kind":"captured"' in out
        assert (err, status) == ("", 0)


def test_the_second_ctrl_c_stops_at_once() -> None:
    with live("parse") as session:
        session.feed(RECORD)
        session.until('"frame":1')
        os.killpg(session.process.pid, signal.SIGINT)
        session.feed(NEXT)
        session.until('"frame":2')
        os.killpg(session.process.pid, signal.SIGINT)
        assert session.process.wait(PATIENCE) == 130
        assert session.rest()[1] == ""


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_left_between_two_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    """The first Ctrl-C ends it where it stands: the record that is half read is no finding, and the file is not called cut."""
    log = tmp_path / "log"
    text = (RECORD + NEXT) * 4000
    log.write_bytes(gzip.compress(text, 0) if packed else text)
    reading = Log((str(log), str(log)))
    values = reading.events()
    assert isinstance(next(values), Capture)
    monkeypatch.setattr(INTERRUPT, "asked", True)
    assert [value for value in values if not isinstance(value, Packet)] == []
    assert (reading.failed, reading.unread, reading.captures) == (False, 0, 1)


@pytest.mark.parametrize("reader", ["head -n 1", "true"])
def test_a_reader_who_leaves_ends_it_quietly(reader: str) -> None:
    log = ROOT / "samples" / "close" / "four-way.txt"
    many = shlex.join([str(log)] * 200)
    command = f"set -o pipefail; {shlex.join(TDPARSE)} parse {many} | {reader} > /dev/null"
    done = shell(command)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_without_a_command_gets_a_short_help() -> None:
    with on_terminal() as (terminal, process):
        said = until(terminal, "tdparse --help")
        assert "sudo tcpdump -l -S -nn -vvv -i lo port 8000 | tdparse explain" in said
        assert process.wait(PATIENCE) == 0


def test_what_a_person_types_ends_with_ctrl_d() -> None:
    with on_terminal("parse") as (terminal, process):
        until(terminal, "Ctrl-D")
        os.write(terminal, RECORD)
        until(terminal, '"frame":1')
        os.write(terminal, b"\x04")
        assert process.wait(PATIENCE) == 0


def test_what_a_person_types_ends_with_the_first_ctrl_c_too() -> None:
    with on_terminal("parse") as (terminal, process):
        until(terminal, "Ctrl-D")
        os.write(terminal, RECORD)
        until(terminal, '"frame":1')
        os.write(terminal, b"\x03")
        assert process.wait(PATIENCE) == 0


def test_a_closed_standard_output_is_no_crash() -> None:
    done = shell(f"{shlex.join(TDPARSE)} parse {shlex.quote(str(SEED))} >&-")
    assert done.returncode == 2
    assert "-o FILE" in done.stderr
    assert "Traceback" not in done.stderr
