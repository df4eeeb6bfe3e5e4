"""How well a judge names the segments of recordings whose truth is known: tdparse from the text, Wireshark from the same captures.

    python samples/lab/score.py samples/lab/recorded        # or any folder that trouble.py wrote

Kind: of the segments that are odd or were called odd, how many got their right name. Need: of the re-sent ones whose need that end could
know, how many were rightly called needed or spurious. Needs tdparse, and tshark for its column. bare-late is shown and left out of the
sum: without ids, timestamps or SACK, a delay beyond the round trip cannot be told from a repair.
"""

import argparse
import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from truth import Kind, Row, read

Judged = Mapping[int, tuple[Kind, bool | None]]  # by record; what is missing was called original
TDPARSE = {"rexmit": Kind.RE_SENT, "reordered": Kind.REORDERED, "copy": Kind.COPY}
UNDECIDABLE = frozenset({"bare-late"})
FIELDS = ("frame.number", "tcp.analysis.retransmission", "tcp.analysis.spurious_retransmission", "tcp.analysis.out_of_order")


@dataclass(frozen=True)
class Score:
    """Right and asked, for kind and for need."""

    kind: int = 0
    odd: int = 0
    need: int = 0
    decidable: int = 0

    def __add__(self, other: "Score") -> "Score":
        """Both together."""
        return Score(self.kind + other.kind, self.odd + other.odd, self.need + other.need, self.decidable + other.decidable)


def score(rows: Sequence[Row], judged: Judged) -> Score:
    """One end's judgement against its truth."""
    total = Score()
    for row in rows:
        kind, needed = judged.get(row.record, (Kind.ORIGINAL, None))
        if row.slen and not kind is row.kind is Kind.ORIGINAL:
            asked = row.kind is Kind.RE_SENT and row.needed is not None
            total += Score(kind is row.kind, 1, asked and needed is row.needed, asked)
    return total


def by_tdparse(text: Path) -> Judged:
    """The findings of family `loss`."""
    words = [sys.executable, "-m", "tcpdump_parse", "check", "--format", "jsonl", "--fail-on", "never", str(text)]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    found = [each for each in map(json.loads, lines) if each["type"] == "finding" and each["family"] == "loss" and "kind" in each["facts"]]
    return {each["frame"]: (TDPARSE[each["facts"]["kind"]], each["facts"].get("needed")) for each in found}


def by_tshark(pcap: Path) -> Judged:
    """Wireshark's flags; it has no word for a copy, and says of a re-sent segment only that it is spurious, or nothing."""
    with NamedTemporaryFile(suffix=".pcap") as plain:
        plain.write(gzip.decompress(pcap.read_bytes()))
        plain.flush()
        words = ["tshark", "-n", "-2", "-r", plain.name, "-T", "fields", *(word for name in FIELDS for word in ("-e", name))]
        lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    judged: dict[int, tuple[Kind, bool | None]] = {}
    for line in lines:
        number, again, spurious, late = line.split("\t")
        if late:
            judged[int(number)] = (Kind.REORDERED, None)
        elif again:
            judged[int(number)] = (Kind.RE_SENT, not spurious)
    return judged


def recording(folder: Path) -> dict[str, Score]:
    """Both judges on both ends of one recording."""
    rows = read(folder / "truth.tsv")
    scores = {"tdparse": Score(), "Wireshark": Score()}
    for end in ("client", "server"):
        mine = [row for row in rows if row.end == end]
        scores["tdparse"] += score(mine, by_tdparse(folder / f"{end}.txt"))
        if shutil.which("tshark"):
            scores["Wireshark"] += score(mine, by_tshark(folder / f"{end}.pcap.gz"))
    return scores


def line(name: str, scores: Mapping[str, Score]) -> str:
    """A row of the table."""
    cells = [f"{each.kind:5d}/{each.odd:<5d} {each.need:5d}/{each.decidable:<5d}" for each in scores.values()]
    return f"{name:16s}" + "   ".join(cells)


def main() -> None:
    """Print the table of a folder of recordings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    chosen = parser.parse_args()
    print(f"{'':16s}tdparse: kind       need   Wireshark: kind     need")
    total = {"tdparse": Score(), "Wireshark": Score()}
    for folder in (each for root in chosen.folders for each in sorted(root.iterdir()) if (each / "truth.tsv").exists()):
        scores = recording(folder)
        print(line(folder.name, scores), flush=True)
        if folder.name not in UNDECIDABLE:
            total = {judge: total[judge] + scores[judge] for judge in total}
    print(line("all", total))


if __name__ == "__main__":
    main()
