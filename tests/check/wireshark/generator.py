"""Random segments that ask every question of the analysis, from a seed: the same seed gives the same octets.

Three kinds of talk share each capture. *Noise*: numbers, flags, windows and times drawn from small sets around the edges that
the analysis knows (the ISN, the highest octet, 3 ms, 20 ms, 2^31, 2^32), so that quirks meet. *Talk*: two ends that keep their numbers
and lose, repeat, delay and probe, so that the usual flags come by the hundred. *Oddities*: what reaches the analysis in part or not at all.
The ACK field is 0 without the ACK flag, because tcpdump 4.99.3 does not print it.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from random import Random

from tests.check.wireshark.wire import A, F, P, R, S, Tcp, ethernet, ipv4, ipv4_header, ipv6, unreachable

TOP = 1 << 32
ISNS = (0, 1, TOP - 1, TOP - 2, TOP - 30, TOP // 2, TOP // 2 - 10)
STEPS = (0, 1, 100, 1000, 2999, 3000, 3001, 19_999, 20_000, 20_001, 50_000, -5000, -1)
"""Microseconds between two segments."""
SERVER = 1234
"""A port that no dissector of Wireshark's claims."""
COOKIE = bytes(8)
FRESH = (b"", b"\x22\x02", b"\x22\x0a" + COOKIE, b"\xfe\x0c\xf9\x89" + COOKIE, b"\xfe\x04\xf9\x89", b"\x22\x05abc")
DSS = b"\x1e\x08\x20\x01" + bytes(4)
MPTCP = (
    b"\x1e\x08\x30\x05\x0a\x00\x00\x01", b"\x1e\x04\x40\x02", b"\x1e\x04\x50\x01",
    b"\x1e\x0c\x60\x00" + bytes(8), b"\x1e\x0c\x70\x00" + bytes(8),
)

FLAGS = (A, A | P, S, S | A, F | A, R, R | A, S | F, 0, F, S | A | F, S | R, P)
WEIGHTS = (60, 20, 6, 6, 5, 2, 2, 1, 1, 1, 1, 1, 1)

Frames = Iterator[tuple[int, bytes]]


