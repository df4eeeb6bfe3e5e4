"""What is said of why something was sent again, and whether it had to be."""

from tests.tell.test_acks import asked, said
from tests.track.talk import Talk


def test_an_ack_that_passed_here_did_not_fail_to_come():
    """The timer ran out because that ACK was lost or late on the rest of its way, not because none was sent."""
    talk = asked(100).s(".", 1, ack=101, after=0.02).c("P.", 1, 100, 1, after=0.3)
    assert said(talk) == ["loss.again", "loss.cause_timeout_acked", "loss.spurious"]


def test_a_sack_that_passed_here_says_the_same():
    talk = asked(100, 100).s(".", 1, ack=1, after=0.02, sack=[(101, 201)]).c("P.", 101, 100, 1, after=0.3)
    assert said(talk) == ["loss.again", "loss.cause_timeout_acked", "loss.spurious"]


def test_where_no_ack_passed_none_came_in_time():
    assert said(asked(100).c("P.", 1, 100, 1, after=0.3)) == ["loss.again", "loss.open", "loss.cause_timeout"]


def test_a_syn_ack_sent_after_the_third_step_says_where_that_may_have_gone():
    talk = Talk().open().s("S.", ack=1, after=1.1)
    assert said(talk) == ["handshake.synack_again", "loss.cause_timeout_acked", "loss.spurious"]


def test_a_syn_of_an_end_that_has_its_answer_waits_for_nothing():
    """Whatever made it do so, no timer of its first SYN runs any more."""
    assert "loss.cause_timeout_acked" not in said(Talk().open().c("S", after=4))
