"""A wire in userspace: frames from one veth to the other, after the path's delay, but for what the policy does to them.

Run by trouble.py inside the namespace between the ends. It prints a line a frame (`to-server ack 3`: the third of that kind that way),
so that others can await what passes, and writes at its end one JSON line a frame: what it was, what was done, when it went out.
"""

import argparse
import heapq
import json
import os
import select
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from frame import digest, network, segment
from policy import Do, Fate, Kinds, Policy, Way, What
from scenarios import SCENARIOS

ETH_P_ALL = 3
OUTGOING = 4  # PACKET_OUTGOING: our own frames, shown to us again
DEVICES = {Way.TO_SERVER: "left", Way.TO_CLIENT: "right"}  # where a frame of that way comes in


def listen(device: str) -> socket.socket:
    """A raw socket on one of the two devices."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
    sock.bind((device, 0))
    return sock


class Wire:
    """Two sockets, a heap of frames under way, and the diary."""

    def __init__(self, delay: float, policy: Policy) -> None:
        """`delay` in seconds, each way."""
        self.delay, self.policy, self.kinds = delay, policy, Kinds()
        self.sockets = {way: listen(device) for way, device in DEVICES.items()}
        self.heap: list[tuple[float, int, Way, bytes, dict[str, Any] | None]] = []
        self.floor = dict.fromkeys(Way, 0.0)  # nothing in order leaves before this
        self.serial = 0
        self.out = dict.fromkeys(Way, 0)
        self.diary: list[dict[str, Any]] = []
        self.passed: dict[tuple[Way, What], int] = {}

    def take(self, way: Way) -> None:
        """Read one frame and decide its fate."""
        frame, address = self.sockets[way].recvfrom(65536)
        if address[2] == OUTGOING:
            return
        now = time.monotonic()
        packet = network(frame)
        seg = segment(packet)
        if seg is None:  # neighbour discovery and the like: not what the lab is about
            self.send_at(now, way, frame, None)
            return
        kinds = self.kinds.of(seg)
        fate = self.policy.decide(way, kinds)
        note: dict[str, Any] = {"way": way.value, "what": sorted(kind.value for kind in kinds), "do": fate.do.value}
        note |= {} if fate.rule is None else {"rule": fate.rule, "ms": round(fate.ms, 3)}
        note |= {"digest": digest(packet), "out": []}
        self.diary.append(note)
        self.tell(way, kinds)
        self.dispose(now, way, frame, fate, note)

    def dispose(self, now: float, way: Way, frame: bytes, fate: Fate, note: dict[str, Any]) -> None:
        """Put the frame under way, as often and as late as was decided."""
        due, extra = max(now + self.delay, self.floor[way]), fate.ms / 1000
        match fate.do:
            case Do.FORWARD:
                self.send_at(due, way, frame, note)
            case Do.COPY:
                self.send_at(due, way, frame, note)
                self.send_at(due + extra, way, frame, note)
            case Do.DELAY:
                self.send_at(due + extra, way, frame, note)
            case Do.STALL:
                self.floor[way] = due + extra
                self.send_at(due + extra, way, frame, note)
            case Do.DAMAGE:
                frame = frame[:-1] + bytes([frame[-1] ^ 1])
                note["arrives"] = digest(network(frame))
                self.send_at(due, way, frame, note)
            case Do.LOSE:
                pass

    def send_at(self, due: float, way: Way, frame: bytes, note: dict[str, Any] | None) -> None:
        """Frames due at the same time leave in the order in which they were put."""
        self.serial += 1
        heapq.heappush(self.heap, (due, self.serial, way, frame, note))

    def release(self) -> None:
        """Send what is due."""
        while self.heap and self.heap[0][0] <= time.monotonic():
            _, _, way, frame, note = heapq.heappop(self.heap)
            other = Way.TO_CLIENT if way is Way.TO_SERVER else Way.TO_SERVER
            with suppress(OSError):  # the end is gone
                self.sockets[other].send(frame)
            if note is not None:
                self.out[way] += 1
                note["out"].append(self.out[way])

    def tell(self, way: Way, kinds: frozenset[What]) -> None:
        """Print what passes; whoever reads may be gone."""
        for kind in kinds:
            number = self.passed[way, kind] = self.passed.get((way, kind), 0) + 1
            with suppress(BrokenPipeError):
                print(way.value, kind.value, number, flush=True)

    def carry(self) -> None:
        """Until standard input closes; then deliver what is still under way."""
        ways = {sock: way for way, sock in self.sockets.items()}
        sources: list[Any] = [*ways, sys.stdin]
        while sources[-1] is sys.stdin or self.heap:
            wait = max(0.0, self.heap[0][0] - time.monotonic()) if self.heap else None
            for ready in select.select(sources, [], [], wait)[0]:
                if ready is sys.stdin:
                    sources.pop()
                else:
                    self.take(ways[ready])
            self.release()


def main() -> None:
    """Carry one scenario's frames; then write the diary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--diary", type=Path, required=True)
    chosen = parser.parse_args()
    scenario = SCENARIOS[chosen.scenario]
    with suppress(PermissionError):  # A wire that must wait for a processor would be another wire.
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    wire = Wire(scenario.path.value / 1000, Policy(scenario.rules, f"{chosen.seed}/{chosen.scenario}"))
    print("ready", flush=True)
    wire.carry()
    chosen.diary.write_text("".join(json.dumps(note) + "\n" for note in wire.diary))


if __name__ == "__main__":
    main()
