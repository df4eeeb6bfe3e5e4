"""Octets from a file, a pipe or a terminal, one system call at a time.

Law: nobody waits for us longer than for the log. Before a read that may wait, what has been written so far is flushed; so output is
buffered while input is plenty, and a lone packet is told with nothing following it.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final, TextIO

from tcpdump_parse.cli.interrupt import INTERRUPT, EndOfInput

Flush = Callable[[], None]


class Tap:
    """The binary file that `read` is given: `name`, and `read1`, which flushes, waits, minds Ctrl-C and reports progress."""

    def __init__(self, descriptor: int, name: str, out: TextIO | None, progress: Progress | None = None) -> None:
        self.name = name
        self.octets = 0
        self._descriptor = descriptor
        self._out = out
        self._progress = progress
        mode = os.fstat(descriptor).st_mode
        self._live = not (stat.S_ISREG(mode) or stat.S_ISBLK(mode))
        self._person = os.isatty(descriptor)

    def fileno(self) -> int:
        return self._descriptor

    def read1(self, size: int = -1, /) -> bytes:
        """At most `size` octets, as soon as there are any; empty at the end."""
        if self._live:
            self._flush()
        elif INTERRUPT.asked:
            return b""
        octets = self._typed(size) if self._person else os.read(self._descriptor, size)
        self.octets += len(octets)
        if self._progress is not None:
            self._progress.read(len(octets))
        return octets

    read = read1

    def _typed(self, size: int) -> bytes:
        try:
            with INTERRUPT.wakes():
                return os.read(self._descriptor, size)
        except EndOfInput:
            return b""

    def _flush(self) -> None:
        if self._out is None:
            return
        if threading.current_thread() is threading.main_thread():
            self._out.flush()
        elif not self._out.line_buffering:  # a capture file goes through tcpdump: who feeds it does not see what comes out
            self._out.reconfigure(line_buffering=True)  # type: ignore[attr-defined]


class Joined:
    """Several texts as one binary file: `read1` gives their pieces in order."""

    def __init__(self, parts: Iterator[bytes], name: str) -> None:
        self.name = name
        self._parts = parts

    def read1(self, size: int = -1, /) -> bytes:
        return next(self._parts, b"")

    read = read1


class Progress:
    """How much of the files is read, on standard error: nothing in the first second, then five times a second."""

    PATIENCE: Final = 1.0
    PAUSE: Final = 0.2

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total = total
        self._seen = 0
        self._clock = clock
        self._next = clock() + self.PATIENCE
        self._shown = False

    def read(self, octets: int) -> None:
        self._seen += octets
        now = self._clock()
        if now >= self._next:
            self._next = now + self.PAUSE
            self._shown = True
            print(f"\r\x1b[K{self.line()}", end="", file=sys.stderr, flush=True)

    def line(self) -> str:
        return f"{min(100, self._seen * 100 // self._total)} % of {self._total / 1e6:.1f} MB read"

    def close(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False
