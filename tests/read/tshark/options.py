"""The options of TCP and IP and the extension headers of IPv6: what tshark shows of each, under the names of our model.

A reader gives the fields that tcpdump prints of its kind and no more, so both sides must have the same keys. Where tshark shows no
value (a length byte it does not believe) it raises Silent, and only the kind is compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tcpdump_parse.model import IPv4, Segment
from tcpdump_parse.model.options import Mptcp, Unknown
from tests.read.tshark.dissected import Node

Told = dict[str, Any]
WORDS = frozenset({"kind", "name", "len", "verdict", "glued", "unnamed", "blocks_abs", "terse", "tight", "words", "tlv"})
"""Keys that repeat the kind, or are tcpdump's wording and not the packet."""
BIG = 2**53


class Silent(Exception):
    """tshark shows no value there."""


def shown(node: Node, name: str) -> int:
    number = node.number(name)
    if number is None:
        raise Silent(name)
    return number


def octets(node: Node, name: str) -> str:
    found = node.octets(name)
    if found is None:
        raise Silent(name)
    return found


def hexadecimal(node: Node, name: str) -> str:
    """Digits as `%x` prints a number: without the zeros before it."""
    return format(shown(node, name), "x")


def big(node: Node, name: str) -> int | str:
    number = shown(node, name)
    return str(number) if number > BIG else number


def _nothing(node: Node) -> Told:
    return {}


def _plain(**fields: str) -> Callable[[Node], Told]:
    return lambda node: {ours: shown(node, theirs) for ours, theirs in fields.items()}


def _sack(node: Node) -> Told:
    if node.number("tcp.options.sack.count") is None or len(node.value) % 16 != 4:
        raise Silent
    left, right = ([int(edge.show) for edge in node.every(f"tcp.options.sack_{side}")] for side in ("le", "re"))
    return {"blocks": [[*pair] for pair in zip(left, right, strict=True)]}


def _uto(node: Node) -> Told:
    value = shown(node, "tcp.options.user_to_val")
    minutes = node.flag("tcp.options.user_to_granularity")
    return {"value": minutes << 15 | value, "seconds": value * 60 if minutes else value}


def _cookie(node: Node) -> Told:
    if node.text("tcp.options.tfo.request") is not None:
        return {"request": True}
    return {"cookie": octets(node, "tcp.options.tfo.cookie")}


def _experiment(node: Node) -> Told:
    number = shown(node, "tcp.options.experimental.exid")
    return _cookie(node) if number == 0xF989 else {"magic": number}


def _ao(node: Node) -> Told:
    known = _plain(keyid="tcp.options.ao.keyid", rnextkeyid="tcp.options.ao.rnextkeyid")(node)
    return known | ({"mac": octets(node, "tcp.options.ao.mac")} if node.text("tcp.options.ao.mac") else {})


def _unknown(node: Node) -> Told:
    return {"octets": node.value[4:]} if node.value[4:] else {}


M = "tcp.options.mptcp."
CAPABLE = "ABCDEFGH"
REASONS = (
    "Unspecified error", "MPTCP-specific error", "Lack of resources", "Administratively prohibited", "Too much outstanding data",
    "Unacceptable performance", "Middlebox interference",
)  # fmt: skip
SOMETIMES = frozenset({"length", "version", "flags", "data_len", "variant"})
"""What of MPTCP only some versions of tcpdump print."""


def _capable(node: Node) -> Told:
    flags = shown(node, f"{M}flags")
    found: Told = {"version": shown(node, f"{M}version"), "flags": "".join(CAPABLE[bit] for bit in range(8) if flags >> (7 - bit) & 1)}
    found |= {"csum": True} if node.flag(f"{M}checksumreq.flags") else {}
    found |= {ours: hexadecimal(node, M + theirs) for ours, theirs in (("key", "sendkey"), ("key2", "recvkey")) if node.text(M + theirs)}
    return found | ({"data_len": shown(node, f"{M}datalvllen")} if node.text(f"{M}datalvllen") else {})


def _reset(node: Node) -> Told:
    flags = "".join(letter for letter in "UVWT" if node.flag(f"{M}flag_{letter}.flag"))
    return {"flags": flags or "none", "reason": REASONS[shown(node, f"{M}rst_reason")]}


def _join(node: Node) -> Told:
    if node.text(f"{M}sendhmac"):
        return {"hmac": octets(node, f"{M}sendhmac")}
    found: Told = {"backup": True} if node.flag(f"{M}backup.flag") else {}
    found |= {"id": shown(node, f"{M}addrid"), "nonce": shown(node, f"{M}sendrand")}
    if node.text(f"{M}recvtok"):
        return found | {"token": shown(node, f"{M}recvtok")}
    return found | {"hmac": hexadecimal(node, f"{M}sendtrunchmac")}


