"""The captures, and the text that the installed tcpdump prints of them: one text a capture and set of flags."""

import subprocess
from pathlib import Path

FILES = sorted((Path(__file__).parent / "tcpdump-tests").glob("*.pcap*"))
OPTIONS = Path(__file__).parent / "versions" / "opts.pcap"

# Flags of tcpdump, how many records there are, and how many of them show a segment: without -v those inside ICMP errors and some
# tunnels are not printed. With -t 13 records that carry no TCP look like no record at all (`unknown ip 3`): notices.
DIALECTS = (
    ("-S -nn -vvv", 2016, 1728),
    ("", 2016, 1696),
    ("-n", 2016, 1696),
    ("-nn -v", 2016, 1728),
    ("-nn -e -vv", 2016, 1728),
    ("-nn -tttt -X -vvv", 2016, 1728),
    ("-q", 2016, 1654),
    ("-nn -# -ttt -e -XX -vvv", 2016, 1728),
    ("-nn -A", 2016, 1696),
    ("-nn -tt -xx -v", 2016, 1728),
    ("-nn -ttttt -x --nano", 2016, 1696),
    ("-nn -t -vv", 2003, 1728),
)


VERSIONS = ("3.9.8", "4.0.0", "4.9.3", "4.99.3", "4.99.6", "5.0")


def cases(version: str) -> list[tuple[str, str]]:
    """The packets of OPTIONS as that version of tcpdump printed them with -S -nn -vvv: the case's name, and the record."""
    lines = (OPTIONS.parent / f"opts-tcpdump-{version}.txt").read_text().splitlines()
    return [(name.strip(), record.replace("\\n", "\n") + "\n") for name, _, record in (line.partition("| ") for line in lines)]


def printed(flags: str, file: Path) -> bytes:
    environment = {"TZ": "UTC", "PATH": "/usr/bin:/usr/sbin"}
    return subprocess.run(["tcpdump", *flags.split(), "-r", file], capture_output=True, env=environment).stdout
