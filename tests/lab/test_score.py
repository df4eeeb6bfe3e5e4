"""A score counts what was asked, and nothing that nobody could know."""

from score import Score, score
from truth import Kind, Reason, Row

ROWS = [
    Row("client", 1, "to-client 1", 10, Kind.ORIGINAL, None, Reason.IN_ORDER),
    Row("client", 2, "to-client 2", 10, Kind.RE_SENT, True, Reason.NO_COPY_ARRIVED),
    Row("client", 3, "to-client 3", 10, Kind.RE_SENT, None, Reason.PROOF_NEVER_CAME),
    Row("client", 4, "to-client 4", 10, Kind.COPY, None, Reason.WIRE_COPY),
    Row("client", 5, "to-server 1", 0, Kind.REORDERED, None, Reason.OVERTAKEN),
]


def test_all_right_is_full_marks() -> None:
    """Also where the need was undecidable and the judge said so."""
    judged = {2: (Kind.RE_SENT, True), 3: (Kind.RE_SENT, None), 4: (Kind.COPY, None)}
    assert score(ROWS, judged) == Score(kind=3, odd=3, need=1, decidable=1)


def test_silence_is_wrong_about_every_odd_segment() -> None:
    """A judge that never speaks must not look careful."""
    assert score(ROWS, {}) == Score(kind=0, odd=3, need=0, decidable=1)


def test_an_original_called_odd_counts_against_the_judge() -> None:
    """Else a judge that calls everything sent again would lose nothing."""
    assert score(ROWS[:1], {1: (Kind.RE_SENT, True)}) == Score(kind=0, odd=1)


def test_a_need_that_was_not_said_is_not_right() -> None:
    """Omitting it where this end could know is a wrong answer; a guess where it could not is none."""
    assert score(ROWS[1:2], {2: (Kind.RE_SENT, None)}) == Score(kind=1, odd=1, need=0, decidable=1)
    assert score(ROWS[2:3], {3: (Kind.RE_SENT, False)}) == Score(kind=1, odd=1)


def test_segments_without_octets_are_not_asked() -> None:
    """A pure ACK that was overtaken is nobody's retransmission."""
    assert score(ROWS[4:], {}) == Score()
