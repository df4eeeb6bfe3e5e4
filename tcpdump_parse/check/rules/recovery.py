"""How a loss shows and is mended: holes, duplicate ACKs, partial ACKs, where the segment was lost (RFC 5681 §3.2, RFC 6582, RFC 6675).

What each odd segment is, one finding a segment, is the family `loss`; how something is sent again is the family `resending`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import ClassVar

from msgspec import Struct

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.openings import began_before, no_copy
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.rules.checksum import Damaged
from tcpdump_parse.check.signs import Unmeasured
from tcpdump_parse.check.trips import SECOND, Trips
from tcpdump_parse.model import Severity
from tcpdump_parse.model.happenings import (
    AckAdvanced,
    DuplicateAck,
    GapAcked,
    GapFilled,
    GapOpened,
    Judged,
    Retransmitted,
    SackSeen,
)
from tcpdump_parse.model.steps import End, Ending, Step
from tcpdump_parse.model.terms import SIDES, DupReason, Proof, Side
from tcpdump_parse.track.ranges import Ranges
from tcpdump_parse.track.rtt import LEAST_RTO

THIRD = 3
OUTSTANDING = frozenset({DupReason.GAP, DupReason.ONE_OUTSTANDING})
"""Reasons of what RFC 5681 §2 calls a duplicate ACK."""
"""RFC 5681 §3.2: the third duplicate ACK means loss."""
MSS = 1460
KEPT = 64


class Duplicate(Struct, gc=False):
    """A duplicate ACK: its record, and where the other end (the sender of the octets) stood."""

    n: int
    frame: int
    at: int | None
    ack: int
    sent: int | None  # the sender's next octet then
    packets: int  # how much the sender had sent


class Sender(Struct):
    """Of one sender of octets."""

    recover: int | None = None  # a recovery goes on until this is acknowledged
    began: int = 0  # the record that began it
    again: deque[tuple[int, int]] = deque(maxlen=KEPT)  # ranges sent again and not acknowledged since
    dups: deque[Duplicate] = deque(maxlen=THIRD)  # of the current ACK
    third: Duplicate | None = None  # the third duplicate that nothing has answered yet
    unseen: Ranges = Ranges()
    told: int | None = None  # the last hole that was told as lost


class Repair(Notes):
    """What both senders have lost and mended, and their round trips. An ACK mends nothing before anything was lost."""

    after: ClassVar = (Retransmitted, DuplicateAck, GapOpened, GapFilled, GapAcked, SackSeen)
    on: ClassVar = (AckAdvanced, *after)
    shares: ClassVar = (Trips, Damaged)

    def __init__(self, trips: Trips, damaged: Damaged) -> None:
        self.trips, self.damaged = trips, damaged
        self.senders = {side: Sender(again=deque(maxlen=KEPT), dups=deque(maxlen=THIRD), unseen=Ranges()) for side in SIDES}

    def of(self, side: Side) -> Sender:
        return self.senders[side]

    def see(self, step: Step, event: AckAdvanced | Retransmitted | DuplicateAck | GapOpened | GapFilled | GapAcked | SackSeen) -> None:
        if isinstance(event, AckAdvanced):
            self._advanced(step, self.senders[step.side.other])
        elif isinstance(event, Retransmitted):
            _resent(step, event, self.senders[step.side])
        elif isinstance(event, DuplicateAck):
            self._repeated(step, event, self.senders[step.side.other])
        elif isinstance(event, SackSeen):
            if _lost(step, event, self):
                self.senders[step.side.other].told = step.ack
        else:
            _gap(event, self.senders[step.side if not isinstance(event, GapAcked) else step.side.other])

    def _advanced(self, step: Step, sender: Sender) -> None:
        ack = step.ack
        assert ack is not None
        if sender.dups:
            sender.dups.clear()
        sender.third = None
        if sender.recover is not None and ack >= sender.recover:
            sender.recover = None
        while sender.again and sender.again[0][1] <= ack:
            sender.again.popleft()

    def _repeated(self, step: Step, event: DuplicateAck, sender: Sender) -> None:
        peer = step.before.peer
        assert step.ack is not None
        dup = Duplicate(event.n, step.frame, step.at, step.ack, peer.snd_nxt, peer.packets)
        if _lost(step, event, self):
            sender.told = step.ack
        sender.dups.append(dup)
        if event.n == THIRD and event.reason in OUTSTANDING:
            sender.third = dup


def _resent(step: Step, event: Retransmitted, sender: Sender) -> None:
    nxt = step.before.me.snd_nxt
    if sender.recover is None and nxt is not None and event.end <= nxt:
        sender.recover, sender.began = nxt, step.frame
    sender.again.append((event.start, event.end))
    if sender.third is not None and event.start <= sender.third.ack < event.end:
        sender.third = None


def _gap(event: GapOpened | GapFilled | GapAcked, sender: Sender) -> None:
    if isinstance(event, GapOpened):
        sender.unseen.add(event.start, event.end)
        return
    kept = [(start, end) for start, end in sender.unseen.pairs() if end <= event.start or start >= event.end]
    cut = [part for start, end in sender.unseen.pairs() if start < event.end and event.start < end
           for part in ((start, event.start), (event.end, end)) if part[0] < part[1]]  # fmt: skip
    sender.unseen = Ranges()
    for start, end in (*kept, *cut):
        sender.unseen.add(start, end)


# ---- where it was lost ----


@rule(
    on=GapOpened,
    severity=Severity.WARN,
    cites="RFC 9293 §3.10.7.4",
    label="SHLD-31",
    elsewhere=("tcp.analysis.lost_segment", "zeek:above_hole_data_without_any_acks", "suricata:stream.reassembly_seq_gap"),
)
def segment_hole(step: Step, event: GapOpened) -> Iterator[Facts]:
    """Octets are missing before this segment: lost, late, or not captured.

    What fills the hole, or who acknowledges it, tells which; the findings of the segments that come later say so.
    """
    fin = step.before.me.fin
    if fin is None or event.end <= fin:  # behind a FIN nothing can be missing: `fin-moved`, `data-after-fin`
        yield Facts(octets=event.end - event.start)


@rule(on=Retransmitted, severity=Severity.WARN, cites="RFC 9293 §3.8.1", elsewhere=("tcp.analysis.lost_segment",))
def loss_before_capture(step: Step, event: Retransmitted) -> Iterator[Facts]:
    """The segment was lost between its sender and this capture.

    Its first copy never passed here, its repair does. `facts.proof` says what shows that it is a repair and no late original: IP ids,
    timestamps, or, weakest and then a note, the time.
    """
    if event.copies == 1 and not no_copy(step) and not began_before(step):
        weak = Severity.NOTE if event.kind_proof is Proof.TIME else None
        yield Facts(octets=event.end - event.start, proof=str(event.kind_proof), severity=weak)


def _lost(step: Step, event: DuplicateAck | SackSeen, notes: Repair) -> bool:
    """Do the receiver's ACKs say that a segment is lost that did pass here?"""
    sender, ack = notes.of(step.side.other), step.ack
    if (
        ack is None
        or (sender.told is not None and ack <= sender.told)
        or step.before.peer.snd_nxt is None
        or ack >= step.before.peer.snd_nxt
    ):
        return False
    if isinstance(event, DuplicateAck):
        low = ack + 1
        if event.n != THIRD or event.reason is not DupReason.GAP or step.happened(SackSeen) is not None:
            return False
    else:
        above = [block for block in event.blocks if block[0] > ack]
        mss = step.before.me.mss or MSS
        if not above or sum(right - left for left, right in above) <= (THIRD - 1) * mss:
            return False
        low = min(left for left, _ in above)
    return not sender.unseen.overlap(ack, low) and _watched(step.before.peer, ack, sender.unseen)


