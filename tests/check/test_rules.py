"""What every rule says of itself: texts in both languages, a family, a citation that stands where it says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tcpdump_parse.check.rule import Rule, rules
from tcpdump_parse.tell.rules import explained, named
from tcpdump_parse.tell.words import placeholders, texts

RULES = rules(plugins=False)
REFERENCE = Path(__file__).parents[1] / "reference"
SENTENCES: dict[str, list[str]] = tomllib.loads((REFERENCE / "sentences.toml").read_text("utf-8"))
RFC9293 = " ".join((REFERENCE / "rfc9293.txt").read_text("utf-8").split())


def folded(quote: str) -> str:
    return " ".join(quote.split())


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_rule_has_its_texts_in_both_languages(rule: Rule) -> None:
    for key in (f"{rule.name}.title", f"{rule.name}.story"):
        assert texts("en").get(key), f"{key} is missing in English"
        assert texts("zh").get(key), f"{key} is missing in Chinese"
        assert placeholders(texts("en")[key]) == placeholders(texts("zh")[key])


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES.values() if rule.cites.startswith("RFC 9293") and rule.quote], ids=lambda r: r.name
)
def test_a_quote_of_rfc_9293_stands_in_it_word_for_word(rule: Rule) -> None:
    text = re.sub(r"(?<=\w)- (?=\w)", "-", RFC9293)
    assert re.sub(r"(?<=\w)- (?=\w)", "-", folded(rule.quote)) in text


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES.values() if not rule.cites.startswith("RFC 9293") and rule.quote], ids=lambda r: r.name
)
def test_a_quote_of_another_source_was_compared_with_it(rule: Rule) -> None:
    """A sentence from memory looks like one that was read; only those of this file were."""
    assert any(folded(rule.quote) in sentence for sentence in SENTENCES.get(rule.cites, ()))


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.label], ids=lambda r: r.name)
def test_a_label_is_one_of_rfc_9293(rule: Rule) -> None:
    assert re.fullmatch(r"(MUST|SHLD|MAY|REC)-\d+", rule.label)
    assert rule.label in RFC9293


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
