"""What a segment is that is not the next one: one conversation a case, the odd segment and its verdict beside it."""

import pytest

from tcpdump_parse.model.happenings import Copied, Judged, KeepAlive, Reordered, Retransmitted, SackSeen, WindowProbe
from tcpdump_parse.model.options import Mss
from tcpdump_parse.model.terms import Cause, Proof, Where
from tests.track.talk import SYN_OPTIONS, Talk


def far() -> Talk:
    """Captured at the client, 20 ms away from the server, nothing odd yet; the next octets are 1 and 1."""
    return Talk().c("S").s("S.", ack=1, after=0.02).c(".", 1, ack=1, after=0.0001).c("P.", 1, 100, 1).s(".", 1, ack=101, after=0.02)


def at_server() -> Talk:
    """The same at the server: it answers at once, the client takes 20 ms."""
    return Talk().c("S").s("S.", ack=1, after=0.0001).c(".", 1, ack=1, after=0.02).s("P.", 1, 100, 1).c(".", 1, ack=101, after=0.02)


def v6ish(talk: Talk) -> Talk:
    """No usable ids from here on."""
    talk.ids = {"c": -(10**9), "s": -(10**9)}
    return talk


def sent_in_order(talk: Talk, *lengths: int) -> Talk:
    """Client data from 101 on."""
    at = 101
    for length in lengths:
        talk.c(".", at, length, 1, after=0.0002)
        at += length
    return talk


def odd(talk: Talk):
    """The happenings that name an odd segment, with the frame of their step."""
    kinds = (Copied, Reordered, Retransmitted, Judged, KeepAlive, WindowProbe)
    told = [(step.frame, happening) for step in talk.steps() for happening in step.happenings if isinstance(happening, kinds)]
    return told + [("end", happening) for happening in talk.ending().happenings]


def test_the_same_packet_twice_is_a_copy_whoever_made_it():
    talk = sent_in_order(far(), 100)
    twin = talk.ids["c"]
    talk.c(".", 101, 100, 1, after=0.00001, id=twin)
    ((frame, copy),) = odd(talk)
    assert (frame, copy.frames, copy.where, copy.proof) == (7, (6,), Where.CAPTURE, Proof.SAME_ID)


def test_a_copy_of_one_ttl_less_was_recorded_behind_a_router():
    talk = sent_in_order(far(), 100)
    talk.c(".", 101, 100, 1, after=0.00001, id=talk.ids["c"], ttl=63)
    ((_, copy),) = odd(talk)
    assert copy.where is Where.ROUTER


def test_a_syn_recorded_again_with_another_mss_is_no_second_one():
    """A device between the two places clamped it; the other end gets the smaller one. With another id it was sent again."""
    clamped = (Mss(1400), *SYN_OPTIONS[1:])
    talk = Talk().c("S").c("S", after=0.00004, ttl=63, id=101, options=clamped).s("S.", ack=1)
    assert [happening.where for _, happening in odd(talk)] == [Where.ROUTER]
    assert talk.ending().client.mss == 1400
    again = Talk().c("S").c("S", after=1, ttl=64, options=clamped).s("S.", ack=1)
    assert [type(happening) for _, happening in odd(again)] == [Retransmitted, Judged]


def test_a_copy_that_took_longer_was_made_by_the_network():
    talk = sent_in_order(far(), 100)
    talk.c(".", 101, 100, 1, after=0.015, id=talk.ids["c"])
    ((_, copy),) = odd(talk)
    assert (copy.where, copy.after) == (Where.NETWORK, 15_000_000)


def test_another_id_means_sent_again_however_soon():
    talk = sent_in_order(far(), 100).c(".", 101, 100, 1, after=0.00001)
    ((_, again), (end, judged)) = odd(talk)
    assert (again.copies, again.needed, again.frames, again.new_octets) == (2, None, (6,), 0)
    assert (end, judged.frame, judged.needed, judged.proof) == ("end", 7, None, Proof.UNANSWERED)


