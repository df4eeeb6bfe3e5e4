"""One record of the log as facts: permissive, frozen, nothing concluded.

Absent means *not printed*: the field is UNSET and its key missing in JSON; never null, never 0. Every name is the one
RFC 9293 or tcpdump uses. The JSON of `tdparse parse` is the msgspec encoding of these classes; there is no second definition.
Fields that speak of tcpdump's dialect and not of the packet say so; absent, the text is as tcpdump 4.99 prints it.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from tcpdump_parse.model.ip import IP, IPv4, IPv6
from tcpdump_parse.model.layers import Layer, Link
from tcpdump_parse.model.options import TcpOption

__all__ = [
    "IP", "BadHeader", "Base64", "Checksum", "IPv4", "IPv6", "Layout", "Metadata", "Octets", "Packet", "Port", "Quoted", "Segment", "Text",
]  # fmt: skip

Port = int | str
"""A port number, or the service name as printed without `-n`."""


class Base64(Struct, frozen=True, gc=False):
    """Text of the log that is not valid UTF-8, byte for byte."""

    base64: str


Text = str | Base64


class Checksum(Struct, frozen=True, gc=False):
    """`cksum 0x7796 (correct)` or `(incorrect -> 0xbeef)`: the field's value, and what tcpdump computed if it differs."""

    value: int
    correct: bool
    expected: int | UnsetType = UNSET


class BadHeader(Struct, frozen=True, gc=False, omit_defaults=True):
    """`[bad hdr length 16 - too short, < 20]`: the header's length in octets, and the limit it breaks."""

    length: int
    fault: str
    limit: int
    invalid: bool = False  # dialect: tcpdump 5.0 adds ` (invalid)`


class Segment(Struct, frozen=True, gc=False, omit_defaults=True):
    """One TCP segment, exactly as tcpdump printed it, however odd.

    `flags` are tcpdump's letters ("" for `[none]`, "S.", "FSRP.UEWe"); absent with -q. `seq`, `seq_end`, `ack` are as printed;
    the `*_abs` are the numbers on the wire, where they are known. `length` is the payload's, in octets.
    """

    sport: Port
    dport: Port
    flags: str | UnsetType = UNSET
    checksum: Checksum | UnsetType = UNSET
    seq: int | UnsetType = UNSET
    seq_end: int | UnsetType = UNSET
    ack: int | UnsetType = UNSET
    win: int | UnsetType = UNSET
    urg: int | UnsetType = UNSET
    options: tuple[TcpOption, ...] = ()
    length: int | UnsetType = UNSET
    seq_abs: int | UnsetType = UNSET
    seq_end_abs: int | UnsetType = UNSET
    ack_abs: int | UnsetType = UNSET
    ack_unflagged: int | UnsetType = UNSET
    """`[ack 2000 != 0 while ACK flag not set]`"""
    urg_unflagged: int | UnsetType = UNSET
    bad_header: BadHeader | UnsetType = UNSET
    cut: str | UnsetType = UNSET
    """Where the header ends before its time: `[bad opt]`, `[|tcp]`, as printed."""
    sum_ok: bool = False
    """`[tcp sum ok]`: tcpdump 3.8 and older do not print a right checksum."""
    form: str | UnsetType = UNSET  # dialect: "quiet" (-q), "old" (tcpdump 3.9 and older)


class Quoted(Struct, frozen=True, gc=False, omit_defaults=True):
    """A segment that an ICMP error quotes: evidence, never the flow's own packet."""

    ip: IP | UnsetType = UNSET
    tcp: Segment | UnsetType = UNSET


class Octets(Struct, frozen=True, gc=False, rename={"origin": "from"}):
    """What a hexdump shows, whole: from the link header (`-xx`, `-XX`) or the network header (`-x`, `-X`)."""

    origin: str
    hex: str
    style: str | UnsetType = UNSET  # dialect: how the dump looks


class Metadata(Struct, frozen=True, gc=False, omit_defaults=True):
    """What `tcpdump -k` prints on macOS about a packet's origin: processes as `name:pid`, the service class."""

    proc: str | UnsetType = UNSET
    eproc: str | UnsetType = UNSET
    svc: str | UnsetType = UNSET
    so: bool = False


class Layout(Struct, frozen=True, gc=False, omit_defaults=True):
    """White space and line ends where they are not what tcpdump writes: the record's text is tcpdump's with these pieces put in.

    Each edit is [offset, octets left out, octets put in], offsets counting in tcpdump's own text of the record.
    """

    edits: tuple[tuple[int, str, str], ...] = ()


class Packet(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="packet"):
    """One record. `frame` counts records of the file from 1; `line` to `end_line` are where it stands in the file.

    `time` is as printed; `clock` is decimal seconds with all printed digits (since the epoch when the date is known,
    else since midnight of the capture's first day). A packet that carries no TCP has no `tcp`, its text is `body`.
    """

    capture: int
    frame: int
    line: int
    end_line: int
    time: str | UnsetType = UNSET
    clock: str | UnsetType = UNSET
    ip: IP | UnsetType = UNSET
    tcp: Segment | UnsetType = UNSET
    number: int | UnsetType = UNSET
    caplen: int | UnsetType = UNSET
    len: int | UnsetType = UNSET
    """`--lengths`: octets captured, octets on the wire."""
    interface: str | UnsetType = UNSET
    direction: str | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET
    link: Link | UnsetType = UNSET
    layers: tuple[Layer, ...] = ()
    sport: Port | UnsetType = UNSET
    """Ports of a protocol that is not TCP."""
    dport: Port | UnsetType = UNSET
    quoted: Quoted | UnsetType = UNSET
    octets: Octets | UnsetType = UNSET
    payload: str | UnsetType = UNSET
    body: Text | UnsetType = UNSET
    possibly_payload: bool = False
    layout: Layout | UnsetType = UNSET
