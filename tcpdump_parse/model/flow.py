"""One connection as a whole: the row of `tdparse flows`. The JSON of cli `flow` is the encoding of these classes.

Statistics are those of `tcptrace -l -r`, under its words with underscores, counted by its definitions unless the comment begins with
"However"; durations are seconds; sizes octets. A key that is missing is not known. `conn_state` and `history` are Zeek's (as with
`zeek -C`), `completeness` is Wireshark's bits.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from tcpdump_parse.model.packet import Port
from tcpdump_parse.model.terms import Side


class FlowEnd(Struct, frozen=True, gc=False):
    """One end: what it sent (tcptrace's a2b for the client, b2a for the server)."""

    addr: str
    port: Port
    total_packets: int = 0
    resets_sent: int = 0
    ack_pkts_sent: int = 0
    pure_acks_sent: int = 0
    sack_pkts_sent: int = 0
    dsack_pkts_sent: int = 0
    max_sack_blks_ack: int = 0
    unique_bytes_sent: int = 0
    actual_data_pkts: int = 0
    actual_data_bytes: int = 0
    rexmt_data_pkts: int = 0
    rexmt_data_bytes: int = 0
    zwnd_probe_pkts: int = 0
    zwnd_probe_bytes: int = 0
    outoforder_pkts: int = 0
    pushed_data_pkts: int = 0
    syn_pkts_sent: int = 0
    fin_pkts_sent: int = 0
    req_1323_ws: bool = False
    req_1323_ts: bool = False
    adv_wind_scale: int | UnsetType = UNSET
    req_sack: bool = False
    sacks_sent: int = 0
    urgent_data_pkts: int = 0
    urgent_data_bytes: int = 0
    mss_requested: int | UnsetType = UNSET
    max_segm_size: int = 0
    min_segm_size: int = 0
    avg_segm_size: int = 0
    max_win_adv: int = 0
    min_win_adv: int = 0
    zero_win_adv: int = 0
    avg_win_adv: int = 0
    initial_window_bytes: int = 0
    initial_window_pkts: int = 0
    ttl_stream_length: int | UnsetType = UNSET
    missed_data: int | UnsetType = UNSET
    truncated_data: int = 0
    truncated_packets: int = 0
    data_xmit_time: float | UnsetType = UNSET
    idletime_max: float | UnsetType = UNSET
    hardware_dups: int = 0
    throughput: float | UnsetType = UNSET
    rtt_samples: int = 0
    rtt_min: float | UnsetType = UNSET
    rtt_max: float | UnsetType = UNSET
    rtt_avg: float | UnsetType = UNSET
    rtt_stdev: float | UnsetType = UNSET
    rtt_3whs: float | UnsetType = UNSET
    rtt_full_sz_smpls: int = 0
    rtt_full_sz_min: float | UnsetType = UNSET
    rtt_full_sz_max: float | UnsetType = UNSET
    rtt_full_sz_avg: float | UnsetType = UNSET
    rtt_full_sz_stdev: float | UnsetType = UNSET
    post_loss_acks: int = 0
    ambiguous_acks: int = 0
    rtt_min_last: float | UnsetType = UNSET
    rtt_max_last: float | UnsetType = UNSET
    rtt_avg_last: float | UnsetType = UNSET
    rtt_sdv_last: float | UnsetType = UNSET
    segs_cum_acked: int = 0
    duplicate_acks: int = 0
    triple_dupacks: int = 0
    max_retrans: int = 0
    min_retr_time: float | UnsetType = UNSET
    max_retr_time: float | UnsetType = UNSET
    avg_retr_time: float | UnsetType = UNSET
    sdv_retr_time: float | UnsetType = UNSET
    # Ours, by judgement: what the rows above call rexmt and outoforder by position alone.
    retransmitted: int = 0
    retransmitted_spurious: int = 0
    reordered: int = 0
    copied: int = 0
    missed_by_capture: int = 0  # octets acknowledged and never seen
    srtt: float | UnsetType = UNSET  # RFC 6298, of this end's octets, as seen at the capture point
    rttvar: float | UnsetType = UNSET
    rto: float | UnsetType = UNSET


class Vantage(Struct, frozen=True, gc=False):
    """Where the capture was taken: `at` "client", "server", "both" (one host talking to itself), "between", "unknown" or
    "contradictory" (merged captures, a proxy). `evidence`: reason → how many segments say so."""

    at: str = "unknown"
    evidence: dict[str, int] = {}

    def beside(self, side: Side) -> bool:
        """Was it taken on this end's host?"""
        return self.at in (side.value, "both")


class Limits(Struct, frozen=True, gc=False):
    """Seconds this end's sending was held up, by what: `receiver` (its window), `network` (waiting for ACKs, and recovery),
    `application` (nothing to send), `peer` (waiting for the other end's data)."""

    receiver: float = 0.0
    network: float = 0.0
    application: float = 0.0
    peer: float = 0.0


class Flow(Struct, frozen=True, gc=False, tag_field="type", tag="flow"):
    """One connection, whole."""

    capture: int
    conn: int
    flow: str
    client: FlowEnd
    server: FlowEnd
    role_basis: str
    start: str | UnsetType = UNSET  # the first record's clock
    duration: float | UnsetType = UNSET  # seconds, first to last record
    packets: int = 0
    conn_state: str = "OTH"
    history: str = ""
    completeness: int = 0
    states: dict[str, tuple[str, ...]] = {}
    line: int | UnsetType = UNSET  # the first record's line
    end_line: int | UnsetType = UNSET  # the last record's last line
    frame: int | UnsetType = UNSET  # the first record
    last_frame: int | UnsetType = UNSET
    ended: str | UnsetType = UNSET  # `Ending.reason`
    tunnel: str | UnsetType = UNSET
    incarnation: int = 1
    vantage: Vantage | UnsetType = UNSET
    limits: dict[str, Limits] | UnsetType = UNSET
