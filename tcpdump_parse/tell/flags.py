"""tcpdump's flag letters in words: "S." is "SYN ACK"."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_WORDS: Final = {"S": "SYN", "F": "FIN", "R": "RST", "P": "PSH", ".": "ACK", "U": "URG", "W": "CWR", "E": "ECE", "e": "AE"}


@lru_cache(maxsize=512)
def in_words(letters: str) -> str:
    """The words of tcpdump's letters, in its order; "none" for a segment without any."""
    return " ".join(_WORDS.get(letter, letter) for letter in letters if letter.isprintable()) or "none"
