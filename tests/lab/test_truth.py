"""The truth on conversations told by hand: kind, need and decidability, at both ends."""

import pytest
from evidence import Conversation, Line, MismatchError
from frame import Segment
from policy import Way
from truth import Kind, Reason, Row, read, write

from tests.lab.told import recorded, tell, verdicts

CASES = {
    "in order": """
        s 0+10
        = original (in-order) | original (in-order)
        s 10+10
        = original (in-order) | original (in-order)
        c ack 20
        = original (in-order) | original (in-order)
    """,
    "a hole, filled again": """
        s 0+10
        s 10+10 lost
        = original (in-order) | -
        s 20+10
        c ack 10 sack 20-30
        s 10+10
        = needed (no-copy-arrived) | needed (no-copy-arrived)
        c ack 30
    """,
    "a tail lost: its repair looks like an original at the receiver": """
        s 0+10
        s 10+10 lost
        s 10+10
        = needed (no-copy-arrived) | original (first-copy-lost-unseen)
        c ack 20
    """,
    "a pure ACK above the hole shows it too": """
        s 0+10
        s 10+10 lost
        s ack 0
        s 10+10
        = needed (no-copy-arrived) | needed (no-copy-arrived)
        c ack 20
    """,
    "an ACK lost: spurious, and no proof ever comes back": """
        s 0+10
        c ack 10 lost
        s 0+10
        = undecidable (proof-never-came) | spurious (copy-arrived)
        c ack 10
    """,
    "an ACK lost: a D-SACK proves it": """
        s 0+10
        c ack 10 lost
        s 0+10
        = spurious (copy-arrived) | spurious (copy-arrived)
        c ack 10 sack 0-10
    """,
    "an ACK lost: the echo of the older timestamp proves it (Eifel)": """
        s 0+10 ts 100
        c ack 10 ts 7 ecr 100 lost
        s 0+10 ts 300
        = spurious (copy-arrived) | spurious (copy-arrived)
        c ack 10 ts 8 ecr 100
    """,
    "sent again although acknowledged": """
        s 0+10
        c ack 10
        s 0+10
        = spurious (copy-arrived) | spurious (copy-arrived)
    """,
    "sent again although a SACK covers it": """
        s 0+10 lost
        s 10+10
        c ack 0 sack 10-20
        s 10+10
        = spurious (copy-arrived) | spurious (copy-arrived)
    """,
    "nothing ever comes back": """
        s 0+10 lost
        s 0+10 lost
        = undecidable (never-acknowledged) | -
        s 0+10
        = undecidable (never-acknowledged) | original (first-copy-lost-unseen)
    """,
    "overtaken by what was sent later": """
        s 0+10
        s 10+10 late 1
        = original (in-order) | reordered (overtaken)
        s 20+10
        = original (in-order) | original (in-order)
        c ack 30
    """,
    "overtaken by a pure ACK alone": """
        s 0+10 late 1
        = original (in-order) | reordered (overtaken-by-ack)
        s ack 0
    """,
    "its repair came first": """
        s 0+10
        s 10+10 late 3
        = original (in-order) | reordered (repair-came-first)
        s 20+10
        s 10+10
        = undecidable (proof-never-came) | spurious (copy-arrived-later)
        c ack 30
    """,
    "a repair overtaken, whose first copy never came, looks like a late original": """
        s 0+10 lost
        s 0+10 late 2
        = needed (no-copy-arrived) | reordered (late-repair)
        s 10+10
        c ack 0
        c ack 20
    """,
    "a repair overtaken by the next repair is still a repair where the first copy came": """
        s 0+10
        s 0+10 late 1
        = undecidable (proof-never-came) | spurious (copy-arrived)
        s 0+10
        = undecidable (proof-never-came) | spurious (copy-arrived)
    """,
    "copied by the wire": """
        s 0+10 copy 2
        = original (in-order) | original (in-order), copy (wire-copy)
        s 10+10
        c ack 20
    """,
    "a copy of a repair is a copy": """
        s 0+10 lost
        s 10+10
        s 0+10 copy 1
        = needed (no-copy-arrived) | needed (no-copy-arrived), copy (wire-copy)
        c ack 20
    """,
    "a repair that the wire copied: the D-SACK cannot say which copy was one too many": """
        s 0+10 lost
        s 10+10
        s 0+10 copy 1
        = undecidable (ambiguous-dsack) | needed (no-copy-arrived), copy (wire-copy)
        c ack 20
        c ack 20 sack 0-10
    """,
    "the same, and timestamps do not help: the original may have come after its repair": """
        s 0+10 ts 100 lost
        s 10+10 ts 100
        s 0+10 ts 300 copy 1
        = undecidable (ambiguous-dsack) | needed (no-copy-arrived), copy (wire-copy)
        c ack 20 ts 7 ecr 300
        c ack 20 sack 0-10 ts 8 ecr 300
    """,
    "sent three times, reported once: of the last alone it is certain": """
        s 0+10
        c ack 10 lost
        s 0+10 lost
        = undecidable (proof-never-came) | -
        s 0+10
        = spurious (copy-arrived) | spurious (copy-arrived)
        c ack 10 sack 0-10
    """,
    "one D-SACK is of two repairs that cut the original in pieces": """
        s 0+10 late 2
        s 0+6
        = spurious (copy-arrived-later) | spurious (copy-arrived-later)
        s 6+4
        = spurious (copy-arrived-later) | spurious (copy-arrived-later)
        c ack 10 sack 0-10
    """,
    "an ACK that jumps over two holes echoes what filled the first (RFC 7323), and says nothing of the second": """
        s 0+10 ts 100 lost
        s 10+10 ts 100 late 6
        s 20+10 ts 100
        c ack 0 sack 20-30 ts 7 ecr 90
        s 0+10 ts 300 late 2
        s 10+10 ts 400
        = undecidable (proof-never-came) | spurious (copy-arrived-later)
        c ack 0 sack 10-30 ts 8 ecr 90
        c ack 30 ts 8 ecr 300
    """,
    "one of two merged segments was lost: the merged one is needed": """
        s 0+10
        s 10+10 lost
        c ack 10
        s 0+20
        = needed (no-copy-arrived) | needed (no-copy-arrived)
        c ack 20
    """,
    "partly new octets: only the old ones count": """
        s 0+10
        s 0+20
        = spurious (copy-arrived) | spurious (copy-arrived)
        c ack 20 sack 0-10
    """,
    "a keep-alive probe has no octets": """
        s 0+10
        c ack 10
        s 9+0
        = original (in-order) | original (in-order)
    """,
}

