"""What every rule says of itself: texts in both languages, a family, a citation that stands where it says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tcpdump_parse.check.rule import Rule, rules
from tcpdump_parse.model import Packet, Unread
from tcpdump_parse.read import read
from tcpdump_parse.tell.rules import LEFT_OUT, Explained, explained, named, shown
from tcpdump_parse.tell.words import placeholders, texts

RULES = rules(plugins=False)
REFERENCE = Path(__file__).parents[1] / "reference"
SENTENCES: dict[str, list[str]] = tomllib.loads((REFERENCE / "sentences.toml").read_text("utf-8"))


def folded(quote: str) -> str:
    """On one line; a word that a line break cut at its hyphen is whole again."""
    return re.sub(r"(?<=\w)- (?=\w)", "-", " ".join(quote.split()))


RFC9293 = (REFERENCE / "rfc9293.txt").read_text("utf-8")
PARTS = re.split(r"^([0-9]+(?:\.[0-9]+)*)\.  ", RFC9293, flags=re.MULTILINE)
SECTIONS = dict(zip(PARTS[1::2], map(folded, PARTS[2::2]), strict=True))


def cited(rule: Rule) -> str:
    """The text of the sections of RFC 9293 that the rule cites."""
    _, _, after = rule.cites.partition("RFC 9293 ")
    return " ".join(SECTIONS.get(number, "") for number in re.findall(r"§([\d.]+)", after))


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_rule_has_its_texts_in_both_languages(rule: Rule) -> None:
    for key in (f"{rule.name}.title", f"{rule.name}.story"):
        assert texts("en").get(key), f"{key} is missing in English"
        assert texts("zh").get(key), f"{key} is missing in Chinese"
        assert placeholders(texts("en")[key]) == placeholders(texts("zh")[key])


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES.values() if rule.cites.startswith("RFC 9293") and rule.quote], ids=lambda r: r.name
)
def test_a_quote_of_rfc_9293_stands_word_for_word_in_the_section_that_the_rule_cites(rule: Rule) -> None:
    assert folded(rule.quote) in cited(rule)


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES.values() if not rule.cites.startswith("RFC 9293") and rule.quote], ids=lambda r: r.name
)
def test_a_quote_of_another_source_was_compared_with_it(rule: Rule) -> None:
    """A sentence from memory looks like one that was read; only those of this file were."""
    first, _, _ = rule.cites.partition(", ")
    assert any(folded(rule.quote) in folded(sentence) for sentence in SENTENCES.get(first, ()))


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.label], ids=lambda r: r.name)
def test_a_label_is_one_of_the_section_of_rfc_9293_that_the_rule_cites(rule: Rule) -> None:
    """Other RFCs have no such labels."""
    assert re.fullmatch(r"(MUST|SHLD|MAY|REC)-\d+", rule.label)
    assert re.search(rf"{rule.label}\b", cited(rule))


def test_no_sentence_blames_or_shouts() -> None:
    loud = [key for lang in ("en", "zh") for key, text in texts(lang).items() if "!" in text or "！" in text]
    assert loud == []


def test_another_programs_name_finds_ours() -> None:
    assert [rule.name for rule in named("tcp.analysis.keep_alive")] == ["keepalive-probe"]
    assert [rule.name for rule in named("rexmit_rto")] == ["rexmit-rto"]
    assert named("tcp.analysis.nothing_of_the_kind") == []


def test_every_rule_is_explained() -> None:
    assert {rule.name for rule in explained()} >= set(RULES)
    assert all((rule.fault and rule.reason) or rule.fault.endswith(".") for rule in explained())


@pytest.mark.parametrize("rule", [rule for rule in explained(plugins=False) if rule.sample], ids=lambda rule: rule.name)
def test_an_excerpt_shows_no_part_of_a_record(rule: Explained) -> None:
    text = (REFERENCE.parents[1] / rule.sample).read_text("utf-8")
    lines, excerpt = text.split("\n"), [line for line in shown(rule).excerpt if line != LEFT_OUT]
    begin = next(n for n in range(len(lines)) if lines[n : n + len(excerpt)] == excerpt)
    records = [(event.line, event.end_line) for event in read([text.encode()]) if isinstance(event, Packet | Unread)]
    assert [record for record in records if record[0] <= begin + len(excerpt) < record[1]] == []
