"""What a log comes in: a path, a binary file or an iterable of bytes, turned into a named stream.

Everything is recognised by content, never by name, and each layer is taken off in turn: packed (unpack.py), a capture file
(savefile.py), UTF-16, JSON lines of our own (jsonl.py). What is left is text in octets: which encoding it has is the
reader's matter, so GBK and half characters pass through. What cannot be a log is a `SourceError` that says what to do.
Opening looks at the first octets and therefore waits for them; nothing after waits for more than there is.
"""

from __future__ import annotations

import codecs
import io
import os
import select
import stat
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, closing

from tcpdump_parse.model import Read
from tcpdump_parse.read import jsonl, savefile
from tcpdump_parse.read.chunks import Binary, Chunks, SourceError
from tcpdump_parse.read.unpack import PACKINGS, packing, unpacked

__all__ = ["Given", "Source", "SourceError", "open_source"]

Given = str | os.PathLike[str] | Binary | Iterable[bytes]
"""A path, an open binary file, or parts of the text in order."""


class Source:
    """A log, open: `chunks` of text that tcpdump printed, or the `events` that were read from it before.

    `file` is "-" for standard input and "" when unknown; `live` says that the octets come as they are written (a pipe,
    a terminal), so that what is there is to be told before more comes.
    """

    def __init__(self, file: str, live: bool, chunks: Chunks, stack: ExitStack) -> None:
        self.file = file
        self.live = live
        self.chunks: Iterator[bytes] = chunks
        self.events: Iterator[Read] | None = None
        self.descriptor: int | None = None
        self._stack = stack

    def silent(self, seconds: float) -> bool:
        """Nothing more comes within that time; true where the system cannot tell."""
        if self.descriptor is None:
            return True
        try:
            return not select.select([self.descriptor], [], [], seconds)[0]
        except (OSError, ValueError):
            return True

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends what was started and closes what was opened here; a file that was given stays open."""
        self._stack.close()


NESTED = 3
"""So many layers of packing are taken off; a log has one, a bomb has many."""
SAMPLE = 4096
FEW = 8
"""So many control characters may stand in any text."""
FIRST_LINE = 1 << 20
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
OTHERS = (
    (b"PK\x03\x04", "a zip archive", "unpack it and give the file in it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it and give the file in it"),
    (b"\x04\x22\x4d\x18", "packed with lz4", "run: lz4 -dc FILE | tdparse"),
    (b"\x1f\x9d", "packed with compress", "run: zcat FILE | tdparse"),
    (b"snoop\0\0\0", "a capture file of snoop", "run: tshark -r FILE -F pcap -w - | tdparse"),
    (b"%PDF-", "a PDF", "copy the text out of it"),
    (b"\x89PNG", "a picture", "tdparse reads text"),
    (b"\x7fELF", "a program", "tdparse reads the text that tcpdump prints"),
)
_MAGICS = (*(known.magic for known in PACKINGS), *savefile.MAGICS, *(bom for bom, _ in BOMS), *(magic for magic, _, _ in OTHERS))
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\r\f\b\x1b"))


def open_source(given: Given) -> Source:
    """The source, recognised by its first octets (and therefore after they came). An empty one is a log without lines."""
    with ExitStack() as stack:
        source = _octets(given, stack)
        source.descriptor = _descriptor(given) if source.live else None
        _recognise(source, stack)
        source._stack = stack.pop_all()
    return source


def _octets(given: Given, stack: ExitStack) -> Source:
    if isinstance(given, str | os.PathLike):
        path = os.fspath(given)
        file = stack.enter_context(_file(path))
        return Source(path, _is_live(file), Chunks.of_file(file), stack)
    if isinstance(given, io.TextIOBase):
        given = _buffer(given)
    if isinstance(given, Binary):
        name = getattr(given, "name", "")
        known = isinstance(name, str)
        return Source("-" if name == "<stdin>" else name if known else "", _is_live(given), Chunks.of_file(given), stack)
    if isinstance(given, bytes | bytearray | memoryview):
        raise TypeError("a source is a path, a binary file or an iterable of bytes; put the bytes into a list: [text]")
    return Source("", False, Chunks.of_parts(given), stack)  # where the parts end means nothing


def _descriptor(given: Given) -> int | None:
    try:
        return int(given.fileno())  # type: ignore[union-attr]
    except (AttributeError, OSError, ValueError):
        return None


def _is_live(file: Binary) -> bool:
    """Not a regular file, as far as the system knows."""
    try:
        return not stat.S_ISREG(os.fstat(file.fileno()).st_mode)  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return False


def _file(path: str) -> io.FileIO:
    try:
        return io.FileIO(path)
    except FileNotFoundError:
        raise SourceError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise SourceError(f"{path} is a directory; name the files in it") from None
    except PermissionError:
        raise SourceError(f"{path} may not be read by this user; a log that root wrote: sudo cat FILE | tdparse") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}") from error


def _buffer(text: io.TextIOBase) -> Binary:
    binary: Binary | None = getattr(text, "buffer", None)
    if binary is None:
        raise TypeError("this file gives characters; open it in binary mode, or give [text.encode()]")
    return binary


def _recognise(source: Source, stack: ExitStack) -> None:
    """Takes off what the text is wrapped in and puts what is left into the source."""
    name = source.file if source.file not in ("", "-") else "standard input" if source.file else "the source"
    chunks, head = _unwrapped(source, name, stack)
    if savefile.is_savefile(head):
        source.chunks = _closing(stack, savefile.printed(chunks, name, source.live))
        return
    encoding = _encoding(head)
    if encoding:
        chunks = Chunks.of_parts(_recoded(chunks, encoding))
        head = chunks.head(_telling)
    source.chunks = chunks
    if jsonl.is_jsonl(head):
        source.events = jsonl.events(chunks, name)
    else:
        _refuse_binary(head, name)


def _unwrapped(source: Source, name: str, stack: ExitStack) -> tuple[Chunks, bytes]:
    chunks = source.chunks
    assert isinstance(chunks, Chunks)
    try:
        head = chunks.head(_telling)
    except OSError as error:
        raise SourceError(f"{name} cannot be read: {error.strerror}") from error
    for _ in range(NESTED):
        how = packing(head)
        if how is None:
            break
        chunks = Chunks.of_parts(_closing(stack, unpacked(chunks, how, name)))
        head = chunks.head(_telling)
    return chunks, head


def _closing(stack: ExitStack, pieces: Generator[bytes]) -> Generator[bytes]:
    return stack.enter_context(closing(pieces))


def _telling(head: bytes) -> bool:
    """These first octets are enough to tell what the source is."""
    if any(magic.startswith(head) and magic != head for magic in _MAGICS):
        return False
    text = head.lstrip(b"\0 \t\r\n")
    if not text:
        return len(head) >= (FIRST_LINE if b"\0" in head else SAMPLE)
    return not text.startswith(b"{") or b"\n" in text or len(head) >= FIRST_LINE


def _encoding(head: bytes) -> str | None:
    """The encoding that a byte order mark names, or that NULs beside every letter give away (PowerShell's `>`)."""
    for bom, encoding in BOMS:
        if head.startswith(bom):
            return encoding
    for nul, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(head) >= 8 and not any(head[nul:SAMPLE:2]) and all(head[1 - nul : SAMPLE : 2]):
            return encoding
    return None


def _recoded(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """UTF-8, without the mark; what the encoding cannot say becomes U+FFFD."""
    if encoding == "utf-8":
        mark = len(codecs.BOM_UTF8)
        for chunk in chunks:
            yield chunk[mark:]
            mark = max(0, mark - len(chunk))
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", True).encode("utf-8", "replace")


def _refuse_binary(head: bytes, name: str) -> None:
    for magic, what, remedy in OTHERS:
        if head.startswith(magic):
            raise SourceError(f"{name} is {what}; {remedy}")
    sample = head.lstrip(b"\0")[:SAMPLE]  # a log that was truncated under its writer begins with a hole
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > max(FEW, len(sample) // 20) or (head and not sample):
        raise SourceError(f"{name} is a binary file; tdparse reads the text that tcpdump prints, or a pcap")
