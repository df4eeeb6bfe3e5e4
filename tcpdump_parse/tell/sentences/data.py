"""Data and acknowledgements: the bulk of every log, so the shortest sentences."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from msgspec import UNSET

from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Side
from tcpdump_parse.tell.flags import in_words
from tcpdump_parse.tell.scene import Scene
from tcpdump_parse.tell.told import Sentence
from tcpdump_parse.tell.words import Words

_SAID_BY_OTHERS: Final = frozenset({h.HandshakeDone, h.SynAckSent, h.KeepAliveAck, h.WindowProbeAck})


@lru_cache(maxsize=4096)
def _counted(words: Words, key: str, side: Side, octets: int) -> tuple[Sentence, ...]:
    """A sentence with no other number in it. A log has few lengths and full segments above all: most are made once."""
    return (Sentence(words.about[side][key] % {"octets": words.count("octets", octets)}, key),)


def sent(step: Step, happening: h.DataSent, scene: Scene) -> tuple[Sentence, ...]:
    if h.Retransmitted in scene.kinds:
        return ()  # told as such, with its octets
    if happening.turn and happening.since_peer is not None and happening.since_peer >= 0:  # else the clock stepped back
        key = "data.reply" if step.side is Side.SERVER else "data.turn"
        return (scene.say(key, step.side, octets=scene.octets(happening.octets), since=scene.span(happening.since_peer)),)
    return _counted(scene.words, "data.first" if happening.first and _begins(step) else "data.sent", step.side, happening.octets)


def _begins(step: Step) -> bool:
    """Does its stream begin here? What the log lacks may have come before, where it began late or misses the first octets."""
    me = step.after.me
    return me.iss is not None and step.seq is not None and step.seq <= me.iss + 1


def acked(step: Step, happening: h.AckAdvanced, scene: Scene) -> tuple[Sentence, ...]:
    """The data an ACK takes; the SYN and the FIN it may take have sentences of their own."""
    kinds = scene.kinds
    octets = happening.octets - _numbers_of_flags(step, happening, kinds)
    if octets <= 0 or not kinds.isdisjoint(_SAID_BY_OTHERS):
        return ()
    if h.DataSent in kinds or h.FinSent in kinds:
        return _counted(scene.words, "data.acks_too", step.side, octets)
    told = _bare_ack(step, octets, scene)
    if happening.delay is not None and h.FinAcked not in kinds and scene.tally.looks_delayed(step, happening):
        return told, scene.say("data.delayed", step.side, delay=scene.span(happening.delay))
    return (told,)


def _numbers_of_flags(step: Step, happening: h.AckAdvanced, kinds: frozenset[type]) -> int:
    """How many of the acknowledged numbers are a SYN or a FIN, which count as one each."""
    return (happening.start == step.after.peer.iss) + (h.FinAcked in kinds)


def _bare_ack(step: Step, octets: int, scene: Scene) -> Sentence:
    peer = step.after.peer
    left = peer.in_flight
    if left and (data := left - peer.fin_waits):
        return _some(scene.words, step.side, octets, data)
    if octets == 1 and (not peer.seen or _unseen(step)):
        return scene.say("data.ack_one", step.side)
    if left == 0 and not _unseen(step):
        return _counted(scene.words, "data.ack_all", step.side, octets)[0]
    return _counted(scene.words, "data.ack", step.side, octets)[0]


@lru_cache(maxsize=4096)
def _some(words: Words, side: Side, octets: int, left: int) -> Sentence:
    """Kept as well: where full segments travel, an ACK takes a few of them and leaves a few."""
    key = "data.ack_some"
    return Sentence(words.about[side][key] % {"octets": words.count("octets", octets), "left": words.count("octets", left)}, key)


def _unseen(step: Step) -> bool:
    """Does it acknowledge beyond all that was seen: then nobody knows whether that is all?"""
    gap = step.happened(h.GapAcked)
    return isinstance(gap, h.GapAcked) and gap.beyond


def bare(step: Step, scene: Scene) -> Sentence:
    """A segment of which nothing else is to be said."""
    tcp = step.packet.tcp
    if step.length:
        return scene.say("data.sent", step.side, octets=scene.octets(step.length))
    if tcp is UNSET or tcp.flags is UNSET:
        return scene.say("data.segment_cut", step.side)
    if tcp.flags == "." and step.ack is not None:
        return scene.say(_plain(step, step.ack), step.side)
    return scene.say("data.segment", step.side, flags=in_words(tcp.flags)) if tcp.flags else scene.say("data.segment_empty", step.side)


def _plain(step: Step, ack: int) -> str:
    """What a bare ACK says that acknowledges nothing new: the first of its end may complete an opening that the log holds but a part of."""
    me, peer = step.before.me, step.before.peer
    if peer.iss is not None and ack <= peer.iss:
        return "data.ack_strange"
    if me.ack is not None:
        return "data.ack_plain"
    if me.offered is not None and peer.offered is None and me.iss is not None and step.seq == me.iss + 1:
        return "data.ack_answer_unseen"
    if me.offered is None and peer.offered is not None and peer.iss is not None and ack == peer.iss + 1 and me.snd_una == step.seq:
        return "handshake.done_untimed"
    return "data.ack_first"


TELLS: Final[dict[type[h.Happening], Any]] = {h.DataSent: sent, h.AckAdvanced: acked}
