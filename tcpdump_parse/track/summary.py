"""The whole connection: `Flow` out of what its two ends remember."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from tcpdump_parse.model.flow import Flow, FlowEnd
from tcpdump_parse.model.terms import Side
from tcpdump_parse.track.segment import SECOND
from tcpdump_parse.track.zeek import conn_state

if TYPE_CHECKING:
    from tcpdump_parse.track.connection import Following
    from tcpdump_parse.track.direction import Direction


def flow(following: Following, reason: str) -> Flow:
    """The row of `tdparse flows`."""
    connection, first, last = following.connection, following.first, following.last
    assert first is not None
    assert last is not None
    duration = _duration(following)
    return Flow(
        connection.capture, connection.conn, connection.flow, flow_end(following.client), flow_end(following.server), str(connection.basis),
        first.clock, duration, following.packets, conn_state(following.zeek, (size(following.client), size(following.server))),
        following.zeek.history, following.completeness,
        {side.value: tuple(str(state) for state in following.direction(side).states) for side in Side},
        first.line, last.end_line, first.frame, last.frame, reason, connection.tunnel or UNSET, connection.incarnation,
    )


def _duration(following: Following) -> float | UnsetType:
    start = following.started_at
    return UNSET if start is None or following.at is None else (following.at - start) / SECOND


def size(end: Direction) -> int:
    """Zeek's size: octets by sequence numbers, seen or acknowledged, without SYN and FIN."""
    top = max((position for position in (end.nxt, end.una) if position is not None), default=None)
    if top is None or end.base is None:
        return 0
    octets = top - end.base
    return max(0, octets - (octets > 0) - (end.fin is not None and octets > 1))


def flow_end(end: Direction) -> FlowEnd:
    connection, counters = end.following.connection, end.counters
    return FlowEnd(
        connection.addr(end.side), connection.port(end.side), total_packets=end.packets, resets_sent=counters.resets,
        unique_bytes_sent=end.octets, actual_data_pkts=counters.data_packets, actual_data_bytes=counters.data_bytes,
        mss_requested=UNSET if end.mss is None else end.mss, adv_wind_scale=UNSET if end.syn_scale is None else end.syn_scale,
        retransmitted=counters.retransmitted, reordered=counters.reordered, copied=counters.copied, missed_by_capture=counters.missed,
    )
