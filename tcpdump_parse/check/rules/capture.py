"""How good the capture is: what it missed, wrote twice, cut, or put out of order. Most can be said only of the whole.

A rule here speaks once for a capture where it can; what it says bounds what all other rules may conclude.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from msgspec import UNSET, Struct

from tcpdump_parse.check.engine import CaptureEnd
from tcpdump_parse.check.missed import SENT, Missed
from tcpdump_parse.check.notes import CaptureNotes, Notes
from tcpdump_parse.check.rule import Facts, rule
from tcpdump_parse.check.standpoint import standpoint
from tcpdump_parse.model import IPv4, Notice, Packet, Segment, Severity, Unread
from tcpdump_parse.model.happenings import DataSent, FinSent, GapAcked, GapFilled, Reordered, ResetSent, Retransmitted, StartedLate, SynSent
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.model.terms import Side
from tcpdump_parse.seq import roll

SECOND = 1_000_000_000


class Counters(CaptureNotes):
    """tcpdump's closing counters, the last of each kind, and where they stand."""

    on: ClassVar = (Notice,)

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.lines: dict[str, tuple[int, int]] = {}

    def see(self, notice: Notice) -> None:
        if notice.count is not UNSET:
            self.counts[notice.kind] = notice.count
            self.lines[notice.kind] = (notice.line, notice.end_line)


@rule(
    on=CaptureEnd,
    notes=Counters,
    severity=Severity.WARN,
    cites="tcpdump(8)",
    quote="packets ``captured'' (this is the number of packets that tcpdump has received and processed)",
)
def cap_footer_mismatch(end: CaptureEnd, notes: Counters) -> Iterator[Facts]:
    """tcpdump counted another number of packets than the log holds.

    Lines were cut, filtered or pasted in part, so what looks lost or never answered may only be missing here.
    """
    captured = notes.counts.get("captured")
    if captured is not None and captured != end.records:
        yield Facts(lines=notes.lines["captured"], captured=captured, records=end.records)


@rule(
    on=Notice,
    severity=Severity.WARN,
    cites="tcpdump(8)",
    quote="the number of packets that were dropped, due to a lack of buffer space, by the packet capture mechanism",
)
def cap_kernel_drops(notice: Notice) -> Iterator[Facts]:
    """The capture itself dropped packets: gaps in this log need not be losses in the network.

    The kernel's buffer (or the interface) was full. A bigger buffer (`-B`), a narrower filter or a shorter snapshot length help.
    """
    if notice.kind in ("dropped", "dropped_by_interface") and notice.count:
        yield Facts(dropped=notice.count, by="interface" if notice.kind == "dropped_by_interface" else "kernel")


@rule(on=CaptureEnd, notes=Counters, severity=Severity.NOTE, cites="tcpdump(8)")
def cap_received_vs_captured(end: CaptureEnd, notes: Counters) -> Iterator[Facts]:
    """The filter received about twice the packets that were captured.

    On `lo` each packet passes the filter twice, going out and coming in, and is printed once: no packet is missing for that. Elsewhere the
    capture may have been stopped (`-c`, ^C) before it had printed all.
    """
    captured, received = notes.counts.get("captured", 0), notes.counts.get("received", 0)
    if captured and 1.9 <= received / captured <= 2.1:
        yield Facts(lines=notes.lines["received"], captured=captured, received=received)


# ---- the text ----


class Ledger(CaptureNotes):
    """Of every segment: whether its ports are names, and whether it is whole."""

    on: ClassVar = (Step,)

    def __init__(self) -> None:
        self.named: Packet | None = None  # first record whose port is a name
        self.cut: Packet | None = None  # first record of which not all octets were captured
        self.cuts = 0
        self.unsummed: Packet | None = None  # first record with payload, whole by its headers, and no checksum
        self.unsummed_count = 0
        self.summed = 0

    def see_all(self, steps: Sequence[Step]) -> None:
        for step in steps:
            segment = step.packet.tcp
            if segment is UNSET:
                continue
            if segment.checksum is UNSET:
                self._unsummed(step, segment)
            else:
                self.summed += 1
            if self.named is None and (type(segment.sport) is str or type(segment.dport) is str):
                self.named = step.packet

    def _unsummed(self, step: Step, segment: Segment) -> None:
        packet = step.packet
        if segment.cut is not UNSET and "[|tcp]" in segment.cut:
            self.cut = self.cut or packet
            self.cuts += 1
        elif step.length and not step.connection.tunnel and _whole(packet):
            self.unsummed = self.unsummed or packet
            self.unsummed_count += 1


def _whole(packet: Packet) -> bool:
    """No fragment: tcpdump prints no checksum of those."""
    return not isinstance(packet.ip, IPv4) or packet.ip.flags is UNSET or ("+" not in packet.ip.flags and not packet.ip.offset)


