"""A packet's numbers, taken out once: flags as bits, the clock as nanoseconds, the options track needs, and `Sent`, one transmission.

Nothing here remembers anything; unrolling needs the connection and happens there.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from tcpdump_parse.model.options import Sack, TcpOption, Timestamps
from tcpdump_parse.model.packet import IP, Checksum, IPv4, IPv6

FIN: Final = 1
SYN: Final = 2
RST: Final = 4
PSH: Final = 8
ACK: Final = 16
URG: Final = 32
_LETTERS: Final = {"F": FIN, "S": SYN, "R": RST, "P": PSH, ".": ACK, "U": URG, "E": 64, "W": 128, "e": 256}
_known: dict[str, int] = {}

SECOND: Final = 1_000_000_000
MILLI: Final = 1_000_000
MICRO: Final = 1_000
_UNIT: Final[tuple[int, ...]] = tuple(10 ** (9 - digits) for digits in range(10))


def bits_of(flags: str) -> int:
    """tcpdump's letters ("S.", "FP.", "") as header bits."""
    bits = _known.get(flags)
    if bits is None:
        bits = 0
        for letter in flags:
            bits |= _LETTERS.get(letter, 0)
        if len(_known) < 4096:
            _known[flags] = bits
    return bits


def nanoseconds(clock: str) -> int:
    """Decimal seconds ("38731.713962", "-0.000012") as an integer of nanoseconds; digits past the ninth are cut."""
    if clock[-7:-6] == ".":  # microseconds, as nearly always
        return int(clock.replace(".", "")) * MICRO
    point = clock.find(".")
    if point < 0:
        return int(clock) * SECOND
    digits = len(clock) - point - 1
    if digits > 9:
        return int(clock[:point] + clock[point + 1 : point + 10])
    return int(clock[:point] + clock[point + 1 :]) * _UNIT[digits]


class Sent(Struct, gc=False):
    """One segment as its direction remembers it: positions unrolled, `start` and `end` counting SYN and FIN.

    `good` is the checksum that would be right (tcpdump's own value), `size` octets of TCP header and payload: with them the
    payload's sum can be worked out later, so that the packet itself need not be kept.
    """

    frame: int
    at: int | None
    start: int
    end: int
    ack: int | None
    length: int
    bits: int
    win: int
    ipid: int | None
    ttl: int | None
    ts: Timestamps | None
    options: tuple[TcpOption, ...]
    good: int | None
    size: int | None
    urg: int = 0
    count: int = 1  # how many transmissions of this range's first octet there were, this one included
    printed: int | None = None  # the checksum it carries, where tcpdump calls that wrong
    outdated: bool = False  # its TSval is older than what its receiver had echoed: PAWS throws it away (RFC 7323 §5)


CARRIED: Final = 8
ACKED: Final = 4


def completeness(bits: int, length: int) -> int:
    """Wireshark's bits: 1 SYN, 2 SYN+ACK, 4 ACK (a pure one), 8 data, 16 FIN with ACK, 32 RST."""
    done = 0
    if bits & SYN:
        done = 2 if bits & ACK else 1
    elif not length and bits & ACK and not bits & (FIN | RST):
        done = ACKED
    if length:
        done |= CARRIED
    if bits & FIN and bits & ACK:
        done |= 16
    if bits & RST:
        done |= 32
    return done


def name_of(option: TcpOption) -> str:
    """tcpdump's word for the option, which is the tag of its class."""
    return _tag(type(option))


@cache
def _tag(which: type[TcpOption]) -> str:
    return str(which.__struct_config__.tag)


def timestamps_of(options: tuple[TcpOption, ...]) -> Timestamps | None:
    """The timestamps option; the usual `nop,nop,TS` is found at once."""
    if not options:
        return None
    last = options[-1]
    if type(last) is Timestamps:
        return last
    for option in options:
        if type(option) is Timestamps:
            return option
    return None


def sack_of(options: tuple[TcpOption, ...]) -> Sack | None:
    for option in options:
        if type(option) is Sack:
            return option
    return None


def sum_of(checksum: Checksum | UnsetType) -> int | None:
    """The checksum that would be right: printed, if tcpdump calls it correct, else the one it computed."""
    if checksum is UNSET:
        return None
    if checksum.correct:
        return checksum.value
    return None if checksum.expected is UNSET else checksum.expected


def size_of(ip: IP) -> int | None:
    """Octets of TCP header and payload, from the IP header; None where it was not printed or options make it unsure."""
    if type(ip) is IPv4:
        length = ip.length
        return None if length is UNSET or length == 0 or ip.options or ip.was is not UNSET else length - 20
    assert isinstance(ip, IPv6)
    return None if ip.payload_length is UNSET or ip.extensions or not ip.payload_length else ip.payload_length
