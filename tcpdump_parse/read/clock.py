"""Printed times to seconds: `clock`, a decimal number as text that keeps every printed digit.

With a date (-tt, -tttt) it counts from the epoch, the wall time taken as UTC unless a zone is given; without one from
midnight of the capture's first day. A step back of more than 12 h is midnight; less is a step of the clock, kept as it is.

tcpdump prints -ttt (since the packet before) and -ttttt (since the first) alike, so the numbers must tell: times since
the first one only grow, but for packets in the wrong order, while gaps go up and down. A fall to under half, or by more
than a second, shows gaps; six rises in a row show times since the first (gaps rise so once in 5,040 times). Until one of them is
seen, a packet has a clock only where both readings give the same, and none otherwise: a wrong one is worse.
`foresee` decides from what is known to follow, so that in files nearly every packet has its clock.
"""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Iterable

from msgspec import UNSET, UnsetType

DAY = 86_400
NOON = DAY // 2
RISES = 6
SURE = 16
"""After so many rises in a row a fall is no longer taken as the sign of gaps, but as a step of the clock."""


class Form(enum.StrEnum):
    """What the printed numbers count."""

    NONE = "none"
    TIME_OF_DAY = "time of day"
    DATE = "date"
    EPOCH = "epoch"
    RELATIVE = "relative"  # -ttt or -ttttt, not yet known which
    DELTA = "delta"
    ELAPSED = "elapsed"


_RELATIVE = (Form.RELATIVE, Form.DELTA, Form.ELAPSED)
_FRACTION = r"\.(?P<fraction>\d{1,20})(?P<unit> \(invalid [un]s\))?"
_DAYTIME = r"(?P<h>\d{2,9}):(?P<m>\d\d):(?P<s>\d\d)" + _FRACTION
_FORMS = (
    (Form.TIME_OF_DAY, re.compile(r"(?P<sign>[ -]?)" + _DAYTIME)),
    (Form.EPOCH, re.compile(r"(?P<s>-?\d{1,19})" + _FRACTION)),
    (Form.DATE, re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d) " + _DAYTIME)),
    (Form.DATE, re.compile(r"(?P<month>\d\d)/(?P<day>\d\d)/(?P<year>\d{4}) " + _DAYTIME)),  # 3.5 to 3.7
    (Form.DELTA, re.compile(r"(?:(?P<s>\d{1,19})\. )?(?P<fraction>\d{6})(?P<unit>)")),  # -ttt of 3.9 and before
)