DROPPED = {
    "thrown away by the receiver, which says so": """
        s 0+10
        c ack 0
        s 0+10
        = needed (copy-discarded) | needed (copy-discarded)
        c ack 10
    """,
    "kept: what the receiver said covers it": """
        s 0+10
        c ack 10 lost
        s 0+10
        = undecidable (proof-never-came) | spurious (copy-arrived)
        c ack 10
    """,
    "thrown away, but another copy was only late": """
        s 0+10
        c ack 0
        s 0+10 late 2
        s 0+10
        = undecidable (proof-never-came) | spurious (copy-arrived-later)
        c ack 10
    """,
    "thrown away: the D-SACK after it is of another copy": """
        s 0+10
        c ack 0
        s 0+10
        = undecidable (ambiguous-dsack) | needed (copy-discarded)
        s 0+10
        = spurious (copy-arrived) | spurious (copy-arrived)
        c ack 10 sack 0-10
        c ack 10 sack 0-10
    """,
    "nobody showed what became of it": """
        s 0+10
        s 0+10
        = undecidable (acceptance-unknown) | undecidable (acceptance-unknown)
        c ack 10
    """,
    "kept: the answer to the second copy is a D-SACK": """
        s 0+10
        s 0+10
        = spurious (copy-arrived) | spurious (copy-arrived)
        c ack 10 sack 0-10
    """,
}


OUTDATED = {
    "a late original older than the last echo was thrown away (PAWS)": """
        s 0+10 ts 100
        s 10+10 ts 101 late 5
        s 20+10 ts 102
        c ack 10 ts 7 ecr 100
        s 10+10 ts 300 lost
        = needed (copy-discarded) | -
        s 0+10 ts 300
        c ack 10 sack 0-10 ts 7 ecr 300
        s 10+10 ts 500
        = needed (copy-discarded) | needed (copy-discarded)
        c ack 30 ts 8 ecr 500
    """,
    "not older than the next echo: PAWS let it pass": """
        s 0+10 ts 100
        c ack 10 ts 7 ecr 100
        s 10+10 ts 200 late 1
        s 20+10 ts 201
        s 10+10 ts 400
        = spurious (copy-arrived) | spurious (copy-arrived)
        c ack 30 sack 10-20 ts 8 ecr 200
    """,
}

TALES = [(text, "") for text in CASES.values()] + [(text, "TCPRcvQDrop") for text in DROPPED.values()]
TALES += [(text, "PAWSEstab") for text in OUTDATED.values()]


@pytest.mark.parametrize(("text", "drops"), TALES, ids=[*CASES, *DROPPED, *OUTDATED])
def test_each_line_is_what_the_tale_says(text: str, drops: str) -> None:
    """A truth that is wrong judges every judgement wrongly."""
    found = list(verdicts(text, drops))
    assert found
    for number, expected, said in found:
        assert said == expected, f"line {number + 1}"


def test_a_recording_whose_witnesses_disagree_is_refused() -> None:
    """A frame that the wire never saw means that the capture or the wire missed something."""
    talk, _ = recorded(tell("s 0+10\ns 10+10"))
    strange = Line(1.0, Way.TO_CLIENT, Segment((b"server", 8000), (b"client", 5000), 0, 1, 0, 1, 1), "never seen")
    diary: list[dict[str, object]] = [{"way": "to-client", "digest": str(n), "out": [n + 1]} for n in range(2)]
    talk.captures["client"][1] = strange
    with pytest.raises(MismatchError):
        Conversation(talk.captures, diary)


def test_the_table_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Scores are computed from the table, not from the objects."""
    rows = [
        Row("client", 1, "to-server 1", 1, Kind.ORIGINAL, None, Reason.IN_ORDER),
        Row("client", 2, "to-client 9", 10, Kind.RE_SENT, True, Reason.NO_COPY_ARRIVED),
        Row("server", 3, "to-client 9", 10, Kind.RE_SENT, None, Reason.PROOF_NEVER_CAME),
    ]
    path = tmp_path_factory.mktemp("truth") / "truth.tsv"
    write(rows, path)
    assert read(path) == rows
    assert [line.split("\t")[5] for line in path.read_text().splitlines()] == ["needed", "-", "true", "undecidable"]
