"""Fragments that are shorter than a TCP header: what was not printed is neither a fault nor an absence."""

from __future__ import annotations

import pytest

from tcpdump_parse.check import check
from tcpdump_parse.model import Severity
from tcpdump_parse.read import read
from tcpdump_parse.tell import Manner, Told, tell
from tcpdump_parse.track import track
from tests.samples.verdicts import SAMPLES

LOG = (SAMPLES / "fragment/eight-octets.txt").read_bytes()


def test_a_fragment_shorter_than_the_header_has_not_too_many_options() -> None:
    found = [(f.rule, f.frame) for f in check(track(read([LOG]))) if f.severity is not Severity.NOTE]
    assert found == [("frag-tcp", 4), ("frag-tiny", 4), ("frag-tiny", 5)]


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "The client sends a segment whose flags are not printed."), ("zh", "客户端发送了一个报文段，其标志没有打印出来。")],
)
def test_flags_that_are_not_printed_are_not_called_absent(lang: str, said: str) -> None:
    told = [value for value in tell(track(read([LOG])), Manner(lang=lang)) if isinstance(value, Told)]
    assert [sentence.text for sentence in told[-1].sentences] == [said]
