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

With `notes=SomeNotes` it takes that family's notes as a last argument (`check.notes`). `after=FinSent`: not asked before that happened;
`told=Told.ONCE_AN_END`: not asked again of an end of which it found something.
"""

from __future__ import annotations

import enum
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from msgspec import UNSET

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.model import Packet, Severity


class Need(enum.Flag):
    """What a rule must be able to rely on. Where it is not met, the finding is one severity lower and names it (`unless`).

    A note about a whole connection that needs `TIME` is not given without it: a figure across a step of the clock is none.
    """

    NOTHING = 0
    BOTH_SIDES = enum.auto()  # the other end was seen as well
    NO_GAP = enum.auto()  # the capture missed nothing of this connection so far
    HANDSHAKE = enum.auto()  # both SYNs were seen, so options and scale are known
    ABSOLUTE = enum.auto()  # sequence numbers are known as they were on the wire
    TIME = enum.auto()  # the clock was printed and never stepped


class Told(enum.Enum):
    """How often a rule is asked of one connection."""

    ALWAYS = enum.auto()
    ONCE_AN_END = enum.auto()  # until it found something: once for each sender of the segments that wake it


class Facts:
    """What a rule found. `frame`: the record it is about, if not the one that woke it; `evidence`: the other records it rests on.

    `packet`: that record itself, where it came long ago. `lines`: first and last line, for what is about a notice. Facts are what the
    texts' placeholders name; durations are seconds and end in `_s`, sizes are octets.
    """

    __slots__ = ("evidence", "facts", "frame", "lines", "severity", "side", "time")

    def __init__(
        self,
        *,
        frame: int | None = None,
        evidence: tuple[int, ...] = (),
        severity: Severity | None = None,
        side: str | None = None,
        lines: tuple[int, int] | None = None,
        packet: Packet | None = None,
        **facts: Any,
    ) -> None:
        self.frame = frame if packet is None else packet.frame
        self.evidence = evidence
        self.severity = severity  # only lower or higher than the rule's where the facts say so (win-shrunk by rounding)
        self.side = side
        self.lines = lines if packet is None else (packet.line, packet.end_line)
        self.time = UNSET if packet is None else packet.time
        if None in facts.values():
            facts = {name: value for name, value in facts.items() if value is not None}  # absent means not known
        self.facts = facts


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
    message: str = ""  # what a finding says that has no words of ours
    positions: tuple[str, ...] = ()  # which facts are sequence numbers of the wire, as `-S` prints them; all others are relative
    after: tuple[type, ...] = ()
    told: Told = Told.ALWAYS


_RULES: dict[tuple[str, str], Rule] = {}
"""By module and name: packages of others may call theirs as ours."""


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
    after: type | tuple[type, ...] = (),
    told: Told = Told.ALWAYS,
) -> Callable[[Callable[..., Iterator[Facts]]], Callable[..., Iterator[Facts]]]:
    """Register the function below as a rule. `quote` is a sentence of what `cites` names first, word for word; `gravest` what its facts may
    raise it to, where that is not `severity` itself; `positions` those facts that are sequence numbers as on the wire: they alone change
    with the ISN. `after`: only asked from the segment on that follows one of these; what wakes on every segment with data or an ACK
    should say it, if it can."""

    def register(body: Callable[..., Iterator[Facts]]) -> Callable[..., Iterator[Facts]]:
        name = body.__name__.replace("_", "-")
        title, _, reason = (body.__doc__ or "").partition("\n")
        if not title:
            raise TypeError(f"rule {name} has no docstring: its first line is the fault, in one sentence")
        if isinstance(elsewhere, str):
            raise TypeError(f"rule {name}: elsewhere takes several names, as a tuple")
        home = body.__module__
        package, _, family = home.rpartition(".")
        for module, other in _RULES:
            if other == name and module != home and package and module.startswith(f"{package}."):
                raise TypeError(f"rule {name} is defined twice: in {module} and in {home}")
        wakes = on if isinstance(on, tuple) else (on,)
        _RULES[home, name] = Rule(
            name, family, body, wakes, needs, Severity(severity), cites, quote, label, elsewhere, notes, title.strip(), _dedent(reason),
            Severity(gravest or severity), positions=positions, after=after if isinstance(after, tuple) else (after,), told=told,
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
    return _of(package.__name__) | (_plugged() if plugins else {})


def _of(package: str) -> dict[str, Rule]:
    """The rules registered by a module, or by the modules of a package."""
    return {name: rule for (home, name), rule in _RULES.items() if f"{home}.".startswith(f"{package}.")}


def _announced() -> bool:
    """Whether the metadata of any installed package name the group at all. Hardly ever; and to ask Python for entry points costs a tenth
    of all that starting up costs."""
    for folder in sys.path:
        try:
            with os.scandir(folder or ".") as there:
                packages = [entry.path for entry in there if entry.name.endswith((".dist-info", ".egg-info"))]
        except NotADirectoryError:
            return True  # an archive: Python knows how to look into it
        except OSError:
            continue
        if any(_names_group(package) for package in packages):
            return True
    return False


def _names_group(package: str) -> bool:
    try:
        with open(os.path.join(package, "entry_points.txt"), "rb") as points:
            return GROUP.encode() in points.read()
    except OSError:
        return False


class PluginError(Exception):
    """Rules of another package cannot be loaded, or fail; says whose, why, and what to do."""


@cache
def _plugged() -> dict[str, Rule]:
    """The rules of installed packages, under their vendors' names. Without texts of ours a finding says the rule's fault."""
    from tcpdump_parse.check.plugins import named  # it knows what a rule is

    found: dict[str, Rule] = {}
    if not _announced():
        return found
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP):
        try:
            module = point.load()
        except (Exception, SystemExit) as error:  # whatever the code of others raises, and wherever it means to leave
            whose = f"{point.name} ({point.value})"
            raise PluginError(f"the rules of {whose} cannot be loaded: {error!r}; `--no-plugins` leaves them out") from error
        for name, theirs in _of(module.__name__).items():
            known = replace(theirs, name=f"{point.name}/{name}", family=point.name, message=theirs.title)
            found[known.name] = named(known)
    return found


def _dedent(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())
