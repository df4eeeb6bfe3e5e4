"""The teller: events in, story out, one value as soon as it is certain.

Law: whatever is told of a segment is told when the segment is there; later evidence comes as a sentence that points back. State is
kept for open connections alone. Everything passes through the tallies, so that a verdict is the same however much was folded,
filtered or kept quiet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, cast

from msgspec import UNSET, UnsetType

from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.events import Capture, Finding, Notice, Severity, Unread
from tcpdump_parse.model.packet import Base64, Packet, Text
from tcpdump_parse.model.steps import Connection, Ending, Step
from tcpdump_parse.tell import runs
from tcpdump_parse.tell.details import details
from tcpdump_parse.tell.findings import about, pointing
from tcpdump_parse.tell.flags import in_words
from tcpdump_parse.tell.lessons import lessons
from tcpdump_parse.tell.manner import Detail, Lessons, Manner, Order
from tcpdump_parse.tell.overview import Ledger, Survey
from tcpdump_parse.tell.pauses import pause_before
from tcpdump_parse.tell.scene import Scene, phase_after
from tcpdump_parse.tell.sentences import sentences
from tcpdump_parse.tell.sentences.loss import verdict_on
from tcpdump_parse.tell.shapes import Shape, shape_of
from tcpdump_parse.tell.told import Basis, Begun, Listening, Phase, Reason, Remark, Sentence, Story, Told, Weight
from tcpdump_parse.tell.verdict import verdict
from tcpdump_parse.tell.words import words
from tcpdump_parse.visible import visible

_CAPTIONS: Final = 3  # comment lines kept for the next packet
_FOUR_WAY: Final = re.compile(r"four[- ]?(?:way|step)|[4四] *次 *挥手", re.IGNORECASE)
_TOLD_ANYWAY: Final = frozenset({"loss"})  # families whose every finding is a happening the story tells by itself
_EVICTED: Final = frozenset({"evicted", "limit", "crowded"})


class Teller:
    """One telling of one input."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self.words = words(manner.lang)
        self.quiet = manner.detail is Detail.QUIET
        self.verbose = manner.detail is Detail.VERBOSE
        self.teaches = manner.lessons is Lessons.TEACH
        self.folds = manner.folds
        self.scenes: dict[int, Scene] = {}
        self.ends: dict[tuple[str, object, str, object], int] = {}
        self.captions: list[tuple[str, int]] = []
        self.learned: set[str] = set()
        self.said: set[str] = set()  # of this capture
        self.ledger = Ledger(0)
        self.survey = Survey(self.words)
        self.file = ""
        self.banner = ""
        self.captures = 0  # that held a packet
        self.reasons: list[Reason] = []

    def tell(self, event: object) -> Iterable[Story]:
        if type(event) is Step:
            return self.step(event)
        match event:
            case Ending():
                return self.ending(event)
            case Finding():
                return self.finding(event)
            case Packet():
                return self.other(event)
            case Notice():
                return self.notice(event)
            case Unread():
                return self.unread(event)
            case Capture():
                return self.capture(event)
        return ()

    # ---- segments ------------------------------------------------------------------------------------------------------------------

    def step(self, step: Step) -> Sequence[Story]:
        """No generator: nearly everything that is told goes through here, one value at a time."""
        self.ledger.records += 1
        scene = self.scenes.get(step.connection.conn)
        if scene is None:
            return self._opening(step)
        shape = shape_of(step.happenings)
        ordinary = scene.tally.count(step, shape)
        if self.quiet or not scene.chosen:
            if self.captions:
                self._remember_captions(scene)
            return ()
        if ordinary and self.folds and scene.plain >= runs.FIRST and not self.captions:
            self._fold(step, shape, scene)
            return ()
        scene.plain = scene.plain + 1 if ordinary else 0
        if scene.run is not None:
            return [*self._unfold(scene), *self._told(step, shape, scene)]
        return self._told(step, shape, scene)

    def _opening(self, step: Step) -> Sequence[Story]:
        """The first segment of a connection, and its heading before it."""
        scene = self._scene(step)
        begun = () if self.quiet or not scene.chosen else (self._begun(step),)
        heading = (*self._listening(step.packet), *begun)
        self.ledger.records -= 1  # it is counted when it is told
        return (*heading, *self.step(step))

    def _scene(self, step: Step) -> Scene:
        connection = step.connection
        chosen = self.manner.choice.takes(connection)
        scene = self.scenes[connection.conn] = Scene(connection, self.words, chosen, self.said)
        self.ends[_ends(connection)] = connection.conn
        return scene

    def _begun(self, step: Step) -> Begun:
        connection, packet = step.connection, step.packet
        return Begun(
            capture=connection.capture, conn=connection.conn, client=visible(connection.client), client_port=_port(connection.client_port),
            server=visible(connection.server), server_port=_port(connection.server_port), role_basis=connection.basis.value,
            frame=packet.frame, line=packet.line, time="" if packet.time is UNSET else visible(packet.time).strip(), file=self.file,
            tunnel=visible(connection.tunnel),
        )  # fmt: skip

    def _fold(self, step: Step, shape: Shape, scene: Scene) -> None:
        if scene.run is None:
            scene.run = runs.Folding()
            scene.phase = phase_after(scene, shape, step)
        scene.run.add(step)

    def _unfold(self, scene: Scene) -> Iterator[Story]:
        """Tell what was held back: a run, or the few segments that do not make one."""
        run, scene.run = scene.run, None
        if run is None:
            return
        folded = runs.told(run, scene, scene.phase or Phase.DATA)
        if folded is not None and self._wanted(folded.phase):
            yield folded
        for step in (*run.steps, *((run.last,) if run.last is not None else ())):
            yield from self._told(step, shape_of(step.happenings), scene)

    def _wanted(self, phase: Phase) -> bool:
        return not self.manner.choice.only or phase in self.manner.choice.only

    def _told(self, step: Step, shape: Shape, scene: Scene) -> tuple[Story, ...]:
        phase = scene.phase = phase_after(scene, shape, step)
        captions = self._remember_captions(scene) if self.captions else ()
        if not self._wanted(phase):
            return ()
        packet, connection, tcp = step.packet, step.connection, step.packet.tcp
        told = sentences(step, shape, scene)
        if packet.possibly_payload:
            told += (scene.say("remark.possibly_payload", step.side, Weight.REMARK),)
        if self.teaches:
            told += tuple(lessons(step, scene, self.learned))
        pause, rest = pause_before(step, cast(h.Idle, step.happenings[shape.idle]), scene) if shape.idle >= 0 else ("", False)
        value = Told(
            capture=connection.capture, conn=connection.conn, frame=packet.frame, line=packet.line, end_line=packet.end_line,
            side=step.side, phase=phase, flags="" if tcp is UNSET or tcp.flags is UNSET else in_words(tcp.flags), length=step.length,
            time="" if packet.time is UNSET else visible(packet.time).strip(), since=None if step.since is None else step.since / 1e9,
            seq=step.rel_seq, end=step.rel_end, ack=step.rel_ack, raw_seq=_raw(step.seq), raw_ack=_raw(step.ack), window=step.window,
            details=details(step) if self.verbose else "", captions=captions, pause=pause, rest=rest, sentences=told,
            happenings=step.happenings,
        )  # fmt: skip
        return (value,)

    def _remember_captions(self, scene: Scene) -> tuple[str, ...]:
        """The comments before this segment; the verdict may come back to them."""
        for text, line in self.captions:
            if _FOUR_WAY.search(text):
                scene.caption_lines["four_way"] = line
        texts = tuple(text for text, _ in self.captions)
        self.captions.clear()
        return texts

    # ---- endings, findings ---------------------------------------------------------------------------------------------------------

    def ending(self, ending: Ending) -> Iterator[Story]:
        scene = self.scenes.pop(ending.connection.conn, None)
        if scene is None:
            return
        self.ends.pop(_ends(ending.connection), None)
        later = [happening for happening in ending.happenings if type(happening) is h.Judged]
        for judged in later:
            scene.tally.judge(judged)
        whole = verdict(scene, ending, self.ledger.missing)
        if not scene.chosen:
            return
        yield from self._unfold(scene)
        if later and not self.quiet:
            yield Remark(
                capture=ending.connection.capture, line=0, conn=ending.connection.conn, frame=ending.frame,
                sentences=tuple(verdict_on(judged, scene) for judged in later),
            )  # fmt: skip
        self.survey.add(whole, scene.remark)
        yield whole

    def finding(self, finding: Finding) -> Iterator[Story]:
        """Placed under its frame when it comes with it, pointing back when it comes later."""
        if finding.family in _TOLD_ANYWAY:
            return
        scene = None if finding.conn is UNSET else self.scenes.get(finding.conn)
        if scene is not None:
            key = (finding.severity.value, finding.rule)
            scene.findings[key] = scene.findings.get(key, 0) + 1
            if not scene.chosen or finding.severity is Severity.NOTE:
                return
            scene.remark = scene.remark or finding.rule
            yield from self._unfold(scene)
            scene.plain = 0
        if finding.severity is Severity.NOTE:
            return
        if not self.quiet and finding.conn is not UNSET:
            yield pointing(finding, self.words)
        if finding.conn is UNSET:
            self.reasons.append(about(finding, self.words))

    # ---- everything else -----------------------------------------------------------------------------------------------------------

    def other(self, packet: Packet) -> Iterator[Story]:
        """A packet without a TCP segment of its own: counted, and told only when it speaks about one."""
        self.ledger.records += 1
        self.ledger.other += 1
        self.captions.clear()
        if packet.quoted is UNSET or packet.quoted.tcp is UNSET or self.quiet:
            return
        self.ledger.icmp += 1
        conn = self._quoted(packet)
        scene = self.scenes.get(conn)
        if scene is not None and not scene.chosen:
            return
        if scene is not None:
            yield from self._unfold(scene)
        key = "remark.icmp" if scene is not None else "remark.icmp_other"
        sentence = Sentence(self.words.say(key, conn=conn), key, Weight.REMARK)
        yield Remark(packet.capture, packet.line, (sentence,), conn, packet.frame, _lines(packet.body, 2))

    def _quoted(self, packet: Packet) -> int:
        """The connection a quoted segment belongs to; 0 for none."""
        quoted = packet.quoted
        if quoted is UNSET or quoted.ip is UNSET or quoted.tcp is UNSET:
            return 0
        there = (quoted.ip.src, quoted.tcp.sport, quoted.ip.dst, quoted.tcp.dport)
        return self.ends.get(there) or self.ends.get((*there[2:], *there[:2])) or 0

    def notice(self, notice: Notice) -> Iterator[Story]:
        self.ledger.note(notice)
        text = " ".join(_lines(notice.text, 1))
        if notice.kind == "comment" and not text.startswith("#:"):
            self.captions = [*self.captions[1 - _CAPTIONS :], (text, notice.line)]
        elif notice.kind in ("banner", "prompt", "reading"):
            self.captions.clear()
            self.banner = text if notice.kind == "banner" else self.banner
            if notice.kind == "banner" and self.manner.order is Order.LOG and not self.quiet:
                yield Listening(notice.capture, notice.line, self.file, text)
        elif notice.kind in _EVICTED and not self.quiet:
            sentence = Sentence(self.words.say("remark.evicted"), "remark.evicted", Weight.REMARK)
            yield Remark(notice.capture, notice.line, (sentence,), quote=_lines(notice.text, 1))

    def unread(self, unread: Unread) -> Iterator[Story]:
        ledger = self.ledger
        ledger.records += 1
        ledger.unread += 1
        ledger.first_unread = ledger.first_unread or unread.line
        self.captions.clear()
        if self.quiet:
            return
        key = "remark.unread"
        sentence = Sentence(self.words.say(key, line=unread.line, column=unread.column), key, Weight.REMARK)
        yield Remark(unread.capture, unread.line, (sentence,), frame=unread.frame, quote=(*_lines(unread.text, 2), visible(unread.message)))

    def capture(self, capture: Capture) -> Iterator[Story]:
        yield from self._close_ledger()
        self.ledger = Ledger(capture.capture)
        self.said = set()
        self.captions.clear()
        self.banner = ""
        self.file = visible(capture.file)

    def _listening(self, packet: Packet) -> Iterator[Story]:
        """The first connection of a capture: a heading from the second capture on."""
        self.ledger.connections += 1
        if self.ledger.connections > 1:
            return
        self.captures += 1
        if self.captures > 1 and not self.quiet:
            yield Listening(packet.capture, packet.line, self.file, self.banner)

    def _close_ledger(self) -> Iterator[Story]:
        """A capture is over while others follow: its own counters, if they say anything."""
        if not self.ledger.records:
            return
        reasons = tuple(self.ledger.reasons(self.words))
        if reasons:
            yield Survey(self.words).overview(self.ledger.number, reasons)

    def close(self) -> Iterator[Story]:
        """The end of the input: everything at a glance."""
        reasons = [*self.ledger.reasons(self.words), *self.reasons]
        if not self.survey.connections:
            key = "overview.nothing_chosen" if self.ledger.connections else "overview.nothing"
            reasons.append(Reason(Basis.PROVED, self.words.say(key), key))
        yield self.survey.overview(0, tuple(reasons))


def tell_all(events: Iterator[object], manner: Manner) -> Iterator[Story]:
    teller = Teller(manner)
    for event in events:
        yield from teller.tell(event)
    yield from teller.close()


def _ends(connection: Connection) -> tuple[str, object, str, object]:
    return (connection.client, connection.client_port, connection.server, connection.server_port)


def _port(port: int | str) -> int | str:
    return visible(port) if isinstance(port, str) else port


def _raw(position: int | None) -> int | None:
    return None if position is None else position % (1 << 32)


def _lines(text: Text | UnsetType, most: int) -> tuple[str, ...]:
    """The first lines of a text of the log, visible and bounded."""
    if text is UNSET:
        return ()
    if isinstance(text, Base64):
        return (f"base64 {text.base64[:80]}",)
    return tuple(visible(line.strip())[:400] for line in text.split("\n", most)[:most] if line.strip())
