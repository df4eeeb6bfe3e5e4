"""A rule and the narrator that say the same: one stands, and it names the rule."""

import pytest

from tcpdump_parse.check.rule import rules
from tcpdump_parse.model.events import Finding, Severity
from tcpdump_parse.tell import Overview, Reason, Sentence, Told, Verdict, explain
from tcpdump_parse.tell.findings import story as story_of
from tcpdump_parse.tell.merging import COVERS, FALLS, STANDS, fold, merged, resting
from tcpdump_parse.tell.told import Basis
from tcpdump_parse.tell.words import texts, words
from tests.tell.stories import ROOT, story


def finding(rule, severity=Severity.WARN, **more):
    return Finding(rule, severity, "any", 1, conn=1, message="Said by the rule.", **{"frame": 7, **more})


def test_the_tables_name_rules_and_texts_that_exist():
    """A rule or a text that is renamed would be told twice without a word."""
    named = STANDS.keys() | FALLS.keys() | COVERS.keys() | {rule for rules_ in COVERS.values() for rule in rules_}
    assert named - rules(plugins=False).keys() == set()
    assert {key for table in (STANDS, FALLS) for keys in table.values() for key in keys} - texts("en").keys() == set()


def test_the_sentence_that_says_the_same_stands_and_names_the_rule():
    (line,) = merged([Sentence("A RST.", "reset.abort")], [finding("rst-seen")], 7, words("en"))
    assert (line.text, line.severity, line.rule) == ("A RST.", "warn", "rst-seen")


def test_a_sentence_about_another_frame_is_not_meant():
    told = [Sentence("Frame 3 was needed.", "loss.judged_needed", frame=3), Sentence("Frame 4 was needed.", "loss.judged_needed", frame=4)]
    lines = merged(told, [finding("rexmit-rto", frame=4, known_at=7)], 7, words("en"))
    assert [line.rule for line in lines] == ["", "rexmit-rto"]


def test_two_rules_may_stand_in_one_sentence_and_the_graver_counts():
    found = [finding("rst-seen"), finding("rst-seen"), finding("cap-line-damaged", Severity.ERROR)]
    lines = merged([Sentence("A RST.", "reset.abort"), Sentence("Unread.", "remark.unread")], found, 7, words("en"))
    assert [(line.severity, line.rule) for line in lines] == [("warn", "rst-seen"), ("error", "cap-line-damaged")]


def test_the_rules_own_words_replace_what_they_correct():
    lines = merged([Sentence("Nothing new.", "data.ack_plain")], [finding("ack-before-synack")], 7, words("en"))
    assert [(line.key, line.rule) for line in lines] == [("ack-before-synack.story", "ack-before-synack")]


def test_a_rule_that_says_less_of_the_same_frame_is_left_out():
    """`ttl-low` beside `ttl-evasion` would be the same number told twice."""
    found = [finding("ttl-low"), finding("ttl-evasion"), finding("ttl-low", frame=9, known_at=9)]
    assert [line.rule for line in merged([], found, 7, words("en"))] == ["ttl-evasion", "ttl-low"]
    folded = {}
    for one in found[:2]:
        fold(folded, one)
    assert [line.rule for line in resting([], folded, words("en"), frozenset())] == ["ttl-evasion"]
    fold(folded, found[2])
    assert [line.rule for line in resting([], folded, words("en"), frozenset())] == ["ttl-low", "ttl-evasion"]


def test_what_a_rule_has_graded_does_not_fall():
    told = [Sentence("The timer ran out.", "loss.cause_timeout"), Sentence("A tail loss probe.", "loss.cause_tail_probe")]
    lines = merged(told, [finding("rexmit-rto"), finding("race-response")], 7, words("en"))
    assert [line.rule for line in lines] == ["rexmit-rto", "race-response"]


def test_a_story_may_differ_with_a_fact_that_is_true():
    def told(continued):
        facts = {"ttl": 1, "usual": 2, "continued": continued}
        return story_of(Finding("rst-injected", Severity.WARN, "security", 1, facts=facts), words("en"))

    assert "goes on afterwards" in told(True)
    assert "goes on" not in told(False)


def test_a_verdict_puts_findings_first_and_each_once():
    folded = {}
    for found in (finding("odd"), finding("odd"), finding("rst-seen", side="client"), finding("bad", Severity.ERROR)):
        fold(folded, found)
    own = [Reason(Basis.PROVED, "Quick.", "verdict.reply"), Reason(Basis.SUGGESTED, "Aborted.", "verdict.abort")]
    lines = resting(own, folded, words("en"), frozenset({"bad"}))
    assert [(line.rule, line.basis) for line in lines] == [
        ("bad", Basis.FINDING), ("odd", Basis.FINDING), ("rst-seen", Basis.FINDING), ("", Basis.PROVED),
    ]  # fmt: skip
    assert lines[1].text == "2 × Said by the rule (frame 7)."
    assert lines[2].text == "Aborted."


SAMPLES = [*sorted((ROOT / "samples").glob("[!lw]*/*.txt")), ROOT / "samples/seed.md"]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_segment_and_no_verdict_says_a_thing_twice(path):
    for value in explain(path):
        if isinstance(value, Told):
            lines = [sentence.text for sentence in value.sentences]
        elif isinstance(value, Verdict | Overview):
            lines = [reason.text for reason in value.reasons]
        else:
            continue
        assert len(lines) == len(set(lines))
        rules_named = [line.rule for line in (value.reasons if not isinstance(value, Told) else ()) if line.rule]
        assert len(rules_named) <= 2 * len(set(rules_named))  # once for each end


def test_the_seed_has_two_warnings_and_each_is_said_once():
    """What a reader must see, and no more."""
    values = story("seed")
    lines = [line for value in values for line in (*getattr(value, "sentences", ()), *getattr(value, "reasons", ())) if line.severity]
    assert [(line.severity, line.rule) for line in lines] == [("warn", "close-wait-stuck"), ("warn", "cap-footer-mismatch")]
