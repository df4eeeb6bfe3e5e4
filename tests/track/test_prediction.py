"""Header prediction changes nothing but the time it takes: with it and without it every step, ending and row is the same."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from tcpdump_parse.model.events import Capture, Notice, Unread
from tcpdump_parse.model.options import Mss, Nop, SackOk, TcpOption, Timestamps, Wscale
from tcpdump_parse.model.packet import Checksum, IPv6, Packet
from tcpdump_parse.read import read
from tcpdump_parse.track import prediction, track
from tcpdump_parse.track.connections import DEFAULT, Table, Tracked
from tcpdump_parse.track.segment import nanoseconds
from tests.track.talk import WRAP, Talk
from tests.track.test_laws import TALK, Said, spoken

ROOT = Path(__file__).parents[2]
LOGS = sorted(
    {path.parent for root in ("samples", "tests/corpus") for path in (ROOT / root).rglob("*") if path.suffix in (".txt", ".out")}
)
STAMPED: tuple[TcpOption, ...] = (Mss(1460), SackOk(), Timestamps(1, 0), Nop(), Wscale(7))


def unpredicted(events: Iterable[Capture | Packet | Notice | Unread]) -> Iterator[Tracked]:
    """`track`, with every segment on the full path."""
    table = Table(DEFAULT)
    for event in events:
        if isinstance(event, Packet) and event.tcp is not UNSET and event.ip is not UNSET:
            for following in (*table.open.values(), *table.older.values()):
                following.ready = False
            step = table.take(event, event.tcp, event.ip)
            yield from table.endings()
            yield step
        else:
            if isinstance(event, Packet):
                table.tick(event)
            elif isinstance(event, Capture):
                yield from table.finish("capture")
            yield event
    yield from table.finish("end")


def right(packet: Any, finished: bool) -> Any:
    """With the checksum that its numbers give (the payload is all zeros), or with the sum that its sender's card was to finish."""
    ip, tcp = packet.ip, packet.tcp
    options = b"".join(octets(option) for option in tcp.options)
    size = 20 + len(options) + tcp.length
    pseudo = sum(int.from_bytes(ip_address(addr).packed[i : i + 2]) for addr in (ip.src, ip.dst) for i in (0, 2)) + 6 + size
    flags = sum(bit for letter, bit in {"S": 2, "P": 8, ".": 16}.items() if letter in tcp.flags)
    header = tcp.sport + tcp.dport + tcp.seq + (tcp.ack or 0) + tcp.win + ((20 + len(options)) // 4 << 12 | flags) + int.from_bytes(options)
    value = -(pseudo + header) % 0xFFFF
    checksum = Checksum(value, correct=True) if finished else Checksum((pseudo - 1) % 0xFFFF + 1, correct=False, expected=value)
    return replace(packet, ip=replace(ip, length=20 + size), tcp=replace(tcp, checksum=checksum))


def octets(option: TcpOption) -> bytes:
    match option:
        case Timestamps():
            return b"\x08\x0a" + option.val.to_bytes(4) + option.ecr.to_bytes(4)
        case Mss():
            return b"\2\4" + option.value.to_bytes(2)
        case Wscale():
            return bytes((3, 3, option.shift))
    return {Nop: b"\1", SackOk: b"\4\2"}[type(option)]


def transfer(turns: Iterable[tuple[str, int]], finished: bool = True) -> list[Any]:
    """An open connection with timestamps; in each turn an end sends so many octets, or with 0 acknowledges what it has not yet."""
    talk = Talk().c("S", options=STAMPED).s("S.", ack=1, options=STAMPED).c(".", 1, ack=1, ts=(2, 1))
    sent, stamp = {"c": 1, "s": 1}, 2
    for who, length in turns:
        stamp += 1
        other = "s" if who == "c" else "c"
        talk.say(who, "P." if length % 2 else ".", sent[who], length, sent[other], ts=(stamp, stamp - 1), after=0.0004)
        sent[who] += length
    return [right(packet, finished) for packet in talk.packets]


# ---- the law ----


@pytest.mark.parametrize("folder", LOGS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_every_log_gives_the_same(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        if path.suffix in (".txt", ".out"):
            events = list(read(path))
            assert list(track(events)) == list(unpredicted(events)), path.name


@given(TALK)
def test_any_talk_gives_the_same(said: list[Said]) -> None:
    packets = spoken(said).packets
    assert list(track(packets)) == list(unpredicted(packets))


TURNS = st.lists(st.tuples(st.sampled_from("cs"), st.sampled_from([0, 0, 1, 100, 1448])), max_size=30)
ODD: dict[str, Any] = {
    "window closed": lambda p: _tcp(p, win=0),
    "window smaller": lambda p: _tcp(p, win=3),
    "window wider": lambda p: _tcp(p, win=5000),
    "older ack": lambda p: _tcp(p, ack=(p.tcp.ack - 2000) % WRAP, ack_abs=(p.tcp.ack_abs - 2000) % WRAP),
    "newer ack": lambda p: _tcp(p, ack=(p.tcp.ack + 9) % WRAP, ack_abs=(p.tcp.ack_abs + 9) % WRAP),
    "sent again": lambda p: _tcp(p, seq=(p.tcp.seq - 100) % WRAP, seq_abs=(p.tcp.seq_abs - 100) % WRAP),
    "one below": lambda p: _tcp(p, seq=(p.tcp.seq - 1) % WRAP, seq_abs=(p.tcp.seq_abs - 1) % WRAP, length=0),
    "a gap": lambda p: _tcp(p, seq=(p.tcp.seq + 7) % WRAP, seq_abs=(p.tcp.seq_abs + 7) % WRAP),
    "FIN": lambda p: _tcp(p, flags="F."),
    "RST": lambda p: _tcp(p, flags="R"),
    "SYN": lambda p: _tcp(p, flags="S"),
    "SYN+ACK": lambda p: _tcp(p, flags="S."),
    "ECN": lambda p: _tcp(p, flags=".E"),
    "no ack": lambda p: _tcp(p, ack=UNSET, ack_abs=UNSET),
    "no seq": lambda p: _tcp(p, seq=UNSET, seq_abs=UNSET),
    "no win": lambda p: _tcp(p, win=UNSET),
    "no length": lambda p: _tcp(p, length=UNSET),
    "no options": lambda p: _tcp(p, options=()),
    "other options": lambda p: _tcp(p, options=(SackOk(), Mss(9), Timestamps(7, 7))),
    "urgent pointer": lambda p: _tcp(p, urg=5),
    "urgent pointer unflagged": lambda p: _tcp(p, urg_unflagged=5),
    "header cut": lambda p: _tcp(p, cut="[|tcp]"),
    "no checksum": lambda p: _tcp(p, checksum=UNSET),
    "wrong checksum": lambda p: _tcp(p, checksum=Checksum(7, correct=False, expected=9)),
    "another checksum": lambda p: _tcp(p, checksum=Checksum(7, correct=True)),
    "another length": lambda p: replace(p, ip=replace(p.ip, length=p.ip.length + 4)),
    "no lengths": lambda p: replace(p, ip=replace(p.ip, length=UNSET)),
    "id zero": lambda p: replace(p, ip=replace(p.ip, id=0)),
    "id of the first": lambda p: replace(p, ip=replace(p.ip, id=101)),
    "no id": lambda p: replace(p, ip=replace(p.ip, id=UNSET, ttl=UNSET)),
    "IPv6": lambda p: replace(p, ip=IPv6(p.ip.src, p.ip.dst, hlim=64, payload_length=p.ip.length - 20)),
    "no time": lambda p: replace(p, clock=UNSET),
    "clock back": lambda p: replace(p, clock="0.000001"),
    "a pause": lambda p: replace(p, clock=f"{float(p.clock) + 2:.6f}"),
    "much later": lambda p: replace(p, clock=f"{float(p.clock) + 200_000:.6f}"),
}  # fmt: skip


def _tcp(packet: Any, **changes: Any) -> Any:
    return replace(packet, tcp=replace(packet.tcp, **changes))


@given(TURNS, st.lists(st.tuples(st.integers(0, 20), st.sampled_from(sorted(ODD)), st.booleans()), max_size=4), st.booleans(), st.data())
def test_a_transfer_with_odd_segments_in_it_gives_the_same(
    turns: list[tuple[str, int]], odd: list[tuple[int, str, bool]], finished: bool, data: st.DataObject
) -> None:
    plain = transfer(turns, finished)
    packets = []
    for at, packet in enumerate(plain):
        said = [(ODD[name](packet), instead) for place, name, instead in odd if place == at and packet.tcp.ack is not UNSET]
        packets += [other for other, _ in said]
        if not any(instead for _, instead in said):
            packets.append(packet)
    packets = packets[data.draw(st.integers(0, 5)):]  # the log may begin late
    packets = [replace(packet, frame=frame, line=frame) for frame, packet in enumerate(packets, 1)]
    assert list(track(packets)) == list(unpredicted(packets))


@given(TURNS, st.randoms(use_true_random=False))
def test_lines_out_of_order_lost_and_doubled_give_the_same(turns: list[tuple[str, int]], random: Random) -> None:
    packets = transfer(turns)
    for _ in range(random.randint(0, 4)):
        i = random.randrange(len(packets))
        match random.randint(0, 2):
            case 0:
                del packets[i]
            case 1:
                packets.insert(random.randrange(len(packets)), packets[i])
            case 2:
                packets[i:i + 2] = packets[i:i + 2][::-1]
        if not packets:
            break
    assert list(track(packets)) == list(unpredicted(packets))


# ---- it does predict ----


def is_predicted(packets: list[Any]) -> bool:
    """Does the last of them go the straight path?"""
    table = Table(DEFAULT)
    *earlier, last = packets
    for packet in earlier:
        table.take(packet, packet.tcp, packet.ip)
    me = table.ends[last.ip.src, last.tcp.sport, last.ip.dst, last.tcp.dport]
    return me.following.ready and prediction.step(me.following, last, last.tcp, last.ip, me, nanoseconds(last.clock), 0) is not None


GREETED = [("c", 100), ("s", 0), ("s", 300), ("c", 0)]


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("turn", [("c", 100), ("s", 1), ("s", 1448)])
def test_the_next_octets_are_predicted(turn: tuple[str, int], finished: bool) -> None:
    assert is_predicted(transfer([*GREETED, turn], finished))


def test_the_ack_of_some_is_predicted_and_its_repetition_is_not() -> None:
    assert is_predicted(transfer([*GREETED, ("c", 100), ("c", 100), ("s", 0)]))
    assert not is_predicted(transfer([*GREETED, ("c", 100), ("s", 0), ("s", 0)]))


def test_the_first_octets_behind_the_handshake_are_predicted_and_so_are_their_answers() -> None:
    assert is_predicted(transfer([("c", 100)]))
    assert is_predicted(transfer([("c", 100), ("s", 0)]))
    assert is_predicted(transfer([("s", 100)]))


def test_nothing_is_predicted_before_both_ends_have_spoken() -> None:
    syn, _, *rest = transfer([("c", 100)])
    assert not is_predicted([syn, *rest])


def test_a_log_that_began_late_is_predicted_too() -> None:
    assert is_predicted(transfer([*GREETED, ("s", 100), ("c", 0), ("s", 100)])[4:])


UNSEEN = {"window wider", "no checksum", "no id", "id zero", "id of the first", "IPv6", "no options", "header cut"}
"""What is odd and still goes the straight path: it says nothing about what comes next."""


@pytest.mark.parametrize("name", sorted(set(ODD) - UNSEEN))
def test_what_is_odd_is_not_predicted(name: str) -> None:
    packets = transfer([*GREETED, ("s", 200), ("c", 0)])
    packets[-1] = ODD[name](packets[-1])
    assert packets[-1].clock is UNSET or not is_predicted(packets)
