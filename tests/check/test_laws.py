"""What holds for the findings of every log: a prefix gives a prefix, and neither names, nor ISNs, nor relative numbers matter."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from msgspec import UNSET, UnsetType
from msgspec.structs import asdict, replace

from tcpdump_parse.check.engine import check
from tcpdump_parse.check.rule import rules
from tcpdump_parse.model import Capture, Finding, Notice, Packet, Unread
from tcpdump_parse.model.options import Sack
from tcpdump_parse.model.packet import Checksum, Segment
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Side
from tcpdump_parse.read import read
from tcpdump_parse.track import track
from tests.samples.verdicts import SAMPLES, samples

CIRCLE = 2**32
RULES = rules()
TROUBLES = ("copies", "lost-burst", "lost-fin", "mixed-near", "no-sack", "reordered", "zero-window")
RECORDED = [SAMPLES / "lab" / "recorded" / trouble / f"{end}.txt" for trouble in TROUBLES for end in ("client", "server")]
TEXTS = {f"{s.path.parent.name}/{s.path.stem}": s.text for s in samples() if len(s.text) < 50_000}
"""The samples but for a few long ones, which say the same again and again."""
RECORDINGS = {f"{path.parent.name}/{path.stem}": path.read_text("utf-8") for path in RECORDED}
LOGS = TEXTS | RECORDINGS
TURNED = [*TEXTS, "mixed-near/client", "lost-burst/server"]
NUMBERS = {"seq-wrap", "ack-zero-bogus", "ack-field-nonzero", "cksum-bad", "cksum-ffff", "cksum-recompute"}
"""Rules about the absolute numbers themselves: that they wrap, that one is 0, that one is hidden, and what checksum they give."""
ZEROS = {"sequence/zero": "cap-drop-inferred", "syn/fin-next": "cap-one-way"}
"""Logs in which an ACK of 0 claims nothing, and the rule that would speak if it were another number."""
ADDRESSES = {"ip-addr-martian"}
"""Rules about what an address is for."""

Event = Capture | Packet | Notice | Unread


def events(text: str) -> list[Event]:
    return list(read([text.encode()]))


def findings(log: list[Event]) -> list[Finding]:
    return list(check(track(log)))


@cache
def log_of(name: str) -> list[Event]:
    return events(LOGS[name])


@cache
def said_of(name: str) -> list[Finding]:
    return findings(log_of(name))


# ---- what is certain stays said ----


def certain(finding: Finding, n: int, line: int) -> bool:
    """Is it known once record `n`, which ends in `line`, is read?"""
    at = finding.frame if finding.known_at is UNSET else finding.known_at
    if at == "end":
        return False
    return at <= n if isinstance(at, int) else finding.line is not UNSET and finding.line <= line


@pytest.mark.parametrize("name", LOGS)
def test_findings_of_a_prefix_are_a_prefix_of_the_findings(name: str) -> None:
    """Live output says the same as the file read later, in the same order."""
    lines, whole = LOGS[name].split("\n"), said_of(name)
    records = [event for event in log_of(name) if isinstance(event, Packet | Unread)]
    for n in sorted({1, len(records) // 3, len(records) // 2, len(records) - 1} & set(range(1, len(records)))):
        line = records[n - 1].end_line
        cut = findings(events("\n".join(lines[:line]) + "\n"))
        assert [f for f in cut if f.known_at != "end"] == [f for f in whole if certain(f, n, line)], f"the first {n} records"


# ---- nothing depends on which address is whose ----


def swapped(log: list[Event]) -> tuple[list[Event], dict[str, str]]:
    """The log with its two hosts' addresses exchanged; the exchange is empty where there are not two."""
    hosts = sorted({host for event in log if isinstance(event, Packet) and event.ip is not UNSET for host in (event.ip.src, event.ip.dst)})
    if len(hosts) != 2:
        return log, {}
    other = {hosts[0]: hosts[1], hosts[1]: hosts[0]}
    return [_readdressed(event, other) for event in log], other


def _readdressed(event: Event, other: dict[str, str]) -> Event:
    if not isinstance(event, Packet) or event.ip is UNSET:
        return event
    return replace(event, ip=replace(event.ip, src=other[event.ip.src], dst=other[event.ip.dst]))


def renamed(finding: Finding, other: dict[str, str]) -> Finding:
    """A finding with the hosts' names exchanged wherever it names one."""
    flow = finding.flow
    if flow is not UNSET:
        flow = " > ".join(_renamed_end(end, other) for end in flow.split(" > "))
    facts = {key: other.get(value, value) if isinstance(value, str) else value for key, value in finding.facts.items()}
    return replace(finding, flow=flow, facts=facts)


def _renamed_end(end: str, other: dict[str, str]) -> str:
    host, _, port = end.rpartition(":")
    return f"[{other[host[1:-1]]}]:{port}" if host.startswith("[") else f"{other[host]}:{port}"


def of_any_address(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.rule not in ADDRESSES]


@pytest.mark.parametrize("name", TURNED)
def test_swapping_the_two_addresses_swaps_the_sides_and_nothing_else(name: str) -> None:
    turned, other = swapped(log_of(name))
    if other:
        assert of_any_address([renamed(f, other) for f in findings(turned)]) == of_any_address(said_of(name))


# ---- nothing depends on where the numbers begin ----