def _watched(sender: End, ack: int, unseen: Ranges) -> bool:
    """Did the octet at `ack` pass here? Where the log began in mid-connection it may have passed before."""
    if sender.iss is not None or sender.snd_nxt is None:
        return True
    return sender.octets + unseen.overlap(ack, sender.snd_nxt) >= sender.snd_nxt - ack - (sender.fin is not None)


@rule(
    on=(DuplicateAck, SackSeen),
    notes=Repair,
    needs=Need.BOTH_SIDES,
    severity=Severity.WARN,
    cites="RFC 6675 §4",
    elsewhere=("tcpanaly:network drop",),
)
def loss_inferred(step: Step, event: DuplicateAck | SackSeen, notes: Repair) -> Iterator[Facts]:
    """A segment that passed here did not reach the receiver: lost, or far out of order, between this capture and there.

    Three duplicate ACKs, or more than two segments selectively acknowledged above the hole, are what a sender takes for loss. Where it
    passed here with a wrong checksum (`facts.record`), the receiver most likely threw it away.
    """
    if _lost(step, event, notes) and step.ack is not None:
        position, record = step.rel_ack, notes.damaged.of(step.side.other, step.ack)
        frames = event.frames if isinstance(event, DuplicateAck) else ()
        frames = (*frames, *(dup.frame for dup in notes.of(step.side.other).dups)) if frames else ()
        if record is not None:
            frames = (record, *frames)
        yield Facts(evidence=frames, position=position, record=record, damaged=True if record is not None else None)


