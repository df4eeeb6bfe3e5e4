"""Findings of the rules in the narrative: the seam to `check`.

A finding's words are the catalogue's section of the rule's name (`title`, `story`), its numbers the facts; a finding of a rule without
texts speaks through its `message`.
"""

from __future__ import annotations

from msgspec import UNSET

from tcpdump_parse.model.events import Finding
from tcpdump_parse.tell.told import Basis, Reason, Remark, Sentence, Weight
from tcpdump_parse.tell.words import Words
from tcpdump_parse.visible import visible


def story(finding: Finding, words: Words) -> str:
    """What the finding says, in one or two sentences."""
    key = f"{finding.rule}.story"
    if words.knows(key):
        try:
            return words.say(key, **finding.facts)
        except (KeyError, TypeError, ValueError):
            pass  # a rule of others whose texts and facts do not fit: its own message is left
    message = finding.message
    if message is not UNSET:
        return visible(message)
    return words.say(f"{finding.rule}.title") if words.knows(f"{finding.rule}.title") else visible(finding.rule)


def pointing(finding: Finding, words: Words) -> Remark:
    """The finding at its place; it names its frame when it became certain only later."""
    frame = 0 if finding.frame is UNSET else finding.frame
    later = finding.known_at is not UNSET and finding.known_at != frame
    text = story(finding, words)
    if later and frame:
        text = f"{words.say('remark.about', frame=frame)} {text}"
    weight = Weight.LATER if later else Weight.REMARK
    sentence = Sentence(text, f"{finding.rule}.story", weight, finding.severity.value, visible(finding.rule))
    conn = 0 if finding.conn is UNSET else finding.conn
    line = 0 if finding.line is UNSET else finding.line
    return Remark(finding.capture, line, (sentence,), conn, frame)


def about(finding: Finding, words: Words) -> Reason:
    """A finding about the capture as a whole, for the overview."""
    return Reason(Basis.FINDING, story(finding, words), f"{finding.rule}.story", finding.severity.value, visible(finding.rule))
