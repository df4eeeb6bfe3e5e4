"""Bodies of OpenFlow 1.0 messages (OpenFlow Switch Specification 1.0.0, §5), from tcpdump's lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from tcpdump_parse.write.octets.payload.columns import Holes, fields, laid_out
from tcpdump_parse.write.octets.payload.dump import dumped

NAMES = {
    "MAX": 0xFF00, "IN_PORT": 0xFFF8, "TABLE": 0xFFF9, "NORMAL": 0xFFFA, "FLOOD": 0xFFFB, "ALL": 0xFFFB, "CONTROLLER": 0xFFFD,
    "LOCAL": 0xFFFE, "NONE": 0xFFFF, "in_port ALL": 0xFFFC, "out_port ALL": 0xFFFC, "port ALL": 0xFFFC, "port_no ALL": 0xFFFC,
    "buffer_id NONE": 0xFFFFFFFF, "queue_id ALL": 0xFFFFFFFF, "table_id ALL": 0xFF, "table_id EMERG": 0xFE,
    "reason IDLE_TIMEOUT": 0, "reason HARD_TIMEOUT": 1, "reason DELETE": 2, "reason NO_MATCH": 0, "reason ACTION": 1,
    "reason ADD": 0, "reason MODIFY": 2,
    "command ADD": 0, "command MODIFY": 1, "command MODIFY_STRICT": 2, "command DELETE": 3, "command DELETE_STRICT": 4,
    "type DESC": 0, "type FLOW": 1, "type AGGREGATE": 2, "type TABLE": 3, "type PORT": 4, "type QUEUE": 5, "type VENDOR": 0xFFFF,
    "flags FRAG_NORMAL": 0, "flags FRAG_DROP": 1, "flags FRAG_REASM": 2, "property NONE": 0, "property MIN_RATE": 1,
    "type HELLO_FAILED": 0, "type BAD_REQUEST": 1, "type BAD_ACTION": 2, "type FLOW_MOD_FAILED": 3, "type PORT_MOD_FAILED": 4,
    "type QUEUE_OP_FAILED": 5, "vlan UNTAGGED": 0xFFFF, "dl_vlan UNTAGGED": 0xFFFF,
    "report_mirror_ports OFF": 0, "report_mirror_ports ON": 1,
}  # fmt: skip
CODES = {
    1: ("BAD_VERSION", "BAD_TYPE", "BAD_STAT", "BAD_VENDOR", "BAD_SUBTYPE", "EPERM", "BAD_LEN", "BUFFER_EMPTY", "BUFFER_UNKNOWN"),
    0: ("INCOMPATIBLE", "EPERM"),
    2: ("BAD_TYPE", "BAD_LEN", "BAD_VENDOR", "BAD_VENDOR_TYPE", "BAD_OUT_PORT", "BAD_ARGUMENT", "EPERM", "TOO_MANY", "BAD_QUEUE"),
    3: ("ALL_TABLES_FULL", "OVERLAP", "EPERM", "BAD_EMERG_TIMEOUT", "BAD_COMMAND", "UNSUPPORTED"),
}
FLOW_MOD = "cookie:8 command:2 idle_timeout:2 hard_timeout:2 priority:2 buffer_id:4 out_port:2 flags:2"
FLOW_REMOVED = "cookie:8 priority:2 reason:1 .1 duration_sec:4 duration_nsec:4 idle_timeout:2 .2 packet_count:8 byte_count:8"
FLOW_STATS = (
    "duration_sec:4 duration_nsec:4 priority:2 idle_timeout:2 hard_timeout:2 .6 cookie:8 packet_count:8 byte_count:8"
)
STATISTICS = {
    "DESC": {
        "mfr_desc": "mfr_desc:256", "hw_desc": "hw_desc:256", "sw_desc": "sw_desc:256", "serial_num": "serial_num:32",
        "dp_desc": "dp_desc:256",
    },
    "AGGREGATE": {"packet_count": "packet_count:8 byte_count:8 flow_count:4 .4"},
    "TABLE": {
        "table_id": "table_id:1 .3 name:32",
        "wildcards": "wildcards:4",
        "max_entries": "max_entries:4 active_count:4 lookup_count:8 matched_count:8",
    },
    "PORT": {
        "port_no": "port_no:2 .6 rx_packets:8 tx_packets:8 rx_bytes:8 tx_bytes:8 rx_dropped:8 tx_dropped:8 rx_errors:8 tx_errors:8 "
        "rx_frame_err:8 rx_over_err:8 rx_crc_err:8 collisions:8"
    },
    "QUEUE": {"port_no": "port_no:2 .2 queue_id:4 tx_bytes:8 tx_packets:8 tx_errors:8"},
}  # fmt: skip
"""Statistics replies: by the type, then by the first name of a line."""
MESSAGES = {
    "GET_CONFIG_REPLY": {"flags": "flags:2 miss_send_len:2"},
    "SET_CONFIG": {"flags": "flags:2 miss_send_len:2"},
    "QUEUE_GET_CONFIG_REQUEST": {"port": "port:2 .2"},
    "QUEUE_GET_CONFIG_REPLY": {
        "port": "port:2 .6", "queue_id": "queue_id:4 len:2 .2", "property": "property:2 len:2 .4", "rate": "rate:2 .6",
    },
    "FEATURES_REPLY": {
        "dpid": "dpid:8 n_buffers:4 n_tables:1 .3", "capabilities": "capabilities:4", "actions": "actions:4",
        "port_no": "port_no:2 hw_addr:6 name:16", "config": "config:4", "state": "state:4", "curr": "curr:4", "advertised": "advertised:4",
        "supported": "supported:4", "peer": "peer:4",
    },
    "PORT_STATUS": {
        "reason": "reason:1 .7", "port_no": "port_no:2 hw_addr:6 name:16", "config": "config:4", "state": "state:4", "curr": "curr:4",
        "advertised": "advertised:4", "supported": "supported:4", "peer": "peer:4",
    },
    "PORT_MOD": {"port_no": "port_no:2 hw_addr:6", "config": "config:4", "mask": "mask:4", "advertise": "advertise:4 .4"},
}  # fmt: skip
"""Messages whose lines follow the wire one by one: by type, then by the first name of a line."""
ACTIONS = {
    "OUTPUT": (0, "len:2 port:2 max_len:2"), "SET_VLAN_VID": (1, "len:2 vlan_vid:2 .2"), "SET_VLAN_PCP": (2, "len:2 vlan_pcp:1 .3"),
    "STRIP_VLAN": (3, "len:2 .4"), "SET_DL_SRC": (4, "len:2 dl_addr:6 .6"), "SET_DL_DST": (5, "len:2 dl_addr:6 .6"),
    "SET_NW_SRC": (6, "len:2 nw_addr:4"), "SET_NW_DST": (7, "len:2 nw_addr:4"), "SET_NW_TOS": (8, "len:2 nw_tos:1 .3"),
    "SET_TP_SRC": (9, "len:2 tp_port:2 .2"), "SET_TP_DST": (10, "len:2 tp_port:2 .2"), "ENQUEUE": (11, "len:2 port:2 .6 queue_id:4"),
}  # fmt: skip
VENDOR = {
    "SET_IP_MASK": (0, "index:1 .3 mask:4"), "GET_IP_MASK_REQUEST": (1, "index:1 .7"), "GET_IP_MASK_REPLY": (2, "index:1 .3 mask:4"),
    "SET_MIRRORING": (3, "report_mirror_ports:1 .3"), "GET_MIRRORING_REQUEST": (4, "report_mirror_ports:1 .3"),
    "GET_MIRRORING_REPLY": (5, "report_mirror_ports:1 .3"), "SHELL_STATUS": (8, "status:4"),
}  # fmt: skip
MATCH = ".4 in_port:2 dl_src:6 dl_dst:6 dl_vlan:2 dl_vlan_pcp:1 .1 dl_type:2 nw_tos:1 nw_proto:1 .2 nw_src:4 nw_dst:4 tp_src:2 tp_dst:2"
WILDCARDS = {
    "in_port": 0, "dl_vlan": 1, "dl_src": 2, "dl_dst": 3, "dl_type": 4, "nw_proto": 5, "tp_src": 6, "tp_dst": 7,
    "dl_vlan_pcp": 20, "nw_tos": 21,
}  # fmt: skip
ICMP = {"icmp_type": "tp_src", "icmp_code": "tp_dst"}
NOTHING: tuple[None, Holes] = (None, [])


def body10(kind: str, texts: list[str], room: int) -> tuple[bytes | None, Holes]:
    """The octets of a message's body and the holes in it; None where a line is not understood."""
    if any("(bogus)" in text or "(corrupt)" in text for text in texts) and kind != "FEATURES_REPLY" and kind != "STATS_REPLY":
        return NOTHING
    if kind in MESSAGES:
        return _by_lines(MESSAGES[kind], texts)
    if kind in ("FLOW_MOD", "FLOW_REMOVED"):
        matched, rest = _match(texts)
        return _all(matched, *_lines({"cookie": FLOW_MOD if kind == "FLOW_MOD" else FLOW_REMOVED}, rest[:1]), *map(_action, rest[1:]))
    if kind in ("STATS_REPLY", "STATS_REQUEST"):
        return _statistics(kind, texts)
    if kind == "VENDOR":
        return _vendor(texts)
    if kind in ("PACKET_IN", "PACKET_OUT", "ERROR", "HELLO", "ECHO_REQUEST", "ECHO_REPLY"):
        return _with_data(kind, texts)
    return b"", []


