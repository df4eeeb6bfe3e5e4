"""Where our judgement of a segment and Wireshark's differ, frame by frame, with the reason.

Law: a pure function of two lists of findings, ours of family `loss` and those of `view`; it judges nothing itself. The reason says what
each side looks at: Wireshark at the highest number and the clock, we at which octets were seen and in which order they were sent. When
our finding names its proof, the message names it too. Keep-alives and probes are not in question.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec import structs

from tcpdump_parse.check.wireshark.findings import FAMILY
from tcpdump_parse.check.wireshark.flags import MEANINGS, Flag
from tcpdump_parse.model import Finding, Severity

RULE: Final = "wireshark-differs"


class Kind(enum.StrEnum):
    """What a segment is taken for: our `facts.kind`, and one more for what is not odd."""

    ORIGINAL = "original"
    REXMIT = "rexmit"
    REORDERED = "reordered"
    COPY = "copy"


RETRANSMISSION = MEANINGS[Flag.RETRANSMISSION].field
SPURIOUS = MEANINGS[Flag.SPURIOUS_RETRANSMISSION].field
FAST = MEANINGS[Flag.FAST_RETRANSMISSION].field
OUT_OF_ORDER = MEANINGS[Flag.OUT_OF_ORDER].field
ASKED: Final = frozenset({RETRANSMISSION, SPURIOUS, FAST, OUT_OF_ORDER})

WEAK: Final = frozenset({"time", "too_soon", "same_header", "as_far_as_seen"})
"""Proofs that only suggest."""

_ONCE: Final = "the very same packet was seen before, so its sender sent it once; Wireshark has no word for a copy"
_BELOW: Final = "Wireshark only sees that it lies below a number it keeps"
_BLIND: Final = "Wireshark compares it with the highest number alone and sees nothing"

REASONS: Final[dict[tuple[Kind, Kind], str]] = {
    (Kind.COPY, Kind.REXMIT): _ONCE,
    (Kind.COPY, Kind.REORDERED): _ONCE,
    (Kind.COPY, Kind.ORIGINAL): _ONCE,
    (Kind.REXMIT, Kind.REORDERED): "it was sent again; Wireshark calls it out of order because it came sooner than the first round trip "
    "after the highest number",
    (Kind.REXMIT, Kind.ORIGINAL): f"it was sent again; {_BLIND}",
    (Kind.REORDERED, Kind.REXMIT): "it was sent once and came late; Wireshark goes by the clock and by the ACKs it saw",
    (Kind.REORDERED, Kind.ORIGINAL): f"it was sent once and came late; {_BLIND}",
    (Kind.ORIGINAL, Kind.REXMIT): f"nothing shows that these octets were sent before; {_BELOW}",
    (Kind.ORIGINAL, Kind.REORDERED): f"nothing shows that it came late; {_BELOW}",
}
NEEDLESS: Final = "it was needless; Wireshark knows only the ACK that came before it, and only for octets of data"
NEEDED: Final = "nothing shows that it was needless; Wireshark goes by the other side's last ACK number alone"


def compare(ours: Iterable[Finding], theirs: Iterable[Finding]) -> Iterator[Finding]:
    """A finding `wireshark-differs` for each frame that the two name differently, in order of capture and frame.

    `facts`: `ours` (original, rexmit, reordered, copy), `needed` if known, `theirs` (Wireshark's fields; empty: it shows nothing),
    `reason`, and `proof` as our finding names it.
    """
    mine = {(found.capture, found.frame): found for found in ours if "kind" in found.facts}
    shown: dict[tuple[int, Any], list[Finding]] = {}
    for found in theirs:
        if found.rule in ASKED:
            shown.setdefault((found.capture, found.frame), []).append(found)
    for place in sorted(mine.keys() | shown.keys()):
        difference = _difference(mine.get(place), shown.get(place, []))
        if difference is not None:
            yield difference


def _difference(mine: Finding | None, shown: list[Finding]) -> Finding | None:
    fields = [found.rule for found in shown]
    kind = Kind(mine.facts["kind"]) if mine is not None else Kind.ORIGINAL
    needed = _needed(mine)
    reason = _reason(kind, needed, fields)
    if reason is None:
        return None
    proof = mine.facts.get("proof") if mine is not None else None
    optional = {"needed": needed, "proof": proof}
    facts: dict[str, Any] = {"ours": str(kind), "theirs": fields, "reason": reason}
    facts |= {name: value for name, value in optional.items() if value is not None}
    if proof in WEAK:
        reason = f"as far as this log shows, {reason}"
        facts["reason"] = reason
    said = ", ".join(field.rsplit(".", 1)[1] for field in fields) or "nothing"
    message = f"Wireshark: {said}; here: {_words(kind, needed)}: {reason}" + (f" (proof: {proof})" if proof else "")
    return structs.replace(mine or shown[0], rule=RULE, severity=Severity.NOTE, family=FAMILY, message=message, facts=facts)


def _needed(mine: Finding | None) -> bool | None:
    needed = mine.facts.get("needed") if mine is not None else None
    return needed if isinstance(needed, bool) else None


def _words(kind: Kind, needed: bool | None) -> str:
    if kind is not Kind.REXMIT or needed is None:
        return str(kind)
    return "rexmit, needed" if needed else "rexmit, spurious"


def _reason(kind: Kind, needed: bool | None, fields: list[str]) -> str | None:
    """Why the two differ; None when they say the same."""
    theirs = _theirs(fields)
    if kind is not theirs:
        return REASONS[kind, theirs]
    if kind is not Kind.REXMIT or needed is None or needed is (SPURIOUS not in fields):
        return None
    return NEEDED if needed else NEEDLESS


def _theirs(fields: list[str]) -> Kind:
    return Kind.REXMIT if RETRANSMISSION in fields else Kind.REORDERED if OUT_OF_ORDER in fields else Kind.ORIGINAL


def ground(ours: str, fields: list[str], needed: bool | None) -> str:
    """A name for the reason of a difference, by its facts: under it other languages have theirs."""
    theirs = _theirs(fields)
    if ours == theirs:
        return "needed" if needed else "needless"
    return "copy" if ours == Kind.COPY else f"{ours}_{theirs}"
