"""What is said of segments sent again and of losses, by what the log holds before them."""

import pytest

from tcpdump_parse.check.engine import check
from tcpdump_parse.model.events import Capture
from tcpdump_parse.model.happenings import Judged
from tcpdump_parse.model.terms import Proof
from tcpdump_parse.tell import Manner, Order, Told, tell
from tcpdump_parse.track import track
from tests.track.talk import Talk


def said(talk, frame):
    """The keys of what is said of one segment."""
    values = [value for value in tell(track([Capture(capture=1), *talk.packets]), Manner(order=Order.LOG)) if isinstance(value, Told)]
    return [sentence.key for sentence in values[frame - 1].sentences]


def found(talk, rules):
    return [(finding.rule, finding.frame) for finding in check(track(talk.packets), select=rules)]


def from_the_third_segment_on(talk):
    """Segments from 2001 on; the receiver waits for 1001, asks three times for it, and gets it."""
    talk.c(".", 2001, 1000, 1).c(".", 3001, 1000, 1).c(".", 4001, 1000, 1).c(".", 5001, 1000, 1)
    talk.s(".", 1, ack=1001, after=0.02).s(".", 1, ack=1001).s(".", 1, ack=1001).s(".", 1, ack=1001)
    return talk.c(".", 1001, 1000, 1).s(".", 1, ack=6001, after=0.02)


def test_of_what_stands_before_a_log_nothing_is_said_to_have_passed_or_not():
    """It may have passed before the log began, and been lost on either side of the capture point."""
    talk = from_the_third_segment_on(Talk())
    assert "loss.again_early" in said(talk, 9)
    assert found(talk, ["loss-inferred", "loss-before-capture"]) == []
    (judged,) = [happening for happening in talk.ending().happenings if isinstance(happening, Judged)]
    assert (judged.needed, judged.proof) == (True, Proof.AS_FAR_AS_SEEN)


def test_a_hole_that_opened_in_the_log_lost_its_first_copy_before_the_capture():
    """The same numbers, but here the log holds what was sent before them."""
    talk = from_the_third_segment_on(Talk().c(".", 1, 1000, 1))
    assert "loss.again_unseen" in said(talk, 10)
    assert found(talk, ["loss-inferred", "loss-before-capture"]) == [("loss-before-capture", 10)]


def test_what_passed_in_a_log_that_began_late_was_lost_after_it():
    talk = Talk().c(".", 1001, 1000, 1)
    assert found(from_the_third_segment_on(talk), ["loss-inferred", "loss-before-capture"]) == [("loss-inferred", 9)]


@pytest.mark.parametrize("sack", [{"sack": [(201, 301)]}, {}])
def test_an_ack_that_closes_a_gap_was_not_held_back(sack):
    """The repair is not in the log; the ACK came when it arrived, 60 ms after what it covers had passed."""
    talk = Talk().c("S").s("S.", ack=1, after=0.02).c(".", 1, ack=1, after=0.0001).c(".", 1, 100, 1).c(".", 101, 100, 1).c(".", 201, 100, 1)
    talk.s(".", 1, ack=101, after=0.02).s(".", 1, ack=101, **sack).s(".", 1, ack=301, after=0.04)
    assert said(talk, 9) == ["data.ack_all"]


def test_one_that_closes_none_was():
    talk = Talk().c("S").s("S.", ack=1, after=0.02).c(".", 1, ack=1, after=0.0001).c(".", 1, 100, 1).c(".", 101, 100, 1)
    assert said(talk.s(".", 1, ack=101, after=0.02).s(".", 1, ack=201, after=0.04), 7) == ["data.ack_all", "data.delayed"]
