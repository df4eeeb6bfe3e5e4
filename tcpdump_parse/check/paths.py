"""How the segments of each end look in their IP headers, so that one that looks otherwise stands out: TTL, DF, DSCP, ids.

For the families ip and security. Told of every segment, so the usual one costs a few comparisons. Bounded: an entry for each end of each
open connection, at most `MOST`, forgotten when the connection ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from msgspec import UNSET

from tcpdump_parse.check.notes import CaptureNotes
from tcpdump_parse.check.signs import overtaken
from tcpdump_parse.model import IPv4, IPv6, Packet
from tcpdump_parse.model.happenings import Copied
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.model.terms import SIDES, Side

MOST: Final = 8192
INITIAL: Final = (32, 64, 128, 255)
"""The TTLs that systems start with."""


def ttl_of(packet: Packet) -> int | None:
    """The TTL or hop limit; tcpdump prints none when it is 0, and nothing of it without -v."""
    ip = packet.ip
    if isinstance(ip, IPv4):
        return ip.ttl if ip.ttl is not UNSET else 0 if ip.id is not UNSET else None
    return ip.hlim if isinstance(ip, IPv6) and ip.hlim is not UNSET else None


def hops(ttl: int) -> int:
    """Routers behind it, if it began with the next of the usual values."""
    return next(first for first in INITIAL if first >= ttl) - ttl


class Odd:
    """A segment whose field is not that of the segments before it."""

    __slots__ = ("data", "now", "packet", "was")

    def __init__(self, step: Step, was: int | str, now: int | str) -> None:
        self.packet, self.was, self.now, self.data = step.packet, was, now, step.length > 0


_ORDINARY: Final = (".", "P.")


class Path:
    """One end of one connection. `ttl` is what most of its segments had when it was last looked at; resets are kept apart."""

    __slots__ = (
        "after_reset", "back", "df", "df_changed", "dscp", "dscp_changed", "even", "first", "flags", "id", "packets", "reset", "steps",
        "ttl", "ttl_changed", "ttl_odd", "zeros",
    )  # fmt: skip

    def __init__(self, first: Packet, ttl: int | None, dscp: int, df: bool) -> None:
        self.first, self.ttl, self.dscp, self.df = first, ttl, dscp, df
        self.flags = ("DF",) if df else ()  # as IPv4 prints them in a whole packet
        self.even = True  # no TTL was odd so far, and no reset came
        self.packets = self.zeros = self.steps = 0
        self.id = -1
        self.ttl_changed: Odd | None = None  # the first segment with another TTL
        self.ttl_odd = 0  # segments with another TTL than the first
        self.back = 0  # segments with the first TTL after such a one
        self.df_changed: Odd | None = None
        self.dscp_changed: Odd | None = None
        self.reset: Odd | None = None  # the first reset; `was` the usual TTL, `now` its own
        self.after_reset: list[int] = []  # segments after it that look as those before it; at most two

    def count(self, ipid: int) -> None:
        last = self.id
        if not ipid:
            self.zeros += 1
        if 0 < (ipid - last) % 65536 <= 16 and last >= 0:
            self.steps += 1
        self.id = ipid

    @property
    def foreign(self) -> bool:
        """A few segments with another TTL between many with the usual one: they are not of this end."""
        return 0 < self.ttl_odd <= 2 < self.packets - self.ttl_odd and self.back > 0


class Paths(CaptureNotes):
    on: ClassVar = (Step, Ending)

    def __init__(self) -> None:
        self.open: dict[tuple[int, Side], Path] = {}
        self.told: set[str] = set()  # addresses whose ids were described

    def of(self, step: Step, side: Side | None = None) -> Path | None:
        return self.open.get((step.connection.conn, side or step.side))

    def see(self, ending: Ending) -> None:
        for side in SIDES:
            path = self.open.pop((ending.connection.conn, side), None)
            if path is not None and path.packets >= ENOUGH and len(self.told) < MOST:
                self.told.add(ending.connection.addr(side))

    def see_all(self, steps: Sequence[Step]) -> None:
        known = self.open
        for step in steps:
            ip, tcp, path = step.packet.ip, step.packet.tcp, known.get((step.connection.conn, step.side))
            if path is not None and path.even and tcp is not UNSET and tcp.flags in _ORDINARY:
                if type(ip) is IPv4:
                    ipid, tos = ip.id, ip.tos
                    if ip.ttl == path.ttl and ip.flags == path.flags and tos is not UNSET and tos >> 2 == path.dscp and ipid is not UNSET:
                        path.packets += 1
                        last, path.id = path.id, ipid  # in place what `count` does
                        if not ipid:
                            path.zeros += 1
                        if 0 < (ipid - last) % 65536 <= 16 and last >= 0:
                            path.steps += 1
                        continue
                elif type(ip) is IPv6 and ip.hlim == path.ttl:
                    path.packets += 1
                    continue
            self._segment(step)

    def _segment(self, step: Step) -> None:
        ip, tcp = step.packet.ip, step.packet.tcp
        if ip is UNSET or tcp is UNSET:
            return
        if type(ip) is IPv4:
            ipid, tos = ip.id, ip.tos
            ttl = ip.ttl if ip.ttl is not UNSET else 0 if ipid is not UNSET else None
            dscp, df = 0 if tos is UNSET else tos >> 2, "DF" in (ip.flags or ())
        else:
            ttl, dscp, df, ipid = ttl_of(step.packet), 0, False, UNSET
        key = (step.connection.conn, step.side)
        path = self.open.get(key)
        if path is None:
            if ttl is None or len(self.open) >= MOST:
                return
            path = self.open[key] = Path(step.packet, ttl, dscp, df)
        if tcp.flags is not UNSET and "R" in tcp.flags:
            if path.reset is None and path.packets and step.before.me.ack is not None:  # else it disowns an old answer to its SYN
                path.reset, path.even = Odd(step, path.ttl or 0, ttl or 0), False
            return
        path.packets += 1
        if ipid is not UNSET:
            path.count(ipid)
        if path.reset is not None and len(path.after_reset) < 2 and ttl == path.ttl and not overtaken(step):
            path.after_reset.append(step.frame)
        if ttl != path.ttl or dscp != path.dscp or df != path.df:
            self._differs(step, path, ttl, dscp, df)
        elif path.ttl_changed is not None:
            path.back += 1

    def _differs(self, step: Step, path: Path, ttl: int | None, dscp: int, df: bool) -> None:
        if step.happened(Copied) is not None or ttl is None or _routed(step, path, ttl):
            return  # the copy of a router or a mirror
        if ttl != path.ttl:
            path.ttl_odd += 1
            path.ttl_changed, path.even = path.ttl_changed or Odd(step, path.ttl or 0, ttl), False
        if dscp != path.dscp:
            path.dscp_changed = path.dscp_changed or Odd(step, path.dscp, dscp)
        if df != path.df and "+" not in (getattr(step.packet.ip, "flags", UNSET) or ()):
            path.df_changed = path.df_changed or Odd(step, "DF" if path.df else "none", "DF" if df else "none")


SOON: Final = 1_000_000
"""A router passes a packet on within this many nanoseconds."""


def _routed(step: Step, path: Path, ttl: int) -> bool:
    """The bare ACK before once more, a router further on? Without an id, as in IPv6, nothing else tells a copy of it."""
    me, now, tcp = step.before.me, step.after.me, step.packet.tcp
    if step.length or path.ttl is None or abs(ttl - path.ttl) != 1 or step.at is None or me.at is None or not 0 <= step.at - me.at < SOON:
        return False
    return tcp is not UNSET and (step.seq, step.ack, tcp.win, now.tsval) == (me.snd_nxt, me.ack, me.win, me.tsval)


ENOUGH: Final = 6
"""Segments of an end after which the manner of its ids can be told."""
