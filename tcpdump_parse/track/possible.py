"""Every state an end can be in, from packets alone: a set for each end, narrowed by what it sends, widened by what may have reached it.

What an end sends proves something: a state that may not send it is struck out (`states.REFUSED`). What is sent to it may arrive, late or
never, so it waits (`awaits`) until the end shows that it came: it acknowledges octets of that segment, or echoes its timestamp; or until
the capture stands next to the end and `GRACE` has passed. An empty set is a contradiction: no TCP sends this after that, whatever was
lost. A RST says less: forgers send it too, and an end that goes on after one has neither sent nor believed it. Sets are bit masks over
`states.STATES`. Bounded: an end that awaits more than `MOST` segments is unknown.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tcpdump_parse.model.happenings import Contradiction, Happening, StateMoved
from tcpdump_parse.model.terms import State
from tcpdump_parse.track import closing, opening
from tcpdump_parse.track.judgement import AT_ONCE, Kind
from tcpdump_parse.track.order import before, overtaken
from tcpdump_parse.track.recent import keep
from tcpdump_parse.track.segment import ACK, FIN, MILLI, RST, SYN, Sent
from tcpdump_parse.track.states import KEPT, MOVES, STATES, STAYS, Seen

if TYPE_CHECKING:
    from tcpdump_parse.track.direction import Direction

MOST: Final = 16
SHOWN: Final = 7
"""A set of more states than this says nothing: unknown."""
GRACE: Final = 50 * MILLI
"""How long after a packet passed a capture next to its receiver that TCP has surely dealt with it (a busy process, a backlog)."""

BIT: Final[dict[State, int]] = {state: 1 << i for i, state in enumerate(STATES)}
EVERY: Final = (1 << len(STATES)) - 1


def _mask(*states: State) -> int:
    return sum(BIT[state] for state in states)


ESTABLISHED: Final[int] = BIT[State.ESTABLISHED]
CLOSED: Final = BIT[State.CLOSED]
TOOK_FIN: Final = _mask(State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK, State.TIME_WAIT)
"""States of an end that has the other's FIN."""
STAND: Final = _mask(*KEPT)
TALKING: Final = EVERY & ~_mask(State.CLOSED, State.LISTEN, State.SYN_SENT)
"""States in which an end met in mid-connection can be."""

_NEXT: Final[dict[Seen, tuple[int, ...]]] = {
    seen: tuple(BIT[MOVES[state][seen]] if seen in MOVES[state] else BIT[state] if seen in STAYS[state] else 0 for state in STATES)
    for seen in Seen
}
"""seen → for each state the bit of the state after, 0 where it is refused."""


class Await(Struct, gc=False):
    """`seen` waits to be shown as arrived, by the segment that carried it; `fresh`: its TSval is newer than all its sender sent before;
    `sure`: it does what it says if it arrives."""

    seen: Seen
    seg: Sent
    fresh: bool
    sure: bool


@lru_cache(4096)
def move(mask: int, seen: Seen) -> int:
    """The set after `seen`, states that refuse it struck out."""
    after, result, i = _NEXT[seen], 0, 0
    while mask:
        if mask & 1:
            result |= after[i]
        mask >>= 1
        i += 1
    return result


@lru_cache(4096)
def closure(mask: int, awaits: tuple[Seen, ...]) -> int:
    """The set if any of what waits may have arrived, in any order."""
    while True:
        wider = mask
        for seen in awaits:
            wider |= move(wider, seen)
        if wider == mask:
            return mask
        mask = wider


@lru_cache(4096)
def names_of(mask: int) -> tuple[State, ...]:
    """The states of a set."""
    return tuple(state for state in STATES if mask & BIT[state])


@lru_cache(4096)
def names(mask: int) -> tuple[State, ...]:
    """The states of a set, in the order of a connection's life; unknown when there are too many to say anything."""
    states = names_of(mask)
    return states if states and len(states) <= SHOWN else (State.UNKNOWN,)


def begin(me: Direction, seg: Sent) -> None:
    """The first segment of the connection."""
    peer = me.peer
    if seg.bits & SYN:
        me.could = _mask(State.SYN_RECEIVED) if seg.bits & ACK else _mask(State.CLOSED, State.LISTEN)
        peer.could = _mask(State.SYN_SENT) if seg.bits & ACK else _mask(State.LISTEN, State.CLOSED)
    elif seg.bits & RST:
        me.could = peer.could = EVERY
    else:
        me.could, peer.could = TALKING, EVERY


def renew(me: Direction) -> None:
    """Its SYN+ACK begins a new connection: where it stood in another says nothing of this one."""
    me.could, me.awaits, me.waiting = _mask(State.LISTEN, State.CLOSED, State.SYN_RECEIVED), [], ()


