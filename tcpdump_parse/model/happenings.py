"""What a segment did, one frozen class a kind of event: what `track` establishes and `check` and `tell` build on.

Names say what happened, in the field's words. A happening holds the facts that were certain at its step's frame; what later evidence
decides is a `Judged` of that later step (or of the connection's `Ending`), pointing back. `frames` are the *other* records it rests on,
in order; the step's own frame is understood. Positions are unrolled stream positions (`seq.unroll`) of the side that *sends* the octets,
half-open ranges [start, end). Times and durations are integer nanoseconds, None where the log prints no usable time.
Absent keys in JSON mean "not known": every optional field defaults to None and is left out.
"""

from __future__ import annotations

from msgspec import Struct

from tcpdump_parse.model.terms import Basis, Cause, ChallengeCause, DupReason, Proof, ResetCause, Side, State, Where


class Happening(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="event", tag=True):
    """Base of all: `frames` are the other records it rests on."""


# ---- opening -------------------------------------------------------------------------------------------------------------------------


class Opened(Happening, frozen=True):
    """The first segment of this connection in the log; every connection's first step has it."""

    basis: Basis


class StartedLate(Happening, frozen=True):
    """The first segment is no SYN: the log began in mid-connection, so window scale and options may be unknown."""


class PortReused(Happening, frozen=True):
    """Same addresses and ports as an earlier connection, new sequence numbers. `legal`: by RFC 9293 MAY-2 and RFC 6191; None unknown."""

    previous: int  # the earlier connection's ordinal
    frames: tuple[int, ...]  # its last record
    legal: bool | None = None


class SynSent(Happening, frozen=True):
    """A SYN without ACK. `copy` 1 is the first; `frames` the earlier copies; `crossed`: the other end sent its own (simultaneous open);
    `challenged`: the latest ACK with which the connection that has these ports answered an earlier copy."""

    iss: int
    copy: int = 1
    since_first: int | None = None
    crossed: bool = False
    frames: tuple[int, ...] = ()
    challenged: int | None = None


class SynAckSent(Happening, frozen=True):
    """A SYN+ACK. `acks_syn` False: it acknowledges something other than the SYN seen; None: no SYN was seen."""

    iss: int
    copy: int = 1
    acks_syn: bool | None = None
    delay: int | None = None  # since the (last) SYN: capture point to server and back
    frames: tuple[int, ...] = ()


class HandshakeDone(Happening, frozen=True):
    """The third step: both SYNs are acknowledged. `to_server` + `to_client` is the round trip as this capture sees it."""

    to_server: int | None = None  # SYN → SYN+ACK; None if either was sent more than once (Karn)
    to_client: int | None = None  # SYN+ACK → ACK
    frames: tuple[int, ...] = ()  # SYN, SYN+ACK


class OptionSeen(Happening, frozen=True):
    """This end shows this option for the first time in this connection (nop and eol aside). `name` is tcpdump's word."""

    name: str
    kind: int


# ---- octets and acknowledgements ------------------------------------------------------------------------------------------------------


class DataSent(Happening, frozen=True):
    """Octets never seen before, in order or above a gap. `first`: the first data of this end."""

    octets: int
    first: bool = False
    turn: bool = False  # the other end was the last to send data: the dialogue turns
    since_peer: int | None = None  # with `turn`: since that data (request → reply)


class AckAdvanced(Happening, frozen=True):
    """This ACK takes `octets` more octets of the other end (SYN and FIN count) from `start` up to the step's `ack`."""

    start: int
    octets: int
    segments: int = 0  # segments seen that it covers now
    frame: int | None = None  # the newest segment it covers
    delay: int | None = None  # since that segment
    rtt: int | None = None  # the same where it is a sound sample (Karn: that segment was sent once and ends exactly here)


class SackSeen(Happening, frozen=True):
    """Selective acknowledgement: `blocks` unrolled; `dsack` the range received twice (RFC 2883); `fresh` octets first told here."""

    blocks: tuple[tuple[int, int], ...]
    dsack: tuple[int, int] | None = None
    fresh: int = 0


