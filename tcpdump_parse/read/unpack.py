"""Compressed octets to plain ones, by content, in bounded memory and against bombs.

Each packing is one row of `PACKINGS`: its first octets and how it opens. Several members in a row (rotated logs joined
by `cat`) are read on; a member that ends early gives what it holds and is then an error. What unpacks to far more than
any log does is refused: whoever means it unpacks it himself, and a pipe has no limit.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from importlib import import_module
from typing import NamedTuple, Protocol

from tcpdump_parse.read.chunks import SourceError

STEP = 1 << 18
FREE = 256 << 20
RATIO = 500


class Opener(Protocol):
    """bz2's and lzma's incremental interface."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Gzip:
    """zlib's object with the interface of the other two."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


def _bzip2() -> Opener:
    from bz2 import BZ2Decompressor

    return BZ2Decompressor()


def _xz() -> Opener:
    from lzma import LZMADecompressor

    return LZMADecompressor()


class Packing(NamedTuple):
    """`magic`: the first octets; `by_hand`: the command that unpacks it to a pipe."""

    name: str
    magic: bytes
    by_hand: str
    opener: Callable[[], Opener] | None


PACKINGS = (
    Packing("gzip", b"\x1f\x8b\x08", "gzip -dc", _Gzip),
    Packing("bzip2", b"BZh", "bzip2 -dc", _bzip2),
    Packing("xz", b"\xfd7zXZ\x00", "xz -dc", _xz),
    Packing("zstd", b"\x28\xb5\x2f\xfd", "zstd -dc", None),
)


def packing(head: bytes) -> Packing | None:
    """What the first octets say, if they are of something packed."""
    return next((known for known in PACKINGS if head.startswith(known.magic)), None)


def unpacked(packed: Iterable[bytes], how: Packing, name: str) -> Generator[bytes]:
    """The plain octets, in pieces of at most `STEP`."""
    from lzma import LZMAError

    taken = _Count(packed)
    given = 0
    try:
        for piece in _zstd(taken, how, name) if how.opener is None else _members(taken, how.opener):
            given += len(piece)
            if given > FREE and given > RATIO * taken.octets:
                raise SourceError(f"{name} unpacks to {RATIO} times its size, as no log does; if it is one: {how.by_hand} FILE | tdparse")
            yield piece
    except (OSError, EOFError, zlib.error, LZMAError) as error:
        raise SourceError(f"{name}: its {how.name} data are damaged ({error}); {given} octets were read before") from error


class _Count:
    """Passes chunks on and counts their octets."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.octets = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self.octets += len(chunk)
        return chunk

    def read(self, size: int = -1, /) -> bytes:
        """The next octets as zstandard asks for them; it takes more than it asked for."""
        return next(self, b"")


def _members(packed: Iterator[bytes], opener: Callable[[], Opener]) -> Iterator[bytes]:
    member, begun = opener(), False
    for chunk in packed:
        data = chunk if begun else chunk.lstrip(b"\0")  # gzip pads tapes with zeros
        while data or begun:
            begun = True
            piece = member.decompress(data, STEP)
            data = b""
            if piece:
                yield piece
            if member.eof:
                data = member.unused_data.lstrip(b"\0")
                member, begun = opener(), False
            elif member.needs_input and not piece:
                break
    if begun:
        raise EOFError("they end too early")


def _zstd(packed: _Count, how: Packing, name: str) -> Iterator[bytes]:
    try:
        zstandard = import_module("zstandard")
    except ImportError:
        raise SourceError(f"{name} is packed with zstd; run: {how.by_hand} FILE | tdparse (or: pip install zstandard)") from None
    try:
        reader = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
        while piece := reader.read1(STEP):
            yield piece
    except zstandard.ZstdError as error:
        raise EOFError(str(error)) from error
