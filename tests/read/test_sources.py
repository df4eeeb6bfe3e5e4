"""A log comes in many wrappings; the reader gets its octets, as they arrive, or a sentence about what to do."""

import bz2
import codecs
import gzip
import io
import lzma
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from tcpdump_parse.model import Capture, Notice
from tcpdump_parse.read import savefile, unpack
from tcpdump_parse.read.sources import SourceError, open_source

TEXT = b"10:45:31.713843 IP 10.0.0.1.1 > 10.0.0.2.2: Flags [S], seq 1, win 2, length 0\n\xe6\x8a\x93 caf\xe9 \xd7\xa5\n" * 3
LATIN = TEXT.decode("latin-1")


def content(given: object) -> bytes:
    with open_source(given) as source:  # type: ignore[arg-type]
        return b"".join(source.chunks)


WRAPPINGS = {
    "plain": (TEXT, TEXT),
    "empty": (b"", b""),
    "gzip": (gzip.compress(TEXT), TEXT),
    "two gzips joined": (gzip.compress(TEXT[:50]) + gzip.compress(TEXT[50:]), TEXT),
    "a gzip padded with zeros": (gzip.compress(TEXT) + bytes(512), TEXT),
    "bzip2": (bz2.compress(TEXT), TEXT),
    "xz": (lzma.compress(TEXT), TEXT),
    "a gzip in an xz": (lzma.compress(gzip.compress(TEXT)), TEXT),
    "a gzip of nothing": (gzip.compress(b""), b""),
    "utf-8 with a mark": (codecs.BOM_UTF8 + TEXT, TEXT),
    "utf-16 of PowerShell": (codecs.BOM_UTF16_LE + LATIN.encode("utf-16-le"), LATIN.encode()),
    "utf-16 big end first": (codecs.BOM_UTF16_BE + LATIN.encode("utf-16-be"), LATIN.encode()),
    "utf-16 cut in half a letter": (codecs.BOM_UTF16_LE + "ab抓".encode("utf-16-le")[:-1], "ab\ufffd".encode()),
    "GBK": ("抓包\n".encode("gbk"), "抓包\n".encode("gbk")),
    "a hole before the text": (bytes(9000) + TEXT, bytes(9000) + TEXT),
    "a brace that is no JSON": (b"{ tcpdump }\n" + TEXT, b"{ tcpdump }\n" + TEXT),
    "one octet": (b"B", b"B"),
}


@pytest.mark.parametrize(("wrapped", "plain"), WRAPPINGS.values(), ids=WRAPPINGS.keys())
def test_each_wrapping_is_taken_off_by_content(wrapped: bytes, plain: bytes, tmp_path: Path) -> None:
    path = tmp_path / "-r log"
    path.write_bytes(wrapped)
    assert content(path) == content(str(path)) == content(io.BytesIO(wrapped)) == content([wrapped]) == plain
    assert content(wrapped[i : i + 1] for i in range(len(wrapped))) == plain


def test_utf_16_without_a_mark_is_seen_by_its_zeros() -> None:
    assert content(["10:45 IP\n".encode("utf-16-le")]) == content(["10:45 IP\n".encode("utf-16-be")]) == b"10:45 IP\n"


REFUSED = {
    "an archive": (b"PK\x03\x04....", "is a zip archive"),
    "a program": (b"\x7fELF....", "is a program"),
    "octets of chance": (bytes(range(256)) * 9, "is a binary file"),
    "a hole alone": (bytes(5000), "is a binary file"),
    "a damaged gzip": (gzip.compress(TEXT)[:20] + bytes(40), "gzip data are damaged"),
    "JSON of no known type": (b'{"type":"packets"}\n', r":1:1: not a value of `tdparse parse`: Invalid value 'packets'"),
    "JSON with a broken field": (b'{"type":"capture","line":"7"}\n', r"Expected `int`, got `str` \(at \$\.line\)"),
    "JSON that is cut": (b'{"type":"notice","capture":1', "1:29: the line ends inside a JSON value; was the file cut"),
    "JSON with a slip": (b'{"type":"notice",,}', r":1:18: not a value"),
}