class Pair:
    """Two endpoints and what is near their numbers."""

    def __init__(self, random: Random, ordinal: int) -> None:
        self.random = random
        self.port = 20_000 + ordinal
        self.isn = [random.choice(ISNS) if random.random() < 0.6 else random.randrange(TOP) for _ in range(2)]
        self.version6, self.extended = random.random() < 0.15, random.random() < 0.3
        self.same = random.random() < 0.03
        self.multipath, self.noise = random.random() < 0.15, random.random() < 0.5
        self.key = Random(self.port // 2).randbytes(8)
        self.token = hashlib.sha1(self.key, usedforsecurity=False).digest()[:4]
        self.repeats, self.lastack = [0, 0], [0, 0]
        self.silent = random.random() < 0.1
        self.nxt, self.una = list(self.isn), list(self.isn)
        self.sent: list[list[tuple[int, int]]] = [[], []]
        self.win = [1000, 1000]
        self.stage = 0

    def frame(self, side: int, segment: Tcp) -> bytes:
        """The segment as `side` (0 or 1) sends it."""
        if self.version6:
            ends = [f"fd00::{self.port:x}", "fd00::1"]
            extension = b"\0\x01\x04\0\0\0\0" if self.extended else b""
            return ethernet(ipv6(ends[side], ends[1 - side], segment, extension=extension))
        ends = ["10.0.0.1", "10.0.0.1" if self.same else "10.0.0.2"]
        vlan = self.random.choice((0, 0, 0, 7))
        return ethernet(ipv4(ends[side], ends[1 - side], segment, ident=self.random.randrange(65536)), vlan)

    def ports(self, side: int) -> tuple[int, int]:
        here, there = self.port, self.port if self.same else SERVER
        return (here, there) if side == 0 else (there, here)


def multipath(random: Random, flags: int, pair: Pair) -> bytes:
    """An MPTCP option that its place allows: tcpdump hides what follows a bad one, and Wireshark 4.0 fails an assertion on some keys.

    Every second pair joins the one before it, by the token of its key, so that two conversations share what MPTCP did.
    """
    if flags & S and pair.noise:
        return b""
    if pair.port % 2:
        joins = {S: b"\x1e\x0c\x10\x01" + pair.token + bytes(4), S | A: b"\x1e\x10\x10\x01" + bytes(12), A: b"\x1e\x18\x10\x00" + bytes(20)}
        return random.choice((*MPTCP, DSS, joins.get(flags, DSS))) if not flags & S else joins.get(flags, b"")
    if flags & S:
        return b"\x1e\x0c\x00\x81" + pair.key if flags == S else b""
    return random.choice((*MPTCP, DSS))


def options(random: Random, flags: int, pair: Pair) -> bytes:
    """A few options, rarely those that belong there."""
    parts = []
    chance = 0.7 if flags & S else 0.03
    if random.random() < chance:
        parts.append(struct.pack("BBB", 3, 3, random.choice((0, 1, 2, 7, 14, 15, 255))))
    if random.random() < (0.25 if flags & S else 0.01):
        parts.append(random.choice(FRESH))
    if pair.multipath and random.random() < 0.4:
        parts.append(multipath(random, flags, pair))
    if not flags & S and flags & A and random.random() < 0.1:
        count = random.choice((1, 2, 3))
        edges = [(pair.isn[0] + random.choice((-20, 0, 1, 10, 30, 100))) % TOP for _ in range(2 * count)]
        parts.append(struct.pack(f"!BB{2 * count}I", 5, 2 + 8 * count, *edges))
    octets = b"".join(parts)
    return octets if len(octets) <= 40 else b""


def noise(pair: Pair, random: Random) -> bytes:
    """Anything near an edge."""
    side = 0 if pair.silent else random.randrange(2)
    flags = random.choices(FLAGS, WEIGHTS)[0]
    if flags & S and random.random() < 0.2:
        pair.isn[side] = (pair.isn[side] + random.choice((1, 50, 1000, TOP // 2))) % TOP
        pair.nxt[side] = pair.isn[side]
    offset = random.choice((-1, 0, 0, 1, 1, 2, 11, 12, 21, 31, 101, 1001, TOP // 2))
    near = pair.isn[side] if random.random() < 0.5 else pair.nxt[side]
    seq = pair.isn[side] if flags & S and random.random() < 0.8 else (near + offset) % TOP
    there = 1 - side
    base = pair.isn[there] if random.random() < 0.4 else pair.nxt[there]
    ack = (base + random.choice((0, 0, 0, 1, 1, 2, 11, 21, 31, 101, -1, 1000))) % TOP if flags & A else 0
    length = random.choice((0, 0, 0, 0, 1, 1, 2, 10, 10, 10, 20, 100))
    if random.random() < 0.5 and not flags & S:
        seq = (pair.nxt[side] - (random.random() < 0.2)) % TOP
    win = random.choice((0, 0, 1, 10, 20, 100, 1000, 1000, 1000, 65535))
    if random.random() < 0.3:
        win = pair.win[side]
    pair.win[side] = win
    pair.nxt[side] = (seq + length + bool(flags & (S | F))) % TOP
    sport, dport = pair.ports(side)
    return pair.frame(side, Tcp(sport, dport, seq, ack, flags, win, options(random, flags, pair), length))


def talk(pair: Pair, random: Random) -> bytes:
    """The next step of a conversation that keeps its numbers, with faults."""
    side, flags, length = random.randrange(2), A, 0
    there, win = 1 - side, pair.win[side]
    if pair.stage < 3:
        side = pair.stage % 2
        there = 1 - side
        flags = (S, S | A, A)[pair.stage]
        pair.stage += 1
    seq, ack = pair.nxt[side], pair.nxt[there]
    act = random.random()
    if flags == A and pair.repeats[there] > 1 and random.random() < 0.3:
        seq, length = pair.lastack[there], 100
    elif flags == A and act < 0.25:
        length, flags = random.choice((1, 10, 100, 100, 100)), A | P
    elif flags == A and act < 0.33 and pair.sent[side]:
        seq, length = random.choice(pair.sent[side][-4:])
    elif flags == A and act < 0.38:
        pair.nxt[side] = seq = (seq + 100) % TOP  # a hole
        length = 100
    elif flags == A and act < 0.43:
        seq, length = (seq - 1) % TOP, random.randrange(2)
    elif flags == A and act < 0.48:
        win = pair.win[side] = random.choice((0, 0, 1, 100, 300, 1000))
    elif flags == A and act < 0.55:
        length = min(pair.win[there], 1400)
        ack = pair.una[there] = pair.nxt[there]
    elif flags == A and act < 0.60 and pair.win[there] == 0:
        length = 1
    elif flags == A and act < 0.90:
        ack = pair.una[there]
        if random.random() < 0.3:
            pair.una[there] = pair.nxt[there]
    elif act > 0.997:
        flags, pair.stage = random.choice((F | A, R | A)), random.choice((3, 0))
        if pair.stage == 0:
            pair.nxt = pair.isn = [random.randrange(TOP), random.randrange(TOP)]
            pair.una, pair.sent = list(pair.isn), [[], []]
    pair.repeats[side] = 0 if length or ack != pair.lastack[side] else pair.repeats[side] + 1
    pair.lastack[side] = ack
    end = (seq + length + bool(flags & (S | F))) % TOP
    if (end - pair.nxt[side]) % TOP < TOP // 2:
        pair.nxt[side] = end
    if length:
        pair.sent[side].append((seq, length))
    sport, dport = pair.ports(side)
    return pair.frame(side, Tcp(sport, dport, seq, ack if flags & A else 0, flags, win, options(random, flags, pair), length))


def oddity(pair: Pair, random: Random) -> bytes:
    """A record that reaches the analysis in part, or not at all."""
    side = random.randrange(2)
    sport, dport = pair.ports(side)
    flags = random.choice((A, A | P, S, S | A))
    seq = random.choice((pair.nxt[side], pair.isn[side], (pair.isn[side] + 500) % TOP))
    ack = pair.nxt[1 - side] if flags & A else 0
    segment = Tcp(sport, dport, seq, ack, flags, 1000, options(random, flags, pair), random.choice((0, 8, 16, 104)))
    ends = ["10.0.0.1", "10.0.0.1" if pair.same else "10.0.0.2"]
    src, dst = ends[side], ends[1 - side]
    kind = random.randrange(6)
    if kind == 0:
        return ethernet(ipv4(src, dst, segment._replace(length=104), fragment=0x2000))
    if kind == 1:
        return ethernet(ipv4_header(src, dst, 6, 64, fragment=0x2010) + bytes(64))
    if kind == 2:
        return ethernet(unreachable("10.9.9.9", src, ipv4(src, dst, segment)))
    if kind == 3:
        return ethernet(ipv4(src, dst, segment, longer=random.choice((1, 5, 40))))
    if kind == 4:
        route = bytes((random.choice((131, 137)), 11, 4)) + bytes((10, 8, 8, 8)) + bytes((10, 0, 0, 1 + (dst == "10.0.0.2")))
        return ethernet(ipv4(src, "10.7.7.7", segment, options=b"\x01" + route, final=dst))
    return ethernet(ipv4(src, dst, segment, options=b"\x94\x04\0\0"))


def capture(seed: int, count: int) -> Frames:
    """`count` frames, microseconds since the epoch each, of about one conversation in 60 frames."""
    random = Random(seed)
    pairs = [Pair(random, ordinal) for ordinal in range(max(1, count // 60))]
    live = pairs[:8]
    waiting = iter(pairs[8:])
    t = 1_700_000_000_000_000
    for _ in range(count):
        t += random.choice(STEPS)
        slot = random.randrange(len(live))
        if random.random() < 1 / 60:
            live[slot] = next(waiting, live[slot])
        pair = live[slot]
        if random.random() < 0.02:
            yield t, oddity(pair, random)
        else:
            yield t, (noise if pair.noise else talk)(pair, random)
