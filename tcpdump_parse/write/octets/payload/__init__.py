"""What a payload was, from the lines tcpdump decoded it to.

Law: a guess is offered, never believed. Each decoder gives what the octets may have been, likeliest first; the segment's length
and checksum choose. A guess that adds up is what was on the wire, as far as a checksum can tell.

    guess     what a decoder offers            marked    tcpdump's ^A and M-x notation
    lines     HTTP, RTSP, SMTP, FTP, WHOIS     resp      Redis
    openflow  OpenFlow 1.0 and the header of every version    bgp    BGP-4
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tcpdump_parse.write.octets.payload.bgp import bgp
from tcpdump_parse.write.octets.payload.guess import Guess
from tcpdump_parse.write.octets.payload.lines import banner, lines
from tcpdump_parse.write.octets.payload.marked import reset_text
from tcpdump_parse.write.octets.payload.openflow import openflow
from tcpdump_parse.write.octets.payload.resp import resp
from tcpdump_parse.write.octets.payload.rpki import rpki

__all__ = ["Guess", "guesses"]

DECODED: dict[str, Callable[[str, int], Iterator[Guess]]] = {
    ": HTTP": lines,
    ": RTSP": lines,
    ": SMTP": lines,
    ": FTP": lines,
    ": WHOIS": lines,
    ": SSH": banner,
    ": RESP": resp,
    ": OpenFlow": openflow,
    ": BGP": bgp,
    " [RST": reset_text,
    " [!RST": reset_text,
    "\tRPKI": rpki,
}
"""How a tail begins, and who knows that protocol's lines."""

LONGEST = max(map(len, DECODED))


def guesses(tail: str, length: int) -> Iterator[Guess]:
    """What a payload of `length` octets may have been, given the text after `length N`; nothing when nobody knows it."""
    tail = tail.removeprefix("\n")
    for size in range(LONGEST, 4, -1):
        decoder = DECODED.get(tail[:size])
        if decoder is not None:
            return _guarded(decoder(tail, length))
    return iter(())


def _guarded(offered: Iterator[Guess]) -> Iterator[Guess]:
    """A line whose numbers do not fit their fields (text may say anything) ends the guessing, not the program."""
    try:
        yield from offered
    except (ValueError, ArithmeticError, LookupError, OSError):
        return