def follow(me: Direction, seg: Sent, kind: Kind, accepted: bool | None, out: list[Happening]) -> None:
    """Narrow and widen both ends' sets by one segment of `me`. `accepted`: whether a RST fits."""
    peer = me.peer
    bits = seg.bits
    if me.could == ESTABLISHED == peer.could and not me.awaits and not peer.awaits and not bits & (SYN | FIN | RST):
        return
    _proved(me, seg)
    if me.syn is None and bits & ACK and not bits & (SYN | RST) and not opening.covers_syn(me, seg):
        me.could, me.awaits, me.waiting = EVERY, [], ()  # it speaks of another connection, and of that nothing is known
    was = closure(me.could, me.waiting)
    after = was
    for seen in _emitted(me, seg, kind):
        after = move(after, seen)
    if bits & FIN and me.fin_acked:
        after |= move(after, Seen.GOT_ACK_OF_FIN)  # its ACK stands in the log before it
    if bits & RST:
        if was & STAND and closing.answers_wrong_ack(me, seg):
            after = move(was & ~STAND, Seen.SENT_RST) | was & STAND
        if closing.foreign(me, seg):
            after |= was
        elif was != CLOSED:
            me.standing = was
    newest = seg.ack is not None and (me.ack is None or seg.ack >= me.ack) and kind is not Kind.REORDERED
    if newest and peer.fin is not None and seg.ack <= peer.fin and not bits & RST:  # type: ignore[operator]
        after = after & ~TOOK_FIN or after  # it had not got the FIN when it sent this
    if (not after or was & ~after & CLOSED) and _late(me, seg, kind):
        pass  # it left before what this end is already known to have done, or may have done
    elif after:
        me.could = after
    elif was == CLOSED and me.standing:
        me.could = _goes_on(me, seg, kind)
    elif _missing(me):
        me.could = TALKING  # the capture does not show all that reached it
        me.awaits, me.waiting = [], ()
    else:
        out.append(Contradiction(me.side, names(was), tuple(me.because)))
        me.could = TALKING if not bits & RST else CLOSED
        me.awaits, me.waiting = [], ()
    if bits & (SYN | FIN | RST):
        keep(me.because, seg.frame, 4)
    if seg.length and kind is Kind.ORIGINAL:
        peer.could = peer.could & ~TOOK_FIN or peer.could  # it cannot have a FIN that was not sent before these octets
    _reaches(me, seg, accepted)
    _tell(me, out)
    _tell(peer, out)


def _goes_on(me: Direction, seg: Sent, kind: Kind) -> int:
    """The set after a segment of an end that had sent a RST, so it seemed: it was not its own, or it did not end this connection."""
    after, me.standing = me.standing, 0
    for waits in me.peer.awaits:
        if waits.seen is Seen.GOT_RST:
            waits.sure = False  # whether it ever reached the other end is as doubtful
    for seen in _emitted(me, seg, kind):
        after = move(after, seen)
    return after or TALKING


def _late(me: Direction, seg: Sent, kind: Kind) -> bool:
    """Was it overtaken on its way to the capture?"""
    if kind is Kind.REORDERED or (seg.ack is not None and me.ack is not None and seg.ack < me.ack):
        return True
    return overtaken(me, seg) or (me.last is not None and bool(before(me, seg, me.last)))


def _missing(me: Direction) -> bool:
    """Does the capture lack segments of this connection: a side never seen, octets acknowledged or passed over unseen?"""
    peer = me.peer
    return not peer.packets or bool(me.counters.missed or peer.counters.missed or me.gaps or peer.gaps)


def _emitted(me: Direction, seg: Sent, kind: Kind) -> list[Seen]:
    bits, fin = seg.bits, me.peer.fin
    if bits & RST:
        return [Seen.SENT_RST]
    if bits & SYN:
        return [Seen.SENT_SYN_ACK if bits & ACK else Seen.SENT_SYN]
    emitted = []
    if bits & ACK:
        emitted.append(Seen.SENT_ACK_OF_FIN if fin is not None and seg.ack is not None and seg.ack > fin else Seen.SENT_ACK)
    if seg.length and kind is not Kind.PROBE:
        emitted.append(Seen.SENT_DATA if kind is Kind.ORIGINAL else Seen.SENT_AGAIN)
    if bits & FIN:
        emitted.append(Seen.SENT_FIN)
    return emitted


def _proved(me: Direction, seg: Sent) -> None:
    """What waited and is shown by this segment of `me` to have arrived."""
    if not me.awaits:
        return
    certain = present(me)
    left: list[Await] = []
    for waits in me.awaits:
        if _taken(waits, seg.ack) and (_shown(waits, seg) or (certain and _aged(waits, seg))):
            if waits.seen is Seen.GOT_RST and not seg.bits & RST:
                continue  # it came, and this end goes on: it did not believe it
            me.could = _arrives(closure(me.could, tuple(other.seen for other in left)), waits) or me.could
        else:
            left.append(waits)
    if len(left) != len(me.awaits):
        _keep(me, left)


