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

    NAME is a rule's name, or what another program calls it: tcp.analysis.keep_alive finds ours.
    """
    from tcpdump_parse.tell.rules import explained, named

    lang = language(target.lang) if target.format in FOR_PEOPLE else target.lang or "en"
    found = explained(lang, plugins=not no_plugins) if name is None else named(name, lang, plugins=not no_plugins)
    if not found:
        raise Failure(f"no rule is called {name!r}, here or elsewhere; `tdparse rules` lists them")
    with target.text() as out:
        if target.format == "json":
            import msgspec

            out.write(msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n")
            return
        columns = width(out) or 100
        lines = listed(found) if name is None else (line for rule in found for line in page(rule, columns))
        out.writelines(line + "\n" for line in lines)


def listed(found: list[Explained]) -> Iterator[str]:
    """A line a rule, family by family."""
    family = ""
    widest = max(len(rule.name) for rule in found)
    for rule in found:
        if rule.family != family:
            yield from ([] if not family else [""])
            family = rule.family
            yield family
        yield f"  {rule.severity:5}  {rule.name:{widest}}  {rule.title}"


def page(rule: Explained, columns: int) -> Iterator[str]:
    """One rule on a page."""
    yield f"{rule.name}  ({rule.family}, {rule.severity})"
    yield ""
    yield from textwrap.wrap(rule.fault, columns)
    yield from textwrap.wrap(rule.reason, columns)
    if rule.cites:
        yield ""
        yield rule.cites + (f" ({rule.label})" if rule.label else "")
        yield from textwrap.wrap(f"“{rule.quote}”", columns, initial_indent="  ", subsequent_indent="  ") if rule.quote else ()
    if rule.needs:
        yield ""
        yield f"Needs: {', '.join(rule.needs)}; without them the finding is one severity lower and says so."
    if rule.elsewhere:
        yield ""
        yield f"Elsewhere: {', '.join(rule.elsewhere)}"
    if rule.sample:
        yield ""
        yield f"Sample: {rule.sample}"
        yield from (f"  {line}" for line in rule.excerpt)
