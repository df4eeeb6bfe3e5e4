"""How amounts are written: durations, sizes, rates. A number always carries its unit, and as many digits as it deserves.

Durations are integer nanoseconds here, as everywhere behind the door of `track`.
"""

from __future__ import annotations

from typing import Final

_US: Final = 1_000
_MS: Final = 1_000_000
_S: Final = 1_000_000_000
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def span(ns: int) -> str:
    """A duration for a sentence: "12 µs", "3.4 ms", "44 ms", "1.25 s", "10.0 s", "25 min 3 s"."""
    if ns < 0:
        return "-" + span(-ns)
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


def exact(ns: int) -> str:
    """A duration for a column or a total, exact as far as ten characters go: "99 µs", "3.401 ms", "208.04 ms", "25.058 s"."""
    if ns < 0:
        return "-" + exact(-ns)
    if ns < _MS:
        return f"{ns // _US} µs" if ns % _US == 0 else f"{ns / _US:.3f} µs"
    if ns < _S:
        return f"{ns / _MS:.3f} ms" if ns < 100 * _MS else f"{ns / _MS:.2f} ms"
    if ns < 1000 * _S:
        return f"{ns / _S:.3f} s"
    return _long((ns + _S // 2) // _S)


def size(octets: int) -> str:
    """ "" below 10,000, else the size in round decimal units: "700.8 kB"."""
    if octets < 10_000:
        return ""
    power = next((power for power in (1, 2, 3) if octets < 999_950 * 1000 ** (power - 1)), 4)
    return f"{octets / 1000**power:.1f} {_UNITS[power]}"


def rate(octets: int, ns: int) -> str:
    """ "303 kB/s"; "" where the time is too short to say."""
    if ns < _MS:
        return ""
    value = octets * _S / ns
    power = next((power for power in (0, 1, 2) if value < 999.5 * 1000**power), 3)
    value /= 1000**power
    return f"{value:.0f} {_UNITS[power]}/s" if value >= 10 else f"{value:.1f} {_UNITS[power]}/s"
