"""The laws of telling: nothing waits, nothing remarkable is folded, a verdict does not depend on how much was told."""

from itertools import chain

import pytest
from msgspec.structs import replace

from tcpdump_parse.model.events import Capture, Finding, Notice, Severity, Unread
from tcpdump_parse.model.steps import Step
from tcpdump_parse.read import read
from tcpdump_parse.tell import (
    Begun,
    Choice,
    Detail,
    Lessons,
    Manner,
    Order,
    Overview,
    Phase,
    Remark,
    Run,
    Told,
    Verdict,
    Weight,
    explain,
    tell,
)
from tcpdump_parse.track import track
from tests.tell.stories import ROOT, story
from tests.track.talk import Talk

LIVE, WHOLE = Manner(order=Order.LOG), Manner(detail=Detail.VERBOSE)
LONG = [
    "samples/lab/recorded/lost-data/client.txt",
    "samples/lab/recorded/mixed-both/server.txt",
    "samples/lab/recorded/lost-burst/server.txt",
]


def is_remarkable(value):
    return value.pause or value.captions or any(sentence.weight in (Weight.REMARK, Weight.LATER) for sentence in value.sentences)


def of(kind, values):
    return [value for value in values if isinstance(value, kind)]


def long_talk(segments=60):
    """A request, then a stream of data with an ACK for each segment, and a FIN."""
    talk = Talk().open().c("P.", 1, 20, 1).s(".", 1, ack=21)
    for number in range(segments):
        talk.s(".", 1 + 1000 * number, 1000, 21).c(".", 21, ack=1001 + 1000 * number)
    return talk.c("F.", 21, ack=1 + 1000 * segments)


def events(talk):
    return track([Capture(capture=1), *talk.packets])


def test_a_live_segment_is_told_before_the_next_one_is_asked_for():
    """Causality, no clock: a lone packet is told with nothing following it."""
    asked = []

    def log():
        for event in events(long_talk()):
            asked.append(event.frame if isinstance(event, Step) else 0)
            yield event

    for value in tell(log(), LIVE):
        if isinstance(value, Told):
            assert asked[-1] == value.frame


def test_the_story_of_a_prefix_is_a_prefix_of_the_story():
    packets = long_talk().packets
    whole = [value for value in explain([Capture(capture=1), *packets], manner=LIVE) if isinstance(value, Begun | Told)]
    for length in range(1, len(packets), 7):
        part = [value for value in explain([Capture(capture=1), *packets[:length]], manner=LIVE) if isinstance(value, Begun | Told)]
        assert part == whole[: len(part)]
        assert len(of(Told, part)) == length


@pytest.mark.parametrize("path", LONG)
def test_folding_hides_nothing_remarkable_and_loses_no_segment(path):
    steps = list(track(read(ROOT / path)))
    whole, folded = list(tell(steps, WHOLE)), list(tell(steps))
    told = {value.frame: value for value in of(Told, folded)}
    remarkable = [value.frame for value in of(Told, whole) if is_remarkable(value)]
    assert [frame for frame in remarkable if frame not in told] == []
    assert len(told) + sum(run.segments for run in of(Run, folded)) == len(of(Told, whole))
    assert of(Run, folded)
    assert (
        of(Verdict, whole) == of(Verdict, folded) == of(Verdict, tell(steps, Manner(detail=Detail.QUIET))) == of(Verdict, tell(steps, LIVE))
    )


