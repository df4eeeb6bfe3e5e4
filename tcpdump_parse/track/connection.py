"""One connection: each of its segments becomes a `Step`.

The order inside a step is fixed: what the segment's octets are (judged by what was known before it), what its ACK does, its window, the
states, its checksum. Everything of one end lives in `Direction`; here is only what belongs to both.
"""

from __future__ import annotations

from msgspec import UNSET

from tcpdump_parse.model.happenings import (
    ClockStepped,
    Happening,
    Idle,
    Opened,
    OptionSeen,
    PortReused,
    StartedLate,
    StateMoved,
)
from tcpdump_parse.model.options import Eol, Nop, Sack, TcpOption, Timestamps
from tcpdump_parse.model.packet import IP, IPv4, Packet, Segment
from tcpdump_parse.model.steps import Both, Connection, Ending, Step
from tcpdump_parse.model.terms import Side, State
from tcpdump_parse.track import acks, bare, checksums, closing, needed, opening, possible, prediction, vantage
from tcpdump_parse.track.clock import Steps
from tcpdump_parse.track.direction import Direction, connect
from tcpdump_parse.track.judgement import Kind
from tcpdump_parse.track.limits import hold
from tcpdump_parse.track.octets import sends
from tcpdump_parse.track.segment import (
    ACK,
    FIN,
    MILLI,
    RST,
    SECOND,
    SYN,
    Sent,
    bits_of,
    completeness,
    name_of,
    sack_of,
    size_of,
    sum_of,
    timestamps_of,
)
from tcpdump_parse.track.states import KEPT, Seen, after
from tcpdump_parse.track.statistics import count, idle_until
from tcpdump_parse.track.summary import flow, unacked
from tcpdump_parse.track.zeek import Zeek