def rolled(log: list[Event], client: int, server: int) -> list[Event]:
    """The sequence numbers of each connection's ends moved on: `client` is added to the client's, `server` to the server's."""
    sides = {step.frame: step.side for step in track(log) if isinstance(step, Step)}
    by = {Side.CLIENT: (client, server), Side.SERVER: (server, client), None: (0, 0)}
    return [_rolled(event, *by[sides.get(event.frame)]) if isinstance(event, Packet) else event for event in log]


def _rolled(packet: Packet, mine: int, theirs: int) -> Packet:
    tcp = packet.tcp
    if tcp is UNSET:
        return packet
    changes: dict[str, object] = {}
    for name, by in (("seq", mine), ("seq_end", mine), ("seq_abs", mine), ("seq_end_abs", mine), ("ack", theirs), ("ack_abs", theirs)):
        value = getattr(tcp, name)
        if value is not UNSET:
            changes[name] = (value + by) % CIRCLE
    options = tuple(_blocks(option, theirs) if isinstance(option, Sack) else option for option in tcp.options)
    moved = replace(tcp, options=options, **changes)
    return replace(packet, tcp=replace(moved, checksum=_summed(tcp, moved)))


def _blocks(option: Sack, by: int) -> Sack:
    def moved(blocks: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        return tuple(((left + by) % CIRCLE, (right + by) % CIRCLE) for left, right in blocks)

    return replace(option, blocks=moved(option.blocks), blocks_abs=option.blocks_abs and moved(option.blocks_abs))


def _summed(old: Segment, new: Segment) -> Checksum | UnsetType:
    """The checksum that the moved numbers give (RFC 1624): of the right one, be it printed as the value or as what was expected."""
    checksum = old.checksum
    if checksum is UNSET or (not checksum.correct and checksum.expected is UNSET):
        return checksum
    right = checksum.value if checksum.correct else checksum.expected
    assert isinstance(right, int)
    total = ~right & 0xFFFF
    for before, after in zip(_covered(old), _covered(new), strict=True):
        total += (after >> 16) + (after & 0xFFFF) + (~(before >> 16) & 0xFFFF) + (~before & 0xFFFF)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return replace(checksum, value=~total & 0xFFFF) if checksum.correct else replace(checksum, expected=~total & 0xFFFF)


def _covered(tcp: Segment) -> list[int]:
    numbers = [number for number in (tcp.seq, tcp.ack) if number is not UNSET]
    return numbers + [edge for option in tcp.options if isinstance(option, Sack) for block in option.blocks for edge in block]


def relative(found: list[Finding], by: int = 0) -> list[dict[str, object]]:
    """Findings with the facts that are numbers of the wire moved back."""
    told = []
    for finding in found:
        if finding.rule in NUMBERS:
            continue
        positions = RULES[finding.rule].positions
        facts = {key: (value - by) % CIRCLE if key in positions else value for key, value in finding.facts.items()}
        told.append(asdict(replace(finding, facts=facts)))
    return told


def without_positions(found: list[Finding]) -> list[dict[str, object]]:
    return relative([replace(f, facts={k: v for k, v in f.facts.items() if k not in RULES[f.rule].positions}) for f in found])


def absolute(log: list[Event]) -> bool:
    """Are all its numbers absolute, and no octets dumped, which hold the numbers once more?"""
    packets = [event for event in log if isinstance(event, Packet)]
    segments = [packet.tcp for packet in packets if packet.tcp is not UNSET]
    plain = all(packet.octets is UNSET for packet in packets) and all(tcp.seq in (tcp.seq_abs, UNSET) for tcp in segments)
    return bool(segments) and plain


def but_zeros(name: str, found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.rule != ZEROS.get(name)]


@pytest.mark.parametrize("name", TURNED)
def test_isns_change_nothing(name: str) -> None:
    """Each side alone, both together, and across the wrap; the facts that are numbers of the wire move with them, and no others."""
    log = log_of(name)
    if not absolute(log):
        return
    start = next(e.tcp.seq for e in log if isinstance(e, Packet) and e.tcp is not UNSET and e.tcp.seq is not UNSET)
    wrap = (CIRCLE - 5 - start) % CIRCLE
    plain = but_zeros(name, said_of(name))
    for client, server in ((wrap, 0), (0, 77_777_777)):
        assert without_positions(but_zeros(name, findings(rolled(log, client, server)))) == without_positions(plain)
    assert relative(but_zeros(name, findings(rolled(log, wrap, wrap))), wrap) == relative(plain)


# ---- nothing depends on -S ----


def printed(pcap: Path, *options: str) -> str:
    command = ["tcpdump", *options, "-nn", "-vvv", "-r", str(pcap)]
    environment = {**os.environ, "TZ": "UTC"}
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment, check=True).stdout


@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="needs tcpdump")
@pytest.mark.parametrize("log", RECORDED, ids=lambda log: f"{log.parent.name}/{log.stem}")
def test_relative_numbers_give_the_same_findings(log: Path, tmp_path: Path) -> None:
    pcap = tmp_path / "log.pcap"
    pcap.write_bytes(gzip.decompress(log.with_suffix(".pcap.gz").read_bytes()))
    found = findings(events(printed(pcap, "-S")))
    assert found
    assert findings(events(printed(pcap))) == found


# ---- what passes quietly ----


@pytest.mark.parametrize("name", LOGS)
def test_what_passes_quietly_would_have_said_nothing_aloud(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most segments wake no rule and are told to the notes later, several at once: the same is found when each is looked at whole."""
    said = said_of(name)
    monkeypatch.setattr(sys.modules["tcpdump_parse.check.engine"], "plain", lambda _: False)
    assert findings(log_of(name)) == said
