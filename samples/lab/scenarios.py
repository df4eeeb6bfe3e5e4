"""The lab's scenarios, as data: what both ends do, on which path, and what the wire does to them.

Rules by `nth` are decided by the frame's index, the others by a seeded throw a frame (policy.py). `cues` press Enter at an end when
the wire has carried that many frames of a kind, so that nobody waits for a clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from policy import Do, Rule, Way, What

UP, DOWN = Way.TO_SERVER, Way.TO_CLIENT


class Path(Enum):
    """Milliseconds each way."""

    NEAR = 0.2
    FAR = 10.0


class End(Enum):
    """Who is meant."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True)
class Cue:
    """When the wire has carried the n-th such frame, press Enter at that end."""

    way: Way
    what: What
    number: int
    press: End


@dataclass(frozen=True)
class Scenario:
    """One recording at both ends."""

    server: tuple[str, ...]
    client: tuple[str, ...]
    rules: tuple[Rule, ...] = ()
    path: Path = Path.FAR
    version: int = 4
    buffer: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    cues: tuple[Cue, ...] = ()


# What the ends talk about.
ASK, REPLY = 200, 150_000
DOWNLOAD = (("receive 200", f"send {REPLY}", "close"), ("send 200", "eof", "close"))
LONG = (("receive 200", "send 180000", "close"), ("send 200", "eof", "close"))
UPLOAD = (("eof", "close"), (f"send {REPLY}", "finish", "eof", "close"))
TALK = (
    ("nodelay", *("receive 300", "send 2500") * 25, "eof", "close"),
    ("nodelay", *("send 300", "receive 2500") * 25, "close"),
)
BOTH = (("send 90000", "receive 90000", "eof", "close"), ("send 90000", "receive 90000", "close"))

NO_TIMESTAMPS = {"net.ipv4.tcp_timestamps": "0"}
NO_SACK = {"net.ipv4.tcp_sack": "0"}
# An undisturbed recording holds no repair: a tail probe only tells that this machine was late.
NO_PROBES = {"net.ipv4.tcp_early_retrans": "0"}


def lose(way: Way, what: What, *nth: int) -> Rule:
    """Lose these frames, by index."""
    return Rule(way, what, Do.LOSE, nth)


def mixed(late: tuple[float, float], again: tuple[float, float]) -> tuple[Rule, ...]:
    """Every trouble both ways, by chance: lost, held for `late` ms, copied after `again` ms."""
    return tuple(
        Rule(way, What.ANY, do, chance=chance, ms=ms)
        for way in Way
        for do, chance, ms in ((Do.LOSE, 0.05, (0.0, 0.0)), (Do.DELAY, 0.06, late), (Do.COPY, 0.05, again))
    )


USUAL = mixed((0.5, 40.0), (0.01, 30.0))
BRISK = mixed((0.05, 4.0), (0.01, 30.0))  # for the near path
# Where neither ids nor timestamps are printed, only the round trip tells a late original or a copy from a repair: stay well below it.
BELOW_ROUND_TRIP = mixed((0.3, 2.0), (0.01, 10.0))

