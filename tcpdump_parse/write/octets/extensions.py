"""IPv6 extension headers as octets (RFC 8200 §4), and AH under either IP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import UNSET

from tcpdump_parse.model import ip as m
from tcpdump_parse.write.octets.addresses import address
from tcpdump_parse.write.octets.outcome import CannotBuildError, Reason

TCP = 6
NUMBERS: dict[type, int] = {m.HopByHop: 0, m.Routing: 43, m.Fragment: 44, m.Authentication: 51, m.DestinationOptions: 60}
SEGMENT_ROUTING = 4


def extensions_octets(extensions: Sequence[m.Extension], room: int | None) -> bytes:
    """The chain in `room` octets (None: as few as can be); the last header's next header is TCP."""
    parts = [ENCODERS[type(header)](header, 0) for header in extensions]
    spare = 0 if room is None else room - sum(map(len, parts))
    if spare:
        at = next((at for at, header in enumerate(extensions) if _elastic(header)), None)
        if at is None or spare < 0 or spare & 7:
            raise CannotBuildError(Reason.EXTENSION)
        parts[at] = ENCODERS[type(extensions[at])](extensions[at], spare)
    following = [*(NUMBERS[type(header)] for header in extensions[1:]), TCP]
    return b"".join(bytes((number,)) + part[1:] for number, part in zip(following, parts, strict=True))


def destination6(extensions: Sequence[m.Extension]) -> str | None:
    """Where a route ends: the destination that the TCP checksum counts (RFC 8200 §8.1, tcpdump's `ip6_finddst`)."""
    for header in extensions:
        if type(header) is m.Routing and header.route:
            return header.route[0 if header.type == SEGMENT_ROUTING else -1].address
    return None


def _elastic(header: m.Extension) -> bool:
    return isinstance(header, m.HopByHop | m.DestinationOptions) and any(type(option) is m.PadN for option in header.options)


def _options(header: m.HopByHop | m.DestinationOptions, spare: int) -> bytes:
    """Options, and the first `padn` filling up to a multiple of eight: how long each one is tcpdump does not print."""
    plain = [OPTIONS[type(option)](option) for option in header.options]
    pads = [at for at, option in enumerate(header.options) if type(option) is m.PadN]
    size = 2 + sum(map(len, plain))
    fill = -size % 8 + spare
    if fill and not pads:
        raise CannotBuildError(Reason.EXTENSION)
    if pads:
        plain[pads[0]] = bytes((1, fill)) + bytes(fill)
    return bytes((0, (size + fill) // 8 - 1)) + b"".join(plain)


OPTIONS: dict[type, Callable[[Any], bytes]] = {
    m.Pad1: lambda _: b"\0",
    m.PadN: lambda _: b"\1\0",
    m.AlertOption: lambda option: b"\5\2" + option.value.to_bytes(2, "big"),
    m.Jumbo: lambda option: b"\xc2\4" + option.value.to_bytes(4, "big"),
    m.HomeAddress: lambda option: b"\xc9\x10" + address(option.address),
    m.OtherHeaderOption: lambda option: bytes((option.type, option.len)) + bytes(option.len),
}


def _fragment(header: m.Fragment, _: int) -> bytes:
    return b"\0\0" + (header.offset & 0xFFF8).to_bytes(2, "big") + (header.id or 0).to_bytes(4, "big")


def _routing(header: m.Routing, _: int) -> bytes:
    words = b"".join(address(hop.address) for hop in header.route)
    if header.tlv is not UNSET or len(words) != 8 * header.len:
        raise CannotBuildError(Reason.EXTENSION)
    if header.type == SEGMENT_ROUTING:
        third = bytes((header.last_entry or 0, header.flags or 0)) + (header.tag or 0).to_bytes(2, "big")
    else:
        third = (0 if header.rsv is UNSET else header.rsv).to_bytes(4, "big")
    return bytes((0, header.len, header.type, header.segleft)) + third + words


def _authentication(header: m.Authentication, _: int) -> bytes:
    icv = b"" if header.icv is UNSET else bytes.fromhex(header.icv.removeprefix("0x"))
    return bytes((0, len(icv) // 4 + 1, 0, 0)) + header.spi.to_bytes(4, "big") + header.seq.to_bytes(4, "big") + icv


ENCODERS: dict[type, Callable[[Any, int], bytes]] = {
    m.HopByHop: _options,
    m.DestinationOptions: _options,
    m.Fragment: _fragment,
    m.Routing: _routing,
    m.Authentication: _authentication,
}
"""The header's octets with a next header of zero, `spare` octets longer than need be."""
