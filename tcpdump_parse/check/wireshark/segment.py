"""What of a printed record reaches Wireshark's analysis: raw numbers, never scaled, 0 where the text has none.

Law: only this file and `options` know the model. A record that Wireshark dissects but does not analyse (a first fragment, a segment
quoted by an ICMP error) still moves its conversation; one without a sequence number does nothing. Fragments are not put together, as
in Wireshark with `ip.defragment` off: text has no payload to put together.

What text cannot give, so that the view differs from the program: records in which tcpdump prints no TCP header (`bad-len 0` of
segmentation offload, `[|tcp]`) or no numbers (`[bad hdr length …]`, which Wireshark analyses when it is too short), an ACK field
that is not 0 without the ACK flag (tcpdump before 4.99.6), and times finer than those printed.
"""

from __future__ import annotations

import enum
from typing import Final

from msgspec import UNSET, Struct

from tcpdump_parse.check.wireshark.circle import MASK
from tcpdump_parse.model import IP, IPv4, Packet, Segment
from tcpdump_parse.model.ip import Fragment, LooseRoute, Routing, StrictRoute
from tcpdump_parse.model.options import Mptcp, Partial, Sack, TcpOption

SYN, FIN, RST, PSH, ACK = 1, 2, 4, 8, 16
SFR: Final = SYN | FIN | RST
_LETTERS: Final = {"S": SYN, "F": FIN, "R": RST, "P": PSH, ".": ACK}


class Reach(enum.Enum):
    """How far into Wireshark a segment gets."""

    ANALYSED = "analysed"
    CONVERSATION = "conversation"


Key = tuple[str, int | str, str, int | str]


class Seen(Struct, frozen=True, gc=False):
    """One segment as Wireshark's analysis sees it. `t` is nanoseconds, `bits` are the flags by name above."""

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
    if tcp is UNSET and packet.quoted is not UNSET:
        tcp, ip, reach = packet.quoted.tcp, packet.quoted.ip, Reach.CONVERSATION
    if tcp is UNSET or ip is UNSET or tcp.seq is UNSET or tcp.flags is UNSET:
        return None
    length = 0
    if tcp.seq_end is not UNSET:
        length = (tcp.seq_end - tcp.seq) & MASK
    if ip.missing is not UNSET or ip.overrun is not UNSET:
        length -= _missing(ip, length)
        if length < 0:
            return None
    dst = ip.dst
    if ip.extensions or (ip.__class__ is IPv4 and ip.options):
        dst = _destination(ip)
    if (ip.__class__ is IPv4 and ip.flags and "+" in ip.flags) or (ip.extensions and _fragmented(ip)):
        reach = Reach.CONVERSATION
    return Seen(
        packet, (ip.src, tcp.sport, dst, tcp.dport), nanoseconds(packet),
        tcp.seq if tcp.seq_abs is UNSET else tcp.seq_abs, _ack(tcp), 0 if tcp.win is UNSET else tcp.win, length, _BITS[tcp.flags],
        tcp.options, reach,
    )


def _ack(tcp: Segment) -> int:
    """The field itself, also where the flag is missing and tcpdump printed it all the same."""
    if tcp.ack_abs is not UNSET:
        return tcp.ack_abs
    if tcp.ack is not UNSET:
        return tcp.ack
    return 0 if tcp.ack_unflagged is UNSET else tcp.ack_unflagged


def _missing(ip: IP, length: int) -> int:
    """Octets that the IP header claims and the frame does not have: Wireshark clips the length to the frame."""
    if ip.missing is not UNSET:
        return ip.missing
    if ip.overrun is UNSET:
        return 0
    headers = 40 if isinstance(ip, IPv4) else 60  # tcpdump 5.0 has clipped the range itself, 4.99.6 has not
    return ip.overrun.total - ip.overrun.length if length > ip.overrun.length - headers else 0


def _fragmented(ip: IP) -> bool:
    return any(isinstance(header, Fragment) for header in ip.extensions)


def _destination(ip: IP) -> str:
    """Where the segment is bound for in the end: the last address of a source route that is not used up (RFC 791 §3.1, RFC 2460 §4.4)."""
    if isinstance(ip, IPv4):
        for option in ip.options:
            if isinstance(option, LooseRoute | StrictRoute) and option.unused:
                return option.unused[-1]
        return ip.dst
    for header in ip.extensions:
        if isinstance(header, Routing) and header.type == 0 and header.segleft and header.route:
            return header.route[-1].address
    return ip.dst


def unshown(segment: Seen) -> bool:
    """Wireshark analyses the segment, then stumbles over its options and shows nothing: cut short by the capture, or one too short."""
    tcp = segment.packet.tcp
    if tcp is UNSET:
        return False
    if tcp.cut is not UNSET and "|tcp" in tcp.cut:
        return True
    return any(_too_short(option) for option in tcp.options)


def _too_short(option: TcpOption) -> bool:
    if isinstance(option, Sack):
        return not option.blocks
    if isinstance(option, Mptcp):
        return option.sub is UNSET
    return isinstance(option, Partial) and option.text == "mptcp"


def nanoseconds(packet: Packet) -> int:
    """The packet's clock in whole nanoseconds, without rounding; 0 when the text has no time."""
    clock = packet.clock
    if clock is UNSET:
        return 0
    whole, _, fraction = clock.partition(".")
    part = int(fraction.ljust(9, "0")[:9])
    return int(whole) * 1_000_000_000 + (-part if whole[:1] == "-" else part)