def test_a_late_original_is_known_by_its_id():
    talk = far()
    talk.c(".", 201, 100, 1, id=talk.ids["c"] + 2).c(".", 101, 100, 1, after=0.3, id=talk.ids["c"])
    ((_, late),) = odd(talk)
    assert (late.start - talk.iss["c"], late.proof, late.frames, late.late_by) == (101, Proof.IP_ID, (6,), 300_000_000)


def test_a_hole_filled_by_a_later_id_was_sent_again_after_a_loss_before_the_capture():
    talk = at_server()
    talk.c(".", 101, 100, 101).s(".", 101, ack=1, sack=[(101, 201)]).c(".", 1, 100, 101, after=0.02).s(".", 101, ack=201)
    ((_, again), (end, judged)) = odd(talk)
    assert (again.copies, again.kind_proof, again.new_octets) == (1, Proof.IP_ID, 100)
    assert (end, judged.needed, judged.proof) == ("end", True, Proof.FIRST_COPY_LOST)


def test_timestamps_order_what_ids_cannot():
    talk = Talk().c("S", ts=(100, 0), id=0).s("S.", ack=1, after=0.02, ts=(500, 100), id=0).c(".", 1, ack=1, ts=(120, 500), id=0)
    talk.c(".", 101, 100, 1, ts=(130, 500), id=0).c(".", 1, 100, 1, ts=(129, 500), after=0.3, id=0)
    ((_, late),) = odd(talk)
    assert (type(late), late.proof) == (Reordered, Proof.TSVAL)


def test_without_ids_and_timestamps_only_time_tells():
    early = far().c(".", 201, 100, 1, id=0).c(".", 101, 100, 1, after=0.001, id=0)
    late = far().c(".", 201, 100, 1, id=0).c(".", 101, 100, 1, after=0.3, id=0)
    assert [type(happening) for _, happening in odd(early)] == [Reordered]
    assert type(odd(late)[0][1]) is Retransmitted


def test_already_acknowledged_octets_were_not_needed_also_for_a_bare_fin():
    talk = far().c("F.", 101, ack=1).s(".", 1, ack=102, after=0.02).c("F.", 101, ack=1, after=0.3)
    ((_, again),) = odd(talk)
    assert (again.needed, again.proof) == (False, Proof.ALREADY_ACKED)


def test_selectively_acknowledged_octets_were_not_needed():
    talk = sent_in_order(far(), 100, 100).s(".", 1, ack=101, sack=[(201, 301)], after=0.02).c(".", 201, 100, 1, after=0.3)
    ((_, again),) = odd(talk)
    assert (again.needed, again.proof) == (False, Proof.ALREADY_SACKED)


def test_dsack_afterwards_proves_it_was_not_needed():
    talk = sent_in_order(far(), 100).c(".", 101, 100, 1, after=0.3).s(".", 1, ack=201, after=0.02).s(".", 1, ack=201, sack=[(101, 201)])
    ((_, again), (frame, judged)) = odd(talk)
    assert again.cause is Cause.TIMEOUT
    assert (frame, judged.frame, judged.needed, judged.proof) == (9, 7, False, Proof.DSACK)


def test_the_repair_was_not_needed_when_its_original_comes_after_it():
    talk = at_server()
    first = talk.ids["c"] + 1
    talk.c(".", 101, 100, 101, id=first + 1).s(".", 101, ack=1, sack=[(101, 201)]).c(".", 1, 100, 101, id=first + 2, after=0.02)
    talk.c(".", 1, 100, 101, id=first, after=0.01)
    named = odd(talk)
    assert [type(happening) for _, happening in named] == [Retransmitted, Reordered, Judged]
    assert (named[-1][1].needed, named[-1][1].proof) == (False, Proof.ORIGINAL_ARRIVED)


