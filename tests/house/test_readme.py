"""What README shows is true: outputs are what the commands print, the library's example runs, and the two commands are those CI runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.program import ROOT
from tests.house.readme import CONSOLE, PYTHON, README, commands, printed

TEXT = README.read_text()


@pytest.mark.parametrize("example", [pytest.param(found, id=found["arguments"]) for found in CONSOLE.finditer(TEXT)])
def test_an_example_shows_what_the_command_prints(example: dict[str, str]) -> None:
    """When this fails and the new output is right: python -m tests.house.readme"""
    assert printed(example["arguments"]) == example["output"]


def test_the_librarys_example_runs() -> None:
    (code,) = PYTHON.findall(TEXT)
    done = subprocess.run([sys.executable, "-"], input=code, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "1 10:45:31.713843 S\n" in done.stdout
    assert "127.0.0.1:59322 > 127.0.0.1:8000 S2" in done.stdout


def test_ci_runs_readmes_own_command() -> None:
    """So that the command people copy is known to work on a machine where nothing was installed."""
    run, test = (command for command in commands() if "venv" in command)
    assert run.endswith(" samples/seed.md")
    assert all(part in (ROOT / ".ci" / "run").read_text() for part in test.rsplit(" && ", 1))
