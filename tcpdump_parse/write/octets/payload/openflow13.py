"""Bodies of OpenFlow 1.3 messages, as far as tcpdump shows them (OpenFlow Switch Specification 1.3, §7)."""

from __future__ import annotations

from tcpdump_parse.write.octets.payload.columns import Holes, fields, laid_out
from tcpdump_parse.write.octets.payload.dump import dumped

TYPES = (
    "HELLO", "ERROR", "ECHO_REQUEST", "ECHO_REPLY", "EXPERIMENTER", "FEATURES_REQUEST", "FEATURES_REPLY",
    "GET_CONFIG_REQUEST", "GET_CONFIG_REPLY", "SET_CONFIG", "PACKET_IN", "FLOW_REMOVED", "PORT_STATUS", "PACKET_OUT",
    "FLOW_MOD", "GROUP_MOD", "PORT_MOD", "TABLE_MOD", "MULTIPART_REQUEST", "MULTIPART_REPLY", "BARRIER_REQUEST",
    "BARRIER_REPLY", "QUEUE_GET_CONFIG_REQUEST", "QUEUE_GET_CONFIG_REPLY", "ROLE_REQUEST", "ROLE_REPLY",
    "GET_ASYNC_REQUEST", "GET_ASYNC_REPLY", "SET_ASYNC", "METER_MOD",
)  # fmt: skip
NAMES = {"role NOCHANGE": 0, "role EQUAL": 1, "role MASTER": 2, "role SLAVE": 3}
MESSAGES = {
    "ROLE_REQUEST": {"role": "role:4 .4 generation_id:8"},
    "ROLE_REPLY": {"role": "role:4 .4 generation_id:8"},
}


def body13(kind: str, texts: list[str], room: int) -> tuple[bytes | None, Holes]:
    """The octets of a message's body and the holes in it; None where a line is not understood."""
    if not texts:
        return b"", []
    if kind in MESSAGES and len(texts) == 1:
        layout = MESSAGES[kind].get(texts[0].split()[0])
        return (layout and laid_out(layout, fields(texts[0]), NAMES)) or (None, [])
    data, rest = dumped(texts)
    return (data, []) if not rest and kind in ("ECHO_REQUEST", "ECHO_REPLY") else (None, [])