def _dss(node: Node) -> Told:
    found: Told = {"fin": True} if node.flag(f"{M}datafin.flag") else {}
    if node.flag(f"{M}dataackpresent.flag"):
        found["ack"] = big(node, f"{M}rawdataack")
    if node.flag(f"{M}dseqnpresent.flag"):
        found |= {"seq": big(node, f"{M}rawdataseqno"), "subseq": shown(node, f"{M}subflowseqno"), "len": shown(node, f"{M}datalvllen")}
        (length,) = node.every(f"{M}datalvllen")
        if csum := node.value[2 * (length.pos + 2 - node.pos) :]:  # tshark shows it where the connection began with asking for it
            found["csum"] = int(csum, 16)
    return found


def _add(node: Node) -> Told:
    six = bool(node.text(f"{M}ipv6"))
    echo = node.number(f"{M}echo")
    variant = f"v0-ip{6 if six else 4}" if echo is None else "v1-echo" if echo else "v1"
    found: Told = {"variant": variant, "id": shown(node, f"{M}addrid"), "address": node.text(f"{M}ipv6" if six else f"{M}ipv4")}
    found |= {"port": shown(node, f"{M}port")} if node.text(f"{M}port") else {}
    return found | ({"hmac": hexadecimal(node, f"{M}addaddrtrunchmac")} if node.text(f"{M}addaddrtrunchmac") else {})


def _prio(node: Node) -> Told:
    priority = "backup" if node.flag(f"{M}backup.flag") else "non-backup"
    return {"priority": priority} | ({"id": shown(node, f"{M}addrid")} if node.text(f"{M}addrid") else {})


SUBTYPES: dict[int, tuple[str, Callable[[Node], Told]]] = {
    0: ("capable", _capable),
    1: ("join", _join),
    2: ("dss", _dss),
    3: ("add-addr", _add),
    4: ("rem-addr", lambda node: {"ids": tuple(int(each.show) for each in node.every(f"{M}addrid"))}),
    5: ("prio", _prio),
    6: ("fail", lambda node: {"seq": big(node, f"{M}rawdataseqno")}),
    7: ("fast-close", lambda node: {"key": hexadecimal(node, f"{M}recvkey")}),
    8: ("tcprst", _reset),
}


def _mptcp(node: Node) -> Told:
    name, read = SUBTYPES.get(shown(node, f"{M}subtype"), ("unknown", _nothing))
    return {"length": shown(node, "tcp.option_len"), "sub": {"subtype": name} | read(node)}


def _as_printed(mine: Told, told: Told) -> Told:
    """What tshark shows of an MPTCP option, in the words of a tcpdump that prints `mine`."""
    said, sub = mine["sub"], told["sub"]
    if said == {"subtype": "unknown"} and sub["subtype"] == "tcprst":  # of 2020, younger than 4.99
        sub = said
    if "unknown_version" in said:
        sub = {"subtype": "capable", "unknown_version": sub["version"]}
    if "address_port" in said:
        port = f":{sub.pop('port')}" if "port" in sub else ""
        sub |= {"address_port": sub.pop("address") + port}
    sub = {key: value for key, value in sub.items() if key in said or key not in SOMETIMES}
    return {key: value for key, value in (told | {"sub": sub}).items() if key in mine or key not in SOMETIMES}


KINDS: dict[int, Callable[[Node], Told]] = {
    0: _nothing,
    1: _nothing,
    2: _plain(value="tcp.options.mss_val"),
    3: _plain(shift="tcp.options.wscale.shift"),
    4: _nothing,
    5: _sack,
    6: _plain(value="tcp.options.echo_value"),
    7: _plain(value="tcp.options.echo_value"),
    8: _plain(val="tcp.options.timestamp.tsval", ecr="tcp.options.timestamp.tsecr"),
    11: _plain(value="tcp.options.cc_value"),
    12: _plain(value="tcp.options.cc_value"),
    13: _plain(value="tcp.options.cc_value"),
    19: lambda node: {"digest": octets(node, "tcp.options.md5.digest")},
    20: _plain(cap="tcp.options.scps.vector", id="tcp.options.scps.binding"),
    28: _uto,
    29: _ao,
    30: _mptcp,
    34: _cookie,
    254: _experiment,
}


def tcp_options(node: Node) -> list[Node]:
    """tshark's options in the order of the wire, one node each."""
    holder = next((each for each in node.within if each.name == "tcp.options"), None)
    if holder is None:
        return []
    return [_whole(each, holder) for each in holder.within if each.text("tcp.option_kind")]


def _whole(node: Node, holder: Node) -> Node:
    """With its octets: MPTCP is a protocol to tshark, and has none of its own."""
    start = 2 * (node.pos - holder.pos)
    return node if node.value else replace(node, value=holder.value[start : start + 2 * (node.number("tcp.option_len") or 0)])


def ours(option: msgspec.Struct) -> Told:
    """Our option without what repeats its kind."""
    told: Told = msgspec.to_builtins(option)
    found = {key: value for key, value in told.items() if key not in WORDS and value != ""}
    return found | ({"blocks": [[*block] for block in found["blocks"]]} if "blocks" in found and "invalid" not in told else {})