def test_what_looked_like_an_original_is_known_as_repair_when_the_original_comes():
    talk = at_server()
    first = talk.ids["c"] + 1
    talk.c(".", 1, 100, 101, id=first + 5).s(".", 101, ack=101).c(".", 1, 100, 101, id=first, after=0.01)
    named = odd(talk)
    assert [(frame, type(happening)) for frame, happening in named] == [(8, Reordered), (8, Judged)]
    assert (named[1][1].frame, named[1][1].needed) == (6, False)


def test_eifel_the_ack_echoes_the_first_copy():
    talk = Talk().c("S", ts=(100, 0)).s("S.", ack=1, after=0.02, ts=(500, 100)).c(".", 1, ack=1, ts=(120, 500), after=0.0001)
    talk.c(".", 1, 100, 1, ts=(130, 500)).c(".", 1, 100, 1, ts=(430, 500), after=0.3).s(".", 1, ack=101, ts=(900, 130), after=0.05)
    ((_, again), (frame, judged)) = odd(talk)
    assert (again.copies, frame, judged.needed, judged.proof) == (2, 6, False, Proof.EIFEL)


def test_the_receiver_next_to_the_capture_had_it_already():
    talk = at_server().c(".", 1, 100, 101).c(".", 1, 100, 101, after=0.3)
    ((_, again),) = odd(talk)
    assert (again.needed, again.proof) == (False, Proof.RECEIVER_HAD_IT)


def test_the_receiver_answered_without_taking_it():
    talk = at_server().c(".", 1, 100, 101).s(".", 101, ack=1, win=0).c(".", 1, 100, 101, after=0.3)
    ((_, _again), (end, judged)) = odd(talk)
    assert (end, judged.needed, judged.proof) == ("end", True, Proof.RECEIVER_DISCARDED)


def test_one_dsack_of_a_whole_original_is_about_both_pieces_of_its_repair():
    talk = sent_in_order(far(), 100).c(".", 101, 60, 1, after=0.3).c(".", 161, 40, 1).s(".", 1, ack=201, after=0.02)
    named = odd(talk.s(".", 1, ack=201, sack=[(101, 201)]))
    assert [(judged.frame, judged.needed, judged.proof) for _, judged in named[2:]] == [(8, False, Proof.DSACK), (7, False, Proof.DSACK)]


def test_the_larger_block_of_a_dsack_may_stand_third():
    talk = sent_in_order(far(), 100, 100, 100, 100, 100)
    talk.s(".", 1, ack=101, sack=[(401, 601), (201, 301)], after=0.02).c(".", 201, 100, 1)
    talk.s(".", 1, ack=101, sack=[(221, 241), (401, 601), (201, 301)], after=0.02)
    (seen,) = [happening for happening in talk.steps()[-1].happenings if isinstance(happening, SackSeen)]
    assert seen.dsack == (talk.iss["c"] + 221, talk.iss["c"] + 241)


def test_of_two_repairs_and_one_dsack_only_the_last_is_certainly_one_too_many():
    talk = sent_in_order(far(), 100).c(".", 101, 100, 1, after=0.3).c(".", 101, 100, 1, after=0.6)
    talk.s(".", 1, ack=201, after=0.02).s(".", 1, ack=201, sack=[(101, 201)])
    told = {judged.frame: judged.proof for _, judged in odd(talk) if isinstance(judged, Judged)}
    assert told == {8: Proof.DSACK, 7: Proof.AS_FAR_AS_SEEN}


def test_a_dsack_that_the_network_copied_reports_once():
    talk = sent_in_order(far(), 100).c(".", 101, 100, 1, after=0.3).c(".", 101, 100, 1, after=0.6)
    talk.s(".", 1, ack=201, sack=[(101, 201)], after=0.02).s("P.", 1, 10, 201)
    talk.s(".", 1, ack=201, sack=[(101, 201)], id=talk.ids["s"] - 1)
    told = {judged.frame: judged.proof for _, judged in odd(talk) if isinstance(judged, Judged)}
    assert told == {8: Proof.DSACK, 7: Proof.AS_FAR_AS_SEEN}


