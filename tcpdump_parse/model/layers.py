"""What stands outside the innermost IP header: the link header that -e prints, and the layers of tunnels, outermost first.

`length` is what the layer's own line says; `closed` layers are text that the grammar leaves closed.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from tcpdump_parse.model.ip import IP

Port = int | str


class LinkHeader(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type"):
    """The link header as -e prints it; `length` counts the octets on the wire, link header included."""


class Ethernet(LinkHeader, frozen=True, tag="ethernet"):
    """`MAC > MAC, ethertype IPv4 (0x0800), length 74: `; with -q only the name of the ethertype."""

    src: str
    dst: str
    ethertype_name: str | UnsetType = UNSET
    ethertype: int | UnsetType = UNSET
    length: int | UnsetType = UNSET


class Ring(LinkHeader, frozen=True, tag="ring"):
    """FDDI (`async0 MAC > MAC, length 61: `), Token Ring (`10 40 MAC > MAC, length 62: `, then perhaps the route that its bridges noted)
    and IP over Fibre Channel (`MAC > MAC, length 64: `); with -q all three look like the last one."""

    src: str
    dst: str
    length: int
    control: str | UnsetType = UNSET
    source_route: str | UnsetType = UNSET


class Sll(LinkHeader, frozen=True, tag="sll"):
    """Linux cooked capture; the direction stands in the packet. `address` is absent where the device has none."""

    address: str | UnsetType = UNSET
    ethertype_name: str | UnsetType = UNSET
    ethertype: int | UnsetType = UNSET
    length: int | UnsetType = UNSET


class Sll2(LinkHeader, frozen=True, tag="sll2"):
    """Linux cooked capture, version 2 (`-i any`); interface and direction stand in the packet."""

    ifindex: int
    address: str | UnsetType = UNSET
    ethertype_name: str | UnsetType = UNSET
    ethertype: int | UnsetType = UNSET
    length: int | UnsetType = UNSET


class Loopback(LinkHeader, frozen=True, tag="null"):
    """BSD loopback: `AF IPv4 (2), length 64: `, with -q `IPv4, length 64: `."""

    family_name: str
    length: int
    family: int | UnsetType = UNSET


class Raw(LinkHeader, frozen=True, tag="raw"):
    """No link header: `ip: `."""


class PppLink(LinkHeader, frozen=True, tag="ppp"):
    """`IP (0x0021), length 42: `"""

    protocol_name: str
    protocol: int
    length: int


class CiscoHdlc(LinkHeader, frozen=True, tag="c_hdlc"):
    address: str
    ethertype_name: str
    length: int
    ethertype: int | UnsetType = UNSET


class Nflog(LinkHeader, frozen=True, tag="nflog"):
    version: int
    resource: int
    family_name: str
    length: int
    family: int | UnsetType = UNSET


class Infiniband(LinkHeader, frozen=True, tag="ipoib"):
    ethertype_name: str
    length: int
    ethertype: int | UnsetType = UNSET


class Arcnet(LinkHeader, frozen=True, tag="arcnet"):
    src: str
    dst: str
    length: int
    protocol: str | UnsetType = UNSET
    seqid: str | UnsetType = UNSET


class ClosedLink(LinkHeader, frozen=True, tag="other"):
    """A link header of another kind, as text."""

    text: str


Link = Ethernet | Ring | Sll | Sll2 | Loopback | Raw | PppLink | CiscoHdlc | Nflog | Infiniband | Arcnet | ClosedLink


class LayerHeader(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="name"):
    """One outer header."""


class IpLayer(LayerHeader, frozen=True, tag="ip"):
    """An outer IP header."""

    ip: IP


class UdpLayer(LayerHeader, frozen=True, tag="udp"):
    """`checksum` is tcpdump's verdict: `[udp sum ok]`, `[no cksum]`, or the numbers of a bad one."""

    sport: Port
    dport: Port
    verdict: str | UnsetType = UNSET
    bad_checksum: int | UnsetType = UNSET
    good_checksum: int | UnsetType = UNSET


class EthernetLayer(LayerHeader, frozen=True, tag="ethernet"):
    """An inner Ethernet header."""

    src: str
    dst: str
    ethertype_name: str | UnsetType = UNSET
    ethertype: int | UnsetType = UNSET
    length: int | UnsetType = UNSET


class Vlan(LayerHeader, frozen=True, tag="vlan"):
    """IEEE 802.1Q; the ethertype is what follows the tag."""

    id: int
    priority: int
    dei: bool = False
    ethertype_name: str | UnsetType = UNSET
    ethertype: int | UnsetType = UNSET
    tacit: bool = False  # dialect: -q leaves the word `ethertype` out


class HiddenVlan(LayerHeader, frozen=True, tag="hidden_vlan"):
    """An 802.1Q tag as a cooked capture (`-i any`) shows it without -e: `ethertype IPv4, `, and no number."""

    ethertype_name: str


class Llc(LayerHeader, frozen=True, tag="llc"):
    """IEEE 802.2 with SNAP, in tcpdump's words up to the ethertype."""

    text: str
    ethertype_name: str
    ethertype: int
    length: int


class MplsLabel(Struct, frozen=True, gc=False, omit_defaults=True):
    label: int
    ttl: int
    tc: int | UnsetType = UNSET
    experimental: int | UnsetType = UNSET
    bottom: bool = False
    newline: bool = False


class Mpls(LayerHeader, frozen=True, tag="mpls"):
    """`experimental` (printed `exp`) instead of `tc`: tcpdump before 4.99. `nested`: what follows stands on a line of its own (-v)."""

    labels: tuple[MplsLabel, ...] = ()
    nested: bool = False


class Pppoe(LayerHeader, frozen=True, tag="pppoe"):
    session: int


class PppLayer(LayerHeader, frozen=True, tag="ppp"):
    protocol_name: str
    protocol: int
    length: int


class Gre(LayerHeader, frozen=True, tag="gre"):
    """RFC 2784, 2890. `nested`: what follows stands on a line of its own (-v)."""

    length: int
    flags: str | UnsetType = UNSET
    sum: int | UnsetType = UNSET
    off: int | UnsetType = UNSET
    key: int | UnsetType = UNSET
    seq: int | UnsetType = UNSET
    proto_name: str | UnsetType = UNSET
    proto: int | UnsetType = UNSET
    nested: bool = False


class Vxlan(LayerHeader, frozen=True, tag="vxlan"):
    """RFC 7348"""

    flags: str
    bits: int
    vni: int


class Geneve(LayerHeader, frozen=True, tag="geneve"):
    """RFC 8926; the options in tcpdump's words. `nested`: what follows stands on a line of its own (-v)."""

    flags: str
    vni: int
    proto_name: str | UnsetType = UNSET
    proto: int | UnsetType = UNSET
    options_text: str | UnsetType = UNSET
    nested: bool = False


class Icmp(LayerHeader, frozen=True, tag="icmp"):
    """An ICMP error that quotes what follows it."""

    text: str
    length: int


class Closed(LayerHeader, frozen=True, tag="other"):
    """A tunnel of another kind, as text."""

    text: str


Layer = IpLayer | UdpLayer | EthernetLayer | Vlan | HiddenVlan | Llc | Mpls | Pppoe | PppLayer | Gre | Vxlan | Geneve | Icmp | Closed
