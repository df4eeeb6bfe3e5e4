"""The form of TCP options: lengths, order, padding, kinds that are odd or new (RFC 9293 §3.1, §3.2; IANA).

What the two SYNs agree on by them is the family `negotiation`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from msgspec import UNSET

from tcpdump_parse.check.notes import CaptureNotes
from tcpdump_parse.check.openings import remember
from tcpdump_parse.check.rule import Facts, rule
from tcpdump_parse.check.signs import Sign, StampsSeen, Uncommon, Unusual, sign
from tcpdump_parse.model import IPv4, IPv6, Severity, TcpOption
from tcpdump_parse.model.happenings import ChecksumUnexplained, SynSent
from tcpdump_parse.model.options import (
    Cc,
    CcEcho,
    CcNew,
    Echo,
    EchoReply,
    Eol,
    Exp,
    ExpTfo,
    Md5,
    Mptcp,
    Mss,
    Nop,
    Option,
    Sack,
    SackOk,
    TcpAo,
    Tfo,
    Timestamps,
    Unknown,
    Uto,
    Wscale,
)
from tcpdump_parse.model.steps import Step
from tcpdump_parse.track.segment import name_of

O = TypeVar("O", bound=Option)  # noqa: E741


class OddOptions(Sign, frozen=True):
    """Options other than those of ordinary traffic."""


class TimestampMissing(Sign, frozen=True):
    """No options at all on a connection whose ends both offered timestamps."""


class MssFilled(Sign, frozen=True):
    """As many octets as the other end's MSS, and timestamps beside them."""


_ODD, _MISSING, _FILLED = OddOptions(), TimestampMissing(), MssFilled()
_USUAL = {(Nop, Nop, Sack), (Nop, Nop, Timestamps, Nop, Nop, Sack), (Timestamps, Nop, Nop)}
_COMMON = {Mss, Wscale, SackOk, Timestamps, Eol}
MOST = 40
"""Octets of options a header has room for."""
NOPS = 4
"""So many in a row no common stack needs."""


@sign(OddOptions, TimestampMissing, MssFilled, of=Unusual)
def layout(step: Step) -> Sign | None:
    """`nop,nop,TS` is the usual layout and found at once."""
    tcp = step.packet.tcp
    if tcp is UNSET:
        return None
    options = tcp.options
    if not options:
        if tcp.cut is not UNSET:
            return _ODD
        offered, theirs = step.before.me.offered, step.before.peer.offered
        return _MISSING if offered and theirs and "TS" in offered and "TS" in theirs else None
    if len(options) == 3 and type(options[2]) is Timestamps and type(options[0]) is Nop is type(options[1]) and options[2].len is UNSET:
        return _FILLED if step.length and step.length == step.before.peer.mss else None
    kinds = tuple(map(type, options))
    usual = kinds in _USUAL or (is_syn(step) and tcp.cut is UNSET and _of_syn(kinds) and _overflow(step) is None)
    return None if usual and not any(map(_odd, options)) else _ODD


@lru_cache(256)
def _of_syn(kinds: tuple[type[TcpOption], ...]) -> bool:
    """Those that nearly every SYN has, each once, and few NOPs: in whatever order."""
    others = [kind for kind in kinds if kind is not Nop]
    return _COMMON.issuperset(others) and len(set(others)) == len(others) and len(kinds) - len(others) < NOPS


def options_of(step: Step) -> tuple[TcpOption, ...]:
    return () if step.packet.tcp is UNSET else step.packet.tcp.options


def option_of(step: Step, kind: type[O]) -> O | None:
    """The first option of that kind."""
    for option in options_of(step):
        if type(option) is kind:
            return option
    return None


def is_syn(step: Step) -> bool:
    tcp = step.packet.tcp
    return tcp is not UNSET and tcp.flags is not UNSET and "S" in tcp.flags


def _odd(option: TcpOption) -> str:
    """tcpdump's complaint about the option, if any."""
    if getattr(option, "len", UNSET) is not UNSET:
        return f"{name_of(option)}[len {option.len}]"  # type: ignore[union-attr]
    invalid = getattr(option, "invalid", UNSET)
    return "" if invalid is UNSET else f"{name_of(option)} {invalid}"


_SIZES: dict[type, Callable[[Any], int]] = {
    Eol: lambda o: 1, Nop: lambda o: 1, Mss: lambda o: 4, Wscale: lambda o: 3, SackOk: lambda o: 2, Sack: lambda o: 2 + 8 * len(o.blocks),
    Timestamps: lambda o: 10, Echo: lambda o: 6, EchoReply: lambda o: 6, Cc: lambda o: 6, CcNew: lambda o: 6, CcEcho: lambda o: 6,
    Md5: lambda o: 18, Uto: lambda o: 4, Unknown: lambda o: 2 + len(o.octets) // 2,
    TcpAo: lambda o: 4 + len(o.mac or "") // 2, Tfo: lambda o: 2 + len(o.cookie or "") // 2, ExpTfo: lambda o: 4 + len(o.cookie or "") // 2,
    Mptcp: lambda o: o.length or 0,
}  # fmt: skip
"""Octets of an option; for those of fixed form, or whose whole content is printed."""


