"""One end's life, as its segments on the wire show it (RFC 9293 §3.3.2, figure 5). Everything that moves a state is in this file.

It knows two ends, not which of them is "ours". What the table does not say cannot happen: the pair is either in `MOVES`, or in `STAYS`
(the event leaves the state, by RFC 9293 §3.10.7), or in `REFUSED` with the sentence why. A test holds that every pair is in one.
"""

from __future__ import annotations

import enum
from typing import Final

from tcpdump_parse.model.terms import State

LISTEN, SYN_SENT, SYN_RECEIVED, ESTABLISHED = State.LISTEN, State.SYN_SENT, State.SYN_RECEIVED, State.ESTABLISHED
FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING = State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSE_WAIT, State.CLOSING
LAST_ACK, TIME_WAIT, CLOSED = State.LAST_ACK, State.TIME_WAIT, State.CLOSED

STATES: Final = tuple(state for state in State if state is not State.UNKNOWN)


class Seen(enum.StrEnum):
    """What the wire shows of an end: it sent something, or something reached it."""

    SENT_SYN = "sent SYN"
    SENT_SYN_ACK = "sent SYN+ACK"
    SENT_DATA = "sent data"
    SENT_FIN = "sent FIN"
    SENT_ACK_OF_FIN = "sent ACK of FIN"
    SENT_RST = "sent RST"
    GOT_SYN = "got SYN"
    GOT_SYN_ACK = "got SYN+ACK"
    GOT_ACK_OF_SYN = "got ACK of SYN"
    GOT_FIN = "got FIN"
    GOT_ACK_OF_FIN = "got ACK of FIN"
    GOT_RST = "got RST"


SENT_SYN, SENT_SYN_ACK, SENT_DATA, SENT_FIN = Seen.SENT_SYN, Seen.SENT_SYN_ACK, Seen.SENT_DATA, Seen.SENT_FIN
SENT_ACK_OF_FIN, SENT_RST = Seen.SENT_ACK_OF_FIN, Seen.SENT_RST
GOT_SYN, GOT_SYN_ACK, GOT_ACK_OF_SYN, GOT_FIN = Seen.GOT_SYN, Seen.GOT_SYN_ACK, Seen.GOT_ACK_OF_SYN, Seen.GOT_FIN
GOT_ACK_OF_FIN, GOT_RST = Seen.GOT_ACK_OF_FIN, Seen.GOT_RST

MOVES: Final[dict[State, dict[Seen, State]]] = {
    CLOSED: {SENT_SYN: SYN_SENT},
    LISTEN: {GOT_SYN: SYN_RECEIVED, SENT_SYN: SYN_SENT},
    SYN_SENT: {GOT_SYN_ACK: ESTABLISHED, GOT_SYN: SYN_RECEIVED, SENT_SYN_ACK: SYN_RECEIVED, GOT_RST: CLOSED, SENT_RST: CLOSED},
    # A SYN+ACK that reaches SYN-RECEIVED (simultaneous open, figure 7) carries the ACK of its SYN.
    SYN_RECEIVED: {
        GOT_ACK_OF_SYN: ESTABLISHED, GOT_SYN_ACK: ESTABLISHED, GOT_FIN: CLOSE_WAIT, SENT_ACK_OF_FIN: CLOSE_WAIT, SENT_FIN: FIN_WAIT_1,
        GOT_RST: CLOSED, SENT_RST: CLOSED,
    },
    # `SENT_ACK_OF_FIN` proves that the FIN arrived, whatever was lost on the way to the capture.
    ESTABLISHED: {SENT_FIN: FIN_WAIT_1, GOT_FIN: CLOSE_WAIT, SENT_ACK_OF_FIN: CLOSE_WAIT, GOT_RST: CLOSED, SENT_RST: CLOSED},
    FIN_WAIT_1: {GOT_ACK_OF_FIN: FIN_WAIT_2, GOT_FIN: CLOSING, SENT_ACK_OF_FIN: CLOSING, GOT_RST: CLOSED, SENT_RST: CLOSED},
    FIN_WAIT_2: {GOT_FIN: TIME_WAIT, SENT_ACK_OF_FIN: TIME_WAIT, GOT_RST: CLOSED, SENT_RST: CLOSED},
    CLOSE_WAIT: {SENT_FIN: LAST_ACK, GOT_RST: CLOSED, SENT_RST: CLOSED},
    CLOSING: {GOT_ACK_OF_FIN: TIME_WAIT, GOT_RST: CLOSED, SENT_RST: CLOSED},
    LAST_ACK: {GOT_ACK_OF_FIN: CLOSED, GOT_RST: CLOSED, SENT_RST: CLOSED},
    # However, RFC 1337 advises to ignore a RST in TIME-WAIT; RFC 9293 §3.10.7.4 closes.
    TIME_WAIT: {GOT_RST: CLOSED, SENT_SYN: SYN_SENT, GOT_SYN: SYN_RECEIVED},
}
"""state → what is seen of that end → the state after."""

