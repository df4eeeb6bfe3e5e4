"""What checksums prove: offload, edited digits, hidden fields, other content; and what no number in a line can prove."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tcpdump_parse.model.happenings import (
    ChecksumOffload,
    ChecksumUnexplained,
    ChecksumUnjudged,
    ChecksumWrong,
    ContentDiffers,
    Happening,
    LengthsDisagree,
)
from tcpdump_parse.model.packet import Packet
from tcpdump_parse.model.steps import Step
from tcpdump_parse.read import read
from tcpdump_parse.track import track
from tcpdump_parse.track.checksums import fold, one_digit

SAMPLES = Path(__file__).parents[2] / "samples"
CHECKED = (ChecksumUnexplained, ChecksumWrong, LengthsDisagree)
FOLDERS = ("clean-near", "clean-far", "keep-alive", "zero-window", "lost-data")
CLEAN = [SAMPLES / "lab" / "recorded" / name / f"{end}.txt" for name in FOLDERS for end in ("client", "server")]

FIELDS = {
    "source": r"    (\d+\.\d+\.\d+\.\d+)\.\d+ > ",
    "source port": r"    \d+\.\d+\.\d+\.\d+\.(\d+) > ",
    "destination": r" > (\d+\.\d+\.\d+\.\d+)\.\d+: ",
    "destination port": r" > \d+\.\d+\.\d+\.\d+\.(\d+): ",
    "seq": r"seq (\d+),",
    "ack": r"ack (\d+),",
    "win": r"win (\d+),",
    "TSval": r"val (\d+) ",
    "TSecr": r"ecr (\d+)",
    "checksum": r"cksum 0x([0-9a-f]+) ",
    "length": r"length (\d+)\n?$",
    "IP length": r"length (\d+)\)\n",
}
UNPROVABLE = {"time": r"^\d+:(\d+:\d+\.\d+)", "tos": r"tos 0x([0-9a-f])", "ttl": r"ttl (\d+)", "id": r"id (\d+)"}


def records(path: Path) -> list[str]:
    """Pairs of lines of bare ACKs with a correct checksum."""
    text = re.split(r"\n(?=\d\d:)", path.read_text().rstrip("\n"))
    return [record for record in text if "Flags [.]" in record and "(correct)" in record and record.endswith("length 0")]


def told(record: str) -> list[Happening]:
    """What the record's checksum and lengths say, standing alone."""
    steps = [event for event in track(read([record.encode() + b"\n"])) if isinstance(event, Step)]
    return [happening for step in steps for happening in step.happenings if isinstance(happening, CHECKED)]


def edits(record: str, pattern: str) -> list[str]:
    """The record with each digit of the field changed to the next one."""
    match = re.search(pattern, record)
    if match is None:
        return []
    edited = []
    for at in range(*match.span(1)):
        digit = record[at]
        base, digits = (16, "0123456789abcdef") if pattern.startswith(("cksum", "tos")) else (10, "0123456789")
        if digit in digits:
            edited.append(record[:at] + digits[(digits.index(digit) + 1) % base] + record[at + 1 :])
    return edited


SOME = [record for path in CLEAN for record in records(path)[:12]]


def test_there_is_enough_to_edit():
    assert len(SOME) >= 60
    assert not [record for record in SOME if told(record)]


@pytest.mark.parametrize("field", FIELDS)
def test_an_edited_digit_of_a_covered_field_is_found(field):
    missed = [record for record in SOME for edited in edits(record, FIELDS[field]) if not told(edited)]
    assert sum(len(edits(record, FIELDS[field])) for record in SOME) >= 60
    assert missed == []


@pytest.mark.parametrize("field", UNPROVABLE)
def test_fields_outside_the_checksum_cannot_be_proved(field):
    """The docs say so: their edits are as silent as the original."""
    assert all(not told(edited) for record in SOME[:20] for edited in edits(record, UNPROVABLE[field]))


def test_every_zero_payload_checksum_of_the_recordings_recomputes():
    seen: Counter[str] = Counter()
    for path in sorted((SAMPLES / "lab" / "recorded").rglob("*.txt")):
        for event in track(read(path)):
            if isinstance(event, Step) and not event.length:
                seen["bare"] += 1
                seen["unexplained"] += any(isinstance(happening, ChecksumUnexplained | LengthsDisagree) for happening in event.happenings)
    assert seen["bare"] > 4000
    assert seen["unexplained"] == 0


def test_the_seeds_ten_wrong_checksums_are_transmit_offload():
    steps = [event for event in track(read(SAMPLES / "seed.md")) if isinstance(event, Step)]
    assert [step.frame for step in steps if step.happened(ChecksumOffload)] == list(range(1, 11))
    assert not [step for step in steps if step.happened(ChecksumWrong) or step.happened(ChecksumUnexplained)]