class Clock:
    """The clock of one capture; `clock(time)` for each packet, in order. `form` is what its times were found to count."""

    def __init__(self, zone: datetime.tzinfo | None = None) -> None:
        """`zone`: where the wall time was printed; None counts it as UTC."""
        self.form = Form.NONE
        self._zone = zone
        self._stem, self._whole, self._width, self._length = "", "", 0, -1  # of the second before: text, seconds, widths
        self._digits = 0  # of a fraction, once one was seen
        self._day = 0
        self._again = False  # in autumn an hour comes twice; this is the second time
        self._before: int | None = None  # seconds of the time before, as printed
        self._gap, self._sum, self._rises = 0, 0, 0  # of relative times, in units of the last digit

    @property
    def zone_known(self) -> bool:
        """The clock counts true time, not the wall time of an unknown zone."""
        return self._zone is not None or self.form is Form.EPOCH

    def clock(self, time: str) -> str | UnsetType:
        """The seconds of a printed time (without the blank that follows it); UNSET when it shows none."""
        if len(time) == self._length and time.startswith(self._stem):
            return self._whole + time[self._width :]
        return self._read(time)

    def foresee(self, times: Iterable[str]) -> None:
        """Decides between -ttt and -ttttt from the times that follow; does not move the clock."""
        if self.form is not Form.RELATIVE:
            return
        scout = Clock(self._zone)
        scout.form, scout._gap, scout._rises, scout._before = self.form, self._gap, self._rises, self._before
        scout._digits = self._digits
        for time in times:
            scout._read(time)
            if scout.form is not Form.RELATIVE:
                self.form = scout.form if scout.form in _RELATIVE else self.form
                return

    def _read(self, time: str) -> str | UnsetType:
        self._length = -1
        for form, pattern in _FORMS:
            match = pattern.fullmatch(time)
            if match:
                return self._counted(form, match)
        return UNSET

    def _counted(self, form: Form, match: re.Match[str]) -> str | UnsetType:
        part = match.groupdict()
        if form is Form.TIME_OF_DAY:
            form = self._daytime_form(part)
        if form is not self.form and not (form is Form.RELATIVE and self.form in _RELATIVE):
            self.form, self._before, self._day, self._gap, self._sum, self._rises = form, None, 0, 0, 0, 0
        seconds = self._seconds(form, part)
        if seconds is None:
            return UNSET
        if form in _RELATIVE:
            return self._relative(seconds, part)
        return self._absolute(seconds, part, match)

    def _daytime_form(self, part: dict[str, str]) -> Form:
        """The first time tells: it begins with a blank or minus and shows less than an hour, or is exactly zero (4.0 has no blank)."""
        if part["sign"] == "-" or self.form in _RELATIVE:
            return Form.RELATIVE
        if self.form is Form.TIME_OF_DAY:
            return self.form
        young = part["h"] == "00" if part["sign"] else not (part["h"] + part["m"] + part["s"] + part["fraction"]).strip("0")
        return Form.RELATIVE if young else Form.TIME_OF_DAY

    def _seconds(self, form: Form, part: dict[str, str]) -> int | None:
        """Whole seconds, of the day or the epoch, before the fraction and the midnights."""
        if "h" not in part:
            return int(part["s"] or 0)
        seconds = int(part["h"]) * 3600 + int(part["m"]) * 60 + int(part["s"])
        if form is not Form.DATE:
            return seconds
        try:
            date = datetime.datetime(int(part["year"]), int(part["month"]), int(part["day"]))
            return self._epoch(date + datetime.timedelta(seconds=seconds))
        except (ValueError, OverflowError):
            return None

    def _epoch(self, wall: datetime.datetime) -> int:
        if self._zone is None:
            return round(wall.replace(tzinfo=datetime.UTC).timestamp())
        first, second = (round(wall.replace(tzinfo=self._zone, fold=fold).timestamp()) for fold in (0, 1))
        if first == second:
            self._again = False
        elif self._before is not None and self._before - first > 1800:
            self._again = True
        return second if self._again else first

    def _absolute(self, seconds: int, part: dict[str, str], match: re.Match[str]) -> str:
        if self.form is Form.TIME_OF_DAY:
            self._midnight(seconds)
        self._before = seconds
        fraction = part["fraction"]
        whole = seconds + DAY * self._day
        if whole < 0 or self._odd(part):
            units = self._units(part)
            return _decimal(whole * 10**self._digits + units, self._digits)
        self._digits = len(fraction)
        self._width, self._length = match.start("fraction"), match.end("fraction")
        self._stem, self._whole = match[0][: self._width], f"{whole}."
        return self._whole + fraction

    def _midnight(self, seconds: int) -> None:
        if self._before is None:
            return
        if self._before - seconds > NOON:
            self._day += 1
        elif self._day and seconds - self._before > DAY - 10:  # two packets in the wrong order around midnight
            self._day -= 1

    def _odd(self, part: dict[str, str]) -> bool:
        """A fraction of a second or more, as `17:16:10.1000000`: tcpdump prints the file's number as it is."""
        width = len(part["fraction"])
        return bool(part["unit"]) or (width > 6 and width != 9) or (width == 9 and self._digits == 6)

    def _units(self, part: dict[str, str]) -> int:
        """The fraction in units of the capture's last digit."""
        if part["unit"]:
            self._digits = 6 if "us" in part["unit"] else 9
        elif not self._digits:
            self._digits = 9 if len(part["fraction"]) > 9 else 6
        return int(part["fraction"])

    def _relative(self, seconds: int, part: dict[str, str]) -> str | UnsetType:
        fraction = part["fraction"]
        digits = 9 if len(fraction) > 8 else 6
        if digits != self._digits:
            self._gap, self._sum = (value * 10**digits // 10**self._digits for value in (self._gap, self._sum))
            self._digits = digits
        gap = seconds * 10**self._digits + int(fraction.ljust(digits, "0"))
        gap = -gap if part.get("sign") == "-" else gap
        self._learn(gap)
        self._gap = gap
        self._sum += gap
        if self.form is not Form.RELATIVE or self._sum == gap:
            return _decimal(gap if self.form is Form.ELAPSED else self._sum, self._digits)
        return UNSET

    def _learn(self, gap: int) -> None:
        fell = self._gap - gap
        if fell > 0 and self._gap > 0:
            if (2 * gap < self._gap or fell > 10**self._digits) and self._rises < SURE:
                self.form = Form.DELTA
            if self.form is not Form.ELAPSED or self._rises < SURE:
                self._rises = 0
        elif fell < 0:
            self._rises += 1
            if self._rises >= RISES and self.form is Form.RELATIVE:
                self.form = Form.ELAPSED


def _decimal(units: int, digits: int) -> str:
    whole, fraction = divmod(abs(units), 10**digits)
    return f"{'-' * (units < 0)}{whole}.{fraction:0{digits}d}"
