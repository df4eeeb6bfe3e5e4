"""One packet of the log as one frame: link header, outer headers, network header, segment.

Lengths are known from the outside in (what the IP header says) and from the inside out (options and payload); headers that hide
octets get what is left between the two.
"""

from __future__ import annotations

from struct import error as MalformedError  # noqa: N812  # The standard library's name is too short to read.

from msgspec import UNSET

from tcpdump_parse.model import IPv4, IPv6, Notice, Packet, Segment
from tcpdump_parse.model.ip import HopByHop, Jumbo
from tcpdump_parse.model.layers import IpLayer
from tcpdump_parse.write.octets.addresses import address, pair
from tcpdump_parse.write.octets.bare import bare_octets
from tcpdump_parse.write.octets.cut import cut_octets
from tcpdump_parse.write.octets.dump import announced, frame_of_dump
from tcpdump_parse.write.octets.extensions import destination6, extensions_octets
from tcpdump_parse.write.octets.ip_options import destination, ip_options_octets
from tcpdump_parse.write.octets.ipv4 import ipv4_octets
from tcpdump_parse.write.octets.ipv6 import ipv6_octets
from tcpdump_parse.write.octets.layers import layers_octets, outermost
from tcpdump_parse.write.octets.link import link_header, wrapped
from tcpdump_parse.write.octets.outcome import CannotBuildError, Filling, Frame, Invented, Link, Reason, Unbuilt, Wrapping
from tcpdump_parse.write.octets.payload import Guess, guesses
from tcpdump_parse.write.octets.segment import Built, Surroundings, segment_octets
from tcpdump_parse.write.octets.sums import ones
from tcpdump_parse.write.octets.tcp_options import options_octets

TCP = 6