class DuplicateAck(Happening, frozen=True):
    """The n-th repetition of one ACK, without data, window unchanged. `frames[0]` is the ACK it repeats."""

    n: int
    reason: DupReason
    frames: tuple[int, ...] = ()


class OldAck(Happening, frozen=True):
    """This bare ACK stands `behind` octets below one this end already sent: overtaken on the way."""

    behind: int


class GapOpened(Happening, frozen=True):
    """[start, end) of this end's octets stands unseen below this segment: lost, late, or missed by the capture."""

    start: int
    end: int


class GapFilled(Happening, frozen=True):
    """This segment brings octets of a gap. `left`: octets of the gap that are still unseen. `frames[0]` opened it."""

    start: int
    end: int
    left: int
    frames: tuple[int, ...] = ()


class GapAcked(Happening, frozen=True):
    """This ACK covers octets of the *other* end that the log never shows: the capture missed them. `beyond`: above all that was seen."""

    start: int
    end: int
    beyond: bool = False


# ---- what is not simply the next segment -----------------------------------------------------------------------------------------------


class Retransmitted(Happening, frozen=True):
    """Octets [start, end) (SYN and FIN count) sent again. `needed`: None while the log cannot tell; a later `Judged` may decide.

    `copies`: how many transmissions of its first octet were seen, this one included; 1 when the first never passed this point.
    `new_octets`: octets of the segment that were never seen before (above `end`, or all of them when the first copy was not seen).
    `frames`: the earlier transmissions that overlap, oldest first.
    """

    start: int
    end: int
    copies: int
    needed: bool | None = None
    cause: Cause = Cause.UNKNOWN
    kind_proof: Proof = Proof.SEEN_BEFORE
    proof: Proof | None = None  # of `needed`
    since_first: int | None = None
    since_last: int | None = None  # since the previous transmission of these octets
    new_octets: int = 0
    frames: tuple[int, ...] = ()


class Reordered(Happening, frozen=True):
    """A late original: later segments of the same sender overtook it. `overtaken_by[0]` in `frames`; `late_by` since the first of them."""

    start: int
    end: int
    proof: Proof
    late_by: int | None = None
    frames: tuple[int, ...] = ()


class Copied(Happening, frozen=True):
    """The very same packet once more (also pure ACKs when `where` is the capture); `frames[0]` is its twin. `mss`: that of the twin and
    that of this record, where a device between the two places changed it."""

    where: Where
    proof: Proof
    after: int | None = None
    frames: tuple[int, ...] = ()
    mss: tuple[int, int] | None = None


class Judged(Happening, frozen=True):
    """Later evidence decides about an earlier record: the `Retransmitted` at `frame` was `needed` or not."""

    frame: int
    side: Side  # who sent it
    needed: bool | None
    cause: Cause
    proof: Proof
    start: int = 0
    end: int = 0
    frames: tuple[int, ...] = ()


# ---- window ------------------------------------------------------------------------------------------------------------------------------


class WindowUpdate(Happening, frozen=True):
    """A bare ACK that only changes the window; octets if the scale is known, else as printed."""

    was: int
    now: int


class WindowClosed(Happening, frozen=True):
    """This end offers no room: its window is 0 now and was not."""


class WindowReopened(Happening, frozen=True):
    """Its window was 0 and is not now. `closed_for` since the segment that closed it (`frames[0]`)."""

    now: int
    closed_for: int | None = None
    frames: tuple[int, ...] = ()


class WindowFull(Happening, frozen=True):
    """These octets end exactly at the edge of what the other end allows."""


class WindowExceeded(Happening, frozen=True):
    """These octets go `octets` past the edge the other end allows."""

    octets: int


class WindowShrunk(Happening, frozen=True):
    """The right edge this end offered moved back by `octets` (RFC 9293 SHLD-14); `rounding`: less than one unit of the window scale."""

    octets: int
    rounding: bool = False


class WindowProbe(Happening, frozen=True):
    """The n-th probe of a closed window (RFC 9293 §3.8.6.1). `octets` 0 or 1. `since` the previous probe or the closing; None where it
    crossed the segment that opened the window, `frames[0]`, on the way."""

    n: int
    octets: int
    since: int | None = None
    frames: tuple[int, ...] = ()


