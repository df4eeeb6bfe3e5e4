"""The catalogue: two languages that say the same, and every word of the field has its text."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from tcpdump_parse import tell
from tcpdump_parse.check.rule import Need
from tcpdump_parse.model.events import Severity
from tcpdump_parse.model.terms import Cause, ChallengeCause, Proof, ResetCause, Side
from tcpdump_parse.tell.told import Basis, Phase
from tcpdump_parse.tell.words import LANGUAGES, Words, placeholders, texts, words

CONN_STATES = ("S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH")
NAMED = tuple(chain(
    (f"proof.{value}" for value in Proof),
    (f"loss.cause_{value}" for value in Cause if value is not Cause.UNKNOWN),
    (f"reset.{value}" for value in ResetCause),
    (f"close.challenge_{value}" for value in ChallengeCause),
    (f"phase.{value}" for value in Phase),
    (f"basis.{value}" for value in Basis),
    (f"severity.{value}" for value in Severity),
    (f"verdict.{value}" for value in CONN_STATES),
    (f"report.lacks_{str(need.name).lower()}" for need in Need),
))  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES[1:])
def test_both_languages_have_the_same_texts_with_the_same_placeholders(lang):
    """Else a reader of one language misses a sentence, or a number in it."""
    ours = {key: placeholders(text) for key, text in texts("en").items()}
    theirs = {key: placeholders(text) for key, text in texts(lang).items()}
    differ = {key: (ours.get(key), theirs.get(key)) for key in ours.keys() | theirs.keys() if not _same(ours.get(key), theirs.get(key))}
    assert differ == {}


def _same(ours, theirs):
    """{Who} and {who} are one: where a sentence begins is the language's business."""
    return ours is not None and theirs is not None and {name.lower() for name in ours} == {name.lower() for name in theirs}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_word_of_the_field_has_its_text(lang):
    assert [key for key in NAMED if key not in texts(lang)] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_shouts_or_stays_empty(lang):
    assert [key for key, text in texts(lang).items() if (not text.strip(" ") and key != "term.gap") or re.search("[!！]", text)] == []


def test_a_missing_text_falls_back_to_english():
    assert Words("xx", {"term.gap": ""}, words("en")).say("close.fin_last", Who="X") == "X closes its direction, too (FIN)."


def test_values_are_never_templates():
    """A value from a log may hold anything; only the text of the catalogue has placeholders."""
    assert words("en").say("close.fin_last", Who="{peer} 100% %(who)s") == "{peer} 100% %(who)s closes its direction, too (FIN)."


def test_the_names_of_the_ends_are_no_templates_and_fill_none():
    """They are put into a text once and for all sentences about an end; what stands beside them stays as it was written."""
    english = Words("xx", {"term.client": "50%(n)s", "a.b": "%(who)s {who}: 100% of {n}"}, words("en"))
    assert english.about[Side.CLIENT]["a.b"] % {"n": 7} == "%(who)s 50%(n)s: 100% of 7"
    assert english.about[Side.SERVER]["a.b"] % {"n": "{peer}"} == "%(who)s the server: 100% of {peer}"


def test_the_texts_of_rules_are_read_when_one_of_them_is_asked_for():
    """They are four fifths of a catalogue, and most logs need none."""
    read = []

    def later():
        read.append(True)
        return {"a-rule.title": "{n} of them"}

    ours = Words("xx", {key: text for key, text in texts("en").items() if key.startswith("term.")}, words("en"), later)
    assert (ours.about[Side.CLIENT]["term.client"], ours.knows("term.gap"), read) == ("the client", True, [])
    assert (ours.say("a-rule.title", n=2), ours.knows("a-rule.story")) == ("2 of them", False)
    assert read


def test_one_is_not_many():
    say = words("en").count
    assert [say("octets", 0), say("octets", 1), say("octets", 2)] == ["0 bytes", "1 byte", "2 bytes"]


def test_a_noun_follows_its_number():
    ours = Words("en", {"x.y": "{n:port|ports} of {who}, 100 %"}, words("en"))
    assert [ours.say("x.y", n=n, who="A") for n in (0, 1, 2)] == ["0 ports of A, 100 %", "1 port of A, 100 %", "2 ports of A, 100 %"]
    assert placeholders("{n:port|ports} of {who}") == {"n", "who"}