class Rebuilder:
    """Packets to frames, in their order. It remembers the link type that the last banner named."""

    def __init__(self, filling: Filling = Filling.FIT, wrapping: Wrapping = Wrapping.RAW) -> None:
        self._filling = filling
        self._wrapping = wrapping
        self._announced: Link | None = None

    def note(self, notice: Notice) -> None:
        """Learn from a line between the records."""
        if isinstance(notice.text, str):
            self._announced = announced(notice.text) or self._announced

    def __call__(self, packet: Packet) -> Frame | Unbuilt:
        try:
            frame = frame_of_dump(packet, packet.octets, self._announced) if packet.octets is not UNSET else self._frame(packet)
            return frame if self._wrapping is Wrapping.RAW else wrapped(frame)
        except CannotBuildError as cause:
            return Unbuilt(cause.reason)
        except (ValueError, ArithmeticError, MalformedError):
            return Unbuilt(Reason.NUMBERS)

    def _frame(self, packet: Packet) -> Frame:
        ip, tcp = packet.ip, packet.tcp
        if ip is UNSET:
            raise CannotBuildError(Reason.NOT_TCP)
        if tcp is UNSET:
            octets, wire, invented = bare_octets(packet, self._filling)
        elif type(ip) is IPv4:
            octets, wire, invented = self._version4(packet, ip, tcp)
        else:
            octets, wire, invented = self._version6(packet, ip, tcp)  # type: ignore[arg-type]
        if packet.link is UNSET and not packet.layers:
            return Frame(Link.RAW, octets, wire, invented)
        version = 4 if type(ip) is IPv4 else 6
        outer = layers_octets(packet.layers, version, wire) if packet.layers else b""
        header = link_header(packet, outermost(packet.layers, version))
        if outer and not header.octets and type(packet.layers[0]) is not IpLayer:
            raise CannotBuildError(Reason.TUNNEL)  # A tag or label needs the link header that carries it.
        head = header.octets + outer
        padding = max(0, (header.wire or 0) - len(head) - wire)
        if padding and wire == len(octets):
            octets, invented = octets + bytes(padding), (*invented, Invented.PADDING)
        told = tuple(kind for kind in header.invented if kind not in invented)
        return Frame(header.link, head + octets, len(head) + wire + padding, invented + told)

    def _version4(self, packet: Packet, ip: IPv4, tcp: Segment) -> tuple[bytes, int, tuple[Invented, ...]]:
        _, sums = pair(ip.src, ip.dst)
        end = destination(ip.options) if ip.options else None
        if end is not None:
            sums += ones(address(end)) - ones(address(ip.dst))
        inner, hidden = b"", False
        room = None if ip.length is UNSET else ip.length - 20
        if ip.options or ip.extensions:
            left = None if room is None else room - _size(tcp)
            inner = extensions_octets(ip.extensions, None) if ip.extensions else b""
            options, hidden = ip_options_octets(ip.options, None if left is None else left - len(inner)) if ip.options else (b"", False)
            room = None if room is None else room - len(options) - len(inner)
        else:
            options = b""
        fragment = bool(ip.flags) and ip.flags[0] == "+"  # type: ignore[index]
        built = self._segment(packet, tcp, sums + TCP, room, fragment, 0 if ip.missing is UNSET else ip.missing)
        length = 20 + len(options) + len(inner) + built.length
        header = ipv4_octets(ip, length if ip.length is UNSET else ip.length, options)
        return header + inner + built.octets, length, _told(built, ip.length is UNSET, hidden)

    def _version6(self, packet: Packet, ip: IPv6, tcp: Segment) -> tuple[bytes, int, tuple[Invented, ...]]:
        _, sums = pair(ip.src, ip.dst)
        room = None if ip.payload_length is UNSET or _jumbo(ip) else ip.payload_length
        inner, fragment = b"", False
        if ip.extensions:
            inner = extensions_octets(ip.extensions, None if room is None else room - _size(tcp))
            room = None if room is None else room - len(inner)
            end = destination6(ip.extensions)
            sums += 0 if end is None else ones(address(end)) - ones(address(ip.dst))
            fragment = tcp.checksum is UNSET
        built = self._segment(packet, tcp, sums + TCP, room, fragment, 0 if ip.missing is UNSET else ip.missing)
        length = len(inner) + built.length
        following = TCP if ip.next_header is UNSET else ip.next_header
        header = ipv6_octets(ip, length if ip.payload_length is UNSET else ip.payload_length, following)
        return header + inner + built.octets, 40 + length, _told(built, ip.payload_length is UNSET, bool(inner) and fragment)

    def _segment(self, packet: Packet, tcp: Segment, pseudo: int, room: int | None, fragment: bool, missing: int) -> Built:
        around = Surroundings(pseudo, room, fragment or room is None, missing)
        if tcp.cut is not UNSET or tcp.bad_header is not UNSET:
            return cut_octets(tcp, around)
        if packet.payload is not UNSET:
            known = Guess(bytes.fromhex(packet.payload))
            return segment_octets(tcp, around, (known,), Invented.REMAINDER, self._filling)
        body = packet.body
        if isinstance(body, str) and tcp.length:
            tail = body
            return segment_octets(tcp, around, guesses(tail, tcp.length), Invented.DECODED, self._filling)
        return segment_octets(tcp, around, (), Invented.PAYLOAD, self._filling)


def _jumbo(ip: IPv6) -> bool:
    """RFC 2675: the length stands in a hop-by-hop option, and the header's is zero."""
    hops = [header for header in ip.extensions if isinstance(header, HopByHop)]
    return ip.payload_length == 0 and any(isinstance(option, Jumbo) for header in hops for option in header.options)


def _size(tcp: Segment) -> int:
    """Octets of a segment whose options are all printed."""
    if tcp.length is UNSET:
        raise CannotBuildError(Reason.LENGTHS)
    return 20 + len(options_octets(tcp.options, None)[0]) + tcp.length


def _told(built: Built, headless: bool, hidden: bool) -> tuple[Invented, ...]:
    invented = built.invented
    if headless:
        invented = (Invented.IP_HEADER, *invented)
    if hidden and Invented.HIDDEN not in invented:
        invented = (*invented, Invented.HIDDEN)
    return invented
