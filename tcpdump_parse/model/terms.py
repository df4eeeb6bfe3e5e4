"""The words of the field that conclusions are made of: sides, states, causes, proofs. Enums, so that no string is passed around.

JSON and the text catalogue use the values; they are never translated.
"""

from __future__ import annotations

import enum
from typing import Final


class Side(enum.StrEnum):
    """The two ends of a connection: the client is who opened it (see `Basis` for how that is known)."""

    CLIENT = "client"
    SERVER = "server"

    @property
    def other(self) -> Side:
        return Side.SERVER if self is Side.CLIENT else Side.CLIENT


SIDES: Final = tuple(Side)
"""Both; to go through the class itself takes ten times as long."""


class State(enum.StrEnum):
    """RFC 9293 §3.3.2, and `unknown` where the log started late or the log contradicts itself."""

    LISTEN = "LISTEN"
    SYN_SENT = "SYN-SENT"
    SYN_RECEIVED = "SYN-RECEIVED"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT_1 = "FIN-WAIT-1"
    FIN_WAIT_2 = "FIN-WAIT-2"
    CLOSE_WAIT = "CLOSE-WAIT"
    CLOSING = "CLOSING"
    LAST_ACK = "LAST-ACK"
    TIME_WAIT = "TIME-WAIT"
    CLOSED = "CLOSED"
    UNKNOWN = "unknown"


class Basis(enum.StrEnum):
    """How it is known who opened the connection: a SYN, else a SYN+ACK, else the lower or registered port, else who spoke first."""

    SYN = "syn"
    SYNACK = "synack"
    PORT = "port"
    FIRST = "first"


class Cause(enum.StrEnum):
    """What made the sender send again."""

    TIMEOUT = "timeout"  # of the retransmission timer, or of a tail loss probe of a single segment, which waits as long
    FAST = "fast"  # three duplicate ACKs, or as much selectively acknowledged (RFC 5681 §3.2, RFC 6675)
    SACK_HOLE = "sack_hole"  # a further hole below what was selectively acknowledged (RFC 6675 NextSeg)
    TAIL_PROBE = "tail_probe"  # RFC 8985 §7
    LEFT_OUT = "left_out"  # data of the SYN that the SYN+ACK did not take (RFC 7413 §4.2.2)
    UNKNOWN = "unknown"


class Where(enum.StrEnum):
    """Who made the second copy of one and the same packet."""

    NETWORK = "network"
    CAPTURE = "capture"
    ROUTER = "router"  # the capture, before and behind a router: the TTLs are one apart


class Proof(enum.StrEnum):
    """By what a kind, or needed or spurious, was decided (the judgement's own steps)."""

    IP_ID = "ip_id"
    TSVAL = "tsval"
    TIME = "time"  # only time against the round trip: the weakest
    SAME_ID = "same_id"  # identical headers and the same IP id
    SAME_TS = "same_ts"  # identical headers and timestamps, no usable IP id, less than 200 ms
    SAME_HEADER = "same_header"  # identical headers, less than a round trip
    SEEN_BEFORE = "seen_before"  # its octets were seen before
    ACK_OVERTOOK = "ack_overtook"  # only a pure ACK was before it
    ALREADY_ACKED = "already_acked"
    ALREADY_SACKED = "already_sacked"
    DSACK = "dsack"
    ORIGINAL_ARRIVED = "original_arrived"  # its late original came after it
    TOO_SOON = "too_soon"  # acknowledged in less than a round trip after it: the ACK answers an earlier copy
    EIFEL = "eifel"  # the ACK echoes the first copy's timestamp
    RECEIVER_HAD_IT = "receiver_had_it"  # the receiver is next to the capture and an earlier copy passed
    FIRST_COPY_LOST = "first_copy_lost"  # no earlier copy ever passed the capture point
    RECEIVER_DISCARDED = "receiver_discarded"  # the receiver answered an earlier copy without taking it
    ECHOED = "echoed"  # the ACK that jumps the hole echoes this copy's timestamp
    AS_FAR_AS_SEEN = "as_far_as_seen"  # nothing speaks against it; a proof it is not
    UNANSWERED = "unanswered"  # never acknowledged in this log: cannot be decided


class DupReason(enum.StrEnum):
    """Why an end repeats an ACK."""

    GAP = "gap"  # octets are outstanding: something above a hole arrived (RFC 5681 §2)
    SPURIOUS = "spurious"  # answer to octets it already had (usually with D-SACK)
    ONE_OUTSTANDING = "one_outstanding"  # only the segment it waits for is: no hole can be below it, so the log does not show what asked
    NOTHING_OUTSTANDING = "nothing_outstanding"


class ResetCause(enum.StrEnum):
    """What the reset answers (RFC 9293 §3.5.2, §3.10.4)."""

    REFUSED = "refused"  # answer to a SYN: nobody listens
    ABORT = "abort"  # SEQ is its own next octet, nothing provoked it: the application gave up (SO_LINGER 0, unread data, kill)
    LATE_DATA = "late_data"  # answer to data after it closed fully
    UNEXPECTED_ACK = "unexpected_ack"  # SEQ is the other side's ACK: it knows no such connection
    TIMEOUT = "timeout"  # after many unanswered copies or keep-alive probes
    REPEATED = "repeated"  # the connection was already reset
    FOREIGN = "foreign"  # its number or its TTL speaks against the end whose address it bears
    UNKNOWN = "unknown"


class ChallengeCause(enum.StrEnum):
    """What made an end answer with a bare ACK of where it stands (RFC 9293 §3.10.7.4, RFC 5961)."""

    SYN = "syn"
    SYN_ACK = "syn_ack"  # one that it had already, once more
    RESET = "reset"
    UNACCEPTABLE = "unacceptable"  # octets outside its window, or an ACK of octets it never sent
