"""A receiver that takes back what it selectively acknowledged: whatever else the ACK tells that shows it."""

from __future__ import annotations

import pytest

from tests.check.test_verges import said
from tests.track.talk import Talk

MSS = 1448


def told_of_three() -> Talk:
    """Five segments; the second is missing and the three above it are there."""
    talk = Talk().open()
    for n in range(5):
        talk.c(".", 1 + n * MSS, MSS, 1)
    return talk.s(".", 1, ack=1449).s(".", 1, ack=1449, sack=[(2897, 7241)])


@pytest.mark.parametrize("repaired", [False, True], ids=["repair not in the log", "repaired"])
def test_an_ack_that_stops_inside_a_block_takes_it_back(repaired: bool) -> None:
    """Without the repair it looks like any ACK that measures a round trip."""
    talk = told_of_three()
    if repaired:
        talk.c(".", 1449, MSS, 1, after=0.3)
    talk.s(".", 1, ack=4345, after=0.03)
    assert [frame for frame, _ in said(talk, "sack-reneging")] == [len(talk.packets)]
    assert said(talk.s(".", 1, ack=5793), "sack-reneging") == said(talk, "sack-reneging")  # it is told once


@pytest.mark.parametrize("ack", [2897 + 3 * MSS, 2896])
def test_one_that_covers_it_or_stops_below_takes_nothing_back(ack: int) -> None:
    assert said(told_of_three().s(".", 1, ack=ack, after=0.03), "sack-reneging") == []
