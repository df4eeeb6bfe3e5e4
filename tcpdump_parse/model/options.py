"""TCP options, exactly as tcpdump printed them: one class a kind, `Unknown` last.

JSON: `{"kind":2,"name":"mss","value":1460}`. `name` is the tag and tcpdump's own word, `kind` the number on the wire
(RFC 9293 §3.2, IANA). A field that was not printed is UNSET and its key absent. Numbers above 2^53 are decimal strings (`Big`).
What tcpdump hides (bytes after `eol`, the data of `exp-xxxx`) is not here, because it was not in the text.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

Big = int | str
"""An integer; above 2^53, where JSON readers lose digits, its decimal digits as text."""


class Option(Struct, frozen=True, gc=False, tag_field="name"):
    """What all options share: `len`, the printed `[len N]`, present only when tcpdump found it odd."""


class Eol(Option, tag="eol"):
    kind: Literal[0] = 0
    len: int | UnsetType = UNSET


class Nop(Option, tag="nop"):
    kind: Literal[1] = 1
    len: int | UnsetType = UNSET


class Mss(Option, tag="mss"):
    value: int
    kind: Literal[2] = 2
    len: int | UnsetType = UNSET


class Wscale(Option, tag="wscale"):
    shift: int
    kind: Literal[3] = 3
    len: int | UnsetType = UNSET


class SackOk(Option, tag="sackOK"):
    kind: Literal[4] = 4
    len: int | UnsetType = UNSET


class Sack(Option, tag="sack"):
    """SACK blocks as printed, `[left, right]` each; with relative numbers relative to the other side's base.

    `blocks_abs` gives them absolute where the base is known. `invalid` stands for tcpdump's `sack invalid sack` (data hidden).
    """

    blocks: tuple[tuple[int, int], ...] = ()
    kind: Literal[5] = 5
    len: int | UnsetType = UNSET
    blocks_abs: tuple[tuple[int, int], ...] | UnsetType = UNSET
    invalid: str | UnsetType = UNSET


class Timestamps(Option, tag="TS"):
    val: int
    ecr: int
    kind: Literal[8] = 8
    len: int | UnsetType = UNSET


class Unknown(Option, tag="unknown"):
    """A kind tcpdump does not know: `unknown-77 0x0102`."""

    kind: int
    octets: str = ""
    len: int | UnsetType = UNSET


TcpOption = Eol | Nop | Mss | Wscale | SackOk | Sack | Timestamps | Unknown
