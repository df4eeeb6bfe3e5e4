"""`tdparse schema`: the JSON Schema of everything that any command writes as JSON lines. Derived from the model, never written."""

from __future__ import annotations

from typing import Any

import click

from tcpdump_parse.cli.options import Command, writes
from tcpdump_parse.cli.output import Target


def described() -> dict[str, Any]:
    """JSON Schema 2020-12 of one line of output."""
    import msgspec

    from tcpdump_parse.model import SCHEMA, Event

    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"A line of tdparse's JSON output, schema {SCHEMA}"}
    return head | msgspec.json.schema(Event)


@click.command(cls=Command)
@writes("json")
def schema(target: Target) -> None:
    """Print the JSON Schema of all JSON lines."""
    import msgspec

    with target.text() as out:
        out.write(msgspec.json.format(msgspec.json.encode(described())).decode() + "\n")
