"""Text protocols: HTTP, RTSP, SMTP, FTP, WHOIS, and SSH's banner.

At -v tcpdump prints each printable line of the payload and stops at the first that is not. Line ends are not shown: whether
they were CRLF or LF follows from the length and the checksum.
"""

from __future__ import annotations

from collections.abc import Iterator

from tcpdump_parse.write.octets.payload.guess import Guess


def lines(tail: str, length: int) -> Iterator[Guess]:
    """The lines with CRLF, with LF, with CRLF up to the first empty line, with as many CRLF as the length asks for."""
    head, *texts = tail.split("\n")
    if ", length: " not in head:
        yield Guess(b"")
        return
    shown = [text.removeprefix("\t") for text in texts]
    last = ""
    if shown and " [|" in shown[-1]:
        last = shown.pop()
        last = last[: last.rindex(" [|")]
    ends = len(shown)
    spare = length - sum(map(len, shown)) - len(last)
    blank = shown.index("") + 1 if "" in shown else ends
    for crlf in dict.fromkeys((ends, spare - ends, blank, 0)):
        if 0 <= crlf <= ends and crlf + ends <= spare:
            yield Guess(_joined(shown, crlf) + last.encode("latin-1"))


def _joined(shown: list[str], crlf: int) -> bytes:
    return "".join([text + ("\r\n" if at < crlf else "\n") for at, text in enumerate(shown)]).encode("latin-1")


def banner(tail: str, length: int) -> Iterator[Guess]:
    """`: SSH: SSH-2.0-OpenSSH_9.2`."""
    text = tail.removeprefix(": SSH: ")
    if text == tail or "\n" in text:
        return
    octets = text.removesuffix(" [|ssh]").encode("latin-1")
    for end in (b"\r\n", b"\n", b""):
        if len(octets + end) <= length:
            yield Guess(octets + end)
