"""The time that passes. Replay asks for it by name, so that a test can tell it a time of its own and need not wait."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What replay needs of time, in nanoseconds from any origin."""

    def now(self) -> int: ...

    def wait_until(self, moment: int) -> None:
        """Come back at `moment` or as soon after it as can be; at once when it has passed."""


class Monotonic:
    """Real time, which never steps back."""

    def now(self) -> int:
        return time.monotonic_ns()

    def wait_until(self, moment: int) -> None:
        while (left := moment - time.monotonic_ns()) > 0:
            time.sleep(left / 1e9)
