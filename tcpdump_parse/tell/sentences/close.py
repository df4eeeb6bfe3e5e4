"""The end of a connection, and what asks whether it is still there: FIN, RST, keep-alive, challenge ACK."""

from __future__ import annotations

from typing import Any, Final

from tcpdump_parse.check.openings import reset_cause, syns_crossed
from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import ResetCause, State
from tcpdump_parse.tell.scene import Scene
from tcpdump_parse.tell.told import Sentence, Weight


def fin(step: Step, happening: h.FinSent, scene: Scene) -> tuple[Sentence, ...]:
    key = "close.fin" if happening.first else "close.fin_last"
    known = happening.octets and not _outside(step)
    told = scene.say(f"{key}_total", step.side, octets=scene.octets(happening.octets or 0)) if known else scene.say(key, step.side)
    theirs = step.before.peer.fin
    if not happening.first and theirs is not None and step.ack is not None and step.ack <= theirs:
        return told, scene.say("close.fin_crossed", step.side)
    return (told,)


def _outside(step: Step) -> bool:
    """Does it stand where the other end takes nothing: then its number does not tell how much there was?"""
    edge = step.before.me.edge
    return edge is not None and step.end is not None and step.end > edge + 1


def finack(step: Step, happening: h.FinAcked, scene: Scene) -> tuple[Sentence, ...]:
    """What the ACK of a FIN means depends on the other direction: half-closed, still to be acknowledged, or done."""
    me = step.after.me
    if h.FinSent in scene.kinds:
        return (scene.say("close.finack_turn", step.side),)
    if step.length:
        return (scene.say("close.finack_data", step.side),)
    if me.fin is None:
        key = "close.finack"
    else:
        key = "close.finack_last" if me.snd_una is not None and me.snd_una > me.fin else "close.finack_crossed"
    if happening.delay is None:
        return (scene.say(key, step.side),)
    told = scene.say(f"{key}_after", step.side, delay=scene.span(happening.delay))
    if scene.tally.looks_delayed(step, step.happened(h.AckAdvanced)):
        return told, scene.say("close.delayed", step.side)
    return (told,)


def reset(step: Step, happening: h.ResetSent, scene: Scene) -> tuple[Sentence, ...]:
    key = _reset(step, happening, scene)
    told = scene.say(f"reset.{key}", step.side)
    outside = happening.acceptable is False and key != "unfitting"
    return (told, scene.say("reset.outside", step.side, Weight.REMARK)) if outside else (told,)


def _reset(step: Step, happening: h.ResetSent, scene: Scene) -> str:
    cause, me, peer, first = reset_cause(step, happening), step.before.me, step.before.peer, scene.tally.reset
    if cause is ResetCause.FOREIGN and (step.seq or 0) > max(me.snd_nxt or 0, peer.ack or 0):
        return "foreign_number"
    if cause is ResetCause.REPEATED and first is not None and first.side is not step.side:
        return "repeated_other"
    if happening.refuses:
        return "rejected"
    if cause is ResetCause.UNEXPECTED_ACK and me.offered is not None and me.ack is None and peer.offered is not None:
        return "disowned"
    if cause is ResetCause.UNKNOWN and syns_crossed(step):
        return "crossed"
    if cause is ResetCause.UNKNOWN and not me.seen and peer.seen and peer.ack is None and step.ack == peer.snd_nxt:
        return "no_connection"  # the form of an answer to a segment without ACK (RFC 9293 §3.5.2)
    if happening.acceptable is False and peer.state is State.SYN_SENT:
        return "unfitting"
    return cause.value


def keepalive(step: Step, happening: h.KeepAlive, scene: Scene) -> tuple[Sentence, ...]:
    if happening.n > 1:
        return (scene.say("keepalive.probe_again", step.side, n=happening.n),)
    return (scene.say("keepalive.probe_octet" if happening.octets else "keepalive.probe", step.side),)


def keepalive_ack(step: Step, happening: h.KeepAliveAck, scene: Scene) -> tuple[Sentence, ...]:
    return (scene.say("keepalive.ack", step.side, frame=happening.frames[0] if happening.frames else "?"),)


def challenge(step: Step, happening: h.ChallengeAck, scene: Scene) -> tuple[Sentence, ...]:
    frame = happening.frames[0] if happening.frames else "?"
    return (scene.say(f"close.challenge_{happening.cause.value}", step.side, frame=frame),)


TELLS: Final[dict[type[h.Happening], Any]] = {
    h.FinSent: fin, h.FinAcked: finack, h.ResetSent: reset, h.KeepAlive: keepalive, h.KeepAliveAck: keepalive_ack,
    h.ChallengeAck: challenge,
}  # fmt: skip
