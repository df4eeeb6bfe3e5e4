"""How fast it is, by hand: `sudo python -m tests.bench [--packets N] [read track flows explain replay check dialects memory]`.

The traffic is captured anew (samples/lab/traffic.py: many connections on a loopback of their own; needs root, tcpdump and ip), or taken
from a pcap given with `--pcap`. `memory` wants `--packets 1000000`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.dialects import dialects
from tests.bench.measures import MEASURES as OTHERS
from tests.bench.measures import Traffic

MEASURES = {**OTHERS, dialects.__name__: dialects}

LAB = Path(__file__).parents[2] / "samples" / "lab"


def captured(packets: int, folder: Path) -> Path:
    pcap = folder / "traffic.pcap"
    subprocess.run([sys.executable, LAB / "traffic.py", "--packets", str(packets), "--out", pcap], check=True, stdout=subprocess.DEVNULL)
    return pcap


def printed(pcap: Path, folder: Path) -> Traffic:
    text = folder / "traffic.txt"
    with text.open("wb") as out, pcap.open("rb") as given:
        subprocess.run(["tcpdump", "-S", "-nn", "-vvv", "-r", "-"], stdin=given, stdout=out, stderr=subprocess.DEVNULL, check=True,
                       env=os.environ | {"TZ": "UTC"})  # fmt: skip
    with text.open("rb") as lines:
        return Traffic(sum(line[:1].isdigit() for line in lines), pcap, text)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=f"of {', '.join(MEASURES)}; default: all but memory")
    parser.add_argument("--packets", type=int, default=100_000)
    parser.add_argument("--pcap", type=Path)
    given = parser.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        traffic = printed(given.pcap or captured(given.packets, folder), folder)
        print(f"{traffic.packets} packets, {traffic.text.stat().st_size / 1e6:.1f} MB of text, Python {sys.version.split()[0]}")
        for measure in given.measures or [name for name in MEASURES if name != "memory"]:
            for row in MEASURES[measure](traffic):
                bound = "" if row.bound is None else f"  ({'at most' if row.most else 'at least'} {row.bound:,})"
                figure = f"{row.figure:14,.2f}" if row.unit == "×" else f"{row.figure:14,.1f}"
                print(f"{row.what:52} {figure} {row.unit}{bound}{'' if row.holds else '  MISSED'}", flush=True)
                missed += not row.holds
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
