"""The story as JSON lines: each value as it is, one object a line, told apart by `type`; the sentences with their keys, and the facts they
tell (`happenings`), so that a program need not read prose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from msgspec.json import Encoder

from tcpdump_parse.tell.told import Story


def records(story: Iterable[Story], out: TextIO) -> None:
    """One line of JSON for each value."""
    encode = Encoder().encode
    for value in story:
        out.write(encode(value).decode("utf-8"))
        out.write("\n")
