"""How lines look, before any of them is read: where a record begins, where its head ends, what follows one at column 0.

These patterns say where to cut and whom to ask; what stands in a record is the grammar's matter alone.
"""

from __future__ import annotations

import re

_FLAGS = r": Flags \[(?:[A-Za-z.]+)\]"
_BAD_HEADER = r" \[bad hdr length [^\]\n]*\](?: \(invalid\))?"

LONGEST = 2000
"""Characters in which a record without a segment says what it is."""
# From `Flags [` to `, length`: forty octets of options are at most some four hundred characters. Without a bound a long hostile line
# would be looked through again from each of its colons.
_HEAD = "{0,800}?"

# Where a segment's head ends: behind `length N`, or where tcpdump gave up. The last form is that of tcpdump 3.9 and older.
SEGMENT = re.compile(
    rf"{_FLAGS}(?:(?=,).{_HEAD}, length [0-9]+|{_BAD_HEADER}|[^\n\x01]{_HEAD}\[bad opt\]\]?|[^\n\x01]{_HEAD}\[\|tcp\]>?)"
    rf"|: {{0,2}}tcp -?[0-9]+(?:{_BAD_HEADER})?"
    r"|:  ?\[\|tcp\]"
    rf"|: [SFRPWE.]{{1,6}}(?:{_BAD_HEADER}|(?:,? |,)[^\n\x01<]{_HEAD}win [0-9]+(?: urg [0-9]+)?(?: <[^>\n\x01]*>)?)",
    re.DOTALL,
)

_DAYTIME = r"[0-9]{2,9}:[0-9]{2}:[0-9]{2}\.[0-9]{6}"
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}"
_DATE = (  # but not the date and time that another program put before the record's own
    r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}/[0-9]{2}/[0-9]{4}) "
    rf"(?!{_CLOCK}(?:[.,][0-9]{{1,9}})? (?:[+-][0-9:]{{4,5}} )?{_CLOCK}\.)[0-9]{{2}}:"
)
_SHORT_TIME = r"(?:[ -]?[0-9]{2}:[0-9]{2}:[0-9]{2}|[0-9]{9,11})\.[0-9]{1,5}(?= (?:IP6? |(?:[0-9a-f]{2}:){5}|[^ ]{1,40} +(?:In |Out) IP))"
_TIME = rf"[ -]?{_DAYTIME}|-?[0-9]{{1,19}}\.[0-9]{{6}}|{_DATE}|(?:[0-9]{{1,9}}\. )?[0-9]{{6}} (?=IP6? )|{_SHORT_TIME}"
_NO_TIME = r"\[(?:Error converting time|timestamp overflow)\] "
_BEFORE = r"(?: {0,4}[0-9]{1,9}  )?(?:caplen [0-9]+ len [0-9]+ )?"

_USUAL = r"[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}"  # seen fast: the others would be tried in turn

STARTS = re.compile(rf"{_USUAL}|{_BEFORE}(?:{_TIME}|{_NO_TIME}|\[Invalid header: )")
RECORD_BEGINS = frozenset("0123456789 -[c")
"""What STARTS begins with."""
TIME = re.compile(rf"(?:{_TIME})[^ ]*")
PREFIX = re.compile(rf"{_BEFORE}(?:(?:{_TIME})[^ ]*(?: \(invalid [un]s\))? |{_NO_TIME})?")

