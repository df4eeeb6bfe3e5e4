"""Relative and absolute text of one capture tell the same: tcpdump prints the recordings both ways."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest

from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.read import read
from tcpdump_parse.track import track
from tests.track.test_laws import told

RECORDED = Path(__file__).parents[2] / "samples" / "lab" / "recorded"
NAMES = ["clean-far", "lost-syn", "mixed-both", "mixed-near", "no-sack", "ipv6", "copies", "black-hole"]


def followed(pcap: Path, *options: str) -> list[object]:
    text = subprocess.run(["tcpdump", *options, "-nn", "-vvv", "-r", pcap], capture_output=True, check=True, env={"TZ": "UTC"}).stdout
    events = [event for event in track(read([text])) if isinstance(event, Step | Ending)]
    return [told(event) if isinstance(event, Step) else (event.reason, event.flow) for event in events]


@pytest.mark.skipif(not shutil.which("tcpdump"), reason="needs tcpdump")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("end", ["client", "server"])
def test_relative_and_absolute_text_give_the_same_steps(name, end, tmp_path):
    pcap = tmp_path / "end.pcap"
    pcap.write_bytes(gzip.decompress((RECORDED / name / f"{end}.pcap.gz").read_bytes()))
    assert followed(pcap) == followed(pcap, "-S")
