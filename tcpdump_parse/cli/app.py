"""The frame of the commands: which there are, and what stands for one when none is named."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

from tcpdump_parse.cli.check import check
from tcpdump_parse.cli.errors import Failure, Status
from tcpdump_parse.cli.explain import explain
from tcpdump_parse.cli.flows import flows
from tcpdump_parse.cli.parse import parse
from tcpdump_parse.cli.replay import replay
from tcpdump_parse.cli.rules import rules
from tcpdump_parse.cli.schema import schema

LIVE: Final = "sudo tcpdump -l -S -nn -vvv -i lo port 8000 | tdparse explain"
SHORT_HELP: Final = f"""\
tdparse reads what tcpdump prints and says what happened.

  tdparse LOG          explain a saved log
  {LIVE}
                       explain what happens now

tdparse --help lists every command.
"""


class ReaderGoneError(Exception):
    """Standard output's reader closed early; click would make that an exit status of 1."""


class Frame(click.Group):
    """`tdparse LOG` is `tdparse explain LOG`, and so is a pipe without a command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, self.completed(args))

    def completed(self, args: list[str]) -> list[str]:
        """The arguments with the command that is meant in front."""
        if args and (args[0] in self.commands or args[0] in ("--help", "-h", "--version")):
            return args
        if not args and sys.stdin is not None and sys.stdin.isatty():
            return args
        self._mistyped(args)
        return ["explain", *args]

    def _mistyped(self, args: list[str]) -> None:
        """A first word that is no file and nearly a command is told as what it is."""
        if not args or os.path.lexists(args[0]):
            return
        from difflib import get_close_matches

        near = get_close_matches(args[0], self.commands, 1)
        if near:
            raise click.UsageError(f"{args[0]!r} is neither a file nor a command; did you mean {near[0]!r}?")

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGoneError from error


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"tdparse {version('tdparse')}")
        ctx.exit()


@click.group(
    cls=Frame,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    epilog=f"Live:  {LIVE}",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit.")
@click.pass_context
def app(ctx: click.Context) -> None:
    """Read what tcpdump prints, follow every TCP connection in it, and say in plain words what happened.

    FILE is a saved log, plain, packed, or inside Markdown; JSON lines from `tdparse parse`; or a pcap. Without FILE, or with -, standard
    input is read. `tdparse LOG` is `tdparse explain LOG`.
    """
    if ctx.invoked_subcommand is None:
        click.echo(SHORT_HELP, nl=False)


for command in (explain, parse, check, flows, replay, rules, schema):
    app.add_command(command)


def run(arguments: Sequence[str]) -> Status:
    """Run one command line; usage errors are told as click tells them."""
    try:
        status = app.main(list(arguments), prog_name="tdparse", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return Status(error.exit_code)
    except ReaderGoneError as error:
        raise BrokenPipeError from error
    except click.Abort:
        raise Failure("stopped", Status.STOPPED) from None
    return Status(status or 0)