@rule(on=CaptureEnd, notes=Ledger, severity=Severity.NOTE)
def cap_port_names(end: CaptureEnd, notes: Ledger) -> Iterator[Facts]:
    """Ports are printed as names, not numbers.

    Which number a name stands for depends on the machine that printed it; `tcpdump -nn` prints numbers.
    """
    if notes.named is not None:
        yield Facts(packet=notes.named)


@rule(on=CaptureEnd, notes=Ledger, severity=Severity.NOTE, elsewhere=("tcptrace:truncated packets", "zeek:truncated_tcp_payload"))
def cap_snaplen(end: CaptureEnd, notes: Ledger) -> Iterator[Facts]:
    """Packets were cut by the snapshot length.

    Where tcpdump verifies checksums it does so for every whole segment; segments with data have none here while others do, so their octets
    were not all captured. `[|tcp]` says the same of a header. What the octets were is not known; the numbers of a whole header are.
    """
    cuts = notes.cuts + (notes.unsummed_count if notes.summed else 0)
    first = min((p for p in (notes.cut, notes.unsummed if notes.summed else None) if p is not None), key=lambda p: p.frame, default=None)
    if first is not None:
        yield Facts(packet=first, packets=cuts)


# ---- what is missing, or there in another order ----


@rule(
    on=CaptureEnd,
    notes=Missed,
    severity=Severity.WARN,
    elsewhere=("tcp.analysis.ack_lost_segment", "zeek:CaptureLoss", "tcptrace:missed data"),
)
def cap_drop_inferred(end: CaptureEnd, notes: Missed) -> Iterator[Facts]:
    """The capture missed packets: octets were acknowledged that the log never shows.

    They were sent and arrived, or nobody would acknowledge them. Gaps elsewhere in this log may have the same cause.
    """
    if notes.first is not None:
        yield Facts(packet=notes.first, octets=notes.octets, connections=notes.connections)


class Overtaken(Notes):
    """The last ACK of octets that were not seen before it, for each side that sends them."""

    on: ClassVar = (GapAcked,)

    def __init__(self) -> None:
        self.last: dict[str, tuple[int, int, int | None, int]] = {}

    def see(self, step: Step, event: GapAcked) -> None:
        self.last[str(step.side.other)] = (event.start, event.end, step.at, step.frame)


@rule(
    on=SENT,
    after=GapAcked,
    notes=Overtaken,
    severity=Severity.WARN,
    elsewhere=("tcpanaly:resequencing", "tcp.analysis.ack_lost_segment"),
)
def cap_resequenced(step: Step, event: DataSent | GapFilled | Reordered | Retransmitted, notes: Overtaken) -> Iterator[Facts]:
    """The ACK stands in the log before the octets it acknowledges.

    Nobody acknowledges what has not arrived: the capture wrote the two directions out of order (two queues, two interfaces merged).
    """
    start, end, at, frame = notes.last.get(str(step.side), (0, 0, None, 0))
    overlaps = step.seq is not None and step.end is not None and step.seq < end and start < step.end
    if overlaps and at is not None and step.at is not None and 0 <= step.at - at < SECOND // 1000:
        yield Facts(evidence=(frame,), after_s=(step.at - at) / SECOND)


@rule(on=SynSent, severity=Severity.WARN, elsewhere=("zeek:^",))
def cap_handshake_reversed(step: Step, event: SynSent) -> Iterator[Facts]:
    """The SYN stands in the log after the SYN+ACK that answers it.

    The capture wrote the two directions out of order, or the log was sorted by something else than time.
    """
    peer = step.before.peer
    if event.copy == 1 and peer.offered is not None and peer.ack == event.iss + 1:
        yield Facts(evidence=(peer.frame,))


@rule(on=Ending, severity=Severity.WARN, elsewhere=("zeek:possible_split_routing", "tcptrace:unidirectional", "suricata:async"))
def cap_one_way(ending: Ending) -> Iterator[Facts]:
    """Only one direction of this connection was captured.

    The other end's segments are acknowledged here, so they exist; they took another way or another interface, or a filter left them out.
    """
    for seen, other in ((ending.client, ending.server), (ending.server, ending.client)):
        if seen.seen and not other.seen and seen.ack and seen.packets > 1 and roll(seen.ack):
            yield Facts(side=str(seen.side), packets=seen.packets)


@rule(on=StartedLate, severity=Severity.NOTE)
def cap_start_mid(step: Step, event: StartedLate) -> Iterator[Facts]:
    """The log begins in the middle of this connection.

    Its handshake is not here: options, window scale and who opened it are not known, or guessed.
    """
    yield Facts()


