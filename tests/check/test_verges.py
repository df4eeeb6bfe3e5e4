"""Where a rule begins and ends to speak: one short conversation a case, the rule and what it says of it beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from tcpdump_parse.check.engine import check
from tcpdump_parse.model import Severity
from tcpdump_parse.model.events import Capture
from tcpdump_parse.model.options import Mss, Nop, SackOk, Timestamps, Wscale
from tcpdump_parse.read import read
from tcpdump_parse.track import track
from tests.samples.verdicts import SAMPLES
from tests.track.talk import Talk

TS = (Nop(), Nop(), Timestamps(1, 0))


def said(talk: Talk, rule: str) -> list[tuple[int | None, dict[str, Any]]]:
    """(frame, facts) of each finding of the rule."""
    events = track([Capture(capture=1), *talk.packets])
    return [(found.frame, dict(found.facts)) for found in check(events, select=[rule]) if found.rule == rule]  # type: ignore[misc]


def test_data_on_a_syn_need_no_psh() -> None:
    talk = Talk().c("S", 0, 10).s("S.", ack=11).c(".", 11, ack=1)
    assert said(talk.c(".", 11, ack=1, after=30), "psh-missing-last") == []


def test_data_after_the_handshake_do() -> None:
    talk = Talk().open().c(".", 1, 10, 1).s(".", 1, ack=11)
    assert [frame for frame, _ in said(talk.c("P.", 11, 10, 1, after=30), "psh-missing-last")] == [6]


def test_a_bare_fin_after_a_reset_is_told_without_a_length() -> None:
    talk = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11).s("R", 1).s("F.", 1, ack=11)
    ((frame, facts),) = said(talk, "data-after-rst")
    assert (frame, facts["empty"]) == (7, True)


def paced(talk: Talk) -> Talk:
    """Both ends with timestamps of a millisecond a tick, over a tenth of a second."""
    talk.c("S", ts=(1000, 0)).s("S.", ack=1, ts=(5000, 1000)).c(".", 1, ack=1, ts=(1002, 5000))
    return talk.c("P.", 1, 10, 1, after=0.1, ts=(1102, 5000)).s(".", 1, ack=11, ts=(5101, 1102))


def test_the_clock_that_was_set_back_and_forward_again_is_told_both_times() -> None:
    talk = paced(Talk()).c("P.", 11, 10, 1, after=-3, ts=(1104, 5101)).s(".", 1, ack=21, ts=(5103, 1104))
    talk.c("P.", 21, 10, 1, after=3, ts=(1110, 5103))
    assert [frame for frame, _ in said(talk, "cap-time-backwards")] == [6]
    assert [(frame, round(facts["jump_s"])) for frame, facts in said(talk, "cap-time-forward-jump")] == [(8, 3)]


def test_so_it_is_when_the_end_that_shows_it_was_silent_in_between() -> None:
    talk = paced(Talk()).c("P.", 11, 10, 1, after=-3, ts=(1104, 5101)).s(".", 1, ack=21, after=3, ts=(5107, 1104))
    assert [(frame, round(facts["jump_s"])) for frame, facts in said(talk, "cap-time-forward-jump")] == [(7, 3)]


def test_an_end_that_answers_an_old_duplicate_did_not_reset_this_connection() -> None:
    """RFC 9293 figure 8: it goes on because its RST was about something else."""
    talk = Talk().c("S").s("S.", ack=-89).c("R", -89).c("S", after=1).s("S.", ack=1).c(".", 1, ack=1).c("P.", 1, 10, 1)
    assert said(talk.s(".", 1, ack=11), "rst-injected") == []


@pytest.mark.parametrize(("end", "expected"), [("server", [("cwnd-limited", "server")]), ("client", [])])
def test_what_held_a_sender_up_is_told_from_beside_it(end: str, expected: list[tuple[str, str]]) -> None:
    """A transfer that waits for the network all the time: its receiver sees nothing on its way, and must not call the sender idle."""
    steps = track(read(SAMPLES / "lab" / "recorded" / "clean-far" / f"{end}.txt"))
    assert [(found.rule, found.side) for found in check(steps, select=["app-limited", "cwnd-limited"])] == expected


def told_above() -> Talk:
    """The receiver holds 201:301 above a hole, then names 401:501 and leaves the other out."""
    talk = Talk().open().c(".", 1, 100, 1).c(".", 101, 100, 1).c(".", 201, 100, 1).c(".", 301, 100, 1).c(".", 401, 100, 1)
    return talk.s(".", 1, ack=101).s(".", 1, ack=101, sack=[(201, 301)]).s(".", 1, ack=101, sack=[(401, 501)]).c(".", 101, 100, 1)


def test_a_block_that_is_not_named_again_was_not_thrown_away() -> None:
    """The ACK of the repair covers it, and nobody sent it a second time."""
    assert said(told_above().s(".", 1, ack=301, sack=[(401, 501)]), "sack-reneging") == []


def test_an_ack_that_stops_where_a_block_began_takes_it_back() -> None:
    talk = told_above().s(".", 1, ack=201, sack=[(401, 501)]).s(".", 1, ack=201, sack=[(401, 501)])
    assert [frame for frame, _ in said(talk, "sack-reneging")] == [13]


def test_what_was_never_sent_is_not_taken_back() -> None:
    """A block reaches beyond all that was sent, then an ACK covers all that was; sack-beyond-sent says what is odd."""
    talk = Talk().open().c(".", 1, 100, 1).c(".", 101, 100, 1).s(".", 1, ack=1, sack=[(101, 301)])
    assert said(talk.s(".", 1, ack=201).s(".", 1, ack=201), "sack-reneging") == []


def test_what_came_damaged_was_thrown_away_and_nobody_attacks() -> None:
    """The wire flipped a bit in four segments beside their receiver; each is missing until it is sent again."""
    events = list(track(read(SAMPLES / "lab" / "recorded" / "damaged" / "client.txt")))
    inferred = [(found.frame, found.facts["record"]) for found in check(events, select=["loss-inferred"]) if "damaged" in found.facts]
    assert inferred == [(50, 44), (116, 85), (144, 138)]
    assert not list(check(events, select=["*-evasion", "race-response", "cksum-payload-const"]))


def burst(segments: int, mss: int, other: int) -> Talk:
    """The server sends so many segments of `mss` octets, the client's MSS, at once; its own is `other`."""
    talk = Talk().c("S", options=(Mss(mss),)).s("S.", ack=1, options=(Mss(other),)).c(".", 1, ack=1).c("P.", 1, 10, 1)
    for n in range(segments):
        talk.s(".", 1 + n * mss, mss, 11, after=0.0001)
    return talk.c(".", 11, ack=1 + segments * mss)


