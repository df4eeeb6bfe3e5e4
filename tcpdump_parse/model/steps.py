"""What one segment did to its connection (`Step`), and a connection's end (`Ending`): all that `check` and `tell` may ask.

Law: a `Step` holds what was certain at its frame and is immutable; a prefix of a log gives a prefix of its steps. Whatever later
evidence decides is a happening of the later step or of the `Ending`, pointing back. Nobody downstream asks mutable state.

Positions (`seq`, `end`, `ack`, `snd_nxt`, `edge`, `fin`, …) are plain integers that never wrap: the first number seen, unrolled.
`position - End.base` is the relative number people know from Wireshark (the SYN is 0, the first octet 1); `seq.roll(position)` is
the number on the wire. Times are integer nanoseconds on the capture's clock, None where the log prints none.
"""

from __future__ import annotations

from msgspec import Struct

from tcpdump_parse.model.flow import Flow
from tcpdump_parse.model.happenings import Happening
from tcpdump_parse.model.packet import Packet, Port
from tcpdump_parse.model.terms import Basis, Side, State


class Connection(Struct, frozen=True, gc=False, omit_defaults=True):
    """Who: one incarnation of a 4-tuple in one capture. The same object in every step of the connection."""

    conn: int  # ordinal, from 1, over the whole input, in order of first segment
    capture: int
    client: str  # address as printed
    client_port: Port
    server: str
    server_port: Port
    basis: Basis
    flow: str  # "10.0.0.1:5000 > 10.0.0.2:80", "[::1]:5000 > [::1]:80"
    tunnel: str = ""  # what the segment travelled in; "" for plain IP
    incarnation: int = 1  # 2 when the 4-tuple was used again

    def addr(self, side: Side) -> str:
        return self.client if side is Side.CLIENT else self.server

    def port(self, side: Side) -> Port:
        return self.client_port if side is Side.CLIENT else self.server_port


class End(Struct, frozen=True, gc=False, omit_defaults=True):
    """One end as the wire has shown it so far. None: not known (nothing seen, or the log started late)."""

    side: Side
    base: int | None = None  # what relative numbers count from: the ISN, or one below the first number seen
    iss: int | None = None  # initial sequence number, from its SYN or from the ACK of it
    snd_nxt: int | None = None  # highest END or SEQ seen from this end (RST aside)
    snd_una: int | None = None  # highest ACK of the peer: everything below was received
    edge: int | None = None  # highest ACK + window of the peer: this end may send below it
    ack: int | None = None  # last ACK this end sent, a position of the *peer's* stream
    win: int | None = None  # last window this end advertised, as printed
    wnd: int | None = None  # the same in octets; None while the scale is unknown
    wscale: int | None = None  # shift in force for this end's windows (0: none agreed); None unknown
    mss: int | None = None  # MSS option this end sent (it limits the peer)
    offered: tuple[str, ...] | None = None  # option names of its SYN, "partial" last if that was cut; None if it was not seen
    fin: int | None = None  # position of its FIN
    tsval: int | None = None  # newest TSval it sent
    tsecr: int | None = None  # last TSecr it sent
    packets: int = 0
    octets: int = 0  # payload octets seen, each once
    frame: int = 0  # its last record
    at: int | None = None  # when that was
    state: State = State.UNKNOWN  # its state if all that was seen arrived in order: the one to narrate, in words that say so
    states: tuple[State, ...] = (State.UNKNOWN,)  # every state it can be in: one when the log proves it
    seen: bool = False  # any segment of it stands in this log

    @property
    def in_flight(self) -> int | None:
        """Octets sent and not acknowledged, as this capture point sees it."""
        return None if self.snd_nxt is None or self.snd_una is None else max(0, self.snd_nxt - self.snd_una)


    @property
    def fin_waits(self) -> bool:
        """Is its FIN among that? It takes a number and is no octet."""
        return self.fin is not None and (self.snd_una is None or self.snd_una <= self.fin)


class Both(Struct, frozen=True, gc=False):
    """The two ends, as the step's sender sees them."""

    me: End
    peer: End


class Step(Struct, frozen=True, gc=False):
    """One segment on its connection. `before` and `after` are the two ends around it; `happenings` what it did, in order of telling."""

    packet: Packet
    connection: Connection
    side: Side  # who sent it
    seq: int | None  # positions in the sender's stream, None when not printed; end - seq counts SYN and FIN
    end: int | None
    ack: int | None  # position in the peer's stream; None without the ACK flag
    length: int  # payload octets
    window: int | None  # octets; None while the scale is unknown (then `packet.tcp.win` is all there is)
    at: int | None  # ns on the capture's clock
    since: int | None  # since the previous segment of this connection; None for the first
    since_capture: int | None  # since the previous record of the capture
    before: Both
    after: Both
    happenings: tuple[Happening, ...]

    @property
    def frame(self) -> int:
        return self.packet.frame

    @property
    def rel_seq(self) -> int | None:
        """SEQ counted from the sender's ISN (or from one below its first number seen)."""
        return None if self.seq is None or self.after.me.base is None else self.seq - self.after.me.base

    @property
    def rel_end(self) -> int | None:
        return None if self.end is None or self.after.me.base is None else self.end - self.after.me.base

    @property
    def rel_ack(self) -> int | None:
        return None if self.ack is None or self.after.peer.base is None else self.ack - self.after.peer.base

    def end_of(self, side: Side) -> End:
        """That side's end after this segment."""
        return self.after.me if side is self.side else self.after.peer

    def happened(self, kind: type[Happening]) -> Happening | None:
        """The first happening of that kind, if any."""
        for happening in self.happenings:
            if type(happening) is kind:
                return happening
        return None


class Ending(Struct, frozen=True, gc=False):
    """No more will be said about this connection.

    `reason`: "closed" (both ends are done and the quiet time passed, or its ports were used again), "idle" or "crowded" (evicted by
    a limit; a notice says so once), "capture" (a new capture began) or "end" (the log ends; the connection may well go on).
    `happenings`: what only the end decides, such as `Judged(needed=None)` for copies that nothing ever answered.
    """

    connection: Connection
    reason: str
    client: End
    server: End
    flow: Flow
    happenings: tuple[Happening, ...] = ()
    frame: int = 0  # the connection's last record
    first: Packet | None = None
    last: Packet | None = None
    unacked: tuple[int, int] = (0, 0)  # octets of data of client and server that were seen and never acknowledged
    challenged: int = 0  # the record in which a connection that was open on these ports answers its SYN; 0 for none
    until: int | None = None  # the capture's last clock when this was said; None where none is printed, or it was set since `first`
