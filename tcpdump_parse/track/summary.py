"""The whole connection: `Flow` out of what its two ends remember."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from tcpdump_parse.model.flow import Flow, FlowEnd
from tcpdump_parse.model.options import SackOk, Timestamps
from tcpdump_parse.track.limits import limits
from tcpdump_parse.track.moments import Moments
from tcpdump_parse.track.segment import ACKED, CARRIED, FIN, SECOND, nanoseconds
from tcpdump_parse.track.vantage import vantage
from tcpdump_parse.track.zeek import conn_state

MILLION: Final = 1_000_000
NONE: Final = Moments()
TIMELESS: Final[dict[str, Any]] = {
    name: UNSET
    for name in FlowEnd.__struct_fields__
    if name.startswith("rtt_") or name.endswith("_retr_time") or name in ("data_xmit_time", "idletime_max", "srtt", "rttvar", "rto")
} | dict.fromkeys(("rtt_samples", "rtt_full_sz_smpls"), 0)
"""What nobody measured where the clock was set meanwhile, or not printed."""

if TYPE_CHECKING:
    from tcpdump_parse.track.clock import Steps
    from tcpdump_parse.track.connection import Following
    from tcpdump_parse.track.direction import Direction


def flow(following: Following, reason: str, steps: Steps) -> Flow:
    """The row of `tdparse flows`; without durations where the clock was set meanwhile or not printed."""
    connection, first, last = following.connection, following.first, following.last
    assert first is not None
    assert last is not None
    duration = UNSET if steps.within(first.frame, last.frame) else _duration(following)
    return Flow(
        connection.capture, connection.conn, connection.flow, flow_end(following.client, duration), flow_end(following.server, duration),
        str(connection.basis), first.clock, duration, following.client.packets + following.server.packets,
        conn_state(following.zeek, (size(following.client), size(following.server))), following.zeek.history, _completeness(following),
        {"client": _states(following.client), "server": _states(following.server)},
        first.line, last.end_line, first.frame, last.frame, reason, connection.tunnel or UNSET, connection.incarnation,
        vantage(following),
        UNSET if duration is UNSET else {"client": limits(following.client), "server": limits(following.server)},
    )


def _states(end: Direction) -> tuple[str, ...]:
    return tuple([str(state) for state in end.states])


def _completeness(following: Following) -> int:
    """Wireshark's bits; what was predicted is known from the counters."""
    done = following.completeness
    for end in (following.client, following.server):
        if end.counters.data_packets:
            done |= CARRIED
        if end.counters.pure_acks:
            done |= ACKED
    return done


def _duration(following: Following) -> float | UnsetType:
    start, last = following.started_at, following.last
    if start is None or last is None:
        return UNSET
    end = following.at if last.clock is UNSET else nanoseconds(last.clock)
    return UNSET if end is None else (end - start) / SECOND


def unacked(end: Direction) -> int:
    """Octets of its data that were seen and never acknowledged. Numbers between them that nothing here carried are none of them, nor is
    a FIN, wherever it stands."""
    una = end.una
    if una is None or end.nxt is None or end.nxt <= una:
        return 0
    fins = {sent.end - 1 for sent in end.log if sent.bits & FIN and sent.end > una}
    return max(0, end.seen.overlap(una, end.nxt) - len(fins))


def size(end: Direction) -> int:
    """Zeek's size: octets by sequence numbers, seen or acknowledged, without SYN and FIN."""
    top = max((position for position in (end.nxt, end.una) if position is not None), default=None)
    if top is None or end.base is None:
        return 0
    octets = top - end.base
    return max(0, octets - (octets > 0) - (end.fin is not None and octets > 1))


