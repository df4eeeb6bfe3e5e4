"""TCP options, exactly as tcpdump printed them: one class a kind, `Unknown` last.

JSON: `{"kind":2,"name":"mss","value":1460}`. `name` is the tag and tcpdump's own word, `kind` the number on the wire
(RFC 9293 §3.2, IANA). A field that was not printed is UNSET and its key absent. Numbers that may pass 2^53 (MPTCP keys) are text.
What tcpdump hides (bytes after `eol`, the data of `exp-xxxx`) is not here, because it was not in the text.
`len` stands in every class: the printed `[len N]`, present only when tcpdump found the length byte odd.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

Big = int | str
"""An integer; above 2^53, where JSON readers lose digits, its decimal digits as text."""


class Option(Struct, frozen=True, gc=False, tag_field="name"):
    """What all options share: a `kind`, and `len` when it was printed."""


class Eol(Option, frozen=True, tag="eol"):
    kind: Literal[0] = 0
    len: int | UnsetType = UNSET


class Nop(Option, frozen=True, tag="nop"):
    kind: Literal[1] = 1
    len: int | UnsetType = UNSET


class Mss(Option, frozen=True, tag="mss"):
    value: int
    kind: Literal[2] = 2
    len: int | UnsetType = UNSET


class Wscale(Option, frozen=True, tag="wscale"):
    shift: int
    kind: Literal[3] = 3
    len: int | UnsetType = UNSET


class SackOk(Option, frozen=True, tag="sackOK"):
    kind: Literal[4] = 4
    len: int | UnsetType = UNSET


class Sack(Option, frozen=True, tag="sack"):
    """SACK blocks as printed, `[left, right]` each; with relative numbers relative to the other side's base.

    `blocks_abs` gives them absolute where the base is known. `invalid` is tcpdump's own word where it hides the data
    (`invalid sack`, `malformed sack`).
    """

    blocks: tuple[tuple[int, int], ...] = ()
    kind: Literal[5] = 5
    len: int | UnsetType = UNSET
    blocks_abs: tuple[tuple[int, int], ...] | UnsetType = UNSET
    invalid: str | UnsetType = UNSET


class Echo(Option, frozen=True, tag="echo"):
    value: int
    kind: Literal[6] = 6
    len: int | UnsetType = UNSET


class EchoReply(Option, frozen=True, tag="echoreply"):
    value: int
    kind: Literal[7] = 7
    len: int | UnsetType = UNSET


class Timestamps(Option, frozen=True, tag="TS"):
    val: int
    ecr: int
    kind: Literal[8] = 8
    len: int | UnsetType = UNSET


class Cc(Option, frozen=True, tag="cc"):
    value: int
    kind: Literal[11] = 11
    len: int | UnsetType = UNSET


class CcNew(Option, frozen=True, tag="ccnew"):
    value: int
    kind: Literal[12] = 12
    len: int | UnsetType = UNSET


class CcEcho(Option, frozen=True, tag="ccecho"):
    """`unnamed`: tcpdump 4.0 to 4.99.3 print the value without a name."""

    value: int
    kind: Literal[13] = 13
    len: int | UnsetType = UNSET
    unnamed: bool | UnsetType = UNSET


class Md5(Option, frozen=True, tag="md5"):
    """RFC 2385. `digest` in hex where printed; `verdict` is tcpdump's word when it had the secret (`valid`, `(invalid)`) or why it
    could not check; `glued`: tcpdump 4.0 leaves out the blank before the digest."""

    digest: str | UnsetType = UNSET
    verdict: str | UnsetType = UNSET
    kind: Literal[19] = 19
    len: int | UnsetType = UNSET
    glued: bool | UnsetType = UNSET


class Scps(Option, frozen=True, tag="scps"):
    cap: int
    id: int
    kind: Literal[20] = 20
    len: int | UnsetType = UNSET


class EnhancedAuth(Option, frozen=True, tag="enhanced auth"):
    """What tcpdump 4.0 took kind 20 for."""

    keyid: int | UnsetType = UNSET
    kind: Literal[20] = 20
    len: int | UnsetType = UNSET


class Uto(Option, frozen=True, tag="uto"):
    """RFC 5482: the field's 16 bits, and the seconds as tcpdump reckons them.

    However, its reckoning takes the lowest bit for the granularity where RFC 5482 has the highest: only `value` is to be trusted.
    """

    value: int
    seconds: int
    kind: Literal[28] = 28
    len: int | UnsetType = UNSET


class TcpAo(Option, frozen=True, tag="tcp-ao"):
    """RFC 5925. `invalid` is tcpdump's own word, `(invalid)` or `invalid`."""

    keyid: int | UnsetType = UNSET
    rnextkeyid: int | UnsetType = UNSET
    mac: str | UnsetType = UNSET
    kind: Literal[29] = 29
    len: int | UnsetType = UNSET
    invalid: str | UnsetType = UNSET


