"""Connections as a table for people: the ends, how long, how much each way, and Zeek's word for how it went.

What it leaves out: all other figures and states (CSV and JSON lines have them). Columns are as wide as their longest cell, so the rows
wait for the last one.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from typing import Final, TextIO

from msgspec import UNSET

from tcpdump_parse.model import Flow
from tcpdump_parse.visible import visible
from tcpdump_parse.write import writer

HEAD: Final = ("#", "client", "server", "duration", "packets", "sent", "received", "state", "history")
RIGHT: Final = frozenset({"#", "duration", "packets", "sent", "received"})


@writer("table", suffix=".txt")
def table(flows: Iterable[Flow], out: TextIO) -> None:
    """A row a connection: seconds, and octets that each end sent (each counted once), as seen at the capture point."""
    rows = [HEAD, *map(row, flows)]
    widths = [max(map(_cells, column)) for column in zip_longest(*rows, fillvalue="")]
    for cells in rows:
        line = "  ".join(_padded(cell, width, name in RIGHT) for cell, width, name in zip(cells, widths, HEAD, strict=True))
        out.write(line.rstrip() + "\n")


def row(flow: Flow) -> tuple[str, ...]:
    digits = 3 if flow.start is UNSET else min(3, len(flow.start.partition(".")[2]))  # no more than the log's times have
    duration = "" if flow.duration is UNSET else f"{flow.duration:.{digits}f} s"
    client, _, server = flow.flow.partition(" > ")
    sent, received = (f"{end.unique_bytes_sent} B" for end in (flow.client, flow.server))
    return (str(flow.conn), visible(client), visible(server), duration, str(flow.packets), sent, received, flow.conn_state, flow.history)


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    return max(0, wcswidth(text))


def _padded(text: str, width: int, right: bool) -> str:
    blanks = " " * (width - _cells(text))
    return blanks + text if right else text + blanks
