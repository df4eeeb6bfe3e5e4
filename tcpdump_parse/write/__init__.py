"""One format, one file, one function: it takes values, writes them to a handle, and keeps nothing.

Law: only the writer knows its format, and what it cannot carry stands in its docstring. The file has the format's name, so a format is
found by importing that file and nothing has to list them; heavy imports are inside the function. A writer flushes nothing: whoever
opened the handle knows whether somebody waits at its other end.
"""

from __future__ import annotations

import io
import pkgutil
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import IO, Any, NamedTuple

__all__ = ["Writer", "find", "formats", "write", "writer"]

Writes = Callable[[Iterable[Any], Any], None]


class Writer(NamedTuple):
    """A format: `write(values, out)`, `out` being text or, when `binary`, octets."""

    name: str
    suffix: str
    write: Writes
    binary: bool


_KNOWN: dict[str, Writer] = {}


def writer(name: str, *, suffix: str) -> Callable[[Writes], Writes]:
    """Register a function as the format `name`, whose files end in `suffix`. The annotation of `out` says text or octets."""

    def register(function: Writes) -> Writes:
        _KNOWN[name] = Writer(name, suffix, function, binary="BinaryIO" in str(function.__annotations__["out"]))
        return function

    return register


def formats() -> tuple[str, ...]:
    """The names of all formats, without importing them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not (module.ispkg or module.name.startswith("_"))))


def find(name: str) -> Writer:
    """The format of that name; ValueError when there is none."""
    if name not in _KNOWN and name in formats():
        import_module(f"{__name__}.{name}")
    try:
        return _KNOWN[name]
    except KeyError:
        raise ValueError(f"there is no format {name!r}; there are: {', '.join(formats())}") from None


def write(values: Iterable[Any], out: IO[Any], to: str = "jsonl") -> None:
    """Write events, flows or findings to an open file, in the format named `to`.

    A text format may be given a text file, or a binary one, which then gets UTF-8. A binary format (pcap) needs a binary file:
    TypeError otherwise. `out` is neither flushed nor closed.
    """
    target = find(to)
    text = isinstance(out, io.TextIOBase)
    if target.binary and text:
        raise TypeError(f"{to} is a binary format: open the file with mode 'wb'")
    if target.binary or text:
        target.write(values, out)
        return
    wrapped = io.TextIOWrapper(out, encoding="utf-8", newline="\n", write_through=True)
    try:
        target.write(values, wrapped)
    finally:
        wrapped.detach()