# Records of -t have no time: they begin with a word of the network layer, or with a link header.
_ENDS = r"[^ \n]+ > [^ \n]+: "
_ADDRESSES = r"[^ \n]*[0-9.:][^ \n]* > [^ \n]*[0-9.:][^ \n]*: "
_SHORT = r"(?:truncated-ip6? - [0-9]+ bytes missing! ?|\[[^\]\n]{0,80}length [^\]\n]{0,80}\] \(invalid\) )"
TIMELESS = re.compile(
    rf"{_BEFORE}(?:IP6? {_SHORT}?(?:\((?:tos|class|flowlabel|hlim) |{_ENDS})|ARP, |(?:MPLS \(|PPPoE +\[|AF IPv[46] \(|ip: |IPOIB, )"
    r"|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}[^\n>]* > [^\n]*, (?:ethertype |802\.3, |IPv[46], )"
    rf"|(?: In|Out| {{2}}[BMP?]) (?:(?:[0-9a-f]{{2}}:){{5}}[0-9a-f]{{2}} (?:\(oui [^)\n]*\) )?)?"
    rf"(?:ethertype [^\n(]* \(0x|vlan [0-9]|{_ADDRESSES}(?:Flags|tcp|[0-9]))"
    rf"|[^ \n]+ +(?:In |Out|B  |M  |P  |\?  ) (?:IP|ifindex |[0-9a-f:.]+ > |ethertype [A-Z0-9])"
    rf"|(?:ethertype [A-Z0-9][^ ,\n]*, )+IP6? |{_ENDS}(?:Flags \[[^\n]*, |tcp [0-9]+$))"
)
# The rarer link headers: what begins like one is a record when it shows an IP header.
_MAC = r"(?:[0-9a-f]{2}:){5}"
_LENGTH_OF = r"length [0-9]+: "
_LINKS = (
    rf"[0-9a-f]{{2}} [0-9a-f]{{2}} (?:{_MAC}|(?:[a-z0-9]+ )?(?:seqid [0-9a-f]{{4}} )?[0-9]+(?: IP)?: (?:[0-9(]|IP))|async[0-9a-f] {_MAC}",
    r"rt = [0-9a-f:]+ \(|(?:Non-Broadcast|All-routes|Single-route) (?:Forward|Backward) [\[(]",  # Token Ring, ARCNET, FDDI, serial PPP
    rf"[A-Z][A-Za-z0-9 ]* \(0x[0-9a-f]{{4}}\), {_LENGTH_OF}|IP: IP |IP6: IP6 |[IO] (?:ip|utcp|ctcp)[^\n:]{{0,20}}: ",  # PPP, SLIP
    r"LLC, dsap [^ \n]+ \(0x|[RT]x: VPI:",  # ATM
    rf"(?:unicast|bcast), (?:ethertype [^\n(]*\(0x[0-9a-f]{{4}}\), |IPv[46], )?{_LENGTH_OF}",  # HDLC
    rf"Q\.922, (?:hdr-len [0-9]+, )?DLCI [0-9]+, |IPv[46], {_LENGTH_OF}|ethertype [A-Z][^\n(]{{0,60}}\(0x[0-9a-f]{{4}}\), {_LENGTH_OF}",
    rf"(?:[0-9a-f]{{2}}:[^\n>]{{14,50}} > [^\n,]*, )?[A-Z][A-Za-z ]{{0,60}}, {_LENGTH_OF}SubType ",  # Arista
    rf"(?:[0-9]+us |Retry |[^ \n]+ Mb/s |[A-Z]{{2,5}} |\+QoS ){{0,5}}(?:BSSID|DA|RA):{_MAC}|[0-9.]+\*? Mb/s [0-9]+ MHz ",  # 802.11
    r"\([a-z,]*\): SPI 0x|rule [^ \n]+/[0-9]+\([a-z-]+\): ",  # enc, pflog
    r"E?DSA (?:[A-Z0-9][^\n]{0,40}, |0x)[^\n]{0,60}VLAN |BRCM tag OP",  # tags of switches
    r"(?: In|Out) hlen ",  # Juniper
)
LINK_BEGINS = re.compile(rf"{_BEFORE}(?:{'|'.join(_LINKS)})")
SHOWS_IP = re.compile(rf"(?:IP6? |[:,] ){_SHORT}?(?:\((?:tos 0x|class 0x|flowlabel 0x|hlim [0-9])|{_ADDRESSES})")
INNER = re.compile(r"VXLAN, flags \[[^\]]*\] \(0x[0-9a-f]{2}\), vni [0-9]+\Z")
COLUMN_0 = re.compile(r"\[\||Telnet:$|0x[0-9a-f]{4}: ")

