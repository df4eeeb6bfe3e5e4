"""One connection while it is told: its words, its phase, its tally and what has been explained so far.

Everything a sentence may ask beside the step itself is here, in a few fields; nothing grows with the number of segments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.steps import Connection, End, Step
from tcpdump_parse.model.terms import Side, State
from tcpdump_parse.tell.amounts import span
from tcpdump_parse.tell.clock import ALWAYS
from tcpdump_parse.tell.tally import Tally
from tcpdump_parse.tell.told import Phase, Sentence, Weight
from tcpdump_parse.tell.words import Words
from tcpdump_parse.track.resolution import Resolution

if TYPE_CHECKING:
    from tcpdump_parse.tell.merging import Folded
    from tcpdump_parse.tell.runs import Folding
    from tcpdump_parse.tell.shapes import Shape


class Scene:
    """The teller's memory of one connection."""

    __slots__ = (
        "about", "back", "caption_lines", "chosen", "closing", "connection", "findings", "flowing", "kinds", "measured", "open", "phase",
        "plain", "remark", "resolution", "run", "said", "tally", "words",
    )  # fmt: skip

    def __init__(self, connection: Connection, words: Words, chosen: bool, said: set[type], resolution: Resolution) -> None:
        self.connection = connection
        self.words = words
        self.chosen = chosen
        self.said = said  # what holds for a whole capture is said at its first sight; shared by its connections
        self.resolution = resolution  # of the capture's clock; shared as well
        self.about = words.about
        self.tally = Tally()
        self.kinds: frozenset[type] = frozenset()  # the happenings of the segment that is being told
        self.phase: Phase | None = None
        self.open = False  # the handshake is done, or was never seen
        self.closing = False
        self.flowing = False  # the data phase of an open connection: nothing plain changes it
        self.plain = 0  # ordinary segments told one by one since the last remarkable one
        self.run: Folding | None = None
        self.remark = ""
        self.caption_lines: dict[str, int] = {}
        self.measured: int | None = None  # ns on the capture's clock: what began before has no duration any more; None: all has
        self.back = 0  # ns by which the clock went back and has not jumped ahead since
        self.findings: Folded = {}

    @property
    def steady(self) -> bool:
        """Was no jump of a clock found, so that the connection's time as a whole is what passed?"""
        return self.measured is None or self.measured == ALWAYS

    def say(self, key: str, side: Side, weight: Weight = Weight.STORY, /, **values: object) -> Sentence:
        """A sentence about `side`: {who}, {peer} and their capitals are filled in."""
        return Sentence(self.about[side][key] % values, key, weight)

    def who(self, side: Side) -> str:
        return self.words.client if side is Side.CLIENT else self.words.server

    def octets(self, n: int) -> str:
        return self.words.count("octets", n)

    def span(self, ns: int) -> str:
        """A duration, as exact as the capture's clock."""
        return span(ns, self.resolution.ns)


def relative(position: int, end: End) -> int:
    """A position as people count it: the SYN is 0."""
    return position - (end.base or 0)


def extent(start: int, stop: int, end: End) -> str:
    """A range of `end`'s stream, relative, as tcpdump writes it: "1:1449"."""
    return f"{relative(start, end)}:{relative(stop, end)}"


def ago(since: int | None, scene: Scene) -> str:
    return "" if since is None else scene.span(since)


PHASES: Final[dict[type, Phase]] = {
    h.ResetSent: Phase.RESET,
    h.FinSent: Phase.CLOSE,
    h.FinAcked: Phase.CLOSE,
    h.SynSent: Phase.OPENING,
    h.SynAckSent: Phase.OPENING,
    h.HandshakeDone: Phase.OPENING,
    h.KeepAlive: Phase.IDLE,
    h.KeepAliveAck: Phase.IDLE,
    h.DataSent: Phase.DATA,
}
"""What a happening makes of the phase, the strongest first. Whatever is not here belongs to the phase it falls into."""


_DATA: Final = Phase.DATA


def phase_after(scene: Scene, shape: Shape, step: Step) -> Phase:
    """The phase a segment of this shape belongs to; the scene is in it from now on."""
    if shape.flows and scene.flowing:
        return _DATA
    scene.open = scene.open or shape.opens
    scene.closing = scene.closing or shape.closes
    phase = scene.phase = _phase(scene, shape, step)
    scene.open = scene.open or phase is _DATA  # where the handshake is not seen whole, the first data says that it is over
    scene.flowing = phase is _DATA and scene.open and not scene.closing
    return phase


_OVER: Final = (State.CLOSED, State.LISTEN, State.UNKNOWN)
"""Where a reset leaves an end. One that is elsewhere and sends something new goes on, and so does the connection."""


def _phase(scene: Scene, shape: Shape, step: Step) -> Phase:
    """What an end sends again after its FIN belongs to the close; what answers the data of a half-closed connection, to that data, and
    so does what follows an opening that stands in the log after a close."""
    if scene.phase is Phase.RESET and (shape.phase is None or step.after.me.state in _OVER):
        return Phase.RESET
    if shape.phase is not None and not (shape.phase is Phase.DATA and scene.closing and step.after.me.fin is not None):
        return shape.phase
    if scene.closing:
        return Phase.DATA if scene.phase in (Phase.DATA, Phase.OPENING) and shape.phase is None else Phase.CLOSE
    return Phase.DATA if scene.open else Phase.OPENING
