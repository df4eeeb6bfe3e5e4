"""`--teach`: one explanation for each concept, where it first appears in the log.

A table: what wakes a lesson, in the order a beginner meets them. A lesson is told once for the whole input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import UNSET

from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import State
from tcpdump_parse.tell.scene import Scene
from tcpdump_parse.tell.told import Sentence, Weight

Wakes = Callable[[Step, Any, Scene], bool]


def _always(step: Step, happening: Any, scene: Scene) -> bool:
    return True


def _option(name: str) -> Wakes:
    return lambda step, happening, scene: happening.name == name


def _pushed(step: Step, happening: h.DataSent, scene: Scene) -> bool:
    tcp = step.packet.tcp
    return tcp is not UNSET and tcp.flags is not UNSET and "P" in tcp.flags


def _loopback(step: Step, happening: h.OptionSeen, scene: Scene) -> bool:
    return happening.name == "mss" and step.after.me.mss is not None and step.after.me.mss in (65495, 65476)


def _delayed(step: Step, happening: h.AckAdvanced, scene: Scene) -> bool:
    return scene.tally.looks_delayed(step, happening)


def _half_closed(step: Step, happening: h.FinAcked, scene: Scene) -> bool:
    return step.after.me.fin is None


def _waits(step: Step, happening: h.StateMoved, scene: Scene) -> bool:
    return happening.now is State.TIME_WAIT


LESSONS: Final[dict[type[h.Happening], tuple[tuple[str, Wakes], ...]]] = {
    h.StartedLate: (("late_start", _always),),
    h.SynSent: (("syn", _always),),
    h.OptionSeen: (
        ("mss", _option("mss")), ("mss_lo", _loopback), ("sack", _option("sackOK")), ("timestamps", _option("TS")),
        ("wscale", _option("wscale")),
    ),
    h.HandshakeDone: (("handshake", _always),),
    h.ChecksumOffload: (("offload", _always),),
    h.DataSent: (("push", _pushed),),
    h.AckAdvanced: (("ack", _always), ("delayed_ack", _delayed)),
    h.Retransmitted: (("retransmission", _always),),
    h.Reordered: (("reordering", _always),),
    h.DuplicateAck: (("duplicate_ack", _always),),
    h.WindowClosed: (("window", _always),),
    h.KeepAlive: (("keepalive", _always),),
    h.FinSent: (("fin", _always),),
    h.FinAcked: (("half_close", _half_closed),),
    h.StateMoved: (("time_wait", _waits),),
    h.ResetSent: (("reset", _always),),
}  # fmt: skip


_RANK: Final = {name: rank for rank, name in enumerate(name for group in LESSONS.values() for name, _ in group)}


def lessons(step: Step, scene: Scene, learned: set[str]) -> list[Sentence]:
    """The lessons this segment gives occasion for, in the order of the table; `learned` remembers them."""
    new = {
        name
        for happening in step.happenings
        for name, wakes in LESSONS.get(type(happening), ())
        if name not in learned and wakes(step, happening, scene)
    }
    learned |= new
    return [scene.say(f"teach.{name}", step.side, Weight.LESSON) for name in sorted(new, key=_RANK.__getitem__)]