@rule(
    on=Ending,
    needs=Need.NO_GAP,
    severity=Severity.WARN,
    elsewhere=("suricata:2210054", "zeek:T", "tcptrace:rexmt data pkts"),
)
def excessive_loss(ending: Ending) -> Iterator[Facts]:
    """Much was lost: more than one data segment of a hundred repaired a loss, and at least three.

    `facts.percent`; above one, throughput on a long way falls markedly; above ten, nothing works well. What was sent again though it had
    arrived does not count, nor what stayed without any answer: where the other end or the way fell silent, that is no rate of loss.
    """
    for end, numbers in ((ending.client, ending.flow.client), (ending.server, ending.flow.server)):
        unanswered = sum(1 for event in ending.happenings if isinstance(event, Judged) and event.side is end.side and event.needed is None)
        again, sent = numbers.retransmitted - numbers.retransmitted_spurious - unanswered, numbers.actual_data_pkts
        if again >= THIRD and sent and again * 100 > sent:
            over = max(level for level in (1, 5, 10) if again * 100 > sent * level)
            yield Facts(side=str(end.side), again=again, sent=sent, percent=round(again * 100 / sent, 1), over=over)


# ---- duplicate ACKs ----


@rule(
    on=DuplicateAck,
    severity=Severity.NOTE,
    cites="RFC 5681 §2",
    elsewhere=(
        "tcp.analysis.duplicate_ack",
        "tcp.analysis.duplicate_ack_frame",
        "tcptrace:duplicate acks",
        "suricata:duplicate ack",
        "netsem:maybe_dup_ack",
    ),
)
def dup_ack(step: Step, event: DuplicateAck) -> Iterator[Facts]:
    """The receiver repeats its ACK: a segment came that is not the one it waits for, or one it had.

    Where only that one segment is outstanding (`facts.alone`), the log does not show what made it do so: it had no room for it, say.
    """
    if event.reason is not DupReason.NOTHING_OUTSTANDING:
        alone = True if event.reason is DupReason.ONE_OUTSTANDING else None
        yield Facts(evidence=event.frames, n=event.n, reason=str(event.reason), alone=alone)


@rule(on=DuplicateAck, severity=Severity.NOTE, cites="RFC 5681 §2", elsewhere=("tcp.analysis.duplicate_ack",))
def dup_ack_no_reason(step: Step, event: DuplicateAck) -> Iterator[Facts]:
    """The same ACK again while nothing is outstanding: by RFC 5681 no duplicate ACK.

    It tells of no loss. An ACK sent twice, a keep-alive of a kind, or an answer to a segment that the capture missed.
    """
    if event.reason is DupReason.NOTHING_OUTSTANDING and step.before.peer.seen:  # else nobody knows what is
        yield Facts(evidence=event.frames, n=event.n)


@rule(
    on=DuplicateAck,
    notes=Repair,
    severity=Severity.NOTE,
    cites="RFC 5681 §3.2",
    quote="The fast retransmit algorithm uses the arrival of 3 duplicate ACKs",
    elsewhere=("tcptrace:triple dupacks", "tcp.analysis.duplicate_ack_num", "netsem:di3_ackstuff"),
)
def dup_ack_triple(step: Step, event: DuplicateAck, notes: Repair) -> Iterator[Facts]:
    """The third duplicate ACK: the sender should send the missing segment again now."""
    if event.n == THIRD and event.reason in OUTSTANDING:
        yield Facts(evidence=(*event.frames, *(dup.frame for dup in notes.of(step.side.other).dups)))


