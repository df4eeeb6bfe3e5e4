"""Every rule as a page explains it: from the rule itself, its texts, and the sample that fires it. The docs are generated from the same."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from msgspec import Struct

from tcpdump_parse.check.rule import Need, Rule, rules
from tcpdump_parse.tell.words import words


class Explained(Struct, frozen=True, omit_defaults=True):
    """One rule. `sample` is a log of the project's samples that fires it, `excerpt` its first lines."""

    name: str
    family: str
    severity: str
    title: str
    fault: str
    reason: str
    cites: str = ""
    label: str = ""
    quote: str = ""
    needs: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    sample: str = ""
    excerpt: tuple[str, ...] = ()


EXCERPT = 12


def explained(lang: str = "en") -> list[Explained]:
    """All rules, by family and name."""
    return sorted((_explained(rule, lang) for rule in rules().values()), key=lambda rule: (rule.family, rule.name))


def named(name: str, lang: str = "en") -> list[Explained]:
    """The rules of that name, ours or another program's ("tcp.analysis.keep_alive"); several where one of theirs is several."""
    every = explained(lang)
    wanted = name.strip().lower()
    own = [rule for rule in every if rule.name == wanted.replace("_", "-")]
    return own or [rule for rule in every if any(wanted in (other.lower(), other.lower().partition(":")[2]) for other in rule.elsewhere)]


def _explained(rule: Rule, lang: str) -> Explained:
    said = words(lang)
    key = f"{rule.name}.title"
    sample = _samples().get(rule.name)
    return Explained(
        name=rule.name,
        family=rule.family,
        severity=str(rule.severity),
        title=said.say(key) if said.knows(key) else rule.title,
        fault=rule.title,
        reason=rule.reason,
        cites=rule.cites,
        label=rule.label,
        quote=rule.quote,
        needs=tuple(need.name.lower().replace("_", " ") for need in Need if need & rule.needs and need.name),
        elsewhere=rule.elsewhere,
        sample=f"samples/{sample[0]}" if sample else "",
        excerpt=sample[1] if sample else (),
    )


@cache
def _samples() -> dict[str, tuple[str, tuple[str, ...]]]:
    """rule → the first sample whose head says that it fires, and its first lines."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for home in (files("tcpdump_parse") / "samples", Path(__file__).parents[2] / "samples"):
        if not home.is_dir():
            continue
        for family in sorted(home.iterdir(), key=lambda entry: entry.name):
            for log in _logs(family):
                lines = log.read_text("utf-8").split("\n")
                for line in lines:
                    if line.startswith("#: ") and " at " in line:
                        excerpt = tuple(text for text in lines if not text.startswith(("#:", "#~")))[:EXCERPT]
                        found.setdefault(line[3:].partition(" at ")[0], (f"{family.name}/{log.name}", excerpt))
        break
    return found


def _logs(family: Traversable | Path) -> list[Traversable]:
    if not family.is_dir() or family.name == "lab":
        return []
    return sorted((entry for entry in family.iterdir() if entry.name.endswith(".txt")), key=lambda entry: entry.name)
