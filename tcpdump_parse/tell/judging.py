"""The rules' findings among the events, each at its place: what `tell` needs to put them under their frames and into the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tcpdump_parse.check.engine import Judge
from tcpdump_parse.model.steps import Ending


def judged(events: Iterable[Any], select: Iterable[str] = (), ignore: Iterable[str] = ()) -> Iterator[Any]:
    """The events that `track` gave, with each `Finding` behind the event that made it certain; what an `Ending` shows comes before it,
    since the verdict is given there."""
    judge = Judge(select, ignore)
    for event in events:
        found = judge.feed(event)
        if type(event) is Ending:
            yield from found
            yield event
        else:
            yield event
            yield from found
    yield from judge.finish()
