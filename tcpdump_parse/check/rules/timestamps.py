"""Timestamps in use: what they echo, whether they go on, what their clock tells (RFC 7323 §3 to §5).

Whether they were agreed on is the family `negotiation`. Bounded: a few numbers a connection, one line a host.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import UNSET, Struct

from tcpdump_parse.check.notes import CaptureNotes, Notes
from tcpdump_parse.check.openings import remember
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.rules.options import option_of
from tcpdump_parse.check.screen import HALF, TICKS
from tcpdump_parse.check.signs import Sign, StampsSeen, Unusual, letters, sign
from tcpdump_parse.model import Severity
from tcpdump_parse.model.happenings import Copied, FinSent, ResetSent, SynAckSent, SynSent
from tcpdump_parse.model.options import Timestamps
from tcpdump_parse.model.steps import End, Ending, Step
from tcpdump_parse.model.terms import Side, Where
from tcpdump_parse.seq import unroll

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
LEAP = 60_000
"""Ticks that no pause of an ordinary dialogue takes: a minute of the usual millisecond clock."""


class StampsOdd(Sign, frozen=True):
    """A timestamp that does not simply go on from the sender's last one, or an echo that is not one of the other end's latest."""


_ODD = StampsOdd()


@sign(StampsOdd, of=Unusual)
def stamps(step: Step) -> Sign | None:
    """Plain numbers are compared, so that a wrapped counter shows as odd too and the rules look closer."""
    me = step.after.me
    val, ecr = me.tsval, me.tsecr
    if val is None or ecr is None:
        return None
    before, peer = step.before.me, step.before.peer
    was, theirs, echoed = before.tsval, peer.tsval, peer.tsecr
    if was is not None and not 0 <= val - was < TICKS:
        return _ODD
    if theirs is None or echoed is None:
        return None
    plain = ecr and 0 <= theirs - ecr < HALF and (not echoed or 0 <= val - echoed < HALF) and ecr >= (before.tsecr or 0)
    return None if plain else _ODD


def _past(now: int, then: int) -> int:
    """How far `now` is past `then` on the circle; negative: behind."""
    return unroll(now, then) - then


def _stamp(step: Step) -> Timestamps | None:
    return option_of(step, Timestamps)


class Clock(Struct, frozen=True, gc=False):
    """One reading of a sender's clock."""

    frame: int
    at: int
    val: int


class Stamps(Notes):
    """The newest timestamp of each end where it is not the last one, its first reading, and a line it left."""

    on: ClassVar = (StampsOdd, StampsSeen, ResetSent)

    def __init__(self) -> None:
        self.newest: dict[Side, int] = {}
        self.first: dict[Side, Clock] = {}
        self.left: dict[Side, Clock] = {}  # the odd record, and the value before it
        self.broken: set[Side] = set()  # ends whose first and last record tell no pace: a leap between, or a RST without timestamps

    def see(self, step: Step, event: StampsOdd | StampsSeen | ResetSent) -> None:
        stamp, was = _stamp(step), step.before.me.tsval
        if isinstance(event, ResetSent):
            if stamp is None:
                self.broken.add(step.side)
        elif isinstance(event, StampsSeen):
            if stamp is not None and step.at is not None:
                self.first[step.side] = Clock(step.frame, step.at, stamp.val)
        elif stamp is not None and was is not None:
            self.newest[step.side] = self.highest(step.before.me) or was
            past = _past(stamp.val, was)
            if past <= -LEAP or _ahead(step, stamp, self):
                self.broken.add(step.side)
            if past <= -LEAP and _newer(step):
                self.left[step.side] = Clock(step.frame, step.at or 0, was)
            elif past > 0:
                self.left.pop(step.side, None)

    def highest(self, end: End) -> int | None:
        """The newest value this end has sent."""
        high = self.newest.get(end.side)
        if end.tsval is None or high is None:
            return end.tsval
        return high if _past(high, end.tsval) > 0 else end.tsval


def _newer(step: Step) -> bool:
    """Do its numbers show that it was sent after everything seen of this end?"""
    me = step.before.me
    if "R" in letters(step) or step.seq is None or me.snd_nxt is None:
        return False
    if step.length:
        return step.seq >= me.snd_nxt
    return step.ack is not None and me.ack is not None and step.ack > me.ack and step.seq >= me.snd_nxt


