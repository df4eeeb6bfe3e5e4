"""What an ACK without data is said to mean, by what stands before it."""

from tcpdump_parse.model.events import Capture
from tcpdump_parse.model.terms import State
from tcpdump_parse.tell import Manner, Order, Phase, Told, tell
from tcpdump_parse.track import track
from tests.track.talk import Talk


def told(talk):
    """What is told of each segment."""
    return [value for value in tell(track([Capture(capture=1), *talk.packets]), Manner(order=Order.LOG)) if isinstance(value, Told)]


def said(talk, frame=0):
    """The keys of what is said of one segment, the last if none is named."""
    value = told(talk)[frame - 1]
    return [sentence.key for sentence in value.sentences if sentence.key != "state.moved"]


def asked(*lengths):
    """An open connection on which the client sends segments of these lengths."""
    talk, seq = Talk().open(), 1
    for length in lengths:
        talk.c("P.", seq, length, 1)
        seq += length
    return talk


def test_a_repeated_ack_tells_of_a_gap_only_where_something_was_sent_above_it():
    """With one segment outstanding nothing can have arrived above it."""
    assert said(asked(100, 100).s(".", 1, ack=101, after=0.02).s(".", 1, ack=101)) == ["loss.duplicate_alone"]
    assert said(asked(100, 100, 100).s(".", 1, ack=101, after=0.02).s(".", 1, ack=101)) == ["loss.duplicate"]


def test_a_segment_that_the_card_cuts_into_several_leaves_room_for_a_gap():
    assert said(asked(100, 4380).s(".", 1, ack=101, after=0.02).s(".", 1, ack=101)) == ["loss.duplicate"]


def test_a_sack_shows_that_there_is_a_gap_whatever_the_log_holds():
    talk = asked(100, 100).s(".", 1, ack=101, after=0.02).s(".", 1, ack=101, sack=[(150, 201)])
    assert said(talk) == ["loss.sack", "loss.duplicate"]


def test_an_ack_that_stops_before_a_lone_fin_leaves_its_taker_open():
    """Whoever has taken a FIN acknowledges it in all it sends; the echo of its timestamp shows no more than the segment's arrival."""
    talk = Talk().c("S", ts=(100, 0)).s("S.", ack=1, ts=(500, 100)).c(".", 1, ack=1, ts=(101, 500))
    talk.c("P.", 1, 100, 1, ts=(102, 500)).s(".", 1, ack=101, after=0.02, ts=(520, 102)).c("F.", 101, ack=1, ts=(130, 520))
    talk.s(".", 1, ack=101, after=0.02, ts=(550, 130)).s("P.", 1, 90, 101, after=0.1, ts=(650, 130))
    assert said(talk, 7) == ["loss.duplicate_alone"]
    assert State.ESTABLISHED in talk.steps()[-1].after.me.states


def test_the_first_ack_of_the_opener_proves_an_answer_that_the_log_does_not_hold():
    """It is the third step, and data after it ends the opening."""
    talk = Talk().c("S").c(".", 1, ack=1, after=0.03).c("P.", 1, 20, 1).c(".", 21, ack=901, after=0.03)
    assert said(talk, 2) == ["data.ack_answer_unseen"]
    assert [step.after.me.state for step in talk.steps()] == [State.SYN_SENT, State.ESTABLISHED, State.ESTABLISHED, State.ESTABLISHED]
    assert [value.phase for value in told(talk)] == [Phase.OPENING, Phase.OPENING, Phase.DATA, Phase.DATA]


def test_the_other_end_is_open_once_it_acknowledges_what_followed_the_third_step():
    """It took the SYN, the third step and the data, in that order, however much of its own the log lacks."""
    talk = Talk().c("S").c(".", 1, ack=1, after=0.03).c("P.", 1, 20, 1).s(".", 1, ack=21, after=0.03)
    assert talk.steps()[-1].after.me.states == (State.ESTABLISHED,)


def test_what_stands_beyond_the_third_step_is_not_called_that():
    """The log lacks it, and the first data as well."""
    talk = Talk().c("S").s("S.", ack=1).c("P.", 101, 20, 901)
    assert {"handshake.done_later", "data.sent"} <= set(said(talk))
    assert not {"handshake.done", "handshake.done_untimed", "data.first"} & set(said(talk))


def test_what_a_log_without_the_opening_shows_first_is_not_called_the_first_data():
    assert "data.sent" in said(Talk().c("P.", 101, 20, 901))


def test_one_number_beyond_all_that_is_here_may_be_a_fin():
    assert "data.ack" in said(asked(100).s(".", 1, ack=102))
    assert "data.ack_one" in said(asked(100).s(".", 1, ack=101).s(".", 1, ack=102))


def test_the_third_step_is_told_though_the_syn_is_not_in_the_log():
    assert said(Talk().s("S.", ack=1).c(".", 1, ack=1)) == ["handshake.done_untimed"]


def test_an_ack_below_the_first_number_of_the_other_end_is_of_something_never_sent():
    assert said(Talk().c("S").s("S.", ack=1).c(".", 1, ack=-1000)) == ["data.ack_strange"]


def test_of_the_first_ack_of_a_log_nothing_is_said_to_be_new_or_old():
    assert said(Talk().c(".", 1, ack=1))[0] == "data.ack_first"


def test_a_window_that_a_syn_closes_is_told_when_it_opens():
    talk = Talk().c("S").s("S.", ack=1, win=0).c(".", 1, ack=1).s(".", 1, ack=1, win=5792)
    assert said(talk, 2) == ["handshake.synack", "handshake.offers", "handshake.no_room"]
    assert said(talk) == ["window.opened"]


def test_an_ack_that_answers_a_syn_sent_again_names_it():
    """An open connection answers a SYN with where it stands (RFC 5961 §4.2); no bytes arrived."""
    assert said(asked(100).s(".", 1, ack=101, after=0.02).c("S", after=4).s(".", 1, ack=101, after=0.02)) == ["close.challenge_syn"]


def test_an_ack_that_answers_a_syn_ack_sent_again_names_it():
    assert said(Talk().open().s("S.", ack=1, after=1.1).c(".", 1, ack=1)) == ["close.challenge_syn_ack"]


def test_a_syn_ack_sent_again_before_the_third_step_is_answered_beside_it():
    """The third step answers one of the two; what repeats it, while one segment is on its way, the other."""
    talk = Talk().c("S").s("S.", ack=1).s("S.", ack=1, after=1).c(".", 1, ack=1, after=0.01).s("P.", 1, 90, 1)
    assert said(talk.c(".", 1, ack=1, after=0.01)) == ["close.challenge_syn_ack"]
    assert said(talk.c(".", 1, ack=1, after=0.01)) == ["loss.duplicate_alone"]


def test_a_gap_explains_a_repeated_ack_before_a_syn_ack_sent_again_does():
    talk = Talk().c("S").s("S.", ack=1).s("S.", ack=1, after=1).c(".", 1, ack=1, after=0.01).s("P.", 1, 90, 1).s("P.", 91, 90, 1)
    assert said(talk.c(".", 1, ack=1, after=0.01)) == ["loss.duplicate"]
