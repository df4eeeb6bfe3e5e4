"""tcpdump and tshark as the tests use them: the judges of what was rebuilt."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from struct import unpack

import pytest

from tcpdump_parse.model import Packet, Read
from tcpdump_parse.read import read
from tcpdump_parse.write.octets import Rebuilding, Tally
from tcpdump_parse.write.pcap import rebuild_pcap

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "corpus"
PCAPS = [*sorted((CORPUS / "tcpdump-tests").glob("*.pcap*")), CORPUS / "versions" / "opts.pcap"]
AS_ASKED = ("-S", "-nn", "-vvv")
ENVIRONMENT = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
START = re.compile(r"(?m)^ {0,4}\d+  (?=\d\d:\d\d:\d\d\.\d{6,} |\[)")


def program(name: str) -> str:
    """The program's path; the test is skipped, with the reason, where it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@cache
def version(name: str) -> str:
    said = subprocess.run([program(name), "--version"], capture_output=True, text=True, check=True)
    return (said.stdout + said.stderr).splitlines()[0]


def printed(pcap: bytes | Path, *flags: str) -> str:
    """What tcpdump prints of a pcap, byte for byte, as latin-1; its own remarks on standard error are left out."""
    source, fed = ("-", pcap) if isinstance(pcap, bytes) else (str(pcap), None)
    command = [program("tcpdump"), *(flags or AS_ASKED), "-r", source]
    return subprocess.run(command, input=fed, capture_output=True, env=ENVIRONMENT, check=False).stdout.decode("latin-1")


def logged(pcap: Path, *flags: str) -> str:
    """The same with what tcpdump says of the file before it: `reading from file …, link-type EN10MB (Ethernet)`."""
    command = [program("tcpdump"), "-r", str(pcap), "-c", "1"]
    banner = subprocess.run(command, capture_output=True, env=ENVIRONMENT, check=False).stderr.decode("latin-1").splitlines()
    return "".join(f"{line}\n" for line in banner if line.startswith("reading from file")) + printed(pcap, *flags)


def captured(pcap: Path) -> list[tuple[bytes, int]]:
    """The octets of each packet of a pcap or pcapng, and its length on the wire: tcpdump itself writes it as plain pcap."""
    data = subprocess.run([program("tcpdump"), "-r", str(pcap), "-w", "-"], capture_output=True, env=ENVIRONMENT, check=False).stdout
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    frames, at = [], 24
    while at + 16 <= len(data):
        _, _, size, wire = unpack(order + "4I", data[at : at + 16])
        frames.append((data[at + 16 : at + 16 + size], wire))
        at += 16 + size
    return frames


def records(pcap: bytes | Path, *flags: str) -> list[str]:
    """The same, a text a packet: with `-#` no payload can be taken for a record."""
    return [text.removesuffix("\n") for text in START.split(printed(pcap, "-#", *(flags or AS_ASKED)))[1:]]


def events(text: str | bytes) -> list[Read]:
    return list(read(io.BytesIO(text if isinstance(text, bytes) else text.encode("latin-1"))))


def packets(text: str) -> list[Packet]:
    return [event for event in events(text) if isinstance(event, Packet)]


def rebuilt(values: Iterable[object], rebuilding: Rebuilding | None = None) -> tuple[bytes, Tally]:
    """The pcap of these events, and its tally."""
    out, tally = io.BytesIO(), Tally()
    rebuild_pcap(values, out, rebuilding or Rebuilding(), tally)
    return out.getvalue(), tally


def tshark(pcap: bytes | Path, *arguments: str) -> str:
    """What tshark says of a pcap."""
    source, fed = ("-", pcap) if isinstance(pcap, bytes) else (str(pcap), None)
    command = [program("tshark"), "-n", "-r", source, *arguments]
    return subprocess.run(command, input=fed, capture_output=True, env=ENVIRONMENT, check=False).stdout.decode()


def tdparse(*arguments: str, fed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "tcpdump_parse", *arguments], input=fed, capture_output=True, env=ENVIRONMENT, check=False)
