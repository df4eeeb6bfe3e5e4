"""What an end could not accept, and what it says to that: a challenge, or something else that only looks like one."""

from __future__ import annotations

from tcpdump_parse.model.terms import State
from tests.check.test_verges import said
from tests.track.talk import Talk


def answered(stands: int) -> Talk:
    """Data with an ACK far above all that the server sent, three times; its ACKs tell where it stands."""
    talk = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11)
    for n in range(3):
        talk.c("P.", 11 + 10 * n, 10, 5001, after=0.3).s(".", stands, ack=11)
    return talk


def test_an_ack_that_answers_an_ack_of_what_was_never_sent_is_a_challenge() -> None:
    """The data is dropped with it (RFC 9293 §3.10.7.4), and nobody asks for anything to be sent again."""
    assert said(answered(1), "challenge-ack") == [(frame, {"cause": "unacceptable"}) for frame in (7, 9, 11)]
    assert said(answered(1), "dup-ack") == said(answered(1), "dup-ack-triple") == []


def test_where_the_capture_missed_those_octets_it_is_a_duplicate_ack() -> None:
    assert said(answered(5001), "challenge-ack") == []
    assert [facts["n"] for _, facts in said(answered(5001), "dup-ack")] == [1, 2, 3]


def opened_with(ack: int) -> Talk:
    return Talk().c("S").s("S.", ack=1).c(".", 1, ack=ack)


def test_a_third_step_that_a_reset_refuses_opened_nothing() -> None:
    """RFC 9293 §3.10.7.4: a server in SYN-RECEIVED resets what acknowledges more than it sent, and waits on."""
    talk = opened_with(5000).s("R", 5000, win=0)
    ((frame, facts),) = said(talk, "third-ack-wrong-ack")
    assert (frame, facts["acked"]) == (3, 4000)
    for rule in ("handshake-complete", "cap-drop-inferred", "cap-filter-bias", "rst-seen"):
        assert said(talk, rule) == []
    assert talk.steps()[-1].after.me.state is State.SYN_RECEIVED


def test_one_that_nobody_refuses_may_be_a_later_ack() -> None:
    talk = opened_with(5000).s("P.", 5000, 10, 1).c(".", 1, ack=5010)
    assert said(talk, "third-ack-wrong-ack") == said(talk, "handshake-complete") == []
    assert [facts["octets"] for _, facts in said(talk, "cap-drop-inferred")] == [4999]


def test_one_below_all_that_was_sent_is_wrong_by_itself() -> None:
    assert [frame for frame, _ in said(opened_with(-500), "third-ack-wrong-ack")] == [3]


def asked_again(*, answered: bool) -> Talk:
    """The client starts anew on the ports of a connection that the server still has."""
    talk = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11).c("S", 70_000, after=5)
    return (talk.s(".", 1, ack=11, after=0.03) if answered else talk).c("S", 70_000, after=1)


def test_a_syn_that_the_old_connection_challenged_was_answered_by_that() -> None:
    ((frame, facts),) = said(asked_again(answered=True), "syn-retransmit")
    assert (frame, facts["challenged"]) == (8, True)
    assert ["challenged" in facts for _, facts in said(asked_again(answered=False), "syn-retransmit")] == [False]