_ALL = set(Seen)
_REPEATS = {SENT_SYN, GOT_SYN, GOT_SYN_ACK, GOT_ACK_OF_SYN, GOT_FIN, GOT_ACK_OF_FIN}
"""Late or repeated segments: answered with an ACK or dropped (§3.10.7.4), so they move nothing."""

STAYS: Final[dict[State, set[Seen]]] = {
    # A closed end answers with RST, ignores RST, and may get anything that was still on its way.
    CLOSED: {GOT_SYN, GOT_SYN_ACK, GOT_ACK_OF_SYN, GOT_FIN, GOT_ACK_OF_FIN, GOT_RST, SENT_RST},
    LISTEN: {GOT_RST, GOT_SYN_ACK, GOT_ACK_OF_SYN, GOT_FIN, GOT_ACK_OF_FIN, SENT_RST},
    SYN_SENT: {SENT_SYN, GOT_ACK_OF_SYN, GOT_FIN, GOT_ACK_OF_FIN, SENT_DATA},  # data: TCP Fast Open, in the SYN
    SYN_RECEIVED: {SENT_SYN_ACK, SENT_SYN, GOT_SYN, SENT_DATA, GOT_ACK_OF_FIN},  # data: Fast Open answers before the third step
    ESTABLISHED: {SENT_DATA, SENT_SYN, SENT_SYN_ACK, GOT_SYN, GOT_SYN_ACK, GOT_ACK_OF_SYN, GOT_ACK_OF_FIN},
    FIN_WAIT_1: {SENT_FIN, SENT_DATA, SENT_SYN_ACK} | _REPEATS - {GOT_FIN, GOT_ACK_OF_FIN, SENT_SYN},  # data: sent again
    FIN_WAIT_2: {SENT_FIN, SENT_DATA} | _REPEATS - {GOT_FIN, SENT_SYN},
    CLOSE_WAIT: {SENT_DATA, SENT_ACK_OF_FIN, SENT_SYN_ACK} | _REPEATS - {SENT_SYN},
    CLOSING: {SENT_FIN, SENT_DATA, SENT_ACK_OF_FIN} | _REPEATS - {GOT_ACK_OF_FIN, SENT_SYN},
    LAST_ACK: {SENT_FIN, SENT_DATA, SENT_ACK_OF_FIN} | _REPEATS - {GOT_ACK_OF_FIN, SENT_SYN},
    TIME_WAIT: {SENT_FIN, SENT_DATA, SENT_ACK_OF_FIN, SENT_RST, GOT_SYN_ACK, GOT_ACK_OF_SYN, GOT_FIN, GOT_ACK_OF_FIN},
}
"""state → what may be seen of that end there and changes nothing."""

_NO_CONNECTION = "no connection exists, so there is nothing to send but RST (§3.10.7.1)"
_PAST_SYN = "its SYN is long acknowledged; a SYN would be a new incarnation (§3.6.1)"

REFUSED: Final[dict[State, dict[Seen, str]]] = {
    CLOSED: {SENT_SYN_ACK: _NO_CONNECTION, SENT_DATA: _NO_CONNECTION, SENT_FIN: _NO_CONNECTION, SENT_ACK_OF_FIN: _NO_CONNECTION},
    LISTEN: {SENT_SYN_ACK: "a SYN+ACK answers a SYN that must have come first (§3.10.7.2)", SENT_DATA: _NO_CONNECTION,
             SENT_FIN: _NO_CONNECTION, SENT_ACK_OF_FIN: _NO_CONNECTION},
    SYN_SENT: {SENT_FIN: "a FIN waits until the SYN is acknowledged (§3.10.4)", SENT_ACK_OF_FIN: "the FIN's octets cannot be taken before "
               "the other SYN is known (§3.10.7.3)"},
    SYN_RECEIVED: {},
    ESTABLISHED: {},
    FIN_WAIT_1: {SENT_SYN: _PAST_SYN},
    FIN_WAIT_2: {SENT_SYN: _PAST_SYN, SENT_SYN_ACK: _PAST_SYN},
    CLOSE_WAIT: {SENT_SYN: _PAST_SYN},
    CLOSING: {SENT_SYN: _PAST_SYN, SENT_SYN_ACK: _PAST_SYN},
    LAST_ACK: {SENT_SYN: _PAST_SYN, SENT_SYN_ACK: _PAST_SYN},
    TIME_WAIT: {SENT_SYN_ACK: "TIME-WAIT answers a new SYN from a fresh state (§3.6.1)"},
}
"""state → what cannot be seen of that end there, with the reason."""


def after(state: State, seen: Seen) -> State:
    """The state after; where the table says nothing, the state stays (the contradiction is told by the state sets, not here)."""
    return MOVES[state].get(seen, state) if state is not State.UNKNOWN else UNKNOWN_MOVES.get(seen, state)


UNKNOWN_MOVES: Final[dict[Seen, State]] = {
    SENT_SYN: SYN_SENT, SENT_SYN_ACK: SYN_RECEIVED, SENT_RST: CLOSED, GOT_RST: CLOSED,
}
"""What moves an end of which nothing was known. A FIN alone does not: FIN-WAIT-1 or LAST-ACK depends on what was not seen."""
