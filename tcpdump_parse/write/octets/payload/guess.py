"""What a decoder offers."""

from __future__ import annotations

from msgspec import Struct


class Guess(Struct, frozen=True, gc=False):
    """Octets a payload may begin with, or consist of. `holes` are places (offset, count) that the decoded text does not show."""

    octets: bytes
    holes: tuple[tuple[int, int], ...] = ()
