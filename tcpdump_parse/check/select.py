"""Which rules are asked: by name, family, or glob. The longest pattern that names a rule wins, as in ruff; ignoring wins a tie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tcpdump_parse.check.rule import Rule


def chosen(rules: Mapping[str, Rule], select: Iterable[str] = (), ignore: Iterable[str] = ()) -> dict[str, Rule]:
    """The selected rules by name; nothing selected means all. Raises ValueError for a pattern that names no rule."""
    wanted, unwanted = tuple(select), tuple(ignore)
    for pattern in (*wanted, *unwanted):
        if not any(_names(pattern, rule) for rule in rules.values()):
            raise ValueError(f"no rule, family or pattern is called {pattern!r}; `tdparse rules` lists them")
    return {name: rule for name, rule in rules.items() if _weight(rule, wanted or ("*",)) > _weight(rule, unwanted)}


def _names(pattern: str, rule: Rule) -> bool:
    return fnmatchcase(rule.name, pattern) or pattern == rule.family


def _weight(rule: Rule, patterns: Iterable[str]) -> int:
    """How exactly the patterns name this rule: its name, then the longest glob, then its family; 0 when they do not."""
    return max((10_000 if p == rule.name else 1 if p == rule.family else 1 + len(p) for p in patterns if _names(p, rule)), default=0)
