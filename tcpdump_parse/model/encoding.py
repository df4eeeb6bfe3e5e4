"""TCP options as octets, those that a line shows whole (RFC 9293 §3.2, IANA's tcp-parameters): for checksums and for packets alike.

Options that hide octets, and what stands behind the list's end, are the business of whoever builds packets (`write.octets`).
"""

from __future__ import annotations

from collections.abc import Callable
from struct import pack
from typing import Any, Final

from msgspec import UNSET

from tcpdump_parse.model import options as o


def coded(kind: int, data: bytes, option: Any) -> bytes:
    """A length byte that tcpdump found odd stands as it was; the data is what tcpdump used."""
    return bytes((kind, 2 + len(data) if option.len is UNSET else option.len & 0xFF)) + data


def _timestamps(option: o.Timestamps) -> bytes:
    return pack("!BBII", 8, 10 if option.len is UNSET else option.len, option.val, option.ecr)


def _sack(option: o.Sack) -> bytes:
    """KeyError where tcpdump could not read its blocks."""
    if option.invalid is not UNSET:
        raise KeyError(o.Sack)
    blocks = option.blocks if option.blocks_abs is UNSET else option.blocks_abs
    flat = [edge & 0xFFFFFFFF for block in blocks for edge in block]
    if option.len is not UNSET or len(flat) >= len(_SACKS):
        return coded(5, pack(f"!{len(flat)}I", *flat), option)
    return pack(_SACKS[len(flat)], 5, 2 + 4 * len(flat), *flat)


_SACKS: Final = [f"!BB{edges}I" for edges in range(9)]


def _word(option: Any) -> bytes:
    return coded(option.kind, pack("!I", option.value), option)


def _mss(option: o.Mss) -> bytes:
    return pack("!BBH", 2, 4 if option.len is UNSET else option.len, option.value)


ENCODERS: dict[type, Callable[[Any], bytes]] = {
    o.Nop: lambda _: b"\1",
    o.Timestamps: _timestamps,
    o.Mss: _mss,
    o.SackOk: lambda option: b"\4\2" if option.len is UNSET else coded(4, b"", option),
    o.Wscale: lambda option: bytes((3, 3 if option.len is UNSET else option.len & 0xFF, option.shift)),
    o.Sack: _sack,
    o.Echo: _word,
    o.EchoReply: _word,
    o.Cc: _word,
    o.CcNew: _word,
    o.CcEcho: _word,
    o.Scps: lambda option: coded(20, bytes((option.cap, option.id)), option),
    o.Uto: lambda option: coded(28, pack("!H", option.value), option),
    o.Unknown: lambda option: coded(option.kind, bytes.fromhex(option.octets), option),
}
"""Options that say everything."""
