"""What is said of the silence before a segment."""

import pytest
from msgspec.structs import replace

from tcpdump_parse.model.events import Capture
from tcpdump_parse.tell import Manner, Told, Verdict, tell
from tcpdump_parse.track import track
from tests.track.talk import Talk

REFUTED = {
    "en": "5.00 s without a packet: all that was sent is acknowledged.",
    "zh": "5.00 s 没有任何包：已发送的都已确认。",
}
BORNE_OUT = {
    "en": "5.00 s without a packet: all that was sent is acknowledged, the next move is up to the server.",
    "zh": "5.00 s 没有任何包：已发送的都已确认，下一步轮到服务器。",
}


def asked():
    return Talk().open().c("P.", 1, 20, 1).s(".", 1, ack=21)


def silence(talk, lang):
    values = [value for value in tell(track([Capture(capture=1), *talk.packets]), Manner(lang=lang)) if isinstance(value, Told)]
    return values[-1].pause


@pytest.mark.parametrize("lang", REFUTED)
def test_whose_turn_it_was_is_not_said_where_the_other_goes_on(lang):
    """A request may come in two parts; no log shows that the first was whole."""
    assert silence(asked().c("P.", 21, 20, 1, after=5), lang) == REFUTED[lang]


@pytest.mark.parametrize("lang", BORNE_OUT)
def test_it_is_said_where_that_end_answers(lang):
    assert silence(asked().s("P.", 1, 20, 21, after=5), lang) == BORNE_OUT[lang]


def last_words(talk, after):
    """What is said of the silence behind it, where a segment of another connection comes `after` seconds later."""
    packet = talk.packets[-1]
    other = Talk().c("S").packets[0]
    later = replace(other, frame=90, clock=f"{float(packet.clock) + after:.6f}", tcp=replace(other.tcp, sport=5))
    verdicts = [value for value in tell(track([Capture(capture=1), *talk.packets, later])) if isinstance(value, Verdict)]
    return [reason.text for reason in verdicts[0].reasons if reason.key == "verdict.silent"]


def test_a_story_that_ends_in_silence_says_so():
    said = "After frame 5 nothing more of this connection is in the log, which goes on for 40.0 s."
    assert last_words(asked(), 40) == [said]


def test_no_silence_is_told_where_the_log_ends_or_the_clock_was_set_or_the_connection_was_closed():
    assert last_words(asked(), 0.5) == []
    assert last_words(asked(), -40) == []
    assert last_words(asked().c("F.", 21, ack=1).s("F.", 1, ack=22).c(".", 22, ack=2), 40) == []


def test_nothing_is_said_to_come_no_more_of_a_connection_that_was_only_forgotten():
    """After a day of silence it is let go; the same ports may go on speaking."""
    assert last_words(asked(), 23 * 3600) != []
    assert last_words(asked(), 31 * 3600) == []
