"""Data of a SYN that its answer left out is sent again, and nothing was lost: no timer ran out, and the log shows why."""

from __future__ import annotations

import pytest

from tests.check.test_verges import said
from tests.track.talk import Talk

CASES = {
    "ignored": (Talk().c("S", 0, 20, after=0).s("S.", ack=1, after=0.3).c("P.", 1, 20, 1), [(3, 20)]),
    "taken in part": (Talk().c("S", 0, 20, after=0).s("S.", ack=11, after=0.3).c("P.", 11, 10, 1), [(3, 10)]),
    "never came": (Talk().c("S", 0, 20).c("S", after=1).s("S.", ack=1, after=0.3).c("P.", 1, 20, 1), [(4, 20)]),
    "taken": (Talk().c("S", 0, 20).s("S.", ack=21, after=0.3).c("P.", 21, 20, 1), []),
}


@pytest.mark.parametrize(("talk", "expected"), CASES.values(), ids=CASES)
def test_data_of_a_syn_that_was_left_out_is_told_as_that_alone(talk: Talk, expected: list[tuple[int, int]]) -> None:
    assert [(frame, facts["octets"]) for frame, facts in said(talk, "tfo-rexmit-data")] == expected
    again = [frame for rule in ("rexmit", "rexmit-rto", "rexmit-tlp") for frame, facts in said(talk, rule) if "syn" not in facts]
    assert again == []


def test_what_is_sent_a_third_time_waited_for_its_timer() -> None:
    talk = Talk().c("S", 0, 20).s("S.", ack=1, after=0.3).c("P.", 1, 20, 1).c("P.", 1, 20, 1, after=1)
    assert [frame for frame, _ in said(talk, "rexmit-rto")] == [4]
