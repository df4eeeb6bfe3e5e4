"""All connections of a log: which segment belongs to which, who opened it, when one is over, and how many are kept.

State is bounded: connections that are closed linger, then end; past the limits the quietest are evicted, and one notice says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import UNSET, Struct

from tcpdump_parse.model.events import Capture, Notice, Unread
from tcpdump_parse.model.flow import Flow
from tcpdump_parse.model.happenings import ChallengeAck, PortReused
from tcpdump_parse.model.packet import IP, Packet, Port, Segment
from tcpdump_parse.model.steps import Connection, Ending, Step
from tcpdump_parse.model.terms import Basis, ChallengeCause, Side
from tcpdump_parse.track import possible, prediction
from tcpdump_parse.track.clock import LEAST, Steps
from tcpdump_parse.track.connection import Following
from tcpdump_parse.track.direction import Direction
from tcpdump_parse.track.segment import ACK, MICRO, RST, SECOND, SYN, bits_of, nanoseconds
from tcpdump_parse.track.tunnel import tunnel

Tracked = Step | Ending | Capture | Packet | Notice | Unread
"""What `track` yields; a Packet that comes through carries no segment that belongs to a connection."""

Key = tuple[Any, ...]
"""Address, port, address, port of a direction, and what it is tunnelled in."""

NEVER = 1 << 62
NOW = -NEVER
_EPHEMERAL = 32768
_WELL_KNOWN = 1024
_FAR = 1 << 32
_STRANGE = 1 << 24
"""Octets; a closed connection has nothing on its way so far from its numbers."""


class Bounds(Struct, frozen=True):
    """What is kept, so that memory is bounded. Past `most` open connections, or after `idle` seconds of silence, the quietest are
    evicted, with one notice each kind; a closed connection ends `linger` seconds after its close (TIME-WAIT of most systems), or when
    `closed` others have closed since."""

    most: int = 65_536
    idle: int = 24 * 3600
    linger: int = 60
    closed: int = 1_000


DEFAULT = Bounds()


def track(events: Iterable[Capture | Packet | Notice | Unread], bounds: Bounds = DEFAULT) -> Iterator[Tracked]:
    """Each TCP packet becomes a `Step`; everything else comes through at its place; an `Ending` comes before what caused it."""
    table = Table(bounds)
    for event in events:
        if type(event) is Packet:
            tcp, ip = event.tcp, event.ip
            if tcp is UNSET or ip is UNSET:
                table.tick(event)
                yield event
                continue
            step = table.take(event, tcp, ip)
            if table.ended:
                yield from table.endings()
            yield step
        else:
            if type(event) is Capture:
                yield from table.finish("capture")
            yield event
    yield from table.finish("end")


def flows(events: Iterable[Capture | Packet | Notice | Unread], bounds: Bounds = DEFAULT) -> Iterator[Flow]:
    """A row a connection, in order of first packet; rows wait for earlier connections, at most `WAITING` of them."""
    waiting: dict[int, Flow] = {}
    turn = 1
    for event in track(events, bounds):
        if type(event) is Ending:
            waiting[event.connection.conn] = event.flow
            if len(waiting) > WAITING:
                turn = min(waiting)
            while turn in waiting:
                yield waiting.pop(turn)
                turn += 1
    for conn in sorted(waiting):
        yield waiting[conn]


WAITING = 10_000


class Table:
    """4-tuple → the end that sends with it; one entry a direction."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.ends: dict[Key, Direction] = {}
        self.ended: list[Ending | Notice] = []
        self.count = 0
        self.open: dict[int, Following] = {}
        self.closed: deque[Following] = deque()
        self.at: int | None = None
        self.sweep_at: int | None = None
        self.due = NEVER  # nothing ends by time before this
        self.steps = Steps()
        self.told: set[str] = set()
        self.older: dict[int, Following] = {}  # conn → the connection that had the 4-tuple before and may still speak

    def tick(self, packet: Packet) -> None:
        """A record that is no segment of a connection: only its time counts."""
        if packet.clock is not UNSET:
            before, self.at = self.at, nanoseconds(packet.clock)
            self._runs(packet.frame, before, self.at)

    def _runs(self, frame: int, before: int | None, at: int) -> None:
        """From one record to the next: was the clock set between them?"""
        if before is not None and at <= before - LEAST:
            self.steps.back(frame, before, before - at, self.open.values())
            self.due = NOW
        elif self.steps.high is not None and at >= self.steps.high:
            self.steps.past(frame, None if before is None else at - before, self.open.values())

    def take(self, packet: Packet, tcp: Segment, ip: IP) -> Step:
        key: Key = (ip.src, tcp.sport, ip.dst, tcp.dport)
        if packet.layers:
            inside = tunnel(packet.layers)
            if inside:
                key = (*key, inside)
        clock, before = packet.clock, self.at
        at = since = None
        if clock is not UNSET:
            # Microseconds, as nearly always, in place: it is done for every segment.
            self.at = at = int(clock.replace(".", "")) * MICRO if clock[-7:-6] == "." else nanoseconds(clock)
            since = None if before is None else at - before
            if at >= self.due:
                if before is not None and at >= before:
                    self._runs(packet.frame, before, at)
                self._sweep(at)
        me = self.ends.get(key)
        if me is None:
            me = self._new(packet, tcp, key)
        else:
            following = me.following
            rival = self.older and following.connection.conn in self.older
            if following.ready and not rival and at is not None and since is not None and since >= 0:
                predicted = prediction.step(following, packet, tcp, ip, me, at, since)
                if predicted is not None:
                    return predicted
            flags = tcp.flags
            if (flags and "S" in flags) or rival:
                me = self._incarnation(packet, tcp, key, me)
            elif following.closed_at is not None and _strange(me, tcp):
                me = self._new(packet, tcp, key, following)
                self._end(following, "closed", forget=False)
        following = me.following
        if since is not None and since < 0 and before is not None and at is not None:
            self._runs(packet.frame, before, at)
        step = following.take(packet, tcp, ip, me, at, since)
        if self.older and following.connection.conn in self.older and me.last is not None and me.last.bits & SYN:
            old = self.older[following.connection.conn]
            self._end_of(old, key[2:4]).provoked = me.last  # what the old connection answers it with, if it is still there
        if following.heir and (fresh := self.open.get(following.heir)) is not None and _challenges(step):
            self._end_of(fresh, key[2:4]).challenged = packet.frame
        if following.closed_at is not None:
            self.due = NOW
            if not following.lingers:
                following.lingers = True
                self.closed.append(following)
        return step

    # ---- which connection ----

    def _end_of(self, following: Following, place: Key) -> Direction:
        """The end of the connection that has this address and port."""
        client = (following.connection.client, following.connection.client_port)
        return following.client if client == tuple(place) else following.server

    def _new(self, packet: Packet, tcp: Segment, key: Key, previous: Following | None = None) -> Direction:
        bits = bits_of(tcp.flags) if tcp.flags is not UNSET else 0
        side, basis = _roles(bits, tcp.sport, tcp.dport)
        here, there = (key[0], key[1]), (key[2], key[3])
        client, server = (here, there) if side is Side.CLIENT else (there, here)
        self.count += 1
        incarnation = 1 if previous is None else previous.connection.incarnation + 1
        connection = Connection(
            self.count,
            packet.capture,
            client[0],
            client[1],
            server[0],
            server[1],
            basis,
            f"{_place(*client)} > {_place(*server)}",
            key[4] if len(key) > 4 else "",
            incarnation,
        )
        reused = None
        if previous is not None:
            reused = PortReused(
                previous.connection.conn, () if previous.last is None else (previous.last.frame,), _legal(previous, tcp, key)
            )
        following = Following(connection, reused)
        me = following.direction(side)
        back = (key[2], key[3], key[0], key[1], *key[4:])
        following.keys = [key, back]
        self.ends[back] = me.peer
        self.ends[key] = me
        self.open[connection.conn] = following
        if len(self.open) > self.bounds.most:
            self._crowded()
        elif self.sweep_at is None:
            self.sweep_at, self.due = self.at, NOW
        return me

    def _incarnation(self, packet: Packet, tcp: Segment, key: Key, me: Direction) -> Direction:
        """A SYN with another ISN begins a new connection on the same 4-tuple; until it is answered, the old one may still speak. So does a
        SYN+ACK where the old one is over: the log lacks the SYN."""
        following = me.following
        bits = bits_of(tcp.flags) if tcp.flags is not UNSET else 0
        wire = tcp.seq if tcp.seq_abs is UNSET else tcp.seq_abs
        if bits & SYN and not bits & RST and wire is not UNSET:
            if me.syn is None and me.nxt is None:
                if bits & ACK or me.peer.syn is not None or following.first is None:
                    self._settle(following)
                    return me
            elif me.place(wire) == me.iss or (me.syn is None and me.iss is None and me.nxt == me.place(wire)):
                return me
            if bits & ACK and (following.closed_at is None or _answers(me, tcp)):
                me.renew()
                possible.renew(me)
                self._settle(following)
                return me
            fresh = self._new(packet, tcp, key, following)
            if following.connection.conn in self.open:  # it may have been evicted just now
                following.heir = fresh.following.connection.conn
                self.older[following.heir] = following
            if following.closed_at is not None:
                self._settle(fresh.following)
            return fresh
        older = self.older.get(following.connection.conn)
        if older is None:
            return me
        old = self._end_of(older, key[:2])
        return old if _distance(old, tcp, bits) < _distance(me, tcp, bits) else me

    def _settle(self, following: Following) -> None:
        """The new connection is answered: the old one on its 4-tuple is over."""
        older = self.older.pop(following.connection.conn, None)
        if older is not None:
            self._settle(older)
            self._end(older, "closed", forget=False)

    # ---- endings ----

    def _sweep(self, at: int) -> None:
        linger, idle, closed = self.bounds.linger * SECOND, self.bounds.idle * SECOND // 4, self.closed
        while closed and (at - (closed[0].at or at) > linger or len(closed) > self.bounds.closed):
            following = closed.popleft()
            if following.connection.conn in self.open:
                self._end(following, "closed")
        if self.sweep_at is not None and at - self.sweep_at > idle:
            self.sweep_at = at
            for following in [f for f in self.open.values() if f.at is not None and at - f.at > self.bounds.idle * SECOND]:
                self._end(following, "idle")
                self._tell("idle", following)
        self.due = closed[0].at + linger + 1 if closed and closed[0].at else NEVER
        if self.sweep_at is not None:
            self.due = min(self.due, self.sweep_at + idle + 1)
        if self.steps.high is not None:
            self.due = min(self.due, self.steps.high)

    def _crowded(self) -> None:
        """Evict an eighth of what is kept: closed ones first, then those silent longest."""
        quiet = sorted(self.open.values(), key=lambda f: (f.closed_at is None, f.at or 0, f.connection.conn))
        quiet = [f for f in quiet if f.first is not None][: max(1, self.bounds.most // 8)]
        for following in sorted(quiet, key=lambda f: f.connection.conn):
            self._end(following, "closed" if following.closed_at is not None else "crowded")
            if following.closed_at is None:
                self._tell("crowded", following)

    def _tell(self, why: str, following: Following) -> None:
        if why in self.told or following.last is None:
            return
        self.told.add(why)
        last = following.last
        limit = f"more than {self.bounds.most} open connections" if why == "crowded" else f"no segment for more than {self.bounds.idle} s"
        text = f"{limit}: the quietest are told as they stand and forgotten; later segments of theirs begin a new connection"
        self.ended.append(Notice(last.capture, last.line, last.end_line, "evicted", text))

    def _end(self, following: Following, reason: str, *, forget: bool = True) -> None:
        conn = following.connection.conn
        if self.open.pop(conn, None) is None:
            return
        self.older.pop(following.heir, None)  # it speaks no more
        older = self.older.pop(conn, None)
        if older is not None:
            self._end(older, "closed", forget=False)
        if forget:
            for key in [key for key in following.keys if (end := self.ends.get(key)) is not None and end.following is following]:
                del self.ends[key]
        self.ended.append(following.ending(reason, self.steps, self.at))

    def endings(self) -> Iterator[Ending | Notice]:
        ended, self.ended = self.ended, []
        yield from ended

    def finish(self, reason: str) -> Iterator[Ending | Notice]:
        """All that is open ends now, in order of first packet."""
        for conn in sorted(self.open):
            if conn in self.open:
                following = self.open[conn]
                self.ended.append(following.ending("closed" if following.closed_at is not None else reason, self.steps, self.at))
        self.open.clear()
        self.ends.clear()
        self.closed.clear()
        self.older.clear()
        self.at = self.sweep_at = None
        self.steps = Steps()
        self.due = NEVER
        yield from self.endings()


def _roles(bits: int, sport: Port, dport: Port) -> tuple[Side, Basis]:
    """Who is the client: the sender of a SYN, the receiver of a SYN+ACK, else who uses the more ephemeral port, else who speaks first."""
    if bits & SYN:
        return (Side.SERVER, Basis.SYNACK) if bits & ACK else (Side.CLIENT, Basis.SYN)
    here, there = _rank(sport), _rank(dport)
    if here != there:
        return (Side.SERVER, Basis.PORT) if here < there else (Side.CLIENT, Basis.PORT)
    return Side.CLIENT, Basis.FIRST


def _rank(port: Port) -> int:
    if isinstance(port, str):
        return 0  # a name: a service
    return 0 if port < _WELL_KNOWN else 1 if port < _EPHEMERAL else 2


def _place(addr: str, port: Port) -> str:
    return f"[{addr}]:{port}" if ":" in addr else f"{addr}:{port}"


def _answers(me: Direction, tcp: Segment) -> bool:
    """Does this SYN+ACK acknowledge the SYN that is known?"""
    peer, ack = me.peer, tcp.ack if tcp.ack_abs is UNSET else tcp.ack_abs
    return ack is not UNSET and peer.iss is not None and peer.nxt is not None and peer.iss < peer.place(ack) <= peer.nxt


def _challenges(step: Step) -> bool:
    """Is it an ACK that answers a SYN on an open connection?"""
    challenge = step.happened(ChallengeAck)
    return isinstance(challenge, ChallengeAck) and challenge.cause is ChallengeCause.SYN


def _strange(me: Direction, tcp: Segment) -> bool:
    """Behind the close, are the numbers none of the old connection's? Then the ports have one whose opening the log lacks. Nothing follows
    two FINs: one number far from all that was used is enough then, or both beyond them; a reset may not have counted, so both must be far.
    However: a connection whose numbers are near and just below those of the old is taken for that."""
    bits = bits_of(tcp.flags) if tcp.flags is not UNSET else 0
    wire, ack = tcp.seq if tcp.seq_abs is UNSET else tcp.seq_abs, tcp.ack if tcp.ack_abs is UNSET else tcp.ack_abs
    peer = me.peer
    if not bits & ACK or bits & RST or wire is UNSET or ack is UNSET or me.nxt is None or peer.nxt is None:
        return False
    seq, acked = me.place(wire), peer.place(ack)
    far = (abs(seq - me.nxt) > _STRANGE, abs(acked - peer.nxt) > _STRANGE)
    if me.fin is None or peer.fin is None:
        return all(far)
    return any(far) or (seq > me.fin + 1 and acked > peer.fin + 1)


def _distance(end: Direction, tcp: Segment, bits: int) -> int:
    """How far the numbers are from where this end and its peer stand."""
    wire = tcp.seq if tcp.seq_abs is UNSET else tcp.seq_abs
    if end.nxt is None or wire is UNSET:
        return _FAR
    away = abs(end.place(wire) - end.nxt)
    ack = tcp.ack if tcp.ack_abs is UNSET else tcp.ack_abs
    if not bits & ACK or ack is UNSET:
        return away
    return _FAR if end.peer.nxt is None else away + abs(end.peer.place(ack) - end.peer.nxt)


def _legal(previous: Following, tcp: Segment, key: Key) -> bool | None:
    """May a SYN reuse these ports now (RFC 9293 MAY-2, RFC 6191)? Its ISN or its timestamp is above all that was used. Of its answer alone
    nobody can tell."""
    end = next(
        (d for d in (previous.client, previous.server) if (previous.connection.addr(d.side), previous.connection.port(d.side)) == key[:2]),
        None,
    )
    wire = tcp.seq if tcp.seq_abs is UNSET else tcp.seq_abs
    if end is None or end.nxt is None or wire is UNSET or (tcp.flags is not UNSET and "." in tcp.flags):
        return None
    return end.place(wire) > end.nxt
