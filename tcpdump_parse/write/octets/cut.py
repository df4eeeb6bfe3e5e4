"""Segments that tcpdump gave up in the middle: cut by the capture (`[|tcp]`), by an impossible option (`[bad opt]`) or by an
impossible header length. What was printed is built; of the rest only its length is known.
"""

from __future__ import annotations

from msgspec import UNSET

from tcpdump_parse.model import Segment
from tcpdump_parse.model import options as o
from tcpdump_parse.write.octets.outcome import SNAPLEN, CannotBuildError, Invented, Reason
from tcpdump_parse.write.octets.segment import CHECKSUM_AT, HEADER, Built, Surroundings, flag_bits, header_octets, solved_in_header
from tcpdump_parse.write.octets.sums import RING, ones
from tcpdump_parse.write.octets.tcp_options import options_octets

KINDS = {
    "mss": (2, 4), "wscale": (3, 3), "sackOK": (4, 2), "sack": (5, 10), "echo": (6, 6), "echoreply": (7, 6), "TS": (8, 10), "cc": (11, 6),
    "ccnew": (12, 6), "md5": (19, 18), "scps": (20, 4), "uto": (28, 4), "tcp-ao": (29, 16), "tfo": (34, 10),
}  # fmt: skip
"""Options by the name tcpdump prints before it looks at their data: kind, and the length it expects."""
SUBTYPES = {"capable": 0, "join": 1, "dss": 2, "add-addr": 3, "rem-addr": 4, "prio": 5, "fail": 6, "fast-close": 7}
IMPOSSIBLE = b"\2\0"
"""A length byte below two: tcpdump says `[bad opt]` before it names the option."""


def cut_octets(tcp: Segment, around: Surroundings) -> Built:
    """The segment as far as it was printed; `length` is what the IP header says."""
    if around.room is None or around.room > SNAPLEN:
        raise CannotBuildError(Reason.LENGTHS)
    if tcp.bad_header is not UNSET:
        return _bad_header(tcp, around.room, tcp.bad_header.length)
    if tcp.flags is UNSET:
        return Built(HEADER.pack(*_ports(tcp), *(0,) * 6)[:4], around.room, (Invented.CUT,))
    payload = 0 if tcp.seq_end is UNSET or tcp.seq is UNSET else (tcp.seq_end - tcp.seq) & 0xFFFFFFFF
    size = around.room - payload
    if not 20 <= size <= 60 or size & 3:
        raise CannotBuildError(Reason.BAD_HEADER)
    whole = tuple(option for option in tcp.options if type(option) is not o.Partial)
    partial = next((option.text for option in tcp.options if type(option) is o.Partial), "")
    known = b"".join(b"\0" if type(option) is o.Eol else _alone(option) for option in whole)
    if tcp.cut is not UNSET and "bad opt" in tcp.cut:
        return _bad_option(tcp, around, size, known + _provoked(partial, size - 20 - len(known)), payload)
    known += _begun(partial, size - 20 - len(known))
    return Built(header_octets(tcp, size, 0) + known, around.room, (Invented.CHECKSUM, Invented.CUT))


def _alone(option: o.TcpOption) -> bytes:
    """One option without padding: as many `nop` behind it as make four, taken off again."""
    for fill in range(4):
        try:
            octets, holes = options_octets((option, *(o.Nop(),) * fill), None)
        except CannotBuildError:
            continue
        if not holes:
            return octets[: len(octets) - fill]
    raise CannotBuildError(Reason.OPTIONS)


def _begun(partial: str, room: int) -> bytes:
    """The first octets of an option that the capture cut: its kind, its length, and what was printed of its data."""
    named = KINDS.get(partial.strip())
    if named:
        return bytes(named)
    words = partial.split()
    if words and words[0].startswith("unknown-") and room >= 2:
        return bytes((int(words[0][8:]), room)) + (bytes.fromhex(words[1][2:]) if len(words) > 1 else b"")
    return b""


def _provoked(partial: str, room: int) -> bytes:
    """Octets at which tcpdump gives up after printing `partial`."""
    words = partial.split()
    if not words:
        octets = IMPOSSIBLE
    elif words[0] == "mptcp":
        size = int(words[1]) if len(words) > 1 and words[1].isdigit() else 2
        kind = SUBTYPES.get(words[2], 15) << 4 if len(words) > 2 else 0
        octets = bytes((30, size, kind, 0))[:size].ljust(size, b"\0")
    else:
        named = KINDS.get(words[0])
        if named is None:
            raise CannotBuildError(Reason.OPTIONS)
        octets = bytes((named[0], room)).ljust(room, b"\0")
    if len(octets) > room:
        raise CannotBuildError(Reason.OPTIONS)
    return octets


def _bad_option(tcp: Segment, around: Surroundings, size: int, options: bytes, payload: int) -> Built:
    """Everything was captured, so the checksum was printed; what stands behind the bad option is unknown and solved for."""
    spare = size - 20 - len(options)
    good = 0
    if tcp.checksum is not UNSET:
        good = tcp.checksum.value if tcp.checksum.correct or tcp.checksum.expected is UNSET else tcp.checksum.expected
    header = header_octets(tcp, size, good) + options + bytes(spare)
    need = -(around.pseudo + size + payload + ones(header)) % RING
    body = bytes(payload)
    if need and payload >= 2:
        body = need.to_bytes(2, "big") + body[2:]
    elif need and tcp.checksum is not UNSET:
        header, _ = solved_in_header(bytearray(header), need, tcp, [(len(options), spare)])
    if tcp.checksum is not UNSET:
        header = header[:CHECKSUM_AT] + tcp.checksum.value.to_bytes(2, "big") + header[CHECKSUM_AT + 2 :]
    return Built(header + body, size + payload, (Invented.HIDDEN,))


def _bad_header(tcp: Segment, room: int, length: int) -> Built:
    """Data offset and ports (flags too when it is too long) are all that was printed."""
    flags = 0 if tcp.flags is UNSET else flag_bits(tcp.flags)
    header = HEADER.pack(*_ports(tcp), 0, 0, length << 10 | flags, 0, 0, 0)
    return Built(header.ljust(room, b"\0")[:room], room, (Invented.HIDDEN,))


def _ports(tcp: Segment) -> tuple[int, int]:
    if type(tcp.sport) is not int or type(tcp.dport) is not int:
        raise CannotBuildError(Reason.NAMES)
    return tcp.sport, tcp.dport
