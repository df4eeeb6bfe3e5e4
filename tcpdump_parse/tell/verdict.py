"""The verdict on one connection: what it was, how it ended, and what is remarkable, each line with what it rests on.

Law: `proved` only what no other explanation fits; what is likely is `suggested`; what this log cannot answer is said as `not_shown`.
Figures come from the `Flow` (the same as `tdparse flows`), the rest from the tally; findings of rules stand first where there are any
(`merging`): a line that says what a rule says bears its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from tcpdump_parse.check.engine import AT_ONCE
from tcpdump_parse.model.steps import End, Ending
from tcpdump_parse.model.terms import ResetCause, Side, State
from tcpdump_parse.tell.amounts import exact
from tcpdump_parse.tell.figures import losses, place, round_trips, waits
from tcpdump_parse.tell.merging import resting
from tcpdump_parse.tell.overview import Ledger
from tcpdump_parse.tell.scene import Scene
from tcpdump_parse.tell.sentences.handshake import in_force
from tcpdump_parse.tell.tally import Reset
from tcpdump_parse.tell.told import Basis, Reason, Verdict
from tcpdump_parse.visible import visible

_SILENCE: Final = 1_000_000_000  # ns; a shorter pause before a FIN is nobody's idling


def verdict(scene: Scene, ending: Ending, ledger: Ledger, at_end: frozenset[str] = frozenset()) -> Verdict:
    """`ledger`: the capture's counts so far; `at_end`: the rules that spoke only now."""
    flow = ending.flow
    unknown = flow.duration is UNSET or flow.packets < 2 or flow.duration < 0 or not scene.steady  # a clock that was set measures nothing
    seconds = None if unknown or flow.duration is UNSET else flow.duration
    return Verdict(
        capture=flow.capture, conn=flow.conn, flow=visible(flow.flow), conn_state=flow.conn_state, states=flow.states, packets=flow.packets,
        frame=ending.frame, headline=_headline(scene, ending), summary=_summary(scene, ending, seconds),
        seconds=seconds, client_octets=flow.client.unique_bytes_sent, server_octets=flow.server.unique_bytes_sent,
        agreed=in_force(ending.client, ending.server, scene.words),
        reasons=_resting(scene, ending, ledger, at_end), resolution=scene.resolution.seconds,
    )  # fmt: skip


def _resting(scene: Scene, ending: Ending, ledger: Ledger, at_end: frozenset[str]) -> tuple[Reason, ...]:
    reasons = resting(_reasons(scene, ending, ledger), scene.findings, scene.words, at_end)
    headed = _HEADED.get(ending.flow.conn_state, "")
    return tuple(reason for reason in reasons if not headed or reason.key != headed)


_HEADED: Final = dict.fromkeys(("REJ", "RSTO", "RSTR", "RSTOS0", "RSTRH"), "rst-seen.title")
"""Findings of which the headline says as much as their title."""


def _headline(scene: Scene, ending: Ending) -> str:
    """What Zeek's word says, as far as the log bears it out: Zeek believes every RST, the last of them first, and its words for what
    begins late claim more of the opening than was seen."""
    late, reset, conn_state = scene.tally.late, scene.tally.reset, ending.flow.conn_state
    if conn_state in _RESET:
        if reset is None:
            conn_state = _unreset(scene, ending)
        elif key := _doubt(scene, reset, conn_state):
            return _say(scene, f"verdict.{key}", reset.side)
        elif conn_state in ("RSTO", "RSTR"):
            conn_state = "RSTO" if reset.side is Side.CLIENT else "RSTR"
    if conn_state == "S0" and any(rule == "syn-in-established" for rule, _ in scene.findings):
        return _say(scene, "verdict.S0_inside")
    if conn_state == "S0" and ending.server.packets:
        return _say(scene, "verdict.OTHER")  # what it sent is no answer to Zeek
    if conn_state == "OTH" or (late and conn_state in ("S0", "S1")):
        return _say(scene, "verdict.OTH" if late else "verdict.OTHER")
    if conn_state == "S1" and not late and not _acknowledged(ending.server):
        return _say(scene, "verdict.never")
    if conn_state == "S1" and _lacks(scene):
        return _say(scene, "verdict.S1_holes")
    if late and conn_state in _ABORTED and _only_resets(ending, conn_state):
        conn_state = _ABORTED[conn_state]
    key = f"verdict.{conn_state}_late"
    return _say(scene, key if late and scene.words.knows(key) else f"verdict.{conn_state}")


def _acknowledged(end: End) -> bool:
    """Is its SYN acknowledged? Zeek calls a connection open as soon as the SYN+ACK is there."""
    return end.snd_una is not None and (end.iss is None or end.snd_una > end.iss)


def _lacks(scene: Scene) -> bool:
    """Does the log lack segments of it? What was acknowledged and never sent, if that is found, is no segment."""
    unsent = any(rule == "ack-unsent" for rule, _ in scene.findings)
    return not unsent and any(holes.settle() for holes in scene.tally.holes.values())


