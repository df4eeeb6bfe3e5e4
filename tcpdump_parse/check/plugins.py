"""Rules of other packages while they run: what they raise is named as theirs, and costs no more than what they would have found.

Law: our own rules are never wrapped, a fault of ours must be seen. `named` is put around what is loaded, so that whoever calls the
library learns whose code failed, and where; `sheltered` goes on without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from msgspec import convert
from msgspec.json import encode

from tcpdump_parse.check.notes import CaptureNotes, Notes
from tcpdump_parse.check.rule import Facts, PluginError, Rule
from tcpdump_parse.model import Severity

OURS = "tcpdump_parse."
_PLACED = tuple[int | None, tuple[int, ...], Severity | None, str | None, tuple[int, int] | None]
"""Frame, evidence, severity, side and lines of what a rule found."""


def named(rule: Rule) -> Rule:
    """The rule of a vendor; whatever its code raises comes as a PluginError that says vendor, rule and frame."""
    body = rule.body

    def asked(*arguments: Any) -> Iterator[Facts]:
        try:
            for facts in body(*arguments):
                if not isinstance(facts, Facts):
                    raise TypeError(f"{facts!r} is no Facts")
                _sound(facts)
                yield facts
        except (Exception, SystemExit) as error:  # whatever the code of others raises
            raise PluginError(_sentence(rule.name, arguments, error)) from error

    return replace(rule, body=asked, notes=_told(rule.notes, rule.name))


def _sound(facts: Facts) -> None:
    """Raises for what no report could write: an object of no JSON, a severity that is none, text for a frame."""
    encode(facts.facts)
    placed = convert((facts.frame, facts.evidence, facts.severity, facts.side, facts.lines), _PLACED)
    facts.frame, facts.evidence, facts.severity, facts.side, facts.lines = placed


def sheltered(known: Mapping[str, Rule], told: Callable[[PluginError], None]) -> dict[str, Rule]:
    """The same rules; one of another package that raises, or whose notes do, is told once and asked no more."""
    broken: set[str] = set()

    def fault(name: str, error: PluginError) -> None:
        if name not in broken:
            broken.add(name)
            told(error)

    return {name: _sheltered(rule, broken, fault) if "/" in name else rule for name, rule in known.items()}


def _sheltered(rule: Rule, broken: set[str], fault: Callable[[str, PluginError], None]) -> Rule:
    def asked(*arguments: Any) -> Iterator[Facts]:
        if rule.name in broken:
            return
        try:
            yield from rule.body(*arguments)
        except PluginError as error:
            fault(rule.name, error)

    return replace(rule, body=asked, notes=_silenced(rule.notes, rule.name, broken, fault))


Around = Callable[[Callable[..., None]], Callable[..., None]]


def _told(notes: type[Notes] | None, rule: str) -> type[Notes] | None:
    """The vendor's notes with their faults named."""

    def around(method: Callable[..., None]) -> Callable[..., None]:
        def told(self: Notes, *event: Any) -> None:
            try:
                method(self, *event)
            except (Exception, SystemExit) as error:  # whatever the code of others raises
                raise PluginError(_sentence(rule, event, error)) from error

        return told

    return _wrapped(notes, around)


def _silenced(notes: type[Notes] | None, rule: str, broken: set[str], fault: Callable[[str, PluginError], None]) -> type[Notes] | None:
    def around(method: Callable[..., None]) -> Callable[..., None]:
        def silenced(self: Notes, *event: Any) -> None:
            if rule in broken:
                return
            try:
                method(self, *event)
            except PluginError as error:
                fault(rule, error)

        return silenced

    return _wrapped(notes, around)


def _wrapped(notes: type[Notes] | None, around: Around) -> type[Notes] | None:
    """A class of the vendor's own making with its two methods wrapped; ours stay as they are."""
    if notes is None or notes.__module__.startswith(OURS):
        return notes
    methods = {"__init__": around(notes.__init__), "see": around(notes.see), "__module__": notes.__module__}
    if notes.see_each is not Notes.see_each:
        methods["see_each"] = around(notes.see_each)
    if issubclass(notes, CaptureNotes) and notes.see_all is not CaptureNotes.see_all:
        methods["see_all"] = around(notes.see_all)
    shares = tuple(each for each in (_wrapped(share, around) for share in notes.shares) if each)
    return type(notes.__name__, (notes,), {**methods, "shares": shares})


def _sentence(name: str, arguments: tuple[Any, ...], error: BaseException) -> str:
    vendor, _, rule = name.partition("/")
    frame = next((found for found in map(_frame, arguments) if found is not None), None)
    where = "" if frame is None else f" at frame {frame}"
    return f"the rule {rule} of {vendor} failed{where}: {error!r}; `--no-plugins` leaves it out"


def _frame(event: Any) -> int | None:
    while isinstance(event, list | tuple) and event:
        event = event[0]
    frame = getattr(event, "frame", None)
    return frame if isinstance(frame, int) else None
