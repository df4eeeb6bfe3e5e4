"""The tables beside this file: how many values of each field are tshark's, by flags, and what differs, with its reason.

    python -m tests.read.tshark.tables        # writes both anew with the installed tshark 4.0 and tcpdump 4.99.3

counts.tsv: a row is a field of a set of captures, a column a set of flags or a version of tcpdump. `1695` values are the same; `-12`
more tshark shows and the text does not hold; `?3` more the text has and tshark does not show. exceptions.tsv: a difference keeps its
reason when the tables are written; a new one has none, and the test asks for it.
"""

from __future__ import annotations

from pathlib import Path

from tests.corpus.printed import VERSIONS
from tests.read.tshark.compare import ABSOLUTE, FLAGS, Difference, Told, all_told

HERE = Path(__file__).parent
COLUMNS = (*FLAGS, *(f"{ABSOLUTE} {version}" for version in VERSIONS))
COUNTS, EXCEPTIONS = HERE / "counts.tsv", HERE / "exceptions.tsv"
Cells = dict[tuple[str, str, str], str]


def cells(told: Told) -> Cells:
    """The table's cells by captures, flags and field."""
    found = {}
    for row in told.equal.keys() | told.unprinted.keys() | told.unshown.keys():
        parts = (f"{told.equal[row]}", f"-{told.unprinted[row]}", f"?{told.unshown[row]}")
        found[row] = " ".join(part for part in parts if part.strip("-?") != "0")
    return found


def rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text().splitlines()]


def recorded() -> Cells:
    (_, _, *columns), *lines = rows(COUNTS)
    return {(captures, flags, field): cell for captures, field, *found in lines for flags, cell in zip(columns, found, strict=True) if cell}


def exceptions() -> dict[Difference, str]:
    """The differences that are known, with their reasons."""
    return {Difference(file, int(frame), field, ours, theirs): why for file, frame, field, ours, theirs, why in rows(EXCEPTIONS)[1:]}


def write(told: Told) -> None:
    found, known = cells(told), exceptions() if EXCEPTIONS.exists() else {}
    lines = ["\t".join(("captures", "field", *COLUMNS))]
    for captures, field in sorted({(captures, field) for captures, _, field in found}):
        lines.append("\t".join((captures, field, *(found.get((captures, flags, field), "") for flags in COLUMNS))))
    COUNTS.write_text("".join(f"{line}\n" for line in lines))
    lines = ["\t".join((*Difference._fields, "reason"))]
    lines += ["\t".join((*map(str, each), known.get(each, ""))) for each in sorted(told.differences)]
    EXCEPTIONS.write_text("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    write(all_told())
