"""Every sample log, rebuilt: the same packets at the same times, telling the same story; where not, by name, with the reason.

The laws are held in this process over all samples; a few logs go through the programs as a user would send them. What stands in a
table must be an exception: a log that comes back whole fails there, too.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import pytest

from tcpdump_parse.model import Packet
from tcpdump_parse.tell import Manner, tell
from tcpdump_parse.tell.judging import judged
from tcpdump_parse.track import track
from tcpdump_parse.write import story
from tcpdump_parse.write.octets import Frame, Rebuilder, Tally
from tcpdump_parse.write.story import Look
from tests.replay.programs import ROOT, events, packets, printed, rebuilt, tdparse, version

SAMPLES = ROOT / "samples"
LOGS = {str(log.relative_to(SAMPLES)): log for log in sorted(SAMPLES.glob("*/*.txt"))}

NEWER = "what tcpdump 5.0 prints and 4.99 does not"
EDITED = "edited: its numbers contradict each other, and no packet has them"
BRIEF = "printed without -vv: the bare ACK has no sequence number"
GAPS = "-ttt prints gaps, a capture file holds moments; from midnight on, both are printed alike"

CHANGED_AGAIN = {
    "clock/durations.txt": GAPS,
    "ecn/accurate.txt": NEWER,
    "ecn/accurate-count.txt": NEWER,
    "header/accurate-ecn.txt": NEWER,
    "header/printed-fields.txt": NEWER,
    "mptcp/reset-reason.txt": NEWER,
}
OTHER_TIMES = {"clock/durations.txt": GAPS, "clock/no-times.txt": "printed with -t"}
OTHER_STORY = {
    "capture/damaged-word.txt": "a damaged record has no segment",
    "capture/names.txt": "names without -n",
    "clock/durations.txt": GAPS,
    "clock/no-times.txt": "printed with -t",
    "close/storm.txt": BRIEF,
    "ecn/accurate.txt": NEWER,
    "ecn/accurate-count.txt": NEWER,
    "header/accurate-ecn.txt": NEWER,
    "header/edited-length.txt": EDITED,
    "header/edited-lengths.txt": EDITED,
    "header/printed-fields.txt": NEWER,
    "ip/header-edited.txt": EDITED,
    "options/overflow.txt": EDITED,
    "reset/storm.txt": BRIEF,
}
THROUGH_PROGRAMS = [
    "close/four-way.txt", "close/three-segments.txt", "handshake/ipv6.txt", "handshake/three-steps.txt", "keepalive/idle.txt",
    "reset/abort.txt", "window/zero-window.txt", "wild/macos-lo0-ipv6.md", "seed.md",
]  # fmt: skip


@cache
def replayed(name: str) -> tuple[bytes, Tally, str]:
    """The capture file of a sample, its tally, and what tcpdump prints of it."""
    if "4.99" not in version("tcpdump"):
        pytest.skip(f"other version: the tables are those of tcpdump 4.99, here is {version('tcpdump')}")
    pcap, tally = rebuilt(events(LOGS[name].read_bytes()))
    return pcap, tally, printed(pcap)


def bare(log: Path) -> bytes:
    """The lines of a log's packets, without dumps, remarks and what is between the records."""
    text = log.read_bytes()
    rows, kept = text.splitlines(keepends=True), []
    for packet in (event for event in events(text) if isinstance(event, Packet)):
        second = rows[packet.line : min(packet.line + 1, packet.end_line)]
        kept += [rows[packet.line - 1], *(row for row in second if row.startswith(b"    "))]
    return b"".join(kept)


def told(text: bytes) -> str:
    out = io.StringIO()
    story.text(tell(judged(track(events(text))), Manner()), out, Look())
    return out.getvalue()


@pytest.mark.parametrize("name", LOGS)
def test_replaying_what_was_replayed_changes_nothing(name: str) -> None:
    """Text is a fixed point: packets, printed, rebuilt, are the same packets, whatever was invented the first time."""
    first, _, text = replayed(name)
    second, _ = rebuilt(events(text))
    assert (second != first) is (name in CHANGED_AGAIN)


@pytest.mark.parametrize("name", LOGS)
def test_order_and_gaps_are_kept_to_the_microsecond(name: str) -> None:
    rebuild = Rebuilder()
    log = packets(LOGS[name].read_bytes().decode("latin-1"))
    times = [packet.time for packet in log if isinstance(rebuild(packet), Frame)]
    again = [packet.time for packet in packets(replayed(name)[2])]
    assert (again != times) is (name in OTHER_TIMES)


@pytest.mark.parametrize("name", LOGS)
def test_the_replayed_log_tells_the_same_story(name: str) -> None:
    """What is told of the packets printed again is what is told of the log's records, but for what stands between them."""
    _, tally, text = replayed(name)
    same = not tally.unbuilt and told(text.encode("latin-1")) == told(bare(LOGS[name])) != ""
    assert same is (name not in OTHER_STORY)


def test_tables_name_samples_that_are_there() -> None:
    assert (CHANGED_AGAIN.keys() | OTHER_TIMES.keys() | OTHER_STORY.keys()) <= LOGS.keys()


@pytest.mark.parametrize("name", THROUGH_PROGRAMS)
def test_the_programs_tell_the_same_story(name: str) -> None:
    """`replay --to pcap | tcpdump -r - | explain` says what `explain` says of the log's records."""
    log = SAMPLES / name
    again = printed(tdparse("replay", str(log), "--to", "pcap").stdout)
    assert tdparse("explain", fed=again.encode("latin-1")).stdout == tdparse("explain", fed=bare(log)).stdout != b""
