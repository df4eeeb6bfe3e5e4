"""Checksums, clocks and contradictions: what the log shows about the packet, the capture and itself.

Offload is told where it is first proved; every further packet of the capture's host has it, and the verdict counts them.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET

from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.steps import Step
from tcpdump_parse.tell.scene import Scene
from tcpdump_parse.tell.told import Sentence, Weight


def offload(step: Step, happening: h.ChecksumOffload, scene: Scene) -> tuple[Sentence, ...]:
    scene.said.add(h.ChecksumOffload)
    key = "checksum.offload_lso" if happening.lso else "checksum.offload"
    return (scene.say(key, step.side, Weight.REMARK, value=_printed(step)[0]),)


def wrong(step: Step, happening: h.ChecksumWrong, scene: Scene) -> tuple[Sentence, ...]:
    if happening.zero:
        return (scene.say("checksum.zero", step.side, Weight.REMARK),)
    value, expected = _printed(step)
    return (scene.say("checksum.wrong", step.side, Weight.REMARK, value=value, expected=expected),)


def unexplained(step: Step, happening: h.ChecksumUnexplained, scene: Scene) -> tuple[Sentence, ...]:
    if happening.hidden_ack is not None:
        return (scene.say("checksum.unexplained_ack", step.side, Weight.REMARK, ack=happening.hidden_ack),)
    key = "checksum.unexplained_flag" if happening.explanation == "reserved_flag" else "checksum.unexplained"
    return (scene.say(key, step.side, Weight.REMARK),)


def lengths(step: Step, happening: h.LengthsDisagree, scene: Scene) -> tuple[Sentence, ...]:
    told = scene.say("checksum.lengths", step.side, Weight.REMARK, ip=scene.octets(happening.ip), tcp=scene.octets(happening.tcp))
    return (told,)


def differs(step: Step, happening: h.ContentDiffers, scene: Scene) -> tuple[Sentence, ...]:
    frame = happening.frames[0] if happening.frames else "?"
    return (scene.say("checksum.differs", step.side, Weight.REMARK, frame=frame),)


def _printed(step: Step) -> tuple[str, str]:
    tcp = step.packet.tcp
    if tcp is UNSET or tcp.checksum is UNSET:
        return "?", "?"
    expected = tcp.checksum.expected
    return f"0x{tcp.checksum.value:04x}", "?" if expected is UNSET else f"0x{expected:04x}"


def clock(step: Step, happening: h.ClockStepped, scene: Scene) -> tuple[Sentence, ...]:
    scene.back = happening.by
    return (scene.say("time.clock", step.side, Weight.REMARK, by=scene.span(happening.by)),)


def contradiction(step: Step, happening: h.Contradiction, scene: Scene) -> tuple[Sentence, ...]:
    return (scene.say("state.contradiction", happening.side, Weight.REMARK),)


TELLS: Final[dict[type[h.Happening], Any]] = {
    h.ChecksumOffload: offload, h.ChecksumWrong: wrong, h.ChecksumUnexplained: unexplained, h.LengthsDisagree: lengths,
    h.ContentDiffers: differs, h.ClockStepped: clock, h.Contradiction: contradiction,
}  # fmt: skip
