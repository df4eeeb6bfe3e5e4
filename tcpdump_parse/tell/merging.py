"""Where a rule and the narrator say the same, one of them stands, and it names the rule, so that a reader can ask `tdparse rules NAME`.

Tables: which sentence of the story says what a rule says (it stands and is graded), and which one falls because the rule's own words say
more, or say why it is not so. What is in neither table stands for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from tcpdump_parse.model.events import Finding, Severity
from tcpdump_parse.tell.findings import sentence_of
from tcpdump_parse.tell.told import Basis, Reason, Sentence
from tcpdump_parse.tell.words import Words

_AGAIN: Final = (
    "loss.judged_needed", "loss.judged_likely", "loss.judged_open", "loss.needed", "loss.likely", "loss.cause_timeout",
    "loss.cause_timeout_goes_on",
)  # fmt: skip

_ACKS: Final = ("data.ack", "data.ack_plain", "data.ack_first", "data.ack_strange", "data.ack_some")
_CAUSES: Final = (
    "loss.cause_timeout", "loss.cause_timeout_goes_on", "loss.cause_timeout_acked", "loss.cause_tail_probe", "loss.cause_fast",
)  # fmt: skip

STANDS: Final[dict[str, tuple[str, ...]]] = {
    "rst-seen": (
        "reset.refused", "reset.abort", "reset.late_data", "reset.unexpected_ack", "reset.timeout", "reset.repeated",
        "reset.repeated_other", "reset.foreign", "reset.foreign_number", "reset.rejected", "reset.disowned", "reset.crossed",
        "reset.no_connection", "reset.unknown", "verdict.abort",
    ),
    "rst-out": ("reset.outside",),
    "segment-hole": ("loss.gap",),
    "loss-before-capture": ("loss.again_unseen",),
    "cksum-bad": ("checksum.wrong", "verdict.wrong"),
    "cksum-recompute": ("checksum.unexplained", "verdict.unexplained"),
    "cksum-payload-const": ("checksum.differs", "verdict.content"),
    "cap-time-backwards": ("time.clock",),
    "cap-line-damaged": ("remark.unread", "overview.unread"),
    "cap-footer-mismatch": ("overview.captured", "overview.captured_more"),
    "cap-kernel-drops": ("overview.dropped",),
    "win-zero": ("window.closed", "verdict.zero_window", "verdict.zero_window_untimed"),
    "win-zero-duration": ("window.reopened_after", "verdict.zero_window"),
    "win-shrunk": ("window.shrunk",),
    "win-exceeded": ("window.exceeded",),
    "state-impossible": ("state.contradiction", "verdict.contradiction"),
    "timewait-reuse-legal": ("handshake.reused_early",),
    "rexmit-rto": (*_AGAIN, "verdict.again", "verdict.again_plain"),
    "rexmit-spurious": ("loss.judged_spurious", "loss.spurious", "verdict.again", "verdict.again_plain"),
    "close-wait-stuck": ("verdict.half_waits",),
    "fin-unacked": ("verdict.half_unacked",),
    "keepalive-dead": ("verdict.keepalive_lost",),
    "overlap-evasion": ("checksum.differs", "verdict.content"),
}  # fmt: skip
"""Rule → keys of sentences and reasons that say what it says."""

FALLS: Final[dict[str, tuple[str, ...]]] = {
    "ack-before-synack": ("data.ack_plain", "data.ack_first"),
    "ack-underflow": ("data.ack_plain", "data.ack_strange", "loss.old_ack"),
    "ack-zero-bogus": (*_ACKS, "loss.missed", "loss.missed_or_not", "loss.old_ack"),
    "ack-unsent": ("verdict.missed",),
    "bad-cksum-evasion": _CAUSES,
    "cap-handshake-reversed": ("handshake.syn_crossed", "handshake.offers"),
    "dup-syn-octet": (*_CAUSES, "loss.again", "loss.new_octets", "loss.open"),
    "third-ack-wrong-ack": ("data.ack_strange",),
    "third-ack-wrong-both": ("data.ack_strange",),
    "fast-rexmit-missing": ("loss.cause_fast",),
    "fin-invalid-ack": ("loss.missed", "loss.missed_or_not"),
    "fin-moved": ("loss.gap",),
    "keepalive-outstanding": ("loss.duplicate_idle",),
    "mptcp-fail": ("loss.duplicate_idle",),
    "overlap-evasion": _CAUSES,
    "race-response": _CAUSES,
    "rst-in-syn-sent": ("reset.refused", "reset.outside"),
    "sack-on-syn": ("loss.sack",),
    "synack-diff-ack": ("handshake.synack_again",),
    "synack-diff-seq": ("handshake.synack_again",),
    "flags-none": ("data.segment_empty",),
    "len-inconsistent": ("checksum.lengths", "verdict.unexplained"),
    "synack-wrong-ack": ("handshake.synack_other",),
    "synack-wrong-direction": ("handshake.synack_crossed",),
}
"""Rule → keys of what falls beside it."""

COVERS: Final[dict[str, tuple[str, ...]]] = {
    "ack-unsent": ("fin-invalid-ack",),
    "flags-xmas": ("flags-fin-without-ack", "urg-zero"),
    "ttl-evasion": ("ttl-changed", "ttl-low"),
}
"""Rule → rules that say less, or only guess, about the same frame: in the story it alone stands."""

_GRAVITY: Final = {"error": 0, "warn": 1}

Line = TypeVar("Line", Sentence, Reason)


def graded(line: Line, finding: Finding) -> Line:
    """The line with the rule's name and severity; the graver one's where it has a rule already."""
    if not line.rule:
        return replace(line, severity=finding.severity.value, rule=finding.rule)
    if finding.rule in line.rule.split(", "):
        return line
    gravest = min(line.severity, finding.severity.value, key=lambda severity: _GRAVITY.get(severity, 2))
    return replace(line, severity=gravest, rule=f"{line.rule}, {finding.rule}")


def merged(told: Sequence[Sentence], found: Iterable[Finding], frame: int, words: Words) -> tuple[Sentence, ...]:
    """The sentences about the segment at `frame`, with what the rules found at it."""
    sentences = list(told)
    several = tuple(found)
    covered = {(rule, finding.frame) for finding in several for rule in COVERS.get(finding.rule, ())}
    for finding in several:
        if (finding.rule, finding.frame) in covered:
            continue
        about = frame if type(finding.frame) is not int else finding.frame
        place = next((n for n, line in enumerate(sentences) if _says(line, finding, about, frame)), None)
        if place is not None:
            sentences[place] = graded(sentences[place], finding)
            continue
        falls = FALLS.get(finding.rule, ())
        sentences = [line for line in sentences if line.rule or line.key not in falls or about != frame]
        sentences.append(sentence_of(finding, words))
    return tuple(sentences)


def _says(line: Sentence, finding: Finding, about: int, frame: int) -> bool:
    return (line.frame or frame) == about and line.key in STANDS.get(finding.rule, ())


class Found:
    """What one rule found about one end, folded: the first finding and how many there are."""

    __slots__ = ("count", "first", "frames", "more", "worst")

    def __init__(self, first: Finding) -> None:
        self.first = first
        self.count = 0
        self.frames: list[int] = []
        self.more = False  # frames that are not in the list
        self.worst = first.severity

    def add(self, finding: Finding) -> None:
        self.count += 1
        if finding.severity is Severity.ERROR:
            self.worst = finding.severity
        if type(finding.frame) is not int or finding.frame in self.frames:
            return
        self.more = len(self.frames) == FRAMES
        if not self.more:
            self.frames.append(finding.frame)


EVERY: Final = None  # of `at_end`: all of them
FRAMES: Final = 3  # of one kind: told at their places, and named in a verdict
Folded = dict[tuple[str, str], Found]


def fold(folded: Folded, finding: Finding) -> None:
    """Enter one finding; the table has a row for each rule and end."""
    key = (finding.rule, finding.side if type(finding.side) is str else "")
    row = folded.get(key)
    if row is None:
        row = folded[key] = Found(finding)
    row.add(finding)


def worth_words(folded: Folded, finding: Finding) -> bool:
    """Whether it is told at its place: the first few of a kind are, and those that cost no sentence of their own; the verdict counts."""
    side = finding.side if type(finding.side) is str else ""
    return folded[finding.rule, side].count <= FRAMES or finding.rule in STANDS


def resting(reasons: Iterable[Reason], folded: Folded, words: Words, at_end: frozenset[str] | None) -> list[Reason]:
    """The reasons of a verdict or an overview with the findings among them, the gravest first. `at_end`: rules that spoke only at the
    end (EVERY: all), so that the whole of what they say stands here; of the others the title and the frames do."""
    own = list(reasons)
    made: list[Reason] = []
    for (rule, side), row in folded.items():
        if _covered(rule, row, folded):
            continue
        place = next((n for n, line in enumerate(own) if line.key in STANDS.get(rule, ()) and _of_side(line, side)), None)
        if place is not None:
            own[place] = graded(own[place], row.first)
            continue
        falls = FALLS.get(rule, ())
        own = [line for line in own if line.key not in falls]
        made.append(_reason(row, words, whole=at_end is None or rule in at_end))
    made += [replace(line, basis=Basis.FINDING) for line in own if line.severity]
    made.sort(key=lambda line: _GRAVITY.get(line.severity, 2))
    return made + [line for line in own if not line.severity]


def _covered(rule: str, row: Found, folded: Folded) -> bool:
    """Whether other rules say more about each of its frames."""
    graver = {frame for (other, _side), found in folded.items() if rule in COVERS.get(other, ()) for frame in found.frames}
    return bool(row.frames) and not row.more and graver.issuperset(row.frames)


def _of_side(line: Reason, side: str) -> bool:
    return not side or line.side is None or line.side.value == side


def _reason(row: Found, words: Words, *, whole: bool) -> Reason:
    """One rule in a verdict: all it says when only the end shows it, else its title and where to look."""
    finding, title = row.first, f"{row.first.rule}.title"
    text = sentence_of(finding, words, pointing=False).text if whole or not words.knows(title) else words.say(title)
    if row.count > 1:
        text = words.say("verdict.findings", n=row.count, title=text)
    if row.frames:
        more = words.say("verdict.more_frames") if row.more else ""
        key = "verdict.at_frames" if more or len(row.frames) > 1 else "verdict.at_frame"
        text = words.say(key, text=text.rstrip(".。"), frames=words.say("term.comma").join(map(str, row.frames)), more=more)
    return Reason(Basis.FINDING, text, title, row.worst.value, finding.rule, tuple(row.frames))
