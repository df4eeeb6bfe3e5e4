"""Where the text of -A ends. A payload can hold lines that look like records, byte for byte, and -A prints them at column 0.

tcpdump prints one character for each octet (a dot for what is not graphic), but leaves out a CR before an LF, so that the lengths
of the lines tell the count of octets only within the number of line ends: after `k` line ends `k` octets are in doubt.

* INSIDE: even if every line had ended in CR LF, octets of the packet are still to come. What looks like a record is payload.
* AFTER: even if none did, all octets were printed.
* DOUBTFUL: between the two. Such a record is read, and marked as possibly payload.

How many octets there are, the IP length says, or without -v the TCP length and the headers' sizes. A packet cut by the
snapshot length prints fewer (`Kept`): the banner's number bounds it, and at -v a missing checksum betrays a cut (tcpdump computes it
over whole packets alone); then nothing is INSIDE for certain. Without -v and without a banner packets count as whole, as they are
since tcpdump 4.0, until two of them were seen to be cut in the same place.
With -AA the link header comes first; where the IP header stands in the text is seen by its addresses and ports.
"""

from __future__ import annotations

import copy
import enum
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from msgspec import UNSET, Struct

from tcpdump_parse.model.ip import IP, IPv4, IPv6
from tcpdump_parse.model.options import Eol, Mss, Nop, Sack, SackOk, Timestamps, Wscale
from tcpdump_parse.model.packet import Packet, Port, Segment
from tcpdump_parse.read.looks import RECORD_BEGINS, STARTS
from tcpdump_parse.read.notices import SURE_BEGINS, is_sure
from tcpdump_parse.read.octets import address, addresses
from tcpdump_parse.read.plans import BREAK, JOINT

LINKS = (0, 14, 18, 16, 20, 4, 22, 8)
HEADER = 40
"""Octets of the longest header that is looked at."""
MARGIN = 24
"""A cut packet's network part is shorter than the snapshot length by the link header, at most about this much."""
_SNAPSHOT = re.compile(r"(?:link-type (\w+)[^\n]*)?(?:snapshot length|capture size) ([1-9][0-9]{0,8})\b")
_LINKS = {"EN10MB": 14, "LINUX_SLL": 16, "LINUX_SLL2": 20, "NULL": 4, "LOOP": 4}
"""Link headers at their shortest."""
ANY = 1 << 30
"""More octets than any packet has."""
_SIZES = {0: 1, 1: 1, 2: 4, 3: 3, 4: 2, 8: 10, 6: 6, 7: 6, 11: 6, 12: 6, 13: 6, 19: 18, 28: 4}
_SIZE_OF: dict[type, int] = {Mss: 4, Nop: 1, SackOk: 2, Timestamps: 10, Wscale: 3}
"""Of those that nearly all segments have and no others."""
_SAYS_LENGTH = re.compile(r"(?<!bad )\blength:? ([0-9]{1,6})\Z|\(([0-9]{1,6})\)\Z")
_ANY = "\0"

_WIDER = len(BREAK) - len(JOINT)
STOPS = RECORD_BEGINS | SURE_BEGINS
"""What a line begins with that may stop the text."""


class Where(enum.Enum):
    INSIDE = "inside"
    DOUBTFUL = "doubtful"
    AFTER = "after"


class Count(Struct, frozen=True, gc=False):
    """Octets of the packet that are printed, at least and at most."""

    least: int
    most: int


class Kept(NamedTuple):
    """Octets of the network part of a longer packet that its capture keeps, at least and at most."""

    least: int
    most: int

    @classmethod
    def announced(cls, banner: str) -> Kept | None:
        """By the snapshot length that tcpdump's banner names."""
        found = _SNAPSHOT.search(banner)
        return cls(max(0, int(found[2]) - MARGIN), int(found[2]) - _LINKS.get(found[1], 0)) if found else None


