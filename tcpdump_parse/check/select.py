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
            raise ValueError(f"no rule, family or pattern is called {pattern!r}; {meant(pattern, rules)}`tdparse rules` lists them")
    return {name: rule for name, rule in rules.items() if _weight(rule, wanted or ("*",)) > _weight(rule, unwanted)}


def elsewhere(name: str, others: Iterable[str]) -> bool:
    """Whether another program calls a rule so, whose names there are `others`: with the program ("zeek:T") or without it."""
    wanted = name.strip().lower()
    return bool(wanted) and any(wanted in (other.lower(), other.lower().partition(":")[2]) for other in others)


def meant(name: str, rules: Mapping[str, Rule]) -> str:
    """For a message about a name that is no rule's: "did you mean …? ", empty where nothing is near."""
    ours = [rule.name for rule in rules.values() if elsewhere(name, rule.elsewhere)]
    return f"elsewhere that is {', '.join(ours)}; " if ours else _near(name, rules)


def _near(name: str, rules: Mapping[str, Rule]) -> str:
    from difflib import get_close_matches

    theirs = (other.lower() for rule in rules.values() for other in rule.elsewhere)
    known = dict.fromkeys([*rules, *(rule.family for rule in rules.values()), *theirs])
    wanted = name.strip().lower()
    near = get_close_matches(wanted.replace("_", "-"), known, 3) or get_close_matches(wanted, known, 3)
    return f"did you mean {' or '.join(near)}? " if near else ""


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
