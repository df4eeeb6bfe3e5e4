"""The end of the page: verdicts and the overview."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tcpdump_parse.tell.amounts import seconds
from tcpdump_parse.tell.told import Basis, Overview, Reason, Row, Verdict
from tcpdump_parse.tell.words import Words
from tcpdump_parse.write.story.look import Look, Style, cells, fold, pad, pad_left


def verdict_lines(value: Verdict, look: Look, words: Words) -> list[str]:
    """What the connection was, then one line for each thing it rests on; a line in all for one of many."""
    if value.brief:
        return _brief(value, look, words)
    title = words.say("term.verdict_on", conn=value.conn)
    made = [f"{look.dye(Style.HEADING, title)}  {look.dye(Style.DIM, value.flow)}"]
    if look.width is not None and cells(title) + 2 + cells(value.flow) > look.width:
        made = [look.dye(Style.HEADING, title), *(f"  {look.dye(Style.DIM, line)}" for line in fold(value.flow, look.width - 2))]
    agreed = words.say("verdict.agreed", agreed=value.agreed) if value.agreed else ""
    room = None if look.width is None else look.width - 2
    for number, paragraph in enumerate(part for part in (value.headline, value.summary, agreed) if part):
        style = Style.REMARK if number == 0 else None
        made += [f"  {look.dye(style, line) if style else line}" for line in fold(paragraph, room)]
    return made + reason_lines(value.reasons, look, words)


def _brief(value: Verdict, look: Look, words: Words) -> list[str]:
    time = "" if value.seconds is None else f" {seconds(value.seconds, value.resolution)},"
    figures = f"{value.conn_state},{time} {words.count('packets', value.packets)}, {value.client_octets} B →, ← {value.server_octets} B"
    title = f"{look.dye(Style.HEADING, f'#{value.conn}')}  {look.dye(Style.DIM, value.flow)}"
    if look.width is not None and cells(f"#{value.conn}  {value.flow}  {figures}") > look.width:
        return [title, *(f"  {line}" for line in fold(figures, look.width - 2))]
    return [f"{title}  {figures}"]


def reason_lines(reasons: Iterable[Reason], look: Look, words: Words) -> list[str]:
    """Each reason behind the word it rests on, which is aligned."""
    column = max(cells(words.say(f"basis.{basis.value}")) for basis in Basis) + 2
    made = []
    for reason in reasons:
        room = None if look.width is None else look.width - 2 - column
        name = words.say(f"severity.{reason.severity}") if reason.severity else words.say(f"basis.{reason.basis.value}")
        head = look.dye(_style(reason), pad(name, column))
        rule = f"{reason.rule}: " if reason.rule else ""
        for number, line in enumerate(fold(rule + reason.text, room)):
            made.append(f"  {head if number == 0 else ' ' * column}{line}")
    return made


def _style(reason: Reason) -> Style:
    if reason.severity:
        return {"error": Style.ERROR, "warn": Style.WARN}.get(reason.severity, Style.REMARK)
    return Style.REMARK if reason.basis is Basis.PROVED else Style.DIM


def overview_lines(value: Overview, look: Look, words: Words) -> list[str]:
    """The log as a whole; nothing when one connection and no remark make it."""
    table = value.connections > 1
    if not value.reasons and not table:
        return []
    name = words.say("term.capture", capture=value.capture) if value.capture else words.say("term.whole_log")
    made = [look.dye(Style.HEADING, words.say("term.overview") if table else name)]
    if table:
        packets, connections = words.count("packets", value.packets), words.count("connections", value.connections)
        made += [f"  {words.say('overview.held', packets=packets, connections=connections)}"]
        made += _states(value, look, words)
        made += _table(value.rows, look, words)
        if value.more:
            made += [f"  {words.say('overview.more', n=value.more)}"]
    return made + reason_lines(value.reasons, look, words)


def _states(value: Overview, look: Look, words: Words) -> list[str]:
    """How many connections ended how."""
    who = {"client": words.client, "server": words.server, "Client": words.Client, "Server": words.Server}
    made = []
    for state, n in value.conn_states.items():
        meaning = value.meanings.get(state) or words.say(f"verdict.{state}", **who)
        room = None if look.width is None else look.width - 4
        told = words.say("overview.state", n=n, conn_state=state, meaning=meaning)
        made += [f"  {'  ' if number else ''}{line}" for number, line in enumerate(fold(told, room))]
    return made


_PLACE: Final = {"conn": pad_left, "flow": pad, "packets": pad_left, "time": pad_left, "up": pad_left, "down": pad_left, "state": pad}


def _table(rows: tuple[Row, ...], look: Look, words: Words) -> list[str]:
    names = tuple(_PLACE)
    grid = [[words.say(f"overview.columns_{name}") for name in names], *(_cells_of(row) for row in rows)]
    widths = [max(cells(line[column]) for line in grid) for column in range(len(names))]
    if look.width is not None and sum(widths) + 2 * len(widths) > look.width:
        return _narrow(grid, widths, look)
    made = []
    for number, line in enumerate(grid):
        placed = (_PLACE[name](cell, width) for name, cell, width in zip(names, line, widths, strict=True))
        row = f"  {'  '.join(placed)}".rstrip()
        made.append(look.dye(Style.DIM, row) if number == 0 else row)
    return made


def _narrow(grid: list[list[str]], widths: list[int], look: Look) -> list[str]:
    """Two lines a connection: who, then the figures."""
    made = []
    for number, line in enumerate(grid):
        figures = "  ".join(pad_left(cell, width) for cell, width in zip(line[2:], widths[2:], strict=True))
        pair = [f"  {pad_left(line[0], widths[0])}  {line[1]}", f"  {' ' * widths[0]}  {figures}".rstrip()]
        made += [look.dye(Style.DIM, part) for part in pair] if number == 0 else pair
    return made


def _cells_of(row: Row) -> list[str]:
    time = seconds(row.seconds, row.resolution)
    return [str(row.conn), row.flow, str(row.packets), time, str(row.client_octets), str(row.server_octets), row.conn_state]
