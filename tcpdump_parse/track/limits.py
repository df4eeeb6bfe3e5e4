"""What held up a transfer, second by second: between two segments of a connection exactly one thing is waited for.

The receiver's window, when the sender has filled it to within a segment, or by more than half where it holds no two segments (RFC 9293
§3.8.6.2.1: less is not sent into it); the network, when octets are on their way and nobody can do more (waiting for an ACK, repairing a
loss); the other end's data, when the sender has had all of its own acknowledged and was asked last; else the sender's own application.
After a FIN nothing is held up but what was sent before it. It is what the capture point shows: near the receiver, "on their way" is seen
later than the sender knows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tcpdump_parse.model.flow import Limits
from tcpdump_parse.track.segment import SECOND

if TYPE_CHECKING:
    from tcpdump_parse.track.direction import Direction

SEGMENT = 1460
"""A segment's worth of octets where the MSS was not seen."""


class Held:
    """Nanoseconds one end's sending was held up."""

    __slots__ = ("application", "network", "peer", "receiver")

    def __init__(self) -> None:
        self.receiver = self.network = self.application = self.peer = 0


def hold(end: Direction, peer: Direction, gap: int) -> None:
    """`gap` ns went by with both ends as they stand now: what held up `end`?"""
    nxt, una, held = end.nxt, end.una, end.held
    if nxt is None:
        return
    if una is None:
        if end.iss is not None:
            held.network += gap  # its SYN waits for an answer
            return
    elif nxt > una:
        edge, fin = end.edge, end.fin
        if fin is not None:
            if una < fin:
                held.network += gap  # nothing follows a FIN; it alone holds up nothing
        elif edge is not None and edge - nxt < (peer.mss or SEGMENT) and 2 * (edge - nxt) < peer.counters.window_most:
            held.receiver += gap
        else:
            held.network += gap
        return
    if end.fin is not None:
        return
    if peer.zero_since is not None:
        held.receiver += gap
    else:
        mine, other = end.last_data, peer.last_data
        if mine is not None and (other is None or other.frame < mine.frame):
            held.peer += gap  # it spoke last, all of it arrived: the other end's turn
        else:
            held.application += gap


def limits(end: Direction) -> Limits:
    held = end.held
    return Limits(held.receiver / SECOND, held.network / SECOND, held.application / SECOND, held.peer / SECOND)
