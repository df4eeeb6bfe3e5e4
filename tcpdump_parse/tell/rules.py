"""Every rule as a page explains it: from the rule itself, its texts, and the sample that fires it. The docs are generated from the same."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from tcpdump_parse.check.rule import Need, Rule, rules
from tcpdump_parse.check.select import elsewhere
from tcpdump_parse.model import Packet, Unread
from tcpdump_parse.read import read
from tcpdump_parse.tell.words import Words, words


class Explained(Struct, frozen=True, omit_defaults=True):
    """One rule. `sample` is a log of the project's samples that fires it, `excerpt` what it shows there (`named` gives it)."""

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
"""Lines at most."""
LEFT_OUT = "…"


def explained(lang: str = "en", *, plugins: bool = True) -> list[Explained]:
    """All rules, by family and name."""
    return sorted((_explained(rule, lang) for rule in rules(plugins=plugins).values()), key=lambda rule: (rule.family, rule.name))


def named(name: str, lang: str = "en", *, plugins: bool = True) -> list[Explained]:
    """The rules of that name, ours or another program's ("tcp.analysis.keep_alive"); several where one of theirs is several."""
    every = explained(lang, plugins=plugins)
    wanted = name.strip().lower()
    own = [rule for rule in every if rule.name == wanted.replace("_", "-")]
    return [shown(rule) for rule in own or (rule for rule in every if elsewhere(name, rule.elsewhere))]


def matching(pattern: str, lang: str = "en", *, plugins: bool = True) -> list[Explained]:
    """The rules of that family; else those that a glob fits: their own names, or the names they have elsewhere ("tcp.analysis.*"); else
    those in whose names or title the words stand ("zero window")."""
    wanted, every = pattern.strip().lower(), explained(lang, plugins=plugins)
    family = [rule for rule in every if rule.family == wanted]
    if any(character in wanted for character in "*?["):
        return [rule for rule in every if any(fnmatchcase(name.lower(), wanted) for name in (rule.name, *rule.elsewhere))]
    return family or [rule for rule in every if wanted and _plain(wanted) in _plain(" / ".join((rule.name, rule.title, *rule.elsewhere)))]


def _plain(text: str) -> str:
    """Words as one may write them, whatever stands between them."""
    return text.lower().replace("-", " ").replace("_", " ")


def resting(rule: Explained, said: Words) -> str:
    """What the rule must be able to rely on, and what becomes of the finding where it cannot; empty if that is nothing."""
    if not rule.needs:
        return ""
    needs = said.say("report.between").join(said.say(f"page.need_{need.replace(' ', '_')}") for need in rule.needs)
    return said.say("page.needs_note" if rule.severity == "note" else "page.needs", needs=needs)


def shown(rule: Explained) -> Explained:
    """With the excerpt of its sample."""
    found = _samples().get(rule.name)
    return replace(rule, excerpt=_excerpt(found.text, found.frame)) if found else rule


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
        sample=f"samples/{sample.path}" if sample else "",
    )


class _Sample(Struct, frozen=True):
    """A log that fires a rule, about `frame` (None: known at the end)."""

    path: str
    text: str
    frame: int | None


@cache
def _samples() -> dict[str, _Sample]:
    """rule → the first sample whose head says that it fires."""
    found: dict[str, _Sample] = {}
    for home in (files("tcpdump_parse") / "samples", Path(__file__).parents[2] / "samples"):
        if not home.is_dir():
            continue
        for family in sorted(home.iterdir(), key=lambda entry: entry.name):
            for log in _logs(family):
                text = log.read_text("utf-8")
                for line in text.split("\n"):
                    if line.startswith("#: ") and " at " in line:
                        rule, _, at = line[3:].partition(" at ")
                        found.setdefault(rule, _Sample(f"{family.name}/{log.name}", text, int(at) if at.isdecimal() else None))
        break
    return found


def _excerpt(text: str, frame: int | None) -> tuple[str, ...]:
    """The log's first records; where they do not reach the record that the finding is about, those up to it."""
    lines = text.split("\n")
    places = [(event.line, event.end_line) for event in read([text.encode()]) if isinstance(event, Packet | Unread)]
    if not places:
        return ()
    first, last = places[0][0], len(lines) if frame is None else places[min(frame, len(places)) - 1][1]
    begin = first if last - first < EXCERPT else next(start for start, _ in places if last - start < EXCERPT or start == places[-1][0])
    end = begin - 1 + EXCERPT
    end = next((start - 1 for start, stop in places if last < start <= end < stop), end)  # no record of which the end is cut off
    shown = lines[begin - 1 : end]
    while shown and not shown[-1]:
        shown.pop()
    return tuple(shown) if begin == first else (LEFT_OUT, *shown)


def _logs(family: Traversable | Path) -> list[Traversable]:
    if not family.is_dir() or family.name == "lab":
        return []
    return sorted((entry for entry in family.iterdir() if entry.name.endswith(".txt")), key=lambda entry: entry.name)
