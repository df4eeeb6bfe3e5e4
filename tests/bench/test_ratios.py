"""The benchmarks' light form: ratios of one run, at half of what `python -m tests.bench` demands, since machines that test are busy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.measures import Traffic, lark, rate, run_piped

TALK = (
    ("c", "S", "seq 1000, win 64240, options [mss 1460,sackOK,TS val {ts} ecr 0,nop,wscale 7], length 0", 60),
    ("s", "S.", "seq 9000, ack 1001, win 65160, options [mss 1460,sackOK,TS val {ts} ecr {ts},nop,wscale 7], length 0", 60),
    ("c", ".", "seq 1001, ack 9001, win 502, options [nop,nop,TS val {ts} ecr {ts}], length 0", 52),
    ("c", "P.", "seq 1001:1101, ack 9001, win 502, options [nop,nop,TS val {ts} ecr {ts}], length 100", 152),
    ("s", ".", "seq 9001, ack 1101, win 509, options [nop,nop,TS val {ts} ecr {ts}], length 0", 52),
    ("s", "P.", "seq 9001:9501, ack 1101, win 509, options [nop,nop,TS val {ts} ecr {ts}], length 500", 552),
    ("c", ".", "seq 1101, ack 9501, win 501, options [nop,nop,TS val {ts} ecr {ts}], length 0", 52),
    ("c", "F.", "seq 1101, ack 9501, win 501, options [nop,nop,TS val {ts} ecr {ts}], length 0", 52),
    ("s", "F.", "seq 9501, ack 1102, win 509, options [nop,nop,TS val {ts} ecr {ts}], length 0", 52),
    ("c", ".", "seq 1102, ack 9502, win 501, options [nop,nop,TS val {ts} ecr {ts}], length 0", 52),
)


def records(connections: int) -> Iterator[str]:
    """Connections one after the other, every two seconds: opened, a question and its answer, closed."""
    for conn in range(connections):
        client, server = f"10.0.{conn // 200 % 200}.{conn % 200 + 1}.{40000 + conn % 20000}", "10.1.0.1.8000"
        for number, (who, flags, rest, length) in enumerate(TALK):
            micro = conn * 2_000_000 + number * 100
            seconds = micro // 1_000_000
            time = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{micro % 1_000_000:06}"
            here, there = (client, server) if who == "c" else (server, client)
            yield (
                f"{time} IP (tos 0x0, ttl 64, id {conn % 60000}, offset 0, flags [DF], proto TCP (6), length {length})\n"
                f"    {here} > {there}: Flags [{flags}], cksum 0x{micro % 65536:04x} (correct), {rest.format(ts=micro // 1000)}\n"
            )


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Traffic:
    text = tmp_path_factory.mktemp("traffic") / "log.txt"
    text.write_text("".join(records(2000)))
    return Traffic(2000 * len(TALK), text, text)


def test_plans_read_many_times_faster_than_lark_alone(traffic: Traffic) -> None:
    from tcpdump_parse import packets

    assert rate(traffic.packets, lambda: packets(traffic.text)) / lark(traffic, 500) > 15


def test_a_known_kind_of_traffic_costs_lark_next_to_nothing(traffic: Traffic) -> None:
    """At most two parses a shape: 20,000 records of ten kinds ask Lark fewer than forty times."""
    from tcpdump_parse import packets
    from tcpdump_parse.read import shapes
    from tcpdump_parse.read.shapes import Shapes

    kept = shapes.SHAPES
    try:
        shapes.SHAPES = Shapes()
        assert sum(1 for _ in packets(traffic.text)) == traffic.packets
        assert shapes.SHAPES.parses < 40
    finally:
        shapes.SHAPES = kept


@pytest.mark.parametrize("command", ["parse", "flows", "explain"])
def test_memory_does_not_grow_with_the_log(command: str, traffic: Traffic, tmp_path: Path) -> None:
    """Five times the packets, the same peak: what is kept belongs to open connections, and a pipe to its buffers."""
    fifth = tmp_path / "fifth.txt"
    fifth.write_text("".join(records(400)))
    assert run_piped(traffic, command) < 1.1 * run_piped(Traffic(400 * len(TALK), fifth, fifth), command)
