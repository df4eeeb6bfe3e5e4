"""The article's scenes, as data: who does what, which printed record is awaited, and what the recording proves.

A cue is a pattern to await in tcpdump's output, or an end at whose keyboard Enter is pressed.
`proves` names rules, each with the pattern of the first record it speaks of (None: a verdict on the whole log).
"""

from dataclasses import dataclass
from enum import Enum

PORT = 8000


def by_client(flags: str, rest: str = "") -> str:
    """A record from the client: flags as printed, and a pattern for what follows them."""
    return rf"\.{PORT}: Flags \[{flags}\],.*{rest}.*\n"


def by_server(flags: str, rest: str = "") -> str:
    """A record from the server."""
    return rf"\.{PORT} > \S+: Flags \[{flags}\],.*{rest}.*\n"


class Press(Enum):
    """The end at whose keyboard Enter is pressed."""

    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True)
class Scene:
    """One recording: samples/<family>/<case>.txt. No server steps: nobody listens."""

    family: str
    case: str
    proves: tuple[tuple[str, str | None], ...]
    server: tuple[str, ...]
    client: tuple[str, ...]
    cues: tuple[str | Press, ...]
    host: str = "127.0.0.1"
    buffer: int = 0


ASKED = ("send 38", "receive 1024", "enter")
ANSWERED = ("receive 38", "send 1024")
REPLY_ACKED = (by_server(r"P\.", "length 1024"), by_client(r"\."))
# The server closes only when its kernel's ACK of the client's FIN was printed; else ACK and FIN may share one segment.
FOUR_WAY = (*REPLY_ACKED, Press.CLIENT, by_client(r"F\."), by_server(r"\."), Press.SERVER, by_server(r"F\."), by_client(r"\."))
PROBE = by_server(r"\.", "length 0")

SCENES = (
    Scene("close", "four-way", (("clean", None),), (*ANSWERED, "eof", "enter", "close"), (*ASKED, "close"), FOUR_WAY),
    Scene("handshake", "ipv6", (("clean", None),), (*ANSWERED, "eof", "enter", "close"), (*ASKED, "close"), FOUR_WAY, host="::1"),
    Scene(
        "close",
        "half-close",
        (("close-wait-stuck at end", None),),
        ("keepalive 2", *ANSWERED, "enter"),
        (*ASKED, "close"),
        # The ACK of the FIN, then the probe of a server that never closes, then the answer to it.
        (*REPLY_ACKED, Press.CLIENT, by_client(r"F\."), by_server(r"\."), by_server(r"\."), by_client(r"\.")),
    ),
    Scene(
        "keepalive",
        "idle",
        (("clean", None),),
        (*ANSWERED, "eof", "enter", "close"),
        ("keepalive 1", *ASKED, "close"),
        (*REPLY_ACKED, by_client(r"\."), by_server(r"\."), by_client(r"\."), by_server(r"\."), *FOUR_WAY[2:]),
    ),
    Scene(
        "reset",
        "linger",
        (("rst-seen", r"\[R\.\]"), ("rst-cause-abort", r"\[R\.\]")),
        (*ANSWERED, "eof"),
        (*ASKED, "reset"),
        (*REPLY_ACKED, Press.CLIENT, by_client(r"R\.")),
    ),
    Scene("handshake", "refused", (("syn-refused", r"\[R\.\]"),), (), (), (by_client("S"), by_server(r"R\."))),
    Scene(
        "window",
        "zero-window",
        (("win-zero", r"\], .* win 0, "),),
        # The server takes the greeting, then nothing until its window is shut and two probes went unserved.
        ("receive 38", "enter", "eof", "enter", "close"),
        ("send 38", "send 30000", "enter", "close"),
        (
            by_server(r"\.", "win 0, "),
            by_client(r"\.", "length 0"),
            by_server(r"\.", "win 0, "),
            by_client(r"\.", "length 0"),
            by_server(r"\.", "win 0, "),
            Press.SERVER,
            by_server(r"\.", "win [1-9]"),
            Press.CLIENT,
            by_client(r"FP?\."),
            by_server(r"\."),
            Press.SERVER,
            by_server(r"F\."),
            by_client(r"\."),
        ),
        buffer=8192,
    ),
)