SCENARIOS: dict[str, Scenario] = {
    # Undisturbed.
    "clean-near": Scenario(*TALK, path=Path.NEAR, settings=NO_PROBES),
    "clean-far": Scenario(*DOWNLOAD, settings=NO_PROBES),
    # One trouble each, decided by the frame's index.
    "lost-syn": Scenario(*TALK, rules=(lose(UP, What.SYN, 1),)),
    "lost-syn-ack": Scenario(*TALK, rules=(lose(DOWN, What.SYN_ACK, 1),)),
    "lost-third-ack": Scenario(*DOWNLOAD, rules=(lose(UP, What.ACK, 1), lose(UP, What.DATA, 1))),
    "lost-data": Scenario(*DOWNLOAD, rules=(lose(DOWN, What.DATA, 20, 45, 80),)),
    "lost-repair": Scenario(*DOWNLOAD, rules=(lose(DOWN, What.DATA, 40), lose(DOWN, What.AGAIN, 1))),
    "lost-tail": Scenario(*DOWNLOAD, rules=(lose(DOWN, What.DATA, 102, 103, 104),)),
    "lost-burst": Scenario(*DOWNLOAD, rules=(lose(DOWN, What.DATA, *range(35, 55)),)),
    "lost-acks": Scenario(
        *TALK, rules=(lose(UP, What.ACK, *range(8, 60, 3)), lose(DOWN, What.ACK, *range(4, 24)), lose(UP, What.DATA, 6, 13))
    ),
    "lost-fin": Scenario(*TALK, rules=(lose(UP, What.FIN, 1), lose(DOWN, What.FIN, 1))),
    "reordered": Scenario(*DOWNLOAD, rules=(Rule(DOWN, What.DATA, Do.DELAY, (15, 30, 31, 50, 70, 90), ms=(3.0, 15.0)),)),
    "damaged": Scenario(*DOWNLOAD, rules=(Rule(DOWN, What.DATA, Do.DAMAGE, (20, 45, 46, 80)),)),
    "copies": Scenario(
        *DOWNLOAD,
        rules=(
            Rule(DOWN, What.ANY, Do.COPY, range(1, 120, 7), ms=(0.01, 25.0)),
            Rule(UP, What.ANY, Do.COPY, range(1, 60, 9), ms=(0.01, 25.0)),
        ),
    ),
    "spikes": Scenario(
        *TALK,
        rules=(
            Rule(DOWN, What.DATA, Do.STALL, (9, 30), ms=(350.0, 500.0)),
            Rule(UP, What.DATA, Do.STALL, (18,), ms=(350.0, 500.0)),
        ),
    ),
    "late-acks": Scenario(*UPLOAD, rules=(Rule(DOWN, What.ACK, Do.STALL, (10, 30), ms=(400.0, 600.0)),)),
    "black-hole": Scenario(
        ("receive 40000", "enter"),
        ("give-up 4000", "send 200000", "eof"),
        rules=(lose(UP, What.ANY, *range(30, 10_000)), lose(DOWN, What.ANY, *range(18, 10_000))),
        buffer=65536,
    ),
    "deaf": Scenario(  # the data arrive, their ACKs do not
        ("eof", "enter"), ("give-up 3000", "send 60000", "eof"), rules=(lose(DOWN, What.ANY, *range(8, 10_000)),)
    ),
    "zero-window": Scenario(
        ("receive 200", "enter", "eof", "close"),
        ("send 200", "send 60000", "close"),
        rules=(lose(UP, What.ACK, 3),),
        buffer=12000,
        cues=(Cue(UP, What.ACK, 5, End.SERVER),),
    ),
    "keep-alive": Scenario(
        ("receive 200", "send 2500", "eof", "close"),
        ("keepalive 1", "send 200", "receive 2500", "enter", "close"),
        rules=(lose(UP, What.ACK, 5), lose(DOWN, What.ACK, 4)),
        cues=(Cue(UP, What.ACK, 8, End.CLIENT),),
    ),
    # Every trouble at once, by chance.
    "mixed-far": Scenario(*LONG, rules=USUAL),
    "mixed-near": Scenario(*LONG, rules=BRISK, path=Path.NEAR),
    "mixed-talk": Scenario(*TALK, rules=USUAL),
    "mixed-both": Scenario(*BOTH, rules=USUAL),
    "ipv6": Scenario(*LONG, rules=USUAL, version=6),
    "no-timestamps": Scenario(*LONG, rules=USUAL, settings=NO_TIMESTAMPS),
    "no-sack": Scenario(*LONG, rules=USUAL, settings=NO_SACK),
    "near-bare": Scenario(*LONG, rules=BRISK, path=Path.NEAR, settings=NO_TIMESTAMPS | NO_SACK),
    "bare": Scenario(*LONG, rules=BELOW_ROUND_TRIP, version=6, settings=NO_TIMESTAMPS | NO_SACK),
    "bare-late": Scenario(*LONG, rules=USUAL, version=6, settings=NO_TIMESTAMPS | NO_SACK),  # what nobody can tell for certain
}

# Decided by index alone and quick: what a test can afford to record again.
QUICK = ("lost-data", "reordered", "copies")
