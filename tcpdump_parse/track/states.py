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
    SENT_ACK = "sent ACK"  # that does not cover a FIN
    SENT_DATA = "sent data"
    SENT_AGAIN = "sent data again"
    SENT_FIN = "sent FIN"
    SENT_ACK_OF_FIN = "sent ACK of FIN"
    SENT_RST = "sent RST"
    GOT_SYN = "got SYN"
    GOT_SYN_ACK = "got SYN+ACK"
    GOT_ACK_OF_SYN = "got ACK of SYN"
    GOT_FIN = "got FIN"
    GOT_ACK_OF_FIN = "got ACK of FIN"
    GOT_RST = "got RST"


SENT_SYN, SENT_SYN_ACK, SENT_DATA, SENT_AGAIN = Seen.SENT_SYN, Seen.SENT_SYN_ACK, Seen.SENT_DATA, Seen.SENT_AGAIN
SENT_ACK, SENT_FIN, SENT_ACK_OF_FIN, SENT_RST = Seen.SENT_ACK, Seen.SENT_FIN, Seen.SENT_ACK_OF_FIN, Seen.SENT_RST
GOT_SYN, GOT_SYN_ACK, GOT_ACK_OF_SYN, GOT_FIN = Seen.GOT_SYN, Seen.GOT_SYN_ACK, Seen.GOT_ACK_OF_SYN, Seen.GOT_FIN
GOT_ACK_OF_FIN, GOT_RST = Seen.GOT_ACK_OF_FIN, Seen.GOT_RST

