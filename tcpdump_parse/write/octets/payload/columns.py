"""Decoded lines of `name value, name value` as octets, by a layout in words.

A layout is what the field's specification lists, in order: `cookie:8` is eight octets, `.2` is padding of two octets (a hole),
`hw_addr:6` an address, `name:16` text. A field that was not printed is zero: tcpdump leaves some out when they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tcpdump_parse.write.octets.payload.marked import unmarked

Holes = list[tuple[int, int]]
FIELD = re.compile(r"(\w+) ('.*?'(?=, \w+ |\Z)|[^,]*)(?:, |\Z)")
NUMBER = re.compile(r"0x([0-9a-f]+)|(\d+)(?![\w.:/])")
ETHER = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")


def fields(line: str) -> dict[str, str]:
    """`port_no 1, name 'eth0'` → its names and values. What stands in parentheses explains a number and is dropped."""
    text = re.sub(r" \((?!vlan)[^()']*\)", "", line.strip())
    return dict(FIELD.findall(text))


def laid_out(layout: str, values: Mapping[str, str], names: Mapping[str, int]) -> tuple[bytes, Holes] | None:
    """The octets of one line and the holes in them; None where a value is not understood."""
    octets, holes = b"", []
    for item in layout.split():
        name, _, size = item.partition(":")
        if not size:
            holes.append((len(octets), int(name[1:])))
            octets += bytes(int(name[1:]))
            continue
        value = _value(values.get(name, "0"), int(size), name, names)
        if value is None:
            return None
        octets += value
    return octets, holes


def _value(text: str, size: int, name: str, names: Mapping[str, int]) -> bytes | None:
    if text.startswith("'"):
        return unmarked(text[1:-1])[:size].ljust(size, b"\0")
    if ETHER.fullmatch(text):
        return bytes.fromhex(text.replace(":", ""))
    match = NUMBER.match(text)
    number = (int(match[1], 16) if match[1] else int(match[2])) if match else names.get(f"{name} {text}", names.get(text))
    return None if number is None or number >= 1 << 8 * size else number.to_bytes(size, "big")
