"""The command line: one command a file, each a few lines over a public verb.

Law: what reads the environment, touches signals, opens files or knows a terminal is in this room. Starting up costs what the command
needs and no more: every import that takes time stands inside the function that uses it, so Ctrl-C is taken over before all else.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final, NoReturn

from tcpdump_parse.cli.errors import Failure, Status, tell
from tcpdump_parse.cli.interrupt import Stopped, listen

SELDOM: Final = 500_000
"""Objects between two looks for cycles. What a log makes has none (a test says so), and a look costs as much as a thousand packets."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `tdparse` with these arguments (default: the program's own) and leave with its exit status."""
    listen()
    gc.set_threshold(SELDOM, 20, 20)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        from tcpdump_parse.cli.app import run

        status = run(given)
        gc.freeze()  # what is left goes with the process: three more looks for cycles on the way out would find nothing
        sys.exit(int(status))
    except Stopped:
        os._exit(Status.STOPPED)  # at once: nothing is flushed into a pipe that nobody may be reading
    except Failure as failure:
        if failure.message:
            tell(f"tdparse: {failure.message}")
        sys.exit(int(failure.status))
    except BrokenPipeError:
        _forget_output()
        sys.exit(int(Status.DONE))
    except OSError as error:
        tell(f"tdparse: {error.filename or 'output'}: {error.strerror or error}")
        sys.exit(int(Status.UNREADABLE))
    except Exception as error:
        if "--debug" in given:
            traceback.print_exc()
        if _of_others(error):
            tell(f"tdparse: {error}")
            sys.exit(int(Status.UNREADABLE))
        tell(f"tdparse: internal error: {type(error).__name__}: {error}\nThis is a fault of tdparse, not of the log; --debug shows where.")
        _forget_output()
        sys.exit(int(Status.INTERNAL))


def _of_others(error: Exception) -> bool:
    """Is it the code of another package that fails, and not ours?"""
    rules = sys.modules.get("tcpdump_parse.check.rule")
    return rules is not None and isinstance(error, rules.PluginError)


def _forget_output() -> None:
    """Whoever read us is gone: let the interpreter's last flush go nowhere, quietly."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
