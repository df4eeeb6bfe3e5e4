"""The algebra of the TCP checksum, from header text alone (RFC 1071, RFC 9293 §3.1).

All sums are modulo 65535, which is what the one's-complement sum of 16-bit words is; a number's sum does not depend on where its words
stand, so header fields are added as they are printed. Three conclusions follow. A wrong checksum that is exactly the folded
pseudo-header sum was to be finished by the sender's card. Without payload the right checksum can be worked out, so a line that was edited
shows. With payload the payload's own sum can be worked out, so two copies can be compared without it.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET

from tcpdump_parse.model.encoding import ENCODERS
from tcpdump_parse.model.happenings import (
    ChecksumOffload,
    ChecksumUnexplained,
    ChecksumUnjudged,
    ChecksumWrong,
    ContentDiffers,
    Happening,
    LengthsDisagree,
)
from tcpdump_parse.model.options import Eol, Nop, Sack, TcpOption, Timestamps
from tcpdump_parse.model.packet import IP, Segment
from tcpdump_parse.track.segment import ACK, URG, Sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from tcpdump_parse.track.direction import Direction

TCP: Final = 6
ALL: Final = 0xFFFF
HEADER: Final = 20
STAMPED: Final = HEADER + 12
"""Octets of a header with the usual options: nop, nop, timestamps."""
_WIRE: Final = (1 << 32) - 1
ECN: Final = 0xC0
ACCURATE: Final = 0x100
"""The bit with which a SYN that asks for ECN asks for AccECN (RFC 9768 §3.1.1)."""
RESERVED: Final = (ACCURATE, 0x200, 0x400, 0x800)
"""The header bits beside the flags; tcpdump before 5.0 prints none of them."""
_TS: Final = 0x0101 + 0x080A


@lru_cache(4096)
def addresses(src: str, dst: str) -> int | None:
    """Sum of the pseudo-header's addresses and protocol, not folded; None for names."""
    try:
        octets = ip_address(src.partition("%")[0]).packed + ip_address(dst.partition("%")[0]).packed
    except ValueError:
        return None
    return sum(int.from_bytes(octets[i : i + 2]) for i in range(0, len(octets), 2)) + TCP


def fold(total: int) -> int:
    """The 16-bit one's-complement sum as it would stand in the field (never 0 for a sum that is not 0)."""
    while total > ALL:
        total = (total & ALL) + (total >> 16)
    return total


def option_sum(options: tuple[TcpOption, ...]) -> tuple[int, int] | None:
    """Octets (padded) and sum of the options; None where one is odd, or hides octets."""
    if len(options) == 3 and type(options[2]) is Timestamps and type(options[0]) is Nop is type(options[1]):
        last = options[2]
        return (12, _TS + last.val + last.ecr) if last.len is UNSET else None
    octets = b""
    for option in options:
        which = type(option)
        if which is Nop:
            octets += b"\1"
        elif which is Eol:
            octets += b"\0"
        else:
            encode: Callable[[Any], bytes] | None = ENCODERS.get(which)
            if encode is None or option.len is not UNSET or (type(option) is Sack and option.invalid is not UNSET):  # type: ignore[union-attr]
                return None
            octets += encode(option)
    octets += bytes(-len(octets) % 4)
    return len(octets), int.from_bytes(octets)


def header_sum(me: Direction, seg: Sent, ack: int, size: int, options: tuple[int, int]) -> int | None:
    """Pseudo-header, TCP header with checksum 0, and options, modulo 65535; None where names stand for numbers."""
    if me.pseudo is None:
        return None
    flags = (HEADER + options[0]) // 4 << 12 | seg.bits
    return (me.pseudo + size + (seg.start & _WIRE) + ack + flags + seg.win + seg.urg + options[1]) % ALL


def pseudo(me: Direction, ip: IP, tcp: Segment) -> int | None:
    """The part of the sum that never changes: addresses, protocol, ports. None for names, and for source routes."""
    known = addresses(ip.src, ip.dst)
    if known is None or not isinstance(tcp.sport, int) or not isinstance(tcp.dport, int):
        return None
    return None if any("recorded" in option.__struct_fields__ for option in getattr(ip, "options", ())) else known + tcp.sport + tcp.dport


def examine(me: Direction, tcp: Segment, ip: IP, seg: Sent, out: list[Happening]) -> Happening | None:
    """What the segment's checksum and its lengths say; gives what a wrong checksum is."""
    checksum = tcp.checksum
    assert checksum is not UNSET
    wrong = None
    if not checksum.correct:
        wrong = _wrong(me, checksum.value, ip, seg)
        out.append(wrong)
    if seg.good is None or tcp.cut is not UNSET or tcp.bad_header is not UNSET:
        return wrong
    if seg.length and seg.size is not None and seg.size - seg.length == 32 and seg.ts is not None and len(seg.options) == 3:
        return wrong  # the usual data segment: its lengths agree, and there is nothing to work out
    options = option_sum(seg.options)
    if options is None:
        return wrong
    size = HEADER + options[0] + seg.length
    if seg.size is not None and seg.size != size:
        out.append(LengthsDisagree(seg.size, size))
        return wrong
    if seg.length == 0 and (left := residue(me, tcp, seg, size, options)):
        out.append(_unexplained(me, seg, left))
    return wrong


def residue(me: Direction, tcp: Segment, seg: Sent, size: int, options: tuple[int, int]) -> int:
    """Of a segment without payload: what the text's numbers lack to the right checksum; 0 if nothing, or if names stand for numbers.

    The unflagged fields are those that tcpdump 5.0 prints although their flags are not set.
    """
    total = header_sum(me, seg, (seg.ack or 0) & _WIRE, size, options)
    if total is None or seg.good is None:
        return 0
    if tcp.ack_unflagged is not UNSET:
        total += tcp.ack_unflagged
    if tcp.urg_unflagged is not UNSET:
        total += tcp.urg_unflagged
    return -(total + seg.good) % ALL


