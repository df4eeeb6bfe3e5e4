"""The captures on which the view is held against tshark, and what the view shows of them.

    python -m tests.check.wireshark.cases        # writes expected.tsv and generated.tsv anew, from the installed tshark 4.0
"""

from __future__ import annotations

import gzip
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import UNSET

from tcpdump_parse.check.wireshark import MEANINGS, Analysis, analyses, named
from tcpdump_parse.read import packets
from tests.check.wireshark import generator, oracle, wire

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
CORPUS = [*sorted((ROOT / "tests/corpus/tcpdump-tests").glob("*.pcap*")), ROOT / "tests/corpus/versions/opts.pcap"]
RECORDED = ROOT / "samples" / "lab" / "recorded"
LAB = sorted(f"{folder.name}/{end}" for folder in RECORDED.iterdir() for end in ("client", "server"))
SEEDS, COUNT = (1, 2, 3, 4), 10_000

Flags = dict[int, frozenset[str]]
"""The fields of flags, by frame; frames without a flag are left out."""


def lab_text(name: str) -> str:
    return (RECORDED / f"{name}.txt").read_text("latin-1")


def lab_pcap(name: str, folder: Path) -> Path:
    path = folder / f"{name.replace('/', '-')}.pcap"
    path.write_bytes(gzip.decompress((RECORDED / f"{name}.pcap.gz").read_bytes()))
    return path


def generated(seed: int, folder: Path) -> Path:
    path = folder / f"generated-{seed}.pcap"
    wire.write_pcap(path, generator.capture(seed, COUNT))
    return path


def view(text: str) -> list[Analysis]:
    return list(analyses(packets([text.encode("latin-1")])))


def flags(shown: Iterable[Analysis]) -> Flags:
    """What the view flags, both passes together."""
    found: dict[int, frozenset[str]] = {}
    for each in shown:
        if each.flags:
            frame = each.seen.packet.frame
            found[frame] = found.get(frame, frozenset()) | {MEANINGS[flag].field for flag in named(each.flags)}
    return found


def numbers(shown: Iterable[Analysis]) -> Iterator[tuple[int, dict[str, str]]]:
    """The view's numbers as tshark prints them. Completeness is left out of a conversation's first frame: there tshark has not counted
    that frame itself."""
    first: set[int] = set()
    for each in shown:
        if each.late:
            continue
        conversation = each.conversation
        values = {name: getattr(each, name) for name in NAMES} | {name: _seconds(getattr(each, name)) for name in ("ack_rtt", "rto")}
        texts = {f"tcp.analysis.{name}": str(value) for name, value in values.items() if value not in (UNSET, "")}
        texts["tcp.stream"] = str(conversation.stream)
        if conversation.stream in first:
            texts["tcp.completeness"] = str(conversation.completeness)
        if conversation.irtt:
            texts["tcp.analysis.initial_rtt"] = _seconds(conversation.irtt)
        first.add(conversation.stream)
        yield each.seen.packet.frame, texts


NAMES = ("duplicate_ack_num", "duplicate_ack_frame", "acks_frame", "rto_frame", "bytes_in_flight", "push_bytes_sent")


def _seconds(span: int | object) -> str:
    if not isinstance(span, int) or not span:
        return ""
    return f"{'-' * (span < 0)}{abs(span) // 10**9}.{abs(span) % 10**9:09d}"


def table(name: str) -> list[list[str]]:
    """The rows of a checked-in table, without its heading."""
    return [line.split("\t") for line in (HERE / name).read_text().splitlines()[1:]]


def expected() -> dict[str, Flags]:
    """What tshark 4.0 shows of the corpus and of the lab's recordings: capture, frame, flags."""
    found: dict[str, Flags] = {}
    for capture, frame, fields in table("expected.tsv"):
        found.setdefault(capture, {})[int(frame)] = frozenset(f"tcp.{field}" for field in fields.split())
    return found


def exceptions(capture: str) -> dict[int, tuple[frozenset[str], frozenset[str], str]]:
    """Frames of the capture where text cannot give what tshark shows: tshark's flags alone, ours alone, the cause."""
    rows = [row for row in table("exceptions.tsv") if row[0] == capture]
    return {int(row[1]): (frozenset(row[2].split()), frozenset(row[3].split()), row[4]) for row in rows}


def digest(found: Mapping[int, frozenset[str]]) -> str:
    """One line for ten thousand frames."""
    lines = "".join(f"{frame} {' '.join(sorted(found[frame]))}\n" for frame in sorted(found))
    return hashlib.sha256(lines.encode()).hexdigest()


def tally(found: Iterable[Flags]) -> Counter[str]:
    """How often each flag occurs."""
    return Counter(field for flags in found for fields in flags.values() for field in fields)


def _record(folder: Path) -> None:
    captures = {path.name: path for path in CORPUS} | {name: lab_pcap(name, folder) for name in LAB}
    lines = ["capture\tframe\tflags\n"]
    for name, path in captures.items():
        shown = oracle.shown(path)
        lines += [f"{name}\t{n}\t{' '.join(sorted(f[4:] for f in shown[n].flags))}\n" for n in sorted(shown) if shown[n].flags]
    (HERE / "expected.tsv").write_text("".join(lines))
    lines = [f"seed\tframes\tflags\tsha256 of what tshark {oracle.version()} shows\n"]
    for seed in SEEDS:
        found = {frame: each.flags for frame, each in oracle.shown(generated(seed, folder)).items() if each.flags}
        lines.append(f"{seed}\t{COUNT}\t{tally([found]).total()}\t{digest(found)}\n")
    (HERE / "generated.tsv").write_text("".join(lines))


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        _record(Path(scratch))