@pytest.mark.parametrize(("mss", "other"), [(536, 536), (536, 1460), (1460, 536), (8960, 8960)])
def test_ten_segments_at_once_are_allowed_and_eleven_are_not(mss: int, other: int) -> None:
    """The other end's MSS bounds a segment, not one's own."""
    assert said(burst(10, mss, other), "iw-too-big") == []
    assert [facts for _, facts in said(burst(11, mss, other), "iw-too-big")] == [{"octets": 11 * mss, "limit": 10 * mss}]


@pytest.mark.parametrize(
    ("log", "expected"), [("lost-burst", [20]), ("spikes", []), ("black-hole", [])], ids=["lost", "not needed", "never answered"]
)
def test_only_what_repairs_a_loss_counts_as_lost(log: str, expected: list[int]) -> None:
    events = track(read(SAMPLES / "lab" / "recorded" / log / "client.txt"))
    assert [found.facts["again"] for found in check(events, select=["excessive-loss"])] == expected


def test_a_syn_that_its_data_overtook_is_no_data_segment_without_an_ack_of_its_own() -> None:
    """The answer to the SYN is not in the log, so the first ACK that is covers both."""
    asked = Talk().c("S").c(".", 1, ack=1, after=0.03).c("P.", 1, 100, 1)
    assert said(asked.s(".", 1, ack=101), "ack-every-second") == []
    two = Talk().c("S").c(".", 1, ack=1, after=0.03).c(".", 1, 100, 1).c("P.", 101, 100, 1).s(".", 1, ack=201)
    assert [facts["together"] for _, facts in said(two, "ack-every-second")] == [1]


