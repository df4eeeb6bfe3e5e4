"""Text of the log: inside `read` it is latin-1 (one character an octet, offsets equal), outside it is UTF-8, or base64 where it is not."""

from __future__ import annotations

import base64
import binascii

from tcpdump_parse.model import Base64, Text


def to_text(raw: str) -> Text:
    """What the model holds for `raw`, a piece of the log decoded as latin-1."""
    if raw.isascii():
        return raw
    octets = raw.encode("latin-1")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return Base64(base64.b64encode(octets).decode("ascii"))


def to_raw(text: Text) -> str:
    """The inverse of `to_text`. Raises ValueError when the base64 of a hand-made value is not base64."""
    if isinstance(text, Base64):
        try:
            return base64.b64decode(text.base64, validate=True).decode("latin-1")
        except binascii.Error as error:
            raise ValueError(f"not base64: {text.base64[:40]!r}") from error
    return text.encode("utf-8", "surrogatepass").decode("latin-1")
