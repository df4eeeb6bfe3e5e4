"""What is found in the logs that were made to provoke, notes and all: one line a finding, as the golden lists hold it.

python -m tests.check.provoked        writes the lists anew; read the difference line by line before it is committed
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from msgspec import UNSET

from tcpdump_parse.check.engine import check
from tcpdump_parse.read import read
from tcpdump_parse.track import track
from tests.samples.verdicts import SAMPLES

GOLDEN = Path(__file__).parent / "golden"
LOGS = sorted((SAMPLES / "provoke").glob("*.txt"))


def lines(log: Path) -> Iterator[str]:
    """`frame severity rule facts`, and which needs are not met; `-` for a finding about no frame."""
    for finding in check(track(read([log.read_bytes()]))):
        facts = json.dumps(finding.facts, ensure_ascii=False, sort_keys=True, default=str)
        frame = "-" if finding.frame is UNSET else finding.frame
        unless = f" unless {','.join(finding.unless)}" if finding.unless else ""
        yield f"{frame} {finding.severity} {finding.rule} {facts}{unless}"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for made in LOGS:
        (GOLDEN / made.name).write_text("".join(f"{line}\n" for line in lines(made)), "utf-8")
