"""What is said of why something was sent again, and whether it had to be."""

from tcpdump_parse.model.happenings import Copied
from tcpdump_parse.model.options import Mss
from tests.tell.test_acks import asked, said, told
from tests.track.talk import SYN_OPTIONS, Talk


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


def ran_out():
    """Three segments, unanswered, and the first sent again after its timer."""
    return asked(100, 100, 100).c("P.", 1, 100, 1, after=0.3)


def test_what_follows_a_timeout_at_once_had_no_timer_of_its_own():
    assert said(ran_out().c("P.", 101, 100, 1))[-1] == "loss.cause_timeout_goes_on"


def test_what_an_ack_lets_go_after_a_timeout_had_no_timer_of_its_own():
    talk = ran_out().s(".", 1, ack=101, after=0.1).c("P.", 101, 100, 1, after=0.15)
    assert said(talk)[-1] == "loss.cause_timeout_goes_on"


def test_a_timer_that_runs_out_again_is_another():
    assert said(ran_out().c("P.", 1, 100, 1, after=0.6))[-1] == "loss.cause_timeout"
    assert said(ran_out().s(".", 1, ack=101, after=0.1).c("P.", 101, 100, 1, after=0.6))[-1] == "loss.cause_timeout"


def test_only_what_was_sent_before_is_said_to_be_sent_again():
    value = told(asked(100).c("P.", 1, 300, 1, after=0.3))[-1]
    assert value.sentences[0].text.startswith("The client sends bytes 1:101 again")


def test_the_lowest_hole_repaired_once_more_is_no_further_one():
    talk = asked(100, 100, 100)
    for top in (201, 301, 301):
        talk.s(".", 1, ack=1, after=0.005, sack=[(101, top)])
    talk.c("P.", 1, 100, 1).s(".", 1, ack=1, after=0.01, sack=[(101, 301)])
    assert "loss.cause_sack_again" in said(talk.c("P.", 1, 100, 1, after=0.03))


def test_what_was_first_sent_after_a_timeout_has_a_timer_of_its_own():
    talk = ran_out().s(".", 1, ack=301, after=0.1).c("P.", 301, 100, 1).s("P.", 1, 10, 301, after=0.2).c("P.", 301, 100, 11, after=0.1)
    assert "loss.cause_timeout" in said(talk)


def test_the_first_syn_ack_of_an_end_is_no_second_one():
    """Its SYN was another segment, however equal the number."""
    talk = asked(100).s(".", 1, ack=101, after=0.02).c("S.", ack=1, after=0.5)
    assert said(talk)[0] == "handshake.synack_late"
    assert said(talk.c("S.", ack=1, after=0.5))[0] == "handshake.synack_again"


def test_a_syn_recorded_with_two_mss_values_is_told_as_one():
    talk = Talk().c("S").c("S", after=0.00004, ttl=63, id=101, options=(Mss(1400), *SYN_OPTIONS[1:]))
    assert said(talk) == ["loss.copied_clamped"]


def test_the_two_mss_values_are_those_of_the_two_records():
    talk = Talk().c("S")
    for n, mss in enumerate((1400, 1300)):
        talk.c("S", after=0.00004, ttl=63 - n, id=101, options=(Mss(mss), *SYN_OPTIONS[1:]))
    copies = [(event.frames, event.mss) for step in talk.steps() for event in step.happenings if isinstance(event, Copied)]
    assert copies == [((1,), (1460, 1400)), ((1,), (1460, 1300))]


def test_an_ack_below_one_of_bytes_that_were_never_sent_was_not_overtaken():
    assert said(asked(100).s(".", 1, ack=90_101).s(".", 1, ack=101)) == ["loss.old_ack_beyond"]
