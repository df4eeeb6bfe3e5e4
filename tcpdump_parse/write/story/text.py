"""The story as text: one line a segment, its direction drawn, and below it what happens.

    frame, time since the one before, the ladder (client left, server right), relative numbers with the raw ones in brackets
                                      sentences, hanging under the ladder

Right from 60 columns on; without a width nothing is wrapped. It keeps nothing but the last phase of each connection that is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, TextIO

from tcpdump_parse.model.terms import Side
from tcpdump_parse.tell.amounts import seconds
from tcpdump_parse.tell.told import Begun, Listening, Load, Overview, Phase, Remark, Run, Sentence, Story, Told, Verdict, Weight
from tcpdump_parse.tell.words import Words, words
from tcpdump_parse.write.story.look import ASCII, Glyphs, Look, Paint, Style, cells, fold
from tcpdump_parse.write.story.summary import overview_lines, verdict_lines

FRAME: Final = 4
SINCE: Final = 11
LADDER: Final = 20  # between the two verticals
INDENT: Final = FRAME + SINCE + 2
ROOMY: Final = 72  # below this many columns sentences hang further to the left
_LOUD: Final = frozenset({Style.REMARK, Style.ERROR, Style.WARN})  # only their mark is dyed
_STORY: Final = Weight.STORY
_MARKS: Final = {Weight.REMARK: "▸ ", Weight.LESSON: "» ", Weight.LATER: "↑ "}
_STYLES: Final = {Weight.REMARK: Style.REMARK, Weight.LESSON: Style.LESSON, Weight.LATER: Style.REMARK}


def text(story: Iterable[Story], out: TextIO, look: Look) -> None:
    """Write the story, a value at a time; nothing is held back and nothing flushed."""
    page = _Page(look)
    write = out.write
    for value in story:
        write(page.block(value))


def lines(story: Iterable[Story], look: Look) -> Iterator[str]:
    """The lines of the page, without their ends."""
    page = _Page(look)
    for value in story:
        yield from page.lines(value)


class _Page:
    def __init__(self, look: Look) -> None:
        self.look = look
        self.plain = look.width is None and look.paint is Paint.PLAIN
        self.ascii = look.glyphs is Glyphs.ASCII
        self.simple = self.plain and not self.ascii
        self.words: Words = words(look.lang)
        self.phases: dict[int, Phase] = {}
        self.current = 0  # the connection whose heading stands above
        self.several = False  # connections are told side by side: each line names its own
        self.captures = False
        self.empty = True
        self.indent = " " * (INDENT if look.width is None or look.width >= ROOMY else FRAME + 2)
        self.hanging = None if look.width is None else max(look.width - len(self.indent), 24)

    def block(self, value: Story) -> str:
        """The lines of `value`, each with its end. Most of a long page is the plain row of a segment and its story: that is done here."""
        if type(value) is Told and self.simple and self.phases.get(value.conn) is value.phase:
            sentences = value.sentences
            for sentence in sentences:
                if sentence.weight is not _STORY or sentence.severity:
                    break
            else:
                if sentences and not (value.captions or value.pause or value.details):
                    story = sentences[0].text if len(sentences) == 1 else self.words.gap.join([sentence.text for sentence in sentences])
                    return f"{self._plain_row(value)}\n{self.indent}{story}\n"
        made = self.lines(value)
        made.append("")
        return "\n".join(made)

    def lines(self, value: Story) -> list[str]:
        match value:
            case Told():
                made = self.told(value)
            case Run():
                made = self.run(value)
            case Begun():
                made = self.begun(value)
            case Remark():
                made = self.remark(value)
            case Verdict():
                self.phases.pop(value.conn, None)
                made = [*([] if self.empty else [""]), *verdict_lines(value, self.look, self.words)]
            case Overview():
                made = overview_lines(value, self.look, self.words)
                made = ["", *made] if made and not self.empty else made
            case Listening():
                made = self.listening(value)
        self.empty = self.empty and not made
        return [line.translate(ASCII) for line in made] if self.ascii else made

    # ---- headings ------------------------------------------------------------------------------------------------------------------

    def listening(self, value: Listening) -> list[str]:
        self.captures = self.captures or value.capture > 1
        where = place(value.file, value.line)
        made = [] if self.empty else [""]
        if where or value.capture > 1:
            head = self.look.dye(Style.HEADING, self.words.say("term.capture", capture=value.capture))
            made += self._under(head, where)
        if value.banner:
            made += [self.look.dye(Style.DIM, line) for line in fold(f"  {value.banner}", self.look.width)]
        return made

    def _under(self, head: str, where: str) -> list[str]:
        """The heading and its place on one line if they fit, else the place below it, folded."""
        bare = f"{self.words.say('term.capture', capture=999)}  {where}"
        if self.look.width is None or cells(bare) <= self.look.width:
            return [f"{head}  {where}".rstrip()]
        return [head, *self._indented(where)]

    def _indented(self, sentence: str) -> list[str]:
        return [f"  {line}" for line in fold(sentence, None if self.look.width is None else self.look.width - 2)]

    def begun(self, value: Begun) -> list[str]:
        say, look = self.words.say, self.look
        self.several = self.several or (bool(self.phases) and not value.continued)
        self.current = value.conn
        self.phases.pop(value.conn, None)
        title = look.dye(Style.HEADING, say("term.connection", conn=value.conn))
        if value.continued:
            title += f" ({say('term.continued')})"
        client = look.dye(Style.CLIENT, f"{say('term.client_end')} {endpoint(value.client, value.client_port)}")
        server = look.dye(Style.SERVER, f"{say('term.server_end')} {endpoint(value.server, value.server_port)}")
        made = [] if self.empty else [""]
        made += self._ends(title, client, server, value)
        if not value.continued:
            where = place(value.file, value.line) or say("term.line", line=value.line)
            start = say("term.starts", time=value.time, place=where) if value.time else say("term.starts_untimed", place=where)
            made += [look.dye(Style.DIM, line) for line in self._indented(start)]
            if value.tunnel:
                made += self._indented(say("term.tunnel", tunnel=value.tunnel))
        return made

    def _ends(self, title: str, client: str, server: str, value: Begun) -> list[str]:
        """The heading on one line if it fits, else each end on a line of its own."""
        bare = cells(endpoint(value.client, value.client_port)) + cells(endpoint(value.server, value.server_port)) + 40
        if self.look.width is None or bare <= self.look.width:
            return [f"{title}  {client} → {server}"]
        return [title, f"  {client}", f"  → {server}"]

    def _phase(self, conn: int, phase: Phase) -> list[str]:
        """A heading when the connection enters another phase."""
        if self.phases.get(conn) is phase:
            return []
        self.phases[conn] = phase
        name = self.words.say(f"phase.{phase.value}")
        width = min(self.look.width or 80, 80)
        rule = "─" * max(2, width - cells(name) - 4 - len(self._label(conn)))
        return [self.look.dye(Style.PHASE, f"{self._label(conn)}── {name} {rule}")]

    def _label(self, conn: int) -> str:
        return f"#{conn} " if self.several else ""

    # ---- segments ------------------------------------------------------------------------------------------------------------------

    def told(self, value: Told) -> list[str]:
        look = self.look
        made: list[str] = self._before(value) if value.captions or value.pause else []
        if self.phases.get(value.conn) is not value.phase:
            made += self._phase(value.conn, value.phase)
        if self.plain:
            return [*made, self._plain_row(value), *self._told_below(value)]
        shape = arrow(value.side, value.flags, value.length)
        figures = numbers(value, value.end)
        if look.width is not None and value.length and not self._fits(value.conn, shape, figures):
            short = numbers(value, None)
            figures = short if self._fits(value.conn, shape, short) else figures
        made += self._row(value.conn, margin(str(value.frame), value.since, value.resolution), value.side, shape, figures)
        return made + self._told_below(value)

    def _told_below(self, value: Told) -> list[str]:
        details = self._hang([value.details], "", Style.DIM) if value.details else []
        return details + self._sentences(value.sentences)

    def _plain_row(self, value: Told) -> str:
        conn = f"#{value.conn} " if self.several else ""
        shape = arrow(value.side, value.flags, value.length)
        return f"{conn}{margin(str(value.frame), value.since, value.resolution)}  {shape} {numbers(value, value.end)}".rstrip()

    def _before(self, value: Told) -> list[str]:
        """Comments of the log and the silence that stand before the segment."""
        look = self.look
        made = [look.dye(Style.CAPTION, line) for caption in value.captions for line in fold(f"  {caption}", look.width)]
        if value.pause:
            if value.rest:
                made += self._phase(value.conn, Phase.IDLE)
            made += self._hang([value.pause], "⋮ ", Style.DIM)
        return made

    def _fits(self, conn: int, shape: str, figures: str) -> bool:
        """Whether the figures have room beside the ladder."""
        return self.look.width is None or INDENT + len(self._label(conn)) + len(shape) + 1 + len(figures) <= self.look.width

    def _row(self, conn: int, left: str, side: Side, shape: str, figures: str) -> list[str]:
        """The line of a segment; figures without room beside the ladder hang below it."""
        if self.plain:
            return [f"{self._label(conn)}{left}  {shape} {figures}".rstrip()]
        dye = self.look.dye
        ladder = dye(Style.CLIENT if side is Side.CLIENT else Style.SERVER, shape)
        cut = max(FRAME, len(left.lstrip().partition(" ")[0]))
        row = f"{self._label(conn)}{dye(Style.DIM, left[:cut])}{left[cut:]}  {ladder}"
        if not figures:
            return [row]
        return [f"{row} {dye(Style.DIM, figures)}"] if self._fits(conn, shape, figures) else [row, *self._hang([figures], "", Style.DIM)]

    def _sentences(self, sentences: tuple[Sentence, ...]) -> list[str]:
        story: list[str] = []
        rest: list[str] = []
        found: list[str] = []  # parts of the story that are findings
        for sentence in sentences:
            weight = sentence.weight
            if weight is _STORY and sentence.severity:
                found += self._hang([self._graded(sentence)], _MARKS[Weight.REMARK], self._style(sentence))
            elif weight is _STORY:
                story.append(sentence.text)
            elif weight is Weight.STATE:
                rest = [*self._hang([f"[{sentence.text}]"], "", Style.DIM), *rest]
            else:
                rest += self._hang([self._graded(sentence)], _MARKS[weight], self._style(sentence))
        told = self._hang([self.words.gap.join(story)], "") if story else []
        return [*told, *found, *rest]

    def _graded(self, sentence: Sentence) -> str:
        if not sentence.severity:
            return sentence.text
        return f"{self.words.say(f'severity.{sentence.severity}')} {sentence.rule}: {sentence.text}"

    def _style(self, sentence: Sentence) -> Style:
        return {"error": Style.ERROR, "warn": Style.WARN}.get(sentence.severity, _STYLES.get(sentence.weight, Style.REMARK))

    def _hang(self, paragraphs: list[str], mark: str, style: Style | None = None) -> list[str]:
        """Paragraphs under the ladder, their further lines under their own first word."""
        if self.plain:
            return [f"{self.indent}{mark}{paragraph}" for paragraph in paragraphs]
        made = []
        dye = self.look.dye
        for paragraph in paragraphs:
            room = None if self.hanging is None else self.hanging - len(mark)
            for number, line in enumerate(fold(paragraph, room)):
                lead = mark if number == 0 else " " * len(mark)
                text = f"{dye(style, lead)}{line}" if style in _LOUD else dye(style, lead + line) if style else lead + line
                made.append(self.indent + text)
        return made

    def run(self, value: Run) -> list[str]:
        made = self._phase(value.conn, value.phase)
        frames = f"{value.frame}-{value.last_frame}"
        since = value.since
        for side, load in ((Side.CLIENT, value.client), (Side.SERVER, value.server)):
            if load is not None:
                figures = "" if load.start is None else f"seq {load.start}:{load.end}"
                made += self._row(value.conn, margin(frames, since, value.resolution), side, ladder(side, self._load(load), "═"), figures)
                frames, since = "", None
        return made + self._sentences(value.sentences)

    def _load(self, load: Load) -> str:
        count = self.words.count
        return count("segments", load.data) if load.data else count("acks", load.acks)

    def remark(self, value: Remark) -> list[str]:
        room = None if self.look.width is None else self.look.width - 4
        quoted = [self.look.dye(Style.CAPTION, f"    {line}") for quote in value.quote for line in fold(quote, room)]
        return [*self._sentences(value.sentences), *quoted]


def place(file: str, line: int) -> str:
    """Where to look it up; "" for a pipe, which nobody can open again."""
    return "" if file in ("", "-", "<stdin>") else f"{file}:{line}"


def endpoint(address: str, port: int | str) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def margin(frame: str, since: float | None, resolution: float | None) -> str:
    """The two columns on the left: which record, and how long after the one before."""
    frame = frame.rjust(FRAME)
    return frame + passed(since, resolution).rjust(FRAME + SINCE - len(frame))


@lru_cache(maxsize=4096)
def passed(since: float | None, resolution: float | None) -> str:
    """A log that counts microseconds has few small differences, and most are small."""
    time = seconds(since, resolution)
    return f" {time}" if not time or time[0] == "<" else f" +{time}"


def label(flags: str, length: int) -> str:
    """What the arrow carries: the flags, and the octets if there are any."""
    return f"{flags}, {length} B" if length else flags


@lru_cache(maxsize=4096)
def arrow(side: Side, flags: str, length: int) -> str:
    """The ladder of a segment."""
    return ladder(side, label(flags, length), "─")


def ladder(side: Side, name: str, line: str) -> str:
    """An arrow from its sender's vertical to the other's."""
    rest = line * max(0, LADDER - cells(name) - 4)
    return f"├{line} {name} {rest}►│" if side is Side.CLIENT else f"│◄{rest} {name} {line}┤"


def numbers(value: Told, end: int | None) -> str:
    """Relative numbers, the raw ones in brackets: "seq 1:39 (1960817470) ack 1 (645999201)"; `end` None leaves out where the data ends."""
    seq, ack = value.seq, value.ack
    if seq is None:
        return "" if ack is None else f"ack {ack} ({value.raw_ack})"
    span = f"{seq}:{end}" if value.length and end is not None else seq
    return f"seq {span} ({value.raw_seq})" if ack is None else f"seq {span} ({value.raw_seq}) ack {ack} ({value.raw_ack})"
