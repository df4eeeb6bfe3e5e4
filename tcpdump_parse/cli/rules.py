"""`tdparse rules`: every rule, or one explained."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from tcpdump_parse.cli.errors import Failure
from tcpdump_parse.cli.options import Command, for_people, writes
from tcpdump_parse.cli.output import FOR_PEOPLE, Target, language, width

if TYPE_CHECKING:
    from tcpdump_parse.tell.rules import Explained


@click.command(cls=Command, short_help="List the rules, or explain one.")
@click.argument("name", metavar="[NAME]", required=False)
@click.option("--no-plugins", is_flag=True, help="No rules of other packages.")
@for_people
@writes("text", "json")
def rules(name: str | None, target: Target, no_plugins: bool) -> None:
    """List the rules, or explain one: the fault, why it matters, the RFC's sentence, a sample, its names elsewhere.

    NAME is a rule's name, or what another program calls it: tcp.analysis.keep_alive finds ours. A family, a glob, or words of a title list
    their rules.
    """
    from tcpdump_parse.tell.rules import explained, matching, named

    lang = language(target.lang) if target.format in FOR_PEOPLE else target.lang or "en"
    pages = [] if name is None else named(name, lang, plugins=not no_plugins)
    found = pages or (explained(lang, plugins=not no_plugins) if name is None else matching(name, lang, plugins=not no_plugins))
    if not found:
        raise Failure(_unknown(name or "", plugins=not no_plugins))
    with target.text() as out:
        if target.format == "json":
            import msgspec

            out.write(msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n")
            return
        colour = target.coloured(out)
        lines = bound(pages, width(out), lang, colour=colour) if pages else listed(found, colour=colour)
        out.writelines(line + "\n" for line in lines)


def _unknown(name: str, *, plugins: bool) -> str:
    from tcpdump_parse.check.rule import rules as known
    from tcpdump_parse.check.select import meant

    return f"no rule is called {name!r}, here or elsewhere; {meant(name, known(plugins=plugins))}`tdparse rules` lists them"


def listed(found: list[Explained], *, colour: bool = False) -> Iterator[str]:
    """A line a rule, family by family."""
    family = ""
    widest = max(len(rule.name) for rule in found)
    for rule in found:
        if rule.family != family:
            yield from ([] if not family else [""])
            family = rule.family
            yield _bold(family) if colour else family
        yield f"  {_severity(rule, colour=colour)}{' ' * (5 - len(rule.severity))}  {rule.name:{widest}}  {rule.title}"


def bound(found: list[Explained], columns: int | None, lang: str, *, colour: bool = False) -> Iterator[str]:
    """Page after page, each apart from the one before."""
    for n, rule in enumerate(found):
        yield from ("", "") if n else ()
        yield from page(rule, columns, lang, colour=colour)


def page(rule: Explained, columns: int | None, lang: str = "en", *, colour: bool = False) -> Iterator[str]:
    """One rule on a page; its paragraphs are wrapped at `columns`, and each is one line without."""
    from tcpdump_parse.tell.rules import resting
    from tcpdump_parse.tell.words import words

    said = words(lang)
    yield f"{_bold(rule.name) if colour else rule.name}  ({rule.family}, {_severity(rule, colour=colour)})"
    if rule.title != rule.fault:
        yield rule.title
    yield ""
    if said.lang != "en":
        yield said.say("page.language")
    yield from _paragraph(rule.fault, columns)
    yield from _paragraph(rule.reason, columns)
    if rule.cites:
        yield ""
        yield rule.cites + (f" ({rule.label})" if rule.label else "")
        yield from _paragraph(f"“{rule.quote}”", columns, "  ") if rule.quote else ()
    if rule.needs:
        yield ""
        yield from _paragraph(resting(rule, said), columns)
    if rule.elsewhere:
        yield ""
        yield from _paragraph(said.say("page.elsewhere", names=said.say("term.comma").join(rule.elsewhere)), columns)
    if rule.sample:
        yield ""
        yield said.say("page.sample", path=rule.sample)
        yield from (f"  {line}" for line in rule.excerpt)


def _bold(text: str) -> str:
    from tcpdump_parse.write.report.text import BOLD, PLAIN

    return f"{BOLD}{text}{PLAIN}"


def _severity(rule: Explained, *, colour: bool) -> str:
    from tcpdump_parse.model import Severity
    from tcpdump_parse.write.report.text import COLOURS, PLAIN

    return f"{COLOURS[Severity(rule.severity)]}{rule.severity}{PLAIN}" if colour else rule.severity


def _paragraph(text: str, columns: int | None, indent: str = "") -> list[str]:
    if columns is None:
        return [indent + " ".join(text.split())] if text else []
    return textwrap.wrap(text, columns, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
