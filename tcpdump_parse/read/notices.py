"""Lines that are no record and no part of one: what tcpdump says beside the packets, what the shell and the writer added.

One table, `KINDS`, first match wins; what nothing matches is prose. Lines are latin-1 text as everywhere in this room, so
words of other scripts are only letters above ASCII here. Which line is a record is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

_DUMP = r"(?:(?:tcp|win)dump(?:\.exe)?: )?"
_COUNT = r"(?:\^[CZ])*(?:Got \d+\r)*" + _DUMP + r"(\d{1,18}) packets? "
_COMMAND = r"(?:sudo |doas )?(?:/\S+/)?(?:tcp|win)dump(?:\.exe)?(?= -| (?:host|port|tcp|src|dst|net|ip|ip6|and|not|'|\")\b|$)"
_DOTS = r"(?:\.{3,}|(?:\xe2\x80\xa6)+)"
_LEFT_OUT = r"(?:snip|(?:output )?(?:omitted|truncated|snipped)|\xe7\x9c\x81\xe7\x95\xa5)"
_OPEN, _SHUT = r"(?:[\[<(]|\xef\xbc\x88)", r"(?:[\])>]|\xef\xbc\x89)"

KINDS: tuple[tuple[str, str], ...] = (
    ("blank", r"\s*$"),
    ("fence", r"(?:```|~~~)|\s*(?:</?pre\b|\{% (?:end)?highlight\b)"),
    # tcpdump.c: the counters at the end; each on a line of its own, `^C` of the terminal may be glued to the first.
    ("counters", _COUNT + r"captured, \d"),  # SIGUSR1, SIGINFO: all on one line
    ("captured", _COUNT + r"captured$"),
    ("received", _COUNT + r"received by filter$"),
    ("dropped", _COUNT + r"dropped by kernel$"),
    ("dropped_by_interface", _COUNT + r"dropped by interface$"),
    ("counted", r"(\d{1,18}) packets?$"),  # --count
    ("progress", r"Got (\d{1,18})\b"),  # -v -w
    ("interrupt", r"(?:\^[CZ\\])+$"),
    # tcpdump.c, at the start; before 4.99 the banner of a run without -v has no `tcpdump: `.
    ("banner", _DUMP + r"listening on \S"),
    ("reading", _DUMP + r"reading from (?:PCAP-NG )?file "),
    ("verbose_hint", _DUMP + r"(?:verbose output suppressed, )?use -v"),
    ("link_type", _DUMP + r"data link type "),
    ("privileges", r"dropped privs to "),
    ("warning", _DUMP + r"(?:WARNING|Warning): |\(Promiscuous mode not supported"),
    ("error", r"(?:tcp|win)dump(?:\.exe)?: "),
    # The shell.
    ("prompt", r"[$%](?: |$)|# " + _COMMAND + r"|\+ " + _COMMAND + "|" + _COMMAND),
    ("prompt", r"\[[^\]@]+@[^\]]+\] ?[$#%]|[\w.-]+@[\w.-]+[: ][^$#%>]{0,80}[$#%>](?: |$)"),
    ("prompt", r"(?:ba|z|k|da)?sh-[\d.]+[$#](?: |$)|[~/][\w/.~-]* [$#%](?: |$)|(?:PS )?[A-Z]:\\[^>]*>|\xe2(?:\x9d\xaf|\x9e\x9c) "),
    # Whoever shows the log.
    ("comment", r"\s*(?:#|//|<!--)"),
    ("elided", rf"\s*{_OPEN}?(?:{_DOTS}|{_DOTS}?\s*{_LEFT_OUT}\s*{_DOTS}?){_SHUT}?\s*$"),
    ("separator", r"--$"),  # grep -A: lines are missing here
)
SURE = frozenset(
    {"fence", "captured", "received", "dropped", "dropped_by_interface", "counters", "banner", "reading", "interrupt", "error", "warning"}
)
"""Kinds of lines that are themselves also where text of -A may stand."""
SURE_BEGINS = frozenset("0123456789`~^<{(GWltrw \t\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\xc2")
"""What they begin with."""
_SHORTEST, _SHORT = len("tcpdump:"), SURE_BEGINS - frozenset("0123456789(GWltrw")
"""Shorter ones are fences and `^C`; they begin so."""
_NBSP = re.compile("\xc2\xa0|\xa0")
_CAPTURES = frozenset({"fence", "banner", "reading"})
_COUNTERS = re.compile(r"(\d{1,18}) packets? (captured|received|dropped)( by interface)?")
_DAY = r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?)"
_TIME = r"[ -]?(?:(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d|\d{9,11})\.\d{6,9}"
_RECORD = rf"(?={_TIME} (?:IP6? |(?:[0-9a-f]{{2}}:){{5}}|\([\w.]+, |\S+ +(?:In|Out|[BMP?]) ))"
_MARGINS = (
    r"(?:\^[CZ])+(?=\S)",  # the terminal's echo
    r"(?:> ?)+(?=\S)",  # a quotation
    r"\d{1,9}:(?=\d\d:\d\d:\d\d\.\d)",  # grep -n
    r"[ ]*\d{1,9}\t",  # cat -n
    # What may stand before other texts as well: only before what is a record beyond doubt.
    rf"[\w-]*[./][\w./-]*:(?:\d{{1,9}}:)?{_RECORD}",  # grep -H, grep -Hn
    rf"[ ]*(?:[-*+]|\d{{1,3}}[.)]) +{_RECORD}",  # a list's mark
    rf"(?:\[[^\]@\s]+@[^\]]+\] ?|[\w.-]+@[\w.-]+[: ][^$#%>]{{0,80}}|(?:ba|z|k|da)?sh-[\d.]+)[$#%>] +{_RECORD}",  # the shell's prompt
    rf"[$%] +{_RECORD}",
    rf"(?:\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-9;?]*[A-Za-z])+{_RECORD}",  # a terminal's title and colours
    rf"{_DAY} (?:std(?:out|err) [FP] |[\w.-]+ [\w./-]+(?:\[\d+\])?: )?{_RECORD}",  # syslog, journalctl, ts, a container's log
    rf"(?:[\w./-]+ +\| |\[[\w./-]+\] ){_RECORD}",  # docker compose, kubectl --prefix
    rf"(?:\+| ?\t) ?{_RECORD}",  # a patch, a tab
)


@cache
def _kinds() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Compiled at the first such line: that takes longer than reading a thousand records."""
    return tuple((kind, re.compile(pattern, re.DOTALL)) for kind, pattern in KINDS)