class Tfo(Option, frozen=True, tag="tfo"):
    """RFC 7413: `cookie` in hex; a request for one when `request` is true."""

    cookie: str | UnsetType = UNSET
    request: bool | UnsetType = UNSET
    kind: Literal[34] = 34
    len: int | UnsetType = UNSET
    invalid: str | UnsetType = UNSET


class ExpTfo(Option, frozen=True, tag="exp-tfo"):
    """Fast open under its experimental kind and magic f989."""

    cookie: str | UnsetType = UNSET
    request: bool | UnsetType = UNSET
    kind: Literal[254] = 254
    len: int | UnsetType = UNSET
    invalid: str | UnsetType = UNSET


class Exp(Option, frozen=True, tag="exp"):
    """An experiment known by its 16 bit magic only; tcpdump hides its data."""

    magic: int
    kind: Literal[254] = 254
    len: int | UnsetType = UNSET


class Sub(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="subtype"):
    """An MPTCP message (RFC 8684 §3). Keys and MACs are hex digits as printed."""


class Capable(Sub, frozen=True, tag="capable"):
    version: int | UnsetType = UNSET
    flags: str | UnsetType = UNSET
    csum: bool = False
    key: str | UnsetType = UNSET
    key2: str | UnsetType = UNSET
    data_len: int | UnsetType = UNSET
    unknown_version: int | UnsetType = UNSET


class Join(Sub, frozen=True, tag="join"):
    backup: bool = False
    id: int | UnsetType = UNSET
    token: int | UnsetType = UNSET
    hmac: str | UnsetType = UNSET
    nonce: int | UnsetType = UNSET


class Dss(Sub, frozen=True, tag="dss"):
    fin: bool = False
    ack: Big | UnsetType = UNSET
    seq: Big | UnsetType = UNSET
    subseq: int | UnsetType = UNSET
    len: int | UnsetType = UNSET
    csum: int | UnsetType = UNSET


class AddAddr(Sub, frozen=True, tag="add-addr"):
    """`variant` is tcpdump's word (`v0-ip4`, `v1-echo`). Where an IPv6 address and a port cannot be told apart (no length was
    printed) both stand in `address_port` as printed."""

    variant: str | UnsetType = UNSET
    id: int | UnsetType = UNSET
    address: str | UnsetType = UNSET
    port: int | UnsetType = UNSET
    address_port: str | UnsetType = UNSET
    hmac: str | UnsetType = UNSET


class RemAddr(Sub, frozen=True, tag="rem-addr"):
    ids: tuple[int, ...] = ()


class Prio(Sub, frozen=True, tag="prio"):
    priority: str | UnsetType = UNSET
    id: int | UnsetType = UNSET


class Fail(Sub, frozen=True, tag="fail"):
    seq: Big | UnsetType = UNSET


class FastClose(Sub, frozen=True, tag="fast-close"):
    key: str | UnsetType = UNSET


class TcpRst(Sub, frozen=True, tag="tcprst"):
    flags: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET


class UnknownSub(Sub, frozen=True, tag="unknown"):
    pass


MptcpSub = Capable | Join | Dss | AddAddr | RemAddr | Prio | Fail | FastClose | TcpRst | UnknownSub


class Mptcp(Option, frozen=True, tag="mptcp"):
    """RFC 8684. `length` is the option's length byte, printed since tcpdump 4.99."""

    sub: MptcpSub | UnsetType = UNSET
    length: int | UnsetType = UNSET
    kind: Literal[30] = 30
    len: int | UnsetType = UNSET


class Partial(Option, frozen=True, tag="partial"):
    """What was printed of an option that tcpdump gave up in the middle (`[bad opt]`, `[|tcp]`)."""

    text: str


class Unknown(Option, frozen=True, tag="unknown"):
    """A kind tcpdump does not know: `unknown-77 0x0102`; `glued`: tcpdump 4.0 writes `Unknown Option 770102`."""

    kind: int
    octets: str = ""
    len: int | UnsetType = UNSET
    glued: bool | UnsetType = UNSET


TcpOption = (
    Eol | Nop | Mss | Wscale | SackOk | Sack | Echo | EchoReply | Timestamps | Cc | CcNew | CcEcho | Md5 | Scps | EnhancedAuth | Uto | TcpAo
    | Tfo | ExpTfo | Exp | Mptcp | Partial | Unknown
)
