"""What to say about a record that no rule reads: where, what was seen, what was expected, and what it might be.

The parser gives only a place and the terminals it would have taken there. Literals show themselves; the others have a name in
words (`WORDS`). `LIKENESSES` is a table of texts that people give by mistake or that a way of copying made of tcpdump's, with what to do.
"""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

WORDS = {
    "$END": "the end of the record",
    "ADDRESS": "an IPv4 address",
    "ADDRESS6": "an IPv6 address",
    "ADDRESS_BEFORE_PORT": "an address",
    "ADDRESS_PORT": "an address with its port",
    "ARC": "an ARCNET address",
    "ARC_NAME": "an ARCNET protocol",
    "BIG": "a number",
    "CAPABLE_FLAGS": "MPTCP flags (letters A to H)",
    "CARET_BEHIND": "the pointer ^",
    "CARET_HERE": "the pointer ^",
    "CLOSED": "the headers of a tunnel",
    "CLOSED_LINK": "a link header",
    "DIRECTION": "a direction (In, Out, B, M, P)",
    "ECN": "an ECN mark (ECT(0), ECT(1), CE)",
    "ENDPOINT": "an address and port",
    "ENDPOINT6": "an IPv6 address and port",
    "ETHERTYPE": "the name of an EtherType",
    "FLAGS": "TCP flags (S F R P . U E W in this order)",
    "GLUED": "a number",
    "GENEVE_OPTIONS": "Geneve options",
    "H2": "two hex digits",
    "H4": "four hex digits",
    "H4TEXT": "four hex digits",
    "H5": "five hex digits",
    "H8": "eight hex digits",
    "HDLC": '"unicast" or "bcast"',
    "HEX": "a hex number",
    "HEX64": "a hex number",
    "HOP": "an address",
    "HOP_RECORDED": "an address",
    "ICMP_TEXT": "an ICMP message",
    "INT": "a number",
    "INTERFACE": "an interface",
    "IP_FLAGS": "IP flags (+, DF, rsvd)",
    "LENGTH_WITH_PORT": "a length",
    "LLC": "an LLC header",
    "MAC": "a MAC address",
    "MAC_DIRECTION": "a direction (in, out)",
    "MAC_INTERFACE": "an interface",
    "MAC_WORD": "a service class",
    "MPTCP_ADDRESS": "an address",
    "NUMBER": "a packet number",
    "OLD_FLAGS": "TCP flags without brackets",
    "OCTETS": "octets in hex",
    "PARTIAL": "an option that breaks off",
    "PORT": "a port",
    "PPP_NAME": "a PPP protocol",
    "PRESUMED": '"TSO" or "BIG TCP"',
    "PROCESS": "a process",
    "QUAD": "an IPv4 address",
    "QUIET_NAME": "a protocol",
    "RING_CONTROL": "control octets of Token Ring or FDDI",
    "RING_ROUTE": "a route of Token Ring",
    "RST_FLAGS": "reset flags (U V W T)",
    "RST_REASON": "a reason",
    "SLL_DIRECTION": "a direction (In, Out, B, M, P)",
    "STAMP_FORM": "a form of timestamps",
    "TIME": "a time (HH:MM:SS and a fraction)",
    "TAGGED": "an EtherType",
    "TACIT_TYPE": "the name of an EtherType",
    "TTL3": "a number",
    "TUNNEL_FLAGS": "flags",
    "V6": "an IPv6 address",
    "VARIANT": "a version of add-addr",
    "VLAN_TYPE": "the name of an EtherType",
    "VXLAN_FLAGS": "VXLAN flags",
    "WORD": "a word",
}
_LETTERS = string.ascii_letters + string.digits
SHOWN = 6
"""So many expectations are named."""
LOOKED_AT = 4000


class Likeness(NamedTuple):
    """A text by a pattern (latin-1, as all text in this room), and what to say to who gave it."""

    name: str
    pattern: re.Pattern[str]
    sentence: str


