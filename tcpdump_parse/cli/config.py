"""Settings of `check` from `tdparse.toml`, or from `[tool.tdparse]` of `pyproject.toml`, in the current folder or the nearest above it.

As with ruff: the nearest file wins and files are not merged; `tdparse.toml` wins over `pyproject.toml` in one folder; a `pyproject.toml`
without the section is passed over. It is looked for from where the command runs, never from where a log lies: a log is other people's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tcpdump_parse.cli.errors import Failure, reason

LISTS: Final = ("select", "ignore")
LEVELS: Final = ("error", "warn", "note", "never")


@dataclass(frozen=True, slots=True)
class Config:
    """`select`, `ignore`: names, families, globs. `fail_on`: the severity that makes the exit status 1; None where nothing is set.
    `path`: the file that says so."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str | None = None
    path: Path | None = None


def config(path: Path | None = None, start: Path | None = None) -> Config:
    """The settings of `path`, else of the nearest file from `start` (default: the current folder) upwards. Failure when they are wrong."""
    if path is not None:
        return _settings(path, _section(path, _parsed(path)) or {})
    for candidate in _candidates(start or _here()):
        if _is_file(candidate) and (section := _section(candidate, _parsed(candidate))) is not None:
            return _settings(candidate, section)
    return Config()


def _here() -> Path:
    """The current folder; one that was removed meanwhile has no settings, nor has any above it."""
    try:
        return Path.cwd()
    except OSError:
        return Path()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder above that may not be entered
        return False


def _candidates(start: Path) -> Iterator[Path]:
    for folder in (start, *start.parents):
        yield folder / "tdparse.toml"
        yield folder / "pyproject.toml"


def _parsed(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except IsADirectoryError:
        raise Failure(f"{path}: this is a directory; --config takes a file of settings") from None
    except OSError as error:
        raise Failure(f"{path}: {reason(error)}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Failure(f"{path}: this is not TOML: {error}") from None


def _section(path: Path, parsed: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if path.name != "pyproject.toml":
        return parsed
    tools = parsed.get("tool")
    section = tools.get("tdparse") if isinstance(tools, dict) else None
    if section is not None and not isinstance(section, dict):
        raise Failure(f"{path}: tool.tdparse is a table: [tool.tdparse]")
    return section


def _settings(path: Path, section: Mapping[str, Any]) -> Config:
    for key, value in section.items():
        if key in LISTS:
            if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
                raise Failure(f"{path}: {key} takes a list of rule names, families or globs")
        elif key != "fail-on":
            raise Failure(f"{path}: there is no setting {key!r}; there are: select, ignore, fail-on{_hint(path, key)}")
        elif value not in LEVELS:
            raise Failure(f"{path}: fail-on takes one of {', '.join(LEVELS)}")
    return Config(tuple(section.get("select", ())), tuple(section.get("ignore", ())), section.get("fail-on"), path)


def _hint(path: Path, key: str) -> str:
    """Written as in the other of the two files."""
    return f"; in {path.name} they stand without [tool.tdparse]" if key == "tool" else ""
