"""What is said of a reset, where it comes, and what the verdict makes of it."""

from pathlib import Path

import pytest

from tcpdump_parse.model.events import Capture
from tcpdump_parse.read import read
from tcpdump_parse.tell import Manner, Order, Phase, Verdict, tell
from tcpdump_parse.track import track
from tests.tell.test_acks import said, told
from tests.track.talk import Talk
from tests.track.test_resets import answered


def verdicts(talk):
    events = track([Capture(capture=1), *talk.packets])
    return [value for value in tell(events, Manner(order=Order.LOG)) if isinstance(value, Verdict)]


def ends(verdict):
    return [reason.text for reason in verdict.reasons if reason.key.startswith("verdict.ended")]


OPEN = "A RST with the server as its sender is in the log, but "
CASES = {
    "its own": (
        answered().s("R.", 91, ack=21), ["reset.abort"], "Opened, then aborted by the server (RST).",
        ["At the end the client is in CLOSED and the server in CLOSED."],
    ),
    "with the TTL of another path": (
        answered().s("R", 91, ttl=49), ["reset.foreign"], f"{OPEN}it is most likely not its own.",
        [
            "At the end the client is in CLOSED and the server in ESTABLISHED, if what was seen also arrived.",
            "The server can be in ESTABLISHED or CLOSED: the log does not tell which.",
        ],
    ),
    "far outside the window": (
        answered().s("R", 500_091), ["reset.foreign_number", "reset.outside"], f"{OPEN}it is most likely not its own.",
        [
            "At the end the client is in ESTABLISHED and the server in ESTABLISHED, if what was seen also arrived.",
            "The server can be in ESTABLISHED or CLOSED: the log does not tell which.",
        ],
    ),
    "to a SYN that it does not acknowledge": (
        Talk().c("S").s("R.", 0, ack=-9999, win=0), ["reset.unfitting"],
        "A RST of the server is in the log, but its numbers do not fit: the client must ignore it.",
        [
            "At the end the client is in SYN-SENT and the server in CLOSED, if what was seen also arrived.",
            "The server can be in LISTEN, SYN-RECEIVED or CLOSED: the log does not tell which.",
        ],
    ),
    "to a wrong third step": (
        Talk().c("S").s("S.", ack=1, after=0.03).c(".", 1, ack=-999).s("R", -999, after=0.03), ["reset.rejected"],
        "Not opened in this log: the handshake was not completed.",
        [
            "At the end the client is in CLOSED and the server in SYN-RECEIVED, if what was seen also arrived.",
            "The client can be in ESTABLISHED or CLOSED: the log does not tell which.",
        ],
    ),
    "to the answer to its own SYN": (
        Talk().c("S").s("S.", ack=1, after=0.03).c("R", 1), ["reset.disowned"],
        "Never opened: a RST of the client ends the handshake before it is complete.",
        [
            "At the end the client is in CLOSED and the server in LISTEN, if what was seen also arrived.",
            "The server can be in LISTEN or SYN-RECEIVED: the log does not tell which.",
        ],
    ),
    "to a reset": (
        answered().c("R.", 21, ack=91).s("R", 91, after=0.03), ["reset.repeated_other"], "Opened, then aborted by the client (RST).",
        ["At the end the client is in CLOSED and the server in CLOSED."],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_reset_is_told_as_what_it_can_do(case):
    talk, keys, headline, states = CASES[case]
    (verdict,) = verdicts(talk)
    assert (said(talk, len(talk.packets)), verdict.headline, ends(verdict)) == (keys, headline, states)


def test_a_syn_that_was_answered_is_not_said_to_wait_for_an_answer():
    assert said(answered().c("S", after=4))[0] == "handshake.syn_again_answered"


def test_a_reset_to_an_answer_that_nobody_asked_for_disowns_no_syn():
    """Backscatter: the SYN is not in the log, so its sender is not known."""
    assert said(Talk().s("S.", ack=1).c("R", 1)) == ["reset.unexpected_ack"]


def test_an_end_that_goes_on_after_its_reset_has_not_aborted():
    """One reset, one cause: where it was not its own, no program gave up."""
    (verdict,) = verdicts(answered().s("R", 91).s("P.", 91, 40, 21, after=0.01).s("P.", 131, 40, 21))
    assert verdict.headline == f"{OPEN}the server goes on after it."
    assert "verdict.abort" not in [reason.key for reason in verdict.reasons]


def test_an_end_that_was_not_closed_by_its_reset_is_said_to_be_open_after_all():
    """No end goes from CLOSED to ESTABLISHED: the reset was not what it seemed."""
    value = told(answered().s("R", 91).s("P.", 91, 40, 21, after=0.01))[-1]
    assert [sentence.text for sentence in value.sentences if sentence.key == "state.moved"] == ["server ESTABLISHED after all, not CLOSED"]


def test_a_reset_that_answers_a_bare_syn_is_no_program_that_gave_up():
    """While neither end has acknowledged anything no program has a connection."""
    talk = Talk().c("S").s("S", after=0.03).c("R.", 1, ack=1)
    assert said(talk) == ["reset.crossed"]
    assert "verdict.abort" not in [reason.key for reason in verdicts(talk)[0].reasons]


def test_what_recovers_from_an_old_duplicate_is_no_abort():
    """RFC 9293 §3.5, figure 8."""
    talk = Talk().c("S").s("S.", ack=-89).c("R", -89).c("S", after=1).s("S.", ack=1).c(".", 1, ack=1)
    (verdict,) = verdicts(talk)
    assert (said(talk, 3), verdict.headline) == (["reset.rejected"], "Opened and still open when the log ends: no FIN and no RST.")


def test_an_opened_connection_of_which_segments_are_missing_is_not_called_open_still():
    """Its FIN may be among them."""
    (verdict,) = verdicts(Talk().open().c(".", 101, ack=901).s(".", 901, ack=101))
    assert verdict.headline == "Opened; no FIN and no RST is in this log, which may lack some of its segments."


def test_what_follows_a_reset_that_ended_nothing_stands_under_a_heading_of_its_own():
    talk = answered().s("R", -5000).c(".", 21, ack=91).s("P.", 91, 40, 21).c("F.", 21, ack=131)
    assert [value.phase for value in told(talk)][6:] == [Phase.RESET, Phase.RESET, Phase.DATA, Phase.CLOSE]
    talk = answered().c("R.", 21, ack=91).s("P.", 91, 40, 21)  # on its way when the reset left
    assert [value.phase for value in told(talk)][6:] == [Phase.RESET, Phase.RESET]


def test_a_reset_to_a_segment_without_ack_says_that_there_is_no_connection():
    """A FIN scan: the host never had one that it could abort."""
    talk = Talk().c("F", 1).s("R.", 0, ack=2)
    assert said(talk) == ["reset.no_connection"]
    assert verdicts(talk)[0].headline == "The server sent a RST; nothing of an opening is in this log."


def test_an_opening_without_its_third_step_is_not_called_open():
    """Zeek's S1 is older than that."""
    assert verdicts(Talk().c("S").s("S.", ack=1))[0].headline == "Not opened in this log: the handshake was not completed."
    assert verdicts(Talk().s("S.", ack=1).c(".", 1, ack=1))[0].headline.startswith("Opened and still open")


def test_a_reset_outside_the_window_is_dropped_without_an_answer():
    """RFC 9293 §3.10.7.4: what follows it answers something else."""
    talk = answered().s("R", -5000).c(".", 21, ack=91)
    assert "close.challenge_reset" not in said(talk)


def test_a_syn_ack_that_comes_after_its_ack_is_no_third_step():
    """A log sorted by address: the client's segments first."""
    talk = Talk().c("S").c(".", 1, ack=1).s("S.", ack=1)
    assert [key for key in said(talk) if key.startswith("handshake.done")] == []


def test_what_is_not_known_is_not_proved():
    log = Path(__file__).parents[2] / "samples" / "close" / "storm.txt"
    values = list(tell(track(read(log)), Manner()))
    assert not [reason for value in values if isinstance(value, Verdict) for reason in value.reasons if "unknown" in reason.text]


def test_a_third_step_that_a_reset_refuses_opened_nothing_and_lost_nothing():
    (verdict,) = verdicts(Talk().c("S").s("S.", ack=1).c(".", 1, ack=5000).s("R", 5000, win=0))
    assert verdict.headline == "Not opened in this log: the handshake was not completed."
    assert not [reason.text for reason in verdict.reasons if "4999" in reason.text]
