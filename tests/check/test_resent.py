"""What is sent again is counted in octets of data; a SYN or a FIN alone is named: it takes a number and is no octet."""

import pytest

from tcpdump_parse.check import check
from tcpdump_parse.tell.findings import story
from tcpdump_parse.tell.words import words
from tcpdump_parse.track import track
from tests.track.talk import Talk


def opened() -> Talk:
    return Talk().c("S").s("S.", ack=1, after=0.03).c(".", 1, ack=1).c("P.", 1, 20, 1).s(".", 1, ack=21, after=0.03)


SAID = [
    (Talk().c("S").c("S", after=1).c("S", after=2), "The client sends its SYN again after a timer ran out: no ACK came in time."),
    (opened().c("F.", 21, ack=1).c("F.", 21, ack=1, after=1), "The client sends its FIN again after a timer ran out: no ACK came in time."),
    (
        opened().c("FP.", 21, 9, 1).c("FP.", 21, 9, 1, after=1).s(".", 1, ack=31),
        "The client sends 9 bytes again after a timer ran out: no ACK came in time.",
    ),
]


@pytest.mark.parametrize(("talk", "said"), SAID)
def test_a_syn_or_a_fin_sent_again_is_no_octet(talk: Talk, said: str) -> None:
    found = list(check(track(talk.packets), select=["rexmit-rto"]))
    assert found
    assert all(story(finding, words("en")) == said for finding in found)


@pytest.mark.parametrize(("seq", "octets"), [(22, "50 bytes"), (21, "50 bytes"), (20, "49 bytes")])
def test_data_beyond_a_fin_is_counted_from_the_fin(seq: int, octets: str) -> None:
    """Its number holds no octet of data, and neither does any above it."""
    talk = opened().c("F.", 21, ack=1).s(".", 1, ack=22).c("P.", seq, 50, 1)
    said = [story(finding, words("en")) for finding in check(track(talk.packets), select=["data-after-fin"])]
    assert said == [f"The client sends {octets} beyond its own FIN, after which nothing can follow."]


def test_both_languages_name_the_fin() -> None:
    (found,) = check(track(opened().c("F.", 21, ack=1).c("F.", 21, ack=1, after=1).packets), select=["rexmit-rto"])
    assert (found.facts["octets"], found.facts["fin"]) == (0, True)
    assert story(found, words("zh")) == "没有及时收到 ACK，定时器到期，客户端再次发送 FIN。"


def test_what_is_new_in_a_segment_was_not_sent_again() -> None:
    """The first octets are old, the others are seen for the first time."""
    talk = opened().s("P.", 1, 100, 21).s("P.", 1, 500, 21, after=1).c(".", 21, ack=501)
    (found,) = check(track(talk.packets), select=["rexmit-rto"])
    assert (found.facts["octets"], found.facts["new_octets"]) == (100, 400)
    assert story(found, words("en")) == "The server sends 100 bytes again after a timer ran out: no ACK came in time."
