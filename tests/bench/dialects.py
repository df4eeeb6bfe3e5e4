"""How fast other forms of tcpdump's text are read, measured against `-S -nn -vvv` in turns: each form by the best of its turns."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.measures import Row, Traffic, rate

PACKETS: Final = 20_000
TURNS: Final = 7
BASE: Final = ("-S", "-nn", "-vvv")


class Form(NamedTuple):
    """What is printed how; `octets`: at most so many captured of each packet; `those`: a filter; per record, or per octet of text."""

    name: str
    flags: tuple[str, ...]
    least: float
    octets: int = 65_535
    those: str = ""
    per_octet: bool = False


FORMS: Final = (
    Form("-tttt -e", ("-tttt", "-e"), 0.8),
    Form("-X, cut after 128 octets", ("-X",), 0.5, octets=128),
    Form("-A, cut after 128 octets", ("-A",), 0.5, octets=128),
    Form("-X, whole packets up to 128 octets", ("-X",), 0.5, those="less 128"),
    Form("-A, whole packets up to 128 octets", ("-A",), 0.5, those="less 128"),
    Form("port 80", (), 0.5, those="port 80"),
    Form("-X of full-size packets, octets a second", ("-X",), 1, those="greater 1000", per_octet=True),
)


def dialects(traffic: Traffic) -> Iterator[Row]:
    """Each form's rate ÷ that of `-S -nn -vvv`."""
    from tcpdump_parse import packets

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = printed(traffic, folder / "base.txt", Form("", (), 0))
        for form in FORMS:
            text = printed(traffic, folder / "form.txt", form)
            count, plain = sum(1 for _ in packets(text)), sum(1 for _ in packets(base))
            turns = [(rate(count, lambda text=text: packets(text), 1), rate(plain, lambda: packets(base), 1)) for _ in range(TURNS)]  # type: ignore[misc]
            ours, theirs = map(max, zip(*turns, strict=True))
            each = density(text) / density(base) if form.per_octet else 1
            yield Row(f"{form.name} ÷ -S -nn -vvv", ours / theirs * each, "×", form.least)


def density(text: Path) -> float:
    """Octets of text a record."""
    from tcpdump_parse import packets

    return text.stat().st_size / sum(1 for _ in packets(text))


def printed(traffic: Traffic, text: Path, form: Form) -> Path:
    """The first of these packets as tcpdump prints them."""
    chosen, cut = text.with_suffix(".pcap"), text.with_suffix(".cut")
    filter_ = form.those.split()
    quiet = subprocess.DEVNULL
    subprocess.run(["tcpdump", "-r", traffic.pcap, "-c", str(PACKETS), "-w", chosen, *filter_], check=True, stderr=quiet)
    subprocess.run(["editcap", "-F", "pcap", "-s", str(form.octets), chosen, cut], check=True, stderr=quiet)
    with text.open("wb") as out:
        command = ["tcpdump", *BASE, *form.flags, "-r", cut]
        subprocess.run(command, check=True, stdout=out, stderr=quiet, env=os.environ | {"TZ": "UTC"})
    return text