_ABORTED: Final = {"RSTO": "RSTOS0", "RSTR": "RSTRH"}
"""What is left to say where the end that reset shows nothing of a connection that it could have aborted."""


def _only_resets(ending: Ending, conn_state: str) -> bool:
    end = ending.flow.client if conn_state == "RSTO" else ending.flow.server
    return end.total_packets == end.resets_sent


_RESET: Final = frozenset(("REJ", "RSTO", "RSTR", "RSTOS0", "RSTRH"))


def _doubt(scene: Scene, reset: Reset, conn_state: str) -> str:
    """What Zeek does not ask of a RST: whose it is, whether it counts, and of what."""
    if scene.tally.after_reset and conn_state not in ("REJ", "RSTRH"):
        return "reset_survived"
    if reset.cause is ResetCause.FOREIGN:
        return "reset_foreign"
    if reset.fits is False:
        return "reset_ignored"
    return "reset_early" if conn_state in ("RSTO", "RSTR") and scene.tally.handshake is None and not scene.tally.late else ""


def _unreset(scene: Scene, ending: Ending) -> str:
    """Zeek's word for a connection in which no RST gave anything up."""
    if ending.client.fin is None and ending.server.fin is None:
        return "never" if scene.tally.handshake is None else "S1"
    return "S2" if ending.server.fin is None else "S3" if ending.client.fin is None else "SF"


def _say(scene: Scene, key: str, side: Side = Side.CLIENT, /, **values: object) -> str:
    return scene.say(key, side, **values).text


def _summary(scene: Scene, ending: Ending, seconds: float | None) -> str:
    flow = ending.flow
    values: dict[str, object] = {
        "packets": scene.words.count("packets", flow.packets), "client_octets": scene.octets(flow.client.unique_bytes_sent),
        "server_octets": scene.octets(flow.server.unique_bytes_sent), "conn_state": flow.conn_state,
    }  # fmt: skip
    if seconds is None:
        return _say(scene, "verdict.summary", Side.CLIENT, **values)
    return _say(scene, "verdict.summary_in", Side.CLIENT, **values, span=exact(round(seconds * 1e9), scene.resolution.ns))


