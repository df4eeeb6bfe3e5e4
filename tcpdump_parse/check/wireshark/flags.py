"""What Wireshark calls things: one bit for each analysis flag of 4.0, its field name, severity and its own words.

Law: the bits are local, the field names are Wireshark's and never change. `chat`, Wireshark's fourth severity, is a note here.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

from tcpdump_parse.model import Severity


class Flag(enum.IntEnum):
    """One analysis flag. The hot path combines them as plain integers."""

    ZERO_WINDOW_PROBE = 1 << 0
    ZERO_WINDOW = 1 << 1
    LOST_SEGMENT = 1 << 2
    KEEP_ALIVE = 1 << 3
    WINDOW_UPDATE = 1 << 4
    WINDOW_FULL = 1 << 5
    KEEP_ALIVE_ACK = 1 << 6
    ZERO_WINDOW_PROBE_ACK = 1 << 7
    DUPLICATE_ACK = 1 << 8
    ACK_LOST_SEGMENT = 1 << 9
    SPURIOUS_RETRANSMISSION = 1 << 10
    FAST_RETRANSMISSION = 1 << 11
    OUT_OF_ORDER = 1 << 12
    RETRANSMISSION = 1 << 13
    REUSED_PORTS = 1 << 14
    TFO_SYN = 1 << 15
    TFO_ACK = 1 << 16
    TFO_IGNORED = 1 << 17
    DSACK = 1 << 18


class Meaning(NamedTuple):
    """The field's name, its severity in the expert table, and the sentence of the expert table."""

    field: str
    severity: Severity
    message: str


_WARN, _NOTE = Severity.WARN, Severity.NOTE

MEANINGS: Final[dict[Flag, Meaning]] = {
    Flag.ZERO_WINDOW_PROBE: Meaning("tcp.analysis.zero_window_probe", _NOTE, "TCP Zero Window Probe"),
    Flag.ZERO_WINDOW: Meaning("tcp.analysis.zero_window", _WARN, "TCP Zero Window segment"),
    Flag.LOST_SEGMENT: Meaning("tcp.analysis.lost_segment", _WARN, "Previous segment(s) not captured (common at capture start)"),
    Flag.KEEP_ALIVE: Meaning("tcp.analysis.keep_alive", _NOTE, "TCP keep-alive segment"),
    Flag.WINDOW_UPDATE: Meaning("tcp.analysis.window_update", _NOTE, "TCP window update"),
    Flag.WINDOW_FULL: Meaning("tcp.analysis.window_full", _WARN, "TCP window specified by the receiver is now completely full"),
    Flag.KEEP_ALIVE_ACK: Meaning("tcp.analysis.keep_alive_ack", _NOTE, "ACK to a TCP keep-alive segment"),
    Flag.ZERO_WINDOW_PROBE_ACK: Meaning("tcp.analysis.zero_window_probe_ack", _NOTE, "ACK to a TCP Zero Window Probe"),
    Flag.DUPLICATE_ACK: Meaning("tcp.analysis.duplicate_ack", _NOTE, "Duplicate ACK"),
    Flag.ACK_LOST_SEGMENT: Meaning("tcp.analysis.ack_lost_segment", _WARN, "ACKed segment that wasn't captured (common at capture start)"),
    Flag.SPURIOUS_RETRANSMISSION: Meaning(
        "tcp.analysis.spurious_retransmission", _NOTE,
        "This frame is a (suspected) spurious retransmission",
    ),
    Flag.FAST_RETRANSMISSION: Meaning("tcp.analysis.fast_retransmission", _NOTE, "This frame is a (suspected) fast retransmission"),
    Flag.OUT_OF_ORDER: Meaning("tcp.analysis.out_of_order", _WARN, "This frame is a (suspected) out-of-order segment"),
    Flag.RETRANSMISSION: Meaning("tcp.analysis.retransmission", _NOTE, "This frame is a (suspected) retransmission"),
    Flag.REUSED_PORTS: Meaning(
        "tcp.analysis.reused_ports", _NOTE,
        "A new tcp session is started with the same ports as an earlier session in this trace",
    ),
    Flag.TFO_SYN: Meaning("tcp.analysis.tfo_syn", _NOTE, "TCP SYN with TFO Cookie"),
    Flag.TFO_ACK: Meaning("tcp.analysis.tfo_ack", _NOTE, "TCP SYN-ACK accepting TFO data"),
    Flag.TFO_IGNORED: Meaning("tcp.analysis.tfo_ignored", _NOTE, "TCP SYN-ACK ignoring TFO data"),
    Flag.DSACK: Meaning("tcp.options.sack.dsack", _WARN, "D-SACK Sequence"),
}

def named(bits: int) -> tuple[Flag, ...]:
    """The flags in `bits`, in the order of the table."""
    return tuple(flag for flag in MEANINGS if flag & bits)
