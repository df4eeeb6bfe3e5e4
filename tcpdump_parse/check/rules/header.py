"""Whether a header makes sense by itself: flags, lengths, hidden fields, the urgent pointer (RFC 9293 §3.1, §3.8.5).

Where its numbers stand in the connection is the family `sequence`; its options are the family `options`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import UNSET

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.rules.options import options_of
from tcpdump_parse.check.signs import FlagsSeen, Sign, Unusual, sign
from tcpdump_parse.model import Segment, Severity
from tcpdump_parse.model.happenings import ChecksumUnexplained, LengthsDisagree, Opened, SynSent
from tcpdump_parse.model.options import Eol
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Side
from tcpdump_parse.seq import CIRCLE, roll


class OddHeader(Sign, frozen=True):
    """A header with something beyond the ordinary: a wrapped number, urgent data, a length that cannot be, a field without its flag."""


_ODD = OddHeader()


@sign(OddHeader, of=Unusual)
def odd(step: Step) -> Sign | None:
    """One look at the fields that are hardly ever there, and at the end of the payload's numbers."""
    tcp = step.packet.tcp
    if tcp is UNSET:
        return None
    end = tcp.seq_end_abs
    if end is not UNSET:
        if end - tcp.seq_abs != step.length:  # type: ignore[operator]  # both or neither are known
            return _ODD
    elif tcp.seq_end is not UNSET and _span(tcp) != step.length:
        return _ODD
    plain = tcp.urg is UNSET and tcp.bad_header is UNSET and tcp.ack_unflagged is UNSET and tcp.urg_unflagged is UNSET
    return None if plain else _ODD


def _span(tcp: Segment) -> int | None:
    """From the first to the last printed sequence number; negative where they wrap."""
    start, end = (tcp.seq, tcp.seq_end) if tcp.seq_abs is UNSET or tcp.seq_end_abs is UNSET else (tcp.seq_abs, tcp.seq_end_abs)
    return None if start is UNSET or end is UNSET else end - start


def _tcp(step: Step) -> Segment:
    tcp = step.packet.tcp
    return Segment(0, 0) if tcp is UNSET else tcp


# ---- flags ----


@rule(
    on=FlagsSeen,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.10.7.4",
    quote="if the ACK bit is off, drop the segment and return",
)
def flags_none(step: Step, event: FlagsSeen) -> Iterator[Facts]:
    """No flag at all: no TCP sends this. Scanners do, to see who answers."""
    if not event.flags:
        yield Facts()


@rule(on=FlagsSeen, severity=Severity.ERROR, cites="RFC 9293 §3.1", elsewhere=("suricata:stream.fin_syn", "zeek:Q"))
def flags_syn_fin(step: Step, event: FlagsSeen) -> Iterator[Facts]:
    """SYN and FIN together: open and close at once. Made by hand, to pass filters or to tell systems apart."""
    if "S" in event.flags and "F" in event.flags:
        yield Facts(flags=event.flags)


@rule(on=FlagsSeen, severity=Severity.ERROR, cites="RFC 9293 §3.1", elsewhere=("zeek:TCP_christmas", "zeek:Q"))
def flags_syn_rst(step: Step, event: FlagsSeen) -> Iterator[Facts]:
    """SYN and RST together: no TCP sends this."""
    if "S" in event.flags and "R" in event.flags:
        yield Facts(flags=event.flags)


@rule(on=FlagsSeen, severity=Severity.ERROR, cites="RFC 9293 §3.1", elsewhere=("zeek:I",))
def flags_fin_rst(step: Step, event: FlagsSeen) -> Iterator[Facts]:
    """FIN and RST together: a close in order and a break at once. No TCP sends this."""
    if "F" in event.flags and "R" in event.flags:
        yield Facts(flags=event.flags)


@rule(
    on=FlagsSeen,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.10.7.4",
    quote="if the ACK bit is off, drop the segment and return",
)
def flags_fin_without_ack(step: Step, event: FlagsSeen) -> Iterator[Facts]:
    """A FIN without ACK: the receiver must drop it. Scanners send it, stacks do not."""
    if "F" in event.flags and not set(".SR") & set(event.flags):
        yield Facts(flags=event.flags)


@rule(on=FlagsSeen, severity=Severity.WARN, elsewhere=("zeek:baroque_SYN",))
def flags_syn_urg(step: Step, event: FlagsSeen) -> Iterator[Facts]:
    """A SYN with urgent data: nothing can be urgent before there is a connection."""
    if "S" in event.flags and "U" in event.flags:
        yield Facts(flags=event.flags)


@rule(on=FlagsSeen, severity=Severity.NOTE, elsewhere=("p0f:pushf+",))
def flags_syn_psh(step: Step, event: FlagsSeen) -> Iterator[Facts]:
    """A SYN that asks to push data and carries none."""
    if "S" in event.flags and "P" in event.flags and not step.length:
        yield Facts(flags=event.flags)


