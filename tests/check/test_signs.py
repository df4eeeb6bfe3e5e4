"""The screen never silences a sign: what it calls plain would have shown nothing, whichever sign is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from tcpdump_parse.check.engine import Judge
from tcpdump_parse.check.rule import rules
from tcpdump_parse.check.screen import plain
from tcpdump_parse.check.signs import SIGNS, Asked, Sign, Unusual
from tcpdump_parse.model import IPv4, IPv6, Segment
from tcpdump_parse.model.happenings import AckAdvanced, ChecksumOffload, DataSent
from tcpdump_parse.model.ip import IpNop
from tcpdump_parse.model.options import Eol, Nop, Sack, SackOk, Timestamps
from tcpdump_parse.model.packet import BadHeader, Checksum
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import State
from tcpdump_parse.read import read
from tcpdump_parse.track import track
from tests.samples.verdicts import SAMPLES, samples

RULES = rules(plugins=False)
SCREENED = [asked for asked in SIGNS if asked.screened and asked.body.__module__.startswith("tcpdump_parse.")]
RECORDED = sorted((SAMPLES / "lab" / "recorded").glob("*/*.txt"))
ORDINARY = SAMPLES / "lab" / "ordinary.txt.xz"


def shown(step: Step) -> list[Sign]:
    """What the screened signs, each asked alone, show: of the segment, or of its happenings of their kind."""
    asked_of = [(asked.body, () if asked.of is Unusual else (event,)) for asked in SCREENED for event in _about(asked, step)]
    return [sign for body, about in asked_of if (sign := body(step, *about)) is not None]


def _about(asked: Asked, step: Step) -> tuple[Any, ...]:
    return (step,) if asked.of is Unusual else tuple(event for event in step.happenings if type(event) is asked.of)


def steps(source: Any) -> Iterator[Step]:
    return (event for event in track(read(source)) if isinstance(event, Step))


@cache
def pool() -> tuple[Step, ...]:
    """Every fifth step of ordinary traffic that is plain: IPv4 and IPv6, with timestamps and without, both ways."""
    talk = [step for step in steps(ORDINARY) if plain(step)]
    quiet = [step for sample in samples() if len(sample.text) < 20_000 for step in steps([sample.text.encode()]) if plain(step)]
    return (*talk[::5], *quiet[::5])


def test_no_sign_shows_of_what_is_plain_in_any_log() -> None:
    seen = 0
    for source in (*RECORDED, ORDINARY, *([sample.text.encode()] for sample in samples())):
        for step in steps(source):
            if plain(step):
                seen += 1
                assert shown(step) == [], f"{source}, frame {step.frame}"
    assert seen > 5000


def test_ordinary_traffic_is_plain_but_for_its_beginnings_and_ends() -> None:
    """A screen that lets too much through costs what it was made to save."""
    talk = list(steps(ORDINARY))
    assert sum(map(plain, talk)) > 0.8 * len(talk)


NUMBERS = (0, 1, 2, 3, 5, 6, 64, 100, 1000, 1448, 1460, 65535, 2**31 - 1, 2**31, 2**32 - 1, UNSET)
TS = Timestamps(1, 1)
SEGMENT: dict[str, tuple[Any, ...]] = {
    "flags": ("S", "S.", ".", "P.", "F.", "R", "E.", "", "P", "PU.", UNSET),
    "checksum": (UNSET, Checksum(0xFFFF, correct=True), Checksum(1, correct=True)),
    "options": (
        (), (Nop(), Nop(), TS), (Nop(), Nop(), Timestamps(1, 1, len=9)), (TS, Nop(), Nop()), (SackOk(), Nop(), TS), (Nop(), Eol(), TS),
        (Nop(), Nop(), Nop()), (Nop(), Nop(), Sack(())), (Nop(), Nop(), Sack(((9, 5),))), (Nop(), Nop(), TS, Nop(), Nop(), Sack(((1, 2),))),
    ),
    "cut": ("[|tcp]", "[bad opt]", UNSET),
    "bad_header": (UNSET, BadHeader(16, "too short", 20)),
} | dict.fromkeys(("seq", "seq_end", "seq_abs", "seq_end_abs", "urg", "ack_unflagged", "urg_unflagged"), NUMBERS)  # fmt: skip
V4: dict[str, tuple[Any, ...]] = {
    "flags": ((), ("DF",), ("+",), ("rsvd",), UNSET), "options": ((), (IpNop(),)),
} | dict.fromkeys(("tos", "ttl", "id", "offset", "bad_checksum"), NUMBERS)  # fmt: skip
V6 = dict.fromkeys(("hlim", "class_"), NUMBERS)
END: dict[str, tuple[Any, ...]] = {
    "state": tuple(State), "offered": (None, (), ("mss", "TS"), ("mss", "md5", "TS"), ("mss", "tcp-ao")), "mss": (None, 100, 1460),
    "tsval": (None, 0), "tsecr": (None, 0), "iss": (None,), "snd_una": (None,),
}  # fmt: skip
HAPPENED: dict[type, dict[str, tuple[Any, ...]]] = {
    DataSent: {"turn": (False, True)},
    AckAdvanced: {"rtt": (None, 0, 499_999_999, 500_000_000), "segments": (0, 1, 2), "frame": (None, 1)},
    ChecksumOffload: {"lso": (False, True)},
}
MOVED = ("iss", "snd_nxt", "snd_una", "fin", "tsval", "tsecr", "ack")
BY = (-(2**31), -1001, -1000, -2, -1, 0, 1, 2, 999, 1000, 2**31)
"""Added to the number that stands there."""

Change = Callable[[Step], Step]


def changes() -> Iterator[Change]:
    """Each makes one field of a step otherwise."""
    for of, values in ((Segment, SEGMENT), (IPv4, V4), (IPv6, V6)):
        yield from (partial(_printed, of, name, value) for name in values for value in values[name])
    for when in ("before", "after"):
        for whose in ("me", "peer"):
            yield from (partial(_end, when, whose, name, value) for name in END for value in END[name])
            yield from (partial(_moved, when, whose, name, by) for name in MOVED for by in BY)
    yield from (partial(_number, name, by) for name in ("seq", "ack", "length") for by in (None, *BY))
    yield from (partial(_happened, of, name, value) for of in HAPPENED for name in HAPPENED[of] for value in HAPPENED[of][name])
    yield _full


def _printed(of: type, name: str, value: Any, step: Step) -> Step:
    layer = "tcp" if of is Segment else "ip"
    header: Any = getattr(step.packet, layer)
    has_it = type(header) is of
    return replace(step, packet=replace(step.packet, **{layer: replace(header, **{name: value})})) if has_it else step


def _end(when: str, whose: str, name: str, value: Any, step: Step) -> Step:
    both = getattr(step, when)
    return replace(step, **{when: replace(both, **{whose: replace(getattr(both, whose), **{name: value})})})


def _moved(when: str, whose: str, name: str, by: int, step: Step) -> Step:
    was = getattr(getattr(getattr(step, when), whose), name)
    return _end(when, whose, name, (was or 0) + by, step)


def _number(name: str, by: int | None, step: Step) -> Step:
    was = getattr(step, name) or 0
    return replace(step, **{name: max(0, was + (by or 0)) if by is not None or name == "length" else None})


def _happened(of: type, name: str, value: Any, step: Step) -> Step:
    return replace(step, happenings=tuple(replace(event, **{name: value}) if type(event) is of else event for event in step.happenings))


def _full(step: Step) -> Step:
    """With timestamps, and all the same as long as the other end's MSS."""
    return _end("before", "peer", "mss", step.length, step)


CHANGES = tuple(changes())


def test_no_sign_shows_of_what_is_plain_with_any_one_field_otherwise() -> None:
    few = pool()[:: len(pool()) // 200]
    for number, change in enumerate(CHANGES):
        for step in map(change, few[number % 10 :: 10]):
            assert not plain(step) or shown(step) == [], f"{change}, frame {step.frame}"


@given(st.deferred(lambda: st.sampled_from(pool())), st.lists(st.sampled_from(CHANGES), min_size=2, max_size=4))
def test_no_sign_shows_of_what_is_plain_with_some_fields_otherwise(step: Step, made: list[Change]) -> None:
    for change in made:
        step = change(step)
    assert not plain(step) or shown(step) == []


def test_a_sign_that_no_chosen_rule_wakes_on_is_not_asked() -> None:
    few = Judge(select=["ts-went-back"], known=RULES)
    assert [asked.body.__name__ for asked in few.asked] == ["stamps"]
