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
from msgspec.structs import replace

from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.events import Capture, Finding, Notice, Severity, Unread
from tcpdump_parse.model.packet import Base64, Packet, Text
from tcpdump_parse.model.steps import Connection, Ending, Step
from tcpdump_parse.tell import runs
from tcpdump_parse.tell.clock import ALWAYS, JUMPED, measured
from tcpdump_parse.tell.details import details
from tcpdump_parse.tell.findings import pointing
from tcpdump_parse.tell.flags import in_words
from tcpdump_parse.tell.lessons import lessons
from tcpdump_parse.tell.manner import Detail, Lessons, Manner, Order
from tcpdump_parse.tell.merging import EVERY, FRAMES, Folded, fold, graded, merged, resting, worth_words
from tcpdump_parse.tell.overview import KEPT, MOST_ROWS, Ledger, Quotes, Survey
from tcpdump_parse.tell.pauses import pause_before
from tcpdump_parse.tell.scene import Scene, phase_after
from tcpdump_parse.tell.sentences import sentences
from tcpdump_parse.tell.sentences.loss import verdict_on
from tcpdump_parse.tell.shapes import Shape, shape_of
from tcpdump_parse.tell.told import Basis, Begun, Listening, Phase, Reason, Remark, Sentence, Story, Told, Weight
from tcpdump_parse.tell.verdict import verdict
from tcpdump_parse.tell.words import words
from tcpdump_parse.track.resolution import Resolution
from tcpdump_parse.visible import visible

