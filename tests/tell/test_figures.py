"""The verdict's figures: each says what it measured, and is silent where nothing did."""

import pytest

from tcpdump_parse.model.events import Capture
from tcpdump_parse.tell import Manner, Told, Verdict, tell
from tcpdump_parse.tell.judging import judged
from tcpdump_parse.track import track
from tests.track.talk import Talk


def verdict(talk, lang="en"):
    told = tell(judged(track([Capture(capture=1), *talk.packets])), Manner(lang=lang))
    return {reason.key: reason.text for value in told if isinstance(value, Verdict) for reason in value.reasons}


TRIPS = {
    "en": "From data of the client to its ACK it took 10 ms each time (6 samples), as seen at the capture point.",
    "zh": "客户端的数据到其 ACK 每次用时 10 ms（6 个样本），以抓包点所见为准。",
}


@pytest.mark.parametrize("lang", TRIPS)
def test_round_trips_of_data_leave_out_the_syn_and_the_fin(lang):
    talk = Talk().c("S").s("S.", ack=1, after=0.3).c(".", 1, ack=1)
    for n in range(6):
        talk.c("P.", 1 + 10 * n, 10, 1).s(".", 1, ack=11 + 10 * n, after=0.01)
    assert verdict(talk.c("F.", 61, ack=1).s(".", 1, ack=62, after=0.3), lang)["verdict.trips_alike"] == TRIPS[lang]


UNACKED = "verdict.unacked"


def opened():
    return Talk().open().c("P.", 1, 100, 1).s(".", 1, ack=101)


@pytest.mark.parametrize(
    ("talk", "octets"),
    [
        (opened().c("P.", 101, 50, 1), 50),
        (opened().c("P.", 101, 50, 1).s(".", 1, ack=131), 20),
        (opened().c("FP.", 101, 50, 1), 50),
        (opened().c("P.", 201, 50, 1), 50),
        (opened().c("F.", 101, ack=1).s(".", 1, ack=102).c("P.", 102, 50, 1), 50),
        (opened().c("F.", 101, ack=1).c("F.", 151, ack=1), 0),
        (opened().c("F.", 60101, ack=1), 0),
        (opened().c("F.", 101, ack=1), 0),
    ],
)
def test_only_bytes_that_were_seen_are_never_acknowledged(talk, octets):
    """No hole below them, and no FIN, wherever it stands."""
    said = verdict(talk).get(UNACKED)
    frame = len(talk.packets)
    assert said == (f"Never acknowledged in this log (up to frame {frame}): {octets} bytes of the client." if octets else None)
    zh = verdict(talk, "zh").get(UNACKED)
    assert (zh is not None and f"{octets} 字节" in zh) == bool(octets)


@pytest.mark.parametrize(("fin", "total"), [(151, " (FIN), after 150 bytes in all:"), (60101 + 128 * 512, " (FIN): ")])
def test_a_fin_outside_the_window_tells_no_total(fin, total):
    told = tell(judged(track([Capture(capture=1), *opened().c("F.", fin, ack=1).packets])), Manner())
    assert [
        total in sentence.text for value in told if isinstance(value, Told) for sentence in value.sentences if "close.fin" in sentence.key
    ] == [True]


def sentences(talk, lang="en"):
    told = tell(judged(track([Capture(capture=1), *talk.packets])), Manner(lang=lang))
    return {sentence.key: sentence.text for value in told if isinstance(value, Told) for sentence in value.sentences}


def test_a_syn_that_is_acknowledged_and_not_seen_is_no_byte():
    talk = Talk().c("S").s(".", 0, ack=1, options=()).c("S.", ack=1).s(".", 1, ack=1)
    assert sentences(talk)["loss.missed_syn"].startswith("The client acknowledges a SYN of the server that is not in this log")
    assert "verdict.missed" not in verdict(talk)


ONE = {"en": "a byte, or its FIN, which counts as one.", "zh": "可能是一个字节，也可能是同样占一个序列号的 FIN。"}


@pytest.mark.parametrize("lang", ONE)
def test_one_number_of_an_end_that_is_not_in_the_log_may_be_its_fin(lang):
    talk = Talk().c("S").c(".", 1, ack=1).c("P.", 1, 20, 1).c(".", 21, ack=101).c("F.", 21, ack=101).c(".", 22, ack=102)
    assert sentences(talk, lang)["data.ack_one"].endswith(ONE[lang])


def test_a_fin_under_way_is_no_byte_that_waits():
    talk = opened().c("P.", 101, 50, 1).c("F.", 151, ack=1).s(".", 1, ack=121).s(".", 1, ack=151)
    said = sentences(talk)
    assert said["data.ack_some"] == "The server acknowledges 20 bytes; not acknowledged yet: 30 bytes."
    assert said["data.ack"] == "The server acknowledges 30 bytes."
