"""tdparse as a person or a script runs it: a process of its own, with real pipes, signals and terminals.

Waits for events, never for a time."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
SEED = SAMPLES / "seed.md"
TDPARSE = (sys.executable, "-m", "tcpdump_parse")
PLAIN = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LANG", "LC_MESSAGES"}} | {
    "LC_ALL": "C.UTF-8",
    "TERM": "xterm",
}
PATIENCE = 60
"""Seconds after which an event is taken for one that never comes: a hang fails the test, nothing is measured with it."""

RECORD = (
    b"10:45:31.713843 IP (tos 0x0, ttl 64, id 62915, offset 0, flags [DF], proto TCP (6), length 60)\n"
    b"    127.0.0.1.59322 > 127.0.0.1.8000: Flags [S], cksum 0xfe30 (incorrect -> 0x947e), seq 1960817469, win 65495, "
    b"options [mss 65495,sackOK,TS val 1395669307 ecr 0,nop,wscale 7], length 0\n"
)


class Ran(NamedTuple):
    status: int
    out: str
    err: str


def tdparse(*arguments: str | Path, given: bytes | None = None, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Ran:
    """Run to the end; `given` comes in through a pipe, else standard input is empty."""
    done = subprocess.run(
        [*TDPARSE, *map(str, arguments)], input=given or b"", capture_output=True, env=PLAIN | {"PYTHONPATH": str(ROOT)} | dict(env or {}),
        cwd=cwd, timeout=PATIENCE, check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


class Live:
    """A running tdparse whose input is fed piece by piece."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def feed(self, octets: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(octets)
        self.process.stdin.flush()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.stdin = None

    def until(self, wanted: str) -> str:
        """Its output up to and with `wanted`, as soon as it is there."""
        assert self.process.stdout is not None
        return until(self.process.stdout.fileno(), wanted)

    def rest(self) -> tuple[str, str, int]:
        """What else it prints, what it says on standard error, and its exit status."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return out.decode(), err.decode(), self.process.returncode


def until(descriptor: int, wanted: str) -> str:
    seen = b""
    while wanted.encode() not in seen:
        ready, _, _ = select.select([descriptor], [], [], PATIENCE)
        piece = os.read(descriptor, 65536) if ready else b""
        assert piece, f"{wanted!r} never came; seen: {seen.decode(errors='replace')}"
        seen += piece
    return seen.decode(errors="replace")


@contextmanager
def live(*arguments: str | Path) -> Iterator[Live]:
    """A tdparse in a process group of its own, reading a pipe that this test holds."""
    process = subprocess.Popen(
        [*TDPARSE, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=PLAIN,
        cwd=ROOT, start_new_session=True,
    )  # fmt: skip
    try:
        yield Live(process)
    finally:
        process.kill()
        process.communicate()


@contextmanager
def on_terminal(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A tdparse whose three streams are a terminal, of which this test holds the other end."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*TDPARSE, *map(str, arguments)], stdin=theirs, stdout=theirs, stderr=theirs, env=PLAIN | dict(env or {}), cwd=ROOT,
        preexec_fn=_leads_its_terminal,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield ours, process
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _leads_its_terminal() -> None:
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
