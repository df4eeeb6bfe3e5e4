"""What is not simply the next segment: sent again, overtaken, copied, repeated ACKs, gaps; and what later evidence says about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from tcpdump_parse.check.openings import began_before, no_copy
from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.steps import End, Step
from tcpdump_parse.model.terms import Cause, DupReason, Proof, Side, Where
from tcpdump_parse.tell.scene import Scene, extent, relative
from tcpdump_parse.tell.told import Sentence, Weight


def what(start: int, stop: int, end: End, scene: Scene) -> str:
    """What was sent, in words: "bytes 1:1449", or the SYN or FIN that stands alone at its number."""
    words = scene.words
    if stop - start == 1 and end.iss is not None and start == end.iss:
        return words.say("loss.syn" if end.side is Side.CLIENT else "loss.syn_ack")
    if stop - start == 1 and end.fin is not None and start == end.fin:
        return words.say("loss.fin")
    return words.say("loss.octets", start=relative(start, end), end=relative(stop, end))


_NEEDED: Final[dict[bool | None, str]] = {True: "needed", False: "spurious", None: "open"}


def proof(reason: Proof | None, scene: Scene) -> str:
    return scene.words.say(f"proof.{(reason or Proof.AS_FAR_AS_SEEN).value}")


def again(step: Step, happening: h.Retransmitted, scene: Scene) -> tuple[Sentence, ...]:
    if no_copy(step):
        return ()
    told = [] if h.SynSent in scene.kinds or h.SynAckSent in scene.kinds else list(_first_words(step, happening, scene))
    if happening.cause is not Cause.UNKNOWN:
        told.append(_cause(step, happening, scene))
    if happening.needed is not None:
        likely = happening.needed and happening.proof in (None, Proof.AS_FAR_AS_SEEN)
        key = "likely" if likely else _NEEDED[happening.needed]
        told.append(scene.say(f"loss.{key}", step.side, Weight.REMARK, proof=proof(happening.proof, scene)))
    return tuple(told)


def _cause(step: Step, happening: h.Retransmitted, scene: Scene) -> Sentence:
    key, frame = f"loss.cause_{happening.cause.value}", 0
    if happening.cause is Cause.TIMEOUT:
        ran_out = scene.tally.timeouts.get(step.side)
        if ran_out is not None and ran_out.frame != step.frame:
            key, frame = "loss.cause_timeout_goes_on", ran_out.frame
        elif happening.proof in (Proof.ALREADY_ACKED, Proof.ALREADY_SACKED):
            key = "loss.cause_timeout_acked"
    elif happening.cause is Cause.SACK_HOLE and happening.start == step.before.me.snd_una:
        key = "loss.cause_sack_again"  # the lowest hole is repaired first, so this is no further one
    return scene.say(key, step.side, Weight.REMARK, frame=frame)


def _first_words(step: Step, happening: h.Retransmitted, scene: Scene) -> Iterator[Sentence]:
    """What is sent again, unless it is a SYN, whose copy is told with it."""
    yield _again(step, happening, scene)
    if happening.new_octets and happening.copies > 1:
        yield scene.say("loss.new_octets", step.side, octets=scene.octets(happening.new_octets))
    if happening.needed is None:
        yield scene.say("loss.open", step.side)


def _again(step: Step, happening: h.Retransmitted, scene: Scene) -> Sentence:
    me = step.after.me
    if happening.copies < 2:
        stop = max(happening.end, happening.start + happening.new_octets)
        key = "loss.again_early" if began_before(step) else "loss.again_unseen"
        return scene.say(key, step.side, what=what(happening.start, stop, me, scene))
    top = step.before.me.snd_nxt
    name = what(happening.start, happening.end if top is None else min(happening.end, max(top, happening.start + 1)), me, scene)
    if happening.since_last is None:
        return scene.say("loss.again_untimed", step.side, what=name)
    return scene.say("loss.again", step.side, what=name, since=scene.span(happening.since_last))


def judged(step: Step, happening: h.Judged, scene: Scene) -> tuple[Sentence, ...]:
    return (verdict_on(happening, scene),)


def verdict_on(happening: h.Judged, scene: Scene) -> Sentence:
    """What is known now about an earlier copy."""
    likely = happening.needed is True and happening.proof is Proof.AS_FAR_AS_SEEN
    key = "likely" if likely else _NEEDED[happening.needed]
    told = scene.say(f"loss.judged_{key}", happening.side, Weight.LATER, frame=happening.frame, proof=proof(happening.proof, scene))
    return replace(told, frame=happening.frame)


def reordered(step: Step, happening: h.Reordered, scene: Scene) -> tuple[Sentence, ...]:
    reason = proof(happening.proof, scene)
    if happening.late_by is None:
        return (scene.say("loss.reordered", step.side, proof=reason),)
    return (scene.say("loss.reordered_by", step.side, proof=reason, since=scene.span(happening.late_by)),)


_COPIED: Final = {Where.CAPTURE: "loss.copied_capture", Where.NETWORK: "loss.copied_network", Where.ROUTER: "loss.copied_router"}


def copied(step: Step, happening: h.Copied, scene: Scene) -> tuple[Sentence, ...]:
    frame = _first(happening.frames)
    if happening.mss is not None:
        was, now = happening.mss
        return (scene.say("loss.copied_clamped", step.side, frame=frame, was=was, now=now),)
    return (scene.say(_COPIED[happening.where], step.side, frame=frame, proof=proof(happening.proof, scene)),)


def duplicate(step: Step, happening: h.DuplicateAck, scene: Scene) -> tuple[Sentence, ...]:
    if happening.reason is DupReason.SPURIOUS:
        return (scene.say("loss.duplicate_spurious", step.side),)
    if happening.reason is DupReason.NOTHING_OUTSTANDING:
        return (scene.say("loss.duplicate_idle", step.side),)
    if happening.reason is DupReason.ONE_OUTSTANDING and happening.n < 3:
        return (scene.say("loss.duplicate_alone", step.side, n=happening.n),)
    key = "loss.duplicate_third" if happening.n == 3 else "loss.duplicate"
    return (scene.say(key, step.side, n=happening.n, ack=step.rel_ack),)


def sack(step: Step, happening: h.SackSeen, scene: Scene) -> tuple[Sentence, ...]:
    peer = step.after.peer
    told: list[Sentence] = []
    if happening.dsack is not None:
        told.append(scene.say("loss.dsack", step.side, Weight.REMARK, range=extent(*happening.dsack, peer)))
    if happening.fresh:
        above = [block for block in happening.blocks if block != happening.dsack and (step.ack is None or block[0] >= step.ack)]
        if above:
            told.append(scene.say("loss.sack", step.side, ranges=scene.words.listed([extent(start, stop, peer) for start, stop in above])))
    return tuple(told)


def gap(step: Step, happening: h.GapOpened, scene: Scene) -> tuple[Sentence, ...]:
    return (_range("loss.gap", step.side, happening.start, happening.end, step.after.me, scene),)


def missed(step: Step, happening: h.GapAcked, scene: Scene) -> tuple[Sentence, ...]:
    if happening.start == step.after.peer.iss and happening.end == happening.start + 1:
        return (scene.say("loss.missed_syn", step.side, Weight.REMARK),)
    key = "loss.missed_or_not" if happening.beyond else "loss.missed"
    return (_range(key, step.side, happening.start, happening.end, step.after.peer, scene),)


def _range(key: str, side: Side, start: int, stop: int, end: End, scene: Scene) -> Sentence:
    octets = scene.octets(stop - start)
    return scene.say(key, side, Weight.REMARK, octets=octets, start=relative(start, end), end=relative(stop, end))


def filled(step: Step, happening: h.GapFilled, scene: Scene) -> tuple[Sentence, ...]:
    me = step.after.me
    key = "loss.filled_partly" if happening.left else "loss.filled"
    return (
        scene.say(
            key, step.side, Weight.REMARK, start=relative(happening.start, me), end=relative(happening.end, me),
            frame=_first(happening.frames), left=scene.octets(happening.left),
        ),
    )  # fmt: skip


def old(step: Step, happening: h.OldAck, scene: Scene) -> tuple[Sentence, ...]:
    ack, sent = step.before.me.ack, step.before.peer.snd_nxt
    key = "loss.old_ack_beyond" if ack is not None and sent is not None and ack > sent else "loss.old_ack"
    return (scene.say(key, step.side, octets=scene.octets(happening.behind)),)


def _first(frames: tuple[int, ...]) -> int | str:
    return frames[0] if frames else "?"


TELLS: Final[dict[type[h.Happening], Any]] = {
    h.Retransmitted: again, h.Judged: judged, h.Reordered: reordered, h.Copied: copied, h.DuplicateAck: duplicate, h.SackSeen: sack,
    h.GapOpened: gap, h.GapAcked: missed, h.GapFilled: filled, h.OldAck: old,
}  # fmt: skip