_WIRE: Final = 0xFFFF_FFFF
_CAPTIONS: Final = 3  # comment lines kept for the next packet
_FOUR_WAY: Final = re.compile(r"four[- ]?(?:way|step)|[4四] *次 *挥手", re.IGNORECASE)
IN_FULL: Final = 10  # connections told in full, however many there are, where verdicts alone are asked for
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
        self.only = manner.choice.only
        self.scenes: dict[int, Scene] = {}
        self.ends: dict[tuple[str, object, str, object], int] = {}
        self.captions: list[tuple[str, int]] = []
        self.learned: set[str] = set()
        self.said: set[type] = set()  # what is told once, of this capture
        self.resolution = Resolution()  # of this capture's clock
        self.ledger = Ledger(0)
        self.damaged = False  # some record of the input could not be read
        self.survey = Survey(self.words)
        self.file = ""
        self.banner = ""
        self.captures = 0  # that held a packet
        self.held: list[Finding] = []  # found, and told with the event that comes next
        self.quotes = Quotes()
        self.missed = False  # a verdict said that the capture missed octets
        self.folded: Folded = {}  # what the rules found about captures

    def tell(self, event: object) -> Iterable[Story]:
        match event:
            case Step():
                return self.step(event)
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
        scene = self.scenes.get(step.connection.conn)
        if scene is None:
            return self._opening(step)
        ledger = self.ledger
        ledger.records += 1
        if ledger.records <= KEPT:
            self.quotes.see(step.packet, ledger)
        if self.resolution.coarse:
            self.resolution.see(step.at)
        shape = shape_of(step.happenings)
        found = self._found(scene, step.at) if self.held else None
        since = step.since
        if scene.measured is None and (shape.steps or (since is not None and since < 0)):
            scene.measured = ALWAYS
        if scene.measured is not None:
            step = measured(step, scene.measured)
        ordinary = scene.tally.count(step, shape)
        if self.quiet or not scene.chosen:
            if self.captions:
                self._remember_captions(scene)
            return ()
        if self.folds:
            ordinary = ordinary and not found
            if ordinary and scene.plain >= runs.FIRST and not self.captions:
                self._fold(step, shape, scene)
                return ()
            scene.plain = scene.plain + 1 if ordinary else 0
            if scene.run is not None:
                return [*self._unfold(scene), *self._told(step, shape, scene, found)]
        return self._told(step, shape, scene, found)

    def _opening(self, step: Step) -> Sequence[Story]:
        """The first segment of a connection, and its heading before it."""
        scene = self._scene(step)
        begun = () if self.quiet or not scene.chosen else (self._begun(step),)
        heading = (*self._listening(step.packet), *begun)
        return (*heading, *self.step(step))

    def _scene(self, step: Step) -> Scene:
        connection = step.connection
        chosen = self.manner.choice.takes(connection)
        scene = self.scenes[connection.conn] = Scene(connection, self.words, chosen, self.said, self.resolution)
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
            phase_after(scene, shape, step)
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
        return not self.only or phase in self.only

    def _told(self, step: Step, shape: Shape, scene: Scene, found: list[Finding] | None = None) -> tuple[Story, ...]:
        phase = phase_after(scene, shape, step)
        captions = self._remember_captions(scene) if self.captions else ()
        if self.only and phase not in self.only:
            return ()
        packet, connection, tcp = step.packet, step.connection, step.packet.tcp
        told = sentences(step, shape, scene)
        if found:
            told = merged(told, found, packet.frame, self.words)
        if packet.possibly_payload:
            told += (scene.say("remark.possibly_payload", step.side, Weight.REMARK),)
        if self.teaches:
            told += tuple(lessons(step, scene, self.learned))
        pause, rest = pause_before(step, cast(h.Idle, step.happenings[shape.idle]), scene) if shape.idle >= 0 else ("", False)
        seq, ack, end, after = step.seq, step.ack, step.end, step.after
        mine, theirs = after.me.base, after.peer.base
        # By place and in one go: two dozen fields by name would cost 1.3 µs more, a tenth of all that telling a segment costs.
        value = Told(
            connection.capture, connection.conn, packet.frame, packet.line, packet.end_line, step.side, phase,
            "" if tcp is UNSET or tcp.flags is UNSET else in_words(tcp.flags), step.length,
            "" if packet.time is UNSET else visible(packet.time).strip(), None if step.since is None else step.since / 1e9,
            None if seq is None or mine is None else seq - mine, None if end is None or mine is None else end - mine,
            None if ack is None or theirs is None else ack - theirs, None if seq is None else seq & _WIRE,
            None if ack is None else ack & _WIRE, step.window, details(step) if self.verbose else "", captions, pause, rest, told,
            step.happenings,
        )  # fmt: skip
        return (replace(value, resolution=self.resolution.seconds),) if self.resolution.coarse else (value,)

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
        found = self._found(scene)
        later = [happening for happening in ending.happenings if type(happening) is h.Judged]
        for judged in later:
            scene.tally.judge(judged)
        whole = verdict(scene, ending, self.ledger, frozenset(finding.rule for finding in found))
        if not scene.chosen:
            return
        yield from self._unfold(scene)
        if later and not self.quiet:
            yield self._decided(later, found, scene, ending)
        self.survey.add(whole, scene.remark)
        self.missed = self.missed or any(reason.key == "verdict.missed" for reason in whole.reasons)
        yield replace(whole, brief=True) if self.quiet and self.survey.connections > IN_FULL and not scene.remark else whole

    def _decided(self, later: list[h.Judged], found: list[Finding], scene: Scene, ending: Ending) -> Remark:
        """What only the end says about earlier segments; the verdict counts those that stay open."""
        told = merged([verdict_on(judged, scene) for judged in later], _of_frames(found, later), 0, self.words)
        most = len(told) if self.verbose else FRAMES
        return Remark(ending.connection.capture, 0, told[:most], ending.connection.conn, ending.frame)

    def finding(self, finding: Finding) -> Iterable[Story]:
        """A finding stands before the event that makes it certain: it is held until that is told."""
        if finding.severity is Severity.NOTE:
            return ()
        if finding.conn is UNSET:
            fold(self.folded, finding)
        waiting = [value for early in self.held if early.conn != finding.conn for value in self._alone(early)]
        self.held = [early for early in self.held if early.conn == finding.conn]
        self.held.append(finding)
        return waiting

    def _found(self, scene: Scene, at: int | None = None) -> list[Finding]:
        """The findings that were held for this connection; its verdict rests on them. `at`: when the segment came that shows them."""
        conn = scene.connection.conn
        found = [finding for finding in self.held if finding.conn == conn]
        self.held = [finding for finding in self.held if finding.conn != conn]
        for finding in found:
            fold(scene.findings, finding)
            scene.remark = scene.remark or finding.rule
            if finding.rule == JUMPED and at is not None:
                scene.measured = at
        return found if self.verbose else [finding for finding in found if worth_words(scene.findings, finding)]

    def _alone(self, finding: Finding) -> Iterator[Story]:
        """A finding whose event never came; about a capture the overview tells it."""
        if finding.conn is not UNSET and not self.quiet:
            yield pointing(finding, self.words)

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
        self.damaged = True
        ledger.first_unread = ledger.first_unread or unread.line
        self.captions.clear()
        if self.quiet:
            return
        key = "remark.unread"
        sentence = Sentence(self.words.say(key, line=unread.line, column=unread.column), key, Weight.REMARK)
        for finding in self.held:
            sentence = graded(sentence, finding) if finding.frame == unread.frame else sentence
        self.held = []
        yield Remark(unread.capture, unread.line, (sentence,), frame=unread.frame, quote=(*_lines(unread.text, 2), visible(unread.message)))

    def capture(self, capture: Capture) -> Iterator[Story]:
        yield from self._close_ledger()
        self.ledger = Ledger(capture.capture)
        self.said = set()
        self.resolution = Resolution()
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
        reasons = tuple(resting(self.ledger.reasons(self.words), self.folded, self.words, EVERY))
        self.folded = {}
        if reasons:
            yield Survey(self.words).overview(self.ledger.number, reasons)

    def close(self) -> Iterator[Story]:
        """The end of the input: everything at a glance; nothing where no log was (a file that is missing, a program)."""
        for finding in self.held:
            yield from self._alone(finding)
        if not self.ledger.number and not self.survey.connections:
            return
        if self.missed and self.survey.connections == 1:
            self.folded.pop(("cap-drop-inferred", ""), None)  # the one verdict has said so
        reasons = resting(self.ledger.reasons(self.words), self.folded, self.words, EVERY)
        if not self.survey.connections and (self.ledger.connections or not self.damaged):  # what was not read may have been a segment
            key = "overview.nothing_chosen" if self.ledger.connections else "overview.nothing"
            reasons.append(Reason(Basis.PROVED, self.words.say(key), key))
        listed = self.quiet and self.survey.connections > IN_FULL  # each has its line above
        yield self.survey.overview(0, tuple(reasons), most=0 if listed else MOST_ROWS)


def tell_all(events: Iterator[object], manner: Manner) -> Iterator[Story]:
    teller = Teller(manner)
    tell, step = teller.tell, teller.step
    for event in events:
        yield from step(event) if type(event) is Step else tell(event)
    yield from teller.close()


def _of_frames(found: Iterable[Finding], later: Iterable[h.Judged]) -> list[Finding]:
    """What the rules found about the segments that only the end decides on; the rest stands in the verdict."""
    frames = {judged.frame for judged in later}
    return [finding for finding in found if finding.frame in frames and finding.family == "loss"]


def _ends(connection: Connection) -> tuple[str, object, str, object]:
    return (connection.client, connection.client_port, connection.server, connection.server_port)


def _port(port: int | str) -> int | str:
    return visible(port) if isinstance(port, str) else port


def _lines(text: Text | UnsetType, most: int) -> tuple[str, ...]:
    """The first lines of a text of the log, visible and bounded."""
    if text is UNSET:
        return ()
    if isinstance(text, Base64):
        return (f"base64 {text.base64[:80]}",)
    return tuple(visible(line.strip())[:400] for line in text.split("\n", most)[:most] if line.strip())
