"""The silence before a segment: who could have spoken, and what was still under way."""

from __future__ import annotations

from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.steps import End, Step
from tcpdump_parse.tell.scene import Scene


def pause_before(step: Step, idle: h.Idle, scene: Scene) -> tuple[str, bool]:
    """The silence in words, and whether it was a rest: everything sent was acknowledged."""
    gap, back = scene.span(idle.gap), scene.back
    if back and abs(idle.gap - back) < back // 10:
        scene.back = 0
        return scene.say("time.put_right", step.side, gap=gap).text, False
    if step.at is not None and step.at == scene.measured:
        return scene.say("time.jumped", step.side, gap=gap).text, False
    ends = (step.before.me, step.before.peer)
    waiting = [end for end in ends if outstanding(end)]
    if not scene.open or any(outstanding(end) is None for end in ends):
        return scene.say("time.pause", step.side, gap=gap).text, False
    if waiting:
        return _waiting(waiting[0], gap, scene), False
    if idle.waiting_for is None:
        return scene.say("time.idle", step.side, gap=gap).text, True
    if idle.waiting_for is not step.side and step.happened(h.DataSent) is not None:
        return scene.say("time.idle_acked", step.side, gap=gap).text, True  # it had more to say: whose turn it was, only the programs know
    return scene.say("time.idle_turn", idle.waiting_for, gap=gap).text, True


def outstanding(end: End) -> int | None:
    """What this end sent and nobody acknowledged; None where the log cannot tell."""
    if end.snd_nxt is None:
        return 0
    return None if end.snd_una is None else max(0, end.snd_nxt - end.snd_una)


def _waiting(end: End, gap: str, scene: Scene) -> str:
    numbers = outstanding(end) or 0
    octets = numbers - end.fin_waits
    if octets == 0:
        return scene.say("time.idle_fin", end.side, gap=gap).text
    return scene.say("time.idle_waiting", end.side, gap=gap, octets=scene.octets(octets)).text
