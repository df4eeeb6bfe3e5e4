"""`tdparse check`: findings, as a linter prints them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import click

from tcpdump_parse.cli.config import LEVELS, Config, config
from tcpdump_parse.cli.errors import Failure, Status
from tcpdump_parse.cli.input import Log, is_live
from tcpdump_parse.cli.options import Command, for_people, reads_logs, writes
from tcpdump_parse.cli.output import FOR_PEOPLE, Target, language

if TYPE_CHECKING:
    from tcpdump_parse.model import Finding, Read, Severity
    from tcpdump_parse.write.report import Reported, Summary

OURS: Final = "ours"
WIRESHARK: Final = "wireshark"


class Names(click.ParamType[tuple[str, ...]]):
    """Rule names, families or globs, with commas between them."""

    name = "rules"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        return value if isinstance(value, tuple) else tuple(name.strip() for name in str(value).split(",") if name.strip())


def _together(ctx: click.Context, param: click.Parameter, given: tuple[tuple[str, ...], ...]) -> tuple[str, ...] | None:
    """An option that was given several times, as one list; None where it was not."""
    return tuple(name for names in given for name in names) if given else None


def _some(ctx: click.Context, param: click.Parameter, given: tuple[tuple[str, ...], ...]) -> tuple[str, ...] | None:
    names = _together(ctx, param, given)
    if names == ():
        raise click.BadParameter("it names no rule; '*' is all of them.", ctx, param)
    return names


@click.command(cls=Command, short_help="Hold the log against TCP's rules.")
@reads_logs
@click.option("--select", metavar="RULE,…", type=Names(), multiple=True, callback=_some, help="Only these rules: names, families, globs.")
@click.option("--ignore", metavar="RULE,…", type=Names(), multiple=True, callback=_together, help="Not these rules.")
@click.option("--fail-on", type=click.Choice(LEVELS), help="Exit with status 1 from this severity on. Default: error.")
@click.option("--view", type=click.Choice([WIRESHARK]), help="Wireshark's own analysis flags instead of our findings.")
@click.option(
    "--compare", type=click.Choice([WIRESHARK]), help="Where our judgement and Wireshark's flags differ, frame by frame, and why."
)
@click.option("--config", "settings", metavar="FILE", type=click.Path(path_type=Path), help="Settings from this file.")
@click.option("--isolated", is_flag=True, help="No settings from any file.")
@click.option("--no-plugins", is_flag=True, help="No rules of other packages.")
@for_people
@writes("text", "jsonl", "sarif", "junit", "github")
def check(
    log: Log,
    target: Target,
    select: tuple[str, ...] | None,
    ignore: tuple[str, ...] | None,
    fail_on: str | None,
    view: str | None,
    compare: str | None,
    settings: Path | None,
    isolated: bool,
    no_plugins: bool,
) -> Status:
    """Hold the log against TCP's rules: each finding names a line, a rule, and how sure it is.

    Settings come from tdparse.toml, or [tool.tdparse] of pyproject.toml, in this folder or the nearest above: select, ignore, fail-on.
    """
    _agree(view, compare, select or ignore, settings, isolated=isolated)
    chosen = _chosen(select, ignore, fail_on, Config() if isolated else config(settings))
    failing = _failing(chosen.fail_on or "error")
    if view or compare:
        chosen = Config(select or (), ignore or ())  # what a file says is about our rules
        _fields(chosen)
    else:
        _known(chosen, select, ignore, plugins=not no_plugins)
    with target.text(*log.files) as out:
        from tcpdump_parse.write.report import Summary

        summary = Summary()
        findings = _findings(log, out, chosen, view or (compare and f"compare {compare}"), plugins=not no_plugins)
        lang = language(target.lang) if target.format in FOR_PEOPLE else target.lang or "en"
        reported = _counted(_reported(findings, log), summary, log)
        _write(reported, out, target, summary, failing, log, lang, plugins=not no_plugins)
    log.conclude()
    return Status.FOUND if any(summary.found.get(severity) for severity in failing) else Status.DONE


def _agree(view: str | None, compare: str | None, names: tuple[str, ...] | None, settings: Path | None, *, isolated: bool) -> None:
    """UsageError for options of which one would silently lose."""
    if isolated and settings is not None:
        raise click.UsageError("--isolated takes no settings from a file, --config does: one of them is enough.")
    if view and compare:
        raise click.UsageError("--view and --compare are two different reports: one of them at a time.")
    if compare and names:
        raise click.UsageError("--compare is about retransmission and order alone: --select and --ignore choose nothing in it.")


def _known(chosen: Config, select: tuple[str, ...] | None, ignore: tuple[str, ...] | None, *, plugins: bool) -> None:
    """Failure for a name that is no rule's, before anything is written; it says where the name stands."""
    from tcpdump_parse.check.rule import rules
    from tcpdump_parse.check.select import chosen as names

    for key, given, patterns in (("select", select, chosen.select), ("ignore", ignore, chosen.ignore)):
        try:
            names(rules(plugins=plugins), patterns)
        except ValueError as error:
            raise Failure(f"{f'--{key}' if given is not None else f'{chosen.path}: {key}'}: {error}") from None


