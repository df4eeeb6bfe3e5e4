"""The rules' findings among the events: what `tell` needs to put them into the words about their segment and into the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tcpdump_parse.check.engine import AT_ONCE, Judge
from tcpdump_parse.check.rule import Rule
from tcpdump_parse.model.events import Capture, Finding, Severity
from tcpdump_parse.model.packet import Packet
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.read.portions import PAUSE


def judged(events: Iterable[Any], known: Mapping[str, Rule] | None = None, least: Severity = Severity.WARN) -> Iterator[Any]:
    """The events that `track` gave, with each `Finding` before the event that made it certain, so that what is told of the event can hold
    it. `known`: the rules, by default all that are installed; `least`: what is less grave is left to `tdparse check`, and costs no time
    here."""
    judge = Judge(known=known, least=least)
    feed = judge.feed
    leaving: list[Ending] = []  # an eviction is judged at the record that causes it, which comes next
    for event in events:
        if event is PAUSE:
            yield event
            continue
        found = feed(event)
        if leaving and type(event) in (Step, Packet, Capture):
            found = list(found)
            yield from _left(leaving, found)
        if type(event) is Ending and not found and event.reason not in AT_ONCE:
            leaving.append(event)
            continue
        if found:  # hardly ever
            yield from found
        yield event
    found = judge.finish()
    yield from _left(leaving, found)
    yield from found


def _left(leaving: list[Ending], found: list[Finding]) -> Iterator[Any]:
    """The endings that waited, each behind what was found of it; `found` keeps the rest."""
    for ending in leaving:
        yield from (finding for finding in found if finding.conn == ending.connection.conn)
        found[:] = [finding for finding in found if finding.conn != ending.connection.conn]
        yield ending
    leaving.clear()
