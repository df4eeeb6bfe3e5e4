"""Wireshark's view in another language: the catalogue says what the view itself says, and a sentence for all of it."""

import pytest

from tcpdump_parse.check.engine import check
from tcpdump_parse.check.wireshark import MEANINGS, compare, view
from tcpdump_parse.check.wireshark.findings import FAMILY
from tcpdump_parse.model.events import Finding, Severity
from tcpdump_parse.read import read
from tcpdump_parse.tell import findings
from tcpdump_parse.tell.findings import worded
from tcpdump_parse.tell.wireshark import said
from tcpdump_parse.tell.words import words
from tcpdump_parse.track import track
from tests.samples.verdicts import SAMPLES

LOGS = sorted((SAMPLES / "lab" / "recorded").glob("*/client.txt"))


def differences(log):
    return list(compare(list(check(track(read(log)), select=["loss"])), list(view(read(log)))))


def test_the_family_is_the_views():
    assert findings.VIEW == FAMILY


@pytest.mark.parametrize("meaning", MEANINGS.values(), ids=lambda meaning: meaning.field)
def test_each_flag_is_said_in_both_languages(meaning):
    number = " (#3)" if meaning.field.endswith("duplicate_ack") else ""
    found = Finding(meaning.field, Severity.NOTE, FAMILY, 1, message=meaning.message + number, facts={"duplicate_ack_num": 3})
    assert said(found, words("en")) == found.message
    assert any(ord(letter) > 0x3000 for letter in worded(found, words("zh")).message)
    assert worded(found, words("en")) is found


def test_each_difference_is_said_as_the_comparison_says_it():
    """But for the proof, which has words of its own in the catalogue."""
    told = [found for log in LOGS for found in differences(log)]
    assert len({found.facts["reason"] for found in told}) > 4
    for found in told:
        bare = str(found.message).partition(" (proof: ")[0]
        assert said(found, words("en")).startswith(bare)
        assert "：" in worded(found, words("zh")).message
