"""Where results go: standard output or `-o FILE`, as text or as octets, coloured or not.

Law: only this file knows whether somebody looks at a terminal. Writers get a handle and are told colour and width as values.
"""

from __future__ import annotations

import enum
import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TextIO, cast

from tcpdump_parse.cli.errors import Failure, reason
from tcpdump_parse.write import Writer, find, formats


class Colour(enum.StrEnum):
    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


FOR_PEOPLE: Final = ("text", "table", "markdown")
"""The formats that take a terminal's own encoding; all others are UTF-8."""
_STORIES: Final = {"markdown": ".md", "json": ".json", "sarif": ".sarif", "junit": ".xml"}
"""How the files of those formats end that tell a story or findings, and so are no `writer`."""


@dataclass(frozen=True, slots=True)
class Target:
    """What `--format`, `-o`, `--color` and `--lang` say together. `formats` are the command's own, the default first."""

    formats: tuple[str, ...]
    form: str | None
    path: Path | None
    colour: Colour
    lang: str | None

    @property
    def format(self) -> str:
        """The format asked for, else the one whose files end as the file's name does, else the command's default."""
        if self.form is None and self.path is not None:
            named = self.path.name.removesuffix(".json") if self.path.name.endswith(".sarif.json") else self.path.name  # SARIF 2.1.0 §3.2
            return next((name for name in self.formats if suffix(name) == Path(named).suffix), self.formats[0])
        return self.form or self.formats[0]

    @property
    def writer(self) -> Writer:
        return find(self.format)

    def text(self, *inputs: str) -> AbstractContextManager[TextIO]:
        """The handle for a text format. `inputs` are the files being read, which are never written over."""
        self._spare(inputs)
        return text_out(self.path, data=self.format not in FOR_PEOPLE)

    def coloured(self, out: TextIO) -> bool:
        """A file gets colours only when they are asked for by name: FORCE_COLOR is about what is looked at."""
        return self.colour is Colour.ALWAYS if self.path is not None else coloured(self.colour, out)

    def octets(self, *inputs: str) -> AbstractContextManager[BinaryIO]:
        """The handle for a binary format."""
        self._spare(inputs)
        return octets_out(self.path)

    def _spare(self, inputs: tuple[str, ...]) -> None:
        if self.path is not None and self.path.exists():
            for file in inputs:
                if os.path.isfile(file) and self.path.samefile(file):
                    raise Failure(f"{self.path}: this is the log itself; -o would write over it")


def suffix(name: str) -> str:
    """The end of the names of a format's files; empty for what is meant for a terminal."""
    return find(name).suffix if name in formats() else _STORIES.get(name, "")


def coloured(choice: Colour, out: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether `out` gets colours: `--color`, else NO_COLOR, FORCE_COLOR (any value but "" and "0"), else a terminal that is not dumb."""
    if choice is not Colour.AUTO:
        return choice is Colour.ALWAYS
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return out.isatty() and environ.get("TERM") != "dumb"


def width(out: TextIO) -> int | None:
    """Columns of the terminal that `out` is; None for a pipe or a file, where nothing is wrapped."""
    if not out.isatty():
        return None
    try:
        columns = int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size(out.fileno()).columns
    except (ValueError, OSError):
        columns = 0
    return columns or 80


def language(choice: str | None, environ: Mapping[str, str] = os.environ) -> str:
    """`--lang`, else what LC_ALL, LC_MESSAGES or LANG asks for (the first that is set), else English."""
    if choice:
        return choice
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


@contextmanager
def text_out(path: Path | None, *, data: bool = False) -> Iterator[TextIO]:
    """A text handle. Data is always UTF-8; what people read is in the terminal's own encoding, what it lacks as an escape."""
    if path is None:
        out = _standard_output()
        out.reconfigure(encoding="utf-8" if data else None, errors="backslashreplace", newline="\n")
        try:
            yield out
        finally:
            out.flush()
    else:
        with open_(path) as raw, io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", newline="\n") as out:
            yield out


@contextmanager
def octets_out(path: Path | None) -> Iterator[BinaryIO]:
    """A handle for octets; a terminal is refused, since it would obey them."""
    if path is not None:
        with open_(path) as raw:
            yield raw
        return
    out = _standard_output()
    if out.isatty():
        raise Failure("This format is binary: send it to a file with -o FILE, or into a pipe.")
    yield cast(BinaryIO, out.buffer)
    out.buffer.flush()


@contextmanager
def open_(path: Path) -> Iterator[BinaryIO]:
    try:
        raw = path.open("wb")
    except OSError as error:
        raise Failure(f"{path}: cannot be written: {_not_written(error)}.") from error
    with raw:
        yield raw


_NOT_WRITTEN: Final = {
    FileNotFoundError: "its folder does not exist",
    IsADirectoryError: "it is a directory",
    PermissionError: "permission denied",
}


def _not_written(error: OSError) -> str:
    return _NOT_WRITTEN.get(type(error)) or reason(error)


def _standard_output() -> io.TextIOWrapper:
    if sys.stdout is None:
        raise Failure("Standard output is closed: use -o FILE.")
    return cast(io.TextIOWrapper, sys.stdout)