LIKENESSES = tuple(
    Likeness(name, re.compile(pattern), sentence)
    for name, pattern, sentence in (
        ("html", r"(?s:.*)&(?:gt|lt|amp|nbsp|#\d+);", "the log went through HTML (&gt; stands for >); copy it as text"),
        (
            "second line missing",
            r"[^\n]*\(tos [^\n]*\bproto[^\n]*, length \d+[^\n]*\)\s*$",
            "the second line of this record is missing; a filter that takes lines tears records apart: use grep -A1, or give the whole log",
        ),
        (
            "first line missing",
            r"\s+\S+ > \S+: Flags \[",
            "the first line of this record (its time and IP header) is missing; was the log filtered by line?",
        ),
        ("ASA", r"\s*\d+: \d\d:\d\d:\d\d\.\d+ +(?:802\.1Q vlan#\d+ P\d )?[\d.]+ > ", "a Cisco ASA shows captures so; export it as pcap"),
        (
            "tcpdump 3",
            r".* > [^:\n]+: [SFRPWE.]+ (?:\[[^\]\n]*\] )?\d+:\d+\(\d+\)",
            "this is how tcpdump 3 prints (flags without brackets, seq:seq(length)), in a form that is not known here",
        ),
        ("F5", r".* (?:in|out) slot\d+/tmm\d+ lis=", "F5 adds its own words; capture without :n behind the interface"),
        (
            "tshark",
            r"\s*(?:\d+ +)?\d+\.\d+ +\S+ +(?:\xe2\x86\x92|->|\S+) +\S+ +(?:TCP|TLS\S*|HTTP)\b",
            "this is tshark's text; print the capture with: tcpdump -S -nn -vvv -r FILE",
        ),
        (
            "Wireshark",
            r"(?:Frame \d+: |Transmission Control Protocol, Src Port|No\. +Time +Source)",
            "this is Wireshark's text; give the capture file itself",
        ),
        ("snoop", r".* -> .* TCP [DS]=\d+", "this is snoop's text; save with snoop -o, and convert with tshark -F pcap"),
        ("ss", r"(?:Netid|State +Recv-Q|(?:ESTAB|LISTEN|TIME-WAIT|SYN-SENT) +\d+ +\d+ )", "this is the output of ss: sockets, not packets"),
        ("netstat", r"(?:Proto +Recv-Q|tcp6? +\d+ +\d+ +\S+ +\S+ +[A-Z_12]+)", "this is the output of netstat: sockets, not packets"),
        (
            "typography",
            r"(?s:.*)(?:\xe2\x80[\x90-\x9f\xa6]|\xef\xbc[\x88-\xbf])",
            "typographic characters stand where tcpdump prints plain ones; copy the log as text",
        ),
        ("comma in the time", r"\s*\d\d:\d\d:\d\d,\d+ ", "the time has a comma; tcpdump prints a dot"),
        (
            "other flags",
            r".*\bFlags \[(?!(?:[SFRP.UEWe]+|none)\](?:,| \[))",
            "these flags are not TCP's; other protocols print the word too",
        ),
        (
            "wrapped",
            r"(?s:.*)\bFlags \[(?!(?s:.*), length \d)",
            "the record breaks off before its length; the line was cut or wrapped when it was copied",
        ),
    )
)


class Diagnosis(NamedTuple):
    """`column`: offset of the first character that does not fit, in the record's text. `message` holds the expectations too."""

    column: int
    expected: tuple[str, ...]
    message: str


def diagnose(text: str, column: int, accepts: Collection[str], terminals: Mapping[str, str]) -> Diagnosis:
    """Explains why the parser stopped: `accepts` are the terminals it would have taken at `column` of the record's text."""
    literals = {name: literal for name in accepts if (literal := _literal(terminals.get(name, ""))) is not None}
    shared = _shared(text[column : column + 80], literals.values())
    column += len(shared)
    expected = tuple(dict.fromkeys(_worded(accepts, literals, shared)))
    seen = _seen(text, column)
    remedy = likeness(text) or _meant(seen, expected)
    return Diagnosis(column, expected, f"{_listed(expected)}saw {seen}{'; ' if remedy else ''}{remedy}")


def likeness(text: str) -> str:
    """What this text may be instead of a record of tcpdump's, and what to do; empty when nothing comes to mind."""
    return next((known.sentence for known in LIKENESSES if known.pattern.match(text[:LOOKED_AT])), "")


def _listed(expected: tuple[str, ...]) -> str:
    if not expected:
        return ""
    more = len(expected) - SHOWN
    named = list(expected[:SHOWN]) + ([f"{more} others"] if more > 0 else [])
    return f"expected {', '.join(named[:-1])}{' or ' if named[:-1] else ''}{named[-1]}, "


def _seen(text: str, column: int) -> str:
    rest = text[column : column + 60]
    if not rest.strip():
        return "the end of the record" if len(text) - column <= len(rest) else "blanks"
    if rest.startswith("\n"):
        return "the end of the line"
    said = rest.lstrip().encode("latin-1", "replace").decode("utf-8", "replace")  # inside `read` a character is an octet
    word = re.match(r"[\w.:-]+|\S{1,12}", said)
    return f'"{word[0]}"' if word else "blanks"


def _worded(accepts: Collection[str], literals: Mapping[str, str], shared: str) -> Iterator[str]:
    """Literals first (those that the text began like, without what they share), then the others in words."""
    for literal in sorted(literal for literal in literals.values() if literal.startswith(shared)):
        rest = literal.removeprefix(shared)
        if rest.strip():
            yield f'"{rest.strip()}{"…" if literal.endswith("0x") else ""}"'
        else:
            yield "a new line and four blanks" if "\n" in rest else "a blank"
    if not shared:
        yield from sorted({WORDS.get(name, name.lower().replace("_", " ")) for name in accepts if name not in literals})


@lru_cache(2048)
def _literal(pattern: str) -> str | None:
    """The one text that a pattern matches, if it is no more than that."""
    text = re.sub(r"\\(.)", r"\1", pattern, flags=re.DOTALL)
    return text if pattern and re.escape(text) == pattern else None


def _shared(text: str, literals: Collection[str]) -> str:
    """What the text has in common with the literals that come closest, as whole words."""
    longest, behind = max(((_common(text, literal), literal) for literal in literals), key=lambda pair: len(pair[0]), default=("", ""))
    inside = (text[len(longest) :][:1] + behind[len(longest) :][:1]).isalnum() or longest == text
    return longest.rstrip(_LETTERS) if inside else longest


def _common(one: str, other: str) -> str:
    return one[: sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))]


def _meant(seen: str, expected: tuple[str, ...]) -> str:
    words = {word.strip('"…').split(" ")[0].strip("()[],"): word for word in expected if word.startswith('"')}
    close = get_close_matches(seen.strip('"'), [word for word in words if len(word) > 2], 1, 0.7)
    return f"did you mean {words[close[0]]}?" if close else ""
