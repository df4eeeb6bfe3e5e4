"""The table of the fields of IP and TCP: how a packet of ours gives each, and how tshark's text of it is read.

Both sides are brought to the same value; UNSET is what the text does not print, None what tshark does not show.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from tcpdump_parse.model import IP, Checksum, IPv4, Segment
from tests.read.tshark import extensions
from tests.read.tshark.dissected import Node
from tests.read.tshark.options import ip_options, our_ip_options

LETTERS = "FSRP.UEW"
ECN = {1: "ECT(1)", 2: "ECT(0)", 3: "CE"}


class Field(NamedTuple):
    """`ours` of the model's object, `theirs` of tshark's header; both give comparable values."""

    name: str
    ours: Callable[[Any], Any]
    theirs: Callable[[Node], Any]


def show(name: str) -> Callable[[Node], str | None]:
    return lambda node: node.text(name)


def number(name: str) -> Callable[[Node], int | None]:
    return lambda node: node.number(name)


def attribute(name: str) -> Callable[[Any], Any]:
    return lambda value: getattr(value, name, UNSET)


def _port(name: str) -> Callable[[Segment], int | UnsetType]:
    """A service's name stands for the number that this machine's services give it, as it does for tcpdump."""

    def found(segment: Segment) -> int | UnsetType:
        port = getattr(segment, name)
        return port if isinstance(port, int) else socket.getservbyname(port, "tcp")

    return found


def _letters(node: Node) -> str | None:
    """From the bits themselves: of a connection with accurate ECN tshark names three of them otherwise."""
    bits = node.number("tcp.flags")
    return None if bits is None else "".join(letter for place, letter in enumerate(LETTERS) if bits >> place & 1)


def _accurate(node: Node) -> bool | None:
    return bool((node.number("tcp.flags") or 0) >> 8 & 1) or None


def _unflagged(flag: str, name: str) -> Callable[[Node], int | None]:
    return lambda node: None if node.flag(flag) else node.number(name) or None


def _sum(part: Callable[[Checksum], Any]) -> Callable[[Segment], Any]:
    return lambda segment: part(segment.checksum) if segment.checksum is not UNSET else UNSET


def _correct(node: Node) -> bool | None:
    return {"0": False, "1": True}.get(node.text("tcp.checksum.status") or "")


def _expected(node: Node) -> int | None:
    return node.number("tcp.checksum_calculated") if node.text("tcp.checksum.status") == "0" else None


def _when(flag: str, name: str) -> Callable[[Node], int | None]:
    return lambda node: node.number(name) if node.flag(flag) else None


def _fragment_flags(node: Node) -> tuple[str, ...] | None:
    if node.text("ip.flags") is None:
        return None
    return tuple(word for name, word in (("mf", "+"), ("df", "DF"), ("rb", "rsvd")) if node.flag(f"ip.flags.{name}"))


def _bad(name: str) -> Callable[[Node], int | None]:
    return lambda node: node.number(name) if node.text("ip.checksum.status") == "0" else None


def _not_zero(name: str) -> Callable[[Node], int | None]:
    return lambda node: node.number(name) or None


TCP = (
    Field("tcp.sport", _port("sport"), number("tcp.srcport")),
    Field("tcp.dport", _port("dport"), number("tcp.dstport")),
    Field("tcp.flags", lambda segment: UNSET if segment.flags is UNSET else segment.flags.removesuffix("e"), _letters),
    Field("tcp.flags.ae", lambda segment: "e" in (segment.flags or "") or UNSET, _accurate),
    Field("tcp.seq_abs", attribute("seq_abs"), number("tcp.seq")),
    Field("tcp.ack_abs", attribute("ack_abs"), _when("tcp.flags.ack", "tcp.ack")),
    Field("tcp.win", attribute("win"), number("tcp.window_size_value")),
    Field("tcp.urg", attribute("urg"), _when("tcp.flags.urg", "tcp.urgent_pointer")),
    Field("tcp.checksum.value", _sum(lambda told: told.value), number("tcp.checksum")),
    Field("tcp.checksum.correct", _sum(lambda told: told.correct), _correct),
    Field("tcp.checksum.expected", _sum(lambda told: told.expected), _expected),
    Field("tcp.ack_unflagged", attribute("ack_unflagged"), _unflagged("tcp.flags.ack", "tcp.ack")),
    Field("tcp.urg_unflagged", attribute("urg_unflagged"), _unflagged("tcp.flags.urg", "tcp.urgent_pointer")),
)  # fmt: skip

V4 = (
    Field("ip.src", attribute("src"), show("ip.src")),
    Field("ip.dst", attribute("dst"), lambda node: node.text("ip.cur_rt") or node.text("ip.dst")),
    Field("ip.tos", attribute("tos"), number("ip.dsfield")),
    Field("ip.ecn", attribute("ecn"), lambda node: ECN.get(node.number("ip.dsfield.ecn") or 0)),
    Field("ip.ttl", attribute("ttl"), _not_zero("ip.ttl")),
    Field("ip.id", attribute("id"), number("ip.id")),
    Field("ip.offset", attribute("offset"), number("ip.frag_offset")),
    Field("ip.flags", attribute("flags"), _fragment_flags),
    Field("ip.proto", attribute("proto"), number("ip.proto")),
    Field("ip.length", attribute("length"), number("ip.len")),
    Field("ip.bad_checksum", attribute("bad_checksum"), _bad("ip.checksum")),
    Field("ip.good_checksum", attribute("good_checksum"), _bad("ip.checksum_calculated")),
    Field("ip.options", our_ip_options, ip_options),
)  # fmt: skip

V6 = (
    Field("ip6.src", attribute("src"), show("ipv6.src")),
    Field("ip6.dst", attribute("dst"), show("ipv6.dst")),
    Field("ip6.class", attribute("class_"), _not_zero("ipv6.tclass")),
    Field("ip6.flowlabel", attribute("flowlabel"), _not_zero("ipv6.flow")),
    Field("ip6.hlim", attribute("hlim"), number("ipv6.hlim")),
    Field("ip6.next_header", attribute("next_header"), number("ipv6.nxt")),
    Field("ip6.payload_length", attribute("payload_length"), number("ipv6.plen")),
    Field("ip6.extensions", extensions.ours, extensions.theirs),
)  # fmt: skip


def fields(ip: IP) -> tuple[Field, ...]:
    return V4 if isinstance(ip, IPv4) else V6
