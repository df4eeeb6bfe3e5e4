"""Checksums: what a wrong one proves, and what a right one proves about the text (RFC 1071, RFC 9293 §3.1).

A bad checksum never removes a packet from anything told or counted. With header text alone it can be proved that the sender's card was
to finish a checksum, and, where there is no payload, that a number in the line is not the one that was sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from msgspec import UNSET

from tcpdump_parse.check.engine import CaptureEnd
from tcpdump_parse.check.notes import CaptureNotes, Notes
from tcpdump_parse.check.rule import Facts, Told, rule
from tcpdump_parse.check.screen import ALL_ONES
from tcpdump_parse.check.signs import Sign, Unusual, sign
from tcpdump_parse.check.twins import Kind, Twins
from tcpdump_parse.model import Checksum, IPv4, Packet, Severity
from tcpdump_parse.model.happenings import ChecksumOffload, ChecksumUnexplained, ChecksumUnjudged, ChecksumWrong, ContentDiffers
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Side


class AllOnes(Sign, frozen=True):
    """The checksum field is 0xffff."""


@sign(AllOnes, of=Unusual)
def all_ones(step: Step) -> Sign | None:
    segment = step.packet.tcp
    checksum = UNSET if segment is UNSET else segment.checksum
    return AllOnes() if checksum is not UNSET and checksum.value == ALL_ONES else None


def _sum(step: Step) -> Checksum | None:
    segment = step.packet.tcp
    return None if segment is UNSET or segment.checksum is UNSET else segment.checksum


class Damaged(Notes):
    """Segments with wrong checksums, the latest ones: who sent them, their octets, their records."""

    on: ClassVar = (ChecksumWrong,)

    def __init__(self) -> None:
        self.latest: deque[tuple[Side, int, int, int]] = deque(maxlen=16)

    def see(self, step: Step, event: ChecksumWrong) -> None:
        if not event.zero and step.seq is not None and step.end is not None:
            self.latest.append((step.side, step.seq, step.end, step.frame))

    def holds(self, frame: int) -> bool:
        return any(frame == each for _, _, _, each in self.latest)

    def of(self, side: Side, position: int) -> int | None:
        """The latest of that side's records that brought this octet damaged."""
        found = (frame for who, start, end, frame in reversed(self.latest) if who is side and start <= position < end)
        return next(found, None)


@rule(
    on=(ChecksumWrong, ChecksumUnjudged),
    severity=Severity.ERROR,
    cites="RFC 9293 §3.1",
    label="MUST-3",
    quote="The sender MUST generate it (MUST-2) and the receiver MUST check it (MUST-3).",
    elsewhere=("tcp.checksum_bad.expert", "tcp.checksum.status", "zeek:bad_TCP_checksum", "suricata:2200074"),
)
def cksum_bad(step: Step, event: ChecksumWrong | ChecksumUnjudged) -> Iterator[Facts]:
    """The checksum is wrong, and offload does not explain it.

    A receiver throws such a segment away. Damage on the way is rare; hardware, a driver that rewrites packets, or a segment made by hand
    to fool an observer are the usual causes. Captured on the sending machine it may still be harmless: some cards leave other values to be
    filled in. Where hosts are printed as names the sum that offload leaves cannot be worked out: then it is only a note.
    """
    checksum = _sum(step)
    if checksum is None or (isinstance(event, ChecksumWrong) and event.zero):
        return
    names = isinstance(event, ChecksumUnjudged)
    expected = None if checksum.expected is UNSET else f"0x{checksum.expected:04x}"
    yield Facts(severity=Severity.NOTE if names else None, value=f"0x{checksum.value:04x}", expected=expected, names=names or None)


@rule(on=ChecksumOffload, told=Told.ONCE_AN_END, severity=Severity.NOTE, elsewhere=("tcp.checksum.partial",))
def cksum_offload_proven(step: Step, event: ChecksumOffload) -> Iterator[Facts]:
    """The wrong checksum is exactly the pseudo-header sum: the sender's network card was to finish it.

    Damage would leave just this value once in 65536. The capture was taken before the card: on the sending machine, or on a container or
    virtual machine (or their host) that shares its hardware. Told once for each end of a connection.
    """
    if not event.lso and (checksum := _sum(step)) is not None:
        yield Facts(value=f"0x{checksum.value:04x}")


class LargeSend(Sign, frozen=True):
    """The wrong checksum is the pseudo-header sum with length 0."""


_LARGE: Final = LargeSend()


@sign(LargeSend, of=(ChecksumOffload, Unusual))
def large_send(step: Step, event: ChecksumOffload) -> Sign | None:
    """Left to a card that also cuts the segment."""
    return _LARGE if event.lso else None


@rule(on=LargeSend, told=Told.ONCE_AN_END, severity=Severity.NOTE, elsewhere=("tcp.checksum.partial",))
def cksum_lso(step: Step, event: LargeSend) -> Iterator[Facts]:
    """The wrong checksum is the pseudo-header sum with length 0: large send offload as Windows does it.

    Told once for each end of a connection.
    """
    if (checksum := _sum(step)) is not None:
        yield Facts(value=f"0x{checksum.value:04x}")


@rule(on=ChecksumWrong, severity=Severity.NOTE)
def cksum_zero(step: Step, event: ChecksumWrong) -> Iterator[Facts]:
    """The checksum field is zero: some virtual network cards leave it so, to be filled in later."""
    if event.zero:
        yield Facts()


