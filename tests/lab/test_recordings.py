"""The lab's recordings: the checked-in ones hold what they say, and the lab still records."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from record import verdicts
from scenarios import QUICK, SCENARIOS
from scenes import SCENES, Scene
from score import by_tdparse, score
from truth import Kind, Row, derive, read

SAMPLES = Path(__file__).parent.parent.parent / "samples"
RECORDED = SAMPLES / "lab" / "recorded"
TOOLS = ("ip", "ethtool", "tcpdump")
needs_the_lab = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0 or not all(map(shutil.which, TOOLS)), reason=f"the lab needs root and {', '.join(TOOLS)}"
)


def odd(rows: list[Row]) -> list[Row]:
    """Segments that are not simply the next one."""
    return [row for row in rows if row.slen and row.kind is not Kind.ORIGINAL]


def counted(folder: Path) -> dict[str, int]:
    """Re-sent segments of each end, by the truth."""
    way = {"client": "to-server", "server": "to-client"}
    rows = derive(folder)
    return {end: sum(row.end == end and row.kind is Kind.RE_SENT and row.frame.startswith(way[end]) for row in rows) for end in way}


def by_kernel(folder: Path) -> dict[str, int]:
    """Re-sent segments of each end, as its kernel counted them."""
    about = json.loads((folder / "about.json").read_text())
    return {end: about["counters"][end].get("RetransSegs", 0) for end in ("client", "server")}


def test_every_scenario_is_recorded() -> None:
    """A scenario without its recording proves nothing."""
    assert {folder.name for folder in RECORDED.iterdir()} == set(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_recording_s_truth_is_what_its_witnesses_say(scenario: str) -> None:
    """The table is derived, never edited; each printed record has its row; the kernels agree."""
    folder = RECORDED / scenario
    rows = read(folder / "truth.tsv")
    assert rows == derive(folder)
    for end in ("client", "server"):
        records = re.findall(r"^\d\d:\d\d:\d\d\.", (folder / f"{end}.txt").read_text(), re.M)
        assert [row.record for row in rows if row.end == end] == list(range(1, len(records) + 1))
    assert counted(folder) == by_kernel(folder)
    assert SCENARIOS[scenario].rules or not odd(rows)


def test_the_recordings_hold_every_kind_and_need() -> None:
    """What no recording holds, no judgement is scored on."""
    seen = Counter((row.kind, row.needed) for folder in RECORDED.iterdir() for row in odd(read(folder / "truth.tsv")))
    wanted = [(Kind.COPY, None), (Kind.REORDERED, None), (Kind.RE_SENT, True), (Kind.RE_SENT, False), (Kind.RE_SENT, None)]
    assert all(seen[kind] >= 5 for kind in wanted)


@pytest.mark.parametrize("scene", SCENES, ids=[scene.case for scene in SCENES])
def test_a_sample_opens_with_what_its_scene_proves(scene: Scene) -> None:
    """The verdict lines name the records that the scene's patterns find in the text as it stands."""
    text = (SAMPLES / scene.family / f"{scene.case}.txt").read_text()
    head = re.findall(r"^#: .*", text, re.M)
    assert head == list(verdicts(scene, text))
    assert text.endswith(" packets dropped by kernel\n")
    assert "^C" in text


@needs_the_lab
def test_scenarios_decided_by_index_are_recorded_again_and_judged_by_their_own_truth(tmp_path: Path) -> None:
    """The lab still works, its truth still agrees with the kernels' counts, and every odd segment of it is named rightly at both ends."""
    script = SAMPLES / "lab" / "trouble.py"
    subprocess.run([sys.executable, script, "--seed", "99", "--out", tmp_path, "quick"], check=True, timeout=120)
    for scenario in QUICK:
        folder = tmp_path / scenario
        assert counted(folder) == by_kernel(folder)
        rows = read(folder / "truth.tsv")
        assert odd(rows)
        for end in ("client", "server"):
            right = score([row for row in rows if row.end == end], by_tdparse(folder / f"{end}.txt"))
            assert (right.kind, right.need) == (right.odd, right.decidable), f"{scenario}/{end}"
        done = Counter(json.loads(line)["do"] for line in (folder / "wire.jsonl").read_text().splitlines())
        assert all(done[rule.do.value] for rule in SCENARIOS[scenario].rules)


@needs_the_lab
def test_ordinary_traffic_has_the_packets_asked_for(tmp_path: Path) -> None:
    """The benchmarks read it."""
    out = tmp_path / "traffic.pcap"
    script = SAMPLES / "lab" / "traffic.py"
    subprocess.run([sys.executable, script, "--packets", "3000", "--out", out], check=True, timeout=120)
    printed = subprocess.run(["tcpdump", "-S", "-nn", "-vvv", "-r", out], capture_output=True, text=True, check=True).stdout
    assert len(re.findall(r"^\d\d:\d\d:\d\d\.", printed, re.M)) == 3000