@rule(
    on=Retransmitted,
    notes=Repair,
    needs=Need.TIME | Need.NO_GAP,
    severity=Severity.WARN,
    cites="RFC 5681 §3.2",
    quote="After receiving 3 duplicate ACKs, TCP performs a retransmission of what appears to be the missing segment, without waiting for "
    "the retransmission timer to expire.",
)
def fast_rexmit_missing(step: Step, event: Retransmitted, notes: Repair) -> Iterator[Facts]:
    """Three duplicate ACKs asked for a segment, and it is sent again only now, after a timeout.

    The sender does not know fast retransmit, or the duplicate ACKs were lost after they passed here.
    """
    third = notes.of(step.side).third
    if third is None or third.at is None or step.at is None or not event.start <= third.ack < event.end:
        return
    waited = step.at - third.at
    if waited >= max(LEAST_RTO, 2 * notes.trips.whole()):
        yield Facts(evidence=(third.frame,), waited_s=waited / SECOND)


@rule(
    on=DuplicateAck,
    notes=Repair,
    needs=Need.BOTH_SIDES | Need.NO_GAP | Need.TIME,
    severity=Severity.NOTE,
    cites="RFC 3042 §2",
    elsewhere=("packetdrill:limited_transmit",),
)
def limited_transmit(step: Step, event: DuplicateAck, notes: Repair) -> Iterator[Facts]:
    """After one of the first two duplicate ACKs the sender sent one new segment: limited transmit.

    It keeps ACKs coming, so that a third duplicate can show the loss even when little is on its way. A segment that passes sooner than
    the way to the sender and back takes was on its way before.
    """
    dups, peer = notes.of(step.side.other).dups, step.before.peer
    if event.n not in (2, THIRD) or event.reason not in OUTSTANDING or not dups:
        return
    last = dups[-1]
    if last.n != event.n - 1 or last.sent is None or peer.snd_nxt is None or peer.at is None or last.at is None:
        return
    answer, turn = peer.at - last.at, notes.trips.there(step.side).least
    if turn is None or not turn * 9 // 10 <= answer <= turn * 3 // 2 + 1_000_000:
        return
    if peer.snd_nxt > last.sent and peer.packets == last.packets + 1:
        yield Facts(side=str(peer.side), evidence=(last.frame, peer.frame), octets=peer.snd_nxt - last.sent)


# ---- the repair goes on ----


@rule(
    on=Unmeasured,
    notes=Repair,
    severity=Severity.NOTE,
    cites="RFC 6582 §3.2",
    elsewhere=("tcp.analysis.partial_ack", "netsem:NewReno"),
)
def partial_ack(step: Step, event: Unmeasured, notes: Repair) -> Iterator[Facts]:
    """A partial ACK: the repair arrived, and a further segment of the same flight is missing, or still on its way.

    It covers something, but not all that had been sent when the recovery began.
    """
    sender = notes.of(step.side.other)
    if sender.recover is not None and step.ack is not None and step.ack < sender.recover:
        yield Facts(evidence=(sender.began,), left=sender.recover - step.ack)


@rule(
    on=Unmeasured,
    notes=Repair,
    severity=Severity.NOTE,
    cites="RFC 6298 §3, RFC 9293 §3.8.1",
    label="MUST-18",
    quote="RTT samples MUST NOT be made using segments that were retransmitted (and thus for which it is ambiguous whether the reply was "
    "for the first instance of the packet or a later instance).",
    elsewhere=("tcp.analysis.ambiguous_ack", "tcptrace:ambiguous acks"),
)
def karn_ambiguous(step: Step, event: Unmeasured, notes: Repair) -> Iterator[Facts]:
    """This ACK covers octets that were sent more than once, so it measures no round trip: which copy does it answer?

    With timestamps the echo tells; without them Karn's rule forbids the sample.
    """
    sender = notes.of(step.side.other)
    if not sender.again or step.ack is None or step.after.me.tsecr is not None:
        return
    if any(start < step.ack and end > event.start for start, end in sender.again):
        yield Facts(octets=event.octets)
