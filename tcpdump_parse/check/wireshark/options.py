"""What Wireshark takes from TCP options. An option of an odd length (`[len N]`) it only complains about.

Law: pure questions about one segment's options; what they change is in `conversations`.
"""

from __future__ import annotations

import hashlib
from typing import Final

from msgspec import UNSET

from tcpdump_parse.check.wireshark.circle import HALF
from tcpdump_parse.model.options import (
    AddAddr,
    Capable,
    Dss,
    ExpTfo,
    Fail,
    FastClose,
    Join,
    Mptcp,
    Prio,
    RemAddr,
    Sack,
    Sub,
    TcpOption,
    Tfo,
    Wscale,
)

Options = tuple[TcpOption, ...]

MAX_SHIFT: Final = 14
OPERATIONS: Final[dict[type[Sub], int]] = {Capable: 1, Join: 2, Dss: 4, AddAddr: 8, RemAddr: 16, Prio: 32, Fail: 64, FastClose: 128}
"""A bit for each MPTCP message (RFC 8684 §3); TCPRST has none."""
BLOCKS: Final = 3
"""How many SACK blocks Wireshark takes off the octets in flight; it forgets the fourth (measured)."""


def shift(options: Options) -> int | None:
    """The window scale that these options carry, as Wireshark uses it."""
    for option in options:
        if isinstance(option, Wscale) and option.len is UNSET:
            return min(option.shift, MAX_SHIFT)
    return None


def mptcp(options: Options) -> Sub | None:
    """The MPTCP message, if there is one."""
    for option in options:
        if isinstance(option, Mptcp) and option.sub is not UNSET:
            return option.sub
    return None


def has_cookie(options: Options) -> bool:
    """A TCP Fast Open option with at least one octet of cookie, not only the wish for one (RFC 7413 §2.1)."""
    return any(isinstance(option, Tfo | ExpTfo) and (bool(option.cookie) or bool(option.invalid)) for option in options)


def blocks(options: Options) -> tuple[tuple[int, int], ...]:
    """The SACK blocks, as the numbers on the wire where they are known."""
    for option in options:
        if isinstance(option, Sack) and option.len is UNSET:
            return (option.blocks if option.blocks_abs is UNSET else option.blocks_abs)
    return ()


def is_dsack(sack: tuple[tuple[int, int], ...], ack: int) -> bool:
    """The first block lies below the ACK, or ends inside the second (RFC 2883 §4)."""
    right = sack[0][1]
    if right == ack or (right - ack) & HALF:
        return True
    return len(sack) > 1 and bool((sack[1][0] - right) & HALF) and not (sack[1][1] - right) & HALF


def hexadecimal(printed: int | str) -> int:
    """A key or token, which tcpdump prints in hex."""
    return printed if isinstance(printed, int) else int(printed, 16)


def token(key: int | str, version: int) -> int:
    """How a subflow names the connection that it joins (RFC 8684 §3.2; SHA-1 in version 0, RFC 6824 §3.2)."""
    octets = hexadecimal(key).to_bytes(8, "big")
    digest = hashlib.sha1(octets, usedforsecurity=False) if version == 0 else hashlib.sha256(octets)
    return int.from_bytes(digest.digest()[:4], "big")
