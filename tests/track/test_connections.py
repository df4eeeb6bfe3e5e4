"""Which segment belongs to which connection; how the state that is kept stays bounded."""

import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from tcpdump_parse.model.events import Capture, Notice
from tcpdump_parse.model.happenings import ChallengeAck, PortReused, ResetSent
from tcpdump_parse.model.layers import Gre, IpLayer, Vlan
from tcpdump_parse.model.packet import IPv4, Packet, Segment
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.model.terms import Basis, ChallengeCause, ResetCause, Side, State
from tcpdump_parse.track import Bounds, flows, track
from tcpdump_parse.track.connections import DEFAULT, Table
from tests.track.talk import CLIENT, SERVER, WRAP, Talk, names

CLOSED = (
    Talk().open().c("P.", 1, 38, 1).s(".", 1, ack=39).c("F.", 39, ack=1).s("F.", 1, ack=40).c(".", 40, ack=2).packets
)


def at(packet: Packet, second: float, port: int, frame: int = 0) -> Packet:
    """The packet at another time, from another client port."""
    tcp = packet.tcp
    ports = {"sport": port} if tcp.sport == CLIENT[1] else {"dport": port}
    return replace(packet, clock=f"{second:.6f}", frame=frame or packet.frame, tcp=replace(tcp, **ports))


def many(count: int, each: list[Packet], apart: float) -> Iterator[Packet]:
    """One connection after the other, `apart` seconds from one to the next."""
    for i in range(count):
        for j, packet in enumerate(each):
            yield at(packet, 100 + i * apart + j * 0.001, 10_000 + i, i * len(each) + j + 1)


def kinds(events) -> list[str]:
    return [type(event).__name__ for event in events]


# ---- whose segment ----


def test_the_opener_is_the_client_however_it_is_known():
    assert [Talk().c("S").steps()[0].side, Talk().s("S.", ack=1).steps()[0].side] == [Side.CLIENT, Side.SERVER]
    late = Talk().s(".", 1, 10, 1).steps()[0]  # port 80 speaks first
    assert (late.side, late.connection.basis, late.connection.client_port) == (Side.SERVER, Basis.PORT, CLIENT[1])


def test_with_two_ephemeral_ports_who_speaks_first_is_the_client():
    packet = Talk().s(".", 1, 10, 1).packets[0]
    packet = replace(packet, tcp=replace(packet.tcp, sport=50_000))
    (step,) = [event for event in track([packet]) if isinstance(event, Step)]
    assert (step.side, step.connection.basis) == (Side.CLIENT, Basis.FIRST)


def test_a_new_isn_after_the_close_is_a_new_connection_that_knows_its_predecessor():
    again = [replace(packet, frame=packet.frame + 100, clock=f"{float(packet.clock) + 5:.6f}") for packet in Talk(123_456).open().packets]
    steps = [event for event in track([*CLOSED, *again]) if isinstance(event, Step)]
    (reused,) = [happening for step in steps for happening in step.happenings if isinstance(happening, PortReused)]
    assert (reused.previous, reused.frames, steps[-1].connection.conn, steps[-1].connection.incarnation) == (1, (CLOSED[-1].frame,), 2, 2)
    assert [event.connection.conn for event in track([*CLOSED, *again]) if isinstance(event, Ending)] == [1, 2]


def test_half_open_the_old_connection_answers_the_new_syn():
    """RFC 9293 figure 10: a crashed client's SYN is answered with an ACK of the old connection; the client resets that, and begins anew."""
    talk = Talk().open().c("P.", 1, 100, 1).s(".", 1, ack=101)
    new = 5_000_000
    talk.c("S", new, after=10).s(".", 1, ack=101).c("R", 101)
    challenge, reset = talk.steps()[-2:]
    assert [step.connection.conn for step in talk.steps()[-3:]] == [2, 1, 1]
    assert challenge.happened(ChallengeAck) == ChallengeAck(ChallengeCause.SYN, (talk.packets[-3].frame,))
    assert isinstance(reset.happened(ResetSent), ResetSent)
    talk.c("S", new, after=1).s("S.", 0, ack=new + 1)
    assert [step.connection.conn for step in talk.steps()[-2:]] == [2, 2]


