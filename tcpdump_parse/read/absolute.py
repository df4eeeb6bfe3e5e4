"""tcpdump's relative sequence numbers made absolute, by keeping the table that tcp_print keeps (print-tcp.c).

Without -S tcpdump stores two bases for each pair of endpoints at the first segment with ACK it prints of them, and again at every
SYN-ACK; that segment's numbers are absolute, later ones are differences. Segments without ACK are always absolute.
Whether a text is relative at all, no line says. The rule, per capture, from one segment at a time and never taken back
for segments that passed, so that the result does not depend on how the text arrives:

* After a base that lies far from zero (2^22) the next number of the connection is near the base, or near zero: that decides.
  Bases near zero decide only by the handshake's own numbers, base + 1 against 1.
* A first segment without its SYN in the log has numbers that count as absolute only if both are far from zero (2^26): the log may begin
  in the middle of a run, where they are differences already. Else nothing is claimed for that connection until a SYN-ACK.
* What stays open has no `*_abs`. SYNs, SYN-ACKs and segments without ACK never wait.
* Contrary evidence of a whole handshake (both numbers of its third segment, exactly) turns the decision: two runs pasted together
  without a banner. Less does not: a reused pair whose new numbers happen to be small looks alike.

A decision needs the second segment after a base, so a capture is decided by the third line of its first handshake.
"""

from __future__ import annotations

import enum
import re
from typing import Final

from msgspec import UNSET, UnsetType
from msgspec.structs import force_setattr

from tcpdump_parse.model.options import Sack
from tcpdump_parse.model.packet import IP, Packet, Port, Segment
from tcpdump_parse.seq import CIRCLE

KEPT: Final = 1 << 14
"""Connections remembered; an older one that comes again counts as one whose start the log does not hold."""
WATCHED: Final = 1 << 10
"""Under -S the table serves only to notice that another run begins."""
NEAR: Final = 1 << 20
APART: Final = 1 << 22
FAR: Final = 1 << 26

Known = int | None
Number = int | UnsetType


class Printed(enum.Enum):
    """How the capture's sequence numbers are printed."""

    UNKNOWN = "unknown"
    ABSOLUTE = "absolute"
    RELATIVE = "relative"


class _Pair:
    """What is known of two endpoints: their bases, and the SYNs that no SYN-ACK answered yet."""

    __slots__ = ("bases", "fresh", "handshake", "syns")

    def __init__(self) -> None:
        self.bases: tuple[Known, Known] | None = None  # of the key's first endpoint, of its second
        self.syns: list[Known] = [None, None]
        self.handshake = False  # the bases come from a SYN-ACK
        self.fresh = False  # nothing was printed since


Key = tuple[str, Port, str, Port]


_COMMAND = re.compile(r"\btcpdump(?:\.exe)?((?: +\S+)*)")
_FLAGS = re.compile(r"-(?!-)[AabDdefHhIJKLlNnOpqRStUuvXxY#]*S")  # flags of tcpdump that take no argument may stand before it


def announced(line: str) -> Printed:
    """What a shown command says: with -S the numbers are absolute; without it nothing is certain, commands get abridged."""
    command = _COMMAND.search(line)
    words = command[1].split() if command else []
    sure = any(_FLAGS.match(word) or word == "--absolute-tcp-sequence-numbers" for word in words)
    return Printed.ABSOLUTE if sure else Printed.UNKNOWN


