"""The explanations of the samples, whole, as a user reads them; and the facts that must stand in them whatever the wording."""

import pytest

from tests.tell.stories import PAGES, golden, page


@pytest.mark.parametrize(("sample", "lang", "width"), PAGES)
def test_the_sample_is_told_as_it_was_read_and_approved(sample, lang, width):
    assert page(sample, lang, width) == golden(sample, lang, width).read_text("utf-8")


SEED = [
    "client 127.0.0.1:59322 → server 127.0.0.1:8000",
    "11 packets in 25.058 s; 38 bytes from the client, 1024 bytes from the server. Zeek's word: S2.",
    "Agreed at the opening: MSS 65495, SACK, timestamps and windows × 128.",
    "The reply came 3.4 ms after the request (frame 6).",
    "The client closed after 10.0 s of silence (frame 8).",
    "The server acknowledged the FIN 44 ms later (frame 9), most likely a delayed ACK.",
    "Half-closed: the client closed its direction, the server never closed its own in this log.",
    "At the end the client is in FIN-WAIT-2 and the server in CLOSE-WAIT.",
    "Two of the four steps of a close are here: the FIN of the client and its ACK. The FIN of the server and its ACK are not.",
    "it holds only the first half of one.",
    "Keep-alive probe: one below the next sequence number, without data.",
    "The client answers the keep-alive probe of frame 10",
    "tcpdump calls 10 of 11 checksums incorrect. Each of them is exactly the pseudo-header sum: transmit checksum offload, not damage.",
    "tcpdump counted 17 packets, the log holds 11; missing: 6.",
    "Packets that tcpdump counted and this log does not hold: 6. What is said here to be absent may be among them.",
]


@pytest.mark.parametrize("fact", SEED)
def test_the_seed_says(fact):
    assert fact in page("seed")


@pytest.mark.parametrize(
    ("sample", "facts"),
    {
        "macos-lo0-ipv6": ["Capture 2", "Zeek's word: SF.", "Zeek's word: RSTO.", "21 packets in 2 connections."],
        "zero-window": ["closes its window (zero window)", "1.50 s after it closed it: 8192 bytes", "Window probe 3"],
        "four-way": ["both directions are closed, the close is complete", "A complete connection: opened, and closed in both directions."],
        "lost-syn": ["(copy 2, 1.01 s after the first)", "Frame 2, sent again by the client, was needed"],
    }.items(),
)
def test_the_sample_says(sample, facts):
    told = page(sample)
    assert [fact for fact in facts if fact not in told] == []


def test_nothing_is_sent_twice_where_an_article_quotes_itself(tmp_path):
    """A capture printed whole and quoted again in later fences is as many captures, never a retransmission."""
    from tcpdump_parse.read import read
    from tcpdump_parse.tell import Verdict, tell
    from tcpdump_parse.track import track
    from tests.tell.stories import ROOT

    capture = (ROOT / "samples/close/four-way.txt").read_text().splitlines()
    records = capture[3:25]
    article = [
        "# One",
        "",
        "```",
        *capture,
        "```",
        "",
        "First the handshake:",
        "",
        "```",
        *records[:6],
        "```",
        "then the close:",
        "",
        "```",
        *records[14:],
        "```",
    ]
    (tmp_path / "article.md").write_text("\n".join(article))
    story = list(tell(track(read(tmp_path / "article.md"))))
    verdicts = [value for value in story if isinstance(value, Verdict)]
    assert [verdict.capture for verdict in verdicts] == [1, 2, 3]
    assert [verdict.packets for verdict in verdicts] == [11, 3, 4]
    assert not any("again" in reason.key or "copied" in reason.key for verdict in verdicts for reason in verdict.reasons)
