"""Nothing is measured across a place where the capture's clock was set."""

import pytest
from msgspec import UNSET

from tcpdump_parse.model import Flow
from tcpdump_parse.model.happenings import AckAdvanced, DataSent, HandshakeDone
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.read import read
from tcpdump_parse.track import track
from tcpdump_parse.track.clock import KEPT, Steps

RECORDS = [
    ("S", 0, "c", "seq 100, win 512, options [mss 1460], length 0"),
    ("S.", 30, "s", "seq 500, ack 101, win 512, options [mss 1460], length 0"),
    (".", 31, "c", "ack 501, win 512, length 0"),
    ("P.", 40, "c", "seq 101:111, ack 501, win 512, length 10"),
    (".", 70, "s", "ack 111, win 512, length 0"),
    ("P.", 90, "s", "seq 501:601, ack 111, win 512, length 100"),
    (".", 91, "c", "ack 601, win 512, length 0"),
]
MS = 1_000_000


def told(shifts, port=40000):
    """The talk, each record from the given one on `shifts[record]` milliseconds later."""
    lines, shift = [], 10_000
    for number, (flags, at, who, rest) in enumerate(RECORDS, 1):
        shift += shifts.get(number, 0)
        src, dst = (f"10.0.0.1.{port}", "10.0.0.2.80") if who == "c" else ("10.0.0.2.80", f"10.0.0.1.{port}")
        second, milli = divmod(at + shift, 1000)
        lines.append(f"10:00:{second:02d}.{milli:03d}007 IP {src} > {dst}: Flags [{flags}], {rest}\n")
    return lines


def events(lines):
    return list(track(read(["".join(lines).encode()])))


def flow(found) -> Flow:
    return next(event.flow for event in found if type(event) is Ending)


def happened(found, kind):
    return [happening for step in found if type(step) is Step for happening in step.happenings if type(happening) is kind]


def test_a_clock_that_runs_measures():
    found = events(told({}))
    whole = flow(found)
    assert (whole.duration, whole.client.rtt_max, whole.limits is UNSET) == (0.091, 0.03, False)
    assert happened(found, HandshakeDone)[0].to_server == 30 * MS


@pytest.mark.parametrize("by", [-5000, -60])
@pytest.mark.parametrize("at", range(2, len(RECORDS) + 1))
def test_a_connection_through_which_the_clock_went_back_has_no_durations(at, by):
    whole = flow(events(told({at: by})))
    ends = (whole.client, whole.server)
    assert whole.duration is UNSET
    assert whole.limits is UNSET
    assert {(end.rtt_samples, end.rtt_avg, end.rto, end.throughput, end.data_xmit_time) for end in ends} == {(0, *[UNSET] * 4)}


def test_nothing_spans_the_step():
    """What lies on one side of it is measured, what spans it is not known: never negative, never too short."""
    found = events(told({5: -40}))
    assert [(done.to_server, done.to_client) for done in happened(found, HandshakeDone)] == [(30 * MS, MS)]
    assert [ack.delay for ack in happened(found, AckAdvanced)] == [None, MS]
    assert [data.since_peer for data in happened(found, DataSent) if data.turn] == [None]


def test_a_clock_that_jumps_to_where_it_had_been_was_set_as_well():
    found = events(told({4: -5000, 5: 5000}))
    assert [ack.delay for ack in happened(found, AckAdvanced)] == [None, MS]
    assert [data.since_peer for data in happened(found, DataSent) if data.turn] == [None]


def test_other_connections_are_measured_before_and_after_the_step():
    back, later = told({1: 20_000, 7: -15_000}), told({1: 25_000}, 40001)
    rows = [event.flow for event in events([*told({}, 40002), *back, *later]) if type(event) is Ending]
    assert [row.duration for row in sorted(rows, key=lambda row: row.conn)] == [0.091, UNSET, 0.091]


def test_a_connection_that_was_open_meanwhile_has_none_either():
    one, other = told({3: 100, 4: -5000}), told({1: 40}, 40001)
    rows = [event.flow for event in events([*one[:2], *other[:2], *one[2:4]]) if type(event) is Ending]
    assert [row.duration for row in rows] == [UNSET, 0.03]
    rows = [event.flow for event in events([*one[:2], *other[:2], *one[2:4], *told({1: -4900}, 40001)[2:]]) if type(event) is Ending]
    assert [row.duration for row in rows] == [UNSET, UNSET]


def test_two_queues_out_of_order_are_no_step():
    lines = told({})
    lines[4] = lines[4].replace(".070007", ".039407")
    lines[3] = lines[3].replace(".040007", ".040007")
    assert flow(events(lines)).duration == 0.091


def test_a_log_without_times_has_no_durations():
    whole = flow(events([line.partition(" ")[2] for line in told({})]))
    assert (whole.duration, whole.client.rtt_samples, whole.client.rtt_avg, whole.client.rto) == (UNSET, 0, UNSET, UNSET)


def test_what_began_before_the_steps_that_were_let_go_counts_as_stepped_through():
    steps = Steps()
    for frame in range(10, 10 + KEPT + 5):
        steps.back(frame, 5, 5, ())
    assert steps.within(1, 9)
    assert not steps.within(10 + KEPT + 5, 10 + KEPT + 9)
    assert steps.within(100, 101)
