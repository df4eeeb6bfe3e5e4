"""`tdparse explain`: the annotated narrative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from tcpdump_parse.cli.input import Log, is_live
from tcpdump_parse.cli.options import Command, for_people, reads_logs, writes
from tcpdump_parse.cli.output import FOR_PEOPLE, Target, language, width

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tcpdump_parse.check.rule import Rule
    from tcpdump_parse.tell import Order, Phase
    from tcpdump_parse.write.story import Look

PHASES: Final = ("opening", "data", "idle", "close", "reset")


class Phases(click.ParamType["frozenset[Phase]"]):
    """Names of phases, with commas between them."""

    name = "phases"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[Phase]:
        from tcpdump_parse.tell import Phase

        if isinstance(value, frozenset):
            return value
        names = [name.strip() for name in value.split(",") if name.strip()]
        for name in names:
            if name not in PHASES:
                self.fail(f"{name!r} is no phase; they are: {', '.join(PHASES)}.", param, ctx)
        return frozenset(map(Phase, names))


@click.command(cls=Command)
@reads_logs
@click.option("-v", "--verbose", "detail", flag_value="verbose", help="Every segment, with all that its record says.")
@click.option("-q", "--quiet", "detail", flag_value="quiet", help="Verdicts alone.")
@click.option("--teach", is_flag=True, help="Explain each term where it first appears.")
@click.option("--flow", metavar="N|'A > B'", default="", help="This connection: its number, or its ends as tdparse flows prints them.")
@click.option("--client", metavar="ADDR[:PORT]", default="", help="Connections of this client.")
@click.option("--port", metavar="PORT", help="Connections with this port at either end.")
@click.option("--only", metavar="PHASE,…", type=Phases(), default=frozenset(), help=f"These phases: {', '.join(PHASES)}.")
@click.option("--no-plugins", is_flag=True, help="No rules of other packages.")
@for_people
@writes("text", "markdown", "json")
def explain(
    log: Log,
    target: Target,
    detail: str | None,
    teach: bool,
    flow: str,
    client: str,
    port: str | None,
    only: frozenset[Phase],
    no_plugins: bool,
) -> None:
    """Tell what happened, segment by segment, in plain words."""
    from tcpdump_parse.read.portions import together
    from tcpdump_parse.tell import Choice, Detail, Lessons, Manner, tell
    from tcpdump_parse.tell.judging import judged
    from tcpdump_parse.track import track

    lang = language(target.lang) if target.format in FOR_PEOPLE else target.lang or "en"
    lessons = Lessons.TEACH if teach else Lessons.NONE
    manner = Manner(lang, Detail(detail or "normal"), _order(log.files), lessons, Choice(flow, client, port, only))
    with target.text(*log.files) as out:
        found = judged(together(track(log.in_portions(out))), _known(log, plugins=not no_plugins))
        _write(tell(together(found), manner), out, target, lang)
    log.judge()


def _known(log: Log, *, plugins: bool) -> dict[str, Rule]:
    """The rules whose findings are told; those of others are left out as soon as they fail, the story goes on."""
    from tcpdump_parse.check.plugins import sheltered
    from tcpdump_parse.check.rule import PluginError, rules

    try:
        return sheltered(rules(plugins=plugins), log.fault)
    except PluginError as error:
        log.fault(error)
        return rules(plugins=False)


def _order(files: tuple[str, ...]) -> Order:
    """Files are told one connection after the other; what comes as it happens, as it happens."""
    from tcpdump_parse.tell import Order

    return Order.LOG if any(map(is_live, files)) else Order.CONNECTION


def _write(story: Iterable[Any], out: TextIO, target: Target, lang: str) -> None:
    from tcpdump_parse.write import story as forms

    match target.format:
        case "text":
            forms.text(story, out, look(out, target, lang))
        case "markdown":
            forms.markdown(story, out, lang)
        case _:
            forms.records(story, out)


def look(out: TextIO, target: Target, lang: str) -> Look:
    """How the page looks on this handle."""
    from tcpdump_parse.write.story import Glyphs, Look, Paint

    paint = Paint.COLOUR if target.coloured(out) else Paint.PLAIN
    return Look(width(out), paint, Glyphs.UNICODE if _draws(out) else Glyphs.ASCII, lang)


def _draws(out: TextIO) -> bool:
    """Whether the handle's encoding has arrows and lines."""
    try:
        "→←─│►×µ…".encode(out.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