def test_acks_that_a_reset_overtook_do_not_speak_against_it() -> None:
    talk = Talk().open().c(".", 1, 100, 1).c(".", 101, 100, 1).c(".", 201, 100, 1).s(".", 1, ack=301).s("R", 1)
    assert said(talk.s(".", 1, ack=101).s(".", 1, ack=201), "rst-injected") == []


def test_a_reset_of_the_usual_ttl_is_told_by_what_goes_on_after_it() -> None:
    talk = Talk().open().c("P.", 1, 10, 1).s("R", 1).s(".", 1, ack=11).c("P.", 11, 10, 1).s(".", 1, ack=21).s(".", 1, ack=21)
    assert [(facts["same_ttl"], facts["other_ttl"]) for _, facts in said(talk, "rst-injected")] == [(True, False)]


def test_the_octet_of_a_keep_alive_came_twice_and_nothing_was_copied() -> None:
    """Windows sends an octet that the receiver has, and Linux says so in a D-SACK; that is no news of what was sent before."""
    talk = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11).c(".", 10, 1, 1, after=45).s(".", 1, ack=11, sack=[(10, 11)])
    assert said(talk, "dsack-copied") == []
    again = Talk().open().c("P.", 1, 10, 1).c("P.", 1, 10, 1, after=1).s(".", 1, ack=11)
    assert said(again.c(".", 10, 1, 1, after=45).s(".", 1, ack=11, sack=[(10, 11)]), "dsack-explains") == []


def test_nobody_knows_how_often_octets_from_before_the_log_were_sent() -> None:
    talk = Talk().c("P.", 5000, 100, 1).s(".", 1, ack=5100, sack=[(3000, 4000)])
    assert said(talk, "dsack-copied") == []
    assert said(talk.c("P.", 5100, 100, 1).s(".", 1, ack=5200, sack=[(5100, 5200)]), "dsack-copied") != []


def test_a_late_original_and_its_repair_were_two_sendings() -> None:
    """The repair looked like an original when it came; the id says which was sent first."""
    talk = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11).c(".", 11, 10, 1, id=130).s(".", 1, ack=21)
    talk.c(".", 11, 10, 1, after=0.3, id=120)
    assert said(talk.s(".", 1, ack=21, sack=[(11, 21)]), "dsack-copied") == []


def test_data_that_crossed_the_fin_uses_no_half_closed_connection() -> None:
    talk = Talk().open().c("F.", 1, ack=1).s("P.", 1, 10, 1).c(".", 2, ack=11).s(".", 11, ack=2)
    assert said(talk, "half-close") == []
    assert [frame for frame, _ in said(talk.s("P.", 11, 10, 2), "half-close")] == [8]


def test_a_syn_that_stands_behind_its_answer_opens_nothing_at_both_sides() -> None:
    talk = Talk().s("S.", ack=1).c("S").c(".", 1, ack=1)
    assert (said(talk, "simultaneous-open"), len(said(talk, "cap-handshake-reversed"))) == ([], 1)


def test_a_syn_that_the_open_connection_challenged_was_answered() -> None:
    talk = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11).c("S", 70_000, after=5).s(".", 1, ack=11, after=0.03)
    assert [frame for frame, _ in said(talk, "challenge-ack")] == [7]
    assert said(talk.c("P.", 11, 10, 1, after=9).s(".", 1, ack=21), "syn-unanswered") == []


def stopped(*windows: int) -> Talk:
    """A window of 1000 octets, filled each time; the server answers with these."""
    talk = Talk().c("S", win=1000, options=()).s("S.", ack=1, win=1000, options=()).c(".", 1, ack=1)
    for n, window in enumerate(windows):
        talk.c("P.", 1 + 1000 * n, 1000, 1, after=0.3).s(".", 1, ack=1001 + 1000 * n, win=window, after=0.1)
        if not window:
            talk.s(".", 1, ack=1001 + 1000 * n, win=1000, after=0.3)
    return talk


def test_a_window_that_was_closed_did_not_stand_still() -> None:
    assert len(said(stopped(*[1000] * 6), "win-frozen")) == 1
    assert said(stopped(1000, 1000, 0, 1000, 0, 1000), "win-frozen") == []


