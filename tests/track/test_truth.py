"""Judgement against recordings whose truth is known (samples/lab/recorded): both ends of a wire that noted what it did to each frame."""

from collections import Counter
from pathlib import Path

import pytest

from tcpdump_parse.model.happenings import ChecksumUnexplained, Contradiction, Copied, Judged, LengthsDisagree, Reordered, Retransmitted
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.read import read
from tcpdump_parse.track import track

RECORDED = Path(__file__).parents[2] / "samples" / "lab" / "recorded"
FOLDERS = sorted(folder for folder in RECORDED.iterdir() if (folder / "truth.tsv").exists())
UNDECIDABLE = {"bare-late"}
"""Delays beyond the round trip without ids, timestamps and SACK: a late original and a repair look the same there."""
WORDS = {"true": True, "false": False, "undecidable": None, "-": None}
CLEAN = ("clean-near", "clean-far", "keep-alive")


def judged(path: Path) -> dict[int, tuple[str, bool | None]]:
    """record → kind and, for what was sent again, needed; what is missing is an original."""
    found: dict[int, tuple[str, bool | None]] = {}
    for event in track(read(path)):
        if not isinstance(event, Step | Ending):
            continue
        for happening in event.happenings:
            match happening:
                case Copied():
                    found[event.frame] = ("copy", None)
                case Reordered():
                    found[event.frame] = ("reordered", None)
                case Retransmitted():
                    found[event.frame] = ("re-sent", happening.needed)
                case Judged():
                    found[happening.frame] = ("re-sent", happening.needed)
    return found


def scored(folder: Path) -> Counter[str]:
    """Of segments that are odd or were called odd: how many kinds are right; of those decidable: how many needs."""
    score: Counter[str] = Counter()
    for end in ("client", "server"):
        found = judged(folder / f"{end}.txt")
        for line in (folder / "truth.tsv").read_text().splitlines()[1:]:
            side, record, _, slen, kind, needed, _ = line.split("\t")
            if side != end or slen == "0":
                continue
            ours, need = found.get(int(record), ("original", None))
            if kind == ours == "original":
                continue
            score["odd"] += 1
            score["kind"] += ours == kind
            if kind == "re-sent" and needed != "undecidable":
                score["decidable"] += 1
                score["need"] += ours == kind and need is WORDS[needed]
    return score


def test_the_recordings_say_what_they_should():
    total: Counter[str] = Counter()
    for folder in FOLDERS:
        if folder.name not in UNDECIDABLE:
            total += scored(folder)
    assert total["odd"] >= 450
    assert total["kind"] >= 0.995 * total["odd"]
    assert total["need"] >= 0.98 * total["decidable"]


@pytest.mark.parametrize("name", ["ipv6", "no-timestamps", "no-sack"])
def test_each_cue_alone_can_be_missing(name):
    """The kinds hold without IP ids, without timestamps and without SACK."""
    score = scored(RECORDED / name)
    assert score["kind"] >= 0.99 * score["odd"] > 0


@pytest.mark.parametrize("name", CLEAN)
def test_undisturbed_recordings_hold_nothing_odd(name):
    for end in ("client", "server"):
        assert judged(RECORDED / name / f"{end}.txt") == {}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_recording_contradicts_the_states_of_tcp(folder):
    """Real stacks do nothing the transition tables refuse, whatever the wire lost."""
    for end in ("client", "server"):
        told = [happening for event in track(read(folder / f"{end}.txt")) if isinstance(event, Step) for happening in event.happenings]
        assert [happening for happening in told if isinstance(happening, Contradiction | ChecksumUnexplained | LengthsDisagree)] == []
