"""JSON lines: the model as it is, one value a line. Carries everything; `tdparse` reads it back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

import msgspec

from tcpdump_parse.write import writer


@writer("jsonl", suffix=".jsonl")
def jsonl(values: Iterable[msgspec.Struct], out: TextIO) -> None:
    """One JSON object a line, UTF-8, in the order of the values; `msgspec.json.decode(line, type=Event)` gives the same objects back."""
    encode = msgspec.json.Encoder().encode
    put = out.write
    for value in values:
        put(encode(value).decode() + "\n")
