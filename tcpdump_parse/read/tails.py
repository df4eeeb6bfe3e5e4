"""What follows a head: payload text, RST text, hexdumps."""

from __future__ import annotations

from msgspec import structs

from tcpdump_parse.model import Packet
from tcpdump_parse.read.shapes import BREAK, JOINT
from tcpdump_parse.read.text import to_text


def attach(packet: Packet, lines: list[str]) -> None:
    """Gives a packet the lines of its tail: the first is the rest of its head's last line."""
    text = "\n".join(lines).replace(JOINT, BREAK)
    structs.force_setattr(packet, "body", to_text(text))
    structs.force_setattr(packet, "end_line", packet.end_line + text.count("\n"))
