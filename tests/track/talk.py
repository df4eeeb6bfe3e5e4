"""Conversations for the tests of track, written as differences from a template: who, flags, where relative to the ISN, when.

ISNs sit just under the wrap, so that every case crosses it. `c` speaks for the client, `s` for the server; positions are relative
(the SYN is 0). The IP id counts per sender; timestamps are left out unless a case asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import UNSET

from tcpdump_parse.model.options import Mss, Nop, Sack, SackOk, TcpOption, Timestamps, Wscale
from tcpdump_parse.model.packet import IPv4, Packet, Segment
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.track import track

WRAP = 1 << 32
CLIENT, SERVER = ("10.0.0.1", 40000), ("10.0.0.2", 80)
SYN_OPTIONS: tuple[TcpOption, ...] = (Mss(1460), SackOk(), Nop(), Wscale(7))


class Talk:
    """Collects packets; `c` and `s` give themselves back, so that a case is one chain."""

    def __init__(self, client_iss: int = WRAP - 10, server_iss: int = WRAP - 1000) -> None:
        self.iss = {"c": client_iss, "s": server_iss}
        self.ids = {"c": 100, "s": 7000}
        self.packets: list[Packet] = []
        self.now = 0.0

    def say(self, who: str, flags: str, seq: int = 0, length: int = 0, ack: int | None = None, after: float = 0.001, **more: Any) -> Talk:
        """One segment `after` seconds later. `more`: win, id, ttl, options, ts=(val, ecr), sack=[(l, r)…] relative to the peer's ISN."""
        other = "s" if who == "c" else "c"
        self.now += after
        self.ids[who] += 1
        options: tuple[TcpOption, ...] = more.get("options", SYN_OPTIONS if "S" in flags else ())
        if "sack" in more:
            blocks = tuple(((left + self.iss[other]) % WRAP, (right + self.iss[other]) % WRAP) for left, right in more["sack"])
            options = (*options, Nop(), Nop(), Sack(blocks, blocks_abs=blocks))
        if "ts" in more:
            options = (*options, Nop(), Nop(), Timestamps(*more["ts"]))
        wire = (self.iss[who] + seq) % WRAP
        acked = UNSET if ack is None else (self.iss[other] + ack) % WRAP
        end = (wire + length) % WRAP if length else UNSET
        src, dst = (CLIENT, SERVER) if who == "c" else (SERVER, CLIENT)
        frame = len(self.packets) + 1
        header = 20 + sum(_size(option) for option in options)
        ip = IPv4(src[0], dst[0], tos=0, ttl=more.get("ttl", 64), id=more.get("id", self.ids[who]), offset=0, flags=("DF",), proto=6,
                  proto_name="TCP", length=20 + header + length)
        tcp = Segment(src[1], dst[1], flags=flags, seq=wire, seq_end=end, ack=acked, win=more.get("win", 512), options=options,
                      length=length, seq_abs=wire, seq_end_abs=end, ack_abs=acked)
        self.packets.append(Packet(1, frame, 2 * frame, 2 * frame + 1, time="", clock=f"{self.now:.6f}", ip=ip, tcp=tcp))
        return self

    def c(self, flags: str, seq: int = 0, length: int = 0, ack: int | None = None, after: float = 0.001, **more: Any) -> Talk:
        return self.say("c", flags, seq, length, ack, after, **more)

    def s(self, flags: str, seq: int = 0, length: int = 0, ack: int | None = None, after: float = 0.001, **more: Any) -> Talk:
        return self.say("s", flags, seq, length, ack, after, **more)

    def open(self) -> Talk:
        return self.c("S").s("S.", ack=1).c(".", 1, ack=1)

    def steps(self) -> list[Step]:
        return [event for event in track(self.packets) if isinstance(event, Step)]

    def ending(self) -> Ending:
        """Of the last connection."""
        return [event for event in track(self.packets) if isinstance(event, Ending)][-1]


def _size(option: TcpOption) -> int:
    sizes = {Nop: 1, Mss: 4, Wscale: 3, SackOk: 2, Timestamps: 10}
    return 2 + 8 * len(option.blocks) if isinstance(option, Sack) else sizes[type(option)]


def names(happenings: Iterable[object], leave: Sequence[str] = ("OptionSeen", "StateMoved", "Opened")) -> list[str]:
    """The happenings' class names, without those that every opening has."""
    return [name for name in (type(happening).__name__ for happening in happenings) if name not in leave]