_CLIENT: Final = Side.CLIENT


class Offloaders(CaptureNotes):
    """Addresses whose checksums are offloaded, and whether any address has right ones only."""

    on: ClassVar = (Step,)

    def __init__(self) -> None:
        self.first: dict[str, Packet] = {}
        self.count: dict[str, int] = {}
        self.bad: set[str] = set()

    def see_all(self, steps: Sequence[Step]) -> None:
        count = self.count
        for step in steps:
            happenings = step.happenings
            if happenings and type(happenings[-1]) is ChecksumOffload:  # where it stands if nothing more is odd
                what: type | None = ChecksumOffload
            else:
                what = next((type(event) for event in happenings if isinstance(event, ChecksumOffload | ChecksumWrong)), None)
                if what is None:
                    continue
            who = step.connection
            source = who.client if step.side is _CLIENT else who.server
            if what is ChecksumWrong:
                self.bad.add(source)
            elif source in count:
                count[source] += 1
            elif len(count) < 64:
                self.first[source], count[source] = step.packet, 1


@rule(on=CaptureEnd, notes=Offloaders, severity=Severity.NOTE)
def cksum_offload_direction(end: CaptureEnd, notes: Offloaders) -> Iterator[Facts]:
    """All offloaded checksums come from one address: the capture was taken on that machine, or on one that shares its hardware.

    What passes between a machine and its containers or virtual machines meets no network card, so its checksums stay unfinished there too.
    """
    if len(notes.count) == 1 and not notes.bad:
        ((address, count),) = notes.count.items()
        first = notes.first[address]
        yield Facts(packet=first, address=address, count=count)


@rule(on=ChecksumUnexplained, severity=Severity.ERROR, cites="RFC 9293 §3.1")
def cksum_recompute(step: Step, event: ChecksumUnexplained) -> Iterator[Facts]:
    """The right checksum, worked out from the line, is not the one tcpdump worked out from the packet.

    So a number in the line is not the one that was sent (an edit, a slip in copying, rewritten addresses), or a field that tcpdump does
    not print is not zero. `facts.hidden_ack` is the hidden acknowledgement number that would explain it.
    """
    if event.hidden_ack is None and event.explanation != "reserved_flag":  # that one is told as what it is
        yield Facts(residue=event.residue, explanation=event.explanation or None)


@rule(on=AllOnes, severity=Severity.NOTE, cites="RFC 1624", elsewhere=("tcp.checksum.ffff",))
def cksum_ffff(step: Step, event: AllOnes) -> Iterator[Facts]:
    """The checksum is 0xffff where 0x0000 is meant: in one's complement both are zero."""
    checksum = _sum(step)
    if checksum is not None and checksum.correct:
        yield Facts()


class Unprinted(CaptureNotes):
    """Whether any checksum is printed, and the first record without one although the header is printed in full."""

    on: ClassVar = (Step,)

    def __init__(self) -> None:
        self.printed = False
        self.first: Packet | None = None
        self.count = 0

    def see_all(self, steps: Sequence[Step]) -> None:
        if not self.printed:
            for step in steps:
                self.see(step)

    def see(self, step: Step) -> None:
        packet = step.packet
        if self.printed or packet.tcp is UNSET:
            return
        if packet.tcp.checksum is not UNSET:
            self.printed = True
        elif isinstance(packet.ip, IPv4) and packet.ip.tos is not UNSET:
            self.count += 1
            if self.first is None:
                self.first = packet


@rule(on=CaptureEnd, notes=Unprinted, severity=Severity.NOTE, elsewhere=("tcp.checksum.status", "tcp.checksum.status:unverified"))
def cksum_missing(end: CaptureEnd, notes: Unprinted) -> Iterator[Facts]:
    """No checksum is printed at -v: tcpdump was told not to verify (`-K`), or the packets are fragments or cut.

    What checksums prove (offload, an edited line, copies with other content) cannot be shown here.
    """
    if notes.first is not None and not notes.printed:
        yield Facts(packet=notes.first, count=notes.count)


@rule(
    on=ContentDiffers,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.8.1",
    elsewhere=("zeek:rexmit_inconsistency", "suricata:stream.reassembly_overlap_different_data", "tcp.segment.overlap.conflict"),
)
def cksum_payload_const(step: Step, event: ContentDiffers) -> Iterator[Facts]:
    """The same octets were sent with other content: the payload sums, worked out from the checksums, differ.

    Octets of a stream never change. A second sender on the way (an injected answer), an attempt to fool an observer, or a broken device
    does this.
    """
    yield Facts(evidence=event.frames, octets=event.end - event.start)


@rule(on=CaptureEnd, notes=Twins, severity=Severity.NOTE, cites="RFC 1624 §3")
def cksum_nat_delta(end: CaptureEnd, notes: Twins) -> Iterator[Facts]:
    """A packet is there again with other addresses, and its checksum changed by exactly that: address translation, proved.

    The rest of the checksum is the same, so header and payload are the same packet: the capture saw it before and after a NAT.
    """
    pair = notes.pairs.get(Kind.NAT_SUM)
    if pair is not None:
        second = pair.second
        yield Facts(packet=second, evidence=(pair.first.frame,), packets=pair.count)
