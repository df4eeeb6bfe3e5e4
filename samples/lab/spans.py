"""Ranges of octets as sorted (start, end) pairs: enough arithmetic to say what of a segment was sent, had arrived, was acknowledged."""

from collections.abc import Iterable, Sequence

Span = tuple[int, int]
Spans = Sequence[Span]


def minus(wanted: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What of `wanted` is in none of `taken`."""
    left = [span for span in wanted if span[0] < span[1]]
    for start, end in taken:
        left = [piece for low, high in left for piece in ((low, min(high, start)), (max(low, end), high)) if piece[0] < piece[1]]
    return left


def common(one: Iterable[Span], other: Spans) -> list[Span]:
    """What is in both."""
    one = list(one)
    return minus(one, minus(one, other))
