"""Round trips are those of data: a SYN that is answered late and a FIN that is acknowledged late are none."""

import pytest

from tcpdump_parse.check import check
from tcpdump_parse.model.options import Mss, Timestamps
from tcpdump_parse.model.terms import Side
from tcpdump_parse.tell.findings import story
from tcpdump_parse.tell.words import words
from tcpdump_parse.track import track
from tests.track.talk import Talk


def talk(last: int = 0) -> Talk:
    """The server's system takes 300 ms for the SYN and the FIN, 10 ms for each of four portions of data; `last`: octets with the FIN."""
    said = Talk().c("S").s("S.", ack=1, after=0.3).c(".", 1, ack=1)
    for n in range(4):
        said.c("P.", 1 + 10 * n, 10, 1).s(".", 1, ack=11 + 10 * n, after=0.01)
    return said.c("FP." if last else "F.", 41, last, 1).s(".", 1, ack=42 + last, after=0.3)


def trips(said: Talk) -> list[str]:
    return [
        story(finding, words("en")) for finding in check(track(said.packets), select=["rtt-sample"]) if finding.side == str(Side.CLIENT)
    ]


def test_a_syn_and_a_fin_alone_are_no_data() -> None:
    assert trips(talk()) == ["Data of the client was acknowledged after 10 ms to 10 ms, on average 10 ms (4 samples)."]


def test_a_fin_with_data_is_a_sample() -> None:
    assert trips(talk(5)) == ["Data of the client was acknowledged after 10 ms to 300 ms, on average 68 ms (5 samples)."]


def kept_back(ticks: int) -> list[str]:
    """Beside the server, which acknowledges at once for 0.1 s, then after 3 s on the capture's clock, `ticks` of its own."""
    said = Talk().c("S", options=(Mss(1460), Timestamps(0, 0))).s("S.", ack=1, after=0.0001, options=(Mss(1460), Timestamps(500, 0)))
    said.c(".", 1, ack=1, after=0.03, ts=(30, 500))
    said.c("P.", 1, 10, 1, after=0.1, ts=(130, 500)).s(".", 1, ack=11, after=0.0001, ts=(630, 130))
    said.s("P.", 1, 10, 11, ts=(631, 130)).c(".", 11, ack=11, after=0.03, ts=(160, 631))
    said.c("P.", 11, 10, 11, ts=(161, 631)).s(".", 11, ack=21, after=3, ts=(631 + ticks, 161))
    return [finding.rule for finding in check(track(said.packets), select=["ack-delay-too-long", "cap-time-forward-jump"])]


@pytest.mark.parametrize(("ticks", "rule"), [(3032, "ack-delay-too-long"), (200, "cap-time-forward-jump")])
def test_a_jump_of_the_clock_keeps_no_ack_back(ticks: int, rule: str) -> None:
    assert kept_back(ticks) == [rule]


def test_what_waits_above_a_hole_is_no_sample() -> None:
    """The ACK that gets past it comes as soon as it is filled, however long ago the rest had arrived."""
    said = Talk().open()
    for n in range(3):
        said.c("P.", 1 + 10 * n, 10, 1).s(".", 1, ack=11 + 10 * n, after=0.01)
    said.c("P.", 31, 10, 1, id=900).c("P.", 51, 10, 1, id=902).s(".", 1, ack=41, after=0.01).s(".", 1, ack=41, sack=[(51, 61)])
    said.c("P.", 41, 10, 1, after=0.5, id=903).s(".", 1, ack=61, after=0.01).c("P.", 61, 10, 1).s(".", 1, ack=71, after=0.01)
    assert trips(said) == ["Data of the client was acknowledged after 10 ms to 11 ms, on average 10 ms (5 samples)."]
