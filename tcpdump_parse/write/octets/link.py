"""Link headers as octets: what `-e` printed, else none at all (raw IP)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import UNSET, Struct

from tcpdump_parse.model import layers as m
from tcpdump_parse.write.octets.outcome import CannotBuildError, Link, Reason

MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?= |\Z)")
ETHERTYPES = {"IPv4": 0x0800, "ARP": 0x0806, "IPv6": 0x86DD, "802.1Q": 0x8100, 4: 0x0800, 6: 0x86DD}


class Header(Struct, frozen=True, gc=False):
    """A link header; `wire` is the frame's length on the wire where it was printed."""

    link: Link
    octets: bytes
    wire: int | None = None


RAW = Header(Link.RAW, b"")


def link_header(link: Any, version: int) -> Header:
    """The header that stands before an IP packet of `version`; raw IP where `-e` printed none."""
    if link is UNSET:
        return RAW
    encode = ENCODERS.get(type(link))
    if encode is None:
        raise CannotBuildError(Reason.LINK_TYPE)
    return encode(link, version)


def mac(text: str) -> bytes:
    match = MAC.match(text)
    if match is None:
        raise CannotBuildError(Reason.NAMES)
    return bytes.fromhex(match[0].replace(":", ""))


def _ethernet(link: m.Ethernet, version: int) -> Header:
    kind = link.ethertype
    if kind is UNSET:
        kind = ETHERTYPES.get(link.ethertype_name or "", ETHERTYPES[version])
    octets = mac(link.dst) + mac(link.src) + kind.to_bytes(2, "big")
    return Header(Link.EN10MB, octets, None if link.length is UNSET else link.length)


ENCODERS: dict[type, Callable[[Any, int], Header]] = {m.Ethernet: _ethernet}