class _Judge:
    """Says one line after the other, each with its basis."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def __call__(self, basis: Basis, key: str, side: Side | None = None, *, frames: tuple[int, ...] = (), **values: object) -> Reason:
        return Reason(basis, _say(self.scene, f"verdict.{key}", side or Side.CLIENT, **values), f"verdict.{key}", frames=frames, side=side)


def _reasons(scene: Scene, ending: Ending, ledger: Ledger) -> Iterator[Reason]:
    say = _Judge(scene)
    yield from _states(say, ending)
    yield from _half(say, scene, ending)
    yield from _abort(say, scene)
    timed = ending.flow.duration is not UNSET  # the clock was not set meanwhile
    if timed:
        yield from _timing(say, scene)
    yield from round_trips(say, scene, ending)
    yield from waits(say, scene, ending)
    yield from _quiet(say, scene, timed=timed)
    yield from losses(say, scene, ending)
    yield from _integrity(say, scene)
    yield from place(say, ending)
    yield from _unknown(say, scene, ending, ledger)


def _timing(say: _Judge, scene: Scene) -> Iterator[Reason]:
    tally = scene.tally
    done = tally.handshake
    if done is not None and done.to_server is not None and done.to_client is not None:
        total = scene.span(done.to_server + done.to_client)
        yield say(Basis.PROVED, "round_trip", total=total, there=scene.span(done.to_server), back=scene.span(done.to_client))
    if tally.replies == 1:
        yield say(Basis.PROVED, "reply", since=scene.span(tally.slowest[0]), frame=tally.slowest[1], frames=(tally.slowest[1],))
    elif tally.replies:
        yield say(
            Basis.PROVED, "slowest", n=tally.replies, since=scene.span(tally.slowest[0]), frame=tally.slowest[1], frames=(tally.slowest[1],)
        )


def _states(say: _Judge, ending: Ending) -> Iterator[Reason]:
    client, server = ending.client, ending.server
    if State.UNKNOWN in (client.state, server.state):
        return
    if len(client.states) == len(server.states) == 1 and State.UNKNOWN not in (*client.states, *server.states):
        yield say(Basis.PROVED, "ended_proved", client_state=client.states[0].value, server_state=server.states[0].value)
    elif all(end.state in end.states or end.states == (State.UNKNOWN,) for end in (client, server)):
        yield say(Basis.SUGGESTED, "ended_half", client_state=client.state.value, server_state=server.state.value)
    for end in (client, server):
        if 1 < len(end.states) <= 4:
            states = say.scene.words.listed((state.value for state in end.states), "term.or")
            yield say(Basis.UNKNOWN, "ended_open", end.side, states=states)


def _half(say: _Judge, scene: Scene, ending: Ending) -> Iterator[Reason]:
    """A close of which only one direction happened."""
    tally = scene.tally
    timed = ending.flow.duration is not UNSET
    if timed and tally.fin_idle is not None and tally.first_fin is not None:
        idle, frame = tally.fin_idle
        if idle >= _SILENCE:
            yield say(Basis.PROVED, "closed_after_idle", tally.first_fin, idle=scene.span(idle), frame=frame, frames=(frame,))
    if timed and tally.fin_ack is not None:
        side, delay, frame = tally.fin_ack
        yield say(Basis.SUGGESTED, "fin_delay", side, delay=scene.span(delay), frame=frame, frames=(frame,))
    closer = _half_closed(ending)
    if closer is None:
        return
    acked = closer.state is State.FIN_WAIT_2
    yield say(Basis.PROVED, "half" if acked else "half_unacked", closer.side)
    if "four_way" in scene.caption_lines:
        yield say(Basis.PROVED, "half_caption", line=scene.caption_lines["four_way"])
    if acked:
        key = "half_waits" if tally.at_work.stuck(closer.side.other, ending.until) else "half_waits_yet"
        yield replace(say(Basis.SUGGESTED, key, closer.side), side=None)  # it speaks of both ends


def _half_closed(ending: Ending) -> End | None:
    """The end that closed, when the other never did and nobody aborted."""
    if ending.flow.conn_state not in ("S2", "S3"):
        return None
    return ending.client if ending.flow.conn_state == "S2" else ending.server


def _abort(say: _Judge, scene: Scene) -> Iterator[Reason]:
    reset = scene.tally.reset
    if reset is not None and reset.cause is ResetCause.ABORT and not scene.tally.after_reset:
        yield say(Basis.SUGGESTED, "abort", reset.side, frame=reset.frame, frames=(reset.frame,))


def _quiet(say: _Judge, scene: Scene, *, timed: bool) -> Iterator[Reason]:
    tally = scene.tally
    if tally.probes:
        key = "keepalive" if tally.answers else "keepalive_lost"
        yield say(Basis.PROVED, key, probes=scene.words.count("probes", tally.probes), answers=tally.answers)
    for side, times in tally.zero_windows.items():
        closed, count = tally.closed_for.get(side), scene.words.count("times", times)
        if closed and timed:
            yield say(Basis.PROVED, "zero_window", side, times=count, span=scene.span(closed))
        else:
            yield say(Basis.PROVED, "zero_window_untimed", side, times=count)


def _integrity(say: _Judge, scene: Scene) -> Iterator[Reason]:
    tally = scene.tally
    if tally.offload:
        key = "offload" if tally.offload == tally.incorrect else "offload_some"
        yield say(Basis.PROVED, key, n=tally.offload, all=tally.checksums, incorrect=tally.incorrect)
    if tally.wrong[0]:
        yield say(Basis.PROVED, "wrong", n=tally.wrong[0], frame=tally.wrong[1], frames=(tally.wrong[1],))
    if tally.unexplained[0]:
        yield say(Basis.PROVED, "unexplained", n=tally.unexplained[0], frame=tally.unexplained[1], frames=(tally.unexplained[1],))
    if tally.contradiction:
        yield say(Basis.PROVED, "contradiction", frame=tally.contradiction, frames=(tally.contradiction,))
    if tally.content:
        yield say(Basis.PROVED, "content", frame=tally.content, frames=(tally.content,))


def _silence(ending: Ending) -> int | None:
    """How long nothing more of it was in the log (ns); None where the clock does not tell."""
    times = [end.at for end in (ending.client, ending.server) if end.at is not None]
    return None if ending.until is None or not times else ending.until - max(times)


def _unknown(say: _Judge, scene: Scene, ending: Ending, ledger: Ledger) -> Iterator[Reason]:
    if ledger.quotes:
        yield say(Basis.PROVED, "quote", capture=ledger.number, earlier=ledger.quotes)
    if scene.tally.late:
        yield say(Basis.UNKNOWN, "late")
    silence = _silence(ending)
    if ending.reason in AT_ONCE and silence is not None and silence >= _SILENCE and scene.steady:
        yield say(Basis.PROVED, "silent", frame=ending.frame, span=scene.span(silence), frames=(ending.frame,))
    if scene.tally.unjudged:
        yield say(Basis.UNKNOWN, "unjudged", n=scene.tally.unjudged, all=scene.tally.checksums)
    closer = _half_closed(ending)
    if closer is not None and ending.reason == "end":
        yield say(Basis.UNKNOWN, "afterwards", closer.side.other)
    missing = ledger.missing
    if missing > 0 and ending.flow.conn_state in ("S0", "S1", "S2", "S3", "OTH", "SH", "SHR"):
        yield say(Basis.UNKNOWN, "missing", n=missing)
