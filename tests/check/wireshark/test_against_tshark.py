"""The view equals Wireshark: per frame and flag, against the installed tshark 4.0 and against what it once said.

Equal means equal: a frame may differ only if it stands in exceptions.tsv, with the cause, and then exactly as it says there.
"""

import re
from pathlib import Path

import pytest

from tcpdump_parse.check.wireshark import MEANINGS, view
from tcpdump_parse.read import packets
from tests.check.wireshark import cases, oracle
from tests.check.wireshark.cases import COUNT, LAB, SEEDS, Flags

UNUSABLE = oracle.unusable()
live = pytest.mark.skipif(bool(UNUSABLE), reason=UNUSABLE)
NO_TCPDUMP = not oracle.is_tcpdump_499()
printing = pytest.mark.skipif(NO_TCPDUMP, reason="other version: the expectations are of text that tcpdump 4.99.3 prints")


SOMETIMES = {"tcp.completeness", "tcp.analysis.initial_rtt"}
"""tshark shows the one of all frames but not yet whole on the first, the other only on frames of which it has more to say."""


def judged(pcap: Path) -> Flags:
    return {frame: shown.flags for frame, shown in oracle.shown(pcap).items() if shown.flags}


def differences(theirs: Flags, ours: Flags) -> dict[int, tuple[frozenset[str], frozenset[str]]]:
    none: frozenset[str] = frozenset()
    frames = {frame for frame in theirs.keys() | ours.keys() if theirs.get(frame) != ours.get(frame)}
    return {frame: (theirs.get(frame, none) - ours.get(frame, none), ours.get(frame, none) - theirs.get(frame, none)) for frame in frames}


def excused(capture: str) -> dict[int, tuple[frozenset[str], frozenset[str]]]:
    return {frame: (theirs, ours) for frame, (theirs, ours, _) in cases.exceptions(capture).items()}


def same_numbers(pcap: Path, text: str) -> int:
    """How many frames have numbers; each must be the program's."""
    theirs = oracle.shown(pcap)
    count = 0
    for frame, ours in cases.numbers(cases.view(text)):
        shown = theirs[frame].numbers if frame in theirs else {}
        wanted = {name: value for name, value in shown.items() if name in ours or name not in SOMETIMES}
        assert {name: value for name, value in ours.items() if name in wanted or name not in SOMETIMES} == wanted, frame
        count += 1
    return count


@live
@pytest.mark.parametrize("pcap", cases.CORPUS, ids=lambda path: path.name)
def test_tcpdump_s_own_captures_get_the_flags_of_tshark(pcap: Path) -> None:
    """Odd packets of every kind, most of them malformed on purpose."""
    assert differences(judged(pcap), cases.flags(cases.view(oracle.printed(pcap)))) == excused(pcap.name)


@live
@pytest.mark.parametrize("name", LAB)
def test_the_lab_s_captures_get_the_flags_and_numbers_of_tshark(name: str, tmp_path: Path) -> None:
    """Real TCP with real trouble, at both ends, from the checked-in text."""
    pcap, text = cases.lab_pcap(name, tmp_path), cases.lab_text(name)
    assert differences(judged(pcap), cases.flags(cases.view(text))) == {}
    assert same_numbers(pcap, text) > 0


@live
@pytest.mark.parametrize("seed", SEEDS)
def test_random_segments_get_the_flags_and_numbers_of_tshark(seed: int, tmp_path: Path) -> None:
    """Wrap, ISN 0, huge shifts, fragments, fast open, multipath, clocks that step back: where quirks meet."""
    pcap = cases.generated(seed, tmp_path)
    text = oracle.printed(pcap)
    assert differences(judged(pcap), cases.flags(cases.view(text))) == {}
    assert same_numbers(pcap, text) > COUNT * 0.95


@live
def test_words_and_severities_are_the_program_s(tmp_path: Path) -> None:
    """Users search for the sentence they know."""
    pcap = cases.generated(SEEDS[0], tmp_path)
    known = oracle.experts(pcap)
    found = view(packets([oracle.printed(pcap).encode("latin-1")]))
    ours = {(each.message, each.severity) for each in found if each.rule != "wireshark-blind"}
    assert ours <= known
    assert len({re.sub(r"\d+", "", str(message)) for message, _ in ours}) == len(MEANINGS)


@pytest.mark.parametrize("name", LAB)
def test_the_lab_s_captures_get_the_flags_that_were_recorded(name: str) -> None:
    """The same without tshark."""
    assert cases.flags(cases.view(cases.lab_text(name))) == cases.expected().get(name, {})


@printing
def test_tcpdump_s_own_captures_get_the_flags_that_were_recorded() -> None:
    """The same without tshark."""
    for pcap in cases.CORPUS:
        ours = cases.flags(cases.view(oracle.printed(pcap)))
        assert differences(cases.expected().get(pcap.name, {}), ours) == excused(pcap.name), pcap.name


@printing
@pytest.mark.parametrize(("seed", "frames", "flags", "digest"), cases.table("generated.tsv"))
def test_random_segments_get_the_flags_that_were_recorded(seed: str, frames: str, flags: str, digest: str, tmp_path: Path) -> None:
    """The same without tshark; a generator that changes has to be recorded again."""
    found = cases.flags(cases.view(oracle.printed(cases.generated(int(seed), tmp_path))))
    assert (int(frames), int(flags), digest) == (COUNT, cases.tally([found]).total(), cases.digest(found))


@printing
def test_every_flag_was_asked_for_twenty_times(tmp_path: Path) -> None:
    """Agreement on what never occurs proves nothing."""
    found = [cases.flags(cases.view(oracle.printed(cases.generated(seed, tmp_path)))) for seed in SEEDS]
    seen = cases.tally(found)
    assert {meaning.field for meaning in MEANINGS.values() if seen[meaning.field] < 20} == set()
