"""TCP options as octets (RFC 9293 §3.2, IANA's tcp-parameters), in the order they were printed.

Most options say everything. Those that hide octets leave *holes*: places whose content the text does not fix, which the
segment's checksum may solve. An option whose length is hidden too is *elastic*: it takes what the header has left.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import pack
from typing import Any

from msgspec import UNSET

from tcpdump_parse.model import options as o
from tcpdump_parse.model.encoding import ENCODERS, coded
from tcpdump_parse.write.octets.mptcp import mptcp_octets
from tcpdump_parse.write.octets.outcome import CannotBuildError, Reason

Hole = tuple[int, int]
"""Where, counted from the first option octet, and how many octets."""

LONGEST = 40


def options_octets(options: tuple[o.TcpOption, ...], room: int | None) -> tuple[bytes, list[Hole]]:
    """The options area, padded to `room` octets (None: to the next multiple of four), and its holes."""
    if not options:
        return (bytes(room), [(0, room)]) if room else (b"", [])
    try:
        known = b"".join([ENCODERS[type(option)](option) for option in options])
    except KeyError:
        return _with_hidden(options, room)
    if len(known) == (room if room is not None else -(-len(known) // 4) * 4) <= LONGEST:
        return known, []
    return _with_hidden(options, room)


def _with_hidden(options: tuple[o.TcpOption, ...], room: int | None) -> tuple[bytes, list[Hole]]:
    """Options of which some hide octets: elastic ones first get their least length, then the last of them what is left."""
    parts = [_part(option) for option in options]
    size = sum(len(octets) for octets, _, _ in parts)
    room = -(-size // 4) * 4 if room is None else room
    if not size <= room <= LONGEST:
        raise CannotBuildError(Reason.OPTIONS)
    spare = room - size
    stretched = max((at for at, part in enumerate(parts) if part[2]), default=None)
    known, holes = b"", []
    for at, (octets, hidden, _) in enumerate(parts):
        if at == stretched and spare:
            octets, hidden = _longer(octets, spare), hidden + spare
            spare = 0
        known += octets
        if hidden:
            holes.append((len(known) - hidden, hidden))
    if spare and type(options[-1]) is not o.Eol:
        raise CannotBuildError(Reason.OPTIONS)
    return known + bytes(spare), [*holes, (len(known), spare)] if spare else holes


def _part(option: o.TcpOption) -> tuple[bytes, int, bool]:
    """Its octets, how many at their end are hidden, and whether its length is hidden too."""
    hidden = HIDDEN.get(type(option))
    found = hidden(option) if hidden else None
    if found is not None:
        return found
    encode = ENCODERS.get(type(option))
    if encode is None:
        raise CannotBuildError(Reason.OPTIONS)
    return encode(option), 0, False


def _longer(octets: bytes, spare: int) -> bytes:
    return bytes((octets[0], octets[1] + spare)) + octets[2:] + bytes(spare)


def _md5(option: o.Md5) -> tuple[bytes, int, bool] | None:
    if option.digest is not UNSET:
        return coded(19, bytes.fromhex(option.digest), option), 0, False
    return coded(19, bytes(16), option), 16, False


def _ao(option: o.TcpAo) -> tuple[bytes, int, bool]:
    if option.invalid is not UNSET:
        return coded(29, b"", option), 0, True
    mac = b"" if option.mac is UNSET else bytes.fromhex(option.mac.removeprefix("0x"))
    return coded(29, bytes((option.keyid or 0, option.rnextkeyid or 0)) + mac, option), 0, False


def _cookie(option: o.Tfo | o.ExpTfo) -> tuple[bytes, int, bool]:
    magic = b"\xf9\x89" if type(option) is o.ExpTfo else b""
    if option.invalid is not UNSET:
        return coded(option.kind, magic + b"\0", option), 1, True
    return coded(option.kind, magic + (b"" if option.cookie is UNSET else bytes.fromhex(option.cookie)), option), 0, False


HIDDEN: dict[type, Callable[[Any], tuple[bytes, int, bool] | None]] = {
    o.Eol: lambda _: (b"\0", 0, False),
    o.Sack: lambda option: None if option.invalid is UNSET else (coded(5, b"\0", option), 1, True),
    o.Md5: _md5,
    o.TcpAo: _ao,
    o.Tfo: _cookie,
    o.ExpTfo: _cookie,
    o.Exp: lambda option: (coded(254, pack("!H", option.magic), option), 0, True),
    o.EnhancedAuth: lambda option: (coded(20, bytes((option.keyid or 0,)), option), 0, True),
    o.Mptcp: lambda option: (*mptcp_octets(option), False),
}
"""Options that may hide octets."""