def test_a_repair_that_a_later_repair_overtook_was_needed_and_the_later_one_was_not():
    talk = at_server()
    first = talk.ids["c"] + 1
    talk.c(".", 101, 100, 101, id=first + 1).s(".", 101, ack=1, sack=[(101, 201)]).c(".", 1, 100, 101, id=first + 3, after=0.3)
    talk.s(".", 101, ack=201).c(".", 1, 100, 101, id=first + 2, after=0.01)
    named = odd(talk)
    assert [(frame, type(happening)) for frame, happening in named[:3]] == [(8, Retransmitted), (10, Judged), (10, Retransmitted)]
    judged = {happening.frame: (happening.needed, happening.proof) for _, happening in named if isinstance(happening, Judged)}
    assert judged == {8: (False, Proof.ORIGINAL_ARRIVED), 10: (True, Proof.FIRST_COPY_LOST)}


def test_what_paws_threw_away_did_not_arrive():
    """RFC 7323 §5: a late original with a timestamp older than the receiver's last echo is dropped, so its repair is needed."""
    talk = Talk().c("S", ts=(100, 0)).s("S.", ack=1, after=0.0001, ts=(500, 100)).c(".", 1, ack=1, ts=(120, 500), after=0.02)
    late = talk.ids["c"] + 1
    talk.c(".", 101, 100, 1, ts=(121, 500), id=late + 1).s(".", 1, ack=1, sack=[(101, 201)], ts=(521, 120))
    talk.c(".", 1, 50, 1, ts=(400, 521), id=late + 5, after=0.3).s(".", 1, ack=51, sack=[(101, 201)], ts=(821, 400))
    talk.c(".", 51, 50, 1, ts=(120, 500), id=late, after=0.001).s(".", 1, ack=51, sack=[(101, 201)], ts=(822, 400))
    talk.c(".", 51, 50, 1, ts=(700, 822), id=late + 6, after=0.3).s(".", 1, ack=201, ts=(1121, 700))
    judged = {happening.frame: (happening.needed, happening.proof) for _, happening in odd(talk) if isinstance(happening, Judged)}
    assert judged[10] == (True, Proof.RECEIVER_DISCARDED)


def test_what_the_receiver_took_back_is_not_sent_again_for_nothing():
    """RFC 2018 §8: it had reported 201:401, and its next ACK stops before them."""
    talk = sent_in_order(far(), 100, 100, 100).s(".", 1, ack=101, sack=[(201, 401)], after=0.02).c(".", 101, 100, 1, after=0.001)
    talk.s(".", 1, ack=201, after=0.02).c(".", 201, 200, 1, after=0.3).s(".", 1, ack=401, after=0.02)
    assert [happening.proof for _, happening in odd(talk) if isinstance(happening, Retransmitted)] == [None, None]


def test_two_ids_next_to_each_other_tell_their_order():
    talk = Talk().c("S", id=0).s("S.", ack=1, after=0.02, id=0).c(".", 1, ack=1, id=0)
    talk.c(".", 101, 100, 1, id=4001).c(".", 1, 100, 1, after=0.3, id=4000)
    ((_, late),) = odd(talk)
    assert (type(late), late.proof) == (Reordered, Proof.IP_ID)


def test_the_timestamp_of_what_opened_the_hole_is_that_of_an_original():
    """A repair leaves at least a round trip later; here that is twenty ticks."""
    talk = Talk().c("S", ts=(100, 0), id=0).s("S.", ack=1, after=0.02, ts=(500, 100), id=0).c(".", 1, ack=1, ts=(120, 500), id=0)
    talk.c(".", 1, 100, 1, ts=(130, 500), id=0, after=0.01).s(".", 1, ack=101, ts=(530, 130), id=0, after=0.02)
    talk.c(".", 201, 100, 1, ts=(150, 500), id=0).s(".", 1, ack=101, sack=[(201, 301)], ts=(550, 130), id=0)
    talk.c(".", 101, 100, 1, ts=(150, 500), id=0, after=0.1)
    ((_, late),) = odd(talk)
    assert (type(late), late.proof) == (Reordered, Proof.TSVAL)


