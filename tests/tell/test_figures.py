"""The verdict's figures: each says what it measured, and is silent where nothing did."""

import pytest

from tcpdump_parse.model.events import Capture
from tcpdump_parse.tell import Manner, Verdict, tell
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