class Following:
    """The mutable state of one connection; gives immutable steps."""

    __slots__ = (
        "after", "at", "client", "closed_at", "completeness", "connection", "first", "fits", "handshake", "heir", "keys",
        "last", "lingers", "missed", "ready", "reset_at", "reused", "server", "settled", "speaker", "started_at", "zeek",
    )  # fmt: skip

    def __init__(self, connection: Connection, reused: PortReused | None = None) -> None:
        self.connection = connection
        self.client, self.server = connect(self)
        self.at: int | None = None  # of the last segment
        self.first: Packet | None = None
        self.last: Packet | None = None
        self.handshake = False
        self.reset_at: int | None = None  # frame of the first RST that its sender can have sent and its receiver may believe
        self.closed_at: int | None = None  # when both ends were done
        self.lingers = False
        self.missed: Direction | None = None  # whose octets this step acknowledges though they were not seen
        self.fits: bool | None = None  # whether the last RST was acceptable
        self.reused = reused
        self.heir = 0  # the connection that has its ports now, though this one may still speak
        self.started_at: int | None = None
        self.keys: list[tuple[object, ...]] = []  # what the table files its two ends under
        self.completeness = 0
        self.zeek = Zeek(self.client.zeek, self.server.zeek)
        self.ready = False  # whether the next segment can be predicted
        self.settled = False  # whether segments that can be predicted move no state
        self.speaker = self.client  # who sent the last segment
        self.after = Both(self.client.view, self.server.view)  # both ends after it, as the speaker sees them

    def direction(self, side: Side) -> Direction:
        return self.client if side is Side.CLIENT else self.server

    def take(self, packet: Packet, tcp: Segment, ip: IP, me: Direction, at: int | None, since_capture: int | None) -> Step:
        """What this segment, sent by `me`, does; it was not predicted."""
        peer = me.peer
        before = Both(me.view, peer.view)
        seg = _numbers(packet.frame, tcp, ip, me, at)
        out: list[Happening] = []
        since = None if at is None or self.at is None else at - self.at
        if since_capture is not None and since_capture < 0:
            out.append(ClockStepped(-since_capture))
            since = None
        self._begin(seg, me, out)
        bits = seg.bits
        me.packets += 1
        if since:
            if since > SECOND:
                self._idle(since, out)
            if since > 0:
                hold(me, peer, since)
                hold(peer, me, since)
        if seg.ipid:
            me.ids.add(seg.ipid, at, seg.start)
        count(me, seg, tcp.urg if isinstance(tcp.urg, int) else 0)
        if me.state is State.SYN_SENT and opening.answer_unseen(me, seg):
            self._move(me, Seen.GOT_SYN_ACK, out)
        kind = self._octets(tcp, me, seg, since, out)
        copied = kind is Kind.COPY
        if bits & ACK and not copied and not bits & RST:
            self._acknowledges(me, seg, kind, out)
        if bits & FIN and not copied and not bits & RST:
            # After the ACK (RFC 9293 §3.10.7.4: "fifth, ACK … eighth, FIN"), so that FIN+ACK in FIN-WAIT-1 ends in TIME-WAIT.
            if me.state is State.CLOSE_WAIT and seg.ack is not None and peer.fin is not None and seg.ack <= peer.fin and not peer.fin_acked:
                me.state = State.ESTABLISHED  # the peer's FIN had not come when this one was sent: they crossed (§3.6, figure 13)
            self._move(me, Seen.SENT_FIN, out)
            if not me.gaps and bits & (ACK | SYN):  # without ACK it is dropped (RFC 9293 §3.10.7.4, fifth)
                self._move(peer, Seen.GOT_FIN, out)
            if me.fin is not None and me.una == me.fin + 1 and not me.fin_acked:
                me.fin_acked = True  # it stands in the log behind its own ACK
                self._closes(peer, out)
        if not copied:
            possible.follow(me, seg, kind, self.fits, out)
        if me.pending or peer.pending:
            needed.settle(me, at, out)
            needed.settle(peer, at, out)
        if tcp.checksum is not UNSET:
            if not me.packets > 1:
                me.addresses, me.pseudo = checksums.addresses(ip.src, ip.dst), checksums.pseudo(me, ip, tcp)
            found = checksums.examine(me, tcp, ip, seg, out)
            vantage.sign(me, seg, ip, tcp.checksum.correct, found)
        self._finish(packet, me, seg)
        scale = 0 if bits & SYN else me.wscale
        self.speaker, self.after = me, Both(me.freeze(), peer.freeze())
        self.ready = prediction.ready(self)
        self.settled = self.ready and prediction.settled(self)
        return Step(
            packet, self.connection, me.side, None if tcp.seq is UNSET else seg.start, seg.end, seg.ack, seg.length,
            None if scale is None else seg.win << scale, at, since, since_capture, before, self.after, tuple(out),
        )  # fmt: skip

    def ending(self, reason: str, steps: Steps, now: int | None = None) -> Ending:
        """No more will come; `now`: the log's last clock. Nothing may be asked of the two ends after this."""
        last = 0 if self.last is None else self.last.frame
        out: list[Happening] = []
        needed.finish(self.client, out)
        needed.finish(self.server, out)
        if self.closed_at is None and now is not None:
            idle_until(self.client, now)
            idle_until(self.server, now)
        possible.settle(self.client)
        possible.settle(self.server)
        row = flow(self, reason, steps)
        waiting = unacked(self.client), unacked(self.server)
        until = None if row.duration is UNSET or steps.since(last) else now
        made = Ending(
            self.connection, reason, self.client.freeze(), self.server.freeze(), row, tuple(out), last, self.first, self.last, waiting,
            self.client.challenged or 0, until,
        )  # fmt: skip
        for end in (self.client, self.server):
            end.part()
        return made

    # ---- what judgement asks ----

    def round_trip(self) -> int | None:
        """The smallest round trip past this capture point, both halves; None while a half is unknown."""
        there, back = self.client.rtt.floor, self.server.rtt.floor
        return None if there is None or back is None else there + back

    def next_to(self, end: Direction) -> bool:
        """Was the capture taken next to this end? It answers in less than a quarter of the time the other end takes."""
        mine, other = end.peer.rtt.least, end.rtt.least
        if mine is None:
            return False
        return mine < MILLI if other is None else (mine or MILLI) * 4 < other  # 0: a clock of milliseconds, most likely

    @property
    def selective(self) -> bool:
        """Is SACK in use?"""
        a, b = self.client, self.server
        return bool(a.sacked or b.sacked) or ("sackOK" in (a.offered or ()) and "sackOK" in (b.offered or ()))

    @property
    def recorded_twice(self) -> bool:
        """Do both directions show most packets twice at once (two mirror ports, the `any` interface)?"""
        return all(end.counters.doubled >= 3 and end.counters.doubled * 10 > 3 * end.packets for end in (self.client, self.server))

    # ---- parts of a step ----

    def _begin(self, seg: Sent, me: Direction, out: list[Happening]) -> None:
        if self.first is not None:
            return
        possible.begin(me, seg)
        if seg.bits & SYN and not seg.bits & ACK:
            me.state = State.CLOSED
        out.append(Opened(self.connection.basis))
        if not seg.bits & SYN:
            out.append(StartedLate())
        if self.reused is not None:
            out.append(self.reused)

    def _idle(self, since: int, out: list[Happening]) -> None:
        longest = max(self.client.rtt.srtt, self.server.rtt.srtt)
        if since > 10 * longest:
            out.append(Idle(since, self._waited_for()))

    def _waited_for(self) -> Side | None:
        """Who owed something: octets that are not acknowledged wait for their receiver, a finished request for its answer."""
        for direction in (self.client, self.server):
            if direction.nxt is not None and direction.una is not None and direction.nxt > direction.una:
                return direction.peer.side
        for direction in (self.client, self.server):
            if direction.fin is not None and direction.peer.fin is None:
                return direction.peer.side
        a, b = self.client.last_data, self.server.last_data
        if a is None and b is None:
            return None
        return Side.SERVER if b is None or (a is not None and a.frame > b.frame) else Side.CLIENT

    def _octets(self, tcp: Segment, me: Direction, seg: Sent, since: int | None, out: list[Happening]) -> Kind:
        """What the segment carries; a COPY is a second record of an earlier one and says nothing more."""
        bits = seg.bits
        if bits & SYN and not bits & RST:
            if me.syn is None:
                opening.learn(me, seg, cut=tcp.cut is not UNSET)
            me.win = me.wnd = seg.win
        options = seg.options
        if options and not (len(options) == 3 and seg.ts is not None and Timestamps in me.shown):
            self._options(me, options, out)
        if bits & RST:
            self._resets(me, seg, out)
            return Kind.ORIGINAL
        if seg.end == seg.start:
            if tcp.seq is UNSET:
                return Kind.ORIGINAL
            return bare.bare(me, seg, since, out)
        kind = sends(me, seg, since, out)
        if kind is Kind.COPY:
            return kind
        if bits & SYN:
            opening.syn(me, seg, out)
            if bits & ACK:
                self._move(me, Seen.SENT_SYN_ACK, out)
                if me.una is not None and me.una > seg.start:
                    self._move(me, Seen.GOT_ACK_OF_SYN, out)  # it stands in the log behind its own ACK
                if opening.acceptable(me, seg):
                    self._move(me.peer, Seen.GOT_SYN_ACK, out)
            else:
                self._move(me, Seen.SENT_SYN, out)
                if me.peer.state in (State.SYN_SENT, State.LISTEN):  # else nobody knows that the other end listens until it answers
                    self._move(me.peer, Seen.GOT_SYN, out)
        return kind

    def _resets(self, me: Direction, seg: Sent, out: list[Happening]) -> None:
        self.fits = closing.reset(me, seg, out)
        if closing.goes_on(me, seg):
            if me.state not in KEPT:
                me.state = State.SYN_RECEIVED  # that was no third step
        elif not closing.foreign(me, seg):
            self._move(me, Seen.SENT_RST, out)
            if self.reset_at is None and self.fits is not False:
                self.reset_at = seg.frame
        if closing.believed(me, seg, self.fits):
            self._move(me.peer, Seen.GOT_RST, out)

    def _options(self, me: Direction, options: tuple[TcpOption, ...], out: list[Happening]) -> None:
        for option in options:
            which = type(option)
            if which not in me.shown:
                me.shown += (which,)
                if which is not Nop and which is not Eol:
                    out.append(OptionSeen(name_of(option), getattr(option, "kind", 0)))

    def _acknowledges(self, me: Direction, seg: Sent, kind: Kind, out: list[Happening]) -> None:
        peer, ack, was_win, was_wnd = me.peer, seg.ack, me.win, me.wnd
        scale = 0 if seg.bits & SYN else me.wscale
        me.win = seg.win
        me.wnd = None if scale is None else seg.win << scale
        option = sack_of(seg.options) if Sack in me.shown else None
        if ack is None:
            return
        if option is not None:
            acks.sack(me, option, seg, out)
        if peer.nxt is not None and ack > peer.nxt and not seg.bits & SYN:
            peer.provoked = seg  # it acknowledges what was never sent, if the log shows all
        una = peer.una
        syn_done = una is None or (peer.iss is not None and una <= peer.iss)
        fin_done = peer.fin_acked
        if una is None or ack > una:
            acks.advance(me, seg, out)
            if peer.probes:
                bare.takes_probe(me, seg, out)
            me.dup_acks, me.last_ack = 0, seg
            peer.keepalives.clear()
            if syn_done:
                self._opened(me, seg, out)
            if peer.fin_acked and not fin_done:
                self._closes(me, out)
        elif seg.end == seg.start:
            bare.repeats(me, seg, was_win, was_wnd, kind is Kind.PROBE, out)
        bare.window(me, seg, out)
        acks.edge(me, seg, out)
        me.last_ack_frame = seg.frame
        if me.ack is None or ack > me.ack:
            me.ack = ack

    def _opened(self, me: Direction, seg: Sent, out: list[Happening]) -> None:
        """The peer's SYN is acknowledged."""
        if me.peer.syn is not None and not seg.bits & SYN and opening.covers_syn(me, seg):
            self._move(me.peer, Seen.GOT_ACK_OF_SYN, out)
            if seg.ack is not None and me.peer.nxt is not None and seg.ack > me.peer.nxt:
                me.peer.doubted = seg
        if not self.handshake and opening.handshake(me, seg, out):
            self.handshake = True

    def _closes(self, me: Direction, out: list[Happening]) -> None:
        """The peer's FIN is acknowledged: `me` got it, and the peer knows if this ACK arrives."""
        self._move(me, Seen.SENT_ACK_OF_FIN, out)
        if me.fin is not None and not me.fin_acked and me.peer.state is State.FIN_WAIT_1:
            self._move(me.peer, Seen.GOT_FIN, out)  # they crossed: the FIN of `me` is there before this ACK
        self._move(me.peer, Seen.GOT_ACK_OF_FIN, out)

    def _move(self, end: Direction, seen: Seen, out: list[Happening]) -> None:
        now = after(end.state, seen)
        if now is not end.state:
            out.append(StateMoved(end.side, end.state, now))
            end.state = now

    def _finish(self, packet: Packet, me: Direction, seg: Sent) -> None:
        if seg.ts is not None:
            me.tsval, me.tsecr = seg.ts.val, seg.ts.ecr
        bits = seg.bits
        me.last, me.frame, me.at = seg, seg.frame, seg.at
        self.last = packet
        if self.first is None:
            self.first = packet
            self.started_at = seg.at
        if seg.at is not None:
            self.at = seg.at
        if self.reset_at is not None or (self.client.fin_acked and self.server.fin_acked):
            self.closed_at = self.at if self.closed_at is None else self.closed_at
        self.zeek.packet(me, seg)
        if self.missed is not None:
            self.zeek.missed(self.missed.side is Side.CLIENT)
            self.missed = None
        self.completeness |= completeness(bits, seg.length)


