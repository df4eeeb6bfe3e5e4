"""What rules may rely on having been noted: small memories, filled by the engine, read by rules.

A rule never writes. What must be remembered from segment to segment and is no business of `track` (the TTLs of a sender, the ECN
dialogue, timestamps) is a `Notes` class of the family: one instance a connection (or a capture), told of each event in `on` *after* the
rules have read the notes, so that a rule compares what is new with what was. Notes are bounded: no list may grow with the connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from tcpdump_parse.model.steps import Step


class Notes:
    """Per connection. `on`: the events (as in `rule(on=…)`) it wants to be told of; `after`: of nothing before one of these (of the
    segment that brings it, though). `shares`: notes of the same connection that it reads itself; its `__init__` takes them, and each is
    there once, whoever shares it. Read them when a rule asks, not in `see`: of segments that woke no rule each is told in its own turn."""

    on: ClassVar[tuple[type, ...]] = ()
    after: ClassVar[tuple[type, ...]] = ()
    shares: ClassVar[tuple[type[Notes], ...]] = ()

    def __init_subclass__(cls) -> None:
        """Who says anew what it does with one event does so with several, unless it says that, too."""
        if "see" in vars(cls) and "see_each" not in vars(cls):
            cls.see_each = Notes.see_each  # type: ignore[method-assign]

    def see(self, *event: Any) -> None:
        """Called as the rules are: `(step, event)`, `(ending,)`."""
        raise NotImplementedError

    def see_each(self, told: Sequence[tuple[Step, Any]]) -> None:
        """The same of several segments that woke no rule, in order; of what nearly every segment brings notes are told so. At least one."""
        for step, event in told:
            self.see(step, event)


class CaptureNotes(Notes):
    """Per capture. Happenings and signs come as `see(step, event)`; `Capture`, `Notice`, `Unread`, `Packet` (a record that is no
    segment), `Step` and `Ending` may stand in `on` too and come as `see(event)`. With `Step` it is told of every segment, of some at once
    and before anybody reads it: be quick, in a `see_all` of its own if need be.
    """

    def see_all(self, steps: Sequence[Step]) -> None:
        """The segments since it was told last."""
        for step in steps:
            self.see(step)
