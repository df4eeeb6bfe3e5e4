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
    """How exactly the patterns name this rule: by name, by a glob (the longer the better), by family, by `*`; 0 when they do not."""
    return max((_exactness(pattern, rule) for pattern in patterns if _names(pattern, rule)), default=0)


def _exactness(pattern: str, rule: Rule) -> int:
    if pattern == rule.name:
        return 10_000
    if pattern == "*":
        return 1
    return 2 if pattern == rule.family else 2 + len(pattern)