class Numbers:
    """The table of one capture. `settle` each packet in order; `printed` says what the text was found to be."""

    def __init__(self, printed: Printed = Printed.UNKNOWN) -> None:
        """`printed`: what is known before the first packet, by the command that the log shows (`announced`)."""
        self.printed = printed
        self._pairs: dict[Key, _Pair] = {}
        self._ready: dict[Key, tuple[int, int]] = {}  # bases of a pair by the direction of the segment, while all is as it mostly is

    def settle(self, packet: Packet) -> None:
        """Sets `seq_abs`, `seq_end_abs`, `ack_abs` and the SACK edges' `blocks_abs` where they are known."""
        ip, segment, quoted = packet.ip, packet.tcp, packet.quoted
        if self._ready and ip is not UNSET and segment is not UNSET and quoted is UNSET:
            bases = self._ready.get((ip.src, segment.sport, ip.dst, segment.dport))
            if bases is not None and _usual(segment, *bases):
                return
        if ip is not UNSET and segment is not UNSET:
            self._settle(ip, segment)
        if quoted is not UNSET and quoted.ip is not UNSET and quoted.tcp is not UNSET:
            self._settle(quoted.ip, quoted.tcp)

    def _settle(self, ip: IP, segment: Segment) -> None:
        flags, seq, ack = segment.flags, segment.seq, segment.ack
        if flags is UNSET:
            return
        if ack is UNSET and not ("." in flags and segment.form is UNSET):
            self._unacknowledged(ip, segment, flags)
            return
        self._ready.pop((ip.src, segment.sport, ip.dst, segment.dport), None)
        self._ready.pop((ip.dst, segment.dport, ip.src, segment.sport), None)
        pair, turned = self._pair(ip, segment)
        if "S" in flags or pair.bases is None:
            sure = "S" in flags or self._starts(pair, turned, seq, ack)
            self._base(pair, turned, seq if sure else UNSET, ack if sure else UNSET, "S" in flags)
            if sure or self.printed is Printed.ABSOLUTE:
                _claim(segment, 0, 0)
            self._edges(segment, pair, turned)
            return
        bases = pair.bases[::-1] if turned else pair.bases
        self._decide(pair, bases, seq, ack)
        if self.printed is Printed.ABSOLUTE or bases == (0, 0):
            _claim(segment, 0, 0)
        elif self.printed is Printed.RELATIVE:
            _claim(segment, *bases)
            self._hasten(ip, segment, *bases)
        if segment.options:
            self._edges(segment, pair, turned)

    def _pair(self, ip: IP, segment: Segment) -> tuple[_Pair, bool]:
        """The pair of a segment, and whether the segment goes against the order of the key; the pair becomes the youngest."""
        pairs = self._pairs
        key = (ip.src, segment.sport, ip.dst, segment.dport)
        pair, turned = pairs.get(key), False
        if pair is None:
            back = (ip.dst, segment.dport, ip.src, segment.sport)
            pair = pairs.get(back)
            if pair is None:
                pair = pairs[key] = _Pair()
            else:
                key, turned = back, True
        kept = WATCHED if self.printed is Printed.ABSOLUTE else KEPT
        if len(pairs) * 2 > kept:  # with room for all, their order does not matter
            self._ready.clear()
            pairs[key] = pairs.pop(key)
            while len(pairs) > kept:
                del pairs[next(iter(pairs))]
        return pair, turned

    def _hasten(self, ip: IP, segment: Segment, seq_base: Known, ack_base: Known) -> None:
        """The pair's later segments need no more than its bases."""
        if seq_base is not None and ack_base is not None and len(self._pairs) * 2 <= KEPT:
            self._ready[(ip.src, segment.sport, ip.dst, segment.dport)] = seq_base, ack_base
            self._ready[(ip.dst, segment.dport, ip.src, segment.sport)] = ack_base, seq_base

    def _unacknowledged(self, ip: IP, segment: Segment, flags: str) -> None:
        """Without ACK tcpdump leaves its table alone and prints what is on the wire."""
        _claim(segment, 0, 0)
        for option in segment.options:
            if type(option) is Sack and option.blocks:
                force_setattr(option, "blocks_abs", option.blocks)
        if "S" in flags and segment.seq is not UNSET:
            pair, turned = self._pair(ip, segment)
            pair.syns[turned] = segment.seq

    def _starts(self, pair: _Pair, turned: bool, seq: Number, ack: Number) -> bool:
        """A first segment with ACK is surely tcpdump's first too, so its numbers are those on the wire."""
        sent, answered = pair.syns[turned], pair.syns[not turned]
        if sent is not None and seq is not UNSET and _distance(seq, sent) < NEAR:
            return True
        if answered is not None and ack is not UNSET and _distance(ack, answered) < NEAR:
            return True
        return seq is not UNSET and ack is not UNSET and _distance(seq, 0) >= FAR and _distance(ack, 0) >= FAR

    def _base(self, pair: _Pair, turned: bool, seq: Number, ack: Number, handshake: bool) -> None:
        ours = None if seq is UNSET else seq
        theirs = None if ack is UNSET else (ack - 1) % CIRCLE
        pair.bases = (theirs, ours) if turned else (ours, theirs)
        pair.handshake = pair.fresh = handshake
        pair.syns = [None, None]

    def _decide(self, pair: _Pair, bases: tuple[Known, Known], seq: Number, ack: Number) -> None:
        """Moves `printed` if this segment, the first or a later one after a base, shows what the text is."""
        if self.printed is Printed.UNKNOWN:
            shown = _shown(bases[0], seq) | _shown(bases[1], ack)
            if not shown and pair.handshake:
                shown = _exact(bases, seq, ack, pair.fresh)
            if len(shown) == 1:
                (self.printed,) = shown
        elif pair.handshake and pair.fresh:
            shown = _shown(bases[0], seq) & _shown(bases[1], ack) & _exact(bases, seq, ack, pair.fresh)
            if len(shown) == 1:
                (self.printed,) = shown
        pair.fresh = False
        if self.printed is Printed.ABSOLUTE:
            self._ready.clear()

    def _edges(self, segment: Segment, pair: _Pair, turned: bool) -> None:
        """SACK edges count from the peer's base, on the very first segment too."""
        if self.printed is Printed.UNKNOWN or not segment.options or pair.bases is None:
            return
        base = 0 if self.printed is Printed.ABSOLUTE else pair.bases[not turned]
        for option in segment.options:
            if type(option) is Sack and option.blocks and base is not None:
                force_setattr(option, "blocks_abs", _moved(option.blocks, base))


