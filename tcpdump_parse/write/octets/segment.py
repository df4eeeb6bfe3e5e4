"""One TCP segment as octets: header, options, payload, and a checksum field that reads as printed.

The law: the checksum tcpdump computed is known (the printed one, or the arrow's value), so the sum of everything else is
known too. What the text hides is *solved* for: first in payload that was not printed, then in header octets tcpdump does not
print. A segment with nothing hidden must add up by itself, which proves that it was read and built rightly.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from struct import Struct as Layout

from msgspec import UNSET, Struct

from tcpdump_parse.model import Segment
from tcpdump_parse.write.octets.outcome import SNAPLEN, CannotBuildError, Filling, Invented, Reason
from tcpdump_parse.write.octets.payload.guess import Guess
from tcpdump_parse.write.octets.sums import RING, ones, solve
from tcpdump_parse.write.octets.tcp_options import Hole, options_octets

HEADER = Layout("!HHIIHHHH")
"""Ports, sequence and acknowledgement numbers, data offset with reserved bits and flags, window, checksum, urgent (RFC 9293 §3.1)."""

CHECKSUM_AT = 16
BITS = {"F": 1, "S": 2, "R": 4, "P": 8, ".": 16, "U": 32, "E": 64, "W": 128, "e": 256}
ACK, URG, RESERVED = 16, 32, 0x0F00
WORD = 0xFFFFFFFF

FILLER = {2049: 0xFF}
"""What fills unknown payload is zero, but where tcpdump would decode zeros: an RPC call or reply on the NFS port."""


class Surroundings(Struct, frozen=True, gc=False):
    """What the network layer knows of the segment: the sum of its pseudo-header without the length, the octets it may take
    (None: not printed), whether its payload was captured though no checksum was printed, and how many octets the wire lacked."""

    pseudo: int
    room: int | None
    whole: bool = False
    missing: int = 0


class Built(Struct, gc=False):
    """A segment's octets as captured, its length on the wire, and what was invented."""

    octets: bytes
    length: int
    invented: tuple[Invented, ...]


@cache
def flag_bits(letters: str) -> int:
    return sum(BITS[letter] for letter in letters)


def segment_octets(tcp: Segment, around: Surroundings, payloads: Iterable[Guess], unknown: Invented, filling: Filling) -> Built:
    """`payloads` are what the payload may have been, likeliest first, each whole or a beginning; `unknown` names the rest."""
    length = tcp.length
    if length is UNSET:
        raise CannotBuildError(Reason.QUIET if tcp.flags is UNSET else Reason.LENGTHS)
    if not 0 <= length <= SNAPLEN:
        raise CannotBuildError(Reason.LENGTHS)
    room = None if around.room is None else around.room - 20 - length
    if room is not None and (room < 0 or room > 40 or room & 3):
        raise CannotBuildError(Reason.LENGTHS)
    options, holes = options_octets(tcp.options, room)
    size = 20 + len(options)
    checksum = tcp.checksum
    if checksum is UNSET:
        return _without_checksum(tcp, around, options, payloads, unknown, filling)
    printed = checksum.value
    good = printed if checksum.correct or checksum.expected is UNSET else checksum.expected
    header = header_octets(tcp, size, good) + options
    need = -(around.pseudo + size + length + ones(header)) % RING
    body = b""
    invented: tuple[Invented, ...] = ()
    if length and filling is Filling.FIT:
        body, need, invented = _fitting(tcp, length, need, payloads, unknown)
    elif length:
        body, need, invented = _known(length, need, payloads, unknown, filling)
    if need:
        header, told = solved_in_header(bytearray(header), need, tcp, holes)
        invented = (*invented, told)
    elif holes and any(header[20 + at] for at, _ in holes):
        invented = (*invented, Invented.HIDDEN)
    if tcp.seq_abs is UNSET and invented:
        invented = (*invented, Invented.RELATIVE)
    if printed != good:
        header = b"%b%b%b" % (header[:CHECKSUM_AT], printed.to_bytes(2, "big"), header[CHECKSUM_AT + 2 :])
    return Built(header + body, size + length, invented)


def header_octets(tcp: Segment, size: int, checksum: int) -> bytes:
    """The fixed header. Numbers that were not printed because their flag is not set are zero; relative ones whose base is not in the
    log stand as printed."""
    sport, dport, flags = tcp.sport, tcp.dport, tcp.flags
    if type(sport) is not int or type(dport) is not int:
        raise CannotBuildError(Reason.NAMES)
    if flags is UNSET:
        raise CannotBuildError(Reason.QUIET)
    seq = tcp.seq if tcp.seq_abs is UNSET else tcp.seq_abs
    ack = tcp.ack if tcp.ack_abs is UNSET else tcp.ack_abs
    urg = tcp.urg
    if seq is UNSET:
        raise CannotBuildError(Reason.NO_SEQUENCE)
    if ack is UNSET:
        ack = 0 if tcp.ack_unflagged is UNSET else tcp.ack_unflagged
    if urg is UNSET:
        urg = 0 if tcp.urg_unflagged is UNSET else tcp.urg_unflagged
    win = 0 if tcp.win is UNSET else tcp.win
    return HEADER.pack(sport, dport, seq & WORD, ack & WORD, size << 10 | flag_bits(flags), win, checksum, urg)