def recomputes(me: Direction, tcp: Segment, seg: Sent) -> bool:
    """Of a segment without payload whose size is that of its options: is the right checksum what its numbers give?"""
    options, ts, known = seg.options, seg.ts, me.pseudo
    plain = ts is not None and ts.len is UNSET and tcp.ack_unflagged is UNSET and tcp.urg_unflagged is UNSET
    if plain and known is not None and len(options) == 3 and ts is options[2] and type(options[0]) is Nop is type(options[1]):
        # As nearly always: at once what `residue` does.
        numbers = (seg.start & _WIRE) + ((seg.ack or 0) & _WIRE) + seg.win + seg.urg + ts.val + ts.ecr
        return not (known + STAMPED + (STAMPED // 4 << 12 | seg.bits) + numbers + _TS + (seg.good or 0)) % ALL
    summed = option_sum(options)
    return summed is not None and HEADER + summed[0] == seg.size and not residue(me, tcp, seg, HEADER + summed[0], summed)


def _wrong(me: Direction, value: int, ip: IP, seg: Sent) -> Happening:
    """A checksum that tcpdump calls incorrect."""
    known = addresses(ip.src, ip.dst)
    if _left_to_the_card(known, value, _size(seg)):
        me.here = True
        return ChecksumOffload(lso=known is not None and value == fold(known))
    return ChecksumUnjudged() if known is None and value else ChecksumWrong(zero=value == 0)


def _size(seg: Sent) -> int | None:
    """Octets of TCP header and payload: from the IP header, else, where that tells none (BIG TCP, IP options), from the segment itself."""
    if seg.size is not None:
        return seg.size
    options = option_sum(seg.options)
    return None if options is None else HEADER + options[0] + seg.length


def _left_to_the_card(known: int | None, value: int, size: int | None) -> bool:
    """Is it only the pseudo-header's sum, with the length or, before the card cuts the segment, without?"""
    return known is not None and size is not None and value in (fold(known + size), fold(known))


def _unexplained(me: Direction, seg: Sent, residue: int) -> Happening:
    """The right checksum is not what the text's numbers give: what would explain the residue?"""
    if not seg.bits & ACK:
        for hidden in _acks(me):
            if hidden % ALL == residue:
                return ChecksumUnexplained(residue, hidden, "hidden_ack")
        accurate = residue == ACCURATE and seg.bits & ECN == ECN
        return ChecksumUnexplained(residue, None, "reserved_flag" if accurate else "hidden_field")
    if residue in RESERVED:
        return ChecksumUnexplained(residue, None, "reserved_flag")
    same = me.residue == residue
    me.residue = residue
    if same:
        return ChecksumUnexplained(residue, None, "addresses")  # the same for each line: something constant was rewritten
    fields = ",".join(name for name, number in _numbers(me, seg) if residue in one_digit(number))
    return ChecksumUnexplained(residue, None, fields or ("changed" if seg.bits & URG else "hidden_field"))


def _acks(me: Direction) -> list[int]:
    """Acknowledgement numbers that may stand in the field though its flag is not set."""
    peer = me.peer
    known = [me.ack, None if peer.iss is None else peer.iss + 1, peer.nxt]
    return [number & _WIRE for number in known if number is not None]


def _numbers(me: Direction, seg: Sent) -> list[tuple[str, int]]:
    """The line's printed numbers that the checksum covers."""
    numbers = [("seq", seg.start & _WIRE), ("ack", (seg.ack or 0) & _WIRE), ("win", seg.win)]
    if seg.ts is not None:
        numbers += [("val", seg.ts.val), ("ecr", seg.ts.ecr)]
    return numbers


@lru_cache(256)
def one_digit(number: int) -> frozenset[int]:
    """Residues that a change of one decimal digit of `number` leaves."""
    digits = str(number)
    changes = set()
    for i, digit in enumerate(digits):
        place = 10 ** (len(digits) - 1 - i)
        changes |= {(other - int(digit)) * place % ALL for other in range(10)}
    return frozenset(changes - {0})


def payload_sums(me: Direction, seg: Sent) -> frozenset[int]:
    """The sum of the payload's octets modulo 65535, without the payload: what the right checksum leaves. Of a damaged segment also that
    of what its sender put in: it wrote the checksum before the damage, so the printed one leaves it."""
    if seg.good is None or not seg.length:
        return frozenset()
    options = option_sum(seg.options)
    if options is None:
        return frozenset()
    total = header_sum(me, seg, (seg.ack or 0) & _WIRE, HEADER + options[0] + seg.length, options)
    if total is None:
        return frozenset()
    written = seg.printed if seg.printed and not _left_to_the_card(me.addresses, seg.printed, _size(seg)) else seg.good
    return frozenset((-(total + seg.good) % ALL, -(total + written) % ALL))


def compare(me: Direction, seg: Sent, earlier: list[Sent], out: list[Happening]) -> None:
    """Is the content of this segment that of an earlier one with the same octets?"""
    for sent in reversed(earlier):
        if sent.start == seg.start and sent.length == seg.length and sent.bits & ACK == seg.bits & ACK:
            a, b = payload_sums(me, sent), payload_sums(me, seg)
            if a and b and a.isdisjoint(b):
                out.append(ContentDiffers(seg.start, seg.end, (sent.frame,)))
            return
