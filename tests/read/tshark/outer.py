"""The table of what stands around a segment: the record's own fields, the link header that -e prints, and the layers of tunnels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import UNSET

from tcpdump_parse.model import IPv4, Packet, layers
from tests.read.tshark import headers
from tests.read.tshark.dissected import Frame, Node
from tests.read.tshark.headers import Field, attribute, number, show

DIRECTIONS = {0: "In", 1: "B", 2: "M", 3: "P", 4: "Out"}
WIRE_LENGTH = Field("length", attribute("length"), number("frame.len"))
"""Every link header that has one prints the octets on the wire."""


def _octet(name: str) -> Callable[[Node], str | None]:
    def read(node: Node) -> str | None:
        value = node.number(name)
        return None if value is None else f"{value:x}"

    return read


def _bad(name: str) -> Callable[[Node], int | None]:
    return lambda node: node.number(name) if node.text("udp.checksum.status") == "0" else None


def _labels(layer: layers.Mpls) -> list[tuple[int, int, bool, int]]:
    return [(each.label, each.tc if each.tc is not UNSET else -1, each.bottom, each.ttl) for each in layer.labels]


def _label(node: Node) -> tuple[int | None, int | None, bool, int | None]:
    return node.number("mpls.label"), node.number("mpls.exp"), node.flag("mpls.bottom"), node.number("mpls.ttl")


ETHERTYPE = attribute("ethertype")
ETHERNET = (
    Field("src", attribute("src"), show("eth.src")),
    Field("dst", attribute("dst"), show("eth.dst")),
    Field("ethertype", ETHERTYPE, number("eth.type")),
)
PPP = Field("protocol", attribute("protocol"), number("ppp.protocol"))

LINKS: dict[type, tuple[str, tuple[Field, ...]]] = {
    layers.Ethernet: ("eth", ETHERNET),
    layers.Sll: ("sll", (Field("address", attribute("address"), show("sll.src.eth")), Field("ethertype", ETHERTYPE, number("sll.etype")))),
    layers.Loopback: ("null", (Field("family", attribute("family"), number("null.family")),)),
    layers.PppLink: ("ppp", (PPP,)),
    layers.Infiniband: ("ipoib", (Field("ethertype", ETHERTYPE, number("ipoib.type")),)),
    layers.Arcnet: (
        "arcnet",
        (Field("src", attribute("src"), _octet("arcnet.src")), Field("dst", attribute("dst"), _octet("arcnet.dst"))),
    ),
}

LAYERS: dict[type, tuple[str, tuple[Field, ...]]] = {
    layers.UdpLayer: (
        "udp",
        (
            Field("sport", attribute("sport"), number("udp.srcport")),
            Field("dport", attribute("dport"), number("udp.dstport")),
            Field("bad_checksum", attribute("bad_checksum"), _bad("udp.checksum")),
            Field("good_checksum", attribute("good_checksum"), _bad("udp.checksum_calculated")),
        ),
    ),
    layers.EthernetLayer: ("eth", ETHERNET),
    layers.Vlan: (
        "vlan",
        (
            Field("id", attribute("id"), number("vlan.id")),
            Field("priority", attribute("priority"), number("vlan.priority")),
            Field("dei", attribute("dei"), lambda node: node.flag("vlan.dei")),
            Field("ethertype", ETHERTYPE, number("vlan.etype")),
        ),
    ),
    layers.Pppoe: ("pppoes", (Field("session", attribute("session"), number("pppoe.session_id")),)),
    layers.PppLayer: ("ppp", (PPP,)),
    layers.Gre: (
        "gre",
        (
            Field("proto", attribute("proto"), number("gre.proto")),
            Field("key", attribute("key"), number("gre.key")),
            Field("seq", attribute("seq"), number("gre.sequence_number")),
        ),
    ),
    layers.Vxlan: (
        "vxlan",
        (
            Field("bits", attribute("bits"), lambda node: (node.number("vxlan.flags") or 0) >> 8),
            Field("vni", attribute("vni"), number("vxlan.vni")),
        ),
    ),
    layers.Geneve: (
        "geneve",
        (
            Field("vni", attribute("vni"), number("geneve.vni")),
            Field("proto", attribute("proto"), number("geneve.proto_type")),
        ),
    ),
    layers.Icmp: ("icmp", ()),
}
UNDISSECTED = (layers.Closed, layers.Llc)

Pair = tuple[str, Any, Any]
"""A field's name, our value, tshark's."""


def _both(prefix: str, fields: tuple[Field, ...], mine: Any, node: Node) -> Iterator[Pair]:
    for field in fields:
        yield f"{prefix}.{field.name}", field.ours(mine), field.theirs(node)


def link(packet: Packet, frame: Frame) -> Iterator[Pair]:
    if packet.link is UNSET or type(packet.link) not in LINKS:
        return
    name, fields = LINKS[type(packet.link)]
    yield f"link.{name}", True, frame.headers[1].name == name
    yield from _both(f"link.{name}", fields, packet.link, frame.headers[1])
    yield from _both(f"link.{name}", (WIRE_LENGTH,), packet.link, frame.headers[0])
    if name == "sll":
        direction = packet.direction.strip() if packet.direction is not UNSET else UNSET
        yield "link.sll.direction", direction, DIRECTIONS.get(frame.headers[1].number("sll.pkttype") or 0)


def stack(packet: Packet, frame: Frame) -> Iterator[Pair]:
    """Each layer of ours with the next header of its name, from behind the link header on."""
    rest = iter(frame.headers[2 if frame.headers[1].name != "vlan" else 1 :])
    for layer in packet.layers:
        if isinstance(layer, UNDISSECTED):
            continue
        if isinstance(layer, layers.Mpls):
            found = [_label(node) for node, _ in zip((node for node in rest if node.name == "mpls"), layer.labels, strict=False)]
            yield "layers.mpls.labels", _labels(layer), found
            continue
        ip = layer.ip if isinstance(layer, layers.IpLayer) else None
        names = {"ip" if isinstance(ip, IPv4) else "ipv6"} if ip else {LAYERS[type(layer)][0]}
        names |= {"ieee8021ad"} if names == {"vlan"} else set()
        node = next((node for node in rest if node.name in names), None)
        yield f"layers.{max(names)}", True, node is not None
        if node is None:
            return
        if ip:
            yield from _both("layers", headers.fields(ip), ip, node)
        else:
            yield from _both(f"layers.{max(names)}", LAYERS[type(layer)][1], layer, node)


def record(packet: Packet, frame: Frame, ordinal: int) -> Iterator[Pair]:
    yield "number", packet.number, ordinal
    if packet.octets is not UNSET:
        network = next((node.pos for node in frame.headers[1:] if node.name in ("ip", "ipv6", "mpls", "pppoes")), 0)
        known = frame.octets if packet.octets.origin == "link" else frame.octets[network:]
        yield "octets", packet.octets.hex, known.hex()