# ---- values ----


@rule(on=StampsOdd, severity=Severity.WARN, cites="RFC 7323 §5.2", elsewhere=("suricata:stream.pkt_invalid_timestamp",))
def ts_went_back(step: Step, event: StampsOdd) -> Iterator[Facts]:
    """The timestamp is older than the one this end sent before, on a segment that was sent later.

    Its sequence or acknowledgement number is new, so reordering does not explain it. A clock that differs between processors, a device on
    the way that answers in the host's name, or two hosts behind one address.
    """
    stamp, was = _stamp(step), step.before.me.tsval
    if stamp is not None and was is not None and _newer(step) and (past := _past(stamp.val, was)) < 0:
        yield Facts(evidence=(step.before.me.frame,), back=-past, was=was)


@rule(
    on=StampsOdd,
    notes=Stamps,
    needs=Need.BOTH_SIDES,
    severity=Severity.WARN,
    cites="RFC 7323 §5.3",
    elsewhere=("suricata:stream.pkt_invalid_timestamp", "netsem:paws_failed"),
)
def paws_reject(step: Step, event: StampsOdd, notes: Stamps) -> Iterator[Facts]:
    """By PAWS the receiver should drop this segment: it has already echoed a newer timestamp.

    An old segment that was late on its way; whether it was dropped, later ACKs show. Without octets it is harmless (a note): a newer
    acknowledgement is there already. Receivers forget a timestamp that is older than 24 days.
    """
    stamp, peer = _stamp(step), step.before.peer
    echoed, newest = peer.tsecr, notes.highest(step.before.me)
    if stamp is None or not echoed or newest is None or _past(echoed, newest) > 0 or set("SR") & set(letters(step)):
        return
    copied = step.happened(Copied)
    if isinstance(copied, Copied) and copied.where is Where.CAPTURE:
        return
    recent = step.at is None or peer.at is None or step.at - peer.at < 24 * DAY
    if recent and (past := _past(stamp.val, echoed)) < 0:
        severity = None if step.length or "F" in letters(step) else Severity.NOTE
        yield Facts(severity=severity, behind=-past, echoed=echoed)


# ---- echoes ----


@rule(
    on=StampsOdd,
    notes=Stamps,
    needs=Need.BOTH_SIDES | Need.NO_GAP,
    severity=Severity.WARN,
    cites="RFC 7323 §3.2",
)
def ts_ecr_unsent(step: Step, event: StampsOdd, notes: Stamps) -> Iterator[Facts]:
    """It echoes a timestamp that the other end has not sent in this log.

    The capture missed a segment (a bare ACK leaves no other trace), or recorded two in the wrong order; or this end made the echo up.
    """
    stamp, newest = _stamp(step), notes.highest(step.before.peer)
    if stamp is None or not stamp.ecr or newest is None or "." not in letters(step):
        return
    if (past := _past(stamp.ecr, newest)) > 0:
        yield Facts(echo=stamp.ecr, newest=newest, ahead=past)


@rule(
    on=StampsOdd,
    needs=Need.BOTH_SIDES,
    severity=Severity.WARN,
    cites="RFC 7323 §4.3",
    elsewhere=("netsem:ts_recent", "packetdrill:ts_recent"),
)
def ts_ecr_stale(step: Step, event: StampsOdd) -> Iterator[Facts]:
    """The echo goes back to an older timestamp although this segment is newer than the one before.

    What an end echoes only ever grows. The other end will take its round trip for longer than it is.
    """
    stamp, me = _stamp(step), step.before.me
    if stamp is None or not stamp.ecr or not me.tsecr or me.tsval is None or "R" in letters(step):
        return
    if _past(stamp.val, me.tsval) > 0 and (past := _past(stamp.ecr, me.tsecr)) < 0:
        yield Facts(evidence=(me.frame,), was=me.tsecr, echo=stamp.ecr, back=-past)


@rule(on=StampsOdd, needs=Need.BOTH_SIDES, severity=Severity.WARN, cites="RFC 7323 §3.2")
def ts_ecr_zero(step: Step, event: StampsOdd) -> Iterator[Facts]:
    """It acknowledges and echoes 0, although the other end sends timestamps.

    The other end cannot measure its round trip; some take 0 for a value and measure nonsense.
    """
    stamp, theirs = _stamp(step), step.before.peer.tsval
    if stamp is None or stamp.ecr or not theirs or 0 < _past(theirs, 0) < LEAP:  # a counter that just passed 0 was 0
        return
    if "." in letters(step) and "R" not in letters(step):
        yield Facts(newest=theirs)