def less(told: Told, base: int) -> Told:
    """With SACK edges as they are printed, counted from the base."""
    blocks = told.get("blocks")
    return told if blocks is None else told | {"blocks": [[(edge - base) % 2**32 for edge in block] for block in blocks]}


def same(option: msgspec.Struct, node: Node, base: int) -> tuple[Told, Told] | None:
    """Both sides of one option, to be equal; None if tshark shows nothing to compare with. Lengths count where one was printed."""
    length = getattr(option, "len", UNSET)
    mine, theirs = ours(option), KINDS.get(shown(node, "tcp.option_kind"), _unknown)
    if isinstance(option, Unknown):
        theirs = _unknown
    printed = {"len": length} if length is not UNSET else {}
    try:
        told = theirs(node)
        if getattr(option, "invalid", UNSET) is not UNSET:
            raise Silent  # tcpdump shows none
        if isinstance(option, Mptcp):
            told = _as_printed(mine, told)
    except Silent:
        return None if not printed else (printed, {"len": shown(node, "tcp.option_len")})
    return printed | mine, ({"len": shown(node, "tcp.option_len")} if printed else {}) | less(told, base)


def _odd(option: msgspec.Struct) -> bool:
    """Whether its length makes no sense: printed, or tcpdump's word for it, or SACK without a block."""
    told = msgspec.to_builtins(option)
    return "len" in told or "invalid" in told or told.get("blocks") == ()


def pairs(segment: Segment, node: Node) -> tuple[list[int], list[int], list[tuple[msgspec.Struct, Node]]]:
    """Our kinds, tshark's kinds, and the options with each other.

    tcpdump stops at the end of the list and where it gives up; behind a length that makes no sense the two go on at different octets.
    """
    mine = [option for option in segment.options if hasattr(option, "kind")]
    theirs = tcp_options(node)
    odd = next((index for index, option in enumerate(mine, 1) if _odd(option)), None)
    if odd is not None:
        mine = mine[:odd]
    if odd is not None or segment.cut is not UNSET or (mine and mine[-1].kind == 0):
        theirs = theirs[: len(mine)]
    kinds = [int(option.kind) for option in mine], [shown(each, "tcp.option_kind") for each in theirs]
    return (*kinds, list(zip(mine, theirs, strict=False)))


# IP

IP_NAMES = {0: "EOL", 1: "NOP", 130: "security", 82: "traceroute", 148: "RA", 7: "RR", 131: "LSRR", 137: "SSRR", 68: "timestamp"}
FORMS = {0: "TSONLY", 1: "TS+ADDR", 3: "PRESPEC"}


def _route(node: Node) -> Told:
    """Addresses before the pointer, and after it; tshark calls what is left of a source route a destination."""
    found = {"recorded": [each.show for each in node.every("ip.rec_rt")]}
    found["unused"] = [each.show for name in ("ip.empty_rt", "ip.src_rt", "ip.dst") for each in node.every(name)]
    return {key: value for key, value in found.items() if value}


def _stamps(node: Node) -> Told:
    pointer = shown(node, "ip.opt.ptr") - 1
    form = FORMS[shown(node, "ip.opt.flag")]
    addresses: list[Node | None] = [*node.every("ip.opt.time_stamp_addr")]
    stamps = []
    times = node.every("ip.opt.time_stamp")
    for time, address in zip(times, addresses or [None] * len(times), strict=True):
        where = address or time
        stamp: Told = {"time": int(time.show)} | ({"address": address.show} if address else {})
        stamps.append(stamp | ({"pointed": True} if where.pos - node.pos == pointer else {}))
    missed = shown(node, "ip.opt.overflow")
    ends = {"pointed": True} if pointer == shown(node, "ip.opt.len") else {}
    return {"form": form, "stamps": stamps} | ends | ({"missed": missed} if missed else {})


def _alert(node: Node) -> Told:
    value = shown(node, "ip.opt.ra")
    return {"value": value} if value else {}


IP_READERS: dict[str, Callable[[Node], Told]] = {"RA": _alert, "RR": _route, "LSRR": _route, "SSRR": _route, "timestamp": _stamps}


def ip_options(node: Node) -> list[Told] | None:
    """tshark's options of an IPv4 header; None where it has none."""
    found = []
    for each in (option for holder in node.within for option in holder.within if option.number("ip.opt.type") is not None):
        kind = shown(each, "ip.opt.type")
        name = IP_NAMES.get(kind)
        read = IP_READERS.get(name or "", _nothing)
        found.append({"name": name} | read(each) if name else {"name": "unknown", "kind": kind})
    return found or None


def our_ip_options(ip: IPv4) -> list[Told] | UnsetType:
    return msgspec.json.decode(msgspec.json.encode(ip.options)) if ip.options else UNSET