def _statistics(kind: str, texts: list[str]) -> tuple[bytes | None, Holes]:
    if not texts:
        return NOTHING
    head = _line("type:2 flags:2", texts[0])
    which = fields(texts[0]).get("type", "")
    if kind == "STATS_REQUEST":
        if which in ("FLOW", "AGGREGATE"):
            matched, rest = _match(texts[1:])
            return _all(head, matched, *_lines({"table_id": "table_id:1 .1 out_port:2"}, rest))
        return _all(head, *_lines({"port_no": "port_no:2 .6" if which == "PORT" else "port_no:2 .2 queue_id:4"}, texts[1:]))
    if which == "FLOW":
        return _all(head, *_flows(texts[1:]))
    return _all(head, *_lines(STATISTICS.get(which, {}), texts[1:]))


def _flows(texts: list[str]) -> list[tuple[bytes, Holes] | None]:
    parts: list[tuple[bytes, Holes] | None] = []
    while texts:
        entry = _line("length:2 table_id:1 .1", texts[0]) if texts[0].startswith("\t length ") else None
        matched, rest = _match(texts[1:])
        actions = list(takewhile(lambda text: text.startswith("\t  action "), rest[1:]))
        parts += [entry, matched, *_lines({"duration_sec": FLOW_STATS}, rest[:1]), *map(_action, actions)]
        if entry is None:
            break
        texts = rest[1 + len(actions) :]
    return parts