def test_a_run_says_what_was_folded():
    (run,) = of(Run, tell(events(long_talk())))
    assert (run.server.octets, run.server.data, run.client.acks) == (run.server.data * 1000, run.segments // 2, run.segments // 2)
    assert [sentence.key for sentence in run.sentences] == ["run.one_way", "run.pace"]
    assert run.server.end - run.server.start == run.server.octets


def test_a_short_stretch_is_not_folded():
    assert of(Run, tell(events(long_talk(5)))) == []


def test_a_finding_ends_the_fold_and_is_told_with_its_frame():
    """A finding comes before its segment, ends the run, and is told with the segment."""
    steps = list(events(long_talk()))
    finding = Finding("odd-thing", Severity.WARN, "data", 1, conn=1, frame=40, message="Something \x1b[31modd.")
    merged = chain.from_iterable((finding, event) if isinstance(event, Step) and event.frame == 40 else (event,) for event in steps)
    values = list(tell(merged))
    (told,) = [value for value in of(Told, values) if value.frame == 40]
    assert told.sentences[-1].text == "Something \\x1b[31modd."
    (verdict,) = of(Verdict, values)
    first = verdict.reasons[0]
    assert (first.basis, first.severity, first.rule) == ("finding", "warn", "odd-thing")


def test_a_late_finding_points_back():
    finding = Finding("odd-thing", Severity.ERROR, "data", 1, conn=1, frame=4, known_at=9, message="Odd.")
    steps = [*events(long_talk(3))]
    (told,) = [value for value in of(Told, tell([*steps[:9], finding, *steps[9:]])) if value.frame == 9]
    assert [(line.text, line.weight) for line in told.sentences if line.rule] == [("About frame 4: Odd.", Weight.LATER)]


def test_a_finding_that_nothing_follows_stands_alone():
    finding = Finding("odd-thing", Severity.ERROR, "data", 1, conn=1, frame=4, message="Odd.")
    (remark,) = of(Remark, tell([*[*events(long_talk(3))][:4], finding]))
    assert remark.sentences[0].text == "Odd."


def test_beyond_ten_connections_quiet_is_a_line_each_but_for_the_remarkable():
    packets = [packet for number in range(14) for packet in one_of_many(number)]
    log = [Capture(capture=1), *(replace(packet, frame=frame) for frame, packet in enumerate(packets, 1))]
    *verdicts, overview = explain(log, manner=Manner(detail=Detail.QUIET))
    assert [verdict.brief for verdict in verdicts] == [False] * 10 + [True, True, False, True]
    assert [reason.rule for reason in verdicts[12].reasons if reason.rule] == ["rst-seen"]
    assert (overview.connections, overview.rows, overview.more) == (14, (), 0)


def one_of_many(number):
    """A connection with ports and addresses of its own; the thirteenth is reset, the others are closed."""
    talk = Talk(number * number * 7919, number**3 * 104729).open().c("P.", 1, 20, 1).s(".", 1, ack=21)
    if number == 12:
        talk.c("R.", 21, ack=1)
    else:
        talk.c("F.", 21, ack=1).s("F.", 1, ack=22).c(".", 22, ack=2)
    for packet in talk.packets:
        client = packet.ip.src == "10.0.0.1"
        port = {"sport": 50000 + number} if client else {"dport": 50000 + number}
        yield replace(packet, tcp=replace(packet.tcp, **port), clock=f"{float(packet.clock) + number:.6f}")


def test_repeats_of_a_finding_are_counted_in_the_verdict():
    steps = list(events(long_talk()))
    merged = []
    for event in steps:
        if isinstance(event, Step) and 9 <= event.frame < 30:
            merged.append(Finding("odd-thing", Severity.WARN, "data", 1, conn=1, frame=event.frame, side="client", message="Odd."))
        merged.append(event)
    values = list(tell(merged))
    assert [value.frame for value in of(Told, values) if any(sentence.rule for sentence in value.sentences)] == [9, 10, 11]
    assert of(Verdict, values)[0].reasons[0].text == "21 × Odd (frames 9, 10, 11, …)."
    verbose = of(Told, tell(merged, WHOLE))
    assert len([value for value in verbose if any(sentence.rule for sentence in value.sentences)]) == 21


def test_quiet_is_verdicts_and_overview():
    assert {type(value) for value in story("seed", Manner(detail=Detail.QUIET))} == {Verdict, Overview}


def test_a_lesson_is_given_once():
    """Two connections, the second with nothing new but its reset."""
    values = of(Told, story("macos-lo0-ipv6", Manner(lessons=Lessons.TEACH)))
    given = [(sentence.key, value.conn) for value in values for sentence in value.sentences if sentence.weight is Weight.LESSON]
    assert len(given) == len({key for key, _ in given}) > 8
    assert given[0] == ("teach.syn", 1)
    assert [key for key, conn in given if conn == 2] == ["teach.reset"]


@pytest.mark.parametrize(
    ("choice", "connections"),
    [
        (Choice(), [1, 2]),
        (Choice(flow="2"), [2]),
        (Choice(flow="[::1]:8000 > [::1]:56487"), [1]),
        (Choice(client="::1"), [1, 2]),
        (Choice(client="[::1]:57839"), [2]),
        (Choice(client="::2"), []),
        (Choice(port=57839), [2]),
        (Choice(port="8000"), [1, 2]),
    ],
)
def test_a_choice_of_connections(choice, connections):
    values = story("macos-lo0-ipv6", Manner(choice=choice))
    assert [value.conn for value in of(Begun, values)] == [value.conn for value in of(Verdict, values)] == connections


def test_a_choice_of_phases():
    values = story("macos-lo0-ipv6", Manner(choice=Choice(only=frozenset({Phase.CLOSE, Phase.RESET}))))
    assert [value.frame for value in of(Told, values)] == [9, 10, 11, 12, 21]


def test_unread_text_and_counters_are_told():
    counter = Notice(1, 10, 10, "captured", "9 packets captured", 9)
    unread = Unread(1, 3, 9, 9, 4, "gar\x1bbage", ("an address",), "expected an address")
    values = list(tell([Capture(capture=1, file="x"), *events(Talk().open()), unread, counter]))
    (remark,) = [value for value in of(Remark, values) if value.frame == 3]
    assert remark.quote == ("gar\\x1bbage", "expected an address")
    keys = [reason.key for reason in values[-1].reasons]
    assert keys == ["overview.captured", "overview.unread"]


def test_a_log_without_segments_says_so():
    (overview,) = tell([Capture(capture=1, file="x"), Notice(1, 1, 1, "prose", "no tcpdump here")])
    assert isinstance(overview, Overview)
    assert [reason.key for reason in overview.reasons] == ["overview.nothing"]


def test_of_a_record_that_could_not_be_read_nothing_is_proved():
    unread = Unread(1, 1, 1, 1, 1, "garbage", (), "expected an address")
    (*_, overview) = tell([Capture(capture=1, file="x"), unread])
    assert isinstance(overview, Overview)
    assert "overview.nothing" not in [reason.key for reason in overview.reasons]


def test_where_no_log_was_nothing_is_told():
    assert list(explain([])) == []
