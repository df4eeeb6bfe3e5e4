"""Signed segments: the MD5 option (RFC 2385) and TCP-AO (RFC 5925), as BGP uses them.

Whether a signature is right is not asked: tcpdump checks it with `-M secret` only, and says so in the option.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import UNSET

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, rule
from tcpdump_parse.check.rules.options import OddOptions, option_of
from tcpdump_parse.check.signs import Sign, Unusual, sign
from tcpdump_parse.model import Severity
from tcpdump_parse.model.options import Md5, Option, TcpAo
from tcpdump_parse.model.steps import Step
from tcpdump_parse.model.terms import Side


class SignedEnd(Sign, frozen=True):
    """A segment of an end whose SYN was signed."""


_SIGNED = SignedEnd()


@sign(SignedEnd, of=Unusual)
def signed(step: Step) -> Sign | None:
    """Few connections are."""
    offered = step.before.me.offered
    return _SIGNED if offered and ("md5" in offered or "tcp-ao" in offered) else None


def _missing(step: Step, kind: type[Option], name: str) -> bool:
    """Is its option gone, of an end whose SYN had it? RSTs aside: a host without the connection has no key either."""
    tcp, offered = step.packet.tcp, step.before.me.offered or ()
    if name not in offered or tcp is UNSET or tcp.flags is UNSET or "R" in tcp.flags or tcp.cut is not UNSET or tcp.bad_header is not UNSET:
        return False
    return not any(type(option) is kind for option in tcp.options)


class KeyIds(Notes):
    """The latest TCP-AO key of each end."""

    on: ClassVar = (OddOptions,)

    def __init__(self) -> None:
        self.of: dict[Side, int] = {}

    def see(self, step: Step, event: OddOptions) -> None:
        option = option_of(step, TcpAo)
        if option is not None and option.keyid is not UNSET:
            self.of[step.side] = option.keyid


@rule(on=SignedEnd, severity=Severity.ERROR, cites="RFC 2385 §2.0", elsewhere=("tcp.options.md5", "packetdrill:md5-only-on-client-ack"))
def md5_inconsistent(step: Step, event: SignedEnd) -> Iterator[Facts]:
    """A segment without the MD5 signature in a signed connection: the receiver drops it.

    A forged segment looks so, a device that strips options, or a host that lost its configuration.
    """
    if _missing(step, Md5, "md5"):
        yield Facts()


@rule(on=SignedEnd, severity=Severity.ERROR, cites="RFC 5925 §7", elsewhere=("tcp.options.ao",))
def ao_unsigned(step: Step, event: SignedEnd) -> Iterator[Facts]:
    """A segment without TCP-AO in a connection that is authenticated by it: the receiver drops it."""
    if _missing(step, TcpAo, "tcp-ao"):
        yield Facts()


@rule(on=OddOptions, notes=KeyIds, severity=Severity.NOTE, cites="RFC 5925 §6", elsewhere=("tcp.options.ao",))
def ao_keyid_change(step: Step, event: OddOptions, notes: KeyIds) -> Iterator[Facts]:
    """This end signs with another key from here on: keys are being replaced."""
    option, was = option_of(step, TcpAo), notes.of.get(step.side)
    if option is not None and option.keyid is not UNSET and was is not None and option.keyid != was:
        yield Facts(was=was, now=option.keyid)


@rule(on=OddOptions, severity=Severity.ERROR, cites="RFC 5925 §2.2")
def md5_and_ao(step: Step, event: OddOptions) -> Iterator[Facts]:
    """MD5 signature and TCP-AO in one segment: the receiver must drop it."""
    if option_of(step, Md5) is not None and option_of(step, TcpAo) is not None:
        yield Facts()