BIG = (
    "14:13:27.172200 IP6 (flowlabel 0xa31ee, hlim 64, next-header Options (0) payload length: 0) 2604:1380:4091:ce00::d > "
    "2604:1380:4091:ce00::b: HBH (jumbo: 80040)  41851 > 43913: Flags [P.], cksum 0xc8eb (incorrect -> 0x3146), "
    "seq 592820498:592900498, ack 2512896041, win 2128, options [nop,nop,TS val 1186840160 ecr 4237097528], length 80000\n"
)


def test_where_the_ip_header_tells_no_length_the_segment_does():
    """Segments of more than 64 KiB, which Linux hands to its card whole, carry a length of 0 (the corpus' bigtcp-ipv6-hbh.pcap)."""
    for record, kind in ((BIG, ChecksumOffload), (BIG.replace("c8eb", "c8ec"), ChecksumWrong)):
        (step,) = [event for event in track(read([record.encode()])) if isinstance(event, Step)]
        assert step.happened(kind)


def test_behind_names_nothing_is_proved_of_a_wrong_checksum():
    """On lo without -n every checksum that is left to the card would else be called damage, and the log wrong for it."""
    log = (SAMPLES / "seed.md").read_text("utf-8").replace("127.0.0.1", "localhost")
    steps = [event for event in track(read([log.encode()])) if isinstance(event, Step)]
    assert [step.frame for step in steps if step.happened(ChecksumUnjudged)] == list(range(1, 11))
    assert not [step for step in steps if step.happened(ChecksumWrong) or step.happened(ChecksumOffload)]


def with_ack(record: str, flags: str) -> str:
    return record.replace("Flags [.]", f"Flags [{flags}]").replace(re.search(r", ack \d+", record)[0], "")


def test_a_hidden_field_is_said_to_be_hidden():
    """A segment without ACK flag whose acknowledgement field is not zero: the residue is that number's sum."""
    (happening,) = told(with_ack(SOME[0], "none"))
    assert (type(happening), happening.explanation) == (ChecksumUnexplained, "hidden_field")


def all_of(*path: str) -> list[Happening]:
    events = track(read(SAMPLES.joinpath(*path)))
    return [happening for event in events if isinstance(event, Step) for happening in event.happenings]


def test_what_was_damaged_on_the_way_was_sent_with_the_same_content():
    """The lab's wire damaged four frames: tcpdump calls them wrong, but their checksums are still those of what the repairs carry."""
    happenings = all_of("lab", "recorded", "damaged", "client.txt")
    assert len([happening for happening in happenings if isinstance(happening, ChecksumWrong)]) == 4
    assert not [happening for happening in happenings if isinstance(happening, ContentDiffers)]


def test_a_twin_whose_checksum_fits_neither_content_is_told_apart_without_its_payload():
    happenings = all_of("security", "bad-twin.txt")
    told_apart = [type(happening) for happening in happenings if isinstance(happening, ChecksumWrong | ContentDiffers)]
    assert told_apart == [ChecksumWrong, ContentDiffers]


def test_folding_is_the_ones_complement_sum():
    assert (fold(0xFFFF), fold(0x10000), fold(0x1FFFE), fold(0x2FFFD)) == (0xFFFF, 1, 0xFFFF, 0xFFFF)


def test_one_digit_changes_leave_these_residues():
    assert 9 in one_digit(0)
    assert (20 - 10) in one_digit(10)
    assert 0 not in one_digit(4294967295)


def test_reading_gives_packets(tmp_path):
    """The records edited above are read at all; else every edit would be silent."""
    assert all(isinstance(next(event for event in read([record.encode() + b"\n"]) if isinstance(event, Packet)), Packet) for record in SOME)


ACCURATE_SYN = (
    "06:26:07.794026 IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto TCP (6), length 60)\n"
    "    31.133.146.248.16433 > 66.228.43.12.80: Flags [SEW], cksum 0x209c (incorrect -> 0xe443), seq 1948076589, win 65535, "
    "options [mss 1460,nop,wscale 6,sackOK,TS val 112147477 ecr 0], length 0\n"
)


@pytest.mark.parametrize(
    ("flags", "expected", "explanation"),
    [("SEW", "e443", "reserved_flag"), ("SEW", "e3c3", "hidden_field"), ("S", "e503", "hidden_field")],
)
def test_a_syn_that_asks_for_accurate_ecn_has_a_bit_that_older_tcpdump_hides(flags: str, expected: str, explanation: str) -> None:
    """tcpdump 4.99 prints [SEW] for it; no number in its line was changed. (The corpus' accecn_handshake.pcap, printed by it.)"""
    (happening,) = told(ACCURATE_SYN.replace("SEW", flags).replace("e443", expected))
    assert (type(happening), happening.explanation) == (ChecksumUnexplained, explanation)