def test_the_octet_of_a_probe_may_be_taken_while_the_window_stays_closed() -> None:
    talk = Talk().open().c("P.", 1, 100, 1).s(".", 1, ack=101, win=0).c(".", 101, 1, 1, after=0.3).s(".", 1, ack=102, win=0)
    assert said(talk, "win-probe-ack") == [(7, {})]


@pytest.mark.parametrize("rule", ["ts-unnegotiated", "sack-unnegotiated", "wscale-not-offered", "ts-not-offered", "win-exceeded"])
def test_of_a_syn_cut_by_the_snapshot_length_nobody_knows_what_it_did_not_offer(rule: str) -> None:
    cut = {"options": (Mss(1460),), "win": 200}
    talk = Talk().c("S", **cut).s("S.", ack=1, options=(Mss(1460), SackOk(), Nop(), Wscale(7), *TS), win=200)
    talk.packets[0] = replace(talk.packets[0], tcp=replace(talk.packets[0].tcp, cut=" [|tcp]>"))
    talk.c(".", 1, ack=1, ts=(1, 1), win=2).c("P.", 1, 200, 1, ts=(2, 1), win=2).s(".", 1, 900, 201, ts=(2, 2))
    talk.c(".", 201, ack=901, ts=(3, 2), win=2).s(".", 901, ack=201, sack=[(301, 401)])
    assert said(talk, rule) == []


def test_an_octet_sent_again_after_its_ack_is_no_keep_alive() -> None:
    """No keep-alive comes so soon, and a timer did run out at the other end of a lost ACK (an interactive session: one key, one octet)."""
    key = Talk().open().c("P.", 1, 1, 1, after=2).s(".", 1, ack=2).c("P.", 1, 1, 1, after=0.25)
    assert (said(key, "keepalive-probe"), [frame for frame, _ in said(key, "rexmit-spurious")]) == ([], [6])
    assert said(Talk().open().c("P.", 1, 1, 1).s(".", 1, ack=2).c(".", 1, 1, 1, after=30), "keepalive-probe") != []


def test_the_octet_of_a_window_probe_is_no_retransmission() -> None:
    talk = Talk().open().c("P.", 1, 100, 1).s(".", 1, ack=101, win=0).c(".", 101, 1, 1, after=0.3).s(".", 1, ack=101, win=0)
    assert [frame for frame, _ in said(talk.c(".", 101, 1, 1, after=0.6), "win-probe")] == [6, 8]


def beside_a_router(talk: Talk, **more: Any) -> Talk:
    """The last packet once more, as the router sent it on."""
    last = talk.packets[-1]
    assert last.tcp is not UNSET
    return talk.c("S", after=0.00002, id=last.ip.id, ttl=63, **more)  # type: ignore[union-attr]


def test_a_syn_before_and_behind_a_router_that_lowers_its_mss_is_one_packet() -> None:
    talk = Talk()
    for after in (0, 1, 2):
        beside_a_router(talk.c("S", after=after), options=(Mss(1452), SackOk(), Nop(), Wscale(7)))
    assert [frame for frame, _ in said(talk, "mss-clamped")] == [2, 4, 6]
    for rule in ("rexmit", "syn-backoff", "ttl-changed", "syn-options-changed"):
        assert said(talk, rule) == []
    assert [facts["copy"] for _, facts in said(talk, "syn-retransmit")] == [2, 3]


def test_timestamps_that_go_on_though_the_answer_had_none_were_not_agreed_on() -> None:
    talk = Talk().c("S", ts=(1, 0)).s("S.", ack=1)
    assert [frame for frame, _ in said(talk.c(".", 1, ack=1, ts=(2, 0)), "ts-unnegotiated")] == [3]
    assert said(Talk().c("S", ts=(1, 0)).s("S.", ack=1).c(".", 1, ack=1), "ts-unnegotiated") == []


def test_ecn_that_was_only_reflected_is_no_agreement() -> None:
    talk = Talk().c("SEW").s("S.EW", ack=1).c(".", 1, ack=1).c("P.", 1, 10, 1)
    talk.packets[-1] = replace(talk.packets[-1], ip=replace(talk.packets[-1].ip, tos=2))  # type: ignore[type-var]
    assert [frame for frame, _ in said(talk, "ecn-ect-unnegotiated")] == [4]


