"""Resets and the ends' states: who can have sent one, who must believe it, and what an end proves that goes on after one."""

import pytest

from tcpdump_parse.model.happenings import ChallengeAck, Contradiction, ResetSent
from tcpdump_parse.model.terms import ChallengeCause, ResetCause, State
from tests.track.talk import Talk


def answered():
    """A request, its reply, its ACK: the ends stand at 21 and 91, the capture is beside the client."""
    opened = Talk().c("S").s("S.", ack=1, after=0.03).c(".", 1, ack=1, after=0.0002)
    return opened.c("P.", 1, 20, 1).s("P.", 1, 90, 21, after=0.03).c(".", 21, ack=91, after=0.0002)


def causes(talk):
    return [
        (happening.cause, happening.acceptable) for step in talk.steps() for happening in step.happenings if type(happening) is ResetSent
    ]


def states(talk):
    ending = talk.ending()
    return " ".join(ending.client.states), " ".join(ending.server.states)


def happened(talk, kind):
    return [step.frame for step in talk.steps() if step.happened(kind) is not None]


RESETS = {
    "its own, at the next octet": (answered().s("R.", 91, ack=21), (ResetCause.ABORT, True), ("CLOSED", "CLOSED")),
    "ahead of all that was sent": (answered().s("R", 3091), (ResetCause.FOREIGN, None), ("ESTABLISHED CLOSED",) * 2),
    "far outside the window": (answered().s("R", 500_091), (ResetCause.FOREIGN, False), ("ESTABLISHED", "ESTABLISHED CLOSED")),
    "with the TTL of another path": (answered().s("R", 91, ttl=49), (ResetCause.FOREIGN, True), ("CLOSED", "ESTABLISHED CLOSED")),
    "below what was acknowledged": (answered().s("R.", 41, ack=21), (ResetCause.UNKNOWN, False), ("ESTABLISHED", "CLOSED")),
}


@pytest.mark.parametrize("case", RESETS)
def test_a_reset_closes_the_end_that_can_have_sent_it_and_the_end_that_must_believe_it(case):
    talk, cause, ends = RESETS[case]
    assert (causes(talk), states(talk)) == ([cause], ends)


@pytest.mark.parametrize("reset", [{"seq": 91}, {"seq": 91, "ttl": 49}, {"seq": 591}], ids=["as its own", "of another path", "ahead"])
def test_an_end_that_goes_on_after_a_reset_in_its_name_is_open_and_no_riddle(reset):
    """The reset is what does not fit, not the segments after it."""
    talk = answered().s("R", **reset, id=9).s("P.", 91, 40, 21, after=0.2).c(".", 21, ack=131).s("P.", 131, 40, 21).c(".", 21, ack=171)
    assert happened(talk, Contradiction) == []
    assert states(talk) == ("ESTABLISHED", "ESTABLISHED")


def test_a_reset_in_the_window_is_answered_with_a_challenge():
    talk = answered().s("R", 591).c(".", 21, ack=91)
    assert talk.steps()[-1].happened(ChallengeAck) == ChallengeAck(ChallengeCause.RESET, (7,))


def test_a_reset_of_data_that_was_sent_before_it_is_believed():
    talk = answered().s("P.", 91, 40, 21).s("R.", 131, ack=21)
    assert (causes(talk), states(talk)) == ([(ResetCause.ABORT, None)], ("CLOSED", "CLOSED"))


def test_a_reset_in_time_wait_may_be_ignored():
    """RFC 1337 advises so, RFC 9293 does not."""
    talk = answered().c("F.", 21, ack=91).s("F.", 91, ack=22, after=0.03).c(".", 22, ack=92).s("R", 92, after=0.4)
    assert states(talk)[0] == "TIME-WAIT CLOSED"


def test_a_wrong_third_step_opens_nothing_and_its_reset_gives_nothing_up():
    """RFC 9293 §3.10.7.4: SYN-RECEIVED answers an ACK that it cannot accept with a RST, and waits on."""
    talk = Talk().c("S").s("S.", ack=1, after=0.03).c(".", 1, ack=-999).s("R", -999, after=0.03)
    assert (talk.ending().server.state, causes(talk)) == (State.SYN_RECEIVED, [(ResetCause.UNEXPECTED_ACK, True)])


def test_a_reset_to_a_syn_that_it_does_not_acknowledge_refuses_nothing():
    talk = Talk().c("S").s("R.", 0, ack=-9999, win=0)
    assert (causes(talk), talk.ending().client.states) == ([(ResetCause.UNKNOWN, False)], (State.SYN_SENT,))


def test_a_reset_answers_the_challenge_to_a_new_syn():
    """RFC 9293 §3.5.1: the client lost the connection, asks anew, and clears what the server still holds."""
    talk = answered()
    old = talk.iss["c"]
    talk.iss["c"] += 600_000
    talk.c("S", after=4)
    talk.iss["c"] = old
    talk.s(".", 91, ack=21, after=0.03).c("R", 21)
    assert causes(talk) == [(ResetCause.UNEXPECTED_ACK, True)]
