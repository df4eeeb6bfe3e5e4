"""What holds for every conversation, odd ones too: laws over random talk, and over talk in order with one line taken out."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from tcpdump_parse.model.happenings import GapAcked, GapOpened, Happening
from tcpdump_parse.model.packet import Packet
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.track import track
from tests.track.talk import CLIENT, SERVER, WRAP, Talk, names

PEERS = {"AckAdvanced", "GapAcked", "SackSeen"}
"""Happenings whose positions are of the other end's octets."""
ISN = st.integers(0, WRAP - 1) | st.integers(WRAP - 400, WRAP - 1)


@dataclass(frozen=True)
class Said:
    """One random segment, positions relative to the ISNs."""

    who: str
    flags: str
    seq: int
    length: int
    ack: int
    after: float
    win: int
    back: int
    sack: tuple[int, int] | None


SAID = st.builds(
    Said,
    who=st.sampled_from("cs"),
    flags=st.sampled_from([".", ".", ".", "P.", "P.", "F.", "R", "S", "S."]),
    seq=st.integers(0, 400),
    length=st.sampled_from([0, 0, 1, 50, 100]),
    ack=st.integers(0, 400),
    after=st.sampled_from([0.00001, 0.001, 0.02, 0.3, 3.0]),
    win=st.sampled_from([0, 10, 512]),
    back=st.integers(0, 3),
    sack=st.none() | st.tuples(st.integers(0, 300), st.integers(301, 400)),
)
TALK = st.lists(SAID, max_size=25)


def spoken(said: list[Said], client_iss: int = WRAP - 10, server_iss: int = WRAP - 1000) -> Talk:
    """The handshake, then what was drawn; an id that steps back now and then."""
    talk = Talk(client_iss, server_iss).open()
    for s in said:
        length = 0 if "S" in s.flags else s.length
        more = {"win": s.win, "id": max(1, talk.ids[s.who] + 1 - s.back)}
        if s.sack and s.flags == ".":
            more["sack"] = [s.sack]
        talk.say(s.who, s.flags, 0 if "S" in s.flags else s.seq, length, None if s.flags in ("S", "R") else s.ack, s.after, **more)
    return talk


def steps(packets: list[Packet]) -> list[Step]:
    return [event for event in track(packets) if isinstance(event, Step)]


def told(step: Step) -> tuple[object, ...]:
    """A step without what names the two hosts and without the ISNs: all positions relative."""
    mine, theirs = step.after.me.base, step.after.peer.base
    ends = [
        {name: value for name, value in asdict(end).items() if name not in ("base", "iss", "snd_nxt", "snd_una", "edge", "ack", "fin")}
        | {name: _relative(getattr(end, name), base) for name in ("iss", "snd_nxt", "snd_una", "edge", "fin")}
        | {"ack": _relative(end.ack, other)}
        for end, base, other in ((step.after.me, mine, theirs), (step.after.peer, theirs, mine))
    ]
    return (step.frame, step.side, step.rel_seq, step.rel_end, step.rel_ack, step.length, step.window, step.since, *ends,
            [_told(happening, mine, theirs) for happening in step.happenings])


def _told(happening: Happening, mine: int | None, theirs: int | None) -> tuple[str, dict[str, object]]:
    name = type(happening).__name__
    base = theirs if name in PEERS else mine
    values = asdict(happening)
    for key in ("start", "end", "iss"):
        if key in values and name not in ("Judged",):
            values[key] = _relative(values[key], base)
    for key in ("blocks",):
        if key in values:
            values[key] = [[_relative(edge, base) for edge in block] for block in values[key]]
    values.pop("dsack", None)
    if name == "Judged":
        values.pop("start")
        values.pop("end")
    return name, values


def _relative(position: int | None, base: int | None) -> int | None:
    return None if position is None or base is None else position - base


@given(TALK, st.integers(0, 28))
def test_a_prefix_of_a_log_gives_a_prefix_of_its_steps(said, length):
    packets = spoken(said).packets
    whole = steps(packets)
    assert steps(packets[:length]) == whole[:length]


@given(TALK, ISN, ISN)
def test_isns_change_nothing_across_the_wrap_too(said, client_iss, server_iss):
    plain = spoken(said, 10_000, 50_000)
    other = spoken(said, client_iss, server_iss)
    assert [told(step) for step in steps(other.packets)] == [told(step) for step in steps(plain.packets)]


@given(TALK)
def test_swapping_the_addresses_changes_nothing_else(said):
    packets = spoken(said).packets
    swap = {CLIENT[0]: SERVER[0], SERVER[0]: CLIENT[0]}
    swapped = [replace(packet, ip=replace(packet.ip, src=swap[packet.ip.src], dst=swap[packet.ip.dst])) for packet in packets]
    assert [told(step) for step in steps(swapped)] == [told(step) for step in steps(packets)]
    assert {step.connection.client for step in steps(swapped)} == {swap[step.connection.client] for step in steps(packets)}


@given(TALK)
def test_what_is_acknowledged_and_sent_never_moves_back(said):
    highest: dict[tuple[int, str, str], int] = {}
    for step in steps(spoken(said).packets):
        for end in (step.after.me, step.after.peer):
            for name in ("snd_una", "snd_nxt", "octets", "packets"):
                value = getattr(end, name)
                key = (step.connection.conn, end.side, name)
                # A SYN+ACK with another ISN begins that end anew.
                if value is not None and not any(type(happening).__name__ == "SynAckSent" for happening in step.happenings):
                    assert value >= highest.get(key, value)
                    highest[key] = value
                elif value is not None:
                    highest[key] = value


@given(TALK)
def test_every_connection_ends_once_and_every_undecided_repair_is_judged_once(said):
    events = list(track(spoken(said).packets))
    endings = [event.connection.conn for event in events if isinstance(event, Ending)]
    assert sorted(endings) == sorted({event.connection.conn for event in events if isinstance(event, Step)})
    undecided, judged = set(), []
    for event in events:
        for happening in getattr(event, "happenings", ()):
            if type(happening).__name__ == "Retransmitted" and happening.needed is None:
                undecided.add(event.frame)
            if type(happening).__name__ == "Judged":
                judged.append(happening.frame)
    assert len(judged) == len(set(judged))
    assert undecided <= set(judged)


@given(st.integers(2, 6), st.data())
@settings(max_examples=40)
def test_dropping_a_line_turns_exactly_what_rested_on_it_into_a_gap(count, data):
    """Data in order, each segment acknowledged later: without one line its octets are a gap, then missed; all else is told as before."""
    talk = Talk().open()
    for i in range(count):
        talk.c(".", 1 + 100 * i, 100, 1)
    talk.c(".", 1 + 100 * count, 100, 1).s(".", 1, ack=101 + 100 * count)
    gone = data.draw(st.integers(0, count - 1))
    lines = [packet for packet in talk.packets if packet.frame != 4 + gone]
    whole, cut = steps(talk.packets), steps(lines)
    start = talk.iss["c"] + 1 + 100 * gone
    opened = [(step.frame, happening) for step in cut for happening in step.happenings if isinstance(happening, GapOpened)]
    missed = [(step.frame, happening) for step in cut for happening in step.happenings if isinstance(happening, GapAcked)]
    assert opened == [(5 + gone, GapOpened(start, start + 100))]
    assert missed == [(talk.packets[-1].frame, GapAcked(start, start + 100))]
    kept = {step.frame: names(step.happenings, ("GapOpened", "GapAcked")) for step in cut}
    assert kept == {step.frame: names(step.happenings, ()) for step in whole if step.frame != 4 + gone}
