"""The rules' pages are those that the rules give now. When this fails: python -m tests.check.docs"""

from __future__ import annotations

import pytest

from tests.check.docs import DOCS, pages

PAGES = pages()


def test_there_is_a_page_for_each_family_and_no_other() -> None:
    assert sorted(page.name for page in DOCS.glob("*")) == sorted(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_the_rules_say(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == PAGES[name]
