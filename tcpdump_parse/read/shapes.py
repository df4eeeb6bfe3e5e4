"""Which plan reads a head: plans by shape, Lark where none does. A plan is compiled when its shape comes a second time, so text in
which every line is new costs Lark and no more. All tables are bounded.

A shape is a head without its hex digits, and without its endpoints where names would otherwise make every pair a shape.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from re import Match
from typing import Any

from msgspec import UNSET, structs

from tcpdump_parse.model import Packet, Segment
from tcpdump_parse.model.options import Sack
from tcpdump_parse.read import grammar
from tcpdump_parse.read.plans import BREAK, JOINT, Plan, compile_plan

HEX_DIGITS = b"0123456789abcdef"

Settle = Callable[[Packet], None]


class Refused(ValueError):
    """The grammar does not say this: `column` is the offset of the first character refused, `accepts` the terminals possible there."""

    def __init__(self, column: int, accepts: Collection[str]) -> None:
        super().__init__(f"refused at {column}")
        self.column = column
        self.accepts = tuple(accepts)


def key_of(head: str) -> bytes:
    """The head without hex digits and without its last pair of endpoints: names would otherwise make every pair a shape."""
    at = head.rfind(" > ")
    if at >= 0:
        start = max(head.rfind(" ", 0, at), head.rfind(JOINT, 0, at), head.rfind("\t", 0, at)) + 1
        end = head.find(": ", at)
        if end > 0:
            head = head[:start] + "\0" + head[end:]
    return head.encode("latin-1").translate(None, HEX_DIGITS)


class Shapes:
    """Plans by shape. `aliases` is looked up by framing itself, with the plain key of a whole record."""

    PLANS = 2048
    ALIASES = 1 << 15

    def __init__(self) -> None:
        self.aliases: dict[bytes, Plan] = {}
        self.plans: OrderedDict[bytes, list[Plan]] = OrderedDict()
        self.once: set[bytes] = set()
        self.parses = 0  # how often Lark was asked

    def alias(self, key: bytes, plan: Plan) -> None:
        if len(self.aliases) >= self.ALIASES:
            self.aliases.clear()
        self.aliases[key] = plan

    def find(self, head: str, key: bytes, where: tuple[Any, ...], settle: Settle | None) -> tuple[Packet, Plan | None]:
        """Reads a head: by a plan of its shape, else by Lark. Raises Refused."""
        known = self.plans.get(key)
        unsure: list[tuple[Plan, Match[str]]] = []
        if known is not None:
            self.plans.move_to_end(key)
            for plan in known:
                found = plan.match(head)
                if found is not None and not plan.knows(found):
                    unsure.append((plan, found))
                elif found is not None:
                    try:
                        if settle is None:
                            return plan.build(found.groups(), *where), plan
                        return plan.absolute(found.groups(), *where, settle), plan
                    except ValueError:
                        continue
        return self.ask(head, key, where, settle, unsure), None

    def ask(
        self, head: str, key: bytes, where: tuple[Any, ...], settle: Settle | None, unsure: Sequence[tuple[Plan, Match[str]]] = ()
    ) -> Packet:
        """Reads a head with Lark; a shape that comes a second time gets its plan. `unsure`: plans that would do if Lark reads so too."""
        from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

        from tcpdump_parse.read.build import evaluate, recipe

        text = head.replace(JOINT, BREAK)
        self.parses += 1
        try:
            tree = grammar.parse(text)
        except UnexpectedInput as error:
            column = error.pos_in_stream if error.pos_in_stream is not None and error.pos_in_stream >= 0 else len(text)
            if isinstance(error, UnexpectedToken) and error.token.type == "$END":
                column = len(text)
            accepts = getattr(error, "accepts", None) or getattr(error, "expected", ())
            if isinstance(error, UnexpectedCharacters):
                accepts = error.allowed
            if isinstance(error, UnexpectedEOF):
                column = len(text)
            raise Refused(column, accepts or ()) from None
        try:
            tokens, made = recipe(tree)
            texts = [str(token) for token in tokens]
            fields = {name: evaluate(field, texts) for name, field in made.fields.items()}
        except ValueError:
            raise Refused(max(0, text.rfind(" > ")), ("ENDPOINT",)) from None
        lax = next((str(token) for token in tokens if grammar.lax(token.type)), None)
        confirmed = next(((plan, found) for plan, found in unsure if plan.taken(found) == lax), None)
        if confirmed is not None:
            confirmed[0].learn(confirmed[1])
        elif key in self.once:
            self.learn(key, compile_plan(tree, text))
        else:
            if len(self.once) >= self.ALIASES:
                self.once.clear()
            self.once.add(key)
        return _finished(fields, where, settle)

    def learn(self, key: bytes, plan: Plan) -> None:
        plans = self.plans.setdefault(key, [])
        plans.append(plan)
        if len(plans) > 8:
            del plans[0]
        if len(self.plans) > self.PLANS:
            self.plans.popitem(last=False)
            self.aliases.clear()  # those still in use come back at their next record


def _finished(fields: dict[str, Any], where: tuple[Any, ...], settle: Settle | None) -> Packet:
    """What a plan's constructor adds: place, clock, and under -S the absolute numbers."""
    capture, frame, line, end_line, clock = where
    if "time" in fields:
        fields["clock"] = clock(fields["time"])
    made = Packet(capture, frame, line, end_line, **fields)
    if settle is not None:
        quoted = made.quoted
        for segment in (made.tcp, UNSET if quoted is UNSET else quoted.tcp):
            if isinstance(segment, Segment):
                _absolute(segment)
        if isinstance(made.tcp, Segment):
            settle(made)
    return made


def _absolute(segment: Segment) -> None:
    """The numbers printed are those of the wire."""
    for name in ("seq", "seq_end", "ack"):
        structs.force_setattr(segment, name + "_abs", getattr(segment, name))
    for option in segment.options:
        if isinstance(option, Sack) and option.blocks:
            structs.force_setattr(option, "blocks_abs", option.blocks)


SHAPES = Shapes()
"""The plans of this process: all readers share them, as all captures are printed by the same few programs."""
