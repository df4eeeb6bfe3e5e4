"""The latest few of something, as a plain list: most connections never need one of them, and an empty list is a tenth of an empty deque."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def keep(kept: list[T], item: T, most: int) -> None:
    """Append, and forget the oldest past `most`."""
    kept.append(item)
    if len(kept) > most:
        del kept[0]
