"""What is not told of a log that a filter left in parts: nobody knows what lies between."""

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
