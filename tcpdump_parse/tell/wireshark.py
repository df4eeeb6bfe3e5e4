"""What Wireshark shows, and where we differ from it, in another language than its own.

Law: the words come from the rule's name and the facts alone; what the catalogue does not know keeps its English.
"""

from __future__ import annotations

from typing import Any

from tcpdump_parse.check.wireshark.differences import RULE, WEAK, ground
from tcpdump_parse.check.wireshark.findings import BLIND, FAMILY
from tcpdump_parse.model.events import Finding
from tcpdump_parse.tell.words import Words


def said(finding: Finding, words: Words) -> str | None:
    """The message; None for a finding that is none of the view's."""
    if finding.family != FAMILY:
        return None
    facts = finding.facts
    if finding.rule == RULE:
        return _differs(facts, words)
    if finding.rule == BLIND:
        count = facts["records"]
        return words.say("wireshark.blind_one") if count == 1 else words.say("wireshark.blind", records=count)
    key = f"wireshark.{finding.rule.rpartition('.')[2]}"
    return words.say(key, n=facts.get("duplicate_ack_num", 0)) if words.knows(key) else None


def _differs(facts: dict[str, Any], words: Words) -> str:
    ours, theirs, needed, proof = facts["ours"], facts["theirs"], facts.get("needed"), facts.get("proof")
    kind = ours if ours != "rexmit" or needed is None else "rexmit_needed" if needed else "rexmit_spurious"
    reason = words.say(f"wireshark-reason.{ground(ours, theirs, needed)}")
    if proof in WEAK:
        reason = words.say("wireshark.weak", reason=reason)
    shown = words.say("term.comma").join(field.rpartition(".")[2] for field in theirs) or words.say("wireshark.nothing")
    text = words.say("wireshark.differs", theirs=shown, ours=words.say(f"wireshark-kind.{kind}"), reason=reason)
    named = f"proof.{proof}"
    return words.say("wireshark.proof", text=text, proof=words.say(named) if words.knows(named) else proof) if proof else text