def test_a_duplicate_ack_of_the_one_segment_that_is_outstanding_names_no_other() -> None:
    """It had no room for it, say: nothing in the log is another segment, nor one that it had."""
    begun = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11).c("P.", 11, 100, 1)
    assert [facts["alone"] for _, facts in said(begun.s(".", 1, ack=11), "dup-ack")] == [True]
    two = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11).c(".", 11, 100, 1).c("P.", 111, 100, 1)
    assert ["alone" in facts for _, facts in said(two.s(".", 1, ack=11), "dup-ack")] == [False]


def test_one_data_segment_was_not_acknowledged_together_with_a_later_one() -> None:
    """Fast Open: the third step acknowledges the SYN and the data behind it."""
    talk = Talk().c("S", 0, 10).s("S.", ack=11).s("P.", 1, 100, 11).c(".", 11, ack=101)
    assert said(talk, "ack-every-second") == []


def test_probes_whose_answers_take_another_way_are_not_dead() -> None:
    talk = Talk().c("S").c(".", 1, ack=1).c("P.", 1, 10, 1)
    for _ in range(4):
        talk.c(".", 10, ack=501, after=60)
    assert [found.severity for found in check(track(talk.packets), select=["keepalive-dead"])] == [Severity.NOTE]


def test_a_reset_may_answer_what_came_before_the_other_reset() -> None:
    begun = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11)
    assert [frame for frame, _ in said(begun.c("R.", 11, ack=1).s("R", 1, win=0), "rst-to-rst")] == [7]
    crossed = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11).c("P.", 11, 10, 1).c("R.", 21, ack=1)
    assert said(crossed.s("R", 1, win=0), "rst-to-rst") == []


def test_a_bare_reset_right_behind_data_is_not_put_down_to_the_program() -> None:
    """So answers a host that has lost the connection; a program's abort carries an ACK."""
    begun = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11).c("P.", 11, 10, 1, after=4000)
    assert said(begun.s("R", 1, win=0), "rst-cause-abort") == []
    begun = Talk().open().c("P.", 1, 10, 1).s(".", 1, ack=11).c("P.", 11, 10, 1, after=4000)
    assert [frame for frame, _ in said(begun.s("R.", 1, ack=21), "rst-cause-abort")] == [7]


def probed(*, ports: int = 1, **more: Any) -> Talk:
    """ACKs to four hosts, each answered by a reset; from so many ports."""
    talk = Talk()
    for n in range(4):
        talk.c(".", 5, ack=9, **more).s("R", 9, win=0)
        for packet in (-2, -1):
            last = talk.packets[packet]
            ends = {"src": f"10.1.{n}.1"} if packet == -1 else {"dst": f"10.1.{n}.1"}
            port = {"dport" if packet == -1 else "sport": 40000 + n % ports}
            talk.packets[packet] = replace(last, ip=replace(last.ip, **ends), tcp=replace(last.tcp, **port))  # type: ignore[type-var]
    return talk


def test_a_host_that_goes_on_with_connections_from_before_the_log_scans_nothing() -> None:
    """A machine that slept asks its servers whether they are there; scanners send no timestamps."""
    assert [facts["targets"] for _, facts in said(probed(), "scan-ack")] == [4]
    assert said(probed(ts=(7, 8)), "scan-ack") == []
    assert said(probed(ports=4), "scan-ack") == []  # Windows has none, but a port for each connection


def test_a_sender_that_waits_for_the_window_owes_no_psh() -> None:
    talk = Talk().open().c(".", 1, 100, 1)
    assert said(talk.s(".", 1, ack=101, win=0).s("P.", 1, 10, 101, after=3, win=0), "psh-missing-last") == []


def test_a_fin_that_a_reset_answered_waits_for_no_ack() -> None:
    talk = Talk().open().c("F.", 1, ack=1).s(".", 1, ack=2).s("F.", 1, ack=2)
    assert said(talk.c("R", 2, win=0).c("R", 2, win=0), "fin-unacked") == []


