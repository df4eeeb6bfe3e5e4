"""`Ranges` is a set of integers, told in pieces."""

from hypothesis import given
from hypothesis import strategies as st

from tcpdump_parse.track.ranges import MOST, Ranges

SPAN = st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def of(spans) -> tuple[Ranges, set[int]]:
    ranges, positions = Ranges(), set()
    for start, end in spans:
        ranges.add(start, end)
        positions |= set(range(start, end))
    return ranges, positions


@given(st.lists(SPAN), SPAN)
def test_ranges_answer_like_the_set(spans, asked):
    ranges, positions = of(spans)
    inside = set(range(*asked))
    assert [position for pair in ranges.pairs() for position in range(*pair)] == sorted(positions)
    assert ranges.overlap(*asked) == len(inside & positions)
    assert sorted(position for pair in ranges.missing(*asked) for position in range(*pair)) == sorted(inside - positions)
    assert not inside or ranges.covers(*asked) == (inside <= positions)


@given(st.lists(SPAN), st.integers(0, 80))
def test_dropping_below_keeps_the_rest(spans, position):
    ranges, positions = of(spans)
    ranges.drop_below(position)
    assert {at for pair in ranges.pairs() for at in range(*pair)} == {at for at in positions if at >= position}


def test_hostile_pieces_are_bounded_and_the_highest_stay_exact():
    ranges, _ = of((2 * i, 2 * i + 1) for i in range(10 * MOST))
    assert len(ranges.pairs()) <= MOST
    assert ranges.pairs()[-1] == (20 * MOST - 2, 20 * MOST - 1)
