"""What is remembered of one end of one connection: the mutable side of `End`. Only `track` sees it; steps get the frozen view.

Positions are unrolled once, at `place_seq`/`place_ack`; after that they are plain integers. Bounded: `log` keeps what is unacknowledged
and what is recent (`KEEP`, `LINGER`), never more than `MOST`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET, Struct

from tcpdump_parse.model.options import Sack
from tcpdump_parse.model.steps import End
from tcpdump_parse.model.terms import Side, State
from tcpdump_parse.track.counters import Counters
from tcpdump_parse.track.limits import Held
from tcpdump_parse.track.needed import Pending
from tcpdump_parse.track.order import Ids
from tcpdump_parse.track.ranges import Ranges
from tcpdump_parse.track.rtt import Rtt
from tcpdump_parse.track.segment import SECOND, Sent
from tcpdump_parse.track.states import Seen
from tcpdump_parse.track.vantage import Signs
from tcpdump_parse.track.zeek import End as ZeekEnd

if TYPE_CHECKING:
    from tcpdump_parse.track.connection import Following
    from tcpdump_parse.track.possible import Await

KEEP: Final = 64
"""How many acknowledged transmissions are kept whatever their age: a copy or a late original is compared with them."""
LINGER: Final = 5 * SECOND
"""How long more of them are kept. However: a copy later than that is called sent again; no path holds a packet so long."""
MOST: Final = 4096
"""However: a window of more segments than this in one-sided captures is judged by the latest of them."""

_HALF: Final = 1 << 31
_CIRCLE: Final = 1 << 32


class Gap(Struct, gc=False):
    """[start, end) was not seen; `frame` stands above it, seen `at`."""

    start: int
    end: int
    frame: int
    at: int | None


_STREAM: Final = (
    "iss",
    "base",
    "near",
    "nxt",
    "una",
    "edge",
    "fin",
    "fin_sent",
    "fin_acked",
    "syn",
    "syn_again",
    "seen",
    "gaps",
    "sacked",
    "log",
    "flight",
)


class Direction:
    """One end. Attribute names as in `End`, which says what they mean; here are only the others."""

    __slots__ = (
        "ack", "addresses", "again", "asked", "at", "awaits", "bare", "base", "because", "challenged", "could", "counters", "crossed",
        "doubted", "dup_acks", "edge", "fin", "fin_acked", "fin_sent", "flight", "following", "frame", "gaps", "held", "here", "ids",
        "iss", "keepalives", "last", "last_ack", "last_ack_frame", "last_data", "log", "mss", "near", "nxt", "octets", "offered",
        "packets", "peer", "pending", "probes", "provoked", "pseudo", "recover", "reopened", "reports", "residue", "right", "rtt",
        "sacked", "sacked_at", "seen", "shown", "side", "signs", "standing", "state", "states", "stray", "syn", "syn_again", "syn_scale",
        "syns", "tsecr", "tsval", "una", "view", "waiting", "win", "wnd", "wscale", "zeek", "zero_since",
    )  # fmt: skip

    def __init__(self, following: Following, side: Side) -> None:
        self.following = following
        self.side = side
        self.peer: Direction = self
        self.base: int | None = None
        self.iss: int | None = None
        self.near: int | None = None  # what to unroll by: the highest position heard of, from either end
        self.nxt: int | None = None
        self.una: int | None = None
        self.edge: int | None = None
        self.ack: int | None = None
        self.win: int | None = None
        self.wnd: int | None = None
        self.wscale: int | None = None
        self.syn_scale: int | None = None  # the shift its SYN offered; None if none or unseen
        self.mss: int | None = None
        self.offered: tuple[str, ...] | None = None
        self.fin: int | None = None
        self.fin_sent: Sent | None = None
        self.fin_acked = False
        self.tsval: int | None = None
        self.tsecr: int | None = None
        self.packets = 0
        self.octets = 0
        self.frame = 0
        self.at: int | None = None
        self.state = State.UNKNOWN
        self.states: tuple[State, ...] = (State.UNKNOWN,)
        self.could = 0  # the states it can be in, a set of `possible`'s bits
        self.awaits: list[Await] = []  # what was sent to it and is not shown to have arrived
        self.waiting: tuple[Seen, ...] = ()  # the same, without the segments
        self.because: list[int] = []  # records of it that moved the set
        self.standing = 0  # the set before its own RST
        self.signs = Signs()
        self.held = Held()
        self.here = False  # proved to be on the capturing host
        self.syn: Sent | None = None  # its first SYN
        self.syn_again: Sent | None = None  # its latest SYN+ACK that was sent again and that no ACK is known to answer
        self.seen = Ranges()  # octets seen from it, SYN and FIN included
        self.gaps: list[Gap] = []  # octets below nxt that were neither seen nor acknowledged
        self.sacked = Ranges()  # what the peer selectively acknowledged, above una
        self.log: list[Sent] = []  # transmissions with SLEN > 0
        self.bare: list[Sent] = []  # segments without octets that stand above a gap
        self.pending: list[Pending] = []  # retransmissions nothing has decided yet
        self.asked: list[tuple[int, int]] = []  # (ACK, when) that ask for a repair: third duplicates, partial ACKs
        self.again: list[Pending] = []  # its latest retransmissions, decided or not
        self.recover: int | None = None  # a recovery goes on until this is acknowledged (RFC 6582)
        self.sacked_at: int | None = None  # when the scoreboard stopped being empty
        self.syns = 0  # how often it sent its SYN
        self.ids = Ids()
        self.last_ack_frame = 0
        self.flight: list[Sent] = []  # those not acknowledged yet
        self.last: Sent | None = None  # its last segment of any kind
        self.last_ack: Sent | None = None  # the segment whose ACK the duplicates repeat
        self.last_data: Sent | None = None
        self.reports: list[Sent] = []  # its latest ACKs with a D-SACK
        self.dup_acks = 0
        self.right: int | None = None  # right edge it last offered: ACK + window
        self.zero_since: Sent | None = None  # the segment that closed its window
        self.probes: list[Sent] = []  # unanswered probes of the peer's closed window
        self.reopened: Sent | None = None  # the segment that opened its window again
        self.keepalives: list[Sent] = []  # unanswered keep-alive probes
        self.crossed: Sent | None = None  # the latest of them that was sent while the peer's window still seemed closed
        self.provoked: Sent | None = None  # the peer's last segment that calls for a bare ACK: unacceptable, a SYN or RST out of place
        self.stray: Sent | None = None  # the peer's last spurious transmission
        self.challenged: int | None = None  # the ACK with which an older connection answered its SYN
        self.doubted: Sent | None = None  # the peer's ACK that opened this end, though it covers more than this end is known to have sent
        self.shown: tuple[type, ...] = ()  # options it has shown
        self.addresses: int | None = None  # sum of addresses and protocol; None for names
        self.pseudo: int | None = None  # the same and the ports
        self.residue: int | None = None  # of its last checksum that did not recompute
        self.rtt = Rtt()
        self.counters = Counters()
        self.zeek = ZeekEnd()
        self.view = End(side)

    # ---- positions ----

    def place(self, wire: int) -> int:
        """`wire` as a position of this end's stream; the first number heard of is taken as it stands."""
        near = self.near
        if near is None:
            self.near = wire
            return wire
        return near + ((wire - near + _HALF) % _CIRCLE - _HALF)

    def unroll(self, option: Sack) -> tuple[tuple[int, int], ...]:
        """SACK blocks of this end's octets as positions."""
        printed = option.blocks if option.blocks_abs is UNSET else option.blocks_abs
        return tuple((self.place(left), self.place(right)) for left, right in printed)

    def remember(self, sent: Sent) -> None:
        """Keep a transmission, and forget what is acknowledged and old."""
        log = self.log
        log.append(sent)
        self.flight.append(sent)
        if len(log) > KEEP:
            self.forget(log, sent)

    def forget(self, log: list[Sent], sent: Sent) -> None:
        """The log is long: let go what no copy and no late original can come of any more."""
        if len(log) > MOST or self.stale(log[0], sent.at):
            # Two for each one that comes, so that a long flight melts away once it is acknowledged.
            del log[: 2 if self.stale(log[1], sent.at) else 1]
            if len(self.flight) > MOST:
                del self.flight[0]

    def stale(self, sent: Sent, now: int | None) -> bool:
        """Acknowledged, and too old for a copy or a late original of it to come."""
        una, at = self.una, sent.at
        return una is not None and sent.end <= una and (at is None or now is None or now - at > LINGER)

    def renew(self) -> None:
        """A SYN+ACK with another ISN: what was heard of this end before belongs to another connection."""
        fresh = Direction(self.following, self.side)
        for name in _STREAM:
            setattr(self, name, getattr(fresh, name))

    def freeze(self) -> End:
        """The view a step keeps."""
        self.view = view = End(
            self.side,
            self.base,
            self.iss,
            self.nxt,
            self.una,
            self.edge,
            self.ack,
            self.win,
            self.wnd,
            self.wscale,
            self.mss,
            self.offered,
            self.fin,
            self.tsval,
            self.tsecr,
            self.packets,
            self.octets,
            self.frame,
            self.at,
            self.state,
            self.states,
            self.packets > 0,
        )
        return view

    def part(self) -> None:
        """It is over. Ends that went on knowing each other would keep all they hold until the collector of cycles comes by: a log of a
        million packets took a fifth more memory than its first hundred thousand."""
        del self.peer, self.following


def connect(following: Following) -> tuple[Direction, Direction]:
    """The two ends of a connection, client first, knowing each other."""
    client, server = Direction(following, Side.CLIENT), Direction(following, Side.SERVER)
    client.peer, server.peer = server, client
    return client, server
