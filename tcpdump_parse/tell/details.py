"""`-v`: what else a record says, in tcpdump's own words and values, so that it can be found and compared again."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET
from msgspec.structs import asdict

from tcpdump_parse.model.options import Mss, Sack, TcpOption, Timestamps, Unknown, Wscale
from tcpdump_parse.model.packet import Checksum, Packet, Segment
from tcpdump_parse.model.steps import Step
from tcpdump_parse.visible import visible


def details(step: Step) -> str:
    """ "10:45:31.713962, lines 47-48, id 62917, ttl 64, win 512 (65536 bytes), cksum 0xfe4e (incorrect -> 0x858b), options [...]" """
    tcp = step.packet.tcp
    return ", ".join((*_record(step.packet), *(_segment(tcp, step) if tcp is not UNSET else ())))


def _record(packet: Packet) -> Iterator[str]:
    if packet.time is not UNSET:
        yield visible(packet.time).strip()
    yield f"line {packet.line}" if packet.line == packet.end_line else f"lines {packet.line}-{packet.end_line}"
    for name in ("id", "ttl", "hlim"):
        value = getattr(packet.ip, name, UNSET) if packet.ip is not UNSET else UNSET
        if value is not UNSET:
            yield f"{name} {value}"


def _segment(tcp: Segment, step: Step) -> Iterator[str]:
    if tcp.win is not UNSET:
        scaled = step.window is not None and step.window != tcp.win
        yield f"win {tcp.win} = {step.window}" if scaled else f"win {tcp.win}"
    if tcp.urg is not UNSET:
        yield f"urg {tcp.urg}"
    if tcp.checksum is not UNSET:
        yield _checksum(tcp.checksum)
    if tcp.options:
        yield f"options [{','.join(_option(option) for option in tcp.options)}]"


def _checksum(checksum: Checksum) -> str:
    if checksum.correct or checksum.expected is UNSET:
        return f"cksum 0x{checksum.value:04x} ({'correct' if checksum.correct else 'incorrect'})"
    return f"cksum 0x{checksum.value:04x} (incorrect -> 0x{checksum.expected:04x})"


def _option(option: TcpOption) -> str:
    match option:
        case Mss():
            return f"mss {option.value}"
        case Wscale():
            return f"wscale {option.shift}"
        case Timestamps():
            return f"TS val {option.val} ecr {option.ecr}"
        case Sack():
            return f"sack {''.join(f'{{{left}:{right}}}' for left, right in option.blocks)}"
        case Unknown():
            return f"unknown-{option.kind} 0x{option.octets}"
    fields = {name: value for name, value in asdict(option).items() if name != "kind" and value is not UNSET}
    return visible(" ".join((str(option.__struct_config__.tag), *(f"{name} {value}" for name, value in fields.items()))))