class Text(Struct, gc=False):
    """The text of -A behind one packet: `add` its lines as they come, `where` tells where the next one stands."""

    link: int
    least: int
    most: int
    _printed: int  # characters, with the line ends between
    _ends: int = 0
    hides: bool = False
    kept: bool | None = None
    """Whether the text ends where the length says, once somebody has looked."""

    def add(self, line: str) -> None:
        self._printed += len(line) + 1
        self._ends += 1

    def take(self, items: Sequence[str], at: int) -> int | None:
        """Adds the items from `at` on, up to a record or a line that is sure to be something else.

        The number of the item that stopped it, or of items; None, and nothing added, where a record seems to begin inside. `hides` tells
        afterwards whether a record stopped it that may be payload.
        """
        printed, ends, least, stop = self._printed, self._ends, self.least, len(items)
        for number in range(at, stop):
            item = items[number]
            if item and item[0] in STOPS:
                if STARTS.match(item):
                    if printed + ends < least:
                        return None
                    stop, self.hides = number, printed < self.most
                    break
                if printed + ends >= least and is_sure(item):
                    stop = number
                    break
            if JOINT in item:
                joints = item.count(JOINT)
                printed, ends = printed + joints * _WIDER, ends + joints
            printed += len(item) + 1
            ends += 1
        self._printed, self._ends = printed, ends
        return stop

    def ends(self, lines: Iterable[str], begins: Callable[[str], bool]) -> tuple[bool, bool]:
        """Whether one of the coming lines `begins` a record just where this text ends, or they end there; and whether they said so."""
        ahead = copy.copy(self)
        for line in lines:
            place = ahead.where()
            if place is not Where.INSIDE and (place is Where.AFTER or begins(line)):
                return begins(line), True
            ahead.add(line)
        return ahead.where() is not Where.INSIDE, False

    def seen(self) -> tuple[int, int]:
        """Octets of the network part that the lines until now show, at least and at most."""
        return self._printed - self.link, self._printed + self._ends - self.link

    def where(self) -> Where:
        if self._printed + self._ends < self.least:
            return Where.INSIDE
        return Where.AFTER if self._printed >= self.most else Where.DOUBTFUL


def begin(packet: Packet, line: str, kept: Kept | None = None, agreeing: int = 9, lead: str = "") -> Text | None:
    """The text that begins with this line behind the packet's lines; None when it is no text of -A.

    `agreeing`: so many characters of the IP header must be there; fewer will do (its octet 10 ends a line early) in a capture that has
    shown such text before. `lead`: as much of the text as an IP header may take, where the line is shorter.
    """
    ip, segment = packet.ip, packet.tcp
    if ip is UNSET or segment is UNSET or segment.length is UNSET or len(lead or line) < 2:
        return None
    claimed = _octets(ip, segment, segment.length)
    link: int | None = 0
    if not _begins_plainly(lead or line, ip, segment, claimed):
        if len(line) < 2:
            return None
        header = _header(ip, segment, claimed)
        link = next((link for link in LINKS if _fits(line, link, header, agreeing)), None)
    if link is None:
        return None
    expected = _expected(packet, ip, claimed, kept)
    return Text(link, expected.least + link, expected.most + link, len(line))


def other(packet: Packet, said: str, line: str, kept: Kept | None) -> Text | None:
    """The same behind a record of another protocol than TCP. How many octets there are, the IP length says; without -v what the record
    says of itself (`said`: the rest of its line); where that is silent any record behind the text may be payload."""
    ip = packet.ip
    if ip is UNSET or packet.tcp is not UNSET or packet.quoted is not UNSET or line[:1] != ("E" if _is_v4(ip.src) else "`"):
        return None
    whole = _printed_length(ip)
    if not whole and (found := _SAYS_LENGTH.search(said)):
        whole = (20 if _is_v4(ip.src) else 40) + (0 if packet.sport is UNSET else 8) + int(found[1] or found[2])
    expected = _expected(packet, ip, Count(0 if "[|" in said else whole, whole or ANY), kept)  # `[|udp]`: its capture cut it short
    return Text(0, expected.least, expected.most, len(line))