def acknowledged(again: Callable[[Talk], Talk]) -> Talk:
    """Four portions and their ACKs, without ids; `again` stands behind the first ACK."""
    talk = Talk().open()
    for n in range(4):
        talk.c("P.", 1 + 10 * n, 10, 1, id=0).s(".", 1, ack=11 + 10 * n, id=0, after=0.03)
        if not n:
            again(talk)
    return talk


def test_an_ack_before_and_behind_a_router_came_from_one_host() -> None:
    """Without an id, as in IPv6, only its numbers and the time say that it is one packet."""
    for after, told in ((0.00002, 0), (0.02, 1)):
        talk = acknowledged(lambda talk, after=after: talk.s(".", 1, ack=11, id=0, ttl=63, after=after))  # type: ignore[misc]
        assert len(said(talk, "data-injection")) == told
    assert len(said(acknowledged(lambda talk: talk.s(".", 1, ack=11, id=0, ttl=50, after=0.00002)), "data-injection")) == 1


def test_a_third_step_may_take_the_first_of_two_answers() -> None:
    talk = Talk().c("S").s("S.", ack=1).s("S.", 7777, ack=1).c(".", 1, ack=1)
    assert [frame for frame, _ in said(talk, "synack-diff-seq")] == [3]
    assert said(talk, "third-ack-wrong-ack") == said(talk, "third-ack-wrong-both") == []


def test_a_bare_reset_refuses_no_syn() -> None:
    """In SYN-SENT only an ACK of the SYN makes a reset acceptable (RFC 9293 §3.10.7.3)."""
    talk = Talk().c("S").s("R", 0, win=0)
    assert ([frame for frame, _ in said(talk, "rst-in-syn-sent")], said(talk, "syn-refused")) == ([2], [])


def test_of_an_end_that_is_not_in_the_log_nobody_knows_what_is_outstanding() -> None:
    """Its SACKs tell what the receiver misses."""
    talk = Talk().s("S.", ack=1).s(".", 1, ack=1001).s(".", 1, ack=1001, sack=[(2001, 3001)]).s(".", 1, ack=1001, sack=[(2001, 4001)])
    assert said(talk, "dup-ack-no-reason") == []
    assert [facts["reason"] for _, facts in said(talk, "dup-ack")] == ["gap", "gap"]


def refused(ack: int) -> Talk:
    """An answer with the numbers of an older connection, and its refusal."""
    return Talk().c("S").s(".", 5000, ack=ack).c("R", ack, win=0)


@pytest.mark.parametrize("ack", [-6000, 6000], ids=["below", "above"])
@pytest.mark.parametrize(
    "rule", ["rst-seen", "syn-then-rst-by-client", "ack-unsent", "rexmit-spurious", "cap-filter-bias", "cap-drop-inferred"]
)
def test_a_reset_that_refuses_an_old_answer_breaks_nothing_off(rule: str, ack: int) -> None:
    """RFC 9293 figure 10: what the old connection acknowledged is no octet of this one, and the opener goes on."""
    assert said(refused(ack), rule) == []
    assert said(refused(ack).c("S", after=1).s("S.", ack=1).c(".", 1, ack=1).c("P.", 1, 10, 1), rule) == []
    assert [frame for frame, _ in said(refused(ack), "half-open")] == [3]


def broken_off(*resets: int) -> Talk:
    """The client gives up in the middle of what it sends; what the server had already taken is acknowledged afterwards."""
    talk = Talk().open()
    for n in range(6):
        talk.c(".", 1 + 1000 * n, 1000, 1)
    talk.s(".", 1, ack=1001).c("R.", 6001, ack=1)
    for number in resets:
        talk.s(".", 1, ack=number).c("R", number, win=0)
    return talk


def test_a_reset_for_each_ack_that_was_still_on_its_way_is_no_guess() -> None:
    assert said(broken_off(2001, 3001, 4001, 5001), "rst-guessing") == []


def test_resets_at_numbers_that_nobody_named_are() -> None:
    talk = broken_off(2001, 3001).c("R", 30_001).c("R", 40_001)
    assert [frame for frame, _ in said(talk, "rst-guessing")] == [16]
