"""138 packets that use every option and every odd form, as six versions of tcpdump print them: read, typed, printed back."""

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from tcpdump_parse.model import Event, Packet, Unread
from tcpdump_parse.read import read
from tcpdump_parse.write import find

VERSIONS = Path(__file__).parents[1] / "corpus" / "versions"

# Version: records, records with a segment, unread. 4.0 prints IP's flags where a segment has none: `Flags [DF]`.
TABLE = {
    "5.0": (138, 130, 0),
    "4.99.6": (138, 130, 0),
    "4.99.3": (138, 129, 0),
    "4.9.3": (138, 128, 0),
    "4.0.0": (137, 127, 1),
    "3.9.8": (138, 128, 0),
}

# Case: the option's name, and fields that tell it from others. In every version since 4.99.
OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "mss": ("mss", {"value": 1460}),
    "wscale": ("wscale", {"shift": 7}),
    "sackOK": ("sackOK", {"kind": 4}),
    "sack1": ("sack", {"blocks": [[2500, 2600]]}),
    "sack3": ("sack", {"blocks": [[2500, 2600], [2700, 2800], [2900, 3000]]}),
    "sack-bad": ("sack", {"invalid": "invalid sack"}),
    "echo": ("echo", {"value": 1}),
    "echoreply": ("echoreply", {"value": 2}),
    "TS": ("TS", {"val": 1, "ecr": 2}),
    "TS-len9": ("TS", {"len": 9}),
    "cc": ("cc", {"value": 3}),
    "ccnew": ("ccnew", {"value": 4}),
    "ccecho": ("ccecho", {"value": 5}),
    "md5": ("md5", {"digest": "000102030405060708090a0b0c0d0e0f"}),
    "scps": ("scps", {"cap": 128, "id": 5}),
    "uto-s": ("uto", {"value": 600, "seconds": 300}),
    "tcp-ao": ("tcp-ao", {"keyid": 1, "rnextkeyid": 2, "mac": "000102030405060708090a0b"}),
    "tfo-req": ("tfo", {"request": True}),
    "tfo": ("tfo", {"cookie": "0001020304050607"}),
    "exp-tfo": ("exp-tfo", {"cookie": "0001020304050607"}),
    "exp-other": ("exp", {"magic": 0x0F0F}),
    "unk77": ("unknown", {"kind": 77, "octets": "0102"}),
    "unk77-empty": ("unknown", {"kind": 77}),
    "eol": ("eol", {"kind": 0}),
    "mss-len5": ("mss", {"value": 1460, "len": 5}),
    "join12": ("mptcp", {"sub": {"subtype": "join", "backup": True, "id": 3, "token": 0x1010101, "nonce": 0x2020202}}),
    "join24": ("mptcp", {"sub": {"subtype": "join", "hmac": "000102030405060708090a0b0c0d0e0f10111213"}}),
    "dss-am-csum": ("mptcp", {"sub": {"subtype": "dss", "ack": 5, "seq": 6, "subseq": 1, "len": 16, "csum": 0xBEEF}}),
    "add-v0p": ("mptcp", {"sub": {"subtype": "add-addr", "variant": "v0-ip4", "id": 1, "address": "10.0.0.1", "port": 80}}),
    "add-v6p": ("mptcp", {"sub": {"subtype": "add-addr", "variant": "v0-ip6", "id": 1, "address": "::1", "port": 80}}),
    "add-v6": ("mptcp", {"sub": {"subtype": "add-addr", "variant": "v1", "id": 1, "address": "::1", "hmac": "909090909090909"}}),
    "rem": ("mptcp", {"sub": {"subtype": "rem-addr", "ids": [1, 2]}}),
    "prio4": ("mptcp", {"sub": {"subtype": "prio", "priority": "non-backup", "id": 4}}),
    "fail": ("mptcp", {"sub": {"subtype": "fail", "seq": 7}}),
    "fclose": ("mptcp", {"sub": {"subtype": "fast-close", "key": "707070707070707"}}),
}


def cases(version: str) -> list[tuple[str, str]]:
    lines = (VERSIONS / f"opts-tcpdump-{version}.txt").read_text().splitlines()
    return [(name.strip(), record.replace("\\n", "\n") + "\n") for name, _, record in (line.partition("| ") for line in lines)]


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
@pytest.mark.parametrize("case", OPTIONS)
def test_options_are_typed(version: str, case: str) -> None:
    record = dict(cases(version))[f"opt:{case}"]
    (packet,) = (value for value in read([record.encode()]) if isinstance(value, Packet))
    assert packet.tcp is not UNSET
    option = msgspec.json.decode(msgspec.json.encode(packet.tcp.options[0]))
    name, fields = OPTIONS[case]
    assert option["name"] == name
    assert {key: option[key] for key in fields} == fields


def test_tcpdump_39_is_read_in_the_letters_of_today() -> None:
    """ACK and URG had no letter up to 3.9; a reader of the fields must not have to know that."""
    old, new = (dict(cases(version)) for version in ("3.9.8", "4.99.3"))
    for case in ("opt:mss", "opt:TS", "flags all", "urg", "payload", "rst diag", "flags none"):
        one, other = (next(value.tcp for value in read([text[case].encode()]) if isinstance(value, Packet)) for text in (old, new))
        for field in ("flags", "seq", "ack", "win", "length", "options"):
            assert getattr(one, field) == getattr(other, field), (case, field)
