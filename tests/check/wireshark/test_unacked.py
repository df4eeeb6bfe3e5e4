"""The list of unacknowledged segments answers as a plain walk over all of it would."""

from hypothesis import given
from hypothesis import strategies as st

from tcpdump_parse.check.wireshark.circle import HALF, MASK
from tcpdump_parse.check.wireshark.unacked import Sent, Unacked


class Plain:
    """The same, the slow way."""

    def __init__(self) -> None:
        self.sent: list[list[int]] = []

    def add(self, start: int, end: int, frame: int) -> None:
        self.sent.append([start, end, frame])

    def acknowledge(self, ack: int) -> int | None:
        matched = [frame for _, end, frame in self.sent if end == ack]
        for entry in self.sent:
            if (entry[0] - ack) & HALF and (ack - entry[1]) & HALF:
                entry[0] = ack
        self.sent = [entry for entry in self.sent if entry[1] != ack and (ack - entry[1]) & HALF]
        return matched[0] if matched else None

    def span(self, base: int) -> int:
        return max((end - base) & MASK for _, end, _ in self.sent) - min((start - base) & MASK for start, _, _ in self.sent)


near = st.integers(-40, 40) | st.integers(-40, 40).map(lambda n: n + (1 << 30)) | st.integers(-40, 40).map(lambda n: n + HALF)
steps = st.lists(st.tuples(st.sampled_from(["next", "next", "next", "add", "ack", "ack", "span"]), near, st.integers(1, 20)), max_size=60)


@given(steps, st.sampled_from([0, MASK, HALF, 1 << 30, 12345]))
def test_the_list_answers_as_a_plain_walk_would(script: list[tuple[str, int, int]], isn: int) -> None:
    """Without it a shortcut could hide an ACK time or invent octets in flight, and only in long captures."""
    quick, plain, top = Unacked(), Plain(), isn
    for frame, (act, offset, length) in enumerate(script):
        number = (isn + offset) & MASK
        if act == "ack":
            found = quick.acknowledge(number) if quick else None
            assert (found.frame if found else None) == plain.acknowledge(number)
        elif act == "span" and quick:
            assert quick.span(number) == plain.span(number)
        elif act in ("next", "add"):
            start = top if act == "next" else number
            top = (start + length) & MASK
            quick.add(Sent(start, top, frame, 0))
            plain.add(start, top, frame)
        assert [[entry.start, entry.end, entry.frame] for entry in quick.sent] == plain.sent
