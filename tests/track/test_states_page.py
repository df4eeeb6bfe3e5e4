"""The docs' state diagram is the table's."""

from __future__ import annotations

from tests.track.states_page import PAGE, page


def test_the_docs_draw_the_table() -> None:
    assert PAGE.read_text("utf-8") == page(), "write it again: python -m tests.track.states_page"
