"""tdparse reads what tcpdump prints, follows every TCP connection in it, and says in plain words what happened.

    read → track → check → explain / write        a log becomes packets, steps, findings, sentences, files

`__all__` is the interface; everything else is private. Nothing in it prints, reads the environment, or touches signals. A verb is
imported when it is first asked for. Some verbs have the name of the package they live in (`read`, `track`, `check`, `write`): here the
name is the verb's, also after the package was imported.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from tcpdump_parse.check import check
    from tcpdump_parse.model import (
        IP,
        Base64,
        Capture,
        Checksum,
        Event,
        Finding,
        Flow,
        IPv4,
        IPv6,
        Notice,
        Octets,
        Packet,
        Quoted,
        Segment,
        Severity,
        TcpOption,
        Unread,
    )
    from tcpdump_parse.read import SourceError, packets, read
    from tcpdump_parse.tell import explain
    from tcpdump_parse.track import track
    from tcpdump_parse.write import write

__all__ = [
    "IP", "Base64", "Capture", "Checksum", "Event", "Finding", "Flow", "IPv4", "IPv6", "Notice", "Octets", "Packet", "Quoted", "Segment",
    "Severity", "SourceError", "TcpOption", "Unread", "check", "explain", "flows", "packets", "read", "track", "write",
]  # fmt: skip

_VERBS: Final = {
    "SourceError": "read", "check": "check", "explain": "tell", "packets": "read", "read": "read", "track": "track",
    "write": "write",
}  # fmt: skip


def flows(source: str | os.PathLike[str] | BinaryIO | Iterable[bytes]) -> Iterator[Flow]:
    """The connections of a log, in order of first packet: roles, counts, durations (seconds), sizes (octets), RFC 9293 states.

    `source` is what `read` takes: a path, a binary file, or an iterable of bytes. Raises SourceError when it cannot be a log.
    """
    from tcpdump_parse.read import read
    from tcpdump_parse.track import flows

    return flows(read(source))


class _House(ModuleType):
    """This package: it finds verbs late, and keeps their names when the packages of the same names are imported."""

    def __getattr__(self, name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_VERBS.get(name, 'model')}"), name)
        setattr(self, name, value)
        return value

    def __setattr__(self, name: str, value: object) -> None:
        if not (isinstance(value, ModuleType) and name in _VERBS):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *__all__})


sys.modules[__name__].__class__ = _House
