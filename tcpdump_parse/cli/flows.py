"""`tdparse flows`: a row a connection."""

from __future__ import annotations

import click

from tcpdump_parse.cli.input import Log
from tcpdump_parse.cli.options import Command, reads_logs, writes
from tcpdump_parse.cli.output import Target


@click.command(cls=Command, short_help="Print a row for each connection.")
@reads_logs
@writes("table", "jsonl", "csv")
def flows(log: Log, target: Target) -> None:
    """Print a row for each connection: roles, counts, durations, states."""
    from tcpdump_parse.read.portions import unbroken
    from tcpdump_parse.track import flows as followed

    with target.text(*log.files) as out:
        target.writer.write(followed(unbroken(log.in_portions(out))), out)
    log.conclude()
