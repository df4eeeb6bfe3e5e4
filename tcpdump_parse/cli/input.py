"""What a command reads: its FILE arguments or standard input, as one stream of values.

Law: each file fails for itself. A file that cannot be read costs a message and the exit status, never the other files; several files
are several captures, numbered through, unless `--join` makes them one log.
"""

from __future__ import annotations

import gc
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Final, TextIO

from tcpdump_parse.cli.errors import Failure, reason, tell
from tcpdump_parse.cli.interrupt import INTERRUPT
from tcpdump_parse.cli.tap import Joined, Progress, Tap

if TYPE_CHECKING:
    from tcpdump_parse.model import Finding, Read, Unread

HINT: Final = "tdparse reads the terminal: paste what tcpdump printed, then press Ctrl-D."


@dataclass
class Log:
    """FILE…, `--join`, `--tz`, `--strict`; when `events` is used up, what came of them: `logs`, as a person names them, each with what it
    gave or why it could not be read (`unread_files`)."""

    files: tuple[str, ...]
    join: bool = False
    zone: tzinfo | None = None
    strict: bool = False
    packets: int = 0
    unread: int = 0
    failed: bool = False
    faults: list[str] = field(default_factory=list)
    unread_files: dict[str, str] = field(default_factory=dict)
    logs: dict[str, None] = field(default_factory=dict)
    octets: int = 0
    captures: int = 0
    current: str = ""
    starts: list[tuple[int, str]] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    first_unread: str = ""

    def events(self, out: TextIO | None = None) -> Iterator[Read]:
        """Every value of every file, in order. `out` is flushed before anything that may wait for input."""
        from tcpdump_parse.read import read

        return self._events(out, read)

    def in_portions(self, out: TextIO) -> Iterator[Any]:
        """The same, with the pauses of `read.portions` between them."""
        from tcpdump_parse.read.portions import in_portions

        return self._events(out, in_portions)

    def _events(self, out: TextIO | None, read: Callable[[Tap | Joined, tzinfo | None], Iterator[Any]]) -> Iterator[Any]:
        from msgspec.structs import replace

        from tcpdump_parse.model import Packet, Unread
        from tcpdump_parse.read.portions import PAUSE

        gc.freeze()  # all that start-up made stays; no look for cycles needs to pass over it again
        saved = not any(map(is_live, self.files))
        with progress(self.files) as shown:
            for file, source in self._sources(out, shown):
                before, current = self.captures, -1
                with self._failing(file), source as octets:
                    for value in read(octets, self.zone):
                        if INTERRUPT.asked and saved:  # a file is left where it stands; the record that stands there is not cut, it is left
                            return
                        if type(value) is Packet and value.capture == current and not before:  # nearly always
                            self.packets += 1
                            yield value
                            continue
                        if value is PAUSE:
                            yield value
                            continue
                        if before:
                            value = replace(value, capture=value.capture + before)
                        if value.capture != current:
                            current = self.captures = value.capture
                            self.logs[self._name(current, value, file)] = None
                        kind = type(value)
                        if kind is Packet:
                            self.packets += 1
                        elif kind is Unread:
                            self._not_read(value)
                        yield value
                if before == self.captures:
                    self.logs[shown_name(file)] = None
        if not self.packets and not INTERRUPT.asked:
            self._nothing()

    def _name(self, capture: int, value: Read, file: str) -> str:
        from tcpdump_parse.model import Capture
        from tcpdump_parse.visible import encodable

        original = value.file if isinstance(value, Capture) else ""  # the log that JSON lines were made of: it is where their lines are
        name = self.names[capture] = shown_name(file if original in ("", encodable(file)) else original)
        return name

    def fault(self, error: Exception) -> None:
        """Something of others failed beside the log: said at once, and in the exit status; the rest goes on."""
        self.failed = True
        self.faults.append(str(error))
        tell(f"tdparse: {error}")

    def conclude(self) -> None:
        """Say on standard error what could not be read; Failure when a file failed or nothing at all was a record."""
        if self.first_unread:
            more = f"\n{self.unread} records could not be read; --strict stops at the first." if self.unread > 1 else ""
            tell(self.first_unread + more)
        self.judge()

    def judge(self) -> None:
        """`conclude` for a command that has told the unread text itself."""
        if self.failed:
            raise Failure("")
        if not self.packets and not INTERRUPT.asked:
            where = shown_name(self.files[0]) if len(self.files) == 1 else "the files"
            raise Failure(f"{where}: {self._emptiness()}")

    def _nothing(self) -> None:
        """A report says of each log that there was nothing to look at, which is not that nothing was found."""
        for log in self.logs:
            if log not in self.unread_files:
                self.unread_files[log] = f"{log}: {self._emptiness()}"
                self.faults.append(self.unread_files[log])

    def _emptiness(self) -> str:
        if self.unread:
            return "no record could be read"
        return "no record of tcpdump was found" if self.octets else "nothing in it: tcpdump wrote no line"

    def located(self, finding: Finding) -> tuple[str, Finding]:
        """The file a finding is in, and the finding with its lines counted in that file."""
        if not self.join:
            return self.names.get(finding.capture) or self.file_of(finding.capture), finding
        from msgspec import UNSET
        from msgspec.structs import replace

        if finding.line is UNSET or finding.end_line is UNSET:
            return self.file_of(finding.capture), finding
        file, line = self.place(finding.line)
        return file, replace(finding, line=line, end_line=finding.end_line - finding.line + line)

    def file_of(self, capture: int) -> str:
        """The file that capture is in, as a person names it."""
        return self.names.get(capture, shown_name(self.files[0]))

    def place(self, line: int) -> tuple[str, int]:
        """File and line of a line of the input, as a person would look it up."""
        for start, file in reversed(self.starts):
            if start < line:
                return file, line - start
        return self.current, line

    def _sources(self, out: TextIO | None, shown: Progress | None) -> Iterator[tuple[str, AbstractContextManager[Tap | Joined]]]:
        """What is read, one after the other, and whose name it has."""
        if self.join:
            yield self.files[0], nullcontext(Joined(self._parts(out, shown), self.files[0]))
        else:
            yield from ((file, self._opened(file, out, shown)) for file in self.files)

    def _parts(self, out: TextIO | None, shown: Progress | None) -> Iterator[bytes]:
        """The text of all files, one after the other; notes at which line each begins."""
        from tcpdump_parse.read.sources import open_source

        lines = 0
        for file in self.files:
            self.starts.append((lines, shown_name(file)))
            self.logs[shown_name(file)] = None
            with self._failing(file), self._opened(file, out, shown) as tap, open_source(tap) as source:
                if source.events is not None:
                    raise Failure(f"{file}: --join joins logs, not the JSON lines of tdparse parse")
                for chunk in source.chunks:
                    lines += chunk.count(b"\n")
                    yield chunk

    @contextmanager
    def _opened(self, file: str, out: TextIO | None, shown: Progress | None) -> Iterator[Tap]:
        with opened(file, out, shown) as tap:
            try:
                yield tap
            finally:
                self.octets += tap.octets

    @contextmanager
    def _failing(self, file: str) -> Iterator[None]:
        from tcpdump_parse.read import SourceError

        self.current = shown_name(file)
        try:
            yield
        except SourceError as error:
            if INTERRUPT.asked and not is_live(file):
                return  # it is not the file that breaks off
            self.unread_files[self.current] = str(error)
            self.fault(error)

    def _not_read(self, value: Unread) -> None:
        from tcpdump_parse.cli.caret import pictured

        if self.strict or not self.unread:
            self.first_unread = pictured(*self.place(value.line), value)
        if self.strict:
            raise Failure(self.first_unread)
        self.unread += 1


