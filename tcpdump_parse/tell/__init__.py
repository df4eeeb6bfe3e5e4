"""Step, Finding → sentences: the story of a log, in plain words.

`explain` is the verb for users, `tell` the one for streams that are tracked already. Both give values of `told.Story` in the order in
which they are to be read; writers make text, Markdown or JSON of them. Every word comes from texts/; layout is not known here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, BinaryIO

from tcpdump_parse.tell.manner import Choice, Detail, Lessons, Manner, Order
from tcpdump_parse.tell.told import Begun, Listening, Overview, Phase, Reason, Remark, Row, Run, Sentence, Story, Told, Verdict, Weight

__all__ = [
    "Begun", "Choice", "Detail", "Lessons", "Listening", "Manner", "Order", "Overview", "Phase", "Reason", "Remark", "Row", "Run",
    "Sentence", "Story", "Told", "Verdict", "Weight", "explain", "tell",
]  # fmt: skip


def tell(events: Iterable[object], manner: Manner | None = None) -> Iterator[Story]:
    """Tell what `track` gave, with the `Finding`s that `judging.judged` puts before the events that show them:
    one value as soon as it is certain.

    With `Order.LOG` nothing waits; with `Order.CONNECTION` connections are told one after the other, within a bound of memory.
    """
    from tcpdump_parse.tell.stage import in_turn  # late: who only looks a word up needs no teller
    from tcpdump_parse.tell.teller import tell_all

    manner = manner or Manner()
    story = tell_all(iter(events), manner)
    return in_turn(story) if manner.order is Order.CONNECTION and manner.detail is not Detail.QUIET else story


def explain(source: str | os.PathLike[str] | BinaryIO | Iterable[Any], lang: str = "en", manner: Manner | None = None) -> Iterator[Story]:
    """Read, follow, judge and tell a log. `source`: what `read` takes (a path, a binary file, an iterable of bytes), or what it gave.

    `lang` is "en" or "zh"; a text missing in one language falls back to English. `manner` says how much and in which order, and
    overrules `lang`.
    """
    from tcpdump_parse.tell.judging import judged
    from tcpdump_parse.track import track

    return tell(judged(track(_events(source))), manner or Manner(lang=lang))


def _events(source: str | os.PathLike[str] | BinaryIO | Iterable[Any]) -> Iterator[Any]:
    from tcpdump_parse.read import read

    if isinstance(source, (str, os.PathLike)) or hasattr(source, "read"):
        return iter(read(source))
    events = iter(source)
    for first in events:
        return iter(read(chain((first,), events))) if isinstance(first, bytes) else chain((first,), events)
    return iter(())