@rule(on=FlagsSeen, severity=Severity.WARN)
def flags_xmas(step: Step, event: FlagsSeen) -> Iterator[Facts]:
    """FIN, PSH and URG together: lit like a Christmas tree. A scan."""
    if set("FPU") <= set(event.flags):
        yield Facts(flags=event.flags)


@rule(
    on=FlagsSeen,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.1",
    quote="Once a connection is established, this is always sent.",
)
def flags_ack_missing(step: Step, event: FlagsSeen) -> Iterator[Facts]:
    """No ACK where only a first SYN or a RST may be without: the receiver must drop it."""
    if event.flags and not set(".SRF") & set(event.flags):
        yield Facts(flags=event.flags)


class AccEcn(Notes):
    """Whether the opener asked for ECN, and for AccECN (all three bits in its SYN), once its SYN was seen."""

    on: ClassVar = (SynSent,)

    def __init__(self) -> None:
        self.ecn: bool | None = None
        self.asked: bool | None = None

    def see(self, step: Step, event: SynSent) -> None:
        flags = _tcp(step).flags
        if flags is not UNSET:
            self.ecn = bool(self.ecn) or set("EW") <= set(flags)
            self.asked = bool(self.asked) or set("EWe") <= set(flags)


@rule(
    on=(FlagsSeen, ChecksumUnexplained),
    notes=AccEcn,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.1",
    quote="Must be zero in generated segments and must be ignored in received segments if the corresponding future features are not "
    "implemented by the sending or receiving host.",
    elsewhere=("tcp.flags.res", "tcp.flags.ae"),
)
def flags_reserved(step: Step, event: FlagsSeen | ChecksumUnexplained, notes: AccEcn) -> Iterator[Facts]:
    """A reserved header bit is set although nothing agreed on a use of it.

    The first of them is AccECN's (tcpdump's `e`), agreed on by a SYN with all three ECN bits. The others are not printed; only the checksum
    shows them.
    """
    if isinstance(event, ChecksumUnexplained):
        if event.explanation == "reserved_flag" and notes.ecn is False:  # else AccECN may have been asked for: 4.99 prints no `e`
            yield Facts(flags="hidden")
    elif "e" in event.flags:
        asked = set("EWe") <= set(event.flags) if "S" in event.flags and "." not in event.flags else notes.asked
        if asked is False:
            yield Facts(flags=event.flags)


# ---- fields without their flag ----


@rule(
    on=(OddHeader, ChecksumUnexplained),
    severity=Severity.NOTE,
    cites="RFC 9293 §3.1",
    elsewhere=("tcp.ack.nonzero", "suricata:stream.pkt_broken_ack"),
)
def ack_field_nonzero(step: Step, event: OddHeader | ChecksumUnexplained) -> Iterator[Facts]:
    """The acknowledgement field is not zero although the ACK flag is not set.

    Harmless: receivers ignore it. tcpdump prints it since 5.0; before, the checksum shows it. Stacks and tools differ in what they leave.
    """
    tcp = _tcp(step)
    if isinstance(event, ChecksumUnexplained):
        if event.hidden_ack is not None:
            yield Facts(field=event.hidden_ack, certain=False)
    elif tcp.ack_unflagged is not UNSET:
        yield Facts(field=tcp.ack_unflagged, certain=True)


@rule(on=(OddHeader, ChecksumUnexplained), severity=Severity.NOTE, cites="RFC 9293 §3.1", elsewhere=("tcp.urgent_pointer.non_zero",))
def urg_field_nonzero(step: Step, event: OddHeader | ChecksumUnexplained) -> Iterator[Facts]:
    """The urgent field is not zero although the URG flag is not set.

    Harmless: receivers ignore it. tcpdump prints it since 5.0; before, the checksum shows that some hidden field is not zero.
    """
    tcp = _tcp(step)
    if isinstance(event, ChecksumUnexplained):
        plain = tcp.flags is not UNSET and "." in tcp.flags and "U" not in tcp.flags
        if event.explanation == "hidden_field" and plain and not any(type(option) is Eol for option in options_of(step)):
            yield Facts(field=event.residue, certain=False)
    elif tcp.urg_unflagged is not UNSET:
        yield Facts(field=tcp.urg_unflagged, certain=True)


# ---- urgent data ----


@rule(
    on=OddHeader,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.8.5",
    label="MUST-62",
    quote="The urgent pointer MUST point to the sequence number of the octet following the urgent data",
    elsewhere=("tcptrace:urgent data pkts",),
    positions=("end",),
)
def urg_pointer(step: Step, event: OddHeader) -> Iterator[Facts]:
    """Urgent data: `facts.end` is the octet that follows it.

    By the RFC all before it is urgent; most systems set only the last octet apart.
    """
    urg = _tcp(step).urg
    if urg is not UNSET and urg and step.seq is not None:
        yield Facts(urg=urg, end=roll(step.seq + urg))


@rule(on=OddHeader, severity=Severity.NOTE, cites="RFC 9293 §3.8.5")
def urg_points_past_segment(step: Step, event: OddHeader) -> Iterator[Facts]:
    """The urgent pointer points past this segment: the urgent data is still to come. Legal."""
    urg = _tcp(step).urg
    if urg is not UNSET and urg > step.length:
        yield Facts(urg=urg, octets=step.length)


