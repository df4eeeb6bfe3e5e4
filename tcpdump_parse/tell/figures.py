"""The verdict's figures: what was lost, overtaken and copied; round trips; who waited for whom; where the capture was taken.

Law: a figure is told where it says something to a reader, not because it was counted; `tdparse flows` has all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from tcpdump_parse.check.standpoint import standpoint
from tcpdump_parse.model.flow import FlowEnd, Limits
from tcpdump_parse.model.steps import Ending
from tcpdump_parse.model.terms import Side
from tcpdump_parse.tell.scene import Scene
from tcpdump_parse.tell.told import Basis, Reason

Say = Callable[..., Reason]

_SECOND: Final = 1_000_000_000  # ns
_WORTH: Final = 0.1  # seconds; who waited less than this is nobody's question
_SHARE: Final = 0.2  # of the connection's time; less than this did not decide how long it took
_TRANSFER: Final = 4  # data segments; fewer are a question or an answer
_BULK: Final = 20  # data segments that may tell how fast a network is
_STAMPS: Final = 12  # octets of a segment that timestamps take
_SAMPLES: Final = 5  # round trips worth a summary


def losses(say: Say, scene: Scene, ending: Ending) -> Iterator[Reason]:
    """What was sent again, overtaken, copied, missed, never acknowledged."""
    for side in Side:
        yield from _again(say, scene, side)
        if late := scene.tally.reordered.get(side):
            yield say(Basis.PROVED, "reordered", side, segments=scene.words.count("segments", late))
        if missed := _missed(scene, side):
            yield replace(say(Basis.PROVED, "missed", side, octets=scene.octets(missed)), rule="cap-drop-inferred")
    for side, waiting in zip(Side, ending.unacked, strict=True):
        if waiting and scene.tally.handshake is not None:
            yield say(Basis.PROVED, "unacked", side, octets=scene.octets(waiting), frame=ending.frame)
    if scene.tally.copied:
        yield say(Basis.PROVED, "copied", packets=scene.words.count("packets", scene.tally.copied))


def _missed(scene: Scene, side: Side) -> int:
    """Octets of that end that were acknowledged and never came."""
    holes = scene.tally.holes.get(side)
    return holes.settle() if holes is not None else 0


def _again(say: Say, scene: Scene, side: Side) -> Iterator[Reason]:
    """That something was sent again is plain; why it need or need not be is proved, likely, or not shown."""
    tally, count = scene.tally, scene.words.count
    needed, likely = tally.needed.get(side, 0), tally.likely.get(side, 0)
    spurious, undecided = tally.spurious.get(side, 0), tally.copies_open.get(side, 0)
    total = needed + spurious + undecided
    if not total:
        return
    parts = [("needed", needed - likely), ("spurious", spurious)]
    told = [scene.words.say(f"verdict.again_{name}", n=n) for name, n in parts if n]
    segments = count("segments", total)
    if told:
        yield say(Basis.PROVED, "again", side, segments=segments, parts=scene.words.listed(told))
    else:
        yield say(Basis.PROVED, "again_plain", side, segments=segments)
    if likely:
        yield say(Basis.SUGGESTED, "again_likely", side, n=likely)
    if undecided:
        yield say(Basis.UNKNOWN, "again_open", side, n=undecided)


def round_trips(say: Say, scene: Scene, ending: Ending) -> Iterator[Reason]:
    """From data to its ACK, where there were enough of them and they are more than the end next to the capture answering itself."""
    if ending.flow.duration is UNSET:
        return
    for side in Side:
        trips = scene.tally.trips.of(side)
        if trips.count < _SAMPLES or trips.most < _WORTH * _SECOND / 100:
            continue
        least, most, mean = (scene.span(round(value)) for value in (trips.least, trips.most, trips.mean))
        if least == most:
            yield say(Basis.PROVED, "trips_alike", side, n=trips.count, mean=mean)
        else:
            yield say(Basis.PROVED, "trips", side, n=trips.count, least=least, most=most, mean=mean)


def waits(say: Say, scene: Scene, ending: Ending) -> Iterator[Reason]:
    """Who waited for whom: what held each end's sending up for a good part of the time."""
    limits, duration, vantage = ending.flow.limits, ending.flow.duration, ending.flow.vantage
    if limits is UNSET or duration is UNSET or duration < _WORTH or not scene.steady:
        return
    for side in Side:
        held = limits.get(side.value)
        if held is None or _row(ending, side).actual_data_pkts < _TRANSFER:
            continue
        for cause, seconds in _held(held, seen=vantage is not UNSET and vantage.beside(side), bulk=_bulk(ending, side)):
            if seconds >= max(_WORTH, _SHARE * duration):
                share = round(100 * min(1.0, seconds / duration))
                yield say(Basis.SUGGESTED, f"waits_{cause}", side, span=scene.span(round(seconds * 1e9)), share=share)


def _bulk(ending: Ending, side: Side) -> bool:
    """Full segments, and hardly an answer to them: it had more to send than it could. Who asks and waits for the answer had not."""
    mine, other = _row(ending, side), _row(ending, side.other)
    room = other.mss_requested
    if room is UNSET or mine.actual_data_pkts < _BULK or other.actual_data_pkts * 10 > mine.actual_data_pkts:
        return False
    return mine.actual_data_bytes >= 0.8 * mine.actual_data_pkts * (room - _STAMPS)


def _held(held: Limits, *, seen: bool, bulk: bool) -> list[tuple[str, float]]:
    """The causes, the longest first. `seen`: the capture is beside that end; elsewhere a sender that waits for the network looks idle.
    `bulk`: what is on its way held up what comes after it."""
    causes = [("receiver", held.receiver)]
    if bulk:
        causes.append(("network", held.network))
    if seen:
        causes.append(("application", held.application))
    return sorted(causes, key=lambda cause: -cause[1])


def place(say: Say, ending: Ending) -> Iterator[Reason]:
    """Where the capture was taken."""
    at = standpoint(ending)
    if at is not None:
        yield say(Basis.PROVED if at.proved else Basis.SUGGESTED, f"at_{at.place}")


def _row(ending: Ending, side: Side) -> FlowEnd:
    return ending.flow.client if side is Side.CLIENT else ending.flow.server
