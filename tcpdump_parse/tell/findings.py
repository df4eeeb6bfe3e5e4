"""Findings of the rules in the narrative: the seam to `check`.

A finding's words are the catalogue's section of the rule's name (`title`, `story`), its numbers the facts; a finding of a rule without
texts speaks through its `message`.
"""

from __future__ import annotations

from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from tcpdump_parse.model.events import Finding
from tcpdump_parse.tell.amounts import rate, span
from tcpdump_parse.tell.told import Remark, Sentence, Weight
from tcpdump_parse.tell.words import Words
from tcpdump_parse.visible import visible

VIEW: Final = "wireshark"
"""The family of what Wireshark shows."""


def story(finding: Finding, words: Words) -> str:
    """What the finding says, in one or two sentences."""
    key = _key(finding, words)
    if words.knows(key):
        try:
            text = words.say(key, **_values(finding, words))
            return text[:1].upper() + text[1:] if words.templates[key].startswith(("%(who)s", "%(peer)s")) else text
        except (KeyError, TypeError, ValueError):
            pass  # a rule of others whose texts and facts do not fit: its own message is left
    message = finding.message
    if message is not UNSET:
        return visible(message)
    return words.say(f"{finding.rule}.title") if words.knows(f"{finding.rule}.title") else visible(finding.rule)


def _key(finding: Finding, words: Words) -> str:
    """The rule's story, or the one for a fact that is true (`story_continued`), or for the place (`story_near`) or proof that it names."""
    own = f"{finding.rule}.story"
    for fact in ("place", "proof"):
        if words.knows(named := f"{own}_{finding.facts.get(fact)}"):
            return named
    true = (f"{own}_{fact}" for fact, value in finding.facts.items() if value is True)
    return next((key for key in true if words.knows(key)), own)


def _values(finding: Finding, words: Words) -> dict[str, object]:
    """The facts as a sentence writes them: durations (`…_s`, seconds) as spans, no finer than the clock (`resolution_s`), text of the log
    made visible."""
    values: dict[str, object] = {"who": words.client, "peer": words.server}
    if finding.side == "server":
        values["who"], values["peer"] = words.server, words.client
    if isinstance(proved := finding.facts.get("proved"), bool):
        values["basis"] = words.say(f"basis.{'proved' if proved else 'suggested'}")
    grain = round(finding.facts.get("resolution_s", 0) * 1e9)
    for key, value in finding.facts.items():
        if key.endswith("_s") and isinstance(value, int | float):
            values[key] = span(round(value * 1e9), grain)
        elif key == "octets_a_second" and isinstance(value, int):
            octets = finding.facts.get("octets")
            pace = rate(octets, round(octets * 1e9 / value), grain) if octets and value else ""
            values[key] = pace or (f"{value} B/s" if value else "< 1 B/s")
        else:
            values[key] = _named(key, value, words)
    return values


def _named(key: str, value: object, words: Words) -> object:
    """A fact that is one of a few words, in this language: `manner` "counted" is `fact.manner_counted`."""
    if isinstance(value, str | bool) and words.knows(name := f"fact.{key}_{value}".replace(" ", "_")):
        return words.say(name)
    if isinstance(value, list | tuple):
        return words.say("term.comma").join(str(_written(item)) for item in value)
    return _written(value)


def _written(value: object) -> object:
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return f"{value:.3g}"
    return visible(str(value))


def title(finding: Finding, words: Words) -> str:
    """The rule's title; empty for one without texts."""
    key = f"{finding.rule}.title"
    return words.say(key) if words.knows(key) else ""


def worded(finding: Finding, words: Words) -> Finding:
    """The finding with its message in this language; one that has words of its own (a plug-in's; Wireshark's in English) keeps them."""
    if finding.family == VIEW and words.lang != "en":
        from tcpdump_parse.tell.wireshark import said  # hardly ever

        return replace(finding, message=said(finding, words) or finding.message)
    return finding if finding.message is not UNSET else replace(finding, message=story(finding, words))


def sentence_of(finding: Finding, words: Words, *, pointing: bool = True) -> Sentence:
    """What the finding says; it names its frame when it became certain only later."""
    frame = 0 if finding.frame is UNSET else finding.frame
    later = finding.known_at is not UNSET and finding.known_at != frame
    text = story(finding, words)
    if later and frame and pointing:
        text = f"{words.say('remark.about', frame=frame)} {text}"
    weight = Weight.LATER if later else Weight.REMARK
    return Sentence(text, f"{finding.rule}.story", weight, finding.severity.value, visible(finding.rule), frame if later else 0)


def pointing(finding: Finding, words: Words) -> Remark:
    """The finding as a line of its own."""
    conn = 0 if finding.conn is UNSET else finding.conn
    line = 0 if finding.line is UNSET else finding.line
    frame = 0 if finding.frame is UNSET else finding.frame
    return Remark(finding.capture, line, (sentence_of(finding, words),), conn, frame)