@rule(on=OddHeader, severity=Severity.WARN, cites="RFC 6093", elsewhere=("netsem:urp 0",))
def urg_zero(step: Step, event: OddHeader) -> Iterator[Facts]:
    """The URG flag with a pointer of 0: urgent data that is not there. Systems differ in what they make of it."""
    if _tcp(step).urg == 0:
        yield Facts()


URGENT = 1 << 16
"""Suricata's limit of urgent octets that it follows in one stream."""


class Urgent(Notes):
    """How many octets each end has marked as urgent, and up to where."""

    on: ClassVar = (OddHeader,)

    def __init__(self) -> None:
        self.marked: dict[Side, tuple[int, int]] = {}

    def see(self, step: Step, event: OddHeader) -> None:
        if (now := self.with_this(step)) is not None:
            self.marked[step.side] = now

    def with_this(self, step: Step) -> tuple[int, int] | None:
        """Octets, and the end of the last of them, this segment's pointer included; None without one."""
        urg = _tcp(step).urg
        if urg is UNSET or not urg or step.seq is None:
            return None
        octets, upto = self.marked.get(step.side, (0, step.seq))
        end = step.seq + urg
        return octets + max(0, end - max(upto, step.seq)), max(upto, end)


@rule(
    on=OddHeader,
    notes=Urgent,
    needs=Need.ABSOLUTE,
    severity=Severity.WARN,
    cites="RFC 6093",
    elsewhere=("suricata:stream.reassembly_urgent_oob_limit_reached",),
)
def urg_limit(step: Step, event: OddHeader, notes: Urgent) -> Iterator[Facts]:
    """More than 64 KiB of one stream are marked as urgent.

    Urgent data is a few octets, such as the interrupt of a terminal. Observers keep it apart only up to a limit; beyond it what they read
    and what the host reads may differ. Told once for each end.
    """
    now = notes.with_this(step)
    before = notes.marked.get(step.side, (0, 0))[0]
    if now is not None and before <= URGENT < now[0]:
        yield Facts(octets=now[0])


# ---- lengths ----


@rule(
    on=OddHeader,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.1",
    elsewhere=("tcp.bogus_header_length", "zeek:bad_TCP_header_len", "suricata:decoder.tcp.hlen_too_small"),
)
def hdr_len_small(step: Step, event: OddHeader) -> Iterator[Facts]:
    """The header says that it is shorter than a header can be."""
    bad = _tcp(step).bad_header
    if bad is not UNSET and bad.fault == "too short":
        yield Facts(length=bad.length, least=bad.limit)


@rule(
    on=OddHeader,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.1",
    elsewhere=("tcp.short_segment", "zeek:truncated_header", "suricata:decoder.tcp.pkt_too_small"),
)
def hdr_truncated(step: Step, event: OddHeader) -> Iterator[Facts]:
    """The segment is shorter than its own header says."""
    bad = _tcp(step).bad_header
    if bad is not UNSET and bad.fault == "too long":
        yield Facts(length=bad.length, segment=bad.limit)


@rule(on=(OddHeader, LengthsDisagree), severity=Severity.ERROR)
def len_inconsistent(step: Step, event: OddHeader | LengthsDisagree) -> Iterator[Facts]:
    """Two numbers of the same line disagree about how long the payload is: the line was changed.

    tcpdump works the one out from the other, so it cannot print this.
    """
    padded = any(type(option) is Eol for option in options_of(step))  # what pads the header behind it is not printed
    if isinstance(event, LengthsDisagree):
        if not padded:
            yield Facts(length=step.length, by="IP length", other=step.length + event.ip - event.tcp)
        return
    span = _span(_tcp(step))
    told = not padded and step.happened(LengthsDisagree) is not None
    if not told and span is not None and span % CIRCLE != step.length % CIRCLE:
        yield Facts(length=step.length, by="sequence numbers", other=span % CIRCLE)


@rule(on=OddHeader, severity=Severity.NOTE, cites="RFC 9293 §3.4", elsewhere=("zeek:SeqWraps", "tcptrace:seq_wrap_count"))
def seq_wrap(step: Step, event: OddHeader) -> Iterator[Facts]:
    """The sequence numbers pass 2^32 and begin again at 0 in this segment. Usual, and the reason why tools must count modulo 2^32."""
    span = _span(_tcp(step))
    if span is not None and span < 0 and span % CIRCLE == step.length:
        yield Facts()


# ---- addresses ----


@rule(on=Opened, severity=Severity.WARN, elsewhere=("netsem:deliver_in_1b", "snort:land"))
def self_connect(step: Step, event: Opened) -> Iterator[Facts]:
    """Source and destination are the same address and port.

    On the loopback a program can meet itself so, when it opens an ephemeral port again and again. From outside it is forged (LAND).
    """
    connection = step.connection
    if connection.client == connection.server and connection.client_port == connection.server_port:
        yield Facts()
