"""The pages of docs/rules, made from the rules themselves: python -m tests.check.docs"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from tcpdump_parse.check.rule import rules
from tcpdump_parse.tell.rules import Explained, explained, resting, shown
from tcpdump_parse.tell.words import words

DOCS = Path(__file__).parents[2] / "docs" / "rules"
INDEX = "README.md"
NOTICE = "<!-- Made by `python -m tests.check.docs` from the rules; edit those. -->"


def pages() -> dict[str, str]:
    """File name → text: a page a family, and their index."""
    known = rules(plugins=False)
    every = [shown(rule) for rule in explained() if rule.name in known]
    families = {family: list(members) for family, members in groupby(every, key=lambda rule: rule.family)}
    made = {f"{family}.md": "\n".join(_family(family, members)) for family, members in families.items()}
    return made | {INDEX: "\n".join(_index(families))}


def _index(families: dict[str, list[Explained]]) -> Iterator[str]:
    yield from ("# Rules", "", NOTICE, "")
    yield "`tdparse check` knows these. `tdparse rules NAME` prints a page of them, also by the name another program gives it."
    yield "`--select` and `--ignore` take names, families and globs."
    for family, members in families.items():
        yield from ("", f"## [{family}]({family}.md)", "", _about(family), "", "| rule | severity | says |", "|---|---|---|")
        yield from (f"| [{rule.name}]({family}.md#{rule.name}) | {rule.severity} | {_cell(rule.title)} |" for rule in members)
    yield ""


def _family(family: str, members: list[Explained]) -> Iterator[str]:
    yield from (f"# {family}", "", NOTICE, "", _about(family))
    for rule in members:
        yield from _rule(rule)
    yield ""


def _about(family: str) -> str:
    """What the family's module says of itself first."""
    doc = importlib.import_module(f"tcpdump_parse.check.rules.{family}").__doc__ or ""
    return _text(" ".join(doc.strip().partition("\n\n")[0].split()))


def _rule(rule: Explained) -> Iterator[str]:
    yield from ("", f"## {rule.name}", "", f"**{_text(rule.title)}** ({rule.severity})", "", _text(rule.fault))
    if rule.reason:
        yield from ("", _text(rule.reason))
    if rule.quote:
        yield from ("", f"> {_text(' '.join(rule.quote.split()))}")
    if rule.cites:
        yield from ("", f"{_text(rule.cites)}{f' ({rule.label})' if rule.label else ''}")
    if rule.needs:
        yield from ("", resting(rule, words("en")))
    positions = rules(plugins=False)[rule.name].positions
    if positions:
        yield from ("", f"Facts that are sequence numbers as on the wire: {', '.join(f'`{fact}`' for fact in positions)}.")
    if rule.elsewhere:
        yield from ("", f"Elsewhere: {', '.join(f'`{name}`' for name in rule.elsewhere)}")
    if rule.sample:
        fence = "`" * (1 + max([2, *(len(run) for line in rule.excerpt for run in re.findall("`+", line))]))
        yield from ("", f"Sample: [{rule.sample}](../../{rule.sample})", "", f"{fence}text", *rule.excerpt, fence)


def _text(text: str) -> str:
    """Prose as Markdown shows it letter for letter; what stands in backticks is code in both."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return re.sub(r"([\\`*_<>\[\]#|])", r"\\\1", text)
    return "`".join(part if n % 2 else re.sub(r"([\\*_<>\[\]|])", r"\\\1", part) for n, part in enumerate(parts))


def _cell(text: str) -> str:
    return _text(text).replace("\n", " ")


def main() -> None:
    """Write the pages; those of families that are gone go too."""
    DOCS.mkdir(exist_ok=True)
    made = pages()
    for old in DOCS.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (DOCS / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