class WindowProbeAck(Happening, frozen=True):
    """Answer to the probe `frames[0]`."""

    delay: int | None = None
    frames: tuple[int, ...] = ()


# ---- keep-alive, challenge, close, reset ---------------------------------------------------------------------------------------------


class KeepAlive(Happening, frozen=True):
    """A probe one octet below the next, nothing outstanding (RFC 9293 §3.8.4). `n`: the n-th unanswered one; `idle`: silence before."""

    n: int
    octets: int
    idle: int | None = None


class KeepAliveAck(Happening, frozen=True):
    """Answer to the probe `frames[0]`."""

    delay: int | None = None
    frames: tuple[int, ...] = ()


class ChallengeAck(Happening, frozen=True):
    """A bare ACK that answers an unacceptable segment, `frames[0]`."""

    cause: ChallengeCause
    frames: tuple[int, ...] = ()


class FinSent(Happening, frozen=True):
    """The end of what this end sends: `octets` in all (None without its SYN). `idle`: silence before. `first`: the first FIN of the two."""

    octets: int | None = None
    first: bool = True
    idle: int | None = None


class FinAcked(Happening, frozen=True):
    """This ACK covers the other end's FIN (`frames[0]`)."""

    delay: int | None = None
    frames: tuple[int, ...] = ()


class ResetSent(Happening, frozen=True):
    """`frames`: what provoked it, where something did. `acceptable`: True exactly at the peer's next octet, False outside its window.
    `refuses`: it answers an ACK of what its sender never sent, an old duplicate say, and gives nothing up (§3.10.7.3, figure 8)."""

    cause: ResetCause
    acceptable: bool | None = None
    frames: tuple[int, ...] = ()
    refuses: bool = False


# ---- states, time, checksums ---------------------------------------------------------------------------------------------------------


class StateMoved(Happening, frozen=True):
    """`side` (either end) is in another state now, if what was seen also arrived. `End.states` says what else it may be in."""

    side: Side
    was: State
    now: State


class Contradiction(Happening, frozen=True):
    """No state the RFC allows explains this segment from this end after `frames`, whatever was lost."""

    side: Side
    was: tuple[State, ...]
    frames: tuple[int, ...] = ()


class Idle(Happening, frozen=True):
    """A pause before this segment (more than 1 s and ten round trips); `waiting_for`: whose turn it was, None if nobody owed anything."""

    gap: int
    waiting_for: Side | None = None


class ClockStepped(Happening, frozen=True):
    """The capture's clock moved back by `by` before this record; durations across it mean nothing."""

    by: int


class ChecksumOffload(Happening, frozen=True):
    """The wrong checksum is exactly the pseudo-header sum: the sender's card was to finish it. A proof. `lso`: the length-0 form."""

    lso: bool = False


class ChecksumWrong(Happening, frozen=True):
    """tcpdump calls the checksum wrong and offload does not explain it. `zero`: the field is 0x0000, as some virtual cards leave it."""

    zero: bool = False


class ChecksumUnjudged(Happening, frozen=True):
    """tcpdump calls the checksum wrong; the addresses are printed as names, so whether offload explains it cannot be worked out."""


class ChecksumUnexplained(Happening, frozen=True):
    """Without payload the right checksum can be recomputed from the text, and it is not what tcpdump computed: a number in the line
    was changed, or a field tcpdump hides is not zero. `hidden_ack`: the hidden
    acknowledgement number that would explain it. `residue` mod 65535. `explanation`: "hidden_ack", "hidden_field" (a field tcpdump hides is
    not zero), "reserved_flag", "addresses" (the same residue as before: something constant was rewritten), "changed", or the fields
    of which one changed digit would explain it ("seq,ack")."""

    residue: int
    hidden_ack: int | None = None
    explanation: str = ""


class LengthsDisagree(Happening, frozen=True):
    """Octets of TCP header and payload: `ip` by the IP length, `tcp` by the options and the payload's length. One of them was changed."""

    ip: int
    tcp: int


class ContentDiffers(Happening, frozen=True):
    """Same octets as `frames[0]`, other content: the payload sums derived from the checksums differ."""

    start: int
    end: int
    frames: tuple[int, ...] = ()
