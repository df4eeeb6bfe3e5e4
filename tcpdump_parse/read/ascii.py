"""Where the text of -A ends. A payload can hold lines that look like records, byte for byte, and -A prints them at column 0.

tcpdump prints one character for each octet (a dot for what is not graphic), but leaves out a CR before an LF, so that the lengths
of the lines tell the count of octets only within the number of line ends: after `k` line ends `k` octets are in doubt.

* INSIDE: even if every line had ended in CR LF, octets of the packet are still to come. What looks like a record is payload.
* AFTER: even if none did, all octets were printed.
* DOUBTFUL: between the two. Such a record is read, and marked as possibly payload.

How many octets there are, the IP length says, or without -v the TCP length and the headers' sizes. A packet cut by the
snapshot length prints fewer: the banner's number bounds it, and at -v a missing checksum betrays a cut (tcpdump computes it over
whole packets alone); then nothing is INSIDE for certain. Without -v and without a banner packets count as whole, as they are
since tcpdump 4.0.
With -AA the link header comes first; where the IP header stands in the text is seen by its addresses and ports.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import UNSET

from tcpdump_parse.model.ip import IP, IPv6
from tcpdump_parse.model.options import Sack
from tcpdump_parse.model.packet import Packet, Segment
from tcpdump_parse.read.octets import address

LINKS = (0, 14, 18, 16, 20, 4, 22)
MARGIN = 24
"""A cut packet's network part is shorter than the snapshot length by the link header, at most about this much."""
TAIL_LINES = 400
"""The text of -A begins within so many lines: before it a printer of HTTP may show headers."""
_SIZES = {0: 1, 1: 1, 2: 4, 3: 3, 4: 2, 8: 10, 6: 6, 7: 6, 11: 6, 12: 6, 13: 6, 19: 18, 28: 4}


class Where(enum.Enum):
    INSIDE = "inside"
    DOUBTFUL = "doubtful"
    AFTER = "after"


class Count(NamedTuple):
    """Octets of the packet that are printed, at least and at most."""

    least: int
    most: int


def where(packet: Packet, lines: Sequence[str], snapshot: int | None = None) -> Where:
    """Where the next line stands, `lines` being all since the packet's segment line (the first: the rest of that line).

    `snapshot`: the snapshot length that the capture's banner names. AFTER too when the lines are no text of -A.
    """
    begin = _begin(packet, lines)
    if begin is None:
        return Where.AFTER
    first, link = begin
    expected = _octets(packet, snapshot)
    if expected is None:
        return Where.AFTER
    ends = len(lines) - first - 1
    printed = sum(map(len, lines[first:])) + ends
    if printed + ends < expected.least + link:
        return Where.INSIDE
    unseen = "\n".join(lines[first:])[:link].count("\n")  # CRs in the link header
    return Where.AFTER if printed >= expected.most + link + unseen else Where.DOUBTFUL


def _octets(packet: Packet, snapshot: int | None) -> Count | None:
    ip, segment = packet.ip, packet.tcp
    if ip is UNSET or segment is UNSET or segment.length is UNSET:
        return None
    whole = _printed_length(ip)
    if not whole:
        header, options = 20 if _is_v4(ip.src) else 40, _options(segment)
        count = Count(header + 20 + options.least + segment.length, header + 20 + options.most + segment.length)
    else:
        count = Count(whole if segment.checksum is not UNSET or not segment.length else 0, whole)
    if snapshot and count.most > snapshot - MARGIN:
        count = Count(min(count.least, max(0, snapshot - MARGIN)), min(count.most, snapshot))
    return count


def _printed_length(ip: IP) -> int:
    """The length of the whole IP packet, 0 when it was not printed."""
    if isinstance(ip, IPv6):
        return 0 if ip.payload_length is UNSET else 40 + ip.payload_length
    return 0 if ip.length is UNSET else ip.length


def _is_v4(address: str) -> bool:
    return ":" not in address


def _options(segment: Segment) -> Count:
    """The options' octets with their padding, as far as the kinds tell."""
    sizes = [
        2 + 8 * len(option.blocks) if isinstance(option, Sack) else _SIZES.get(getattr(option, "kind", -1), 0)
        for option in segment.options
    ]
    least = -(-sum(sizes) // 4) * 4
    return Count(least, least) if all(sizes) else Count(least, 40)


def _begin(packet: Packet, lines: Sequence[str]) -> tuple[int, int] | None:
    """The line on which the text of -A begins, and the octets of a link header before the IP header."""
    if packet.ip is UNSET:
        return None
    signs = _signs(packet)
    for first in range(1, min(len(lines), TAIL_LINES)):
        line = lines[first]
        if line.startswith(("\t0x", "0x0000\t", "\t\t\t ")):
            return None
        link = _link("\n".join(lines[first : first + 80])[:200], signs, _is_v4(packet.ip.src))
        if link is not None:
            return first, link
    return None


def _signs(packet: Packet) -> bytes | None:
    """What of the headers is known for certain: addresses and ports, as octets in a row; None when they are names."""
    ip, segment = packet.ip, packet.tcp
    assert ip is not UNSET
    assert segment is not UNSET
    src, dst = address(ip.src), address(ip.dst)
    if src is None or dst is None or isinstance(segment.sport, str) or isinstance(segment.dport, str):
        return None
    return src + dst + segment.sport.to_bytes(2) + segment.dport.to_bytes(2)


def _link(text: str, signs: bytes | None, v4: bool) -> int | None:
    """How many characters stand before the IP header of this record; None when it is not here.

    The header is known by its addresses and ports; those of names only by its first character. A CR that was left out moves them by one.
    """
    if signs is None:
        return 0 if len(text) > 20 and _begins_header(text, v4) else None
    before = 12 if v4 else 8
    wanted = shown(signs[:-1] if signs.endswith(b"\r") else signs)
    for link in LINKS:
        if _begins_header(text[link:], v4) and wanted in (text[at : at + len(wanted)] for at in (link + before, link + before - 1)):
            return link
    if _begins_header(text, v4) and text[0] not in "E`":  # with IP options the ports stand apart
        return 0
    found = text.find(wanted)
    return max(0, found - before) if found >= before - 1 else None


def _begins_header(text: str, v4: bool) -> bool:
    return "E" <= text[:1] <= "O" if v4 else "`" <= text[:1] <= "o"


def shown(octets: bytes) -> str:
    """Octets as -A prints them (print-ascii.c: ascii_print)."""
    text = octets.replace(b"\r\n", b"\n")
    return "".join(chr(octet) if 0x20 <= octet <= 0x7E or octet in b"\t\n" else "." for octet in text)


def begins(packet: Packet, line: str) -> bool:
    """Whether the line behind a packet's segment line begins its text of -A."""
    return packet.ip is not UNSET and packet.tcp is not UNSET and _begin(packet, ["", line]) is not None
