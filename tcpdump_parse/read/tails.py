"""What follows a head: payload text, RST text, hexdumps. Nothing in here enters a shape.

`lines` are a packet's tail: first the rest of its head's last line, then whole lines. The dump they end with becomes `octets` (and
the `payload` in them), when the very lines can be printed from it; all else is `body`, as it stood.
"""

from __future__ import annotations

from msgspec import UNSET, UnsetType, structs

from tcpdump_parse.model import Octets, Packet, Segment
from tcpdump_parse.read import dumps, octets
from tcpdump_parse.read.blocks import Block
from tcpdump_parse.read.plans import BREAK, JOINT
from tcpdump_parse.read.text import to_raw, to_text


def lines_of(tail: list[str | Block]) -> list[str]:
    """The tail's lines, one by one."""
    parts = [part if isinstance(part, str) else "\n".join(part.lines()) for part in tail]
    return "\n".join(parts).replace(JOINT, BREAK).split("\n")


def attach(packet: Packet, tail: list[str | Block]) -> None:
    """Gives a packet its tail."""
    if type(tail[-1]) is Block:
        show(packet, tail.pop())  # type: ignore[arg-type]
    try:
        text = "\n".join(tail).replace(JOINT, BREAK)  # type: ignore[arg-type]
    except TypeError:  # another dump is among them
        text = "\n".join(lines_of(tail))
    last = text.rfind("\n") + 1
    more = text.count("\n")
    if last and text[last : last + 1] in DUMP and packet.octets is UNSET:
        text = take_dump(packet, text.split("\n"))
    give(packet, text, more)


def give(packet: Packet, text: str, more: int) -> None:
    """Gives a packet its body, which stands on so many more lines."""
    structs.force_setattr(packet, "end_line", packet.end_line + more)
    if text:
        structs.force_setattr(packet, "body", to_text(text))


DUMP = frozenset("\t0")
"""What the last line of a dump begins with."""


def show(packet: Packet, block: Block) -> None:
    """Gives a packet the dump that stands behind its other lines."""
    structs.force_setattr(packet, "end_line", packet.end_line + block.rows)
    take_octets(packet, block.octets, "X")


def hide(packet: Packet, block: Block) -> None:
    """The inverse of `show`."""
    structs.force_setattr(packet, "end_line", packet.end_line - block.rows)
    for name in ("octets", "payload"):
        structs.force_setattr(packet, name, UNSET)


def take_dump(packet: Packet, lines: list[str]) -> str:
    """Gives a packet the octets of the dump that its tail ends with; what is left, for its lines go when they can be printed again."""
    found = dumps.split_dump(lines[1:])
    if found is not None:
        count, dump = found
        if dump.exact:
            del lines[len(lines) - count :]
        take_octets(packet, bytes.fromhex(dump.hex), dump.style if dump.exact else UNSET)
    return "\n".join(lines)


def take_octets(packet: Packet, held: bytes, style: str | UnsetType) -> None:
    """Gives a packet the octets that its dump shows, and the payload in them."""
    segment, shown = packet.tcp, held.hex()
    if segment is UNSET:
        place = None if packet.quoted is UNSET else octets.locate(packet, held)
        origin: str = octets.origin(packet, held, place)
    elif start := plain_segment(packet, segment, held):
        origin, length = "network", segment.length
        if length is not UNSET and length and len(held) > start:
            structs.force_setattr(packet, "payload", shown[2 * start : 2 * (start + length)])
    else:
        place = octets.locate(packet, held)
        origin = octets.origin(packet, held, place)
        if place is not None:
            structs.force_setattr(packet, "payload", octets.payload(packet, held, place))
    structs.force_setattr(packet, "octets", Octets(origin, shown, style))


def plain_segment(packet: Packet, segment: Segment, held: bytes) -> int:
    """Where the TCP payload begins in a dump of IP and TCP that begins with the printed header, the usual case; 0 when it is no such."""
    if len(held) < 40 or packet.layers:
        return 0
    if held[0] == 0x45 and held[9] == octets.TCP:
        ends, ports, data = held[12:20], held[20:24], 32
    elif held[0] >> 4 == 6 and held[6] == octets.TCP and len(held) >= 60:
        ends, ports, data = held[8:40], held[40:44], 52
    else:
        return 0
    if (segment.sport, segment.dport) != octets.port_pair(ports) or ends != octets.addresses(packet.ip.src, packet.ip.dst):  # type: ignore[union-attr]
        return 0
    return data - 12 + (held[data] >> 4) * 4


def tail_of(packet: Packet) -> str:
    """The text behind a packet's head: the inverse of `attach`."""
    text = "" if packet.body is UNSET else to_raw(packet.body)
    shown = packet.octets
    if shown is UNSET or shown.style is UNSET:
        return text
    return "\n".join([text, *dumps.print_dump(shown.hex, shown.style)])
