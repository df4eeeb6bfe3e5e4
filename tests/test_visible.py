"""Hostile text is shown, never sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpdump_parse.visible import csv_cell, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /index.html HTTP/1.1", "GET /index.html HTTP/1.1"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("a\u202egpj.exe", "a\\u202egpj.exe"),
        ("a\u2066b\u2069\u200f\u061c", "a\\u2066b\\u2069\\u200f\\u061c"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("\tcolumn\r\n", "\\tcolumn\\r\\n"),
        ("line\u2028paragraph\u2029", "line\\u2028paragraph\\u2029"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("三次握手　é\u00a0ß 🙂", "三次握手　é\u00a0ß 🙂"),
        ("\\x1b is plain text", "\\x1b is plain text"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_nothing_that_moves_the_cursor_or_the_reading_direction_is_left(text: str) -> None:
    shown = visible(text)
    assert all(character.isprintable() or character.isspace() for character in shown)
    assert not set(shown) & set("\n\r\t\x1b\x07\u202e\u2066\u2028")
    assert visible(shown) == shown


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert csv_cell(text) == "'" + text


def test_other_cells_are_left_alone() -> None:
    assert [csv_cell(text) for text in ("", "10.0.0.1", "a=b", "::1")] == ["", "10.0.0.1", "a=b", "::1"]