def is_live(file: str) -> bool:
    """Whether it comes as it happens: a pipe, a terminal, a socket; no file at all is not live."""
    try:
        mode = os.fstat(0).st_mode if file == "-" else os.stat(file).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode)


def shown_name(file: str) -> str:
    return "standard input" if file == "-" else file


@contextmanager
def opened(file: str, out: TextIO | None, shown: Progress | None) -> Iterator[Tap]:
    """The file's octets. Raises SourceError, whose message says what is wrong."""
    from tcpdump_parse.read import SourceError

    try:
        descriptor = os.dup(0) if file == "-" else os.open(file, os.O_RDONLY)
    except OSError as error:
        raise SourceError(f"{shown_name(file)}: {'it is closed' if file == '-' else reason(error)}") from None
    try:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise SourceError(f"{file}: this is a directory; name the logs in it")
        if os.isatty(descriptor):
            tell(HINT)
        yield Tap(descriptor, "<stdin>" if file == "-" else file, out, shown)
    finally:
        os.close(descriptor)


@contextmanager
def progress(files: tuple[str, ...]) -> Iterator[Progress | None]:
    """Shown when somebody waits for files at a terminal to which no results go."""
    watched = sys.stderr is not None and sys.stderr.isatty() and not (sys.stdout is not None and sys.stdout.isatty())
    sizes = [os.stat(file).st_size if os.path.isfile(file) else 0 for file in files]
    if not watched or not all(sizes):
        yield None
        return
    shown = Progress(sum(sizes))
    try:
        yield shown
    finally:
        shown.close()
