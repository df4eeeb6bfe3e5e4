"""One record of the log as facts: permissive, frozen, nothing concluded.

Absent means *not printed*: the field is UNSET and its key missing in JSON; never null, never 0. Every name is the one
RFC 9293 or tcpdump uses. The JSON of `tdparse parse` is the msgspec encoding of these classes; there is no second definition.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from tcpdump_parse.model.options import TcpOption

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


class IPv4(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="version", tag=4):
    """The IPv4 header as printed at -v; without -v only the addresses. `ttl` is not printed when it is 0."""

    src: str
    dst: str
    tos: int | UnsetType = UNSET
    ttl: int | UnsetType = UNSET
    id: int | UnsetType = UNSET
    offset: int | UnsetType = UNSET
    flags: tuple[str, ...] | UnsetType = UNSET
    """In tcpdump's order of `+`, `DF`, `rsvd`; empty for `[none]`."""
    proto: int | UnsetType = UNSET
    proto_name: str | UnsetType = UNSET
    length: int | UnsetType = UNSET


class IPv6(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="version", tag=6):
    """The IPv6 header as printed at -v. `class` and `flowlabel` are not printed when they are 0."""

    src: str
    dst: str
    hlim: int | UnsetType = UNSET
    next_header: int | UnsetType = UNSET
    next_header_name: str | UnsetType = UNSET
    payload_length: int | UnsetType = UNSET
    flowlabel: int | UnsetType = UNSET


IP = IPv4 | IPv6


class Segment(Struct, frozen=True, gc=False, omit_defaults=True):
    """One TCP segment, exactly as tcpdump printed it, however odd.

    `flags` are tcpdump's letters ("" for `[none]`, "S.", "FSRP.UEWe"). `seq`, `seq_end`, `ack` are as printed;
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


class Quoted(Struct, frozen=True, gc=False, omit_defaults=True):
    """A segment that an ICMP error quotes: evidence, never the flow's own packet."""

    ip: IP | UnsetType = UNSET
    tcp: Segment | UnsetType = UNSET


class Octets(Struct, frozen=True, gc=False):
    """What a hexdump shows, whole: from the link header (`-xx`, `-XX`) or the network header (`-x`, `-X`)."""

    origin: str  # "link" or "network"; the JSON key is "from"
    hex: str


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
    number: int | UnsetType = UNSET
    interface: str | UnsetType = UNSET
    direction: str | UnsetType = UNSET
    ip: IP | UnsetType = UNSET
    tcp: Segment | UnsetType = UNSET
    quoted: Quoted | UnsetType = UNSET
    octets: Octets | UnsetType = UNSET
    payload: str | UnsetType = UNSET
    body: Text | UnsetType = UNSET
    possibly_payload: bool = False
