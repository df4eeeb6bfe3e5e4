"""IP as printed at -v: the fixed headers, IPv4 options (RFC 791 §3.1) and IPv6 extension headers (RFC 8200 §4).

Redundant words of tcpdump are facts too (`ecn` repeats two bits of `tos`): a log that contradicts itself has to be representable.
Fields that speak of tcpdump's dialect and not of the packet say so in their comment; absent, the text is as tcpdump 4.99 prints it.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType


class IpOption(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="name"):
    """What all IPv4 options share; tcpdump hides the data of `security`, `traceroute` and `unknown`."""


class IpNop(IpOption, frozen=True, tag="NOP"):
    pass


class IpEol(IpOption, frozen=True, tag="EOL"):
    pass


class Security(IpOption, frozen=True, tag="security"):
    bad_length: int | UnsetType = UNSET


class Traceroute(IpOption, frozen=True, tag="traceroute"):
    bad_length: int | UnsetType = UNSET


class RouterAlert(IpOption, frozen=True, tag="RA"):
    """`value` is printed when it is not 0."""

    value: int | UnsetType = UNSET
    bad_length: int | UnsetType = UNSET


class Route(IpOption, frozen=True):
    """Addresses before the pointer (`recorded`), and after it (`unused`)."""

    recorded: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    bad_length: int | UnsetType = UNSET
    bad_ptr: int | UnsetType = UNSET


class RecordRoute(Route, frozen=True, tag="RR"):
    pass


class LooseRoute(Route, frozen=True, tag="LSRR"):
    pass


class StrictRoute(Route, frozen=True, tag="SSRR"):
    pass


class Stamp(Struct, frozen=True, gc=False, omit_defaults=True):
    """One entry of a timestamp option; `pointed`: the pointer stands at it."""

    time: int
    address: str | UnsetType = UNSET
    pointed: bool = False


class IpTimestamp(IpOption, frozen=True, tag="timestamp"):
    """`form`: TSONLY, TS+ADDR, PRESPEC; `pointed`: the pointer stands behind the last entry; `missed`: hops not recorded."""

    form: str | UnsetType = UNSET
    stamps: tuple[Stamp, ...] = ()
    pointed: bool = False
    missed: int | UnsetType = UNSET
    bad_length: int | UnsetType = UNSET
    bad_ptr: int | UnsetType = UNSET
    bad_type: int | UnsetType = UNSET


class IpUnknown(IpOption, frozen=True, tag="unknown"):
    kind: int
    bad_length: int | UnsetType = UNSET


IpOptions = IpNop | IpEol | Security | Traceroute | RouterAlert | RecordRoute | LooseRoute | StrictRoute | IpTimestamp | IpUnknown


class Was(Struct, frozen=True, gc=False, omit_defaults=True):
    """The length field was 0: tcpdump guessed, `[was 0, presumed TSO]`."""

    value: int
    presumed: str


class Overrun(Struct, frozen=True, gc=False, omit_defaults=True):
    """`[total length 60 > length 40] (invalid)`: the header speaks of more octets than were on the wire."""

    total: int
    length: int


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
    ecn: str | UnsetType = UNSET
    was: Was | UnsetType = UNSET
    options: tuple[IpOptions, ...] = ()
    option_length: int | UnsetType = UNSET
    bad_checksum: int | UnsetType = UNSET
    """The header checksum, printed only when it is wrong, and what it should have been."""
    good_checksum: int | UnsetType = UNSET
    missing: int | UnsetType = UNSET
    """`truncated-ip - 20 bytes missing!`"""
    overrun: Overrun | UnsetType = UNSET
    extensions: tuple[Extension, ...] = ()
    joined: bool = False  # dialect: header and addresses on one line (-g, tcpdump before 4.0)
    keyword: bool = True  # dialect: `IP ` stands where it usually stands
    form: str | UnsetType = UNSET  # dialect: the words of tcpdump 3.8 and 3.9


class IPv6(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="version", tag=6, rename={"class_": "class"}):
    """The IPv6 header as printed at -v. `class` and `flowlabel` are not printed when they are 0."""

    src: str
    dst: str
    hlim: int | UnsetType = UNSET
    next_header: int | UnsetType = UNSET
    next_header_name: str | UnsetType = UNSET
    payload_length: int | UnsetType = UNSET
    flowlabel: int | UnsetType = UNSET
    class_: int | UnsetType = UNSET
    extensions: tuple[Extension, ...] = ()
    missing: int | UnsetType = UNSET
    overrun: Overrun | UnsetType = UNSET
    real_length: int | UnsetType = UNSET
    """`[real length 80000, presumed BIG TCP]`"""
    comma: bool = False  # dialect: `, payload length 20` (tcpdump 4.99.6 and 5.0), not ` payload length: 20`
    keyword: bool = True  # dialect: `IP6 ` stands where it usually stands
    form: str | UnsetType = UNSET  # dialect: the words of tcpdump 3.8 and 3.9


IP = IPv4 | IPv6


class HeaderOption(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="name"):
    """One option of a hop-by-hop or destination header."""


class Pad1(HeaderOption, frozen=True, tag="pad1"):
    pass


class PadN(HeaderOption, frozen=True, tag="padn"):
    pass


class AlertOption(HeaderOption, frozen=True, tag="rtalert"):
    value: int


class Jumbo(HeaderOption, frozen=True, tag="jumbo"):
    value: int


class HomeAddress(HeaderOption, frozen=True, tag="homeaddr"):
    address: str


class OtherHeaderOption(HeaderOption, frozen=True, tag="unknown"):
    """`terse`: tcpdump 4.x prints `(opt_type 0x1e: len=4)`."""

    type: int
    len: int
    terse: bool = False


HeaderOptions = Pad1 | PadN | AlertOption | Jumbo | HomeAddress | OtherHeaderOption


class ExtensionHeader(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="name"):
    """What stands between the addresses and the ports; such records print the ports apart."""


class HopByHop(ExtensionHeader, frozen=True, tag="HBH"):
    """`tight`: tcpdump 4.0 and older print no blank behind it."""

    options: tuple[HeaderOptions, ...] = ()
    tight: bool = False


class DestinationOptions(ExtensionHeader, frozen=True, tag="DSTOPT"):
    options: tuple[HeaderOptions, ...] = ()
    tight: bool = False


class Fragment(ExtensionHeader, frozen=True, tag="frag"):
    """`id` is printed at -v only."""

    offset: int
    length: int
    id: int | UnsetType = UNSET


class Hop(Struct, frozen=True, gc=False):
    index: int
    address: str


class Routing(ExtensionHeader, frozen=True, tag="RT6"):
    """RFC 8200 §4.4; `words` is `srcrt` up to tcpdump 4.9; `note` what is printed behind the type, in brackets."""

    len: int
    type: int
    segleft: int
    note: str | UnsetType = UNSET
    rsv: int | UnsetType = UNSET
    last_entry: int | UnsetType = UNSET
    flags: int | UnsetType = UNSET
    tag: int | UnsetType = UNSET
    route: tuple[Hop, ...] = ()
    tlv: str | UnsetType = UNSET
    words: str | UnsetType = UNSET


class Authentication(ExtensionHeader, frozen=True, tag="AH"):
    spi: int
    seq: int
    icv: str | UnsetType = UNSET
    length: int | UnsetType = UNSET
    octets: int | UnsetType = UNSET


Extension = HopByHop | DestinationOptions | Fragment | Routing | Authentication