@cache
def _sure() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for kind, pattern in KINDS if kind in SURE), re.DOTALL)


@cache
def _margin() -> re.Pattern[str]:
    return re.compile("|".join(_MARGINS), re.ASCII)


def classify(line: str) -> tuple[str, int | None]:
    """The kind of such a line and the counter in it; `counters` holds several (`counters()` gives them)."""
    plain = _plain(line)
    for kind, pattern in _kinds():
        match = pattern.match(plain)
        if match:
            return kind, int(match[1]) if pattern.groups and kind != "counters" else None
    return "prose", None


def is_sure(line: str) -> bool:
    """Whether the line's kind is one of `SURE`; most lines are seen not to be in one step."""
    if len(line) < _SHORTEST and line[:1] not in _SHORT:
        return False
    return _sure().match(_plain(line)) is not None and classify(line)[0] in SURE


def _plain(line: str) -> str:
    """The line as the patterns want it."""
    return line.rstrip() if line.isascii() else _NBSP.sub(" ", line).rstrip()


def begins_capture(kind: str) -> bool:
    """After a line of this kind another run of tcpdump may stand."""
    return kind in _CAPTURES


def counters(line: str) -> Iterator[tuple[str, int]]:
    """The counts of a line of kind `counters`, by the kind each would have on a line of its own."""
    for count, what, where in _COUNTERS.findall(line):
        yield what + where.replace(" ", "_"), int(count)


def margin(line: str) -> int:
    """How many characters stand before a record only because of where it was shown: `^C`, a prompt, a quotation's mark, a log's time."""
    match = _margin().match(line)
    return match.end() if match else 0
