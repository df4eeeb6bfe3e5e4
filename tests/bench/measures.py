"""What is measured: each measure takes a traffic and gives rows of (what, figure, unit, bound). Ratios are of one run on one machine.

Bounds are what was promised; a row whose figure misses its bound is marked. CPU time where one process is measured, the clock where
a pipe is.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.check.wireshark.oracle import analysis

TDPARSE = (sys.executable, "-m", "tcpdump_parse")


class Traffic(NamedTuple):
    """One capture twice: as a pcap, and as the text tcpdump prints of it."""

    packets: int
    pcap: Path
    text: Path


class Row(NamedTuple):
    what: str
    figure: float
    unit: str
    bound: float | None = None
    most: bool = False  # the bound is an upper one

    @property
    def holds(self) -> bool:
        return self.bound is None or (self.figure <= self.bound if self.most else self.figure >= self.bound)


def rate(count: int, work: Callable[[], Iterable[Any]], times: int = 3) -> float:
    """Items a second of CPU time, the best of some runs."""
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        for _ in work():
            pass
        best = min(best, time.process_time() - start)
    return count / best


def read(traffic: Traffic) -> Iterator[Row]:
    from tcpdump_parse import packets

    ours = rate(traffic.packets, lambda: packets(traffic.text))
    yield Row("read", ours, "packets/s")
    yield Row("read ÷ Lark alone", ours / lark(traffic, 2000), "×", 30)
    yield Row("read ÷ dpkt from the pcap", ours / dpkt(traffic), "×", 1.5)


def lark(traffic: Traffic, count: int) -> float:
    """The same objects from the same records, each parsed by Lark: the reader with plans switched off."""
    from tcpdump_parse import packets
    from tcpdump_parse.read import shapes
    from tcpdump_parse.read.shapes import Shapes

    class Forgetful(set[bytes]):
        def add(self, _: bytes) -> None:
            """Nothing is ever seen a second time, so no plan is made."""

    kept = shapes.SHAPES
    plain = Shapes()
    plain.once = Forgetful()
    head = b"".join(records_of(traffic.text, count))
    try:
        shapes.SHAPES = plain
        return rate(count, lambda: packets([head]), 1)
    finally:
        shapes.SHAPES = kept


def dpkt(traffic: Traffic) -> float:
    """dpkt's Ethernet, IP and TCP objects, with the options taken apart."""
    import dpkt

    def frames() -> Iterator[Any]:
        with traffic.pcap.open("rb") as file:
            for _, octets in dpkt.pcap.Reader(file):
                frame = dpkt.ethernet.Ethernet(octets)
                yield dpkt.tcp.parse_opts(frame.data.data.opts)

    return rate(traffic.packets, frames)


def track(traffic: Traffic) -> Iterator[Row]:
    import tcpdump_parse

    ours = rate(traffic.packets, lambda: tcpdump_parse.track(tcpdump_parse.read(traffic.text)))
    yield Row("read and track", ours, "packets/s", 40_000)
    yield Row("track ÷ tshark's two passes", ours / tshark(traffic), "×")


def tshark(traffic: Traffic, *arguments: str) -> float:
    """Packets a second of its CPU time, in two passes; its start, a few tenths of a second, is not counted."""
    start, end = (cpu_of("tshark", "-2", "-n", *arguments, "-r", pcap) for pcap in (nothing(traffic), traffic.pcap))
    return traffic.packets / (end - start)


def nothing(traffic: Traffic) -> Path:
    """A capture without a packet."""
    empty = traffic.text.with_suffix(".nothing")
    with traffic.pcap.open("rb") as whole:
        empty.write_bytes(whole.read(PCAP_HEADER))
    return empty


PCAP_HEADER = 24


def cpu_of(*command: str | Path) -> float:
    """Seconds of CPU time that it takes from its start to its end."""
    start = os.times()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    end = os.times()
    return end.children_user + end.children_system - start.children_user - start.children_system


def flows(traffic: Traffic) -> Iterator[Row]:
    yield from piped(traffic, "flows")


def explain(traffic: Traffic) -> Iterator[Row]:
    yield from piped(traffic, "explain", bound=20_000)
    yield from latency(traffic)


def replay(traffic: Traffic) -> Iterator[Row]:
    yield from piped(traffic, "replay", "--to", "pcap", bound=30_000)


ALSO = (
    "frame.time_epoch", "ip.id", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "tcp.flags.str", "tcp.checksum.status", "tcp.ack.nonzero",
    "tcp.urgent_pointer.non_zero", "tcp.options.sack.dsack", "tcp.options.mss.absent", "tcp.options.mss.present", "_ws.expert.message",
)  # fmt: skip
"""What else tshark's analysis says of a frame: which it is, its checksum, what is odd in its header, and what its experts say."""