# ---- resets and FINs ----


@rule(on=ResetSent, needs=Need.HANDSHAKE, severity=Severity.NOTE, cites="RFC 7323 §3.2")
def ts_rst(step: Step, event: ResetSent) -> Iterator[Facts]:
    """The RST carries no timestamps although they were agreed on.

    Allowed, though RFC 7323 asks for them (SHOULD). Stacks send such a RST where no socket is left; so do firewalls and forgers, which do
    not know the timestamps.
    """
    mine, theirs = step.before.me.offered, step.before.peer.offered
    tcp = step.packet.tcp
    if mine and theirs and "TS" in mine and "TS" in theirs and tcp is not UNSET and tcp.cut is UNSET and _stamp(step) is None:
        yield Facts()


@rule(on=ResetSent, severity=Severity.NOTE, cites="RFC 7323 §5.2", elsewhere=("packetdrill:reset_tsval",))
def ts_rst_stale(step: Step, event: ResetSent) -> Iterator[Facts]:
    """The RST carries a timestamp older than this end's last one.

    It was sent before, was made from a stored value, or comes from elsewhere.
    """
    stamp, was = _stamp(step), step.before.me.tsval
    if stamp is not None and was is not None and (past := _past(stamp.val, was)) < 0:
        yield Facts(evidence=(step.before.me.frame,), back=-past, was=was)


@rule(on=FinSent, needs=Need.TIME, severity=Severity.NOTE, cites="RFC 7323 §5.4", elsewhere=("packetdrill:fin_tsval",))
def ts_fin_updated(step: Step, event: FinSent) -> Iterator[Facts]:
    """The FIN carries the timestamp of a second ago or more: this end's clock does not tick, or the FIN was built earlier."""
    stamp, me = _stamp(step), step.before.me
    if stamp is None or stamp.val != me.tsval or me.at is None or step.at is None:
        return
    if step.at - me.at > SECOND:
        yield Facts(evidence=(me.frame,), since_s=(step.at - me.at) / SECOND)


# ---- clocks ----


@rule(on=Ending, notes=Stamps, needs=Need.TIME, severity=Severity.NOTE, gravest=Severity.WARN, cites="RFC 7323 §5.4")
def ts_clock_rate(ending: Ending, notes: Stamps) -> Iterator[Facts]:
    """How fast this end's timestamps count: ticks a second over the whole connection.

    RFC 7323 wants one tick in 1 ms to 1 s; slower is a warning, for then old segments look new. Newer Linux can count microseconds.
    """
    for end in (ending.client, ending.server):
        rate = _rate(notes.first.get(end.side), end, least=SECOND) if end.side not in notes.broken else None
        if rate is not None:
            slow = Severity.WARN if rate < 0.9 and ending.flow.duration is not UNSET else None  # across a step no rate is slow
            yield Facts(severity=slow, side=str(end.side), ticks_a_second=round(rate) if rate >= 10 else round(rate, 1))


def _rate(first: Clock | None, end: End, least: int) -> float | None:
    """Ticks a second from the first reading to the last; None where the time between is too short to tell."""
    if first is None or end.tsval is None or end.at is None:
        return None
    ticks, time = _past(end.tsval, first.val), end.at - first.at
    if ticks < 0 or time < least or (ticks < 10 and time < 10 * SECOND):
        return None
    return ticks * SECOND / time


@rule(on=StampsOdd, notes=Stamps, needs=Need.TIME, severity=Severity.NOTE, cites="RFC 7323 §5.4")
def ts_clock_jump(step: Step, event: StampsOdd, notes: Stamps) -> Iterator[Facts]:
    """This end's timestamps leap ahead of their own pace by more than a second.

    A virtual machine that was paused or moved, a restart, or another machine that answers under the same address.
    """
    stamp, me = _stamp(step), step.before.me
    ahead = None if stamp is None else _ahead(step, stamp, notes)
    if stamp is not None and ahead is not None and me.tsval is not None and step.at is not None and me.at is not None:
        yield Facts(evidence=(me.frame,), ticks=_past(stamp.val, me.tsval), paused_s=(step.at - me.at) / SECOND, ahead_s=ahead)


