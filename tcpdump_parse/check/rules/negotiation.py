"""What the two SYNs agree on, and who keeps to it: MSS, window scale, SACK, timestamps (RFC 9293 §3.7.1, RFC 7323, RFC 2018).

The form of the options is the family `options`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import UNSET

from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.openings import Opening
from tcpdump_parse.check.rule import Facts, Need, rule
from tcpdump_parse.check.rules.options import MssFilled, OddOptions, TimestampMissing, is_syn, option_of
from tcpdump_parse.check.signs import StampsSeen
from tcpdump_parse.model import IPv6, Packet, Severity
from tcpdump_parse.model.happenings import Copied, HandshakeDone, StartedLate, SynAckSent, SynSent
from tcpdump_parse.model.options import Mss, SackOk, Timestamps, Wscale
from tcpdump_parse.model.steps import Ending, Step
from tcpdump_parse.model.terms import Side
from tcpdump_parse.track.opening import lacks

SYNS = (SynSent, SynAckSent)
def _first(step: Step, event: SynSent | SynAckSent) -> bool:
    """The first SYN of its end, its options printed whole."""
    return event.copy == 1 and step.packet.tcp is not UNSET and step.packet.tcp.cut is UNSET


def _unasked(step: Step, event: SynAckSent, name: str) -> bool:
    """Does the answer carry an option that the SYN did not offer?"""
    return event.copy == 1 and lacks(step.before.peer.offered, name)


# ---- maximum segment size ----


@rule(
    on=OddOptions,
    severity=Severity.ERROR,
    cites="RFC 9293 §3.2",
    label="MUST-65",
    elsewhere=("tcp.options.mss.present",),
)
def mss_on_nonsyn(step: Step, event: OddOptions) -> Iterator[Facts]:
    """An MSS option outside of a SYN: it must be ignored there."""
    option = option_of(step, Mss)
    if option is not None and not is_syn(step):
        yield Facts(mss=option.value)


@rule(
    on=SYNS,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.7.1",
    label="MUST-15",
    quote="If an MSS Option is not received at connection setup, TCP implementations MUST assume a default send MSS of 536 (576 - 40) for "
    "IPv4 or 1220 (1280 - 60) for IPv6",
    elsewhere=("tcp.options.mss.absent",),
)
def mss_absent(step: Step, event: SynSent | SynAckSent) -> Iterator[Facts]:
    """The SYN carries no MSS: the other end must send small segments.

    Scanners and very old stacks leave it out, and devices on the way that strip options.
    """
    if _first(step, event) and option_of(step, Mss) is None:
        yield Facts(assumed=_default(step))


def _default(step: Step) -> int:
    return 1220 if isinstance(step.packet.ip, IPv6) else 536


@rule(
    on=SYNS,
    severity=Severity.NOTE,
    cites="RFC 9293 §3.7.1",
    label="MUST-67",
    quote="The MSS value to be sent in an MSS Option must be less than or equal to: MMS_R - 20",
)
def mss_too_big(step: Step, event: SynSent | SynAckSent) -> Iterator[Facts]:
    """The advertised MSS is larger than any IP packet can carry."""
    option = option_of(step, Mss)
    limit = 65_476 if isinstance(step.packet.ip, IPv6) else 65_495  # what Linux advertises on lo, with an MTU of 65536 (IPv4: 65535)
    if option is not None and event.copy == 1 and option.value > limit:
        yield Facts(mss=option.value, limit=limit)


LEAST = 88
"""Linux treats a smaller MSS as this."""


@rule(on=SYNS, severity=Severity.WARN, cites="RFC 9293 §3.7.1")
def mss_tiny(step: Step, event: SynSent | SynAckSent) -> Iterator[Facts]:
    """The advertised MSS is smaller than what every host must be able to receive.

    Below the default of 536 (IPv6: 1220) the sender wastes much on headers; below 88 octets a third of all it sends, and more. Meant to
    wear a sender down (CVE-2019-11479), or a misconfigured tunnel.
    """
    option = option_of(step, Mss)
    if option is not None and event.copy == 1 and option.value < _default(step):
        yield Facts(severity=None if option.value < LEAST else Severity.NOTE, mss=option.value, usual=_default(step))


@rule(on=Copied, notes=Opening, severity=Severity.NOTE)
def mss_clamped(step: Step, event: Copied, notes: Opening) -> Iterator[Facts]:
    """The same SYN was recorded twice with two MSS values: a device between the two places changed it.

    Routers clamp the MSS for tunnels and PPPoE. The IP id (or the timestamp) shows that it is one packet.
    """
    now = option_of(step, Mss)
    if now is None or not is_syn(step):
        return
    first = next((syn for syn in (*notes.syns, *notes.answers) if syn.frame in event.frames), None)
    was = next((option.value for option in first.options if type(option) is Mss), None) if first is not None else None
    if was is not None and was != now.value:
        yield Facts(evidence=event.frames, was=was, now=now.value)


class Filled(Notes):
    """Segments of exactly the receiver's MSS with options beside it, by sender: the first, and how many."""

    on: ClassVar = (MssFilled,)

    def __init__(self) -> None:
        self.first: dict[Side, Packet] = {}
        self.count: dict[Side, int] = {}

    def see(self, step: Step, event: MssFilled) -> None:
        self.first.setdefault(step.side, step.packet)
        self.count[step.side] = self.count.get(step.side, 0) + 1


