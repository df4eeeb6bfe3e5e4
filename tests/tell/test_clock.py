"""No figure of a story reaches back across a jump of the clock, nor below nothing."""

import pytest

from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.events import Capture
from tcpdump_parse.model.options import Mss, Nop, SackOk, TcpOption, Timestamps, Wscale
from tcpdump_parse.tell import Manner, Told, Verdict, tell
from tcpdump_parse.tell.clock import DURATIONS
from tcpdump_parse.tell.judging import judged
from tcpdump_parse.track import track
from tests.track.talk import Talk


def syn(val: int, ecr: int) -> tuple[TcpOption, ...]:
    return (Mss(1460), SackOk(), Timestamps(val, ecr), Nop(), Wscale(7))


def dialogue(jump: float) -> Talk:
    """A request whose reply begins 40 ms later by the server's clock, `jump` seconds later by the capture's, and one before it."""
    talk = Talk().c("S", options=syn(0, 0)).s("S.", ack=1, after=0.03, options=syn(500, 0)).c(".", 1, ack=1, ts=(30, 500))
    talk.c("P.", 1, 100, 1, ts=(31, 500)).s(".", 1, ack=101, after=0.03, ts=(532, 31)).s("P.", 1, 900, 101, after=0.004, ts=(536, 31))
    talk.c(".", 101, ack=901, ts=(66, 536)).c("P.", 101, 50, 901, ts=(67, 536))
    talk.s(".", 901, ack=151, after=jump, ts=(576, 67)).s("P.", 901, 800, 151, after=0.004, ts=(580, 67))
    return talk.c(".", 151, ack=1701, ts=(110, 580)).c("F.", 151, ack=1701, ts=(111, 580)).s("F.", 1701, ack=152, after=0.03, ts=(612, 111))


def stories(talk: Talk, lang: str) -> tuple[dict[int, Told], Verdict]:
    values = list(tell(judged(track([Capture(capture=1), *talk.packets])), Manner(lang=lang)))
    verdict = next(value for value in values if isinstance(value, Verdict))
    return {value.frame: value for value in values if isinstance(value, Told)}, verdict


PAUSE = {
    "en": "By the clock of the capture 60.0 s went by without a packet; the timestamps of the server do not bear that out.",
    "zh": "按抓包的时钟，有 60.0 s 没有任何包，但服务器的时间戳不能证实这一点。",
}
REPLY = {"en": "The server sends 800 bytes.", "zh": "服务器发送 800 字节。"}


@pytest.mark.parametrize("lang", PAUSE)
def test_a_jump_of_the_clock_is_no_pause_and_no_time_to_reply(lang: str) -> None:
    told, verdict = stories(dialogue(60), lang)
    assert (told[9].pause, told[9].rest) == (PAUSE[lang], False)
    assert told[10].sentences[0].text == REPLY[lang]
    assert verdict.seconds is None
    keys = {reason.key: reason.text for reason in verdict.reasons}
    assert "verdict.round_trip" in keys  # it lies on one side of the jump
    assert "verdict.slowest" not in keys
    assert not [text for text in keys.values() if "60" in text]


def test_a_clock_that_runs_measures_the_reply() -> None:
    told, verdict = stories(dialogue(0.03), "en")
    assert told[10].sentences[0].text == "The server replies with 800 bytes, 34 ms after the request."
    assert (told[9].pause, verdict.seconds is None) == ("", False)


def test_a_record_out_of_order_is_not_told_as_late_by_less_than_nothing() -> None:
    talk = Talk().open().c(".", 1, 1000, 1, id=1).c(".", 2001, 1000, 1, id=3).c(".", 1001, 1000, 1, id=2, after=-0.00001)
    told, _ = stories(talk.s(".", 1, ack=3001, after=0.03), "en")
    late = [sentence.text for sentence in told[6].sentences if sentence.key.startswith("loss.reordered")]
    assert late == ["The client sent this before what already passed: it was overtaken on the way, not lost (the IP id says so)."]


def test_every_duration_that_ends_at_a_segment_can_be_withheld() -> None:
    """A new one is entered in the table, or here."""
    elsewhere = {(h.HandshakeDone, "to_server"), (h.Idle, "gap"), (h.ClockStepped, "by")}
    timed = ("since", "delay", "rtt", "idle", "late_by", "after", "closed_for", "to_server", "to_client", "gap", "by")
    kinds = [kind for kind in vars(h).values() if isinstance(kind, type) and issubclass(kind, h.Happening)]
    fields = {(kind, name) for kind in kinds for name in kind.__struct_fields__ if name.startswith(timed)}
    assert fields - elsewhere == {(kind, name) for kind, names in DURATIONS.items() for name in names}
