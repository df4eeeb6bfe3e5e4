"""OpenFlow, any version's header: `version 1.0, type HELLO, length 8, xid 0x00000001`, one line a message.

A message whose body tcpdump decodes goes to that version's table; a body it does not show is a hole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tcpdump_parse.write.octets.payload.guess import Guess
from tcpdump_parse.write.octets.payload.openflow10 import body10
from tcpdump_parse.write.octets.payload.openflow13 import TYPES as TYPES13
from tcpdump_parse.write.octets.payload.openflow13 import body13

HEAD = re.compile(
    r"\tversion (1\.[0-4]|unknown \(0x(..)\)), type (\w+)(?: \(0x(..)\))?, length (\d+)(?: \(too short!\))?, xid 0x([0-9a-f]{8})"
    r"(?:, (?:vendor|experimenter) 0x([0-9a-f]{8}) \([^)]*\))?"
)
VERSIONS = {"1.0": 1, "1.1": 2, "1.2": 3, "1.3": 4, "1.4": 5}
TYPES10 = (
    "HELLO", "ERROR", "ECHO_REQUEST", "ECHO_REPLY", "VENDOR", "FEATURES_REQUEST", "FEATURES_REPLY", "GET_CONFIG_REQUEST",
    "GET_CONFIG_REPLY", "SET_CONFIG", "PACKET_IN", "FLOW_REMOVED", "PORT_STATUS", "PACKET_OUT", "FLOW_MOD", "PORT_MOD",
    "STATS_REQUEST", "STATS_REPLY", "BARRIER_REQUEST", "BARRIER_REPLY", "QUEUE_GET_CONFIG_REQUEST", "QUEUE_GET_CONFIG_REPLY",
)  # fmt: skip
BODIES = {1: (TYPES10, body10), 4: (TYPES13, body13)}


def openflow(tail: str, length: int) -> Iterator[Guess]:
    """All messages one after the other; the last may be cut by the end of the segment, the rest of it then is unknown."""
    octets, holes = b"", []
    messages = _messages(tail)
    for number, (head, texts) in enumerate(messages):
        version = int(head[2], 16) if head[2] else VERSIONS[head[1]]
        types, body = BODIES.get(version, ((), None))
        kind = int(head[4], 16) if head[4] else types.index(head[3]) if head[3] in types else None
        if kind is None:
            break
        size = int(head[5])
        octets += bytes((version, kind)) + (size & 0xFFFF).to_bytes(2, "big") + bytes.fromhex(head[6])
        if head[7]:
            octets, size = octets + bytes.fromhex(head[7]), size - 4
        room = max(0, min(size - 8, length - len(octets)))
        known, gaps = body(head[3], texts, room) if body and room else (b"", ())
        if known is None:
            break
        last = number == len(messages) - 1
        holes += [(at + len(octets), count) for at, count in gaps]
        octets += known[:room]
        if len(known) < room:
            if last and room == length - len(octets) + len(known[:room]):
                break
            holes.append((len(octets), room - len(known)))
            octets += bytes(room - len(known))
    if octets:
        yield Guess(octets[:length], tuple(hole for hole in holes if sum(hole) <= length))


def _messages(tail: str) -> list[tuple[re.Match[str], list[str]]]:
    messages: list[tuple[re.Match[str], list[str]]] = []
    for line in tail.split("\n")[1:]:
        head = HEAD.match(line)
        if head:
            messages.append((head, []))
        elif messages:
            messages[-1][1].append(line)
    return messages