@rule(on=Ending, notes=Filled, severity=Severity.NOTE, cites="RFC 6691", elsewhere=("RFC 2525 §2.18",))
def mss_ignores_options(ending: Ending, notes: Filled) -> Iterator[Facts]:
    """Segments as long as the MSS carry options besides: the packets are longer than the receiver asked for.

    The sender must take the options off. A program that writes exactly so many octets, on a machine whose card cuts segments, looks the
    same; longer segments from this side would show that, and there are none.
    """
    for side, first in notes.first.items():
        here, there = (ending.flow.client, ending.server) if side is Side.CLIENT else (ending.flow.server, ending.client)
        if here.max_segm_size == there.mss:
            yield Facts(packet=first, side=str(side), mss=there.mss, segments=notes.count[side])


# ---- window scale ----


@rule(
    on=OddOptions,
    severity=Severity.ERROR,
    cites="RFC 7323 §2.2",
    quote="A Window Scale option in a segment without a SYN bit MUST be ignored.",
)
def wscale_on_nonsyn(step: Step, event: OddOptions) -> Iterator[Facts]:
    """A window scale outside of a SYN: it must be ignored there."""
    option = option_of(step, Wscale)
    if option is not None and not is_syn(step):
        yield Facts(shift=option.shift)


@rule(
    on=SYNS,
    severity=Severity.WARN,
    cites="RFC 7323 §2.3",
    elsewhere=("tcp.options.wscale.shift.invalid", "zeek:TCP_scale_range"),
)
def wscale_over_14(step: Step, event: SynSent | SynAckSent) -> Iterator[Facts]:
    """The window scale is above 14, the largest allowed; the other end must take it as 14."""
    option = option_of(step, Wscale)
    if option is not None and event.copy == 1 and option.shift > 14:
        yield Facts(shift=option.shift)


@rule(
    on=SynAckSent,
    severity=Severity.ERROR,
    cites="RFC 7323 §2.2",
)
def wscale_not_offered(step: Step, event: SynAckSent) -> Iterator[Facts]:
    """The SYN+ACK scales windows although the SYN did not offer it.

    The two ends may now disagree by a factor on every window. A device on the way may have stripped the option from the SYN.
    """
    if option_of(step, Wscale) is not None and _unasked(step, event, "wscale"):
        yield Facts(evidence=event.frames)


@rule(on=(StartedLate, SynAckSent), severity=Severity.NOTE, elsewhere=("tcp.window_size_scalefactor",))
def wscale_unknown(step: Step, event: StartedLate | SynAckSent) -> Iterator[Facts]:
    """Not both SYNs are in the log with all their options, so the scale of the windows is not known: they are told as printed.

    The log began later, or a short snapshot length cut the options.
    """
    asked = step.before.peer.offered
    unasked = asked is None and option_of(step, Wscale) is not None and not step.before.me.seen
    cut = asked is not None and step.after.me.wscale is None
    if isinstance(event, StartedLate) or unasked or (cut and event.copy == 1):
        yield Facts()


@rule(on=HandshakeDone, severity=Severity.NOTE, cites="RFC 7323 §2.2", elsewhere=("tcp.window_size_scalefactor", "tcptrace:adv wind scale"))
def wscale_in_effect(step: Step, event: HandshakeDone) -> Iterator[Facts]:
    """Both SYNs offer window scaling: from here on each printed window counts many times its number."""
    client, server = step.end_of(Side.CLIENT), step.end_of(Side.SERVER)
    if "wscale" in (client.offered or ()) and "wscale" in (server.offered or ()):
        yield Facts(evidence=event.frames, client_times=1 << (client.wscale or 0), server_times=1 << (server.wscale or 0))


# ---- SACK ----