def flow_end(end: Direction, lasted: float | UnsetType) -> FlowEnd:
    """One direction's statistics under their printed names, times in seconds."""
    connection, c = end.following.connection, end.counters
    rtt, full, ambiguous, resent = (m or NONE for m in (c.rtt, c.full, c.ambiguous, c.resent))
    length, unique = None, c.data_bytes - c.old_bytes
    if end.syn is not None and end.fin is not None and end.iss is not None:
        length = end.fin - end.iss - 1
    scaled = end.syn_scale is not None and end.peer.syn_scale is not None
    packets, windows = end.packets, end.packets - c.unscaled
    made = FlowEnd(
        connection.addr(end.side), connection.port(end.side), total_packets=packets, resets_sent=c.resets,
        ack_pkts_sent=packets - c.ackless, pure_acks_sent=c.pure_acks, sack_pkts_sent=c.sacks, dsack_pkts_sent=c.dsacks,
        max_sack_blks_ack=c.most_blocks,
        unique_bytes_sent=unique, actual_data_pkts=c.data_packets, actual_data_bytes=c.data_bytes, rexmt_data_pkts=c.again_packets,
        rexmt_data_bytes=c.again_bytes, zwnd_probe_pkts=c.probe_packets, zwnd_probe_bytes=c.probe_bytes, outoforder_pkts=c.out_of_order,
        pushed_data_pkts=c.pushed, syn_pkts_sent=c.syns, fin_pkts_sent=c.fins, req_1323_ws=end.syn_scale is not None,
        req_1323_ts=Timestamps in end.shown, adv_wind_scale=UNSET if end.syn_scale is None else end.syn_scale if scaled else 0,
        req_sack=SackOk in end.shown, sacks_sent=c.sacks, urgent_data_pkts=c.urgent_packets, urgent_data_bytes=c.urgent_bytes,
        mss_requested=UNSET if end.mss is None else end.mss, max_segm_size=c.longest, min_segm_size=c.shortest,
        avg_segm_size=c.data_bytes // c.data_packets if c.data_packets else 0, max_win_adv=c.window_most, min_win_adv=c.window_least,
        zero_win_adv=c.window_zero, avg_win_adv=c.window_sum // windows if windows else 0, initial_window_bytes=c.initial_bytes,
        initial_window_pkts=c.initial_packets, ttl_stream_length=UNSET if length is None else length,
        missed_data=UNSET if length is None else length - unique,
        data_xmit_time=0.0 if c.first_data is None or c.last_data is None else max(0, c.last_data - c.first_data) / MILLION,
        idletime_max=c.idle_most / MILLION if packets else UNSET,
        throughput=unique / lasted if isinstance(lasted, float) and lasted > 0 else UNSET, rtt_samples=rtt.count,
        rtt_min=_us(rtt, rtt.least), rtt_max=_us(rtt, rtt.most), rtt_avg=_us(rtt, rtt.mean), rtt_stdev=_us(rtt, rtt.deviation),
        rtt_3whs=c.handshake / MILLION if c.handshake else UNSET, rtt_full_sz_smpls=full.count, rtt_full_sz_min=_us(full, full.least),
        rtt_full_sz_max=_us(full, full.most), rtt_full_sz_avg=_us(full, full.mean),
        rtt_full_sz_stdev=_us(full, full.deviation),
        post_loss_acks=c.no_sample, ambiguous_acks=ambiguous.count, rtt_min_last=_us(ambiguous, ambiguous.least),
        rtt_max_last=_us(ambiguous, ambiguous.most), rtt_avg_last=_us(ambiguous, ambiguous.mean),
        rtt_sdv_last=_us(ambiguous, ambiguous.deviation),
        segs_cum_acked=c.cumulative, duplicate_acks=c.duplicates, triple_dupacks=c.triples,
        max_retrans=c.most_again,
        min_retr_time=_us(resent, resent.least), max_retr_time=_us(resent, resent.most), avg_retr_time=_us(resent, resent.mean),
        sdv_retr_time=_us(resent, resent.deviation), hardware_dups=end.ids.hardware,
        retransmitted=c.retransmitted, retransmitted_spurious=c.spurious,
        reordered=c.reordered, copied=c.copied, missed_by_capture=c.missed, srtt=UNSET if not end.rtt.samples else end.rtt.srtt / SECOND,
        rttvar=UNSET if not end.rtt.samples else end.rtt.var / SECOND, rto=UNSET if end.rtt.rto is None else end.rtt.rto / SECOND,
    )
    return replace(made, **TIMELESS) if lasted is UNSET else made


def _us(moments: Moments, value: float) -> float | UnsetType:
    """Microseconds as seconds; absent without a sample."""
    return value / MILLION if moments.count else UNSET
