"""Hexdumps that decoders print of data they do not know: `\\t  0x0000:  0102 …`."""

from __future__ import annotations

import re

LINE = re.compile(r"\t+ *0x[0-9a-f]{4,}:  ((?:[0-9a-f]{2,4} ?){1,8})(?: |\Z)")


def dumped(texts: list[str]) -> tuple[bytes, list[str]]:
    """The octets of the hexdump that ends `texts`, and the lines before it, without their announcement (`data (8 octets)`)."""
    at = len(texts)
    while at and LINE.match(texts[at - 1]):
        at -= 1
    groups = [LINE.match(text)[1] for text in texts[at:]]  # type: ignore[index]
    before = texts[:at]
    if groups and before and before[-1].lstrip().startswith("data ("):
        before = before[:-1]
    return bytes.fromhex("".join(groups)), before
