"""IPv4 options as octets (RFC 791 §3.1). Those whose data tcpdump hides are as long as the header has room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from tcpdump_parse.model import ip as m
from tcpdump_parse.write.octets.addresses import address
from tcpdump_parse.write.octets.outcome import CannotBuildError, Reason

FORMS = {"TSONLY": 0, "TS+ADDR": 1, "PRESPEC": 3}
LONGEST = 40


def ip_options_octets(options: tuple[m.IpOptions, ...], room: int | None) -> tuple[bytes, bool]:
    """The options area in `room` octets (None: as few as can be, padded to four), and whether some of it is invented."""
    parts = [ENCODERS[type(option)](option) for option in options]
    size = sum(len(octets) for octets, _ in parts)
    room = -(-size // 4) * 4 if room is None else room
    spare = room - size
    if spare < 0 or room > LONGEST or room & 3:
        raise CannotBuildError(Reason.LENGTHS)
    elastic = next((at for at, (_, open_) in enumerate(parts) if open_), None)
    if elastic is None or not spare:
        return b"".join(octets for octets, _ in parts) + bytes(spare), elastic is not None or spare > 3
    option = options[elastic]
    octets = parts[elastic][0]
    length = octets[1] if getattr(option, "bad_length", UNSET) is not UNSET else len(octets) + spare
    parts[elastic] = (bytes((octets[0], length)) + octets[2:] + bytes(spare), True)
    return b"".join(octets for octets, _ in parts), True


def destination(options: tuple[m.IpOptions, ...]) -> str | None:
    """Where a source route ends: the destination that the TCP checksum counts (RFC 9293 §3.1, tcpdump's `ip_finddst`)."""
    for option in options:
        if isinstance(option, m.LooseRoute | m.StrictRoute):
            stops = option.recorded + option.unused
            return stops[-1] if stops else None
    return None


def _hidden(kind: int, option: Any) -> tuple[bytes, bool]:
    return bytes((kind, 2 if option.bad_length is UNSET else option.bad_length & 0xFF)), True


def _route(kind: int, option: m.Route) -> tuple[bytes, bool]:
    stops = b"".join(map(address, option.recorded + option.unused))
    pointer = 4 + 4 * len(option.recorded) if option.bad_ptr is UNSET else option.bad_ptr
    if option.bad_length is not UNSET:
        return bytes((kind, option.bad_length & 0xFF)), True
    return bytes((kind, 3 + len(stops), pointer)) + stops, False


def _alert(option: m.RouterAlert) -> tuple[bytes, bool]:
    if option.bad_length is not UNSET:
        return bytes((148, option.bad_length & 0xFF)), True
    return b"\x94\4" + (0 if option.value is UNSET else option.value).to_bytes(2, "big"), False


def _stamps(option: m.IpTimestamp) -> tuple[bytes, bool]:
    if option.bad_length is not UNSET:
        return bytes((68, option.bad_length & 0xFF)), True
    form = FORMS.get(option.form or "", 0) if option.bad_type is UNSET else option.bad_type
    size = 8 if form else 4
    data = b"".join(
        (b"" if stamp.address is UNSET else address(stamp.address)) + stamp.time.to_bytes(4, "big") for stamp in option.stamps
    )
    places = [5 + size * at for at, stamp in enumerate(option.stamps) if stamp.pointed]
    end = 5 + len(data)
    pointer = option.bad_ptr if option.bad_ptr is not UNSET else places[0] if places else end if option.pointed else end + size
    missed = 0 if option.missed is UNSET else option.missed
    return bytes((68, 4 + len(data), pointer & 0xFF, missed << 4 | form)) + data, False


ENCODERS: dict[type, Callable[[Any], tuple[bytes, bool]]] = {
    m.IpNop: lambda _: (b"\1", False),
    m.IpEol: lambda _: (b"\0", False),
    m.Security: lambda option: _hidden(130, option),
    m.Traceroute: lambda option: _hidden(82, option),
    m.IpUnknown: lambda option: _hidden(option.kind, option),
    m.RouterAlert: _alert,
    m.RecordRoute: lambda option: _route(7, option),
    m.LooseRoute: lambda option: _route(131, option),
    m.StrictRoute: lambda option: _route(137, option),
    m.IpTimestamp: _stamps,
}
"""The option's octets, and whether it hides data (it is then stretched)."""
