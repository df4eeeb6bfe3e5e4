"""The installed tshark as the judge: per frame the flags and numbers that it shows, from the pcap that tcpdump printed.

The program differs by version, so it judges for 4.0 alone; with any other, or none, the live comparisons are skipped with that
reason.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tcpdump_parse.check.wireshark.flags import MEANINGS
from tcpdump_parse.model import Severity

FLAGS = [meaning.field for meaning in MEANINGS.values()]
NUMBERS = [
    "tcp.analysis.duplicate_ack_num", "tcp.analysis.duplicate_ack_frame", "tcp.analysis.acks_frame", "tcp.analysis.ack_rtt",
    "tcp.analysis.initial_rtt", "tcp.analysis.rto", "tcp.analysis.rto_frame", "tcp.analysis.bytes_in_flight",
    "tcp.analysis.push_bytes_sent", "tcp.stream", "tcp.completeness",
]
SETTINGS = (
    "tcp.analyze_sequence_numbers:TRUE", "tcp.relative_sequence_numbers:FALSE", "tcp.check_checksum:TRUE",
    "tcp.desegment_tcp_streams:FALSE", "ip.defragment:FALSE", "ipv6.defragment:FALSE",
)


class Shown(NamedTuple):
    """One frame as tshark shows it: fields of flags, and the numbers by field, as text."""

    flags: frozenset[str]
    numbers: dict[str, str]


def version() -> str:
    """tshark's version, `4.0.17`."""
    first = subprocess.run(["tshark", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    found = re.search(r"\d+\.\d+(\.\d+)?", first)
    return found[0] if found else first


def unusable() -> str:
    """Why this machine's tshark or tcpdump cannot judge; empty when they can."""
    for program in ("tshark", "tcpdump"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return "" if version().startswith("4.0.") else f"other version: tshark {version()}, and this view follows 4.0"


def is_tcpdump_499() -> bool:
    """Whether the installed tcpdump prints as the recorded expectations need it."""
    if shutil.which("tcpdump") is None:
        return False
    said = subprocess.run(["tcpdump", "--version"], capture_output=True, text=True, check=False)
    return "tcpdump version 4.99.3" in said.stdout + said.stderr


SEVERITIES = {"2097152": Severity.NOTE, "4194304": Severity.NOTE, "6291456": Severity.WARN, "8388608": Severity.ERROR}
"""Chat, note, warning, error."""


def experts(pcap: Path) -> set[tuple[str, Severity]]:
    """Every sentence of the expert table that the capture provokes, with its severity."""
    command = ["tshark", "-n", "-2", "-r", str(pcap), "-Y", "tcp", "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=|"]
    command += ["-e", "_ws.expert.message", "-e", "_ws.expert.severity"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [line.split("\t") for line in lines if "\t" in line]
    return {(said, SEVERITIES[grade]) for row in rows if row[0] for said, grade in zip(row[0].split("|"), row[1].split("|"), strict=True)}


def analysis(pcap: Path, *also: str) -> list[str]:
    """The command that tells, frame by frame, what tshark's two passes found: its flags and numbers, and these other fields."""
    command = ["tshark", "-n", "-2", "-r", str(pcap), "-Y", "tcp", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a"]
    for setting in SETTINGS:
        command += ["-o", setting]
    for field in ["frame.number", *FLAGS, *NUMBERS, *also]:
        command += ["-e", field]
    return command


def shown(pcap: Path) -> dict[int, Shown]:
    """Every frame that has TCP, by number. A frame that carries two segments has the values of both, separated by commas."""
    lines = subprocess.run(analysis(pcap), capture_output=True, text=True, check=False).stdout.splitlines()
    frames = {}
    for line in lines:
        number, *values = line.split("\t")
        flags = frozenset(field for field, value in zip(FLAGS, values, strict=False) if value)
        numbers = {field: value for field, value in zip(NUMBERS, values[len(FLAGS):], strict=True) if value}
        frames[int(number)] = Shown(flags, numbers)
    return frames


def printed(pcap: Path) -> str:
    """What `tcpdump -S -nn -vvv` prints of the capture."""
    command = ["tcpdump", "-S", "-nn", "-vvv", "-r", str(pcap)]
    return subprocess.run(command, capture_output=True, env={**os.environ, "TZ": "UTC"}, check=False).stdout.decode("latin-1")