def test_an_old_connection_that_answers_the_new_syn_is_remembered_by_it():
    talk = Talk().open().c("P.", 1, 100, 1).s(".", 1, ack=101).c("S", 5_000_000, after=10)
    assert talk.ending().challenged == 0
    assert talk.s(".", 1, ack=101).c("R", 101).c("S", 5_000_000, after=1).ending().challenged == 7


def test_an_end_that_speaks_of_another_connection_is_in_no_state_of_this_one():
    """RFC 9293 figure 10, where the log lacks the old connection: until its SYN+ACK nothing of the server here is known."""
    talk = Talk().c("S").s(".", 9000, ack=-5000)
    assert talk.steps()[-1].after.me.states == (State.UNKNOWN,)
    talk.c("R", -5000).c("S", after=1).s("S.", ack=1)
    assert talk.steps()[-1].after.me.states == (State.SYN_RECEIVED,)


def test_a_second_syn_ack_with_another_isn_holds_no_octet():
    talk = Talk().c("S").s("S.", ack=1).s("S.", 5_000_000, ack=1)
    assert talk.ending().flow.server.unique_bytes_sent == 0


def test_a_fin_without_ack_closes_no_direction_for_the_other_end():
    """RFC 9293 §3.10.7.4: it is dropped."""
    after = Talk().open().c("F", 1).steps()[-1].after
    assert (after.peer.state, State.CLOSE_WAIT in after.peer.states) == (State.ESTABLISHED, False)


def test_a_fin_right_after_a_syn_shows_no_answer():
    """Its ACK may be of anything. With octets before it, or after a third step, it closes what was open."""
    closed = [Talk().c("S").c("F.", 1, ack=0), Talk().c("S").c("F.", 1, 20, 1), Talk().c("S").c(".", 1, ack=1).c("F.", 1, ack=1)]
    assert [talk.steps()[-1].after.me.state for talk in closed] == [State.SYN_SENT, State.FIN_WAIT_1, State.FIN_WAIT_1]


def test_a_refused_port_is_said_so():
    reset = Talk().c("S").s("R.", 0, ack=1).steps()[1].happened(ResetSent)
    assert reset == ResetSent(ResetCause.REFUSED, True, (1,))


def test_a_capture_ends_what_was_open_before_it():
    events = list(track([*Talk().open().packets, Capture(capture=2), *Talk().open().packets]))
    assert kinds(events) == ["Step"] * 3 + ["Ending", "Capture"] + ["Step"] * 3 + ["Ending"]
    assert events[3].reason == "capture"
    assert names(events[5].happenings, ("OptionSeen", "StateMoved")) == ["Opened", "SynSent"]  # nothing is "sent again"


def test_what_is_no_segment_comes_through_at_its_place():
    notice = Notice(1, 3, 3, "captured", count=4)
    other = replace(Talk().c("S").packets[0], tcp=UNSET)
    assert list(track([notice, other])) == [notice, other]


def test_a_clock_set_back_is_said_and_measures_nothing():
    talk = Talk().open().c(".", 1, 10, 1, after=-5.0)
    step = talk.steps()[-1]
    assert (names(step.happenings)[0], step.since, step.since_capture) == ("ClockStepped", None, -5_000_000_000)


def test_a_connection_to_itself_is_followed():
    packet = Talk().c("S").packets[0]
    packet = replace(packet, ip=replace(packet.ip, dst=packet.ip.src), tcp=replace(packet.tcp, dport=packet.tcp.sport))
    assert kinds(track([packet, packet])) == ["Step", "Step", "Ending"]


def test_the_same_addresses_in_another_tunnel_are_another_connection():
    """Outer lengths and ids differ from packet to packet, and outer addresses change places with the direction: that is one tunnel."""
    outer = {"10.0.0.1": IPv4("1.1.1.1", "2.2.2.2", id=1, length=100), "10.0.0.2": IPv4("2.2.2.2", "1.1.1.1", id=9, length=120)}
    plain = Talk().open().packets
    tagged = [replace(packet, layers=(Vlan(5, 0),)) for packet in plain]
    carried = [replace(packet, layers=(IpLayer(outer[packet.ip.src]), Gre(88, key=7))) for packet in plain]
    found = list(flows([packet for trio in zip(plain, tagged, carried, strict=True) for packet in trio]))
    assert [(flow.tunnel, flow.packets) for flow in found] == [(UNSET, 3), ("vlan 5", 3), ("ip 1.1.1.1 - 2.2.2.2, gre 7", 3)]


