"""In a terminal, with a real tcpdump on the loopback: what a person sees while a connection lives, and both kinds of Ctrl-C.

Needs root for the capture, and tcpdump and tmux. Everything is waited for; nothing is timed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import PATIENCE, PLAIN, ROOT, TDPARSE

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="a capture needs root"),
    pytest.mark.skipif(not shutil.which("tcpdump"), reason="tcpdump is not installed"),
    pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed"),
    pytest.mark.skipif(sys.platform != "linux", reason="captures on the loopback of Linux"),
]


class Screen:
    """A tmux session of its own server: type into it, and wait for what it shows."""

    def __init__(self, socket_path: Path) -> None:
        self._tmux = ("tmux", "-S", str(socket_path), "-f", "/dev/null")
        self.run("new-session", "-d", "-x", "100", "-y", "200", "bash --norc --noprofile")

    def run(self, *arguments: str) -> str:
        return subprocess.run([*self._tmux, *arguments], env=PLAIN, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    def type(self, text: str) -> None:
        self.run("send-keys", "-l", text)
        self.run("send-keys", "Enter")

    def press(self, key: str) -> None:
        self.run("send-keys", key)

    def until(self, wanted: str) -> str:
        """The screen, as soon as it shows `wanted`."""
        end = time.monotonic() + PATIENCE
        shown = ""
        while wanted not in shown:
            assert time.monotonic() < end, f"{wanted!r} never came; the screen shows:\n{shown}"
            shown = self.run("capture-pane", "-p")
        return shown


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    made = Screen(tmp_path / "tmux")
    try:
        yield made
    finally:
        made.run("kill-server")


@pytest.fixture
def port() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def watch(screen: Screen, server: socket.socket, *, count: str = "") -> int:
    """Start the pipe of README on the server's port, and wait until tcpdump listens."""
    number: int = server.getsockname()[1]
    tdparse = shlex.join(TDPARSE)
    screen.type(f"clear; tcpdump -l -S -nn -vvv {count} -i lo port {number} | {tdparse} explain; echo status ${{PIPESTATUS[1]}}")
    screen.until("listening on lo")
    return number


def test_each_packet_is_told_while_nothing_follows(screen: Screen, port: socket.socket) -> None:
    """The SYN's answer and the ACK are the last packets on the wire until this test goes on; what it awaits is told all the same."""
    number = watch(screen, port)
    with socket.create_connection(("127.0.0.1", number)) as client:
        screen.until("ESTABLISHED")
        server, _ = port.accept()
        with server:
            client.sendall(b"a question")
            screen.until("10 bytes")
    screen.press("C-c")
    shown = screen.until("status 0")
    assert "Verdict on connection 1" in shown


def test_the_first_ctrl_c_tells_the_endings_of_open_connections(screen: Screen, port: socket.socket) -> None:
    number = watch(screen, port)
    with socket.create_connection(("127.0.0.1", number)):
        screen.until("ESTABLISHED")
        screen.press("C-c")
        shown = screen.until("status 0")
    assert "Verdict on connection 1" in shown
    assert "Traceback" not in shown


def test_the_second_ctrl_c_stops_although_the_pipe_stays_open(screen: Screen, tmp_path: Path) -> None:
    """Whoever writes ignores Ctrl-C and never closes: the first leaves tdparse waiting for the end, the second ends it."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    tdparse = shlex.join(TDPARSE)
    log = shlex.quote(str(ROOT / "samples" / "reset" / "linger.txt"))
    screen.type(f"clear; (trap '' INT; cat {log}; cat {shlex.quote(str(fifo))}) | {tdparse} explain; echo status ${{PIPESTATUS[1]}}")
    screen.until("The client aborts")
    screen.press("C-c")
    with fifo.open("wb", buffering=0) as writer:  # waits until cat reads it
        writer.write((ROOT / "samples" / "handshake" / "refused.txt").read_bytes())
        screen.until("The server refuses")
        screen.press("C-c")
    assert "status 130" in screen.until("status 130")
