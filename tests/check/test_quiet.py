"""Segments that wake no rule: whoever wants to hear of them does, and nothing of one log is told of another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from tcpdump_parse.check.engine import check
from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, rules
from tcpdump_parse.check.rules.sending import Flow
from tcpdump_parse.model.events import Capture
from tcpdump_parse.model.happenings import DataSent
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.track import track
from tests.check.test_engine import made
from tests.check.test_verges import said
from tests.track.talk import Talk


def transfer(segments: int) -> Talk:
    """Full segments, each acknowledged: the plainest that there is."""
    talk = Talk().open()
    for n in range(segments):
        talk.c(".", 1 + 1460 * n, 1460, 1).s(".", 1, ack=1461 + 1460 * n)
    return talk


class Plain(Notes):
    on: ClassVar = (DataSent,)

    def __init__(self) -> None:
        self.heard = 0

    def see(self, step: Step, event: Any) -> None:
        self.heard += 1


class Derived(Flow):
    """Of ours, with a `see` of its own and no word of several at once."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = 0

    def see(self, step: Step, event: DataSent) -> None:
        super().see(step, event)
        self.heard += 1


@pytest.mark.parametrize("notes", [Plain, Derived])
def test_notes_of_others_hear_of_every_segment_whoever_they_derive_from(notes: type[Plain] | type[Derived]) -> None:
    heard: list[int] = []

    def ended(ending: Ending, notes: Plain | Derived) -> Iterator[Facts]:
        heard.append(notes.heard)
        yield from ()

    rule = made(on=(Ending,), body=ended, notes=notes, name="made")
    assert list(check(track([Capture(capture=1), *transfer(100).packets]), known={"made": rule})) == []
    assert heard == [100]


def test_a_segment_that_wakes_no_rule_gives_a_list_nobody_can_fill() -> None:
    """Else what one caller adds to it is found in every later segment."""
    from tcpdump_parse.check.engine import Judge

    judge = Judge(known=rules(plugins=False))
    events = list(track([Capture(capture=1), *transfer(20).packets]))
    quiet = [found for event in events if isinstance(found := judge.feed(event), tuple)]
    assert quiet
    assert not any(quiet)


def test_guessing_that_begins_again_is_told_again() -> None:
    def burst(talk: Talk, seq: int, after: float) -> Talk:
        for n in range(4):
            talk.s("R", seq + 5000 * n, after=after if not n else 0.001)
        return talk.c("P.", 1, 10, 1, after=1)

    talk = burst(burst(Talk().open(), 3000, 1), 90_000, 3600)
    assert [frame for frame, _ in said(talk, "rst-guessing")] == [6, 11]


def test_a_syn_recorded_twice_was_sent_once() -> None:
    once = Talk().c("S").c("S", after=0.00002, id=101)
    assert said(once, "syn-unanswered") == []
    again = Talk().c("S").c("S", after=0.00002, id=101).c("S", after=1).c("S", after=0.00002, id=103)
    ((_, facts),) = said(again.c("S", after=2), "syn-unanswered")
    assert facts["syns"] == 3
