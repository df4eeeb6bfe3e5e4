"""How a command fails: exit statuses, and one sentence that says what to do next.

Law: standard error gets messages, standard output results alone. A `Failure` is the caller's mistake or bad input and never shows a
traceback; anything else that escapes is ours (status 3). Names and text of others are shown by `visible`, never sent as they are.
"""

from __future__ import annotations

import enum
import sys
from typing import Final

from tcpdump_parse.visible import visible


class Status(enum.IntEnum):
    """Exit statuses of every command."""

    DONE = 0
    FOUND = 1
    UNREADABLE = 2
    INTERNAL = 3
    STOPPED = 130


class Failure(Exception):
    """The command ends here: one message for standard error, no traceback."""

    def __init__(self, message: str, status: Status = Status.UNREADABLE) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def tell(message: str) -> None:
    """One message on standard error, each line of it made visible; a closed standard error is nobody's problem."""
    try:
        for line in message.split("\n"):
            print(visible(line), file=sys.stderr)
    except (OSError, ValueError, AttributeError):
        return


_REASONS: Final = {
    FileNotFoundError: "there is no such file",
    IsADirectoryError: "this is a directory; name the logs in it",
    PermissionError: "it may not be read (permission denied)",
}


def reason(error: OSError) -> str:
    """The operating system's refusal in words."""
    return _REASONS.get(type(error)) or error.strerror or str(error)
