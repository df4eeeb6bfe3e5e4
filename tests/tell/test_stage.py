"""One connection after the other, within a bound: nothing lost, nothing out of order within a connection."""

from hypothesis import given
from hypothesis import strategies as st

from tcpdump_parse.model.terms import Side
from tcpdump_parse.tell import Begun, Told, Verdict
from tcpdump_parse.tell.stage import in_turn
from tcpdump_parse.tell.told import Phase


def begun(conn):
    return Begun(1, conn, "a", 1, "b", 2, "syn", 1, 1)


def told(conn, frame):
    return Told(1, conn, frame, frame, frame, Side.CLIENT, Phase.DATA, "ACK")


def verdict(conn):
    return Verdict(1, conn, "a > b", "SF", {}, 1, 1, "", "")


@st.composite
def interleaved(draw):
    """The story of some connections in the order of a log; not every one of them ends."""
    values, opened, ended = [], [], set()
    for frame in range(1, draw(st.integers(1, 60))):
        alive = [conn for conn in opened if conn not in ended]
        act = draw(st.sampled_from(["open", "say", "say", "say", "end"]))
        if act == "open" or not alive:
            opened.append(len(opened) + 1)
            values.append(begun(opened[-1]))
        elif act == "say":
            values.append(told(draw(st.sampled_from(alive)), frame))
        else:
            ended.add(conn := draw(st.sampled_from(alive)))
            values.append(verdict(conn))
    return values


@given(interleaved(), st.integers(0, 20))
def test_nothing_is_lost_and_each_connection_keeps_its_order(values, bound):
    out = list(in_turn(values, bound))
    kept = [value for value in out if not (isinstance(value, Begun) and value.continued)]
    assert sorted(map(repr, kept)) == sorted(map(repr, values))
    for conn in {value.conn for value in values}:
        assert [value for value in kept if value.conn == conn] == [value for value in values if value.conn == conn]


@given(interleaved(), st.integers(0, 20))
def test_every_piece_stands_under_a_heading_of_its_own(values, bound):
    heading = 0
    for value in in_turn(values, bound):
        if isinstance(value, Begun):
            assert heading != value.conn
            heading = value.conn
        assert value.conn == heading


@given(interleaved(), st.integers(0, 20))
def test_no_more_than_the_bound_ever_waits(values, bound):
    taken = 0

    def counted():
        nonlocal taken
        for value in values:
            taken += 1
            yield value

    given_out = 0
    for value in in_turn(counted(), bound):
        given_out += not (isinstance(value, Begun) and value.continued)
        assert taken - given_out <= bound + 1


def test_with_room_enough_connections_come_whole():
    out = list(in_turn([begun(1), begun(2), told(2, 3), told(1, 4), verdict(2), told(1, 5), verdict(1), begun(3), told(3, 6)]))
    assert [value.conn for value in out] == [1, 1, 1, 1, 2, 2, 2, 3, 3]