def _fitting(
    tcp: Segment, length: int, need: int, payloads: Iterable[Guess], unknown: Invented
) -> tuple[bytes, int, tuple[Invented, ...]]:
    """The first payload that is whole and adds up; else one whose holes can make it so; else one that can be completed; else one
    that is whole, if what is missing may hide in the header; else unknown octets throughout."""
    holed: bytes | None = None
    whole: tuple[bytes, int] | None = None
    partial = b""
    for guess in payloads:
        known = guess.octets
        if not known:
            unknown = Invented.PAYLOAD  # Its protocol was recognised, and nothing of it shown.
        if len(known) == length:
            missing = (need - ones(known)) % RING
            if not missing:
                return known, 0, (Invented.DECODED,) if guess.holes else ()
            holed = _with_holes(guess, missing) if holed is None else holed
            whole = whole or (known, missing)
        elif len(known) < length and (not partial or length - len(partial) < 2):
            partial = known
    if holed is not None:
        return holed, 0, (Invented.DECODED,)
    if whole is not None and length - len(partial) in (1, length):
        return *whole, ()
    ports = [port for port in (tcp.sport, tcp.dport) if port in FILLER]
    rest, left = _filled(length, (need - ones(partial)) % RING, len(partial), FILLER[ports[0]] if ports and not partial else 0)
    if length == 1 and not left:
        return rest, 0, ()  # The checksum reveals a lone octet.
    return partial + rest, left, (Invented.REMAINDER if partial else unknown,)


def _with_holes(guess: Guess, need: int) -> bytes | None:
    for at, count in guess.holes:
        word = solve(need, at, count)
        if word is not None:
            return guess.octets[:at] + word + guess.octets[at + len(word) :]
    return None


def _filled(length: int, need: int, start: int, filler: int) -> tuple[bytes, int]:
    """Octets from `start` to `length` that add `need`, and what they could not add.

    The two that do it stand last, on an even offset when there is room, so that what decoders look at first is filler.
    """
    room, odd = length - start, length & 1
    if room >= 2 + odd and not filler:
        word = need.to_bytes(2, "big")
        return bytes(room - 2 - odd) + word + bytes(odd), 0
    at = max(start, length - 2 - odd)
    fill = bytes([filler]) * (at - start)
    tail = bytes([filler]) * (length - at - 2)
    need = (need - ones(bytes(start & 1) + fill + b"\0\0" + tail)) % RING
    word = solve(need, at, length - at) or b""
    return (fill + word + tail, 0) if word else (fill + bytes(length - at), need)


def _known(
    length: int, need: int, payloads: Iterable[Guess], unknown: Invented, filling: Filling
) -> tuple[bytes, int, tuple[Invented, ...]]:
    """The payload when the log has it whole, else zeros or nothing, whatever the checksum then is."""
    for guess in payloads:
        if len(guess.octets) == length and ones(guess.octets) == need:
            return guess.octets, 0, ()
    return (b"" if filling is Filling.NONE else bytes(length)), 0, (unknown,)


def solved_in_header(header: bytearray, need: int, tcp: Segment, holes: list[Hole]) -> tuple[bytes, Invented]:
    """Put `need` into what tcpdump does not print: option data, padding after `eol`, the reserved bits (AE among them, RFC 9768,
    shown since 5.0), the urgent pointer without URG, the acknowledgement number without ACK (both shown since 4.99.6)."""
    for at, count in holes:
        word = solve(need, 20 + at, count)
        if word is not None:
            header[20 + at : 20 + at + len(word)] = word
            return bytes(header), Invented.HIDDEN
    if not need & ~RESERVED and not (header[12] << 8) & need:
        header[12] |= need >> 8
        return bytes(header), Invented.HIDDEN
    flags = flag_bits(tcp.flags or "")
    if not flags & URG and tcp.urg_unflagged is UNSET:
        header[18:20] = need.to_bytes(2, "big")
        return bytes(header), Invented.HIDDEN
    if not flags & ACK and tcp.ack_unflagged is UNSET:
        header[10:12] = need.to_bytes(2, "big")
        return bytes(header), Invented.HIDDEN
    return bytes(header), Invented.MISFIT


def _without_checksum(
    tcp: Segment, around: Surroundings, options: bytes, payloads: Iterable[Guess], unknown: Invented, filling: Filling
) -> Built:
    """tcpdump prints no checksum for a fragment, for a segment cut short, and without -v.

    Only where the octets were all there are they invented; of a segment cut short the frame ends where the text does.
    """
    size, length = 20 + len(options), tcp.length or 0
    known = next((guess.octets for guess in payloads if len(guess.octets) <= length), b"")
    short = length and not around.whole and not around.missing
    shown = len(known) if short or filling is Filling.NONE else max(0, length - around.missing)
    body = known[:shown].ljust(shown, b"\0")
    value = -(around.pseudo + size + length + ones(header_octets(tcp, size, 0) + options + body)) % RING
    told = (Invented.CUT,) if short else (unknown,) if shown else ()
    doubt = (Invented.RELATIVE,) if tcp.seq_abs is UNSET else ()
    return Built(header_octets(tcp, size, value) + options + body, size + length - around.missing, (Invented.CHECKSUM, *told, *doubt))
