"""What follows a head: payload text, RST text, hexdumps. Nothing in here enters a shape.

`lines` are a packet's tail: first the rest of its head's last line, then whole lines. The dump they end with becomes `octets` (and
the `payload` in them), when the very lines can be printed from it; all else is `body`, as it stood.
"""

from __future__ import annotations

from msgspec import UNSET, structs

from tcpdump_parse.model import IPv4, Octets, Packet
from tcpdump_parse.read import dumps, octets
from tcpdump_parse.read.plans import BREAK, JOINT
from tcpdump_parse.read.text import to_raw, to_text


def lines_of(tail: list[str]) -> list[str]:
    """The tail's lines, one by one."""
    return "\n".join(tail).replace(JOINT, BREAK).split("\n")


def attach(packet: Packet, tail: list[str]) -> None:
    """Gives a packet its tail."""
    lines = lines_of(tail)
    structs.force_setattr(packet, "end_line", packet.end_line + len(lines) - 1)
    if lines[-1][:3] == "\t0x" or lines[-1][:1] in "\t0":
        take_dump(packet, lines)
    if len(lines) > 1 or lines[0]:
        structs.force_setattr(packet, "body", to_text("\n".join(lines)))


def take_dump(packet: Packet, lines: list[str]) -> None:
    """The octets of the dump that the tail ends with; its lines go when they can be printed again."""
    held = usual(lines)
    if held is not None:
        style, shown, count, exact = "X", held.hex(), len(lines) - 1, True
    else:
        found = dumps.split_dump(lines[1:])
        if found is None:
            return
        count, dump = found
        style, shown, exact = dump.style, dump.hex, dump.exact
        held = bytes.fromhex(shown)
    if exact:
        del lines[len(lines) - count :]
    segment, start = packet.tcp, plain_segment(packet, held)
    if start:
        origin: str = "network"
        if segment is not UNSET and segment.length is not UNSET and segment.length and len(held) > start:
            structs.force_setattr(packet, "payload", shown[2 * start : 2 * (start + segment.length)])
    else:
        place = octets.locate(packet, held) if segment is not UNSET or packet.quoted is not UNSET else None
        origin = octets.origin(packet, held, place)
        if place is not None and segment is not UNSET:
            structs.force_setattr(packet, "payload", octets.payload(packet, held, place))
    structs.force_setattr(packet, "octets", Octets(origin, shown, style if exact else UNSET))


_OFFSETS = tuple(f"\t0x{offset:04x}:  " for offset in range(0, 0x10000, 16))


def usual(lines: list[str]) -> bytes | None:
    """The octets of a tail that is a whole dump of -X and nothing else, the usual case; None for any other tail."""
    count = len(lines) - 1
    if not 0 < count <= len(_OFFSETS) or lines[1][:10] != _OFFSETS[0]:
        return None
    rows = lines[1:]
    digits = "".join([row[10:50] for row in rows])
    try:
        held = bytes.fromhex(digits)
    except ValueError:
        return None
    characters = held.translate(dumps.GRAPHIC).decode("latin-1")
    same = digits == held.hex(" ", -2).ljust(40 * count) and "".join([row[51:] for row in rows]) == characters
    places = ((row[:10], row[50:51]) for row in rows)
    return held if same and all(place == (offset, " ") for place, offset in zip(places, _OFFSETS, strict=False)) else None


def plain_segment(packet: Packet, held: bytes) -> int:
    """Where the TCP payload begins in a dump of IPv4 without options and TCP that begins with the printed header; 0 when it is no such."""
    ip = packet.ip
    if (
        not isinstance(ip, IPv4) or packet.layers or packet.tcp is UNSET or ip.id is UNSET or ip.length is UNSET or len(held) < 40
        or held[0] != 0x45 or held[9] != 6 or int.from_bytes(held[2:6]) != ip.length << 16 | ip.id
    ):  # fmt: skip
        return 0
    return 20 + (held[32] >> 4) * 4


def tail_of(packet: Packet) -> str:
    """The text behind a packet's head: the inverse of `attach`."""
    text = "" if packet.body is UNSET else to_raw(packet.body)
    shown = packet.octets
    if shown is UNSET or shown.style is UNSET:
        return text
    return "\n".join([text, *dumps.print_dump(shown.hex, shown.style)])
