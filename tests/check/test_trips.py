"""Round trips are those of data: a SYN that is answered late and a FIN that is acknowledged late are none."""

from tcpdump_parse.check import check
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
