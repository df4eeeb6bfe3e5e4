"""The options that several commands share, each written once; a decorator turns them into one value of `input.py` or `output.py`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta, timezone, tzinfo
from functools import wraps
from pathlib import Path
from typing import Any

import click

from tcpdump_parse.cli.input import Log
from tcpdump_parse.cli.output import Colour, Target


class Zone(click.ParamType[tzinfo]):
    """A time zone: UTC, an offset, or a name that the system knows."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tzinfo:
        if isinstance(value, tzinfo):
            return value
        offset = re.fullmatch(r"(?:UTC)?([+-])(\d\d?):?(\d\d)?", value)
        if offset:
            minutes = int(offset[2]) * 60 + int(offset[3] or 0)
            return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            return ZoneInfo(value)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            self.fail(f"{value!r} is no time zone; UTC, +02:00 and Europe/Paris are.", param, ctx)


class Command(click.Command):
    """A command with `--debug`, which only `main` looks at."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(click.Option(["--debug"], is_flag=True, expose_value=False, help="On an internal error show the traceback."))


def reads_logs(body: Callable[..., Any]) -> Callable[..., Any]:
    """FILE…, --join, --tz, --strict: the body gets `log`."""

    @click.argument("files", metavar="[FILE]...", nargs=-1)
    @click.option("--join", is_flag=True, help="The files are one capture, in this order (rotated by tcpdump -C or -G).")
    @click.option("--tz", metavar="ZONE", type=Zone(), help="Where the printed times are local: UTC, +02:00, Europe/Paris.")
    @click.option("--strict", is_flag=True, help="Stop at the first text that cannot be read (exit status 2).")
    @wraps(body)
    def with_log(files: tuple[str, ...], join: bool, tz: tzinfo | None, strict: bool, **rest: Any) -> Any:
        return body(log=Log(files or ("-",), join, tz, strict), **rest)

    return with_log


def writes(*formats: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--format (the first named is the default; none for a single one) and -o: the body gets `target`."""

    def decorate(body: Callable[..., Any]) -> Callable[..., Any]:
        @click.option("-o", "--output", "path", metavar="FILE", type=click.Path(path_type=Path), help="Instead of standard output.")
        @wraps(body)
        def with_target(path: Path | None, form: str | None = None, colour: str = "auto", lang: str | None = None, **rest: Any) -> Any:
            return body(target=Target(formats, form, path, Colour(colour), lang), **rest)

        if len(formats) == 1:
            return with_target
        default = f"Default: by the name of -o FILE, else {formats[0]}."
        return click.option("--format", "form", type=click.Choice(formats), help=default)(with_target)

    return decorate


def for_people(body: Callable[..., Any]) -> Callable[..., Any]:
    """--color and --lang, for a command that has a text form; stands above `writes`."""
    body = click.option("--lang", type=click.Choice(["en", "zh"]), help="Language of text. Default: LC_ALL, LC_MESSAGES, LANG.")(body)
    choices = click.Choice([str(choice) for choice in Colour])
    return click.option("--color", "colour", type=choices, default="auto", help="Default: auto, also by NO_COLOR, FORCE_COLOR.")(body)