def _fields(chosen: Config) -> None:
    """The same for Wireshark's names."""
    from fnmatch import filter as matching

    from tcpdump_parse.check.wireshark import BLIND, MEANINGS

    fields = [*(meaning.field for meaning in MEANINGS.values()), BLIND]
    for pattern in (*chosen.select, *chosen.ignore):
        if not matching(fields, pattern):
            raise Failure(f"no flag of Wireshark's analysis is called {pattern!r}; there are: {', '.join(fields)}")


def _chosen(select: tuple[str, ...] | None, ignore: tuple[str, ...] | None, fail_on: str | None, set_: Config) -> Config:
    """What the command line says wins over the file."""
    return Config(set_.select if select is None else select, set_.ignore if ignore is None else ignore, fail_on or set_.fail_on, set_.path)


def _failing(level: str) -> tuple[Severity, ...]:
    from tcpdump_parse.model import Severity

    order = [Severity.ERROR, Severity.WARN, Severity.NOTE]
    return () if level == "never" else tuple(order[: order.index(Severity(level)) + 1])


def _findings(log: Log, out: TextIO, chosen: Config, view: str | None, *, plugins: bool) -> Iterator[Finding]:
    from tcpdump_parse.check.engine import check as checked
    from tcpdump_parse.check.plugins import sheltered
    from tcpdump_parse.check.rule import rules
    from tcpdump_parse.read.portions import unbroken
    from tcpdump_parse.track import track

    events = log.events(out)
    if view == WIRESHARK:
        yield from _of_wireshark(events, chosen)
        return
    known = sheltered(rules(plugins=plugins), log.fault)
    if view:
        from tcpdump_parse.check import wireshark

        ours, theirs = tee(events)
        yield from wireshark.compare(list(checked(track(ours), ("loss",))), list(wireshark.view(theirs)))
        return
    yield from checked(unbroken(track(log.in_portions(out))), chosen.select, chosen.ignore, known)


def _of_wireshark(events: Iterator[Read], chosen: Config) -> Iterator[Finding]:
    """Its flags; `--select` and `--ignore` take its field names and globs."""
    from fnmatch import fnmatchcase

    from tcpdump_parse.check import wireshark

    for finding in wireshark.view(events):
        wanted = not chosen.select or any(fnmatchcase(finding.rule, pattern) for pattern in chosen.select)
        if wanted and not any(fnmatchcase(finding.rule, pattern) for pattern in chosen.ignore):
            yield finding


def _reported(findings: Iterable[Finding], log: Log) -> Iterator[Reported]:
    """Each where it stands, without words as yet: of a thousand that are folded into one, one is worded."""
    from tcpdump_parse.write.report import Reported

    located = log.located
    for finding in findings:
        file, here = located(finding)
        yield Reported(here, file)


def _worded(reported: Iterable[Reported], lang: str) -> Iterator[Reported]:
    from tcpdump_parse.tell.findings import title, worded
    from tcpdump_parse.tell.words import words
    from tcpdump_parse.write.report import Reported

    said = words(lang)
    for one in reported:
        yield Reported(worded(one.finding, said), one.file, title(one.finding, said), one.more, one.frames)


def _counted(reported: Iterable[Reported], summary: Summary, log: Log) -> Iterator[Reported]:
    for one in reported:
        summary.count(one.finding)
        yield one
    summary.packets = log.packets


def _write(
    reported: Iterable[Reported],
    out: TextIO,
    target: Target,
    summary: Summary,
    failing: tuple[Severity, ...],
    log: Log,
    lang: str,
    *,
    plugins: bool,
) -> None:
    from tcpdump_parse.write import report

    match target.format:
        case "text":
            from tcpdump_parse.tell.words import words

            lines = reported if any(map(is_live, log.files)) else report.folded(reported)
            report.text(_worded(lines, lang), out, summary, colour=target.coloured(out), words=words(lang))
        case "jsonl":
            target.writer.write(_filed(_worded(reported, lang)), out)
        case "sarif":
            report.sarif(_worded(reported, lang), out, _descriptions(plugins=plugins), _version(), log.faults)
        case "junit":
            report.junit(_worded(reported, lang), out, failing, log.logs, log.unread_files)
        case _:
            report.github(_worded(reported, lang), out)


def _filed(reported: Iterable[Reported]) -> Iterator[Finding]:
    """Each with the file its lines are in: of several files a capture's number does not say which."""
    from msgspec.structs import replace

    from tcpdump_parse.visible import encodable

    for one in reported:
        yield replace(one.finding, file=encodable(one.file))


def _descriptions(*, plugins: bool) -> dict[str, dict[str, str]]:
    from tcpdump_parse.check.rule import rules
    from tcpdump_parse.check.wireshark import MEANINGS

    ours = {name: {"title": rule.title, "reason": rule.reason, "cites": rule.cites} for name, rule in rules(plugins=plugins).items()}
    return ours | {meaning.field: {"title": meaning.message} for meaning in MEANINGS.values()}


def _version() -> str:
    from importlib.metadata import version

    return version("tdparse")
