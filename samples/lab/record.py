"""Chapter 3: the server and the client, captured on `lo` by the real tcpdump, as a person sees it in a terminal.

    sudo python samples/lab/record.py [CASE…]

writes samples/<family>/<case>.txt, all of them when no case is named. tcpdump runs on a terminal of its own (a pty), so banner,
records, `^C` and counters stand as they would on the screen. Nothing here sleeps: each step waits for what tcpdump has printed.
"""

import argparse
import os
import pty
import re
import select
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from network import Host, Process, await_line, end, hosts, press_enter
from scenes import PORT, SCENES, Press, Scene

SAMPLES = Path(__file__).parent.parent
PATIENCE = 30.0  # seconds without a printed octet before the recorder gives up; never part of a recording
COMMAND = ("tcpdump", "-l", "-S", "-nn", "-vvv", "-i", "lo", "port", str(PORT))


class Screen:
    """A terminal with tcpdump in it: what it shows, and the keys we press."""

    def __init__(self, host: Host) -> None:
        """Start tcpdump in the namespace, on a terminal that writes LF as LF."""
        self.shown = ""
        self.seen = 0
        self.pid, self.keyboard = pty.fork()
        if self.pid == 0:
            os.environ["TZ"] = "UTC"
            mode = termios.tcgetattr(0)
            mode[1] &= ~termios.OPOST
            termios.tcsetattr(0, termios.TCSANOW, mode)
            os.execvp("ip", host.words(*COMMAND))

    def _more(self) -> bool:
        """Take what was printed since; false at the end."""
        if not select.select([self.keyboard], [], [], PATIENCE)[0]:
            raise TimeoutError(f"nothing printed for {PATIENCE:.0f} s after:\n{self.shown[-800:]}")
        try:
            octets = os.read(self.keyboard, 65536)
        except OSError:  # Linux says EIO, not end of file, when a terminal's last process is gone.
            return False
        self.shown += octets.decode()
        return bool(octets)

    def await_(self, pattern: str) -> None:
        """Wait until this is printed after what was awaited before."""
        wanted = re.compile(pattern)
        while not (found := wanted.search(self.shown, self.seen)):
            if not self._more():
                raise RuntimeError(f"tcpdump ended before {pattern!r}:\n{self.shown[-800:]}")
        self.seen = found.end()

    def interrupt(self) -> str:
        """Press Ctrl-C; all that the terminal showed."""
        os.write(self.keyboard, b"\x03")
        while self._more():
            pass
        os.waitpid(self.pid, 0)
        os.close(self.keyboard)
        return self.shown


@contextmanager
def players(host: Host, scene: Scene) -> Iterator[dict[Press, Process]]:
    """The server, listening, and the client after it."""
    at = ["--host", scene.host, "--port", str(PORT)]
    playing: dict[Press, Process] = {}
    try:
        if scene.server:
            playing[Press.SERVER] = host.python("tcp_server.py", *at, "--buffer", str(scene.buffer), *scene.server)
            await_line(playing[Press.SERVER], b"listening")
        playing[Press.CLIENT] = host.python("tcp_client.py", *at, *scene.client)
        yield playing
    finally:
        for process in playing.values():
            end(process)


def record(scene: Scene) -> str:
    """Play one scene in a namespace of its own; the terminal's text."""
    with hosts("lo") as (host,):
        # Tail loss probes fire when a slow machine is late with an ACK: a second lesson in a recording that teaches one.
        host.tell({"net.ipv4.tcp_early_retrans": "0"})
        screen = Screen(host)
        screen.await_("listening on .*\n")
        with players(host, scene) as playing:
            for cue in scene.cues:
                if isinstance(cue, str):
                    screen.await_(cue)
                else:
                    press_enter(playing[cue])
            return screen.interrupt()


def verdicts(scene: Scene, shown: str) -> Iterator[str]:
    """The `#: ` lines: each rule with the first record that its pattern matches."""
    records = re.findall(r"^\d\d:\d\d:\d\d\..*(?:\n    .*)?", shown, re.M)
    for rule, pattern in scene.proves:
        if pattern is None:
            yield f"#: {rule}"
        else:
            yield f"#: {rule} at {next(n for n, text in enumerate(records, 1) if re.search(pattern, text))}"


def main() -> None:
    """Record the cases named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(scene.case for scene in SCENES)}")
    parser.add_argument("--out", type=Path, default=SAMPLES)
    chosen = parser.parse_args()
    if unknown := set(chosen.cases) - {scene.case for scene in SCENES}:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    for scene in SCENES:
        if not chosen.cases or scene.case in chosen.cases:
            shown = record(scene)
            path = chosen.out / scene.family / f"{scene.case}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            head = "\n".join(verdicts(scene, shown))
            path.write_text(f"{head}\n$ sudo {' '.join(COMMAND)}\n{shown}")
            print(path)


if __name__ == "__main__":
    main()
