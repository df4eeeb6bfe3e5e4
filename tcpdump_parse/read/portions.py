"""Events in portions: each room takes what is there of them in one go, then the next room does.

A packet that goes through all rooms before the next one is looked at drives the code and the data of each out of the processor's caches:
a tenth of the time of a long log. So whoever reads for speed asks for `in_portions`, and puts `together` between two rooms. Law: nothing is
held back while input is waited for; `PAUSE` says that more may have to be waited for, and lets all go that came before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Any, Final

from tcpdump_parse.model import Read
from tcpdump_parse.read.framing import Framing
from tcpdump_parse.read.sources import Given, open_source

SILENCE: Final = 0.02
"""Seconds without a new octet after which a live record is taken as complete: its tail is written in one go with it."""
MOST: Final = 48
"""Events that go to the next room together."""


class Pause:
    """Between what is there and what may have to be waited for; rooms pass it on."""


PAUSE: Final = Pause()


def portions(source: Given, zone: tzinfo | None) -> Iterator[Iterable[Read]]:
    """What each piece of the input makes certain; parameters and errors as `read`'s."""
    with open_source(source) as opened:
        if opened.events is not None:
            for event in opened.events:
                yield (event,)
            return
        framing = Framing(opened.file, zone)
        for chunk in opened.chunks:
            yield framing.feed(chunk)
            if opened.live and opened.silent(SILENCE):
                yield framing.flush()
        yield framing.end()


def in_portions(source: Given, zone: tzinfo | None = None) -> Iterator[Read | Pause]:
    """As `read`, with a `PAUSE` before anything that may have to be waited for."""
    for portion in portions(source, zone):
        yield from portion
        yield PAUSE


def together(events: Iterable[Any]) -> Iterator[Any]:
    """The same events; each `MOST` of them, or all before a pause, are made before the first is passed on. An error comes where it came."""
    return _together(events, PAUSE)


def unbroken(events: Iterable[Any]) -> Iterator[Any]:
    """`together` for a last room that takes whatever comes and knows no pauses."""
    return _together(events, None)


def _together(events: Iterable[Any], pause: Pause | None) -> Iterator[Any]:
    """`pause`: what is passed on of one."""
    made: list[Any] = []
    try:
        for event in events:
            if event is not PAUSE:
                made.append(event)
                if len(made) < MOST:
                    continue
            elif pause is not None:
                made.append(pause)
            yield from made
            made.clear()
    except Exception:  # of whatever makes the events, as `--strict` does: what stood before it is still passed on
        yield from made
        raise
    yield from made