# A second line that a paste indented otherwise than by four blanks.
_SEGMENT_LINE = r"[^ \n\x01]+ > [^ \n\x01]+: (?:Flags \[| tcp )"
SECOND = re.compile(rf"[ \t]*{_SEGMENT_LINE}")
OTHER_INDENT = re.compile(rf"([^\n\x01]*\))\n[ \t]*(?={_SEGMENT_LINE})")

# A second line behind a line that is no first one: its own was lost (grep).
ORPHAN = re.compile(r"(?<!\))\x01[^ \n\x01]+ > [^ \n\x01]+: Flags \[")

# A record that was torn: a link header without its length; an IP header whose parenthesis never closes; endpoints that break
# off, even before the first, behind an IP header of TCP or of nothing yet; a segment line that breaks off before its length.
_HEADER = r"\((?:tos|class|flowlabel|hlim) "
_TCP = (  # no parenthesis stands before the protocol's number but that of ECT: what a long line repeats is not tried from everywhere
    r"\((?:tos 0x[0-9a-f]+(?:,ECT\([01]\))?,[^()\n\x01]*, offset 0, [^()\n\x01]*\bproto TCP \(6\), length [0-9]+"
    r"|(?:class|flowlabel|hlim) [^()\n\x01]*\bnext-header TCP \(6\) payload length: [0-9]+)[^\n\x01]*\)"
)
_FLAGS_TORN = r"(?:F|Fl|Fla|Flag|Flags(?: (?:\[[A-Za-z.]*)?)?)"
_TORN_ENDS = rf"[^ \n\x01]*(?: (?:>(?: (?:[^ \n\x01]*(?: {_FLAGS_TORN}?)?)?)?)?)?"
TORN = re.compile(
    rf"{_TCP}[ \t]*\x01?{_TORN_ENDS}\Z"
    rf"|(?:IP6?|:) (?:\([a-z]*\Z|{_HEADER}(?:[^()\n\x01]|\([^()\n\x01]*\))*(?:\([^()\n\x01]*)?\Z)"
    r"|(?:[0-9a-f]{2}:){5}[0-9a-f]{2} >(?:(?![^\n]*, length [0-9]+: )|(?=[^\n]*IPv[46](?: \(0x[0-9a-f]+\))?, length [0-9]+: ?\Z))"
    rf"|[^ \n\x01]+ > [^ \n\x01]+: {_FLAGS_TORN}\Z"
)
SEGMENT_TORN = re.compile(r"[^ \n\x01]+ > [^ \n\x01]+: Flags \[(?:[SFRP.UEWe]+|none)\](?:, [^\n\x01]*|,?)\Z")
_PORT = r"[0-9A-Za-z.:*_-]{1,99}"
BEGUN = re.compile(
    rf"{_BEFORE}(?:{_TIME})[^ ]*(?: (?:[0-9a-z:]{{1,20}}(?: +(?:(?:In|Out|B|M|P|\?) *)?)?)?"
    rf"(?:I|IP6?(?: (?:[0-9a-f]{_PORT}(?: (?:>(?: (?:{_PORT}(?<!:))?)?)?)?|[0-9a-f])?)?)?)?\Z"
)
"""A record's time, and at most where it came from and an endpoint and a half."""

HEADER_SHOWN = re.compile(r"[E`](?=[^\n]*(?:\.[^\n]*){6})")


def addressed(text: str) -> str | None:
    """The beginning of a record up to its addresses; None when it shows none. (A pattern would be quadratic on long lines.)"""
    line = text[:LONGEST].partition("\n")[0]
    at = line.find(" > ")
    while at > 0:
        end = line.find(": ", at)
        if end < 0:
            return None
        if not any(space in line[at + 3 : end] for space in " \x01"):
            return line[: end + 2]
        at = line.find(" > ", at + 3)
    return None
