"""Zeek's `history` and `conn_state`, as `zeek -C` computes them: a much simpler machine than ours, kept apart so that it stays Zeek's.

Endpoint states and transitions are those of Zeek's TCP session adapter: FIN and RST move a state without their numbers being checked.
However, letter `g` follows our own finding that the capture missed acknowledged octets, because Zeek's depends on what it reassembles.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final

from tcpdump_parse.model.terms import Side
from tcpdump_parse.track.segment import ACK, FIN, RST, SYN, Sent

if TYPE_CHECKING:
    from tcpdump_parse.track.direction import Direction


class Endpoint(enum.Enum):
    """Zeek's endpoint states; CLOSED means a FIN was seen, RESET a RST."""

    INACTIVE = 0
    SYN_SENT = 1
    SYN_ACK_SENT = 2
    PARTIAL = 3
    ESTABLISHED = 4
    CLOSED = 5
    RESET = 6


INACTIVE, SYN_SENT, SYN_ACK_SENT, PARTIAL = Endpoint.INACTIVE, Endpoint.SYN_SENT, Endpoint.SYN_ACK_SENT, Endpoint.PARTIAL
ESTABLISHED, CLOSED, RESET = Endpoint.ESTABLISHED, Endpoint.CLOSED, Endpoint.RESET

CLIENT: Final = Side.CLIENT
CONTROL: Final = SYN | FIN | RST
TIMES: Final = frozenset(10**i for i in range(19))

_FAR: Final = 1 << 20
_REVERSE_SCAN: Final = re.compile(r"\^?S[^HAFGIQ]*R.*")


class End:
    """One endpoint of Zeek's machine."""

    __slots__ = ("acks", "before", "fins", "last_fin", "last_rst", "last_syn", "letters", "scaled", "start", "state", "talks", "top")

    def __init__(self) -> None:
        self.state = self.before = INACTIVE
        self.letters = ""  # what it has in the history; S, F and R for a SYN, FIN and RST whatever their letter
        self.scaled: dict[str, int] | None = None  # how often `c g t w`; made when first needed
        self.last_syn = self.last_fin = self.last_rst = 0
        self.start: int | None = None
        self.top: int | None = None
        self.fins = 0
        self.talks = self.acks = False  # `d` and `a` stand in the history

    def set(self, state: Endpoint) -> None:
        if state is not self.state:
            self.before, self.state = self.state, state


class Zeek:
    """Both endpoints and the history of one connection."""

    __slots__ = ("client", "history", "server")

    def __init__(self, client: End, server: End) -> None:
        self.client, self.server = client, server
        self.history = ""

    def packet(self, me: Direction, seg: Sent) -> None:
        """One segment, in capture order."""
        orig = me.side is CLIENT
        end, bits, length = me.zeek, seg.bits, seg.length
        top = end.top
        if end.state is ESTABLISHED and top is not None and not bits & CONTROL and seg.win and (end.talks if length else end.acks):
            if seg.end > top:
                end.top = seg.end
            elif length:
                self.scaled(end, orig, "t")
            return
        peer = me.peer.zeek
        if not self.history and not orig and end.state is INACTIVE and peer.state is INACTIVE:
            self.history = "^"
        if not bits & (SYN | FIN | RST):
            if length:
                if not end.talks:
                    end.talks = True
                    self._letter(end, orig, "d")
            elif bits & ACK and not end.acks:
                end.acks = True
                self._letter(end, orig, "a")
        else:
            self._control(end, orig, seg)
        if seg.win == 0 and not bits & RST and peer.state is not CLOSED and end.state is not RESET:
            self.scaled(end, orig, "w")
        self._place(end, orig, seg)
        if end.state is not ESTABLISHED or bits & (SYN | FIN | RST):
            _move(end, peer, orig, seg)

    def missed(self, orig: bool) -> None:
        """Octets of that end were acknowledged and never seen."""
        end, peer = (self.client, self.server) if orig else (self.server, self.client)
        if _clean(end, peer):
            self.scaled(end, orig, "g")

    def _letter(self, end: End, orig: bool, letter: str) -> None:
        end.letters += letter
        self.history += letter.upper() if orig else letter

    def _once(self, end: End, orig: bool, letter: str, key: str, now: int, last: int) -> None:
        """`s`, `h`, `f`, `r`: once, and again when the sequence number differs."""
        if key not in end.letters:
            end.letters += key
            self._letter(end, orig, letter)
        elif now != last:
            self._letter(end, orig, letter)

    def _control(self, end: End, orig: bool, seg: Sent) -> None:
        bits, start = seg.bits, seg.start
        set_ = bits & (SYN | FIN | RST)
        if set_ not in (SYN, FIN, RST):
            letter = "i" if bits & FIN and bits & RST else "q"
            if letter not in end.letters:
                self._letter(end, orig, letter)
        elif set_ == SYN:
            self._once(end, orig, "h" if bits & ACK else "s", "S", start, end.last_syn)
            end.last_syn = start
        elif set_ == FIN:
            self._once(end, orig, "f", "F", start + seg.length, end.last_fin)
            end.last_fin = start + seg.length
        else:
            self._once(end, orig, "r", "R", start, end.last_rst)
            end.last_rst = start

    def scaled(self, end: End, orig: bool, letter: str) -> None:
        """`c g t w`: the 1st, 10th, 100th … time."""
        if end.scaled is None:
            end.scaled = {}
        count = end.scaled[letter] = end.scaled.get(letter, 0) + 1
        if count in TIMES:
            self.history += letter.upper() if orig else letter

    def _place(self, end: End, orig: bool, seg: Sent) -> None:
        """Zeek's last sequence number, and `t` for payload that does not advance it (plain reordering too)."""
        last = seg.end - (seg.length if seg.bits & RST else 0)
        top = end.top
        if top is None or (seg.bits & SYN and seg.start != end.start and end.state in (SYN_SENT, SYN_ACK_SENT, ESTABLISHED, PARTIAL)):
            end.start = seg.start if seg.bits & SYN else seg.start - 1
            end.top = last if seg.bits & SYN else seg.start
            top = end.top
            if seg.bits & SYN:
                return
        if seg.bits & FIN:
            end.fins += 1
        delta = last - top
        if seg.bits & (SYN | RST) and abs(delta) > _FAR:
            return
        if end.state is RESET:
            return
        if delta > 0:
            end.top = last
        elif seg.length and not seg.bits & RST:
            self.scaled(end, orig, "t")


