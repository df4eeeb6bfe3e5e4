"""`tdparse parse`: every record as data."""

from __future__ import annotations

import click

from tcpdump_parse.cli.input import Log
from tcpdump_parse.cli.options import Command, reads_logs, writes
from tcpdump_parse.cli.output import Target


@click.command(cls=Command)
@reads_logs
@writes("jsonl", "csv")
def parse(log: Log, target: Target) -> None:
    """Print every record as data: JSON lines, CSV.

    JSON lines carry captures, packets, notices and text that could not be read, and every other command reads them in place of the log.
    """
    with target.text(*log.files) as out:
        target.writer.write(log.events(out), out)
    log.conclude()
