"""138 packets that use every option and every odd form, as six versions of tcpdump print them: read, typed, printed back."""

import io
from pathlib import Path

import msgspec
import pytest
from msgspec import UNSET

from tcpdump_parse.model import Event, Packet, Unread
from tcpdump_parse.read import packets, read
from tcpdump_parse.write import find
from tests.corpus.printed import cases

# Version: records, records with a segment, unread. 4.0 prints IP's flags where a segment has none: `Flags [DF]`.
TABLE = {
    "5.0": (138, 130, 0),
    "4.99.6": (138, 130, 0),
    "4.99.3": (138, 129, 0),
    "4.9.3": (138, 128, 0),
    "4.0.0": (137, 127, 1),
    "3.9.8": (138, 128, 0),
}

OPTIONS = [line.split("\t") for line in (Path(__file__).parent / "options.tsv").read_text().splitlines()[1:]]
"""Case, the versions that print it so, the segment's options as JSON with what tcpdump says where it gives up."""


@pytest.mark.parametrize("version", TABLE)
def test_every_version_reads_and_prints_back(version: str) -> None:
    text = "".join(record for _, record in cases(version))
    values = [msgspec.json.decode(msgspec.json.encode(value), type=Event) for value in read([text.encode()])]
    packets = [value for value in values if isinstance(value, Packet)]
    unread = [value for value in values if isinstance(value, Unread)]
    assert (len(packets), sum(packet.tcp is not UNSET for packet in packets), len(unread)) == TABLE[version], unread[:1]
    out = io.StringIO()
    find("tcpdump").write(values, out)
    assert out.getvalue() == text


@pytest.mark.parametrize("version", ["4.99.3", "4.99.6", "5.0"])
def test_options_are_typed(version: str) -> None:
    """Each kind, each odd length; that the values are right, tshark says too (tshark/)."""
    wanted = {case: told for case, versions, told in OPTIONS if version in versions.split()}
    found = {}
    for name, record in cases(version):
        if name.startswith("opt:"):
            (packet,) = packets([record.encode()])
            assert packet.tcp is not UNSET
            cut = "" if packet.tcp.cut is UNSET else f" {packet.tcp.cut}"
            found[name.removeprefix("opt:")] = msgspec.json.encode(packet.tcp.options).decode() + cut
    assert found == wanted
    assert len(found) == 68


def test_tcpdump_39_is_read_in_the_letters_of_today() -> None:
    """ACK and URG had no letter up to 3.9; a reader of the fields must not have to know that."""
    old, new = (dict(cases(version)) for version in ("3.9.8", "4.99.3"))
    for case in ("opt:mss", "opt:TS", "flags all", "urg", "payload", "rst diag", "flags none"):
        one, other = (next(value.tcp for value in read([text[case].encode()]) if isinstance(value, Packet)) for text in (old, new))
        for field in ("flags", "seq", "ack", "win", "length", "options"):
            assert getattr(one, field) == getattr(other, field), (case, field)
