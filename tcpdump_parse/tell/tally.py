"""What the verdict will need of a connection, gathered segment by segment in a few counters.

Law: bounded, and complete whatever is folded, filtered or quiet: every step passes here before anybody decides how to tell it.
`count` also answers whether a step may be folded: only what a reader would call "and so on".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import UNSET

from tcpdump_parse.check.halves import AtWork
from tcpdump_parse.check.missed import Holes
from tcpdump_parse.check.openings import no_copy, reset_cause, third_step
from tcpdump_parse.check.trips import DataTrips
from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Cause, DupReason, Proof, ResetCause, Side
from tcpdump_parse.track.rtt import LEAST_RTO
from tcpdump_parse.track.states import KEPT

if TYPE_CHECKING:
    from tcpdump_parse.tell.shapes import Shape

_DELAYED_LEAST: Final = 30_000_000  # Linux holds an ACK back for 40 ms or more
_NEVER: Final = 1 << 62
_DELAYED_MOST: Final = 600_000_000  # RFC 9293 MUST-40: less than 0.5 s; some room for the path


class Reset(NamedTuple):
    """A RST, as the verdict needs it. `fits`: whether the other end must believe it."""

    side: Side
    cause: ResetCause
    frame: int
    fits: bool | None


class Timeout(NamedTuple):
    """A timer that ran out at `frame`; what is sent again because of it goes up to `end`, the latest `at`."""

    frame: int
    end: int
    at: int | None


class Tally:
    """Counters of one connection. Frames are 0 where nothing happened."""

    __slots__ = (
        "after_reset", "answers", "asked", "at_work", "checksums", "closed_for", "content", "contradiction", "copied", "copies_open",
        "fin_ack", "fin_idle", "first_fin", "handshake", "holes", "incorrect", "late", "likely", "needed", "offload", "probes", "quickest",
        "reordered", "replies", "reset", "slowest", "spurious", "synacks", "timeouts", "trips", "unexplained", "unjudged", "wrong",
        "zero_windows",
    )  # fmt: skip

    def __init__(self) -> None:
        self.checksums = self.incorrect = self.offload = self.unjudged = 0
        self.wrong: list[int] = [0, 0]  # count, first frame
        self.unexplained: list[int] = [0, 0]
        self.contradiction = self.content = 0
        self.late = False
        self.likely: dict[Side, int] = {}  # of `needed`: those that only nothing speaks against
        self.handshake: h.HandshakeDone | None = None
        self.timeouts: dict[Side, Timeout] = {}  # the latest of each end
        self.synacks: dict[Side, int] = {}
        self.quickest: dict[Side, int] = {}  # the shortest time each end took to acknowledge
        self.trips = DataTrips()
        self.replies = 0
        self.slowest: tuple[int, int] = (-1, 0)  # ns, frame
        self.probes = self.answers = 0
        self.asked: dict[Side, int | None] = {}  # the octet below a gap that this end last told of
        self.zero_windows: dict[Side, int] = {}
        self.closed_for: dict[Side, int | None] = {}  # None: of one such time it is not known
        self.needed: dict[Side, int] = {}
        self.spurious: dict[Side, int] = {}
        self.copies_open: dict[Side, int] = {}
        self.reordered: dict[Side, int] = {}
        self.copied = 0
        self.first_fin: Side | None = None
        self.at_work = AtWork()
        self.fin_idle: tuple[int, int] | None = None  # silence before the first FIN, frame
        self.fin_ack: tuple[Side, int, int] | None = None  # who acknowledged a FIN as a delayed ACK, delay, frame
        self.reset: Reset | None = None  # the first that gives something up; else the first in somebody's name
        self.after_reset = 0  # segments of that side since that are no RST
        self.holes: dict[Side, Holes] = {}  # whose octets were acknowledged before they were seen

    def count(self, step: Step, shape: Shape) -> bool:
        """Count the step; True if nothing in it is worth a line of its own in a long run of its kind."""
        tcp = step.packet.tcp
        checksum = UNSET if tcp is UNSET else tcp.checksum
        if checksum is not UNSET:
            self.checksums += 1
            if not checksum.correct:
                self.incorrect += 1
                self.offload += shape.offloads
        if self.reset is not None and step.side is self.reset[0] and not shape.resets:
            self.after_reset += 1
        happenings = step.happenings
        if shape.ack >= 0:
            acked: h.AckAdvanced = happenings[shape.ack]  # type: ignore[assignment]
            self.trips.see(step, acked)
            delay = acked.delay
            if delay is not None and delay < self.quickest.get(step.side, _NEVER):
                self.quickest[step.side] = delay
        ordinary = shape.ordinary
        for place, note in shape.notes:
            if not note(self, step, happenings[place]):
                ordinary = False
        return ordinary

    def looks_delayed(self, step: Step, acked: h.Happening | None) -> bool:
        """An ACK this end could have sent long before: it is known to be quicker, nothing else was under way, and the wait is no longer
        than a delayed ACK may take. Only a sound sample counts: what was sent twice says nothing (Karn), and an ACK that closes a gap
        which was told of waited for the repair, even if the log lacks that."""
        quickest = self.quickest.get(step.side)
        if not isinstance(acked, h.AckAdvanced) or acked.rtt is None or quickest is None or step.after.peer.in_flight:
            return False
        if self.asked.get(step.side) == acked.start:
            return False
        return acked.rtt - quickest >= _DELAYED_LEAST and acked.rtt <= _DELAYED_MOST

    def judge(self, judged: h.Judged) -> None:
        """Later evidence about one copy."""
        if judged.needed is not None:
            self.copies_open[judged.side] = self.copies_open.get(judged.side, 0) - 1
            _more(self.needed if judged.needed else self.spurious, judged.side)
            if judged.needed and judged.proof is Proof.AS_FAR_AS_SEEN:
                _more(self.likely, judged.side)


def _more(counts: dict[Side, int], side: Side, by: int = 1) -> None:
    counts[side] = counts.get(side, 0) + by


def _first(count: list[int], frame: int) -> None:
    count[0] += 1
    count[1] = count[1] or frame


def _missed(tally: Tally, step: Step, happening: h.GapAcked) -> bool:
    tally.holes.setdefault(step.side.other, Holes()).acked(step, happening)
    return False


def _late_after_all(tally: Tally, step: Step, happening: h.Happening) -> None:
    """What was acknowledged first may come now: then the capture only wrote it late."""
    if (holes := tally.holes.get(step.side)) is not None:
        holes.sent(step, happening)


def _data(tally: Tally, step: Step, happening: h.DataSent) -> bool:
    if tally.holes:
        _late_after_all(tally, step, happening)
    if happening.turn and step.side is Side.SERVER and happening.since_peer is not None:
        tally.replies += 1
        if happening.since_peer > tally.slowest[0]:
            tally.slowest = (happening.since_peer, step.frame)
    if tally.first_fin is not None:
        tally.at_work.see(step, happening)
    return not happening.first


def _duplicate(tally: Tally, step: Step, happening: h.DuplicateAck) -> bool:
    tally.trips.see(step, happening)
    tally.asked[step.side] = step.ack
    return happening.n > 3 and happening.reason is DupReason.GAP


def _sack(tally: Tally, step: Step, happening: h.SackSeen) -> bool:
    if happening.fresh:
        tally.asked[step.side] = step.ack
    tally.trips.see(step, happening)
    return happening.dsack is None


def _synack(tally: Tally, step: Step, happening: h.SynAckSent) -> bool:
    _more(tally.synacks, step.side)
    if happening.delay is not None:
        tally.quickest.setdefault(step.side, happening.delay)
    return False


def _done(tally: Tally, step: Step, happening: h.HandshakeDone) -> bool:
    tally.handshake = happening if third_step(step) else h.HandshakeDone()
    if happening.to_client is not None:
        tally.quickest.setdefault(step.side, happening.to_client)
    return False


def _late(tally: Tally, step: Step, happening: h.StartedLate) -> bool:
    tally.late = True
    return False


def _again(tally: Tally, step: Step, happening: h.Retransmitted) -> bool:
    _late_after_all(tally, step, happening)
    tally.at_work.see(step, happening)
    if no_copy(step):
        return False
    if happening.cause is Cause.TIMEOUT:
        _timeout(tally, step, happening)
    known = {True: tally.needed, False: tally.spurious, None: tally.copies_open}
    _more(known[happening.needed], step.side)
    if happening.needed and happening.proof in (None, Proof.AS_FAR_AS_SEEN):
        _more(tally.likely, step.side)
    return False


def _timeout(tally: Tally, step: Step, happening: h.Retransmitted) -> None:
    """A sender has one timer, which starts anew when it runs out (RFC 6298 §5.5): what was sent before that and
    follows sooner than it can run out again, or goes on from there when an ACK comes, is sent again for the same reason."""
    last, at = tally.timeouts.get(step.side), step.at
    frame = step.frame
    if last is not None and happening.frames and happening.frames[-1] < last.frame:
        goes_on = happening.start == last.end
        since = [when for when in (last.at, step.before.peer.at if goes_on else None) if when is not None]
        if goes_on if at is None or not since else last.end <= happening.start and at - max(since) < LEAST_RTO:
            frame = last.frame
    tally.timeouts[step.side] = Timeout(frame, happening.end, at)


def _judged(tally: Tally, step: Step, happening: h.Judged) -> bool:
    tally.judge(happening)
    return False


def _reordered(tally: Tally, step: Step, happening: h.Reordered) -> bool:
    _late_after_all(tally, step, happening)
    _more(tally.reordered, step.side)
    return False


def _copied(tally: Tally, step: Step, happening: h.Copied) -> bool:
    tally.copied += 1
    return False


def _closed(tally: Tally, step: Step, happening: h.WindowClosed) -> bool:
    _more(tally.zero_windows, step.side)
    return False


def _reopened(tally: Tally, step: Step, happening: h.WindowReopened) -> bool:
    whole, this = tally.closed_for.get(step.side, 0), happening.closed_for
    tally.closed_for[step.side] = None if whole is None or this is None else whole + this
    return False


def _probe(tally: Tally, step: Step, happening: h.KeepAlive) -> bool:
    tally.probes += 1
    return False


def _answer(tally: Tally, step: Step, happening: h.KeepAliveAck) -> bool:
    tally.answers += 1
    return False


def _fin(tally: Tally, step: Step, happening: h.FinSent) -> bool:
    tally.trips.see(step, happening)
    if tally.first_fin is None:
        tally.first_fin = step.side
        if happening.idle is not None:
            tally.fin_idle = (happening.idle, step.frame)
    return False


def _finack(tally: Tally, step: Step, happening: h.FinAcked) -> bool:
    tally.at_work.see(step, happening)
    if happening.delay is not None and tally.looks_delayed(step, step.happened(h.AckAdvanced)):
        tally.fin_ack = (step.side, happening.delay, step.frame)
    return False


def _refused(tally: Tally, step: Step, happening: h.ResetSent) -> None:
    """What it answers acknowledged octets that were never sent, and was no third step either if it passed for one."""
    if (holes := tally.holes.get(step.side)) is not None:
        holes.refused(happening)
    if step.after.me.state in KEPT:
        tally.handshake = None


def _reset(tally: Tally, step: Step, happening: h.ResetSent) -> bool:
    first = tally.reset
    if happening.refuses:
        _refused(tally, step, happening)
    if not happening.refuses and (first is None or (first.cause is ResetCause.FOREIGN and not tally.after_reset)):
        tally.reset = Reset(step.side, reset_cause(step, happening), step.frame, happening.acceptable)
    return False


def _wrong(tally: Tally, step: Step, happening: h.ChecksumWrong) -> bool:
    if happening.zero:
        return False  # left for later, not damaged
    _first(tally.wrong, step.frame)
    return False


def _unjudged(tally: Tally, step: Step, happening: h.ChecksumUnjudged) -> bool:
    tally.unjudged += 1
    return False


def _unexplained(tally: Tally, step: Step, happening: h.ChecksumUnexplained | h.LengthsDisagree) -> bool:
    if not (isinstance(happening, h.ChecksumUnexplained) and happening.explanation == "reserved_flag"):
        _first(tally.unexplained, step.frame)
    return False


def _contradiction(tally: Tally, step: Step, happening: h.Contradiction) -> bool:
    tally.contradiction = tally.contradiction or step.frame
    return False


def _content(tally: Tally, step: Step, happening: h.ContentDiffers) -> bool:
    tally.content = tally.content or step.frame
    return False


# Happenings that neither count nor deserve a line of their own.
SILENT: Final = frozenset({h.WindowUpdate, h.AckAdvanced, h.ChecksumOffload})

NOTES: Final[dict[type, Callable[[Tally, Step, Any], bool]]] = {
    h.DataSent: _data, h.SackSeen: _sack, h.DuplicateAck: _duplicate, h.SynAckSent: _synack, h.HandshakeDone: _done, h.StartedLate: _late,
    h.Retransmitted: _again, h.Judged: _judged, h.Reordered: _reordered, h.Copied: _copied, h.WindowClosed: _closed,
    h.WindowReopened: _reopened, h.KeepAlive: _probe, h.KeepAliveAck: _answer, h.FinSent: _fin, h.FinAcked: _finack, h.ResetSent: _reset,
    h.ChecksumWrong: _wrong, h.ChecksumUnexplained: _unexplained, h.LengthsDisagree: _unexplained, h.Contradiction: _contradiction,
    h.ContentDiffers: _content, h.GapAcked: _missed, h.ChecksumUnjudged: _unjudged,
}  # fmt: skip
