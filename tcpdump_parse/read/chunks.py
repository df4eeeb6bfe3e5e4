"""Octets as they arrive. The law: give what is there, wait for nothing more, and lose nothing to a signal.

A live pipe must not wait for a buffer to fill, so a file is read with `read1` (one system call). A handler of Ctrl-C
may raise after any call; therefore the read and the keeping of its result are one call into C, and a chunk is let go
only when the next one is asked for. (A generator cannot promise this: an exception inside it ends it.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

SIZE = 1 << 16


class SourceError(ValueError):
    """A source that cannot be read as a log; the message says what it is and what to do next."""


@runtime_checkable
class Binary(Protocol):
    """The part of a binary file that is used; `read1` is preferred when the object has it."""

    def read(self, size: int, /) -> bytes | None: ...


class Chunks:
    """An iterator of chunks that can be looked at before they are taken, and asked again after an exception."""

    def __init__(self, read: Callable[..., bytes | None], *arguments: object) -> None:
        """`read(*arguments)` gives the next octets, empty or None at the end; a C function keeps the law whole."""
        self._read = read
        self._arguments: list[tuple[Any]] = [(argument,) for argument in arguments]
        self._held: deque[bytes | None] = deque()
        self._taken = False

    @classmethod
    def of_file(cls, file: Binary) -> Chunks:
        """Chunks of at most `SIZE` octets, each from one system call."""
        return cls(getattr(file, "read1", file.read), SIZE)

    @classmethod
    def of_parts(cls, parts: Iterable[bytes]) -> Chunks:
        """The parts that are not empty, as they come."""
        return cls(next, filter(None, parts), b"")

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._taken:
            self._taken = False
            self._held.popleft()
        if not self._held:
            self._pull()
        chunk = self._held[0]
        if not chunk:
            raise StopIteration
        self._taken = True
        return chunk

    def head(self, enough: Callable[[bytes], bool]) -> bytes:
        """The first octets, without taking them: as many as `enough` wants, fewer at the end of the source."""
        while True:
            seen = b"".join(filter(None, self._held))
            if (seen and enough(seen)) or (self._held and not self._held[-1]):
                return seen
            self._pull()

    def _pull(self) -> None:
        self._held.extend(map(self._read, *self._arguments))
