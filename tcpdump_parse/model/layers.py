"""What stands outside the innermost IP header: the link header that -e prints, and the layers of tunnels, outermost first."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from tcpdump_parse.model.ip import IP


class LinkHeader(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type"):
    """The link header as -e prints it; `length` counts the octets on the wire, link header included."""


class Ethernet(LinkHeader, frozen=True, tag="ethernet"):
    """`MAC > MAC, ethertype IPv4 (0x0800), length 74: `; with -q only the name of the ethertype."""

    src: str
    dst: str
    ethertype_name: str | UnsetType = UNSET
    ethertype: int | UnsetType = UNSET
    length: int | UnsetType = UNSET


Link = Ethernet


class LayerHeader(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="name"):
    """One outer header."""


class IpLayer(LayerHeader, frozen=True, tag="ip"):
    """An outer IP header."""

    ip: IP


Layer = IpLayer
