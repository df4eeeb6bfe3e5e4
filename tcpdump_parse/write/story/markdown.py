"""The story as Markdown for a ticket: a table for each connection, its verdict as a list.

Text of the log stands in code spans, which render literally; what could end a span or a table cell is escaped. Long stories are better
sent as a file: a table row is a segment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TextIO

from tcpdump_parse.model.terms import Side
from tcpdump_parse.tell.amounts import seconds
from tcpdump_parse.tell.told import Begun, Listening, Overview, Phase, Reason, Remark, Run, Sentence, Story, Told, Verdict, Weight
from tcpdump_parse.tell.words import Words, words
from tcpdump_parse.write.story.text import endpoint, label, numbers

_COLUMNS = ("frame", "since", "segment", "numbers", "story")


def markdown(story: Iterable[Story], out: TextIO, lang: str = "en") -> None:
    """Write the story; blocks are separated by blank lines."""
    page = _Page(words(lang))
    for value in story:
        for line in page.lines(value):
            out.write(line)
            out.write("\n")


def code(text: str) -> str:
    """Text of the log as a code span: a fence longer than any run of backticks in it, and no bare `|` (tables)."""
    longest = max((len(run) for run in _backticks(text)), default=0)
    fence = "`" * (longest + 1)
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{blank}{text}{blank}{fence}".replace("|", "\\|")


def _backticks(text: str) -> Iterator[str]:
    run = ""
    for character in text + " ":
        if character == "`":
            run += character
        elif run:
            yield run
            run = ""


def prose(text: str) -> str:
    """Our own sentence, with what Markdown would take for markup escaped: numbers and names in it may come from anywhere."""
    return "".join(f"\\{character}" if character in "\\`*_[]<>|~#" else character for character in text)


class _Page:
    def __init__(self, catalogue: Words) -> None:
        self.words = catalogue
        self.phase: Phase | None = None
        self.conn = 0
        self.table = False

    def lines(self, value: Story) -> Iterator[str]:
        match value:
            case Told():
                yield from self.told(value)
            case Run():
                yield from self.run(value)
            case Begun():
                yield from self.begun(value)
            case Remark():
                yield from self.remark(value)
            case Verdict():
                yield from self.verdict(value)
            case Overview():
                yield from self.overview(value)
            case Listening():
                yield from self._close()
                yield f"## {self.words.say('term.capture', capture=value.capture)}"
                yield ""

    def _close(self) -> Iterator[str]:
        """End a table that is open."""
        if self.table:
            yield ""
        self.table = False
        self.phase = None

    def begun(self, value: Begun) -> Iterator[str]:
        say = self.words.say
        yield from self._close()
        suffix = f" ({say('term.continued')})" if value.continued else ""
        yield f"### {say('term.connection', conn=value.conn)}{suffix}"
        yield ""
        client, server = endpoint(value.client, value.client_port), endpoint(value.server, value.server_port)
        yield f"{say('term.client_end')} {code(client)} → {say('term.server_end')} {code(server)}"
        yield ""

    def _row(self, conn: int, phase: Phase, cells: tuple[str, ...]) -> Iterator[str]:
        say = self.words.say
        if not self.table or conn != self.conn:
            yield from self._close()
            yield "| " + " | ".join(say(f"markdown.{column}") for column in _COLUMNS) + " |"
            yield "|---:|---:|---|---|---|"
            self.table, self.conn = True, conn
        if phase is not self.phase:
            self.phase = phase
            yield f"| | | **{say(f'phase.{phase.value}')}** | | |"
        yield "| " + " | ".join(cells) + " |"

    def told(self, value: Told) -> Iterator[str]:
        notes = [code(caption) for caption in value.captions]
        if value.pause:
            notes.append(f"*{prose(value.pause)}*")
        story = "<br>".join((*notes, *self._sentences(value.sentences)))
        segment = f"{'→' if value.side is Side.CLIENT else '←'} {prose(label(value.flags, value.length))}"
        cells = (str(value.frame), seconds(value.since, value.resolution), segment, numbers(value, value.end), story)
        yield from self._row(value.conn, value.phase, cells)

    def run(self, value: Run) -> Iterator[str]:
        segment = self.words.count("segments", value.segments)
        story = "<br>".join(self._sentences(value.sentences))
        since = seconds(value.since, value.resolution)
        yield from self._row(value.conn, value.phase, (f"{value.frame}-{value.last_frame}", since, segment, "", story))

    def _sentences(self, sentences: tuple[Sentence, ...]) -> list[str]:
        story = self.words.gap.join(prose(sentence.text) for sentence in sentences if _plain(sentence))
        rest = [_marked(sentence, self.words) for sentence in sentences if not _plain(sentence)]
        return [story, *rest] if story else rest

    def remark(self, value: Remark) -> Iterator[str]:
        yield from self._close()
        for sentence in value.sentences:
            yield f"- {_marked(sentence, self.words)}"
        for quote in value.quote:
            yield f"  {code(quote)}"
        yield ""

    def verdict(self, value: Verdict) -> Iterator[str]:
        say = self.words.say
        yield from self._close()
        if value.brief:
            yield f"- {code(value.flow)}: {value.conn_state}, {self.words.count('packets', value.packets)}"
            return
        yield f"**{say('term.verdict_on', conn=value.conn)}** {code(value.flow)}"
        yield ""
        yield f"**{prose(value.headline)}** {prose(value.summary)}"
        if value.agreed:
            yield prose(say("verdict.agreed", agreed=value.agreed))
        yield ""
        yield from self._reasons(value.reasons)

    def _reasons(self, reasons: tuple[Reason, ...]) -> Iterator[str]:
        for reason in reasons:
            name = self.words.say(f"severity.{reason.severity}" if reason.severity else f"basis.{reason.basis.value}")
            rule = f"{code(reason.rule)}: " if reason.rule else ""
            yield f"- *{name}*: {rule}{prose(reason.text)}"
        if reasons:
            yield ""

    def overview(self, value: Overview) -> Iterator[str]:
        say = self.words.say
        yield from self._close()
        if value.reasons or value.connections > 1:
            yield f"### {say('term.overview')}"
            yield ""
        if value.connections > 1:
            names = ("conn", "flow", "packets", "time", "up", "down", "state")
            yield "| " + " | ".join(prose(say(f"overview.columns_{name}")) for name in names) + " |"
            yield "|---:|---|---:|---:|---:|---:|---|"
            for row in value.rows:
                time = seconds(row.seconds, row.resolution)
                figures = (str(row.packets), time, str(row.client_octets), str(row.server_octets), row.conn_state)
                yield "| " + " | ".join((str(row.conn), code(row.flow), *figures)) + " |"
            yield ""
        yield from self._reasons(value.reasons)


def _plain(sentence: Sentence) -> bool:
    """Part of the running story; a finding in it stands out."""
    return sentence.weight is Weight.STORY and not sentence.severity


def _marked(sentence: Sentence, catalogue: Words) -> str:
    text = prose(sentence.text)
    if sentence.severity:
        return f"**{catalogue.say(f'severity.{sentence.severity}')}** {code(sentence.rule)}: {text}"
    if sentence.weight is Weight.STATE:
        return f"*{text}*"
    return f"**{text}**" if sentence.weight in (Weight.REMARK, Weight.LATER) else text
