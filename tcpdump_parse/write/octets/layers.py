"""Outer headers as octets: tags, labels and tunnels whose every octet is printed or follows from what is.

Not here, and so not rebuilt: VXLAN and Geneve (tcpdump does not print the inner Ethernet header, which UDP's checksum covers),
GRE with a checksum, LLC, and layers that the grammar leaves closed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import pack
from typing import Any

from msgspec import UNSET

from tcpdump_parse.model import IPv4
from tcpdump_parse.model import layers as m
from tcpdump_parse.write.octets.extensions import extensions_octets
from tcpdump_parse.write.octets.ip_options import ip_options_octets
from tcpdump_parse.write.octets.ipv4 import ipv4_octets
from tcpdump_parse.write.octets.ipv6 import ipv6_octets
from tcpdump_parse.write.octets.outcome import CannotBuildError, Reason

ETHERTYPES = {4: 0x0800, 6: 0x86DD}
PPP = {4: 0x0021, 6: 0x0057}


def layers_octets(layers: Sequence[m.Layer], version: int, size: int) -> bytes:
    """The headers in front of an IP packet of `version` and `size` octets (on the wire), outermost first."""
    octets = b""
    for layer in reversed(layers):
        encode = ENCODERS.get(type(layer))
        if encode is None:
            raise CannotBuildError(Reason.TUNNEL)
        octets = encode(layer, version, size + len(octets)) + octets
        version = 4 if isinstance(layer, m.IpLayer) and isinstance(layer.ip, IPv4) else 6 if isinstance(layer, m.IpLayer) else version
    return octets


def outermost(layers: Sequence[m.Layer], version: int) -> int:
    """The version of the outermost IP header."""
    first = next((layer.ip for layer in layers if isinstance(layer, m.IpLayer)), None)
    return version if first is None else 4 if isinstance(first, IPv4) else 6


def _ip(layer: m.IpLayer, _: int, size: int) -> bytes:
    ip = layer.ip
    if isinstance(ip, IPv4):
        options, _hidden = ip_options_octets(ip.options, None) if ip.options else (b"", False)
        inner = extensions_octets(ip.extensions, None) if ip.extensions else b""
        if ip.length is not UNSET and ip.length != 20 + len(options) + len(inner) + size:
            raise CannotBuildError(Reason.LENGTHS)
        return ipv4_octets(ip, 20 + len(options) + len(inner) + size, options) + inner
    if ip.extensions or ip.next_header is UNSET or (ip.payload_length is not UNSET and ip.payload_length != size):
        raise CannotBuildError(Reason.LENGTHS)
    return ipv6_octets(ip, size, ip.next_header)


def _vlan(layer: m.Vlan, version: int, _: int) -> bytes:
    kind = ETHERTYPES[version] if layer.ethertype is UNSET else layer.ethertype
    return pack("!HH", layer.priority << 13 | layer.dei << 12 | layer.id, kind)


def _mpls(layer: m.Mpls, _: int, size: int) -> bytes:
    words = [
        label.label << 12 | (label.tc or label.experimental or 0) << 9 | label.bottom << 8 | label.ttl
        for label in layer.labels
    ]
    return pack(f"!{len(words)}I", *words)


def _pppoe(layer: m.Pppoe, _: int, size: int) -> bytes:
    return pack("!BBHH", 0x11, 0, layer.session, size)


def _gre(layer: m.Gre, version: int, _: int) -> bytes:
    if layer.sum is not UNSET or layer.off is not UNSET:
        raise CannotBuildError(Reason.TUNNEL)
    keyed, counted = layer.key is not UNSET, layer.seq is not UNSET
    octets = pack("!HH", 0x2000 * keyed | 0x1000 * counted, ETHERTYPES[version] if layer.proto is UNSET else layer.proto)
    return octets + (pack("!I", layer.key) if keyed else b"") + (pack("!I", layer.seq) if counted else b"")


ENCODERS: dict[type, Callable[[Any, int, int], bytes]] = {
    m.IpLayer: _ip,
    m.Vlan: _vlan,
    m.Mpls: _mpls,
    m.Pppoe: _pppoe,
    m.PppLayer: lambda layer, _, size: pack("!H", layer.protocol),
    m.Gre: _gre,
}
"""The layer's octets, given the version of the IP header inside and how many octets follow."""
