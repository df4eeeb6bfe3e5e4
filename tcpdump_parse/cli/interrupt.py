"""Ctrl-C in a pipe.

In `tcpdump … | tdparse` Ctrl-C reaches both programs. tcpdump then prints its counters and closes the pipe, so the first Ctrl-C here
only notes that the end was asked for: a pipe is drained to its end and the endings are told; a file, or a terminal, is left where it
stands. The second Ctrl-C stops at once. The core knows nothing of signals.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class EndOfInput(Exception):
    """Raised out of a read that would wait for a person: the first Ctrl-C ends what they type."""


class Stopped(BaseException):
    """The second Ctrl-C."""


class Interrupt:
    """How often Ctrl-C came, and whether somebody waits where only a signal can wake them."""

    def __init__(self) -> None:
        self.asked = False
        self._waiting = False

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        if self.asked:
            raise Stopped
        self.asked = True
        if self._waiting:
            raise EndOfInput

    @contextmanager
    def wakes(self) -> Iterator[None]:
        """Within, the first Ctrl-C raises `EndOfInput` instead of being noted."""
        self._waiting = True
        try:
            if self.asked:
                raise EndOfInput
            yield
        finally:
            self._waiting = False


INTERRUPT = Interrupt()


def listen() -> None:
    """Take over Ctrl-C, unless this process was started with it ignored (`nohup`, a background job)."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, INTERRUPT)