def _move(end: End, peer: End, orig: bool, seg: Sent) -> None:
    bits = seg.bits
    state = end.state
    if state is INACTIVE:
        _from_inactive(end, peer, orig, seg)
    elif state in (SYN_SENT, SYN_ACK_SENT):
        if bits & FIN:
            end.set(CLOSED)
        if bits & RST:
            end.set(RESET)
    elif state in (ESTABLISHED, PARTIAL):
        if bits & SYN and not bits & ACK and state is PARTIAL and peer.state is INACTIVE:
            end.set(SYN_SENT)
        if bits & FIN and not bits & RST:
            end.set(CLOSED)
            if peer.state is RESET and peer.before is CLOSED:
                peer.set(CLOSED)
        if bits & RST:
            end.set(RESET)
    elif state is CLOSED and bits & RST and peer.state is not CLOSED:
        end.set(RESET)


def _from_inactive(end: End, peer: End, orig: bool, seg: Sent) -> None:
    bits = seg.bits
    if bits & SYN:
        if orig:
            end.set(SYN_ACK_SENT if bits & ACK else SYN_SENT)
        else:
            if peer.state is SYN_SENT:
                peer.set(ESTABLISHED)
            end.set(ESTABLISHED)
    if bits & FIN:
        end.set(CLOSED)
    if bits & RST:
        end.set(RESET)
    if end.state is INACTIVE:
        if not orig and seg.length == 0 and peer.state is SYN_SENT:
            return
        if bits & ACK and peer.state is ESTABLISHED:
            end.set(ESTABLISHED)
        else:
            end.set(PARTIAL)


def _clean(a: End, b: End) -> bool:
    """Zeek reports gaps only of connections that are established or close in order."""
    def good(end: End) -> bool:
        return end.state is ESTABLISHED or (end.state is CLOSED and end.before is ESTABLISHED)

    return good(a) and good(b)


def conn_state(zeek: Zeek, sizes: tuple[int, int]) -> str:
    """Zeek's thirteen words, by its decision list; `sizes` are the octets each end sent."""
    os, rs = zeek.client.state, zeek.server.state
    o_inactive, r_inactive = os in (INACTIVE, PARTIAL), rs in (INACTIVE, PARTIAL)
    if rs is RESET:
        if os in (SYN_SENT, SYN_ACK_SENT) or (os is RESET and sizes == (0, 0)):
            return "REJ"
        return "RSTRH" if o_inactive else "RSTR"
    if os is RESET:
        if r_inactive:
            return "RSTOS0" if _REVERSE_SCAN.fullmatch(zeek.history) else "OTH"
        return "RSTO"
    if os is CLOSED and rs is CLOSED:
        return "SF"
    if os is CLOSED:
        return "SH" if r_inactive else "S2"
    if rs is CLOSED:
        return "SHR" if o_inactive else "S3"
    if os is SYN_SENT and rs is INACTIVE:
        return "S0"
    return "S1" if os is ESTABLISHED and rs is ESTABLISHED else "OTH"