def test_no_text_is_dead():
    """What the code neither names nor builds (families of enum values, lessons, rules) would only cost translators."""
    package = Path(tell.__file__).parents[1]
    code = "".join(file.read_text("utf-8") for room in ("tell", "write/story") for file in (package / room).rglob("*.py")).replace("'", '"')
    built = (
        "proof.",
        "phase.",
        "basis.",
        "severity.",
        "unit.",
        "option.",
        "teach.",
        "reset.",
        "verdict.",
        "overview.columns_",
        "markdown.",
        "fact.",
    )
    narrative = tomllib.loads((package / "tell/texts/en.toml").read_text("utf-8"))  # the rules' texts are read by their names
    own = {f"{section}.{key}" for section, keys in narrative.items() for key in keys}
    named = {key for key in own if f'"{key}"' in code or f'"{key.partition(".")[2]}"' in code or key.startswith(built)}
    families = ("loss.cause_", "loss.judged_", "close.challenge_", "close.fin", "loss.needed", "loss.spurious", "loss.open")
    assert {key for key in own - named if not key.startswith(families)} == set()


def test_a_fact_that_is_one_of_a_few_words_is_said_in_the_language():
    """And text of the log that happens to be such a word of another fact is not."""
    from tcpdump_parse.model import Finding, Severity
    from tcpdump_parse.tell.findings import story

    def said(lang, **facts):
        found = Finding(rule="ipid-behaviour", severity=Severity.NOTE, family="ip", capture=1, side="client", facts=facts)
        return story(found, words(lang))

    assert said("zh", manner="counted", packets=8) == "客户端的 IP 标识方式：逐包递增（8 个包）。"
    assert said("en", manner="zero", packets=8) == "The IP ids of the client are always 0 (8 packets)."
    assert "kernel" in said("zh", manner="kernel", packets=8)


def test_a_story_counts_and_concludes_as_its_facts_do():
    """One is no plural, and what the facts decide is a sentence, not "legal: yes"."""
    from tcpdump_parse.model import Finding, Severity
    from tcpdump_parse.tell.findings import story

    def said(rule, **facts):
        return story(Finding(rule=rule, severity=Severity.NOTE, family="x", capture=1, side="client", facts=facts), words("en"))

    assert "1 segment of the client, of up to 2896 bytes." in said("cap-superseg", segments=1, longest=2896, mss=1460)
    assert said("cksum-offload-direction", count=1, address="::1").startswith("1 offloaded checksum, and none but from ::1:")
    assert "after 1 duplicate ACK:" in said("rexmit-fast-early", duplicates=1)
    assert said("ack-every-second", together=1, segments=1).endswith(": 1 of 1 data segment of the client.")
    assert "TCP allows it" in said("timewait-reuse-legal", legal=True)
    assert "may go unheard" in said("timewait-reuse-legal", legal=False)


def test_a_pace_has_its_unit_however_slow_it_is():
    from tcpdump_parse.model import Finding, Severity
    from tcpdump_parse.tell.findings import story

    def said(**facts):
        found = Finding(rule="throughput", severity=Severity.NOTE, family="timing", capture=1, side="client", facts=facts)
        return story(found, words("en")).partition(", ")[2]

    assert said(octets=3, octets_a_second=0) == "< 1 B/s over the whole connection."
    assert said(octets=3000, octets_a_second=30_000) == "30 kB/s over the whole connection."
    assert said(octets=3000, octets_a_second=30_000_000) == "30000000 B/s over the whole connection."


def test_a_list_is_joined_as_the_language_writes_it():
    assert words("en").listed(["MSS 1460", "SACK", "timestamps"]) == "MSS 1460, SACK and timestamps"
    assert words("zh").listed(["MSS 1460", "SACK", "时间戳"]) == "MSS 1460、SACK 和时间戳"
    assert words("zh").listed(["LISTEN", "CLOSED"], "term.or") == "LISTEN 或 CLOSED"
    assert words("zh").listed(["时间戳", "窗口"]) == "时间戳和窗口"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_was_cut_off_a_syn_is_no_option_of_that_name(lang):
    assert "partial" not in words(lang).say("option.partial")
