"""Folding: a long stretch of ordinary segments becomes one line with its counts, octets and rate.

Law: nothing remarkable is ever inside a run (`Tally.ordinary` decides), the first few ordinary segments after anything remarkable are
told one by one, and a run shorter than `LEAST` is not folded at all. The last segment stays out of the sums until another follows, so
that whatever is said about it later finds it told. Memory: at most `LEAST` steps for each open connection.
"""

from __future__ import annotations

from typing import Final

from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Side
from tcpdump_parse.tell.amounts import rate, size
from tcpdump_parse.tell.scene import Scene
from tcpdump_parse.tell.told import Load, Phase, Run, Sentence

FIRST: Final = 6  # ordinary segments told before folding begins
LEAST: Final = 8  # a run that is worth folding


class _Sum:
    """What one end sent within the run."""

    __slots__ = ("acked", "acks", "data", "end", "octets", "repeats", "sacks", "start")

    def __init__(self) -> None:
        self.data = self.octets = self.acks = self.acked = 0
        self.repeats = self.sacks = 0
        self.start: int | None = None
        self.end: int | None = None

    def load(self) -> Load | None:
        return Load(self.data, self.octets, self.acks, self.start, self.end) if self.data or self.acks else None


class Folding:
    """One run while it grows: the steps themselves up to `LEAST`, then sums, and always the last step."""

    __slots__ = ("first", "folded", "last", "slowest", "steps", "summed", "sums", "turns", "updates")

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.folded = 0
        self.first: Step | None = None
        self.summed: Step | None = None  # the last one in the sums
        self.last: Step | None = None
        self.sums = {Side.CLIENT: _Sum(), Side.SERVER: _Sum()}
        self.turns = self.updates = 0
        self.slowest: tuple[int, int] = (-1, 0)

    def add(self, step: Step) -> None:
        if self.last is not None:
            self._sum(self.last)
        elif len(self.steps) < LEAST:
            self.steps.append(step)
            return
        else:
            for early in self.steps:
                self._sum(early)
            self.steps.clear()
        self.last = step

    def _sum(self, step: Step) -> None:
        if self.first is None:
            self.first = step
        self.folded += 1
        self.summed = step
        total = self.sums[step.side]
        if step.length:
            total.data += 1
            total.octets += step.length
            if total.start is None:
                total.start = step.rel_seq
            total.end = step.rel_end
        else:
            total.acks += 1
        for happening in step.happenings:
            kind = type(happening)
            if kind is h.DataSent:
                self._turn(step, happening)  # type: ignore[arg-type]
            elif kind is h.AckAdvanced:
                total.acked += happening.octets  # type: ignore[attr-defined]
            elif kind is h.DuplicateAck:
                total.repeats += 1
            elif kind is h.SackSeen:
                total.sacks += 1
            elif kind is h.WindowUpdate:
                self.updates += 1

    def _turn(self, step: Step, happening: h.DataSent) -> None:
        if happening.turn and step.side is Side.CLIENT:
            self.turns += 1
        if happening.turn and step.side is Side.SERVER and happening.since_peer is not None and happening.since_peer > self.slowest[0]:
            self.slowest = (happening.since_peer, step.frame)


def told(run: Folding, scene: Scene, phase: Phase) -> Run | None:
    """The folded part as one value; None when nothing was folded."""
    first, last = run.first, run.summed
    if first is None or last is None:
        return None
    ns = None if first.at is None or last.at is None else last.at - first.at
    return Run(
        capture=scene.connection.capture, conn=scene.connection.conn, frame=first.frame, last_frame=last.frame, line=first.packet.line,
        end_line=last.packet.end_line, phase=phase, segments=run.folded, since=None if first.since is None else first.since / 1e9,
        seconds=None if ns is None else ns / 1e9, client=run.sums[Side.CLIENT].load(), server=run.sums[Side.SERVER].load(),
        sentences=_sentences(run, scene, ns), resolution=scene.resolution.seconds,
    )  # fmt: skip


def _sentences(run: Folding, scene: Scene, ns: int | None) -> tuple[Sentence, ...]:
    told = [_summary(run, scene)]
    if all(total.data and not total.repeats and not total.sacks for total in run.sums.values()):
        told.append(scene.say("run.whole", Side.CLIENT))
    octets = run.sums[Side.CLIENT].octets + run.sums[Side.SERVER].octets
    if ns and octets and (pace := rate(octets, ns, scene.resolution.ns)):
        told.append(scene.say("run.pace", Side.CLIENT, rate=pace, span=scene.span(ns)))
    if run.slowest[1] and run.turns > 1:
        told.append(scene.say("run.slowest", Side.SERVER, since=scene.span(run.slowest[0]), frame=run.slowest[1]))
    for side, total in run.sums.items():
        if waits := total.repeats or total.sacks:
            told.append(scene.say("run.repeats" if total.repeats else "run.sacks", side, n=waits))
    if run.updates:
        told.append(scene.say("run.updates", Side.CLIENT, n=run.updates))
    return tuple(told)


def _summary(run: Folding, scene: Scene) -> Sentence:
    client, server = run.sums[Side.CLIENT], run.sums[Side.SERVER]
    count = scene.words.count
    if client.data and server.data:
        return scene.say(
            "run.dialogue", Side.CLIENT, turns=count("turns", max(run.turns, 1)), client_octets=scene.octets(client.octets),
            server_octets=scene.octets(server.octets), segments=count("segments", client.data + server.data),
            acks=count("acks", client.acks + server.acks),
        )  # fmt: skip
    side = Side.CLIENT if client.data or (not server.data and client.acks) else Side.SERVER
    sender, other = run.sums[side], run.sums[side.other]
    if not sender.data and not sender.acked:
        return scene.say("run.acks_nothing", side, acks=count("acks", sender.acks))
    if not sender.data:
        return scene.say("run.acks_only", side, octets=scene.octets(sender.acked), acks=count("acks", sender.acks))
    round_size = size(sender.octets)
    bulk = scene.words.say("run.size", size=round_size) if round_size else ""
    octets, segments = scene.octets(sender.octets), count("segments", sender.data)
    if other.acks:
        return scene.say("run.one_way", side, octets=octets, size=bulk, segments=segments, acks=count("acks", other.acks))
    return scene.say("run.one_way_silent", side, octets=octets, size=bulk, segments=segments)
