"""What a rule is: a function that yields facts, and what it says of itself. Writing the function registers it.

    @rule(on=AckAdvanced, needs=Need.BOTH_SIDES | Need.NO_GAP, severity=Severity.ERROR, cites="RFC 9293 §3.10.7.4",
          quote="If the ACK acks something not yet sent (SEG.ACK > SND.NXT), then send an ACK")
    def ack_unsent(step: Step, event: AckAdvanced) -> Iterator[Facts]:
        \"\"\"The ACK covers octets the peer never sent.

        Why it matters, and what else could look like it.
        \"\"\"

Its name with dashes is the public name, its module is its family, its first docstring line the fault, the rest the reason.
A rule reads, never writes; it yields facts, never sentences. What wakes it (`on`) is one of

    a happening of a `Step`      rule(step, event)         events of `model.happenings`, and signs (`check.signs`)
    `Ending`                     rule(ending)              a connection closed, evicted, or cut by the end of the log
    `Packet`, `Notice`, `Unread` rule(event)               a record that is no segment, a line between records, an unreadable one
    `CaptureEnd`                 rule(end)                 a capture's end: what only the whole shows

With `notes=SomeNotes` it takes that family's notes as a last argument (`check.notes`).
"""

from __future__ import annotations

import enum
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.model import Severity


class Need(enum.Flag):
    """What a rule must be able to rely on. Where it is not met, the finding is one severity lower and names it (`unless`)."""

    NOTHING = 0
    BOTH_SIDES = enum.auto()  # the other end was seen as well
    NO_GAP = enum.auto()  # the capture missed nothing of this connection so far
    HANDSHAKE = enum.auto()  # both SYNs were seen, so options and scale are known
    ABSOLUTE = enum.auto()  # sequence numbers are known as they were on the wire
    TIME = enum.auto()  # the clock was printed and never stepped


class Facts:
    """What a rule found. `frame`: the record it is about, if not the one that woke it; `evidence`: the other records it rests on.

    `lines`: first and last line, for what is about a notice. Facts are what the texts' placeholders name; durations are seconds and end
    in `_s`, sizes are octets.
    """

    __slots__ = ("evidence", "facts", "frame", "lines", "severity", "side")

    def __init__(
        self,
        *,
        frame: int | None = None,
        evidence: tuple[int, ...] = (),
        severity: Severity | None = None,
        side: str | None = None,
        lines: tuple[int, int] | None = None,
        **facts: Any,
    ) -> None:
        self.frame = frame
        self.evidence = evidence
        self.severity = severity  # only lower or higher than the rule's where the facts say so (win-shrunk by rounding)
        self.side = side
        self.lines = lines
        self.facts = {name: value for name, value in facts.items() if value is not None}  # absent means not known


@dataclass(frozen=True)
class Rule:
    """A rule as registered."""

    name: str
    family: str
    body: Callable[..., Iterator[Facts]]
    on: tuple[type, ...]
    needs: Need
    severity: Severity
    cites: str
    quote: str
    label: str  # RFC 9293's requirement label, such as MUST-13
    elsewhere: tuple[str, ...]  # the same in other programs: "tcp.analysis.retransmission", "zeek:T", "suricata:..."
    notes: type[Notes] | None
    title: str
    reason: str
    gravest: Severity  # what its facts may raise it to
    positions: tuple[str, ...] = ()  # which facts are sequence numbers of the wire, as `-S` prints them; all others are relative


_RULES: dict[str, Rule] = {}


def rule(
    *,
    on: type | tuple[type, ...],
    severity: Severity,
    needs: Need = Need.NOTHING,
    cites: str = "",
    quote: str = "",
    label: str = "",
    elsewhere: tuple[str, ...] = (),
    notes: type[Notes] | None = None,
    gravest: Severity | None = None,
    positions: tuple[str, ...] = (),
) -> Callable[[Callable[..., Iterator[Facts]]], Callable[..., Iterator[Facts]]]:
    """Register the function below as a rule. `quote` is a sentence of what `cites` names, word for word; `gravest` what its facts may
    raise it to, where that is not `severity` itself; `positions` those facts that are sequence numbers as on the wire: they alone change
    with the ISN."""

    def register(body: Callable[..., Iterator[Facts]]) -> Callable[..., Iterator[Facts]]:
        name = body.__name__.replace("_", "-")
        title, _, reason = (body.__doc__ or "").partition("\n")
        if not title:
            raise TypeError(f"rule {name} has no docstring: its first line is the fault, in one sentence")
        if name in _RULES and _RULES[name].body.__module__ != body.__module__:
            raise TypeError(f"rule {name} is defined twice: in {_RULES[name].body.__module__} and in {body.__module__}")
        family = body.__module__.rpartition(".")[2]
        wakes = on if isinstance(on, tuple) else (on,)
        _RULES[name] = Rule(
            name, family, body, wakes, needs, severity, cites, quote, label, elsewhere, notes, title.strip(), _dedent(reason),
            gravest or severity, positions,
        )  # fmt: skip
        return body

    return register


GROUP = "tdparse.rules"
"""Entry points of other packages: `vendor = "their.module"`, a module of rules like those of `check/rules/`; they become `vendor/name`."""


def rules(*, plugins: bool = True) -> dict[str, Rule]:
    """All rules by public name; a module of `check/rules/` is a family and needs no entry anywhere. Rules of others are `vendor/name`."""
    package = importlib.import_module("tcpdump_parse.check.rules")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    found = {name: rule for name, rule in _RULES.items() if rule.body.__module__.startswith(f"{package.__name__}.")}
    return found | _plugged() if plugins else found


@cache
def _plugged() -> dict[str, Rule]:
    """The rules of installed packages, under their vendors' names."""
    found: dict[str, Rule] = {}
    for point in entry_points(group=GROUP):
        before = set(_RULES)
        module = point.load()
        for name in [name for name in _RULES if name not in before and _RULES[name].body.__module__.startswith(module.__name__)]:
            theirs = _RULES.pop(name)
            found[f"{point.name}/{name}"] = replace(theirs, name=f"{point.name}/{name}", family=point.name)
    return found


def _dedent(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())
