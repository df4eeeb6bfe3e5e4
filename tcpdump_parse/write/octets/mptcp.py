"""MPTCP messages as octets (RFC 8684 §3), from their typed form.

tcpdump prints numbers without their width; the option's length byte, printed since 4.99, tells it. Where two widths give the
same text either is right, and the checksum has no say, since the sum of a number does not depend on its leading zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET, UnsetType

from tcpdump_parse.model import options as o
from tcpdump_parse.write.octets.addresses import address

RST_REASONS = (
    "Unspecified error", "MPTCP-specific error", "Lack of resources", "Administratively prohibited", "Too much outstanding data",
    "Unacceptable performance", "Middlebox interference",
)  # fmt: skip
VARIANTS = {"v0-ip4": 0x34, "v0-ip6": 0x36, "v1": 0x30, "v1-echo": 0x31}
HMAC_SHA256 = 0x01
"""Flag H: set by every implementation; tcpdump prints the flags since 5.0 only."""


def mptcp_octets(option: o.Mptcp) -> tuple[bytes, int]:
    """The option, and how many octets at its end are hidden."""
    if option.sub is UNSET:
        size = 2 if option.length is UNSET else option.length
        return bytes((30, size)) + bytes(max(0, size - 2)), max(0, size - 2)
    data = MESSAGES[type(option.sub)](option.sub, None if option.length is UNSET else option.length)
    size = 2 + len(data) if option.length is UNSET else option.length
    hidden = max(0, size - 2 - len(data))
    return bytes((30, size)) + data + bytes(hidden), hidden


def _hex(value: str | int | UnsetType, size: int) -> bytes:
    if value is UNSET:
        return b""
    return (int(value, 16) if isinstance(value, str) else value).to_bytes(size, "big")


def _number(value: Any, size: int) -> bytes:
    return b"" if value is UNSET else int(value).to_bytes(size, "big")


def _capable(sub: o.Capable, _: int | None) -> bytes:
    version = (sub.unknown_version or 0) if sub.version is UNSET else sub.version
    flags = HMAC_SHA256 if sub.flags is UNSET else sum(0x80 >> "ABCDEFGH".index(letter) for letter in sub.flags if letter in "ABCDEFGH")
    return bytes((version & 15, flags | (0x80 if sub.csum else 0))) + _hex(sub.key, 8) + _hex(sub.key2, 8) + _number(sub.data_len, 2)


def _join(sub: o.Join, _: int | None) -> bytes:
    head = bytes((0x10 | sub.backup, sub.id or 0))
    if sub.nonce is UNSET:
        return head + _hex(sub.hmac, 20)
    return head + _hex(sub.token, 4) + _hex(sub.hmac, 8) + _hex(sub.nonce, 4)


def _dss(sub: o.Dss, length: int | None) -> bytes:
    mapped = sub.seq is not UNSET
    flags = 0x10 * sub.fin | 0x01 * (sub.ack is not UNSET) | 0x04 * mapped
    spare = (length or 28) - 4 - 4 * (sub.ack is not UNSET) - 10 * mapped - 2 * (sub.csum is not UNSET)
    wide_ack = sub.ack is not UNSET and (int(sub.ack) >> 32 > 0 or (spare >= 4 and not (mapped and int(sub.seq) >> 32 and spare < 8)))  # type: ignore[arg-type]
    wide_seq = mapped and spare - 4 * wide_ack >= 4
    octets = bytes((0x20, flags | 0x02 * wide_ack | 0x08 * wide_seq)) + _number(sub.ack, 8 if wide_ack else 4)
    if mapped:
        octets += _number(sub.seq, 8 if wide_seq else 4) + _number(sub.subseq, 4) + _number(sub.len, 2) + _number(sub.csum, 2)
    return octets


def _add_addr(sub: o.AddAddr, _: int | None) -> bytes:
    text, port = sub.address, sub.port
    if text is UNSET:
        text = sub.address_port or ""
    head = bytes((VARIANTS.get(sub.variant or "", 0x32), sub.id or 0))
    return head + address(text) + _number(port, 2) + _hex(sub.hmac, 8)


def _tcprst(sub: o.TcpRst, _: int | None) -> bytes:
    flags = sum(1 << "TWVU".index(letter) for letter in (sub.flags or "") if letter in "TWVU")
    reason = RST_REASONS.index(sub.reason) if sub.reason in RST_REASONS else 0
    return bytes((0x80 | flags, reason))


MESSAGES: dict[type, Callable[[Any, int | None], bytes]] = {
    o.Capable: _capable,
    o.Join: _join,
    o.Dss: _dss,
    o.AddAddr: _add_addr,
    o.RemAddr: lambda sub, _: b"\x40" + bytes(sub.ids),
    o.Prio: lambda sub, _: bytes((0x50 | (sub.priority == "backup"),)) + _number(sub.id, 1),
    o.Fail: lambda sub, _: b"\x60\0" + _number(sub.seq, 8),
    o.FastClose: lambda sub, _: b"\x70\0" + _hex(sub.key, 8),
    o.TcpRst: _tcprst,
    o.UnknownSub: lambda sub, length: b"\xf0",
}
