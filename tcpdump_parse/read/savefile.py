"""A capture file given where text was meant: the installed tcpdump prints it, and its text is read.

The file goes in on standard input, so that no name can be an option; the environment is empty but for the zone, and
root's rights are put down first where that is possible. Without tcpdump the error names the command to run.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterable
from typing import IO, TYPE_CHECKING

from tcpdump_parse.read.chunks import SIZE, SourceError

if TYPE_CHECKING:
    import subprocess

MAGICS = tuple(map(bytes.fromhex, ("d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d", "34cdb2a1", "a1b2cd34", "0a0d0d0a")))
ARGUMENTS = ("-S", "-nn", "-vvv", "-r", "-")
LIVE = ("-l",)
BESIDE_PATH = ("/usr/sbin", "/usr/local/sbin", "/sbin")
"""Where tcpdump stands on systems that keep it from the PATH of a common user."""
NOBODY = 65534


def is_savefile(head: bytes) -> bool:
    """The first octets are those of a pcap or pcapng file."""
    return head.startswith(MAGICS)


def printed(packets: Iterable[bytes], name: str, live: bool) -> Generator[bytes]:
    """The text of a capture file, then what tcpdump complained about, line by line; packet by packet when it is `live`."""
    from tempfile import TemporaryFile

    with TemporaryFile() as complaints:
        process = _start((_installed(name), *LIVE * live, *ARGUMENTS), complaints)
        feeder = _Feeder(packets, process)
        feeder.start()
        anything = False
        try:
            assert process.stdout is not None
            while piece := process.stdout.read1(SIZE):  # type: ignore[attr-defined]
                anything = True
                yield piece
            process.wait()
            feeder.join()
        finally:
            process.kill()
            process.wait()
            process.stdout.close()  # type: ignore[union-attr]
        complaints.seek(0)
        said = _said(complaints.read())
        if feeder.error is not None:
            raise feeder.error
        if process.returncode and not anything:
            raise SourceError(f"{name} is a capture file, and tcpdump cannot print it: {' '.join(said) or 'it gave no reason'}")
        yield from (f"{line}\n".encode() for line in said)


def _installed(name: str) -> str:
    from shutil import which

    where = os.pathsep.join((os.environ.get("PATH", os.defpath), *BESIDE_PATH))
    found = which("tcpdump", path=where)
    if found is None:
        command = f"tcpdump {' '.join(ARGUMENTS[:-1])} FILE | tdparse"
        raise SourceError(f"{name} is a capture file, not text, and tcpdump is not installed here; where it is, run: {command}")
    return found


def _start(command: tuple[str, ...], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    import subprocess

    def start(user: int | None, groups: list[int] | None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, cwd="/",
            env={"TZ": "UTC", "LC_ALL": "C"}, user=user, group=user, extra_groups=groups,
        )  # fmt: skip

    if getattr(os, "geteuid", lambda: 1)() == 0:
        try:
            return start(NOBODY, [])
        except (OSError, subprocess.SubprocessError):
            pass  # a container may not let root change its user; tcpdump puts its rights down by itself
    return start(None, None)


class _Feeder(threading.Thread):
    """Writes the file into tcpdump while its text is read; keeps the error that ended the file."""

    def __init__(self, packets: Iterable[bytes], process: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self._packets = packets
        self._process = process
        self.error: Exception | None = None

    def run(self) -> None:
        into = self._process.stdin
        assert into is not None
        try:
            with into:
                for piece in self._packets:
                    into.write(piece)
                    into.flush()
        except (BrokenPipeError, ValueError):
            pass  # tcpdump ended first and says why
        except Exception as error:
            self.error = error


def _said(complaints: bytes) -> list[str]:
    lines = complaints.decode("utf-8", "replace").splitlines()
    return [line for line in lines if not line.startswith(("reading from file", "dropped privs"))]
