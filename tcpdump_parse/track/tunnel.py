"""What a segment travelled in, as words that are the same for both directions and for every packet of a tunnel.

However, MPLS labels are left out of it, because each direction has its own; and so are ports of the outer UDP, which only spread load.
"""

from __future__ import annotations

from typing import Final

from msgspec import UNSET

from tcpdump_parse.model.layers import Geneve, Gre, IpLayer, Layer, Mpls, Pppoe, Vlan, Vxlan

NUMBER: Final[dict[type, str]] = {Vlan: "id", Pppoe: "session", Gre: "key", Vxlan: "vni", Geneve: "vni"}
"""The number that tells one such tunnel from another."""


def tunnel(layers: tuple[Layer, ...]) -> str:
    """`vlan 5`, `ip 10.0.0.1 - 10.0.0.2, gre`: outermost first; "" for plain IP."""
    return ", ".join(word for word in map(_word, layers) if word)


def _word(layer: Layer) -> str:
    if isinstance(layer, IpLayer):
        return "ip " + " - ".join(sorted((layer.ip.src, layer.ip.dst)))
    if isinstance(layer, Mpls):
        return "mpls"
    field = NUMBER.get(type(layer))
    if field is None:
        return ""
    number = getattr(layer, field)
    return str(type(layer).__struct_config__.tag) + ("" if number is UNSET else f" {number}")