def plain(packet: Packet, line: str, kept: Kept | None) -> Count | None:
    """The octets of the text that begins with this line, in a capture whose texts begin with the network header; None if that is not clear.

    It is where the IP header names the length. Otherwise the line has to show that header.
    """
    ip, segment = packet.ip, packet.tcp
    if ip is UNSET or segment is UNSET or packet.layers:
        return None
    if kept is None and segment.length and type(ip) is IPv4 and ip.length and ip.overrun is UNSET and ip.missing is UNSET:
        return Count(0 if segment.checksum is UNSET or packet.possibly_payload else ip.length, ip.length)  # the usual case, seen fast
    if segment.length is UNSET:
        return None
    claimed = _octets(ip, segment, segment.length)
    if not _printed_length(ip) and not _begins_plainly(line, ip, segment, claimed):
        return None
    return _expected(packet, ip, claimed, kept)


def _begins_plainly(line: str, ip: IP, segment: Segment, length: Count) -> bool:
    """The usual case, seen fast: the line begins with an IP header that has the printed addresses, and both ports in IPv4."""
    if isinstance(ip, IPv4):
        return (
            line[12:24] == _ends(ip.src, ip.dst, segment.sport, segment.dport)
            and line[0] == "E"
            and line[7] == "." == line[9]
            and (ip.ttl is UNSET or line[8] == _CHARACTERS[ip.ttl & 255])
            and (ip.tos is UNSET or line[1] == _CHARACTERS[ip.tos & 255])
            and (ip.id is UNSET or (line[4] == _CHARACTERS[ip.id >> 8 & 255] and line[5] == _CHARACTERS[ip.id & 255]))
            and (
                length.least < length.most or (line[2] == _CHARACTERS[length.most >> 8 & 255] and line[3] == _CHARACTERS[length.most & 255])
            )
        )
    return (
        line[8:40] == _ends(ip.src, ip.dst, "", "")
        and line[0] == "`"
        and line[6] == "."
        and (ip.hlim is UNSET or line[7] == _CHARACTERS[ip.hlim & 255])
    )


@lru_cache(4096)
def _ends(src: str, dst: str, sport: Port, dport: Port) -> str | None:
    """The characters of both addresses and ports; None where one of them has a name, or a CR is left out."""
    octets = addresses(src, dst)
    numbers = [port for port in (sport, dport) if port != ""]
    if len(octets) not in (8, 32) or not all(isinstance(port, int) and port < 1 << 16 for port in numbers):
        return None
    text = shown(octets + b"".join(port.to_bytes(2) for port in numbers if isinstance(port, int)))
    return text if len(text) in (12, 32) else None


def shows_header(packet: Packet, line: str) -> bool:
    """The line begins with the packet's IP header."""
    ip, segment = packet.ip, packet.tcp
    if ip is UNSET or segment is UNSET or segment.length is UNSET:
        return False
    return _begins_plainly(line, ip, segment, _octets(ip, segment, segment.length))


def _octets(ip: IP, segment: Segment, length: int) -> Count:
    """What the headers claim."""
    whole = _printed_length(ip)
    if whole:
        return Count(whole if segment.checksum is not UNSET or not length else 0, whole)
    header, options = 20 if _is_v4(ip.src) else 40, _options(segment)
    return Count(header + 20 + options.least + length, header + 20 + options.most + length)


def _expected(packet: Packet, ip: IP, claimed: Count, kept: Kept | None) -> Count:
    """What of it can be there."""
    if kept is not None and claimed.most > kept.least:
        claimed = Count(min(claimed.least, kept.least), min(claimed.most, kept.most))
    if ip.missing is not UNSET or ip.overrun is not UNSET:
        missing = _missing(ip)
        claimed = Count(max(0, claimed.least - missing), max(0, claimed.most - missing))
    if packet.possibly_payload:
        claimed = Count(0, claimed.most)  # what is doubtful itself hides nothing
    return claimed


