"""README's examples: what stands under a `$ tdparse …` is what the command prints. `python -m tests.house.readme` writes it again."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.cli.program import ROOT, tdparse

README = ROOT / "README.md"
CONSOLE = re.compile(r"(?<=^```console\n)\$ tdparse (?P<arguments>.*)\n(?P<output>(?:.*\n)*?)(?=^```$)", re.MULTILINE)
PYTHON = re.compile(r"(?<=^```python\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"(?<=^```sh\n)(.*?)\n(?=^```$)", re.MULTILINE | re.DOTALL)


def printed(arguments: str) -> str:
    ran = tdparse(*shlex.split(arguments), cwd=ROOT)
    assert ran.status == 0, ran.err
    return ran.out


def written_again(text: str) -> str:
    return CONSOLE.sub(lambda found: f"$ tdparse {found['arguments']}\n{printed(found['arguments'])}", text)


def commands(path: Path = README) -> list[str]:
    return SHELL.findall(path.read_text())


if __name__ == "__main__":
    README.write_text(written_again(README.read_text()))
