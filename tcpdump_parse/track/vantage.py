"""Where the capture was taken, each reason counted: at the client, at the server, at both (one host talking to itself), or between.

Only what one point can know: a card finishes checksums of its own host's segments, a segment longer than the path allows was put together
or cut up by a host's own card, and an end that answers at once stands next to the capture. A TTL that no router touched says "before the
first router", which is weaker, and alone decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tcpdump_parse.model.flow import Vantage
from tcpdump_parse.model.happenings import ChecksumOffload, Happening
from tcpdump_parse.model.packet import IP, IPv4
from tcpdump_parse.track.segment import MICRO, SYN, Sent

if TYPE_CHECKING:
    from tcpdump_parse.track.connection import Following
    from tcpdump_parse.track.direction import Direction

FRESH_TTL: Final = (64, 128, 255)
AT_ONCE: Final = 100 * MICRO
ENOUGH: Final = 3
"""Round trips to each end before the capture is said to lie between them: one alone may be a delayed ACK."""


class Signs:
    """What one end's segments say about the capture's place, counted."""

    __slots__ = ("fresh_ttl", "merged", "offloaded", "unsplit")

    def __init__(self) -> None:
        self.offloaded = 0  # checksum left to the card: its sender is here
        self.merged = 0  # longer than the receiver's MSS, checksum right: put together by the receiver's card
        self.unsplit = 0  # longer than the receiver's MSS, checksum left to the card: cut up later by the sender's
        self.fresh_ttl = 0  # no router yet


def sign(me: Direction, seg: Sent, ip: IP, correct: bool, happening: Happening | None) -> None:
    """Enter one segment of `me`."""
    signs, peer = me.signs, me.peer
    if type(happening) is ChecksumOffload:
        signs.offloaded += 1
        if peer.mss is not None and seg.length > peer.mss:
            signs.unsplit += 1
    elif correct and peer.mss is not None and seg.length > peer.mss:
        signs.merged += 1
    if seg.bits & SYN and (ip.ttl if isinstance(ip, IPv4) else ip.hlim) in FRESH_TTL:
        signs.fresh_ttl += 1


def vantage(following: Following) -> Vantage:
    """The place, with its evidence by name."""
    evidence: dict[str, int] = {}
    client = _here(following, following.client, evidence)
    server = _here(following, following.server, evidence)
    if client and server:
        same = following.connection.client == following.connection.server or _loops(following)
        return Vantage("both" if same else "contradictory", evidence)
    if client or server:
        return Vantage("client" if client else "server", evidence)
    if all(rtt.samples >= ENOUGH and (rtt.least or 0) > 10 * AT_ONCE for rtt in (following.client.rtt, following.server.rtt)):
        return Vantage("between", evidence)
    return Vantage("unknown", evidence)


def _here(following: Following, end: Direction, evidence: dict[str, int]) -> bool:
    """Do the signs put the capture at this end? Each counted sign goes into the evidence."""
    found = {
        "offload": end.signs.offloaded, "unsplit": end.signs.unsplit, "merged": end.peer.signs.merged,
        "answers_at_once": 1 if following.next_to(end) or _at_once(end) else 0,
    }
    for name, count in found.items():
        if count:
            evidence[f"{end.side.value}_{name}"] = count
    if end.signs.fresh_ttl:
        evidence[f"{end.side.value}_fresh_ttl"] = end.signs.fresh_ttl
    return any(found.values())


def _at_once(end: Direction) -> bool:
    least = end.peer.rtt.least
    return least is not None and 0 < least < AT_ONCE  # in no time at all: the clock is too coarse to tell


def _loops(following: Following) -> bool:
    """Both ends answer at once, or both left their checksums: one host, or two on one host's bridge."""
    ends = (following.client, following.server)
    return all(_at_once(end) for end in ends) or all(end.signs.offloaded for end in ends)
