"""When a rule is asked: what it waits for, and how often it is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from tcpdump_parse.check.engine import check
from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, Rule, Told, rules
from tcpdump_parse.model.happenings import AckAdvanced, DataSent, FinSent, SynSent
from tcpdump_parse.model.steps import Step
from tcpdump_parse.read import read
from tcpdump_parse.track import track

TALK = [("c", "S", "seq 100", 0), ("s", "S.", "seq 500, ack 101", 0), ("c", ".", "seq 101, ack 501", 0)]
DATA = [("c", "P.", "seq 101:201, ack 501", 100), ("s", "P.", "seq 501:601, ack 201", 100), ("c", "P.", "seq 201:301, ack 601", 100)]
CLOSE = [("c", "F.", "seq 301, ack 601", 0), ("s", "P.", "seq 601:701, ack 302", 100), ("s", "P.", "seq 701:801, ack 302", 100)]


def log(records: list[tuple[str, str, str, int]]) -> list[bytes]:
    ends = {"c": ("10.0.0.1.4000", "10.0.0.2.80"), "s": ("10.0.0.2.80", "10.0.0.1.4000")}
    return [
        f"12:00:00.{number:06} IP {' > '.join(ends[who])}: Flags [{flags}], {numbers}, win 500, length {length}\n".encode()
        for number, (who, flags, numbers, length) in enumerate(records, 1)
    ]


class Shared(Notes):
    """Counts what it is told of, however many share it."""

    on: ClassVar = (DataSent,)

    def __init__(self) -> None:
        self.count = 0

    def see(self, step: Step, event: DataSent) -> None:
        self.count += 1


class One(Notes):
    shares: ClassVar = (Shared,)

    def __init__(self, shared: Shared) -> None:
        self.shared = shared


class Late(Notes):
    """Frames with data from the FIN on, its own included."""

    on: ClassVar = (DataSent, FinSent)
    after: ClassVar = (FinSent,)
    shares: ClassVar = (Shared,)

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.frames: list[int] = []

    def see(self, step: Step, event: Any) -> None:
        self.frames.append(step.frame)


def always(step: Step, event: Any, *_: Any) -> Iterator[Facts]:
    """Whenever asked."""
    yield Facts()


def frames(known: Rule, records: list[tuple[str, str, str, int]]) -> list[object]:
    return [finding.frame for finding in check(track(read(log(records))), known={known.name: known})]


def made(**said: Any) -> Rule:
    """A rule that is never in the registry."""
    bare: dict[str, Any] = {"name": "made", "body": always, "notes": None, "after": (), "told": Told.ALWAYS}
    return replace(rules(plugins=False)["half-close"], **(bare | said))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, [4, 5, 6, 8, 9]),
        ({"after": (FinSent,)}, [8, 9]),
        ({"after": (SynSent,)}, [4, 5, 6, 8, 9]),
        ({"told": Told.ONCE_AN_END}, [4, 5]),
        ({"after": (FinSent,), "told": Told.ONCE_AN_END}, [8]),
        ({"on": (FinSent,), "after": (FinSent,)}, []),
        ({"on": (AckAdvanced,), "after": (DataSent,)}, [5, 6, 8]),
    ],
    ids=str,
)
def test_a_rule_is_asked_when_what_it_waits_for_happened_and_until_it_was_told(said: dict[str, Any], expected: list[int]) -> None:
    assert frames(made(**said), TALK + DATA + CLOSE) == expected


def test_notes_are_there_once_and_told_of_the_segment_that_brings_what_they_wait_for() -> None:
    seen: list[tuple[int, list[int]]] = []

    def late(step: Step, event: DataSent, notes: Late) -> Iterator[Facts]:
        seen.append((notes.shared.count, list(notes.frames)))
        yield from ()

    def one(step: Step, event: DataSent, notes: One) -> Iterator[Facts]:
        assert notes.shared.count == seen[-1][0]
        yield from ()

    known = {"late": made(name="late", body=late, notes=Late), "one": made(name="one", body=one, notes=One)}
    assert list(check(track(read(log(TALK + DATA + CLOSE))), known=known)) == []
    assert seen == [(0, []), (1, []), (2, []), (3, [7]), (4, [7, 8])]