@pytest.mark.parametrize(("octets", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_a_log_is_refused_in_a_sentence(octets: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(octets)
    with pytest.raises(SourceError, match=sentence), open_source(tmp_path / "file") as source:
        list(source.events or source.chunks)


NO_PATHS = [(".", "is a directory"), ("no such", "there is no such file"), ("a\0b", "cannot"), ("log/x", "Not a directory")]


@pytest.mark.parametrize(("path", "sentence"), NO_PATHS)
def test_a_path_that_cannot_be_opened_is_named(path: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(TEXT)
    with pytest.raises(SourceError, match=sentence):
        open_source(f"{tmp_path}/{path}")


@pytest.mark.parametrize("given", [TEXT, bytearray(TEXT), io.StringIO("text")])
def test_what_is_no_source_is_the_callers_mistake(given: object) -> None:
    with pytest.raises(TypeError, match=r"binary|iterable"):
        open_source(given)  # type: ignore[arg-type]


def test_what_a_cut_archive_holds_is_given_before_the_error() -> None:
    packed = gzip.compress(os.urandom(4000).hex().encode())
    got: list[bytes] = []
    with open_source([packed[:-200]]) as source, pytest.raises(SourceError, match="octets were read before"):
        got.extend(source.chunks)
    assert len(b"".join(got)) > 6000


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress, gzip.compress])
def test_a_bomb_is_refused_in_bounded_memory(compress: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "FREE", 1 << 20)
    bomb = compress(b"\n" * (8 << 20))  # type: ignore[operator]
    got: list[int] = []
    with open_source([bomb]) as source, pytest.raises(SourceError, match=r"unpacks to 500 times its size.*-dc FILE"):
        got.extend(map(len, source.chunks))
    assert max(got) <= unpack.STEP
    assert sum(got) < 8 << 20


ZSTD = bytes.fromhex("28b52ffd0458410000676f20686f6d650aa7217f89")  # made by: printf 'go home\n' | zstd


def test_zstd_is_read_where_it_can_be() -> None:
    pytest.importorskip("zstandard")
    assert content([ZSTD]) == content([ZSTD[:7], ZSTD[7:]]) == b"go home\n"


def test_without_zstandard_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(SourceError, match=r"zstd -dc FILE \| tdparse"):
        content([ZSTD])


def test_values_written_before_are_values_again(tmp_path: Path) -> None:
    values = [Capture(schema="1.0", capture=1, file="a", line=1), Notice(1, 2, 2, "blank")]
    lines = b"\n".join(map(msgspec.json.encode, values)) + b'\n\n{"type":"finding","rule":"x"}\n'
    for given in ([lines], [lines[:7], lines[7:40], lines[40:]], [gzip.compress(lines)]):
        with open_source(given) as source:
            assert source.events is not None
            assert list(source.events) == values


def test_names_and_liveness() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"x\n")
    with os.fdopen(reading, "rb") as pipe, open_source(pipe) as source:
        assert (source.file, source.live) == ("", True)
        os.close(writing)
    with open_source(__file__) as source:
        assert (source.file, source.live) == (__file__, False)
    with open_source([b"x"]) as source:
        assert (source.file, source.live) == ("", False)


def test_a_pipe_gives_what_is_there_without_waiting_for_more() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        os.write(writing, b"10:4")
        with open_source(pipe) as source:
            assert next(source.chunks) == b"10:4"
            os.write(writing, b"5")
            assert next(source.chunks) == b"5"
            os.close(writing)
            assert list(source.chunks) == []


class Stop(Exception):
    pass


def test_an_exception_from_a_signal_handler_loses_no_octet() -> None:
    """Many alarms raise wherever they fall; whoever goes on reading still has every octet once."""
    reading, writing = os.pipe()
    sent = b"".join(b"%d\n" % number for number in range(300_000))

    def send() -> None:
        with os.fdopen(writing, "wb", buffering=0) as file:
            for at in range(0, len(sent), 97):
                file.write(sent[at : at + 97])

    def ring(*_: object) -> None:
        raise Stop

    got: list[bytes] = []
    stops = 0
    before = signal.signal(signal.SIGALRM, ring)
    threading.Thread(target=send, daemon=True).start()
    with os.fdopen(reading, "rb") as pipe, open_source(pipe) as source:
        ended = False
        while not ended:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.00005)
                got.extend(source.chunks)
                signal.setitimer(signal.ITIMER_REAL, 0)
                ended = True
            except Stop:
                stops += 1
    signal.signal(signal.SIGALRM, before)
    assert stops
    assert b"".join(got) == sent


# One segment from 10.0.0.1 port 1 to 10.0.0.2 port 2, raw IP, at 12:00:00 UTC.
SAVED = bytes.fromhex(
    "d4c3b2a1020004000000000000000000000004006500000040c4386501000000280000002800000045000028000100004006"
    "66cc0a0000010a000002000100020000000a00000000500200648faa0000"
)


@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_a_capture_file_is_printed_by_tcpdump(wrap: object, tmp_path: Path) -> None:
    path = tmp_path / "-w x"
    path.write_bytes(wrap(SAVED))  # type: ignore[operator]
    printed = subprocess.run(("tcpdump", "-Snnvvvr", "-"), input=SAVED, capture_output=True, env=os.environ | {"TZ": "UTC"}, check=True)
    assert content(path) == content(io.BytesIO(wrap(SAVED))) == printed.stdout  # type: ignore[operator]
    assert b"10.0.0.1.1 > 10.0.0.2.2: Flags [S]" in printed.stdout


def test_a_cut_capture_file_gives_its_packets_and_tcpdumps_complaint() -> None:
    lines = content([SAVED + SAVED[24:50]]).splitlines()
    assert b"Flags [S]" in lines[1]
    assert b"truncated dump file" in lines[-1]


def test_a_capture_file_that_tcpdump_refuses_is_an_error() -> None:
    with pytest.raises(SourceError, match=r"tcpdump cannot print it: .*truncated"):
        content([SAVED[:10]])


def test_without_tcpdump_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(savefile, "BESIDE_PATH", ())
    with pytest.raises(SourceError, match="tcpdump -S -nn -vvv -r FILE"):
        content([SAVED])