def _ahead(step: Step, stamp: Timestamps, notes: Stamps) -> float | None:
    """Seconds that this timestamp is ahead of its clock's pace; None if less than one, or a tenth of the pause."""
    me = step.before.me
    rate = _rate(notes.first.get(step.side), me, least=SECOND)
    if not rate or me.tsval is None or me.at is None or step.at is None or step.side in notes.left:
        return None
    ticks, time = _past(stamp.val, me.tsval), (step.at - me.at) / SECOND
    ahead = ticks / rate - time
    return ahead if ticks > 0 and ahead > max(1, time / 10) else None


@rule(on=StampsOdd, notes=Stamps, severity=Severity.WARN)
def ts_two_clocks(step: Step, event: StampsOdd, notes: Stamps) -> Iterator[Facts]:
    """Two clocks under one address: the timestamps left their line and are back on it.

    Another machine sent what lies between: a proxy, a load balancer, or somebody who injects segments.
    """
    stamp, left = _stamp(step), notes.left.get(step.side)
    if stamp is not None and left is not None and 0 <= _past(stamp.val, left.val) < LEAP:
        yield Facts(evidence=(left.frame,), record=left.frame)


@rule(on=StampsOdd, severity=Severity.NOTE, cites="RFC 7323 §5.5", elsewhere=("suricata:PAWS_24DAYS",))
def ts_tick_wrap(step: Step, event: StampsOdd) -> Iterator[Facts]:
    """This end's timestamp counter passes 2^32 and starts again at 0: ordinary, after 49.7 days of milliseconds."""
    stamp, was = _stamp(step), step.before.me.tsval
    if stamp is not None and was is not None and stamp.val < was and _past(stamp.val, was) > 0:
        yield Facts(evidence=(step.before.me.frame,), was=was, now=stamp.val)


PACES = (1000, 250, 100)
"""Ticks a second of common stacks."""


class Seen(Struct, frozen=True, gc=False):
    """A host's first SYN with timestamps, to whom; `told`: its uptime was."""

    clock: Clock
    to: str
    told: bool = False


class Hosts(CaptureNotes):
    """The first reading of each host's clock."""

    on: ClassVar = (SynSent, SynAckSent)

    def __init__(self) -> None:
        self.of: dict[str, Seen] = {}

    def see(self, step: Step, event: SynSent | SynAckSent) -> None:
        host, stamp = step.connection.addr(step.side), _stamp(step)
        known = self.of.get(host)
        if known is None:
            if stamp is not None and stamp.val and step.at is not None:
                remember(self.of, host, Seen(Clock(step.frame, step.at, stamp.val), _other(step)))
        elif not known.told and _pace(step, known) is not None:
            remember(self.of, host, Seen(known.clock, known.to, told=True))


def _other(step: Step) -> str:
    return step.connection.addr(step.before.peer.side)


def _pace(step: Step, known: Seen) -> int | None:
    """The pace at which this SYN's timestamp continues that of a SYN to another host; None: another line."""
    stamp = _stamp(step)
    if stamp is None or step.at is None or known.to == _other(step) or step.at - known.clock.at < 2 * SECOND:
        return None
    rate = _past(stamp.val, known.clock.val) * SECOND / (step.at - known.clock.at)
    return next((pace for pace in PACES if abs(rate - pace) < pace / 100), None)


@rule(on=(SynSent, SynAckSent), notes=Hosts, needs=Need.TIME, severity=Severity.NOTE, elsewhere=("p0f:uptime",))
def ts_uptime(step: Step, event: SynSent | SynAckSent, notes: Hosts) -> Iterator[Facts]:
    """One clock stamps this host's connections to different hosts: it may have counted since the host was started.

    Stacks that hide their uptime start elsewhere for each other host. If this clock began at 0, it has run so long; stacks that begin at a
    random number, and counters that wrapped, make it meaningless.
    """
    known, stamp = notes.of.get(step.connection.addr(step.side)), _stamp(step)
    pace = _pace(step, known) if known is not None and not known.told else None
    if known is not None and pace is not None and stamp is not None:
        yield Facts(evidence=(known.clock.frame,), ticks_a_second=pace, uptime_s=stamp.val / pace)
