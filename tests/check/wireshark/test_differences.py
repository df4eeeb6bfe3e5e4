"""Our judgement beside Wireshark's: which frames differ, and whether the reason says only what our finding knows."""

from typing import Any

import pytest

from tcpdump_parse.check.wireshark import compare
from tcpdump_parse.model import Finding, Severity

NAMES = {
    "r": "tcp.analysis.retransmission",
    "s": "tcp.analysis.spurious_retransmission",
    "f": "tcp.analysis.fast_retransmission",
    "o": "tcp.analysis.out_of_order",
    "k": "tcp.analysis.keep_alive",
    "d": "tcp.analysis.duplicate_ack",
}
COPY: dict[str, Any] = {"kind": "copy", "proof": "same_id"}
LATE: dict[str, Any] = {"kind": "reordered", "proof": "ip_id"}
AGAIN: dict[str, Any] = {"kind": "rexmit"}
NEEDED = AGAIN | {"needed": True, "proof": "first_copy_lost"}
NEEDLESS = AGAIN | {"needed": False, "proof": "dsack"}


def finding(rule: str, family: str, facts: dict[str, Any], frame: int = 4) -> Finding:
    return Finding(rule=rule, severity=Severity.WARN, family=family, capture=1, frame=frame, line=2 * frame, facts=facts)


def differ(ours: dict[str, Any], theirs: str) -> list[Finding]:
    mine = [finding("rule", "loss", ours)] if ours else []
    return list(compare(mine, [finding(NAMES[letter], "wireshark", {}) for letter in theirs]))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, ""), ({}, "k"), ({}, "d"), (LATE, "o"), (AGAIN, "r"), (AGAIN, "sr"), (NEEDED, "r"), (NEEDED, "fr"), (NEEDLESS, "sr"),
    ],
)  # fmt: skip
def test_what_both_name_alike_is_not_told(ours: dict[str, Any], theirs: str) -> None:
    """A list that also held the agreements would be read by nobody. Whether it was needed is no question where our finding does not say."""
    assert differ(ours, theirs) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        (COPY, "r", "the very same packet was seen before, so its sender sent it once; Wireshark has no word for a copy"),
        (COPY, "o", "the very same packet was seen before, so its sender sent it once; Wireshark has no word for a copy"),
        (COPY, "", "the very same packet was seen before, so its sender sent it once; Wireshark has no word for a copy"),
        (
            NEEDED,
            "o",
            "it was sent again; Wireshark calls it out of order because it came sooner than the first round trip after the highest number",
        ),
        (NEEDED, "", "it was sent again; Wireshark compares it with the highest number alone and sees nothing"),
        (LATE, "fr", "it was sent once and came late; Wireshark goes by the clock and by the ACKs it saw"),
        (LATE, "", "it was sent once and came late; Wireshark compares it with the highest number alone and sees nothing"),
        ({}, "sr", "nothing shows that these octets were sent before; Wireshark only sees that it lies below a number it keeps"),
        ({}, "o", "nothing shows that it came late; Wireshark only sees that it lies below a number it keeps"),
        (NEEDLESS, "r", "it was needless; Wireshark knows only the ACK that came before it, and only for octets of data"),
        (NEEDED, "sr", "nothing shows that it was needless; Wireshark goes by the other side's last ACK number alone"),
        (
            LATE | {"proof": "time"},
            "r",
            "as far as this log shows, it was sent once and came late; Wireshark goes by the clock and by the ACKs it saw",
        ),
    ],
)
def test_each_difference_has_its_reason(ours: dict[str, Any], theirs: str, reason: str) -> None:
    """A wrong reason is worse than none: each follows from the two names and our proof alone."""
    (found,) = differ(ours, theirs)
    assert found.facts["reason"] == reason
    assert found.facts["theirs"] == [NAMES[letter] for letter in theirs]
    assert found.facts["ours"] == ours.get("kind", "original")
    assert found.facts.get("proof") == ours.get("proof")
    assert (found.rule, found.severity, found.frame, found.line) == ("wireshark-differs", Severity.NOTE, 4, 8)


def test_a_difference_is_one_sentence_that_names_both_and_the_proof() -> None:
    """It has to be understood without its facts."""
    (found,) = differ(NEEDLESS, "r")
    assert found.message == (
        "Wireshark: retransmission; here: rexmit, spurious: it was needless; Wireshark knows only the ACK that came before it, "
        "and only for octets of data (proof: dsack)"
    )


def test_differences_stand_in_the_order_of_the_log() -> None:
    """Our findings come in order of certainty, those of the view in order of frames."""
    ours = [finding("rule", "loss", COPY, frame) for frame in (9, 3)]
    theirs = [finding(NAMES["r"], "wireshark", {}, frame) for frame in (3, 5, 9)]
    assert [found.frame for found in compare(ours, theirs)] == [3, 5, 9]