def _usual(segment: Segment, seq_base: int, ack_base: int) -> bool:
    """What nearly every segment of relative text needs, in one step; False, and nothing done, when it needs more."""
    seq, ack = segment.seq, segment.ack
    if ack is UNSET or "S" in segment.flags:  # type: ignore[operator]  # with an ack the flags are printed too
        return False
    if seq is not UNSET:
        if seq >= APART and ack >= APART:
            return False
        force_setattr(segment, "seq_abs", (seq + seq_base) % CIRCLE)
        if (seq_end := segment.seq_end) is not UNSET:
            force_setattr(segment, "seq_end_abs", (seq_end + seq_base) % CIRCLE)
    force_setattr(segment, "ack_abs", (ack + ack_base) % CIRCLE)
    for option in segment.options:
        if type(option) is Sack and option.blocks:
            force_setattr(option, "blocks_abs", _moved(option.blocks, ack_base))
    return True


def _moved(blocks: tuple[tuple[int, int], ...], base: int) -> tuple[tuple[int, int], ...]:
    return tuple(((left + base) % CIRCLE, (right + base) % CIRCLE) for left, right in blocks)


def _claim(segment: Segment, seq_base: Known, ack_base: Known) -> None:
    if seq_base is not None and (seq := segment.seq) is not UNSET:
        force_setattr(segment, "seq_abs", (seq + seq_base) % CIRCLE)
        if (seq_end := segment.seq_end) is not UNSET:
            force_setattr(segment, "seq_end_abs", (seq_end + seq_base) % CIRCLE)
    if ack_base is not None and (ack := segment.ack) is not UNSET:
        force_setattr(segment, "ack_abs", (ack + ack_base) % CIRCLE)


def _distance(one: int, other: int) -> int:
    """How far apart two numbers lie on the circle."""
    return min((one - other) % CIRCLE, (other - one) % CIRCLE)


_NOTHING: frozenset[Printed] = frozenset()
_ABSOLUTE = frozenset({Printed.ABSOLUTE})
_RELATIVE = frozenset({Printed.RELATIVE})


def _shown(base: Known, number: Number) -> frozenset[Printed]:
    """What one number after its base shows: only a base far from zero can tell the two apart."""
    if base is None or number is UNSET or _distance(base, 0) < APART:
        return _NOTHING
    if _distance(number, 0) < NEAR:
        return _RELATIVE
    return _ABSOLUTE if _distance(number, base) < NEAR else _NOTHING


def _exact(bases: tuple[Known, Known], seq: Number, ack: Number, fresh: bool) -> frozenset[Printed]:
    """What the handshake's last segment shows by exactly its numbers, when the bases are near zero."""
    if ack is UNSET or (seq is UNSET and not fresh):
        return _NOTHING
    pairs = [(base, number) for base, number in zip(bases, (seq, ack), strict=True) if number is not UNSET]
    absolute = all(base is not None and number == (base + 1) % CIRCLE for base, number in pairs)
    relative = all(number == 1 for _, number in pairs)
    return _NOTHING if absolute == relative else _ABSOLUTE if absolute else _RELATIVE
