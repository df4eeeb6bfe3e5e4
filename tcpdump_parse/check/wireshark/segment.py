"""What of a printed record reaches Wireshark's analysis: raw numbers, never scaled, 0 where the text has none.

Law: this is the only file of the view that knows the model. A record that Wireshark dissects but does not analyse (a first fragment, a
segment quoted by an ICMP error) still moves its conversation; one without a sequence number does nothing. Records in which tcpdump prints no
TCP header at all (`bad-len 0` of segmentation offload, `[|tcp]`) are not here, and the view goes on as if they had not been sent.
"""

from __future__ import annotations

import enum
from typing import Final

from msgspec import UNSET, Struct

from tcpdump_parse.check.wireshark.state import MASK, MAX_SHIFT
from tcpdump_parse.model import IPv4, Packet, Segment
from tcpdump_parse.model.options import Sack, TcpOption, Unknown, Wscale


class Bits(enum.IntFlag):
    """The flags the analysis asks for."""

    SYN = 1
    FIN = 2
    RST = 4
    PSH = 8
    ACK = 16


SYN, FIN, RST, PSH, ACK = (int(bit) for bit in Bits)
SFR: Final = SYN | FIN | RST
_LETTERS: Final = {"S": SYN, "F": FIN, "R": RST, "P": PSH, ".": ACK}


class Reach(enum.Enum):
    """How far into Wireshark a segment gets."""

    ANALYSED = "analysed"
    CONVERSATION = "conversation"


Endpoint = tuple[str, int | str]
Key = tuple[str, int | str, str, int | str]


class Seen(Struct, frozen=True, gc=False):
    """One segment as Wireshark's analysis sees it. `t` is nanoseconds."""

    packet: Packet
    key: Key
    t: int
    seq: int
    ack: int
    win: int
    length: int
    bits: int
    options: tuple[TcpOption, ...]
    reach: Reach


class _Letters(dict[str, int]):
    def __missing__(self, letters: str) -> int:
        bits = sum(_LETTERS.get(letter, 0) for letter in set(letters))
        if len(self) < 1024:  # 2^9 sets of flags exist; text that invents more must not fill the memory
            self[letters] = bits
        return bits


_BITS: Final = _Letters()


def seen(packet: Packet) -> Seen | None:
    """The segment of `packet` as Wireshark would take it; None when it does nothing there."""
    tcp, ip, reach = packet.tcp, packet.ip, Reach.ANALYSED
    if tcp is UNSET:
        if packet.quoted is UNSET or packet.quoted.tcp is UNSET:
            return None
        tcp, ip, reach = packet.quoted.tcp, packet.quoted.ip, Reach.CONVERSATION
    if tcp.seq is UNSET or tcp.flags is UNSET or ip is UNSET:
        return None
    length = _length(tcp) - _missing(packet)
    if length < 0:
        return None
    dst = ip.dst
    if ip.__class__ is IPv4:
        if ip.flags and "+" in ip.flags:
            reach = Reach.CONVERSATION
    seq = tcp.seq if tcp.seq_abs is UNSET else tcp.seq_abs
    ack = tcp.ack if tcp.ack_abs is UNSET else tcp.ack_abs
    return Seen(
        packet, (ip.src, tcp.sport, dst, tcp.dport), nanoseconds(packet), seq, 0 if ack is UNSET else ack,
        0 if tcp.win is UNSET else tcp.win, length, _BITS[tcp.flags], tcp.options, reach,
    )


def _length(tcp: Segment) -> int:
    """What the printed range says: the trailing `length` can be missing, e.g. after `[bad opt]`."""
    return 0 if tcp.seq_end is UNSET or tcp.seq is UNSET else (tcp.seq_end - tcp.seq) & MASK


def _missing(packet: Packet) -> int:
    """`truncated-ip - N bytes missing!`: Wireshark clips the IP length to the frame."""
    return 0


def nanoseconds(packet: Packet) -> int:
    """The packet's clock in whole nanoseconds, without rounding; 0 when the text has no time."""
    clock = packet.clock
    if clock is UNSET:
        return 0
    whole, _, fraction = clock.partition(".")
    ns = int(whole) * 1_000_000_000
    if not fraction:
        return ns
    part = int(fraction) * 10 ** (9 - len(fraction)) if len(fraction) <= 9 else int(fraction[:9])
    return ns - part if whole[0] == "-" else ns + part


def shift(options: tuple[TcpOption, ...]) -> int | None:
    """The window scale that these options carry, as Wireshark uses it."""
    found = None
    for option in options:
        if option.__class__ is Wscale:
            found = min(option.shift, MAX_SHIFT)
    return found


def mptcp(options: tuple[TcpOption, ...]) -> int:
    """The MPTCP operations in these options, a bit each."""
    bits = 0
    for option in options:
        if option.__class__ is Unknown and option.kind == 30:
            words = bytes.fromhex(option.octets).decode().split()
            for w in words[1:]:
                if w in _OPERATIONS:
                    bits |= _OPERATIONS[w]
                    break
    return bits


_OPERATIONS: Final = {
    "capable": 1, "join": 2, "dss": 4, "add-addr": 8, "rem-addr": 16, "prio": 32, "fail": 64, "fast-close": 128,
}


def has_cookie(options: tuple[TcpOption, ...]) -> bool:
    """A TCP Fast Open option that holds a cookie, not only the wish for one (RFC 7413 §2.1)."""
    for option in options:
        if option.__class__ is Unknown and option.kind in (34, 254):
            text = bytes.fromhex(option.octets).decode()
            if "tfo" in text and "cookiereq" not in text:
                return True
    return False


def sacked(options: tuple[TcpOption, ...]) -> int:
    """The octets in these SACK blocks; a block whose edges are in the wrong order takes away."""
    total = 0
    for option in options:
        if option.__class__ is Sack:
            total += sum(right - left for left, right in option.blocks)
    return total


def dsack(options: tuple[TcpOption, ...], ack: int) -> bool:
    """The first SACK block lies below the ACK, or ends inside the second (RFC 2883 §4)."""
    from tcpdump_parse.check.wireshark.state import HALF
    for option in options:
        if option.__class__ is Sack and option.blocks:
            blocks = option.blocks if option.blocks_abs is UNSET else option.blocks_abs
            left, right = blocks[0]
            if right == ack or (right - ack) & HALF:
                return True
            if len(blocks) > 1 and (blocks[1][0] - right) & HALF and not (blocks[1][1] - right) & HALF:
                return True
    return False