def test_one_direction_alone_is_followed_and_contradicts_nothing():
    half = [packet for packet in CLOSED if packet.tcp.sport == CLIENT[1]]
    steps = [event for event in track(half) if isinstance(event, Step)]
    told = [name for step in steps for name in names(step.happenings)]
    assert told == ["SynSent", "DataSent", "FinSent", "AckAdvanced"]
    assert steps[-1].after.peer.seen is False


# ---- bounds ----


def test_closed_connections_are_forgotten_after_their_linger():
    table = Table(DEFAULT)
    most = 0
    for packet in many(500, CLOSED, 1.0):
        table.take(packet, packet.tcp, packet.ip)
        list(table.endings())
        most = max(most, len(table.open))
    assert most <= DEFAULT.linger + 2


def test_closed_connections_do_not_pile_up_however_fast_they_come():
    table = Table(Bounds(closed=50))
    most = 0
    for packet in many(500, CLOSED, 0.01):
        table.take(packet, packet.tcp, packet.ip)
        list(table.endings())
        most = max(most, len(table.open))
    assert most <= 53


def test_past_the_limit_the_quietest_are_evicted_and_one_notice_says_so():
    opened = Talk().open().packets
    events = list(track(many(100, opened, 1.0), Bounds(most=16)))
    notices = [event for event in events if isinstance(event, Notice)]
    endings = [event for event in events if isinstance(event, Ending)]
    assert [notice.kind for notice in notices] == ["evicted"]
    assert "16 open connections" in str(notices[0].text)
    assert [ending.connection.conn for ending in endings] == list(range(1, 101))
    assert {ending.reason for ending in endings} == {"crowded", "end"}


def test_silent_connections_are_evicted():
    packets = [*Talk().open().packets, *(at(packet, 5000 + i, 7, 10 + i) for i, packet in enumerate(Talk().open().packets))]
    events = list(track(packets, Bounds(idle=1000)))
    assert [event.reason for event in events if isinstance(event, Ending)] == ["idle", "end"]
    assert [event.kind for event in events if isinstance(event, Notice)] == ["evicted"]


LIFE = [*CLOSED, *Talk(5_000).open().packets]


TURNS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0001, 0.01, 0.3, 1.2, 5.0, -2.0])), max_size=80)


@given(TURNS, st.integers(1, 6), st.integers(0, 4))
def test_a_connection_ends_once_and_says_nothing_afterwards(turns, most, seconds):
    """Ports used again and again, a clock that steps back, and bounds so narrow that every limit bites."""
    said, now, events = [0] * 4, 100.0, []
    for port, after in turns:
        now += after
        events.append(at(LIFE[said[port] % len(LIFE)], now, 10_000 + port, len(events) + 1))
        said[port] += 1
    ended = set()
    for event in track(events, Bounds(most=most, idle=4 * seconds + 1, linger=seconds, closed=most)):
        if isinstance(event, Step | Ending):
            assert event.connection.conn not in ended
        if isinstance(event, Ending):
            ended.add(event.connection.conn)
    assert len(ended) == max(ended, default=0)


def test_flows_are_in_order_of_first_packet():
    first = Talk().open().packets
    last = [at(first[-1], 400, CLIENT[1], 9999)]
    found = list(flows([*first, *many(30, CLOSED, 10.0), *last]))
    assert [flow.conn for flow in found] == list(range(1, 32))


def test_hostile_segments_do_not_grow_a_connection():
    """Every segment jumps ahead, overlaps or probes: what is kept of each kind stays bounded."""
    talk = Talk().open()
    for i in range(3000):
        talk.c(".", 10 + 20 * i, 10, 1, win=i % 3).s(".", 0, i % 2, ack=1)
    table = Table(DEFAULT)
    for packet in talk.packets:
        step = table.take(packet, packet.tcp, packet.ip)
    (following,) = {end.following for end in table.ends.values()}
    for end in (following.client, following.server):
        kept = (end.gaps, end.pending, end.again, end.bare, end.asked, end.probes, end.keepalives, end.counters.pieces, end.log, end.flight)
        assert max(len(each) for each in kept) <= 4096
        assert len(end.gaps) <= 512
    assert step.frame == len(talk.packets)


