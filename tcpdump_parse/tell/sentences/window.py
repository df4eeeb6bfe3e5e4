"""Flow control: windows that close, open, fill and are probed."""

from __future__ import annotations

from typing import Any, Final

from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.steps import Step
from tcpdump_parse.tell.scene import Scene, ago
from tcpdump_parse.tell.told import Sentence, Weight


def room(step: Step, value: int, scene: Scene) -> str:
    """A window in octets; the bare printed number while the scale is unknown."""
    return scene.octets(value) if step.window is not None else str(value)


def update(step: Step, happening: h.WindowUpdate, scene: Scene) -> tuple[Sentence, ...]:
    before = step.before.me.wnd
    was = happening.was if before is None else before  # a SYN's window is never scaled (RFC 7323 §2.2), whatever was agreed since
    key = "window.opened" if happening.now > was else "window.lowered"
    return (scene.say(key, step.side, was=room(step, was, scene), now=room(step, happening.now, scene)),)


def closed(step: Step, happening: h.WindowClosed, scene: Scene) -> tuple[Sentence, ...]:
    return (scene.say("window.closed", step.side, Weight.REMARK),)


def reopened(step: Step, happening: h.WindowReopened, scene: Scene) -> tuple[Sentence, ...]:
    key = "window.reopened" if happening.closed_for is None else "window.reopened_after"
    return (scene.say(key, step.side, now=room(step, happening.now, scene), since=ago(happening.closed_for, scene)),)


def full(step: Step, happening: h.WindowFull, scene: Scene) -> tuple[Sentence, ...]:
    return (scene.say("window.full", step.side, Weight.REMARK),)


def exceeded(step: Step, happening: h.WindowExceeded, scene: Scene) -> tuple[Sentence, ...]:
    return (scene.say("window.exceeded", step.side, Weight.REMARK, octets=scene.octets(happening.octets)),)


def shrunk(step: Step, happening: h.WindowShrunk, scene: Scene) -> tuple[Sentence, ...]:
    key = "window.shrunk_rounding" if happening.rounding else "window.shrunk"
    return (scene.say(key, step.side, Weight.REMARK, octets=scene.octets(happening.octets)),)


def probe(step: Step, happening: h.WindowProbe, scene: Scene) -> tuple[Sentence, ...]:
    if happening.n > 1 and happening.since is not None:
        told = scene.say("window.probe_again", step.side, n=happening.n, since=scene.span(happening.since))
    else:
        told = scene.say("window.probe_crossed" if step.before.peer.win else "window.probe", step.side)
    return (told, scene.say("window.probe_octets", step.side, octets=scene.octets(happening.octets))) if happening.octets else (told,)


def probe_ack(step: Step, happening: h.WindowProbeAck, scene: Scene) -> tuple[Sentence, ...]:
    win = step.after.me.wnd if step.after.me.wnd is not None else step.after.me.win
    frame = happening.frames[0] if happening.frames else "?"
    return (scene.say("window.probe_ack", step.side, frame=frame, window=room(step, win or 0, scene)),)


TELLS: Final[dict[type[h.Happening], Any]] = {
    h.WindowUpdate: update, h.WindowClosed: closed, h.WindowReopened: reopened, h.WindowFull: full, h.WindowExceeded: exceeded,
    h.WindowShrunk: shrunk, h.WindowProbe: probe, h.WindowProbeAck: probe_ack,
}  # fmt: skip
