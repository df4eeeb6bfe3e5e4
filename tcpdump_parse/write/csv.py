"""CSV (RFC 4180): one row a packet or unread record, a connection, or a finding; the columns are the model's fields.

What it cannot carry: captures and notices have no rows; lists and free text that is not UTF-8 are cells of JSON. Text that a
spreadsheet would run as a formula begins with an apostrophe (`visible.csv_cell`); take JSON lines where every octet matters.
"""

from __future__ import annotations

import csv as table
from collections.abc import Iterable, Iterator
from typing import Final, TextIO

import msgspec
from msgspec import inspect

from tcpdump_parse.model import Finding, Packet, Unread
from tcpdump_parse.model.flow import Flow
from tcpdump_parse.visible import csv_cell
from tcpdump_parse.write import writer

KINDS: Final[tuple[tuple[type[msgspec.Struct], ...], ...]] = ((Packet, Unread), (Flow,), (Finding,))
"""What may share a table. The first value that has a row decides which of them is written."""


@writer("csv", suffix=".csv")
def csv(values: Iterable[msgspec.Struct], out: TextIO) -> None:
    """A header, then one row a value; a field that was not printed is an empty cell."""
    rows = table.writer(out, lineterminator="\r\n")
    kinds: tuple[type[msgspec.Struct], ...] = ()
    columns: list[str] = []
    for value in values:
        if not kinds:
            kinds = next((kinds for kinds in KINDS if isinstance(value, kinds)), ())
            if not kinds:
                continue
            columns = list(dict.fromkeys(column for kind in kinds for column in columns_of(kind)))
            rows.writerow(columns)
        if isinstance(value, kinds):
            cells = dict(_cells(value, frozenset(columns)))
            rows.writerow([cells.get(column, "") for column in columns])


def columns_of(kind: type[msgspec.Struct]) -> Iterator[str]:
    """The columns of a type: its fields, those of a nested type as `tcp.seq`. Derived, so that a new field is a new column."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    yield from _columns(info, "")


def _columns(info: inspect.StructType, prefix: str) -> Iterator[str]:
    if info.tag_field:
        yield prefix + info.tag_field
    for field in info.fields:
        name = prefix + field.encode_name
        nested = _structs(field.type)
        if nested:
            for struct in nested:
                yield from _columns(struct, name + ".")
        else:
            yield name


def _structs(info: inspect.Type) -> list[inspect.StructType]:
    """The types a field nests; none when it is a plain value, or may be one."""
    options = info.types if isinstance(info, inspect.UnionType) else (info,)
    structs = [option for option in options if isinstance(option, inspect.StructType)]
    return structs if len(structs) == len(options) else []


def _cells(value: msgspec.Struct, columns: frozenset[str], prefix: str = "") -> Iterator[tuple[str, object]]:
    config = value.__struct_config__
    if config.tag_field:
        yield prefix + config.tag_field, config.tag
    for name, key in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
        item = getattr(value, name)
        column = prefix + key
        if isinstance(item, msgspec.Struct) and column not in columns:
            yield from _cells(item, columns, column + ".")
        elif item is not msgspec.UNSET:
            yield column, _cell(item)


def _cell(item: object) -> object:
    if isinstance(item, str):
        return csv_cell(item)
    if isinstance(item, int | float) and not isinstance(item, bool):
        return item
    return msgspec.json.encode(item).decode()
