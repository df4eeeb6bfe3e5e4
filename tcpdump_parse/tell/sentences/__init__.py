"""Happenings → sentences, a family a file. Which happening is told by which function stands in one table, `TELLS`.

Law: a function reads one happening of one step and says what it is and why it matters, with the numbers filled in; no words are made
here, only chosen. A happening that is missing from the table is silent, or part of what another one says.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Side, State
from tcpdump_parse.tell.scene import Scene
from tcpdump_parse.tell.sentences import checksum, close, data, handshake, loss, window
from tcpdump_parse.tell.told import Sentence, Weight
from tcpdump_parse.tell.words import Words

if TYPE_CHECKING:
    from tcpdump_parse.tell.shapes import Shape

Tell = Callable[[Step, Any, Scene], tuple[Sentence, ...]]

TELLS: Final[dict[type[h.Happening], Tell]] = {
    **handshake.TELLS, **data.TELLS, **loss.TELLS, **window.TELLS, **close.TELLS, **checksum.TELLS,
}  # fmt: skip

SILENT: Final[frozenset[type[h.Happening]]] = frozenset({h.Opened, h.Idle, h.StateMoved, h.ChecksumUnjudged})
"""Told by other means: the heading of the connection, the pause before the line, the states behind it, what the verdict cannot show."""

ONCE: Final = h.ChecksumOffload
"""Told once for each capture."""
_STORY: Final = Weight.STORY


def sentences(step: Step, shape: Shape, scene: Scene) -> tuple[Sentence, ...]:
    """All that is to be said about one segment, in order of telling; never nothing."""
    told: tuple[Sentence, ...] = ()
    happenings = step.happenings
    scene.kinds = shape.kinds
    for place, tell in shape.tells_later if scene.said else shape.tells:
        told += tell(step, happenings[place], scene)
    if not told or (told[0].weight is not _STORY and all(sentence.weight is not _STORY for sentence in told)):
        told = (data.bare(step, scene), *told)
    return (*told, _moved(step, shape, scene)) if shape.moves else told


_STATE: Final = {
    (True, False): "state.moved", (True, True): "state.now", (False, False): "state.arrives", (False, True): "state.arrives_now",
}  # fmt: skip
"""The sender has moved by sending; the other end moves when the segment arrives, which the log cannot show."""
_OPENING: Final = (State.LISTEN, State.SYN_SENT, State.SYN_RECEIVED)
"""Where a closed end can go. One that is found elsewhere never was closed: the RST in its name was not its own, or ended nothing."""


def _moved(step: Step, shape: Shape, scene: Scene) -> Sentence:
    happenings = step.happenings
    return _moves(scene.words, step.side, tuple([cast(h.StateMoved, happenings[place]) for place in shape.moves]))


@lru_cache(maxsize=1024)
def _moves(words: Words, speaker: Side, moves: tuple[h.StateMoved, ...]) -> Sentence:
    """Which ends are in another state now, as one line; two moves of an end are one. Every connection makes the same few."""
    parts = []
    for side in dict.fromkeys(move.side for move in moves):
        was = next(move.was for move in moves if move.side is side)
        now = [move.now for move in moves if move.side is side][-1]
        key = "state.after_all" if was is State.CLOSED and now not in _OPENING else _STATE[side is speaker, was is State.UNKNOWN]
        parts.append(words.say(key, side=words.say(f"term.{side}_end"), was=was.value, now=now.value))
    return Sentence(words.say("term.comma").join(parts), "state.moved", Weight.STATE)