MOVES: Final[dict[State, dict[Seen, State]]] = {
    CLOSED: {SENT_SYN: SYN_SENT},
    LISTEN: {GOT_SYN: SYN_RECEIVED, SENT_SYN: SYN_SENT},
    SYN_SENT: {GOT_SYN_ACK: ESTABLISHED, GOT_SYN: SYN_RECEIVED, SENT_SYN_ACK: SYN_RECEIVED, GOT_RST: CLOSED, SENT_RST: CLOSED},
    # A SYN+ACK that reaches SYN-RECEIVED (simultaneous open, figure 7) carries the ACK of its SYN.
    SYN_RECEIVED: {
        GOT_ACK_OF_SYN: ESTABLISHED, GOT_SYN_ACK: ESTABLISHED, GOT_FIN: CLOSE_WAIT, SENT_ACK_OF_FIN: CLOSE_WAIT, SENT_FIN: FIN_WAIT_1,
        # It listens again (§3.10.7.4). However, an end that had sent a SYN itself (figure 7) closes; the table does not tell them apart.
        GOT_RST: LISTEN, SENT_RST: CLOSED,
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

_LATE = {GOT_SYN, GOT_SYN_ACK, GOT_ACK_OF_SYN, GOT_FIN, GOT_ACK_OF_FIN}
"""Late or repeated segments: answered with an ACK or dropped (§3.10.7.4), so they move nothing."""

STAYS: Final[dict[State, set[Seen]]] = {
    # A closed end answers with RST, ignores RST, and may get anything that was still on its way.
    CLOSED: {*_LATE, GOT_RST, SENT_RST},
    LISTEN: {*_LATE - {GOT_SYN}, GOT_RST, SENT_RST},
    SYN_SENT: {SENT_SYN, SENT_DATA, SENT_AGAIN, GOT_ACK_OF_SYN, GOT_FIN, GOT_ACK_OF_FIN},  # data: TCP Fast Open, in the SYN
    # Data: Fast Open answers before the third step. ACK: an unacceptable segment is answered (§3.10.7.4).
    SYN_RECEIVED: {SENT_SYN_ACK, SENT_SYN, SENT_ACK, SENT_DATA, SENT_AGAIN, GOT_SYN, GOT_ACK_OF_FIN},
    ESTABLISHED: {SENT_ACK, SENT_DATA, SENT_AGAIN, SENT_SYN, SENT_SYN_ACK, *_LATE - {GOT_FIN}},
    FIN_WAIT_1: {SENT_ACK, SENT_AGAIN, SENT_FIN, SENT_SYN_ACK, *_LATE - {GOT_FIN, GOT_ACK_OF_FIN}},
    FIN_WAIT_2: {SENT_ACK, *_LATE - {GOT_FIN}},
    CLOSE_WAIT: {SENT_ACK, SENT_DATA, SENT_AGAIN, SENT_ACK_OF_FIN, SENT_SYN_ACK, *_LATE},
    CLOSING: {SENT_ACK, SENT_AGAIN, SENT_FIN, SENT_ACK_OF_FIN, *_LATE - {GOT_ACK_OF_FIN}},
    LAST_ACK: {SENT_ACK, SENT_AGAIN, SENT_FIN, SENT_ACK_OF_FIN, *_LATE - {GOT_ACK_OF_FIN}},
    TIME_WAIT: {SENT_ACK, SENT_ACK_OF_FIN, SENT_RST, *_LATE - {GOT_SYN}},
}
"""state → what may be seen of that end there and changes nothing."""

_NOTHING = "no connection exists, so there is nothing to send but RST (§3.10.7.1)"
_PAST_SYN = "its SYN is long acknowledged; a SYN would be a new incarnation (§3.6.1)"
_ENDED = "it has sent its FIN, and nothing new comes after it (§3.6)"
_ACKED = "all it sent is acknowledged, its FIN too: nothing is left to send again (§3.10.7.4)"
_ANSWER = "a SYN+ACK answers a SYN that must have come first (§3.10.7.2)"

REFUSED: Final[dict[State, dict[Seen, str]]] = {
    CLOSED: dict.fromkeys((SENT_SYN_ACK, SENT_ACK, SENT_DATA, SENT_AGAIN, SENT_FIN, SENT_ACK_OF_FIN), _NOTHING),
    LISTEN: {SENT_SYN_ACK: _ANSWER} | dict.fromkeys((SENT_ACK, SENT_DATA, SENT_AGAIN, SENT_FIN, SENT_ACK_OF_FIN), _NOTHING),
    SYN_SENT: {SENT_FIN: "a FIN waits until the SYN is acknowledged (§3.10.4)"}
    | dict.fromkeys((SENT_ACK, SENT_ACK_OF_FIN), "nothing of the other end is known yet that could be acknowledged (§3.10.7.3)"),
    SYN_RECEIVED: {},
    ESTABLISHED: {},
    FIN_WAIT_1: {SENT_SYN: _PAST_SYN, SENT_DATA: _ENDED},
    FIN_WAIT_2: dict.fromkeys((SENT_SYN, SENT_SYN_ACK), _PAST_SYN) | {SENT_DATA: _ENDED, SENT_AGAIN: _ACKED, SENT_FIN: _ACKED},
    CLOSE_WAIT: {SENT_SYN: _PAST_SYN},
    CLOSING: dict.fromkeys((SENT_SYN, SENT_SYN_ACK), _PAST_SYN) | {SENT_DATA: _ENDED},
    LAST_ACK: dict.fromkeys((SENT_SYN, SENT_SYN_ACK), _PAST_SYN) | {SENT_DATA: _ENDED},
    TIME_WAIT: {SENT_SYN_ACK: "TIME-WAIT answers a new SYN from a fresh state (§3.6.1)", SENT_DATA: _ENDED}
    | dict.fromkeys((SENT_AGAIN, SENT_FIN), _ACKED),
}
"""state → what cannot be seen of that end there, with the reason."""


KEPT: Final = (SYN_SENT, SYN_RECEIVED)
"""However: an end in these that answers an ACK of what it never sent with a RST stays as it is (§3.10.7.3, §3.10.7.4; figure 8)."""


def diagram() -> str:
    """`MOVES` as a Mermaid state diagram, for the docs."""
    lines = [f"    {_id(state)} --> {_id(to)}: {seen}" for state, moves in MOVES.items() for seen, to in moves.items()]
    named = [f'    state "{state}" as {_id(state)}' for state in STATES]
    return "\n".join(["stateDiagram-v2", *named, *lines, ""])


def _id(state: State) -> str:
    return state.name


def after(state: State, seen: Seen) -> State:
    """The state after; where the table says nothing, the state stays (the contradiction is told by the state sets, not here)."""
    return MOVES[state].get(seen, state) if state is not State.UNKNOWN else UNKNOWN_MOVES.get(seen, state)


UNKNOWN_MOVES: Final[dict[Seen, State]] = {
    SENT_SYN: SYN_SENT, SENT_SYN_ACK: SYN_RECEIVED, SENT_RST: CLOSED, GOT_RST: CLOSED,
}
"""What moves an end of which nothing was known. A FIN alone does not: FIN-WAIT-1 or LAST-ACK depends on what was not seen."""
