"""Extension headers of IPv6: what tshark shows of each, under the names of our model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tcpdump_parse.model import IPv6
from tests.read.tshark.dissected import Node
from tests.read.tshark.options import shown

Told = dict[str, Any]


def _option(node: Node) -> Told:
    kind = shown(node, "ipv6.opt.type")
    if kind == 0:
        return {"name": "pad1"}
    if kind == 1:
        return {"name": "padn"}
    if kind == 5:
        return {"name": "rtalert", "value": shown(node, "ipv6.opt.router_alert")}
    if kind == 0xC2:
        return {"name": "jumbo", "value": shown(node, "ipv6.opt.jumbo")}
    return {"name": "unknown", "type": kind, "len": shown(node, "ipv6.opt.length")}


def _options(name: str) -> Callable[[Node], Told]:
    return lambda node: {"name": name, "options": [_option(each) for each in node.every("ipv6.opt")]}


def _routing(node: Node) -> Told:
    kind = shown(node, "ipv6.routing.type")
    found = {"name": "RT6", "len": shown(node, "ipv6.routing.len"), "type": kind, "segleft": shown(node, "ipv6.routing.segleft")}
    if kind == 4:
        found |= {"last_entry": shown(node, "ipv6.routing.srh.last_entry"), "flags": shown(node, "ipv6.routing.srh.flags")}
        found["tag"] = int((node.text("ipv6.routing.srh.tag") or "").replace(":", ""), 16)
    else:
        found["rsv"] = int((node.text("ipv6.routing.src.reserved") or "").replace(":", ""), 16)
    hops = [each.show for name in ("ipv6.routing.srh.addr", "ipv6.routing.src.addr") for each in node.every(name)]
    return found | {"route": [{"index": index, "address": address} for index, address in enumerate(hops)]}


def _fragment(node: Node) -> Told:
    return {"name": "frag", "offset": shown(node, "ipv6.fraghdr.offset") * 8, "id": shown(node, "ipv6.fraghdr.ident")}


READERS = {"ipv6.hopopts": _options("HBH"), "ipv6.dstopts": _options("DSTOPT"), "ipv6.routing": _routing, "ipv6.fraghdr": _fragment}


def theirs(node: Node) -> list[Told] | None:
    found = [READERS[each.name](each) for each in node.within if each.name in READERS]
    for each in found:
        if each["name"] == "frag":  # tcpdump prints how much follows the header
            each["length"] = shown(node, "ipv6.plen") - 8
    return found or None


def ours(ip: IPv6) -> list[Told] | UnsetType:
    """tcpdump prints what stands in a header, and the identification of a fragment, at -v only."""
    if not ip.extensions or ip.hlim is UNSET:
        return UNSET
    told: list[Told] = msgspec.json.decode(msgspec.json.encode(ip.extensions))
    return [{key: value for key, value in each.items() if key not in ("tight", "words", "note")} for each in told]