def test_where_a_tick_is_as_long_as_a_round_trip_it_says_nothing():
    talk = Talk().c("S", ts=(1, 0), id=0).s("S.", ack=1, after=0.02, ts=(5, 1), id=0).c(".", 1, ack=1, ts=(1, 5), id=0)
    talk.c(".", 101, 100, 1, ts=(2, 5), id=0, after=0.1).c(".", 1, 100, 1, ts=(2, 5), id=0, after=0.3)
    assert type(odd(talk)[0][1]) is Retransmitted


def test_a_round_trip_that_karn_forbids_still_tells_what_came_too_soon():
    talk = Talk().c("S", id=0).c("S", id=0, after=1).s("S.", ack=1, after=0.02, id=0).c(".", 1, ack=1, id=0)
    talk.c(".", 201, 100, 1, id=0).c(".", 101, 100, 1, id=0, after=0.01)
    assert Reordered in {type(happening) for _, happening in odd(talk)}


def test_each_syn_that_comes_is_answered_so_a_second_answer_is_no_copy():
    talk = Talk().c("S", id=0).c("S", id=0, after=1).s("S.", ack=1, after=0.02, id=0).s("S.", ack=1, after=0.01, id=0)
    talk.c(".", 1, ack=1, id=0)
    assert Copied not in {type(happening) for _, happening in odd(talk)}


def test_the_answer_to_a_crossing_syn_is_no_retransmission():
    """RFC 9293 §3.5, figure 7."""
    talk = Talk().c("S").s("S", after=0.0001).c("S.", ack=1).s("S.", ack=1).c(".", 1, ack=1)
    assert odd(talk) == []
    assert {type(step.happenings[-1]).__name__ for step in talk.steps()[2:4]} <= {"SynAckSent", "StateMoved", "HandshakeDone"}


def test_the_same_answer_once_more_is_one():
    talk = Talk().c("S").s("S", after=0.0001).c("S.", ack=1).s("S.", ack=1).c("S.", ack=1, after=1)
    assert type(odd(talk)[0][1]) is Retransmitted


def test_partly_new_octets_are_said():
    talk = sent_in_order(far(), 100).c(".", 151, 100, 1, after=0.3)
    ((_, again), _) = odd(talk)
    assert (again.new_octets, again.start - talk.iss["c"], again.end - talk.iss["c"]) == (50, 151, 251)


def test_one_below_with_nothing_outstanding_is_a_keep_alive_and_no_retransmission():
    talk = far().c(".", 100, 1, 1, after=60)
    ((_, probe),) = odd(talk)
    assert (type(probe), probe.octets, probe.idle) == (KeepAlive, 1, 60_000_000_000)


def test_three_duplicates_make_it_a_fast_retransmission():
    talk = sent_in_order(far(), 100, 100, 100, 100)
    for _ in range(4):
        talk.s(".", 1, ack=101, after=0.005)
    ((_, again), _) = odd(talk.c(".", 101, 100, 1))
    assert again.cause is Cause.FAST


def test_an_ack_from_before_the_fin_that_comes_after_it_is_no_keep_alive():
    """Its SEQ is one below the next octet as well."""
    talk = far().c(".", 101, ack=1).c("F.", 101, ack=1).s(".", 1, ack=102, after=0.02)
    talk.c(".", 101, ack=1, id=talk.ids["c"] - 2, after=0.001)
    assert odd(talk) == []
    assert talk.steps()[-1].happened(KeepAlive) is None


def test_an_old_timestamp_says_the_same_where_no_ids_are():
    talk = Talk().c("S", ts=(100, 0), id=0).s("S.", ack=1, after=0.02, ts=(500, 100), id=0).c(".", 1, ack=1, ts=(120, 500), id=0)
    talk.c("F.", 1, ack=1, ts=(140, 500), id=0).s(".", 1, ack=2, after=0.02, ts=(540, 140), id=0).c(".", 1, ack=1, ts=(139, 500), id=0)
    assert odd(talk) == []


