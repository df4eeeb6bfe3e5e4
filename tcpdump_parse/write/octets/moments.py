"""When a packet was captured, as a pcap file counts: seconds of the epoch, and a fraction with its number of digits.

A log without dates (`10:45:31.713962`) counts from midnight of its first day; which day that was, the caller says. The zone is
unknown, so the printed wall time counts as UTC: `TZ=UTC tcpdump -r` prints the same times again. A packet without a time (`-t`)
stands at the moment of the one before.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import UNSET

from tcpdump_parse.model import Packet

Midnight = Callable[[int], int]
"""Capture number to the epoch second at which its first day began, used where the log has no date."""

Moment = tuple[int, int, int]
"""Seconds, fraction, and how many digits the fraction has."""


ODD = 7
"""So many digits stand for microseconds that may be a million and more."""


class Moments:
    """The moments of packets in their order."""

    def __init__(self, midnight: Midnight) -> None:
        self._midnight = midnight
        self._bases: dict[int, int] = {}
        self._last: Moment = (0, 0, 6)

    def of(self, packet: Packet) -> Moment:
        clock = packet.clock
        if clock is UNSET:
            self._last = self._last if packet.capture in self._bases else (self._base(packet), 0, 6)
            return self._last
        base = self._bases.get(packet.capture)
        if base is None:
            base = self._base(packet)
        time = packet.time
        if time is not UNSET and time[-7:-6] != "." and time[-10:-9] != "." and "." in time:
            return self._odd(time, clock, base)
        whole, _, fraction = clock.partition(".")
        seconds, count = int(whole), int(fraction or 0)
        if whole[0] == "-" and count:  # -0.25 is a second before, and three quarters.
            seconds, count = seconds - 1, 10 ** len(fraction) - count
        self._last = (base + seconds, count, len(fraction))
        return self._last

    def _odd(self, time: str, clock: str, base: int) -> Moment:
        """A file's microseconds may be a million and more; tcpdump prints them as they are, `10.1000000`, and so does a pcap hold them.
        The clock has carried them over into its seconds already."""
        micros = int(time.rpartition(".")[2] or 0)
        seconds = int(clock.partition(".")[0]) - micros // 10**6
        self._last = (base + seconds, micros & 0xFFFFFFFF, ODD)
        return self._last

    def _base(self, packet: Packet) -> int:
        base = self._bases[packet.capture] = 0 if dated(packet) else self._midnight(packet.capture)
        return base


def dated(packet: Packet) -> bool:
    """Whether the printed time has its date: `2024-01-02 10:45:31.7` or seconds of the epoch."""
    time = packet.time
    return time is not UNSET and (":" not in time or "-" in time[1:] or "/" in time)


def scaled(moment: Moment, digits: int) -> tuple[int, int]:
    """Seconds and fraction in units of 10^-digits; a fraction with fewer or more digits is converted, microseconds
    past a million stay as they are where a file can hold them."""
    seconds, count, given = moment
    if given == digits:
        return seconds, count
    if given == ODD:
        return (seconds, count) if digits == 6 else (seconds + count // 10**6, count % 10**6 * 1000)
    return seconds, count * 10 ** (digits - given) if given < digits else count // 10 ** (given - digits)