@rule(on=Ending, severity=Severity.NOTE)
def cap_end_open(ending: Ending) -> Iterator[Facts]:
    """The log ends while this connection is open.

    What came after, a close or a reset or more data, was not captured.
    """
    if (
        ending.reason in ("end", "capture")
        and not any(end.fin is not None for end in (ending.client, ending.server))
        and ending.flow.conn_state in ("S1", "OTH")
    ):
        yield Facts(conn_state=ending.flow.conn_state)


class Longer(Struct, gc=False):
    first: Packet
    mss: int = 0
    count: int = 0
    longest: int = 0


class Oversize(Notes):
    """Segments longer than the receiver's MSS, by sender."""

    on: ClassVar = (DataSent,)

    def __init__(self) -> None:
        self.of: dict[Side, Longer] = {}

    def see(self, step: Step, event: DataSent) -> None:
        Oversize.see_each(self, ((step, event),))

    def see_each(self, told: Sequence[tuple[Step, DataSent]]) -> None:
        for step, _ in told:
            mss, length = step.before.peer.mss, step.length
            if mss is None or length <= mss:
                continue
            longer = self.of.get(step.side)
            if longer is None:
                longer = self.of[step.side] = Longer(step.packet)
            longer.count += 1
            longer.mss = mss
            if length > longer.longest:
                longer.longest = length


@rule(on=Ending, notes=Oversize, severity=Severity.NOTE, elsewhere=("tcp.options.mss.exceeded",))
def cap_superseg(ending: Ending, notes: Oversize) -> Iterator[Facts]:
    """Segments in the log are longer than any on the wire.

    Segmentation was left to the network card (TSO, GSO) and the capture saw them before it, or the card had joined them (GRO, LRO) before
    the capture saw them. It is no violation of the MSS, and it suggests on whose machine the capture was taken (routers and virtual
    switches join segments as well).
    """
    for side, longer in notes.of.items():
        yield Facts(packet=longer.first, side=str(side), segments=longer.count, longest=longer.longest, mss=longer.mss)


@rule(on=Ending, severity=Severity.NOTE, elsewhere=("tcpanaly:vantage",))
def cap_point(ending: Ending) -> Iterator[Facts]:
    """Where this capture was taken.

    `facts.signs` counts what says so: offloaded checksums, which prove it, segments beyond the MSS, TTLs as sent, answers at once.
    """
    at, vantage = standpoint(ending), ending.flow.vantage
    if at is not None and vantage is not UNSET:
        yield Facts(at=vantage.at, place=at.place, proved=at.proved, signs=dict(vantage.evidence))


class Dataless(CaptureNotes):
    """Whether any segment carried data, and the first that proves that some was sent."""

    on: ClassVar = (Ending, FinSent, GapAcked, ResetSent)

    def __init__(self) -> None:
        self.data = False
        self.proof: Packet | None = None

    def see(self, *events: Any) -> None:
        if len(events) == 2:
            event = events[1]
            if isinstance(event, ResetSent):
                if self.proof is not None and self.proof.frame in event.frames and event.refuses:
                    self.proof = None  # it acknowledges what was never sent
            elif self.proof is None and (event.octets if isinstance(event, FinSent) else event.end > event.start):
                self.proof = events[0].packet
            return
        flow = events[0].flow
        self.data = self.data or bool(flow.client.actual_data_pkts or flow.server.actual_data_pkts)


@rule(on=CaptureEnd, notes=Dataless, severity=Severity.NOTE)
def cap_filter_bias(end: CaptureEnd, notes: Dataless) -> Iterator[Facts]:
    """Data was sent, and no segment with data is in the log: a filter on flags, most likely.

    A FIN or an ACK stands where octets must have been before it. With `tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0` only openings and
    closings are left; nothing can be said of what lies between.
    """
    if notes.proof is not None and not notes.data:
        yield Facts(packet=notes.proof)


# ---- what cannot be read ----


@rule(on=(Unread, Packet), severity=Severity.ERROR)
def cap_line_damaged(record: Unread | Packet) -> Iterator[Facts]:
    """A record could not be read: the line is cut, wrapped, edited, or of a form that is not known.

    What it said is missing from everything told about its connection.
    """
    if isinstance(record, Unread):
        yield Facts(column=record.column)
    elif isinstance(record.ip, IPv4) and record.ip.proto == TCP and not record.ip.offset and _has_text(record):
        yield Facts()


TCP = 6


def _has_text(packet: Packet) -> bool:
    """Something stands where the segment should, and it is not tcpdump's mark of a packet cut by the snapshot length."""
    return packet.tcp is UNSET and isinstance(packet.body, str) and "[|" not in packet.body
