"""What is not told of a log that a filter left in parts, or that is out of order: nobody knows what lies between."""

from __future__ import annotations

import pytest

from tests.check.test_verges import said
from tests.track.talk import Talk


def flags_only() -> Talk:
    """What `tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0` leaves."""
    return Talk().c("S").s("S.", ack=1).c("R.", 101, ack=501, after=2)


@pytest.mark.parametrize("rule", ["rst-in-window", "rst-generation-form", "syn-then-rst-by-client"])
def test_a_reset_that_acknowledges_octets_the_log_lacks_lies_at_no_wrong_place(rule: str) -> None:
    assert said(flags_only(), rule) == []
    assert [frame for frame, _ in said(flags_only(), "rst-seen")] == [3]


@pytest.mark.parametrize("rule", ["rst-in-window", "rst-generation-form"])
def test_one_of_a_conversation_that_the_log_shows_does(rule: str) -> None:
    talk = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11)
    assert [frame for frame, _ in said(talk.c("R.", 101, ack=1), rule)] == [6]


@pytest.mark.parametrize(("ids", "told"), [((7101, 7100), []), ((7100, 7101), [7])], ids=["overtaken", "in order"])
def test_an_ack_that_was_sent_before_takes_no_room_back(ids: tuple[int, int], told: list[int]) -> None:
    """Two bare ACKs that changed places: the id says which is the newer."""
    talk = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11, win=300, id=7099)
    talk.s(".", 1, ack=11, win=310, id=ids[0]).s(".", 1, ack=11, win=250, id=ids[1])
    assert [frame for frame, _ in said(talk, "win-shrunk")] == told
