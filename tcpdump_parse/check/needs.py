"""Which of a rule's needs are not met: by a segment's connection as it stands, or by the whole of one that ended."""

from __future__ import annotations

from typing import Final

from msgspec import UNSET

from tcpdump_parse.check.rule import Need
from tcpdump_parse.check.watch import Watch
from tcpdump_parse.model.steps import Ending, Step

TIMELESS: Final = "time"
"""The need, as `unless` names it."""
_NOTHING: Final = Need.NOTHING


def unmet_by_step(needs: Need, watch: Watch, step: Step, *, timed: bool) -> tuple[str, ...]:
    """`timed`: the clock never stepped."""
    if needs is _NOTHING:
        return ()
    peer, me = step.before.peer, step.after.me
    segment = step.packet.tcp
    absolute = segment is not UNSET and (segment.seq_abs is not UNSET or segment.ack_abs is not UNSET)
    handshake = me.offered is not None and peer.offered is not None
    return _unmet(needs, watch, peer.seen, handshake, absolute=absolute, timed=timed and step.at is not None)


def unmet_at_end(needs: Need, watch: Watch, ending: Ending) -> tuple[str, ...]:
    client, server = ending.client, ending.server
    handshake = client.offered is not None and server.offered is not None
    timed = ending.flow.duration is not UNSET
    return _unmet(needs, watch, client.seen and server.seen, handshake, absolute=True, timed=timed)


def _unmet(needs: Need, watch: Watch, both: bool, handshake: bool, *, absolute: bool, timed: bool) -> tuple[str, ...]:
    if both and handshake and absolute and timed and not watch.gap:
        return ()
    met = {
        Need.BOTH_SIDES: both,
        Need.NO_GAP: not watch.gap,
        Need.HANDSHAKE: handshake,
        Need.ABSOLUTE: absolute,
        Need.TIME: timed,
    }
    return tuple(need.name.lower() for need in needs if not met[need] and need.name)