def octets_of(options: tuple[TcpOption, ...]) -> int | None:
    """Octets of the printed options; None where one hides its content."""
    total = 0
    for option in options:
        size = _SIZES.get(type(option))
        if size is None or _odd(option):
            return None
        total += size(option)
    return total


def room(step: Step) -> int | None:
    """Octets that the IP length leaves for options; None where it is not known."""
    ip = step.packet.ip
    if isinstance(ip, IPv4) and ip.length is not UNSET and ip.length and ip.was is UNSET and not ip.options and not ip.extensions:
        return ip.length - 40 - step.length
    if isinstance(ip, IPv6) and ip.payload_length is not UNSET and ip.payload_length and not ip.extensions:
        return ip.payload_length - 20 - step.length
    return None


# ---- broken ----


@rule(
    on=OddOptions,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.1",
    label="MUST-68",
    quote="All TCP Options except End of Option List Option (EOL) and No-Operation (NOP) MUST have length fields",
    elsewhere=("tcp.option.len.invalid", "suricata:tcp.opt_invalid_len", "zeek:tcp_option_invalid_len"),
)
def opt_len_invalid(step: Step, event: OddOptions) -> Iterator[Facts]:
    """An option's length octet cannot be right.

    What follows it in the header cannot be trusted. Made by hand, or damaged on the way (then the checksum is wrong as well). SACK and
    Fast Open have rules of their own: `sack-count`, `tfo-cookie-len`.
    """
    tcp = step.packet.tcp
    bad = [word for option in options_of(step) if type(option) not in (Sack, Tfo) and (word := _odd(option))]
    if tcp is not UNSET and tcp.cut == "[bad opt]":
        bad.append(tcp.cut)
    if bad:
        yield Facts(option=bad[0])


@rule(on=OddOptions, severity=Severity.WARN, elsewhere=("suricata:tcp.opt_duplicate",))
def opt_duplicate(step: Step, event: OddOptions) -> Iterator[Facts]:
    """The same option stands twice in one segment.

    Receivers differ in which they believe: a way to make a monitor see another connection than the host does.
    """
    seen: set[object] = set()
    for option in options_of(step):
        kind = option.kind if hasattr(option, "kind") else None
        if kind in (None, 0, 1, 30, 253, 254):  # MPTCP and experiments may stand there more than once
            continue
        if kind in seen:
            yield Facts(option=name_of(option))
            return
        seen.add(kind)


@rule(
    on=OddOptions,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.1",
    elsewhere=("suricata:tcp.invalid_optlen", "tcp.suboption_malformed"),
)
def opt_overflow(step: Step, event: OddOptions) -> Iterator[Facts]:
    """The printed options need more octets than the header has.

    tcpdump never prints this of a real packet: the line, or the IP length, was changed.
    """
    if (over := _overflow(step)) is not None:
        needed, left = over
        yield Facts(needed=needed, room=left)


def _overflow(step: Step) -> tuple[int, int] | None:
    """Octets of the options and octets there are for them, if these are fewer."""
    options, tcp = options_of(step), step.packet.tcp
    needed, left = octets_of(options), room(step)
    limit = MOST if left is None else min(MOST, left)
    whole = tcp is not UNSET and tcp.cut is UNSET  # a first fragment may be shorter than the header, and shows none
    return (needed, limit) if needed is not None and needed > limit and (needed or whole) else None


@rule(
    on=ChecksumUnexplained,
    severity=Severity.WARN,
    cites="RFC 9293 §3.1",
    label="MUST-69",
    quote="The content of the header beyond the End of Option List Option MUST be header padding of zeros",
    elsewhere=("tcp.non_zero_bytes_after_eol",),
)
def opt_after_eol(step: Step, event: ChecksumUnexplained) -> Iterator[Facts]:
    """Octets behind the end of the option list are not zero.

    tcpdump does not print them, but the checksum counts them: with zeros it would be another. Some stacks send leftovers of memory; a
    hidden channel would look the same. `facts.residue` is their sum.
    """
    if event.explanation == "hidden_field" and any(type(option) is Eol for option in options_of(step)):
        yield Facts(residue=event.residue)


