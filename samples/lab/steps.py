"""What one end of a conversation does, in words: `send 38`, `receive 1024`, `close`.

The server and the client of the article play such steps on one connection, so that a scenario is a list of words and
nothing in it waits for a clock: each step ends when its socket, or the person at the keyboard, lets it end.
"""

import socket
import struct
import sys
from collections.abc import Callable, Sequence

LINE = b"the quick brown fox jumps over the lazy dog\n"


def send(sock: socket.socket, octets: int) -> None:
    """Send that many octets of text."""
    sock.sendall((LINE * (octets // len(LINE) + 1))[:octets])


def receive(sock: socket.socket, octets: int) -> None:
    """Read exactly that many octets, or what comes before the peer's FIN."""
    while octets and (got := sock.recv(min(octets, 65536))):
        octets -= len(got)


def eof(sock: socket.socket, _: int) -> None:
    """Read until the peer has closed its half."""
    while sock.recv(65536):
        pass


def enter(_sock: socket.socket, _: int) -> None:
    """Wait for Enter (or the end of standard input)."""
    sys.stdin.readline()


def keepalive(sock: socket.socket, seconds: int) -> None:
    """Probe a silent peer after that many seconds."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, seconds)


def give_up(sock: socket.socket, milliseconds: int) -> None:
    """Reset a connection whose data stay unacknowledged that long."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def nodelay(sock: socket.socket, _: int) -> None:
    """Send small segments at once (no Nagle)."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def finish(sock: socket.socket, _: int) -> None:
    """Close the sending half only."""
    sock.shutdown(socket.SHUT_WR)


def close(sock: socket.socket, _: int) -> None:
    """Close both halves."""
    sock.close()


def reset(sock: socket.socket, _: int) -> None:
    """Close with SO_LINGER 0: an RST instead of a FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


STEPS: dict[str, Callable[[socket.socket, int], None]] = {
    step.__name__.replace("_", "-"): step
    for step in (send, receive, eof, enter, keepalive, give_up, nodelay, finish, close, reset)
}


def play(sock: socket.socket, steps: Sequence[str]) -> None:
    """Do the steps one after the other; a reset or a timeout by the peer ends them early."""
    try:
        for step in steps:
            word, _, number = step.partition(" ")
            STEPS[word](sock, int(number or 0))
    except OSError as error:
        print(error, file=sys.stderr)
