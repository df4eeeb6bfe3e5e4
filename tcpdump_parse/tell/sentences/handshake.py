"""Opening: SYN, SYN ACK, ACK, what is offered and what is in force afterwards."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET

from tcpdump_parse.check.openings import answers_syn, doubtful, third_step
from tcpdump_parse.check.signs import letters
from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.options import Mss, TcpOption, Unknown, Wscale
from tcpdump_parse.model.steps import End, Step
from tcpdump_parse.model.terms import Basis, Side
from tcpdump_parse.tell.scene import Scene
from tcpdump_parse.tell.told import Sentence, Weight
from tcpdump_parse.tell.words import Words
from tcpdump_parse.visible import visible

_PADDING: Final = frozenset({"nop", "eol"})
_ACCECN: Final = (172, 174)  # the two orders of its counters
_USUAL: Final = frozenset({"mss", "wscale", "sackOK", "sack", "TS"})


def offered(options: tuple[TcpOption, ...], words: Words) -> str:
    """The options of a SYN as a list, padding left out."""
    return words.listed(named(option, words) for option in options if tag(option) not in _PADDING)


def tag(option: TcpOption) -> str:
    """tcpdump's word for the option."""
    return str(option.__struct_config__.tag)


def named(option: TcpOption, words: Words) -> str:
    """One option in words: "MSS 1460", "windows × 128"."""
    name = tag(option)
    if type(option) is Mss:
        return words.say("option.mss", value=option.value)
    if type(option) is Wscale:
        return words.say("option.wscale", factor=1 << min(option.shift, 14))
    return called(name, option.kind if type(option) is Unknown else 0, words)


def called(name: str, kind: int, words: Words) -> str:
    """What people call an option, by tcpdump's word for it; by its kind where tcpdump has none."""
    if name == "unknown":
        return words.say("option.accecn" if kind in _ACCECN else "option.unknown", kind=kind)
    return words.say(f"option.{name}") if words.knows(f"option.{name}") else words.say("option.other", name=visible(name))


def in_force(client: End, server: End, words: Words) -> str:
    """What both ends offered and so may use; "" while one of the SYNs is unknown."""
    if client.offered is None or server.offered is None:
        return ""
    both = [name for name in client.offered if name in server.offered]
    items = [_mss(client, server, words)] if "mss" in both else []
    items += [words.say(f"option.{name}") for name in ("sackOK", "TS") if name in both]
    if "wscale" in both:
        items.append(_wscale(client, server, words))
    return words.listed(items)


def _mss(client: End, server: End, words: Words) -> str:
    if client.mss == server.mss:
        return words.say("option.mss", value=client.mss)
    return words.say("option.mss_each", client=client.mss, server=server.mss)


def _wscale(client: End, server: End, words: Words) -> str:
    ours, theirs = 1 << (client.wscale or 0), 1 << (server.wscale or 0)
    if ours == theirs:
        return words.say("option.wscale", factor=ours)
    return words.say("option.wscale_each", client=ours, server=theirs)


def _offers(step: Step, scene: Scene) -> Sentence:
    tcp = step.packet.tcp
    options = offered(tcp.options, scene.words) if tcp is not UNSET else ""
    return scene.say("handshake.offers", step.side, offers=options) if options else scene.say("handshake.offers_nothing", step.side)


def syn(step: Step, happening: h.SynSent, scene: Scene) -> tuple[Sentence, ...]:
    if happening.copy > 1:
        since, una = happening.since_first, step.before.me.snd_una
        if una is not None and una > happening.iss:
            return (scene.say("handshake.syn_again_answered", step.side, n=happening.copy),)
        if happening.challenged is not None:
            return (scene.say("handshake.syn_again_challenged", step.side, n=happening.copy, frame=happening.challenged),)
        if since is None:
            return (scene.say("handshake.syn_again_untimed", step.side, n=happening.copy),)
        return (scene.say("handshake.syn_again", step.side, n=happening.copy, since=scene.span(since)),)
    key = "handshake.syn_crossed" if happening.crossed else "handshake.syn"
    return scene.say(key, step.side), _offers(step, scene), *_no_room(step, scene)


def synack(step: Step, happening: h.SynAckSent, scene: Scene) -> tuple[Sentence, ...]:
    if happening.copy > 1 and answers_syn(step):
        return (scene.say("handshake.synack_crossed", step.side),)
    if happening.copy > 1:
        sent = scene.tally.synacks.get(step.side, happening.copy)
        key = "handshake.synack_again" if sent > 1 else "handshake.synack_late"
        return (scene.say(key, step.side, n=sent),)
    if happening.acks_syn is False:
        return (scene.say("handshake.synack_other", step.side),)
    key = "handshake.synack_unseen" if happening.acks_syn is None else "handshake.synack"
    return scene.say(key, step.side), _offers(step, scene), *_no_room(step, scene)


def _no_room(step: Step, scene: Scene) -> tuple[Sentence, ...]:
    """A window that is closed from the start, which no later segment tells."""
    tcp = step.packet.tcp
    return (scene.say("handshake.no_room", step.side),) if tcp is not UNSET and tcp.win == 0 else ()


def done(step: Step, happening: h.HandshakeDone, scene: Scene) -> tuple[Sentence, ...]:
    late = "S" in letters(step)  # in a log out of order a SYN, ACK may come last
    told = () if late or doubtful(step) else (done_after(step, happening, scene),)
    agreed = in_force(step.end_of(Side.CLIENT), step.end_of(Side.SERVER), scene.words)
    return (*told, scene.say("handshake.agreed", step.side, agreed=agreed)) if agreed else told


def done_after(step: Step, happening: h.HandshakeDone, scene: Scene) -> Sentence:
    if not third_step(step):
        return scene.say("handshake.done_later", step.side)
    if happening.to_server is None or happening.to_client is None:
        return scene.say("handshake.done_untimed", step.side)
    return scene.say("handshake.done", step.side, total=scene.span(happening.to_server + happening.to_client))


def late(step: Step, happening: h.StartedLate, scene: Scene) -> tuple[Sentence, ...]:
    told = scene.say("handshake.late", step.side, Weight.REMARK)
    guessed = scene.connection.basis in (Basis.PORT, Basis.FIRST)
    return (told, scene.say("handshake.late_guess", step.side, Weight.REMARK)) if guessed else (told,)


def reused(step: Step, happening: h.PortReused, scene: Scene) -> tuple[Sentence, ...]:
    key = "handshake.reused_early" if happening.legal is False else "handshake.reused"
    return (scene.say(key, step.side, Weight.REMARK, n=happening.previous),)


def option(step: Step, happening: h.OptionSeen, scene: Scene) -> tuple[Sentence, ...]:
    """Only what nobody expects: the options of a SYN are told with it, and the usual ones need no word later."""
    if "S" in letters(step) or happening.name in _USUAL:
        return ()
    return (scene.say("handshake.option", step.side, Weight.REMARK, option=called(happening.name, happening.kind, scene.words)),)


TELLS: Final[dict[type[h.Happening], Any]] = {
    h.SynSent: syn, h.SynAckSent: synack, h.HandshakeDone: done, h.StartedLate: late, h.PortReused: reused, h.OptionSeen: option,
}  # fmt: skip
