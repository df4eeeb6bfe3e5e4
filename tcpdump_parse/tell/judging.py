"""The rules' findings among the events: what `tell` needs to put them into the words about their segment and into the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tcpdump_parse.check.engine import Judge
from tcpdump_parse.model.events import Severity


def judged(events: Iterable[Any], select: Iterable[str] = (), ignore: Iterable[str] = (), least: Severity = Severity.WARN) -> Iterator[Any]:
    """The events that `track` gave, with each `Finding` before the event that made it certain, so that what is told of the event can hold
    it. `least`: what is less grave is left to `tdparse check`, and costs no time here."""
    judge = Judge(select, ignore, least=least)
    feed = judge.feed
    for event in events:
        yield from feed(event)
        yield event
    yield from judge.finish()
