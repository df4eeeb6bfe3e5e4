"""How many segments of the lab's recordings each of the two names rightly: our judgement, and Wireshark's by this view.

    python -m tests.check.wireshark.test_lab        # writes lab.tsv anew

lab.tsv is checked in, so that a change of judgement shows as a change of a number.
"""

from collections.abc import Iterable

from score import TDPARSE, Judged, Score, score
from truth import Kind, read

from tcpdump_parse.check.engine import check
from tcpdump_parse.check.wireshark import view
from tcpdump_parse.model import Finding
from tcpdump_parse.read import read as events
from tcpdump_parse.track import track
from tests.check.wireshark.cases import HERE, LAB, RECORDED

TABLE = HERE / "lab.tsv"
HEADING = "recording\tkind: tdparse\twireshark\tneed: tdparse\twireshark"


def by_us(findings: Iterable[Finding]) -> Judged:
    odd = [found for found in findings if "kind" in found.facts]
    return {found.frame: (TDPARSE[found.facts["kind"]], found.facts.get("needed")) for found in odd if isinstance(found.frame, int)}


def by_wireshark(findings: Iterable[Finding]) -> Judged:
    """Its flags as names: it has none for a copy, and calls needed what it does not call spurious."""
    found: dict[int, tuple[Kind, bool | None]] = {}
    for each in findings:
        if isinstance(each.frame, int):
            match each.rule.rsplit(".", 1)[1]:
                case "retransmission":
                    found.setdefault(each.frame, (Kind.RE_SENT, True))
                case "spurious_retransmission":
                    found[each.frame] = (Kind.RE_SENT, False)
                case "out_of_order":
                    found[each.frame] = (Kind.REORDERED, None)
    return found


def rightly() -> list[tuple[str, Score, Score]]:
    """Ours and Wireshark's score for each end of each recording, and the sums."""
    rows = []
    for name in LAB:
        scenario, end = name.split("/")
        truth = [row for row in read(RECORDED / scenario / "truth.tsv") if row.end == end]
        log = RECORDED / f"{name}.txt"
        ours = score(truth, by_us(check(track(events(log)), select=["loss"])))
        rows.append((name, ours, score(truth, by_wireshark(view(events(log))))))
    return [*rows, ("sum", sum((ours for _, ours, _ in rows), Score()), sum((theirs for _, _, theirs in rows), Score()))]


def table(rows: list[tuple[str, Score, Score]]) -> str:
    """Right names out of the segments that are odd or were called odd; right needs out of those that this end can know."""
    lines = [HEADING]
    for name, ours, theirs in rows:
        if ours.odd or theirs.odd:
            kinds = f"{ours.kind} of {ours.odd}\t{theirs.kind} of {theirs.odd}"
            lines.append(f"{name}\t{kinds}\t{ours.need} of {ours.decidable}\t{theirs.need} of {theirs.decidable}")
    return "\n".join(lines) + "\n"


def test_the_table_of_who_names_rightly_is_fresh() -> None:
    """Both columns are measured, not remembered."""
    assert TABLE.read_text() == table(rightly())


def test_we_name_more_segments_rightly_than_wireshark() -> None:
    """Else there would be nothing to compare."""
    _, ours, theirs = rightly()[-1]
    assert ours.kind / ours.odd > theirs.kind / theirs.odd
    assert ours.need / ours.decidable > theirs.need / theirs.decidable


if __name__ == "__main__":
    TABLE.write_text(table(rightly()))