def test_ten_thousand_open_connections_are_within_200_megabytes():
    tracemalloc.start()
    for count, _ in enumerate(track(opened_at_once(10_000)), 1):
        if count == 40_000:
            _, peak = tracemalloc.get_traced_memory()
            break
    tracemalloc.stop()
    assert peak < 150 << 20


def opened_at_once(count: int) -> Iterator[Packet]:
    """Handshake and one request each, all open together."""
    lines = [("c", "S", 0, None, 0), ("s", "S.", 0, 1, 0), ("c", ".", 1, 1, 0), ("c", "P.", 1, 1, 100)]
    frame = 0
    for turn in range(4):
        who, flags, seq, ack, length = lines[turn]
        for i in range(count):
            frame += 1
            src, dst = (CLIENT[0], SERVER[0]) if who == "c" else (SERVER[0], CLIENT[0])
            sport, dport = (10_000 + i, 80) if who == "c" else (80, 10_000 + i)
            wire = (WRAP - 1 - i * 7 + seq) % WRAP
            tcp = Segment(sport, dport, flags=flags, seq=wire, seq_abs=wire, ack=(WRAP - 1 - i * 7 + ack) % WRAP if ack else UNSET,
                          win=512, length=length)
            ip = IPv4(src, dst, ttl=64, id=frame % 65536, length=40 + length)
            yield Packet(1, frame, frame, frame, time="", clock=f"{frame / 1000:.6f}", ip=ip, tcp=tcp)


def test_an_answer_behind_the_close_opens_a_connection_whose_syn_the_log_lacks() -> None:
    """It acknowledges no SYN that is known; else the old connection would go on beyond its FINs."""
    talk = Talk().open().c("F.", 1, ack=1).s("F.", 1, ack=2).c(".", 2, ack=2)
    talk.iss = {"c": 5_000_000, "s": 9_000_000}
    steps = talk.s("S.", ack=1, after=50).c(".", 1, ack=1).c("P.", 1, 10, 1).steps()
    assert [step.connection.conn for step in steps] == [1] * 6 + [2] * 3
    assert [step.side for step in steps[6:]] == [Side.SERVER, Side.CLIENT, Side.CLIENT]


def test_another_answer_to_the_syn_of_a_connection_that_was_reset_belongs_to_it() -> None:
    talk = Talk().c("S").s("S.", ack=1).s("R.", 1, ack=1)
    talk.iss["s"] = 9_000_000
    assert {step.connection.conn for step in talk.s("S.", ack=1).steps()} == {1}


def test_data_far_from_all_numbers_of_a_closed_connection_is_not_of_it() -> None:
    """The log lacks the new connection's whole handshake."""
    talk = Talk().open().c("F.", 1, ack=1).s("F.", 1, ack=2).c(".", 2, ack=2)
    late = Talk().open().c("F.", 1, ack=1).s("F.", 1, ack=2).c(".", 2, ack=2).c("P.", 2, 10, 2, after=50)
    assert {step.connection.conn for step in late.steps()} == {1}
    talk.iss = {"c": 500_000_000, "s": 900_000_000}
    steps = talk.c("P.", 1, 10, 1, after=50).s(".", 1, ack=11).steps()
    assert [step.connection.conn for step in steps] == [1] * 6 + [2] * 2


@pytest.mark.parametrize(
    ("client", "server"),
    [(500_000_000, 1_000), (-5_000, 900_000_000), (5_000_000, 7_000_000)],
    ids=["server's near", "client's near", "both a little further"],
)
def test_one_number_may_lie_near_that_of_the_closed_connection(client: int, server: int) -> None:
    """ISNs go on from those of the same ports (RFC 9293 §3.4.1), and chance does the rest."""
    talk = Talk().open().c("F.", 1, ack=1).s("F.", 1, ack=2).c(".", 2, ack=2)
    talk.iss = {"c": (talk.iss["c"] + client) % WRAP, "s": (talk.iss["s"] + server) % WRAP}
    steps = talk.c("P.", 1, 10, 1, after=50).s(".", 1, ack=11).steps()
    assert [step.connection.conn for step in steps] == [1] * 6 + [2] * 2


def test_after_a_reset_that_may_not_have_counted_one_number_far_ahead_is_a_hole() -> None:
    talk = Talk().open().s("R.", 1, ack=1).s("P.", 30_000_000, 10, 1, after=1)
    assert {step.connection.conn for step in talk.steps()} == {1}
