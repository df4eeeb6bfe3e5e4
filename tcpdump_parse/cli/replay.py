"""`tdparse replay`: the log again, as text in its own time or as packets in a capture file."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, repeat
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Final

import click

from tcpdump_parse.cli.errors import Failure, tell
from tcpdump_parse.cli.input import Log
from tcpdump_parse.cli.interrupt import INTERRUPT, EndOfInput
from tcpdump_parse.cli.options import Command, reads_logs
from tcpdump_parse.cli.output import Colour, Target

if TYPE_CHECKING:
    from tcpdump_parse.replay import Clock, Pace
    from tcpdump_parse.write.octets import Rebuilding

FORMATS: Final = ("tcpdump", "pcap", "pcapng")
UNITS: Final = {"": 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "m": 60 * 10**9, "h": 3600 * 10**9}
DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(s|ms|us|m|h)?")


class Speed(click.ParamType["Fraction"]):
    """A factor: 10, 0.5, 1/3."""

    name = "factor"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        try:
            speed = Fraction(str(value).rstrip("x"))
        except (ValueError, ZeroDivisionError):
            speed = Fraction(0)
        return speed if speed > 0 else self.fail("a number above 0 is needed: 10 is ten times as fast, 0.5 half as fast", param, ctx)


class Duration(click.ParamType["int"]):
    """A time with its unit, in nanoseconds: 2s, 500ms."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = DURATION.fullmatch(str(value))
        return int(Fraction(match[1]) * UNITS[match[2] or ""]) if match else self.fail("a time is needed: 2s, 500ms, 1m", param, ctx)


@click.command(cls=Command, short_help="Print the log again in its own time, or as packets.")
@reads_logs
@click.option("--to", "form", type=click.Choice(FORMATS), help="Default: by the name of -o FILE, else tcpdump's text, in its own time.")
@click.option("-o", "--output", "path", metavar="FILE", type=click.Path(path_type=Path), help="Write there instead of standard output.")
@click.option("--speed", type=Speed(), help="In time, so many times as fast as it was.")
@click.option("--max-gap", type=Duration(), help="In time, but no wait longer than this one was: 2s, 500ms.")
@click.option("--loop", is_flag=True, help="In time, again and again until Ctrl-C.")
@click.option("--step", is_flag=True, help="One record at each key press; q ends.")
@click.option("--payload", type=click.Choice(["fit", "zero", "none"]), default="fit", show_default=True,
              help="What stands for payload that is not in the log: octets that fit the checksum, zeros, nothing.")  # fmt: skip
@click.option("--link", type=click.Choice(["raw", "ethernet"]), default="raw", show_default=True,
              help="What stands before packets whose link header is not in the log; tcpreplay needs ethernet.")  # fmt: skip
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), help="The day of a log without dates. Default: the file's, or today.")
def replay(
    log: Log, form: str | None, path: Path | None, speed: Fraction | None, max_gap: int | None, loop: bool, step: bool, payload: str,
    link: str, date: datetime.datetime | None,
) -> None:  # fmt: skip
    """Print the log again in its own time, or turn it back into packets.

    Without --to the records come out as far apart as they were, as from a live tcpdump. With --to they come at once, unless --speed,
    --max-gap, --loop or --step asks otherwise. --to pcap and pcapng rebuild the packets octet by octet; what was not in the log is
    counted on standard error, and in a pcapng said with each packet.
    """
    from tcpdump_parse.replay import Pace

    target = Target(FORMATS, form, path, Colour.AUTO, None)
    if loop and "-" in log.files:
        raise Failure("--loop reads the log again and again: name a file, standard input is read once")
    timed = speed is not None or max_gap is not None or loop or (form is None and path is None and not step)
    pace = Pace(speed or Fraction(1), max_gap) if timed else None
    out: IO[Any]
    if target.writer.binary:
        with target.octets(*log.files) as out:
            from tcpdump_parse.write.octets import Filling, Rebuilding, Wrapping

            how = Rebuilding(Filling(payload), lambda _: midnight(log.current, date), Wrapping(link))
            _packets(_events(log, out, pace, loop, step), out, target.format, how)
    else:
        with target.text(*log.files) as out:
            target.writer.write(_events(log, out, pace, loop, step), out)
    log.conclude()


def _events(log: Log, out: IO[Any], pace: Pace | None, loop: bool, step: bool) -> Iterator[Any]:
    """The log's values when they are due; the first Ctrl-C ends them."""
    from tcpdump_parse.replay import Monotonic, paced, stepped

    for events in chain([log.events(out)], (log.events(out) for _ in repeat(None)) if loop else ()):  # type: ignore[arg-type]
        due: Iterable[Any] = paced(events, Flushing(out, Monotonic()), pace) if pace is not None else events
        try:
            yield from stepped(due, lambda: pressed(out)) if step else due
        except EndOfInput:
            return
        if INTERRUPT.asked or not log.packets:
            return


def _packets(events: Iterable[Any], out: BinaryIO, form: str, how: Rebuilding) -> None:
    from tcpdump_parse.write.octets import Tally
    from tcpdump_parse.write.pcap import rebuild_pcap
    from tcpdump_parse.write.pcapng import rebuild_pcapng

    tally = Tally()
    (rebuild_pcap if form == "pcap" else rebuild_pcapng)(events, out, how, tally)
    tell("\n".join(tally.summary()))


class Flushing:
    """A clock: what is written is out before anything waits, and Ctrl-C ends a wait."""

    def __init__(self, out: IO[Any], clock: Clock) -> None:
        self._out = out
        self._clock = clock

    def now(self) -> int:
        return self._clock.now()

    def wait_until(self, moment: int) -> None:
        self._out.flush()
        with INTERRUPT.wakes():
            self._clock.wait_until(moment)


def pressed(out: IO[Any]) -> bool:
    """Whether a key other than q was pressed on the terminal, which is not standard input: that may be the log."""
    import termios
    import tty

    out.flush()
    try:
        with open("/dev/tty", "rb", buffering=0) as terminal, INTERRUPT.wakes():
            before = termios.tcgetattr(terminal)
            tty.setcbreak(terminal.fileno())
            try:
                return terminal.read(1) not in (b"q", b"Q", b"\x04", b"")
            finally:
                termios.tcsetattr(terminal, termios.TCSADRAIN, before)
    except OSError:
        raise Failure("--step waits for keys, and there is no terminal") from None


def midnight(file: str, date: datetime.datetime | None) -> int:
    """The epoch second at which the log's first day began: the day asked for, the file's, or today. Printed times count as UTC."""
    if date is not None:
        day = date.date()
    else:
        try:
            day = datetime.date.fromtimestamp(Path(file).stat().st_mtime)
        except OSError:
            day = datetime.date.today()
    return int(datetime.datetime.combine(day, datetime.time(), datetime.UTC).timestamp())
