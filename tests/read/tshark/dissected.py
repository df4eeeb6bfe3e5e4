"""What the installed tshark says of the captures that the texts were printed from: each frame as a tree of named values.

All captures go through one tshark, merged into one pcapng (mergecap comes with tshark): starting it 130 times would take longer than
all the rest. The headers that are compared do not depend on other frames: numbers stay raw, nothing is reassembled. Values are
tshark's own text; how each is read stands in the tables of outer.py, headers.py and options.py.
"""

from __future__ import annotations

import functools
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from tests.corpus.printed import FILES, OPTIONS
from tests.read.tshark.made import tunnels

SETTINGS = (
    "tcp.relative_sequence_numbers:FALSE", "mptcp.relative_sequence_numbers:FALSE", "tcp.desegment_tcp_streams:FALSE",
    "ip.defragment:FALSE", "ipv6.defragment:FALSE", "tcp.check_checksum:TRUE", "ip.check_checksum:TRUE", "udp.check_checksum:TRUE",
)  # fmt: skip
HEADERS = frozenset((
    "frame", "eth", "sll", "null", "raw", "ppp", "pppoes", "arcnet", "ipoib", "vlan", "mpls", "gre", "geneve", "vxlan", "ip", "ipv6",
    "ieee8021ad", "udp", "icmp", "tcp", "mptcp",
))  # fmt: skip
BCM_LI, WRAPPING = "bcm-li.pcap", 46
"""tshark knows no BCM-LI: what it wraps, IP or Ethernet, is dissected without the octets (Ethernet, IP, UDP, shim) before it."""
ENHANCED_PACKET = 6
PEELED = {"ip": "rawip", "ethernet": "ether"}


@dataclass(frozen=True)
class Node:
    """One header or field: its name, the text shown, its octets in hex, where they begin in the frame, and what is in it."""

    name: str
    show: str
    value: str
    pos: int
    within: tuple[Node, ...]

    @functools.cached_property
    def index(self) -> dict[str, list[Node]]:
        """All that is within, however deep, by name and in order."""
        found: dict[str, list[Node]] = {}
        for node in self.within:
            found.setdefault(node.name, []).append(node)
            for name, deeper in node.index.items():
                found.setdefault(name, []).extend(deeper)
        return found

    def every(self, name: str) -> list[Node]:
        return self.index.get(name, [])

    def text(self, name: str) -> str | None:
        found = self.every(name)
        return found[0].show if found else None

    def number(self, name: str) -> int | None:
        """Decimal or 0x…, as tshark shows the field."""
        text = self.text(name)
        return int(text, 0) if text else None

    def octets(self, name: str) -> str | None:
        found = self.every(name)
        return found[0].value if found else None

    def flag(self, name: str) -> bool:
        return self.text(name) in ("1", "True")


class Frame(NamedTuple):
    """One frame: its headers from the outside in, and its octets."""

    headers: tuple[Node, ...]
    octets: bytes

    def last(self, *names: str) -> Node | None:
        return next((node for node in reversed(self.headers) if node.name in names), None)


def _node(element: ElementTree.Element) -> Node:
    within = tuple(_node(child) for child in element if child.get("name", "") not in ("_ws.expert", "_ws.malformed"))
    get = element.get
    return Node(get("name", ""), get("show", ""), get("value", ""), int(get("pos") or 0), within)


def _headers(packet: ElementTree.Element) -> tuple[Node, ...]:
    """Headers that stand inside another one's tree (what ICMP quotes) are headers of the frame too; MPTCP is an option, not one."""
    return tuple(_node(element) for element in packet.iter("proto") if element.get("name") in HEADERS - {"mptcp"})


def _ran(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _tshark(merged: Path, *arguments: str) -> str:
    settings = [word for setting in SETTINGS for word in ("-o", setting)]
    return _ran("tshark", "-n", "-r", merged, *settings, *arguments)


def _sizes(files: list[Path]) -> Iterator[tuple[int, int]]:
    """How many frames each file has, and the snapshot length it names, or none. libpcap reads no more of a frame than that."""
    for line in _ran("capinfos", "-c", "-l", "-M", "-T", "-r", *files).splitlines():
        _, limit, *_, count = line.split("\t")
        yield int(count), int(limit) if limit.isdecimal() else 2**32


def _peeled(folder: Path, encapsulation: str) -> Path:
    path = folder / encapsulation
    wrapped = next(file for file in FILES if file.name == BCM_LI)
    _ran("editcap", "-F", "pcap", "-L", "-T", PEELED[encapsulation], "-C", str(WRAPPING), wrapped, path)
    return path


def _octets(merged: bytes) -> Iterator[bytes]:
    """The octets of each enhanced packet block, as mergecap writes it: little-endian."""
    at = 0
    while at < len(merged):
        kind, size, _, _, _, captured = struct.unpack_from("<6I", merged, at)
        if kind == ENHANCED_PACKET:
            yield merged[at + 28 : at + 28 + captured]
        at += size


def _all(folder: Path) -> list[tuple[str, Frame]]:
    """Every frame of every capture with its file's name, in order."""
    files = [*FILES, OPTIONS, tunnels(folder), *(_peeled(folder, encapsulation) for encapsulation in PEELED)]
    merged, pdml = folder / "merged.pcapng", folder / "merged.pdml"
    _ran("mergecap", "-a", "-F", "pcapng", "-w", merged, *files)
    pdml.write_text(_tshark(merged, "-T", "pdml"))
    names = [(file.name, limit) for file, (count, limit) in zip(files, _sizes(files), strict=True) for _ in range(count)]
    packets = (element for _, element in ElementTree.iterparse(pdml) if element.tag == "packet")
    found = []
    for (name, limit), packet, octets in zip(names, packets, _octets(merged.read_bytes()), strict=True):
        found.append((name, Frame(_headers(packet), octets[:limit])))
        packet.clear()
    return found


@functools.cache
def frames() -> dict[str, list[Frame]]:
    """The frames of each capture, by its file's name."""
    found: dict[str, list[Frame]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, frame in _all(Path(folder)):
            found.setdefault(name, []).append(frame)
    ways = zip(found[BCM_LI], found.pop("ip"), found.pop("ethernet"), strict=True)
    found[BCM_LI] = [Frame(outer.headers + (ip if ip.last("ip") else ethernet).headers[1:], outer.octets) for outer, ip, ethernet in ways]
    return found
