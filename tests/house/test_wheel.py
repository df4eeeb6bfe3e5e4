"""The wheel holds all that it needs: tried in an environment of its own, away from the source tree."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.cli.program import PLAIN, ROOT
from tests.house.readme import PYTHON, README

ENV = {name: value for name, value in PLAIN.items() if name != "PYTHONPATH"}


def run(*command: object, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=ENV, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path) -> Path:
    """An environment in which the wheel is installed, and nothing but what it asks for."""
    home = wheel.parent / "environment"
    venv.create(home, with_pip=True)
    found = home / "bin" / "python"
    run(found, "-m", "pip", "install", "-q", wheel, cwd=wheel.parent)
    return found


def test_grammar_tables_texts_and_types_are_in_it(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    grammar = {f"tcpdump_parse/grammar/{path.name}" for path in (ROOT / "grammar").glob("*.lark")}
    texts = {str(path.relative_to(ROOT)) for path in (ROOT / "tcpdump_parse").rglob("*.toml")}
    assert grammar | texts | {"tcpdump_parse/py.typed", "tcpdump_parse/read/tables.bin"} <= names
    assert not [name for name in names if name.startswith(("tests/", "samples/")) or "__pycache__" in name]


def test_it_tells_the_same_story_as_the_source_tree(python: Path, tmp_path: Path) -> None:
    log = tmp_path / "seed.md"
    log.write_bytes((ROOT / "samples" / "seed.md").read_bytes())
    told = run(python.parent / "tdparse", "seed.md", cwd=tmp_path)
    here = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tcpdump_parse.cli import main; main(['seed.md'])"
    assert told == run(sys.executable, "-c", here, cwd=tmp_path)
    assert "FIN-WAIT-2" in told


def test_the_tables_in_it_are_those_of_its_grammar(python: Path, tmp_path: Path) -> None:
    """Made anew at every start they would cost a second, and nobody would notice."""
    code = "from tcpdump_parse.read import grammar as g; print(g.TABLES.read_bytes()[:32] == g.digest(g.source()))"
    assert run(python, "-c", code, cwd=tmp_path) == "True\n"


def test_it_runs_as_a_module_and_knows_its_version(python: Path, tmp_path: Path) -> None:
    assert run(python, "-m", "tcpdump_parse", "--version", cwd=tmp_path).startswith("tdparse ")


def test_readmes_example_is_strictly_typed_against_it(python: Path, tmp_path: Path) -> None:
    (code,) = PYTHON.findall(README.read_text())
    (tmp_path / "example.py").write_text(code)
    strictly = ("--strict", "--python-executable", python, "--cache-dir", os.devnull)
    said = run(sys.executable, "-m", "mypy", *strictly, "example.py", cwd=tmp_path)
    assert said.startswith("Success")
