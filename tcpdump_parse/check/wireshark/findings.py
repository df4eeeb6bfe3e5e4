"""What Wireshark shows, as findings: named by its fields, worded as it words them, with its numbers as facts.

Law: a finding is about one flag of one frame; nothing is folded. Numbers that belong to no flag (`ack_rtt`, `bytes_in_flight`, …) are facts
of the findings of their frame, and stand in `Analysis` for every frame. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

from msgspec import UNSET, UnsetType

from tcpdump_parse.check.wireshark.analysis import Analysis
from tcpdump_parse.check.wireshark.conversations import View
from tcpdump_parse.check.wireshark.flags import MEANINGS, Flag, named
from tcpdump_parse.model import Finding, Packet, Read, Severity

FAMILY: Final = "wireshark"
BLIND: Final = "wireshark-blind"
NEEDS_TIME: Final = Flag.FAST_RETRANSMISSION | Flag.OUT_OF_ORDER | Flag.RETRANSMISSION
_SECOND: Final = 1_000_000_000
_NO_HEADER: Final = ("bad-len 0", "[|tcp]")


def view(events: Iterable[Read]) -> Iterator[Finding]:
    """Wireshark's analysis of what was read: each frame's flags at once, those of the second pass at the end of their capture."""
    packets = (event for event in events if isinstance(event, Packet))
    for capture, group in groupby(packets, lambda packet: packet.capture):
        yield from _capture(capture, group)


def _capture(capture: int, packets: Iterable[Packet]) -> Iterator[Finding]:
    state = View()
    blind: list[int] = []
    for packet in packets:
        shown = state.see(packet)
        if shown is None:
            if _hidden(packet):
                blind.append(packet.frame)
        elif shown.flags:
            yield from found(shown)
    for late in state.end():
        yield from found(late)
    if blind:
        yield _blind(capture, blind)


def found(shown: Analysis) -> Iterator[Finding]:
    """The findings of one frame, in the order of the table of flags."""
    packet, facts = shown.seen.packet, _facts(shown)
    flow, side = _ends(shown)
    for flag in named(shown.flags):
        meaning = MEANINGS[flag]
        yield Finding(
            rule=meaning.field, severity=meaning.severity, family=FAMILY, capture=packet.capture, frame=packet.frame,
            known_at="end" if shown.late else UNSET, line=packet.line, end_line=packet.end_line, time=packet.time, flow=flow, side=side,
            message=f"{meaning.message} (#{shown.duplicate_ack_num})" if flag is Flag.DUPLICATE_ACK else meaning.message, facts=facts,
            unless=("time",) if flag & NEEDS_TIME and packet.clock is UNSET else (),
        )


def _facts(shown: Analysis) -> dict[str, Any]:
    known: dict[str, int | float | UnsetType] = {
        "stream": shown.conversation.stream,
        "duplicate_ack_num": shown.duplicate_ack_num,
        "duplicate_ack_frame": shown.duplicate_ack_frame,
        "acks_frame": shown.acks_frame,
        "ack_rtt": _seconds(shown.ack_rtt),
        "initial_rtt": _seconds(shown.conversation.irtt or UNSET),
        "rto": _seconds(shown.rto),
        "rto_frame": shown.rto_frame,
        "bytes_in_flight": shown.bytes_in_flight,
        "push_bytes_sent": shown.push_bytes_sent,
    }
    return {name: value for name, value in known.items() if value is not UNSET}


def _seconds(span: int | UnsetType) -> float | UnsetType:
    return UNSET if span is UNSET else span / _SECOND


def _ends(shown: Analysis) -> tuple[str, str]:
    """The flow for people, the opener first, and which end sent this segment."""
    opener, key = shown.conversation.opener, shown.seen.key
    return f"{_endpoint(*opener[:2])} > {_endpoint(*opener[2:])}", "client" if key == opener else "server"


def _endpoint(addr: str, port: int | str) -> str:
    return f"[{addr}]:{port}" if ":" in addr else f"{addr}:{port}"


def _hidden(packet: Packet) -> bool:
    """A record of TCP whose numbers tcpdump did not print, though Wireshark sees them."""
    if packet.tcp is not UNSET:
        return packet.tcp.seq is UNSET
    return isinstance(packet.body, str) and any(words in packet.body for words in _NO_HEADER)


def _blind(capture: int, frames: list[int]) -> Finding:
    count = len(frames)
    message = f"{count} record{'s' * (count != 1)} printed without TCP numbers: Wireshark sees them, this view goes on without them"
    return Finding(
        rule=BLIND, severity=Severity.NOTE, family=FAMILY, capture=capture, frame=frames[0], known_at="end", message=message,
        facts={"records": count}, evidence=tuple(frames[:16]),
    )