def check(traffic: Traffic) -> Iterator[Row]:
    """All rules, from the text to the findings; and what tshark takes to analyse the same packets and to tell what it found of each of
    them, or only how often (`expert`), or all it knows (`-V`). Processes by their CPU time, start not counted; turn by turn, medians."""
    import tcpdump_parse

    def ours() -> float:
        return rate(traffic.packets, lambda: tcpdump_parse.check(tcpdump_parse.track(tcpdump_parse.read(traffic.text))), 1)

    command = (*TDPARSE, "check", "--fail-on", "never")
    first = traffic.text.with_suffix(".first")
    first.write_bytes(b"".join(records_of(traffic.text, 1)))
    turns = [
        (
            ours(),
            traffic.packets / (cpu_of(*command, traffic.text) - cpu_of(*command, first)),
            traffic.packets / (cpu_of(*analysis(traffic.pcap, *ALSO)) - cpu_of(*analysis(nothing(traffic), *ALSO))),
            tshark(traffic, "-q", "-z", "expert"),
            tshark(traffic, "-V"),
        )
        for _ in range(TURNS)
    ]
    library, process, analysed, expert, everything = (statistics.median(each) for each in zip(*turns, strict=True))
    yield Row("read, track and check", library, "packets/s", 20_000)
    yield Row("tdparse check", process, "packets/s", 20_000)
    yield Row("tdparse check ÷ tshark's two-pass analysis", process / analysed, "×", 1)
    yield Row("tdparse check ÷ tshark's two passes, expert counts", process / expert, "×")
    yield Row("tdparse check ÷ tshark's two passes, -V", process / everything, "×")
    yield from piped(traffic, "check", "--fail-on", "never", bound=20_000)


TURNS = 5


def piped(traffic: Traffic, *arguments: str, bound: float | None = None) -> Iterator[Row]:
    """A command between two pipes, by the clock, from its start to its end."""
    start = time.perf_counter()
    run_piped(traffic, *arguments)
    yield Row(f"{' '.join(arguments)}, piped", traffic.packets / (time.perf_counter() - start), "packets/s", bound)


def run_piped(traffic: Traffic, *arguments: str) -> int:
    """Peak memory of the command in kB, as the system counts it."""
    with traffic.text.open("rb") as text:
        cat = subprocess.Popen(["cat"], stdin=text, stdout=subprocess.PIPE)
        process = subprocess.Popen([*TDPARSE, *arguments], stdin=cat.stdout, stdout=subprocess.PIPE)
        sink = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
        assert cat.stdout is not None
        assert process.stdout is not None
        cat.stdout.close()
        process.stdout.close()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cat.wait()
        sink.wait()
    assert process.returncode == 0
    return used.ru_maxrss


def memory(traffic: Traffic) -> Iterator[Row]:
    """Needs a traffic of a million packets: its first tenth against the whole."""
    tenth = traffic.text.with_suffix(".tenth")
    tenth.write_bytes(b"".join(records_of(traffic.text, traffic.packets // 10)))
    few = run_piped(Traffic(traffic.packets // 10, traffic.pcap, tenth), "explain")
    many = run_piped(traffic, "explain")
    yield Row(f"explain, memory at {traffic.packets // 10} packets", few / 1000, "MB")
    yield Row(f"explain, memory at {traffic.packets} ÷ that", many / few, "×", 1.1, most=True)


def records_of(text: Path, count: int) -> Iterator[bytes]:
    """The first records, each with all its lines; a record begins with a digit."""
    record = b""
    with text.open("rb") as lines:
        for line in lines:
            if line[:1].isdigit() and record:
                yield record
                record, count = b"", count - 1
                if not count:
                    return
            record += line


def latency(traffic: Traffic, count: int = 300) -> Iterator[Row]:
    """From writing a record into the pipe to having its line, nothing following."""
    records = [record for record in records_of(traffic.text, 2 * count) if record.count(b"\n") == 2][:count]
    process = subprocess.Popen([*TDPARSE, "parse"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert process.stdin is not None
    assert process.stdout is not None
    took = []
    for record in records:
        start = time.perf_counter()
        process.stdin.write(record)
        while b'"type":"packet"' not in os.read(process.stdout.fileno(), 65536):
            pass
        took.append(time.perf_counter() - start)
    process.stdin.close()
    process.wait()
    took = sorted(took[20:])
    yield Row("a lone packet told after, median", statistics.median(took) * 1000, "ms")
    yield Row("a lone packet told after, 99 of 100", took[len(took) * 99 // 100] * 1000, "ms", 100, most=True)


MEASURES: dict[str, Callable[[Traffic], Iterator[Row]]] = {
    measure.__name__: measure for measure in (read, track, flows, explain, replay, check, memory)
}
