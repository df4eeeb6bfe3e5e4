"""What the wire does to a frame is decided by index or by seeded dice, and by nothing else."""

from frame import ACK, FIN, SYN, Segment
from policy import Do, Fate, Kinds, Policy, Rule, Way, What

DATA = frozenset({What.ANY, What.DATA})
PURE_ACK = frozenset({What.ANY, What.ACK})


def seg(seq: int, length: int, flags: int = ACK) -> Segment:
    """A segment of the client; its numbers begin just under the wrap."""
    return Segment((b"client", 5000), (b"server", 8000), flags, seq % 2**32, 0, 100, length)


def test_a_rule_by_index_counts_its_own_frames_only() -> None:
    """An ACK between two data segments must not shift the second one's index."""
    policy = Policy([Rule(Way.TO_SERVER, What.DATA, Do.LOSE, (2,))], "seed")
    fates = [policy.decide(Way.TO_SERVER, kinds).do for kinds in (DATA, PURE_ACK, DATA, DATA)]
    assert fates == [Do.FORWARD, Do.FORWARD, Do.LOSE, Do.FORWARD]


def test_the_other_way_is_not_counted() -> None:
    """Directions have indexes of their own."""
    policy = Policy([Rule(Way.TO_SERVER, What.ANY, Do.LOSE, (1,))], "seed")
    assert policy.decide(Way.TO_CLIENT, DATA) == Fate()
    assert policy.decide(Way.TO_SERVER, DATA).do is Do.LOSE


def test_the_first_rule_that_speaks_decides_and_the_others_still_count() -> None:
    """Else a rule's index would depend on the rules above it."""
    policy = Policy([Rule(Way.TO_SERVER, What.ANY, Do.LOSE, (1,)), Rule(Way.TO_SERVER, What.ANY, Do.COPY, (1, 2))], "seed")
    assert [policy.decide(Way.TO_SERVER, DATA).do for _ in range(3)] == [Do.LOSE, Do.COPY, Do.FORWARD]


def test_one_seed_throws_the_same_dice_and_another_seed_others() -> None:
    """A recording can be made again."""
    rules = [Rule(Way.TO_SERVER, What.ANY, Do.DELAY, chance=0.3, ms=(1.0, 9.0))]

    def thrown(seed: str) -> list[Fate]:
        policy = Policy(rules, seed)
        return [policy.decide(Way.TO_SERVER, DATA) for _ in range(200)]

    assert thrown("1") == thrown("1")
    assert thrown("1") != thrown("2")
    assert {fate.do for fate in thrown("1")} == {Do.FORWARD, Do.DELAY}
    assert all(1.0 <= fate.ms <= 9.0 for fate in thrown("1") if fate.do is Do.DELAY)


def test_a_rule_does_not_shift_the_dice_of_the_next() -> None:
    """Adding trouble to a scenario leaves its other trouble where it was."""
    loss = Rule(Way.TO_SERVER, What.ANY, Do.LOSE, chance=0.2)
    copy = Rule(Way.TO_SERVER, What.DATA, Do.COPY, (3,))
    alone, both = Policy([loss], "1"), Policy([loss, copy], "1")
    for _ in range(100):
        assert (alone.decide(Way.TO_SERVER, DATA).do is Do.LOSE) == (both.decide(Way.TO_SERVER, DATA).do is Do.LOSE)


def test_kinds_are_told_apart_and_what_is_sent_again_is_noticed_across_the_wrap() -> None:
    """`again` counts data below the highest octet seen, wherever the circle's end lies."""
    kinds = Kinds()
    start = 2**32 - 100
    assert kinds.of(seg(start - 1, 0, SYN)) == {What.ANY, What.SYN}
    assert kinds.of(seg(start - 1, 0, SYN | ACK)) == {What.ANY, What.SYN_ACK}
    assert kinds.of(seg(start, 60)) == {What.ANY, What.DATA}
    assert kinds.of(seg(start + 60, 60)) == {What.ANY, What.DATA}
    assert kinds.of(seg(start + 60, 60)) == {What.ANY, What.DATA, What.AGAIN}
    assert kinds.of(seg(start + 120, 0)) == {What.ANY, What.ACK}
    assert kinds.of(seg(start + 120, 0, FIN | ACK)) == {What.ANY, What.FIN}
    assert kinds.of(seg(start + 120, 0, FIN | ACK)) == {What.ANY, What.FIN, What.AGAIN}
