"""Network namespaces: a host of its own for each end, gone when the block ends.

A namespace has its own loopback, ports and sysctls, so a recording meets no other traffic and disturbs none.
Needs root and iproute2.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TypeAlias

HERE = Path(__file__).parent
_numbers = count(1)
Process: TypeAlias = "subprocess.Popen[bytes]"


def run(*words: str) -> None:
    """Run a command to its end; its own message is the error."""
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")


class Host:
    """One namespace: where commands run, and what its kernel is told."""

    def __init__(self, name: str) -> None:
        """Name a namespace that exists."""
        self.name = name

    def words(self, *words: str) -> list[str]:
        """The command line that runs these words inside."""
        return ["ip", "netns", "exec", self.name, *words]

    def run(self, *words: str) -> None:
        """Run a command inside, to its end."""
        run(*self.words(*words))

    def start(self, *words: str) -> Process:
        """Start a command inside, its three pipes ours; the caller ends it."""
        return subprocess.Popen(self.words(*words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def python(self, script: str, *words: str) -> Process:
        """Start one of this folder's scripts inside."""
        return self.start(sys.executable, str(HERE / script), *words)

    def tell(self, settings: Mapping[str, str]) -> None:
        """Set sysctls (dots or slashes) of this namespace."""
        for key, value in settings.items():
            self.run("sysctl", "-qw", f"{key}={value}")


@contextmanager
def hosts(*names: str) -> Iterator[Sequence[Host]]:
    """Namespaces with their loopback up; unique by process, removed at the end."""
    made: list[Host] = []
    try:
        for name in names:
            host = Host(f"lab-{os.getpid()}-{next(_numbers)}-{name}")
            run("ip", "netns", "add", host.name)
            made.append(host)
            host.run("ip", "link", "set", "lo", "up")
        yield made
    finally:
        for host in made:
            run("ip", "netns", "del", host.name)


def await_line(process: Process, wanted: bytes) -> bytes:
    """Wait until the process prints a line that holds this; what it said instead is the error."""
    assert process.stdout is not None
    while wanted not in (line := process.stdout.readline()):
        if not line:
            raise RuntimeError(f"ended before {wanted!r}: {process.communicate()[1].decode()}")
    return line


def press_enter(process: Process) -> None:
    """Let a step `enter` pass."""
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()


def end(process: Process) -> None:
    """End a process that we started and close its pipes."""
    with process:
        process.kill()