@rule(on=OddOptions, severity=Severity.WARN, elsewhere=("tcp.nop",))
def opt_nop_run(step: Step, event: OddOptions) -> Iterator[Facts]:
    """Four or more NOPs in a row: most likely something on the way blanked an option out.

    Firewalls and routers overwrite options they do not want, such as SACK, timestamps or MPTCP, with NOPs. No common stack pads like this.
    """
    longest = run = 0
    for option in options_of(step):
        run = run + 1 if type(option) is Nop else 0
        longest = max(longest, run)
    if longest >= NOPS:
        yield Facts(nops=longest)


# ---- unusual ----


@rule(on=StampsSeen, severity=Severity.NOTE, cites="RFC 7323 Appendix A")
def opt_alignment(step: Step, event: StampsSeen) -> Iterator[Facts]:
    """The timestamps do not lie on a boundary of four octets.

    Legal. The recommended layout is `nop,nop,TS`; tools and small stacks do otherwise, so it tells them apart.
    """
    options = options_of(step)
    place = next((i for i, option in enumerate(options) if type(option) is Timestamps), 0)
    before = octets_of(options[:place])
    if before is not None and before % 4 != 2:
        yield Facts(octets_before=before)


@rule(
    on=Uncommon,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.1",
    label="MUST-6",
    quote="ignore without error any TCP Option it does not implement, assuming that the option has a length field",
    elsewhere=("tcp.options.unknown",),
)
def opt_unknown(step: Step, event: Uncommon) -> Iterator[Facts]:
    """An option of a kind that tcpdump does not know.

    Receivers must ignore it; some firewalls drop such segments.
    """
    if event.name == "unknown":
        yield Facts(option_kind=event.kind)


@rule(on=Uncommon, severity=Severity.NOTE, cites="RFC 5482", elsewhere=("tcp.options.user_to_val", "zeek:tcp_option_uto_invalid_len"))
def uto_present(step: Step, event: Uncommon) -> Iterator[Facts]:
    """This end says how long it keeps data unacknowledged before it gives up (user timeout).

    However, the seconds that tcpdump prints are wrong: it takes the lowest bit for the unit, RFC 5482 the highest.
    """
    for option in options_of(step):
        if event.name == "uto" and type(option) is Uto:
            minutes, time = option.value >> 15, option.value & 0x7FFF
            yield Facts(timeout_s=time * 60 if minutes else time)


@rule(on=Uncommon, severity=Severity.NOTE, cites="RFC 6994", elsewhere=("tcp.options.experimental",))
def exp_option(step: Step, event: Uncommon) -> Iterator[Facts]:
    """An experimental option (kind 253 or 254)."""
    if event.kind in (253, 254):
        magic = next((f"0x{option.magic:04x}" for option in options_of(step) if isinstance(option, Exp)), event.name)
        yield Facts(option_kind=event.kind, experiment=magic)


HISTORIC = {6: "echo", 7: "echo reply", 11: "CC", 12: "CC.NEW", 13: "CC.ECHO", 19: "MD5", 20: "SCPS", 29: "TCP-AO"}


@rule(on=Uncommon, severity=Severity.NOTE, cites="IANA TCP Option Kind Numbers", elsewhere=("tcp.options.scps", "tcp.options.md5"))
def scps_cc_echo_md5_ao(step: Step, event: Uncommon) -> Iterator[Facts]:
    """A rare option: one of history (echo, T/TCP), of satellite links (SCPS), or a signature (MD5, TCP-AO).

    Signed segments cannot pass address translation; the others are hardly seen outside of tests.
    """
    if event.kind in HISTORIC:
        yield Facts(option=HISTORIC[event.kind])


class Layouts(CaptureNotes):
    """How the SYNs of each host lay out their options: (layout, its frames), the latest three."""

    on: ClassVar = (SynSent,)

    def __init__(self) -> None:
        self.of: dict[str, tuple[str, tuple[int, ...]]] = {}

    def see(self, step: Step, event: SynSent) -> None:
        if event.copy > 1:
            return
        host, now = step.connection.addr(step.side), laid_out(step)
        was, frames = self.of.get(host, (now, ()))
        if was == now:
            remember(self.of, host, (now, (*frames[-2:], step.frame)))
        elif len(frames) < 3:
            remember(self.of, host, (now, (step.frame,)))


def laid_out(step: Step) -> str:
    return ",".join(name_of(option) for option in options_of(step))


@rule(on=SynSent, notes=Layouts, severity=Severity.NOTE)
def opt_changed_in_path(step: Step, event: SynSent, notes: Layouts) -> Iterator[Facts]:
    """The options of this SYN differ from those of the same host's other SYNs.

    A stack lays its options out in one way. Something on the way changed them, a program set its own, or several hosts share the address.
    """
    was, frames = notes.of.get(step.connection.addr(step.side), ("", ()))
    if event.copy == 1 and len(frames) == 3 and was != laid_out(step):
        yield Facts(evidence=frames, was=was, now=laid_out(step))
