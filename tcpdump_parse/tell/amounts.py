"""How amounts are written: durations, sizes, rates. A number always carries its unit, and as many digits as it deserves.

Durations are integer nanoseconds here, as everywhere behind the door of `track`. `grain` is the resolution of the clock that measured
them: from a millisecond on no more is written than it knows, and what is less than one tick is "< 1 ms".
"""

from __future__ import annotations

from typing import Final

_US: Final = 1_000
_MS: Final = 1_000_000
_S: Final = 1_000_000_000
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")
_DECIMALS: Final = {_MS: 3, 10 * _MS: 2, 100 * _MS: 1, _S: 0}
"""Of seconds, by what the clock knows."""


def span(ns: int, grain: int = 1) -> str:
    """A duration for a sentence: "12 µs", "3.4 ms", "44 ms", "1.25 s", "10.0 s", "25 min 3 s"."""
    if ns < 0:
        return "-" + span(-ns, grain)
    if grain >= _MS and ns < 120 * _S:
        return _coarse(ns, grain, 2 if ns < 9_995_000_000 else 1)
    if ns < 999_500:
        return f"{ns / _US:.0f} µs" if ns >= _US or ns == 0 else f"{ns} ns"
    if ns < 999_500_000:
        return f"{ns / _MS:.1f} ms" if ns < 9_950_000 else f"{ns / _MS:.0f} ms"
    if ns < 120 * _S:
        return f"{ns / _S:.2f} s" if ns < 9_995_000_000 else f"{ns / _S:.1f} s"
    return _long((ns + _S // 2) // _S)


def _long(seconds: int) -> str:
    """Minutes, hours, days: the two largest."""
    minutes, second = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {second} s"
    hours, minute = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minute} min"
    return f"{hours // 24} d {hours % 24} h"


def _coarse(ns: int, grain: int, decimals: int) -> str:
    """A multiple of the grain. Two times of such a clock that are equal lie less than a grain apart; a mean below one, less than two."""
    if ns < grain:
        return f"< {_coarse(grain if ns == 0 else 2 * grain, grain, 1)}"
    ns = (ns + grain // 2) // grain * grain
    if ns < _S:
        return f"{ns // _MS} ms"
    return f"{ns / _S:.{min(decimals, _DECIMALS.get(grain, 3))}f} s"


def exact(ns: int, grain: int = 1) -> str:
    """A duration for a column or a total, exact as far as ten characters go: "99 µs", "3.401 ms", "208.04 ms", "25.058 s"."""
    if ns < 0:
        return "-" + exact(-ns, grain)
    if grain >= _MS and ns < 1000 * _S:
        return _coarse(ns, grain, 3)
    if ns < _MS:
        return f"{ns // _US} µs" if ns % _US == 0 else f"{ns / _US:.3f} µs"
    if ns < _S:
        return f"{ns / _MS:.3f} ms" if ns < 100 * _MS else f"{ns / _MS:.2f} ms"
    if ns < 1000 * _S:
        return f"{ns / _S:.3f} s"
    return _long((ns + _S // 2) // _S)


def seconds(value: float | None, resolution: float | None = None) -> str:
    """The same of seconds, as the values of the story hold them; "" for None."""
    return "" if value is None else exact(round(value * 1e9), 1 if resolution is None else round(resolution * 1e9))


def size(octets: int) -> str:
    """ "" below 10,000, else the size in round decimal units: "700.8 kB"."""
    if octets < 10_000:
        return ""
    power = next((power for power in (1, 2, 3) if octets < 999_950 * 1000 ** (power - 1)), 4)
    return f"{octets / 1000**power:.1f} {_UNITS[power]}"


def rate(octets: int, ns: int, grain: int = 1) -> str:
    """ "303 kB/s"; "" where the time is too short to say. Where a tick of the clock is a good part of it, the least it can be."""
    if ns < _MS:
        return ""
    if ns < 10 * grain:
        return f"> {rate(octets, ns + grain)}"
    value = octets * _S / ns
    power = next((power for power in (0, 1, 2) if value < 999.5 * 1000**power), 3)
    value /= 1000**power
    return f"{value:.0f} {_UNITS[power]}/s" if value >= 10 else f"{value:.1f} {_UNITS[power]}/s"
