"""Events in portions are the same events, and none is held back while more is waited for."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpdump_parse.read import read
from tcpdump_parse.read.portions import MOST, PAUSE, in_portions, together, unbroken
from tests.tell.stories import ROOT, SAMPLES


def test_portions_are_what_is_read():
    for sample in SAMPLES.values():
        text = (ROOT / sample).read_bytes()
        pieces = [text[at : at + 700] for at in range(0, len(text), 700)]
        assert [event for event in in_portions(pieces) if event is not PAUSE] == list(read(pieces))


def test_a_pause_stands_before_every_wait():
    """Whatever a piece of the input completes is followed by a pause before the next piece is asked for."""
    asked: list[int] = []
    seen: list[object] = []

    def pieces():
        for line in (ROOT / SAMPLES["seed"]).read_bytes().splitlines(keepends=True):
            asked.append(len(seen))
            assert not seen or seen[-1] is PAUSE
            yield line

    for event in in_portions(pieces()):
        seen.append(event)  # noqa: PERF402 one at a time: `pieces` looks at it
    assert len(set(asked)) > 10  # events came between


def test_records_of_json_lines_do_not_wait_for_each_other():
    lines = io.BytesIO(b'{"type":"notice","capture":1,"line":1,"end_line":1,"kind":"prose","text":"a"}\n' * 3)
    assert [event is PAUSE for event in in_portions(lines)].count(True) >= 3


@given(st.lists(st.one_of(st.integers(), st.just(PAUSE)), max_size=3 * MOST))
def test_together_changes_nothing_and_lets_all_go_at_a_pause(events):
    drawn: list[object] = []

    def source():
        for event in events:
            drawn.append(event)
            yield event

    passed: list[object] = []
    for event in together(source()):
        passed.append(event)
        assert len(drawn) - len(passed) < MOST
        assert PAUSE not in drawn[len(passed) : -1]  # nothing is drawn beyond a pause before all in front of it has passed
    assert passed == events


@given(st.lists(st.one_of(st.integers(), st.just(PAUSE)), max_size=3 * MOST))
def test_unbroken_leaves_out_pauses_alone(events):
    assert list(unbroken(events)) == [event for event in events if event is not PAUSE]


def test_what_stands_before_an_error_is_passed_on():
    def failing():
        yield from range(MOST + 3)
        raise ValueError("strict")

    passed: list[int] = []
    with pytest.raises(ValueError, match="strict"):
        passed.extend(together(together(failing())))
    assert passed == list(range(MOST + 3))