def _missing(ip: IP) -> int:
    """Octets that the header speaks of and that were not on the wire."""
    if ip.overrun is not UNSET:
        return ip.overrun.total - ip.overrun.length
    return 0 if ip.missing is UNSET else ip.missing


def _printed_length(ip: IP) -> int:
    """The length of the whole IP packet, 0 when it was not printed."""
    if isinstance(ip, IPv6):
        return 0 if ip.payload_length is UNSET else 40 + ip.payload_length
    return 0 if ip.length is UNSET else ip.length


def _is_v4(address: str) -> bool:
    return ":" not in address


def _options(segment: Segment) -> Count:
    """The options' octets with their padding, as far as the kinds tell."""
    kinds: list[type] = [type(option) for option in segment.options]
    try:
        least = sum(map(_SIZE_OF.__getitem__, kinds)) + 3 & ~3
    except KeyError:
        pass
    else:
        return Count(least, least)
    sizes = [
        2 + 8 * len(option.blocks) if isinstance(option, Sack) else _SIZES.get(getattr(option, "kind", -1), 0) for option in segment.options
    ]
    least = -(-sum(sizes) // 4) * 4
    return Count(least, least) if all(sizes) and Eol not in kinds else Count(least, 40)


def _header(ip: IP, segment: Segment, expected: Count) -> str:
    """The IP header's characters behind the first, as far as the lines show them; `_ANY` where they do not."""
    src, dst = (_shown_or_any(address(name), 4 if _is_v4(ip.src) else 16) for name in (ip.src, ip.dst))
    ports = "".join(_number(port if isinstance(port, int) else UNSET, 2) for port in (segment.sport, segment.dport))
    if not _is_v4(ip.src):
        hops = ip.hlim if isinstance(ip, IPv6) else UNSET
        return f"{_ANY * 5}{_ANY if isinstance(ip, IPv6) and ip.extensions else '.'}{_number(hops, 1)}{src}{dst}"
    tos, ttl, ident = (getattr(ip, name, UNSET) for name in ("tos", "ttl", "id"))
    total = _number(expected.most if expected.least == expected.most else UNSET, 2)
    return f"{_number(tos, 1)}{total}{_number(ident, 2)}{_ANY}.{_number(ttl, 1)}.{_ANY * 2}{src}{dst}{ports}"


def _number(value: object, size: int) -> str:
    return shown(value.to_bytes(size)) if isinstance(value, int) and value < 1 << 8 * size else _ANY * size


def _shown_or_any(octets: bytes | None, size: int) -> str:
    return _ANY * size if octets is None else shown(octets)


def _fits(line: str, link: int, header: str, agreeing: int) -> bool:
    """An IP header of this record may stand at the offset. The line may end inside it, where an octet is or may be 10."""
    letter = line[link : link + 1]
    v4 = len(header) < 30
    if not letter or not ("E" <= letter <= "O" if v4 else "`" <= letter <= "o"):
        return False
    if letter not in "E`":
        header = header[:19]  # with IP options the ports stand apart
    seen = line[link + 1 : link + 1 + len(header)]
    if len(seen) == len(header):
        return _alike(seen, header)
    ends = "\n" if len(seen) < agreeing else "\n" + _ANY
    behind = header[len(seen) : len(seen) + 2]  # a CR before the line's end may have been left out
    return (behind[:1] in ends or behind[1:] == "\n") and _alike(seen, header[: len(seen)])


def _alike(seen: str, wanted: str) -> bool:
    return len(seen) == len(wanted) and all(want in (_ANY, char) for want, char in zip(wanted, seen, strict=True))


_CHARACTERS = "".join(chr(octet) if 0x20 <= octet <= 0x7E or octet in b"\t\n" else "." for octet in range(256))


def shown(octets: bytes) -> str:
    """Octets as -A prints them (print-ascii.c: ascii_print)."""
    return octets.replace(b"\r\n", b"\n").decode("latin-1").translate(_CHARACTERS)