def test_a_copied_ack_is_known_though_others_came_between():
    talk = far().s(".", 1, ack=101, win=400).c("P.", 101, 10, 1).s(".", 1, ack=101, win=512, id=7002)
    assert [type(happening) for _, happening in odd(talk)][:1] == [Copied]


@pytest.mark.parametrize(
    ("after", "cause"), [(0.001, Cause.FAST), (0.03, Cause.UNKNOWN), (0.25, Cause.TIMEOUT)], ids=["at once", "too late", "timer"]
)
def test_duplicates_make_it_fast_only_while_they_are_fresh(after, cause):
    talk = sent_in_order(far(), 100, 100, 100, 100)
    for _ in range(3):
        talk.s(".", 1, ack=101, after=0.005)
    again = odd(talk.c(".", 101, 100, 1, after=after))[0][1]
    assert again.cause is cause


def test_what_follows_a_timeout_in_order_belongs_to_it():
    """Without SACK a sender goes back and sends all again; an ACK of the first that jumps over the rest answers their first copies."""
    talk = Talk().c("S", ts=(100, 0), options=()).s("S.", ack=1, after=0.02, ts=(500, 100), options=()).c(".", 1, ack=1, ts=(120, 500))
    talk.c(".", 1, 100, 1, ts=(121, 500)).c(".", 101, 100, 1, ts=(250, 500), after=0.13)
    talk.c(".", 1, 100, 1, ts=(381, 500), after=0.13).c(".", 101, 100, 1, ts=(383, 500)).s(".", 1, ack=201, after=0.03, ts=(911, 381))
    again = [happening.cause for _, happening in odd(talk) if isinstance(happening, Retransmitted)]
    told = {happening.frame: happening.proof for _, happening in odd(talk) if isinstance(happening, Judged)}
    assert again == [Cause.TIMEOUT, Cause.TIMEOUT]
    assert told == {6: Proof.ECHOED, 7: Proof.EIFEL}


@pytest.mark.parametrize("turn", [1, 2])
def test_each_retransmission_is_judged_exactly_once(turn):
    talk = sent_in_order(far(), 100)
    for _ in range(turn):
        talk.c(".", 101, 100, 1, after=0.4)
    talk.s(".", 1, ack=201, after=0.02)
    named = odd(talk)
    told = [happening.frame for _, happening in named if isinstance(happening, Judged)]
    undecided = [frame for frame, happening in named if isinstance(happening, Retransmitted) and happening.needed is None]
    assert sorted(told) == undecided


def test_a_counter_that_turns_in_two_seconds_orders_nothing_far_apart():
    """Hosts that count one id for all they send: without this guard, octets sent again look like late originals."""
    talk = far()
    for i in range(12):
        talk.c(".", 101 + 10 * i, 10, 1, after=0.01, id=(1000 + 330 * i) % 65536)
    talk.c(".", 101, 10, 1, after=1.5, id=700)
    assert type(odd(talk)[0][1]) is Retransmitted


@pytest.mark.parametrize(("echo", "kind"), [(500, WindowProbe), (520, KeepAlive)], ids=["older", "newer"])
def test_a_probe_that_echoes_nothing_newer_than_the_closed_window_is_a_window_probe(echo, kind):
    """Its sender did not know yet that the window is open again, however long what opened it takes."""
    talk = Talk().c("S", ts=(100, 0)).s("S.", ack=1, ts=(490, 100)).c(".", 1, ack=1, ts=(101, 490)).c("P.", 1, 100, 1, ts=(102, 490))
    talk.s(".", 1, ack=101, win=0, ts=(500, 102)).s(".", 1, ack=101, win=64, after=0.5, ts=(520, 102))
    talk.c(".", 100, ack=1, after=0.1, ts=(200, echo))
    assert talk.steps()[-1].happened(kind) is not None