def _vendor(texts: list[str]) -> tuple[bytes | None, Holes]:
    """Big Switch Networks' subtypes, the one vendor whose data tcpdump decodes."""
    subtype = fields(texts[0]).get("subtype", "") if texts else ""
    if subtype not in VENDOR:
        return _with_data("VENDOR", texts)
    number, layout = VENDOR[subtype]
    text = re.sub(r"mask (\d+(?:\.\d+){3})", lambda match: "mask " + _dotted(match[1]), texts[0])
    return _all((number.to_bytes(4, "big"), []), _line(layout, text)) if layout else NOTHING


def _with_data(kind: str, texts: list[str]) -> tuple[bytes | None, Holes]:
    data, texts = dumped(texts)
    heads = {"PACKET_IN": "buffer_id:4 total_len:2 in_port:2 reason:1 .1", "ERROR": "type:2 code:2"}
    if kind in heads and texts:
        values = fields(texts[0])
        if kind == "ERROR":
            number = NAMES.get("type " + values.get("type", ""), -1)
            codes = CODES.get(number, ())
            values["code"] = str(codes.index(values["code"])) if values.get("code") in codes else "?"
        return _all(laid_out(heads[kind], values, NAMES), (data, []))
    return NOTHING if texts else (data, [])


def _match(texts: list[str]) -> tuple[tuple[bytes, Holes] | None, list[str]]:
    """The match structure of the `match …` lines: what is printed is matched, all else is a wildcard."""
    shown = list(takewhile(lambda text: text.lstrip().startswith("match "), texts))
    values: dict[str, str] = {}
    bits = 63 << 8 | 63 << 14
    for text in shown:
        name, _, value = text.strip().removeprefix("match ").partition(" ")
        if name in ("nw_src", "nw_dst"):
            address, _, length = value.partition("/")
            bits &= ~(63 << (8 if name == "nw_src" else 14))
            bits |= (32 - int(length or 32)) << (8 if name == "nw_src" else 14)
            value = _dotted(address)
        values[ICMP.get(name, name)] = value
    bits |= sum(1 << bit for name, bit in WILDCARDS.items() if name not in values)
    laid = laid_out(MATCH, values, NAMES)
    if laid is None:
        return None, texts[len(shown) :]
    return (bits.to_bytes(4, "big") + laid[0][4:], laid[1][1:]), texts[len(shown) :]


def _action(text: str) -> tuple[bytes, Holes] | None:
    values = fields(text.strip().removeprefix("action "))
    known = ACTIONS.get(values.get("type", ""))
    if known is None:
        return None
    if "nw_addr" in values:
        values["nw_addr"] = _dotted(values["nw_addr"])
    laid = laid_out(known[1], values, NAMES)
    return laid and (known[0].to_bytes(2, "big") + laid[0], [(at + 2, count) for at, count in laid[1]])


def _dotted(address: str) -> str:
    return "0x" + bytes(map(int, address.split("."))).hex() if re.fullmatch(r"\d+(\.\d+){3}", address) else "?"


def _by_lines(layouts: dict[str, str], texts: Sequence[str]) -> tuple[bytes | None, Holes]:
    return _all(*_lines(layouts, texts))


def _lines(layouts: dict[str, str], texts: Sequence[str]) -> list[tuple[bytes, Holes] | None]:
    return [_line(layouts.get(text.split(None, 1)[0] if text.strip() else "", ""), text) for text in texts]


def _line(layout: str, text: str) -> tuple[bytes, Holes] | None:
    return laid_out(layout, fields(text), NAMES) if layout else None


def _all(*parts: tuple[bytes, Holes] | None) -> tuple[bytes | None, Holes]:
    octets, holes = b"", []
    for part in parts:
        if part is None:
            return NOTHING
        holes += [(at + len(octets), count) for at, count in part[1]]
        octets += part[0]
    return octets, holes