def _arrives(mask: int, waits: Await) -> int:
    """The set when it has arrived. However: many ignore a RST in TIME-WAIT (RFC 1337)."""
    after = move(mask, waits.seen)
    if waits.seen is Seen.GOT_RST:
        after |= mask & BIT[State.TIME_WAIT] if waits.sure else mask
    return after


def _keep(end: Direction, awaits: list[Await]) -> None:
    """Wait only for what would still change something."""
    wide = closure(end.could, tuple(waits.seen for waits in awaits))
    end.awaits = [waits for waits in awaits if any(move(BIT[state], waits.seen) != BIT[state] for state in names_of(wide))]
    end.waiting = tuple({waits.seen: None for waits in end.awaits})


def _in_order(waits: Await, ack: int | None) -> bool:
    """A FIN that arrives is not taken before all octets below it: what this end acknowledges shows whether it has them."""
    return waits.seen is not Seen.GOT_FIN or ack is None or ack >= waits.seg.start


def _taken(waits: Await, ack: int | None) -> bool:
    """Whoever has taken a FIN acknowledges it in all it sends from then on."""
    return waits.seen is not Seen.GOT_FIN or ack is None or ack >= waits.seg.end


def _shown(waits: Await, seg: Sent) -> bool:
    sent = waits.seg
    if sent.end > sent.start and sent.count == 1 and seg.ack is not None and seg.ack >= sent.end:
        return True
    if not waits.fresh or seg.ts is None or sent.ts is None:
        return False
    return (seg.ts.ecr - sent.ts.val) % (1 << 32) < 1 << 31


def _aged(waits: Await, seg: Sent) -> bool:
    return seg.at is not None and waits.seg.at is not None and seg.at - waits.seg.at > GRACE


def _reaches(me: Direction, seg: Sent, accepted: bool | None) -> None:
    """What this segment does to the peer if it arrives."""
    peer, bits = me.peer, seg.bits
    reaching: list[Seen] = []
    if bits & RST:
        if accepted is not False:
            reaching.append(Seen.GOT_RST)
    else:
        if bits & SYN:
            if not bits & ACK:
                reaching.append(Seen.GOT_SYN)
            elif opening.acceptable(me, seg):
                reaching.append(Seen.GOT_SYN_ACK)
        elif (
            bits & ACK and (closure(peer.could, peer.waiting) if peer.waiting else peer.could) & SYN_STATES and opening.covers_syn(me, seg)
        ):
            reaching.append(Seen.GOT_ACK_OF_SYN)
        if peer.fin is not None and seg.ack is not None and seg.ack > peer.fin:
            reaching.append(Seen.GOT_ACK_OF_FIN)
        if bits & FIN and bits & (ACK | SYN):  # without ACK it is dropped
            reaching.append(Seen.GOT_FIN)
    if not reaching:
        return
    fresh = seg.ts is not None and (me.tsval is None or 0 < (seg.ts.val - me.tsval) % (1 << 32) < 1 << 31)
    sure = not bits & RST or closing.believed(me, seg, accepted)
    wide = closure(peer.could, peer.waiting)
    for seen in reaching:
        if seen not in peer.waiting and move(wide, seen) | wide != wide:
            peer.awaits.append(Await(seen, seg, fresh, sure))
            peer.waiting = (*peer.waiting, seen)
            wide = closure(peer.could, peer.waiting)
        elif seen in peer.waiting:
            peer.awaits.append(Await(seen, seg, fresh, sure))  # another chance to arrive, and another proof
    if len(peer.awaits) > MOST:
        peer.could, peer.awaits, peer.waiting = EVERY, [], ()


SYN_STATES: Final = _mask(State.SYN_SENT, State.SYN_RECEIVED)


def _tell(end: Direction, out: list[Happening]) -> None:
    states = names(closure(end.could, end.waiting) if end.waiting else end.could)
    if states is end.states:
        return
    end.states = states
    if len(end.states) == 1 and end.states[0] is not State.UNKNOWN and end.states[0] is not end.state:
        out.append(StateMoved(end.side, end.state, end.states[0]))
        end.state = end.states[0]


def present(end: Direction) -> bool:
    """Is the capture at this end? Its card was to finish its checksums, or it answers at once, or much sooner than the other."""
    least = end.peer.rtt.least
    return end.here or (least is not None and least < AT_ONCE) or end.following.next_to(end)


def settle(end: Direction) -> None:
    """No more will come: next to the capture, what passed has arrived."""
    if end.awaits and present(end):
        for waits in end.awaits:
            if _in_order(waits, end.ack):
                end.could = _arrives(end.could, waits) or end.could
        end.awaits, end.waiting = [], ()
    mask = closure(end.could, end.waiting)
    end.states = names(mask)