def _numbers(frame: int, tcp: Segment, ip: IP, me: Direction, at: int | None) -> Sent:
    """The segment's numbers as positions; what was not printed is taken from where the sender stands."""
    peer = me.peer
    bits = bits_of(tcp.flags) if tcp.flags is not UNSET else 0
    wire = tcp.seq if tcp.seq_abs is UNSET else tcp.seq_abs
    if wire is not UNSET:
        start = me.place(wire)
        if me.base is None:
            me.base = start if bits & SYN else start - 1
    else:
        start = 0 if me.nxt is None else me.nxt
    if tcp.length is not UNSET:
        length = tcp.length
    else:
        length = 0 if tcp.seq_end is UNSET or tcp.seq is UNSET else (tcp.seq_end - tcp.seq) % (1 << 32)
    ack = None
    if bits & ACK:
        wire = tcp.ack if tcp.ack_abs is UNSET else tcp.ack_abs
        if wire is not UNSET:
            ack = peer.place(wire)
    ipid, ttl = (ip.id, ip.ttl) if isinstance(ip, IPv4) else (UNSET, ip.hlim)
    printed = None if tcp.checksum is UNSET or tcp.checksum.correct else tcp.checksum.value
    return Sent(
        frame, at, start, start + length + (bits & FIN) + ((bits & SYN) >> 1), ack, length, bits,
        0 if tcp.win is UNSET else tcp.win, None if ipid is UNSET else ipid, None if ttl is UNSET else ttl,
        timestamps_of(tcp.options), tcp.options, sum_of(tcp.checksum), size_of(ip),
        0 if tcp.urg is UNSET else tcp.urg, printed=printed,
    )
