"""What follows a head: payload text, RST text, hexdumps. Nothing in here enters a shape.

`lines` are a packet's tail: first the rest of its head's last line, then whole lines. The dump they end with becomes `octets` (and
the `payload` in them), when the very lines can be printed from it; all else is `body`, as it stood.
"""

from __future__ import annotations

from msgspec import UNSET, structs

from tcpdump_parse.model import Octets, Packet
from tcpdump_parse.read import dumps, octets
from tcpdump_parse.read.shapes import BREAK, JOINT
from tcpdump_parse.read.text import to_raw, to_text


def lines_of(tail: list[str]) -> list[str]:
    """The tail's lines, one by one."""
    return "\n".join(tail).replace(JOINT, BREAK).split("\n")


def attach(packet: Packet, tail: list[str]) -> None:
    """Gives a packet its tail."""
    lines = lines_of(tail)
    structs.force_setattr(packet, "end_line", packet.end_line + len(lines) - 1)
    found = dumps.split_dump(lines[1:])
    if found is not None:
        count, dump = found
        held = bytes.fromhex(dump.hex)
        place = octets.locate(packet, held) if packet.tcp is not UNSET or packet.quoted is not UNSET else None
        if dump.exact:
            del lines[len(lines) - count :]
        style = dump.style if dump.exact else UNSET
        structs.force_setattr(packet, "octets", Octets(octets.origin(packet, held, place), dump.hex, style))
        if place is not None and packet.tcp is not UNSET:
            structs.force_setattr(packet, "payload", octets.payload(packet, held, place))
    if len(lines) > 1 or lines[0]:
        structs.force_setattr(packet, "body", to_text("\n".join(lines)))


def tail_of(packet: Packet) -> str:
    """The text behind a packet's head: the inverse of `attach`."""
    text = "" if packet.body is UNSET else to_raw(packet.body)
    shown = packet.octets
    if shown is UNSET or shown.style is UNSET:
        return text
    return "\n".join([text, *dumps.print_dump(shown.hex, shown.style)])
