"""The house keeps its shape: imports run downhill, no file outgrows one screenful of ideas, nothing names a machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tcpdump_parse"
RIVER = ["seq", "visible", "model", "read", "track", "check", "tell", "write", "replay", "cli", "__main__"]
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """The rooms a file imports from, anywhere in it: a late import is an import."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import hides the room it comes from"
            names = [node.module or ""] if node.module != "tcpdump_parse" else [f"tcpdump_parse.{alias.name}" for alias in node.names]
        yield from (name.split(".")[1] for name in names if name.startswith("tcpdump_parse."))


def test_imports_run_downhill() -> None:
    """read never knows track, nothing but cli knows cli; so each room can be understood with those upstream of it alone."""
    uphill = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in MODULES
        if room(path) != "__init__"
        for name in imported(path)
        if RIVER.index(name) > RIVER.index(room(path))
    ]
    assert not uphill


def test_every_room_is_on_the_river() -> None:
    assert {room(path) for path in MODULES} <= {*RIVER, "__init__"}


def test_no_file_is_past_400_lines() -> None:
    """By then a family has become a folder."""
    files = [*MODULES, *(ROOT / "grammar").glob("*.lark"), *(ROOT / "tests").rglob("*.py")]
    assert not [f"{path.relative_to(ROOT)}: {lines}" for path in files if (lines := len(path.read_text().splitlines())) > 400]


def test_nothing_names_a_machine_or_a_registry() -> None:
    """What is checked in works everywhere: no folder of one machine, no host of a package registry."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    kinds = (".py", ".toml", ".md", ".lark", "run")
    texts = [ROOT / name for name in tracked if name.endswith(kinds) and not name.startswith("tests/corpus/") and (ROOT / name).exists()]
    machine = re.compile(r"/(?:work|home/\w+|root)/(?!\.{3})|pypi\.|pythonhosted|/opt/")
    hits = {path.relative_to(ROOT): machine.search(path.read_text()) for path in texts if path != Path(__file__)}
    assert not {path: hit[0] for path, hit in hits.items() if hit}


def test_starting_up_imports_nothing_heavy() -> None:
    """`import tcpdump_parse` and `tdparse --version` cost milliseconds; lark comes at the first unknown shape."""
    code = "import sys, tcpdump_parse, tcpdump_parse.cli.app; print(sorted({'lark', 'asyncio', 'rich', 'zstandard'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_plain_log_is_explained_without_what_it_does_not_need() -> None:
    """No capture file, no plugin, no zone, nothing unread: what is imported for those comes when they do."""
    unneeded = {"importlib.metadata", "email", "zipfile", "subprocess", "zoneinfo", "difflib", "tcpdump_parse.read.diagnose"}
    code = f"import sys; from tcpdump_parse import explain; list(explain(sys.argv[1])); print(sorted({unneeded!r} & sys.modules.keys()))"
    sample = ROOT / "samples" / "close" / "four-way.txt"
    assert subprocess.run([sys.executable, "-c", code, sample], capture_output=True, text=True, check=True).stdout == "[]\n"