@rule(
    on=OddOptions,
    severity=Severity.ERROR,
    cites="RFC 2018 §2",
    quote="It MUST NOT be sent on non-SYN segments.",
    elsewhere=("tcp.options.sack_perm.present",),
)
def sackok_on_nonsyn(step: Step, event: OddOptions) -> Iterator[Facts]:
    """SACK-permitted outside of a SYN."""
    if option_of(step, SackOk) is not None and not is_syn(step):
        yield Facts()


@rule(on=SYNS, severity=Severity.NOTE, cites="RFC 2018 §2", elsewhere=("tcp.options.sack_perm.absent",))
def sackok_absent(step: Step, event: SynSent | SynAckSent) -> Iterator[Facts]:
    """The SYN does not permit selective acknowledgements: losses will be repaired slowly."""
    if _first(step, event) and option_of(step, SackOk) is None:
        yield Facts()


@rule(on=SynAckSent, severity=Severity.WARN, cites="RFC 2018 §2")
def sackok_not_offered(step: Step, event: SynAckSent) -> Iterator[Facts]:
    """The SYN+ACK permits selective acknowledgements although the SYN did not.

    It promises what the other end never asked for; or a device on the way stripped the option from the SYN.
    """
    if option_of(step, SackOk) is not None and _unasked(step, event, "sackOK"):
        yield Facts(evidence=event.frames)


# ---- timestamps ----


@rule(
    on=SynAckSent,
    severity=Severity.ERROR,
    cites="RFC 7323 §3.2",
    quote="MAY send a TSopt in <SYN,ACK> only if it received a TSopt in the initial <SYN> segment for the connection.",
    elsewhere=("suricata:stream.pkt_invalid_timestamp",),
)
def ts_not_offered(step: Step, event: SynAckSent) -> Iterator[Facts]:
    """The SYN+ACK carries timestamps although the SYN did not."""
    if option_of(step, Timestamps) is not None and _unasked(step, event, "TS"):
        yield Facts(evidence=event.frames)


def _both_offered(step: Step) -> bool | None:
    """Did both SYNs carry timestamps? None while one is not known, or not whole."""
    mine, other = step.before.me.offered, step.before.peer.offered
    if mine is None or other is None:
        return None
    return False if lacks(mine, "TS") or lacks(other, "TS") else ("TS" in mine and "TS" in other) or None


@rule(
    on=(TimestampMissing, OddOptions),
    needs=Need.HANDSHAKE,
    severity=Severity.ERROR,
    cites="RFC 7323 §3.2",
    quote="the TSopt MUST be sent in every non-<RST> segment for the duration of the connection",
)
def ts_missing_later(step: Step, event: TimestampMissing | OddOptions) -> Iterator[Facts]:
    """Timestamps were agreed on, and this segment has none.

    The receiver should drop it. Seen of broken stacks, of devices that strip options or answer in a host's name, and of forged segments.
    """
    tcp = step.packet.tcp
    if tcp is UNSET or tcp.flags is UNSET or "R" in tcp.flags or "S" in tcp.flags or not _both_offered(step):
        return
    if tcp.cut is UNSET and tcp.bad_header is UNSET and option_of(step, Timestamps) is None:
        yield Facts()


@rule(on=(StampsSeen, HandshakeDone), severity=Severity.ERROR, cites="RFC 7323 §3.2")
def ts_unnegotiated(step: Step, event: StampsSeen | HandshakeDone) -> Iterator[Facts]:
    """Timestamps without both SYNs having offered them.

    Told where this end shows them first, or goes on with them in the third step although its own offer was not taken up.
    """
    offered = "TS" in (step.before.me.offered or ())
    if offered is not isinstance(event, HandshakeDone) or is_syn(step) or option_of(step, Timestamps) is None:
        return
    if _both_offered(step) is False:
        yield Facts()


@rule(
    on=SynSent,
    severity=Severity.NOTE,
    cites="RFC 7323 §3.2",
    quote="If the ACK bit is not set in the outgoing TCP header, the sender of that segment SHOULD set the TSecr field to zero.",
    elsewhere=("p0f:ts2+",),
)
def ts_ecr_nonzero_in_syn(step: Step, event: SynSent) -> Iterator[Facts]:
    """The SYN echoes a timestamp although it answers nothing."""
    option = option_of(step, Timestamps)
    if option is not None and option.ecr:
        yield Facts(ecr=option.ecr)


@rule(on=SYNS, severity=Severity.NOTE, cites="RFC 7323 §3.2", elsewhere=("p0f:ts1-", "suricata:ZERO_TIMESTAMP"))
def ts_zero(step: Step, event: SynSent | SynAckSent) -> Iterator[Facts]:
    """The timestamp of the SYN is 0: some stacks take that for none."""
    option = option_of(step, Timestamps)
    if option is not None and not option.val:
        yield Facts()
