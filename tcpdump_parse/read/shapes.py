"""Known shapes are read by plans: the tree of a record's head, compiled to one regular expression and one constructor.

A plan says nothing that the grammar does not say: every value token is a group holding its terminal's own pattern (atomic, so that it
takes what Lark's lexer would take), all other text is literal, and the constructor is generated from the recipe that `build` made of
the tree. A token without a hex digit cannot differ within a shape: it is literal too, and its value a constant. Plans are compiled
when a shape comes a second time, so text in which every line is new costs Lark and no more. All tables are bounded.

In here a head's `\n` and four blanks are one character, `JOINT`, as `framing` cuts chunks.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, structs

from tcpdump_parse.model import Packet, Segment
from tcpdump_parse.model.options import Sack
from tcpdump_parse.read import grammar
from tcpdump_parse.read.terms import ENDS, big

if TYPE_CHECKING:
    from tcpdump_parse.read.build import Make, Recipe

HEX_DIGITS = b"0123456789abcdef"
JOINT = "\x01"
BREAK = "\n    "

Settle = Callable[[Packet], None]
Clock = Callable[[str], Any]

_HAS_HEX = re.compile("[0-9a-f]").search


class Refused(ValueError):
    """The grammar does not say this: `column` is the offset of the first character refused, `accepts` the terminals possible there."""

    def __init__(self, column: int, accepts: Collection[str]) -> None:
        super().__init__(f"refused at {column}")
        self.column = column
        self.accepts = tuple(accepts)


class Plan:
    """One shape: `match` a head, then `build` (or `absolute`, where printed numbers are those on the wire) its Packet."""

    __slots__ = ("absolute", "begin", "build", "extra", "match")

    def __init__(self, pattern: str, build: Callable[..., Packet], absolute: Callable[..., Packet], extra: int) -> None:
        compiled = re.compile(pattern)
        self.match = compiled.fullmatch
        self.begin = compiled.match  # where a tail follows on the same line
        self.build = build
        self.absolute = absolute
        self.extra = extra


class _Writer:
    """Writes the constructor of one recipe as Python."""

    def __init__(self, texts: list[str], baked: set[int]) -> None:
        self.texts = texts
        self.baked = baked
        self.names: dict[str, Any] = {"U": UNSET, "big": big}
        self.before: dict[str, None] = {}  # statements, in order, each once

    def constant(self, value: Any) -> str:
        if value is UNSET:
            return "U"
        if value is True or value is False or isinstance(value, int) or value == ():
            return repr(value)
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name

    def fixed(self, made: Recipe) -> bool:
        """Whether the shape alone gives this value."""
        from tcpdump_parse.read.build import Items, Leaf, Make, Word

        if isinstance(made, Leaf):
            return made.index in self.baked
        if isinstance(made, Items):
            return all(map(self.fixed, made.items))
        if isinstance(made, Make):
            return made.cls not in (Packet, Segment) and all(map(self.fixed, made.fields.values()))
        assert isinstance(made, Word)
        return True

    def value(self, made: Recipe, absolute: bool) -> str:
        from tcpdump_parse.read.build import Items, Leaf, Make, evaluate

        if self.fixed(made):
            return self.constant(evaluate(made, self.texts))
        if isinstance(made, Leaf):
            if not made.ends:
                return made.term.code.format(f"g{made.index}")
            self.names[f"ends_{made.ends}"] = ENDS[made.ends]
            self.before[f"a{made.index}, p{made.index} = ends_{made.ends}[g{made.index}]"] = None
            return ("a", "p")[made.part] + str(made.index)
        if isinstance(made, Items):
            return "(" + "".join(self.value(item, absolute) + ", " for item in made.items) + ")"
        assert isinstance(made, Make)
        given = {name: self.value(field, absolute) for name, field in made.fields.items()}
        if made.cls is Segment:
            given = self.segment(given, absolute)
        elif made.cls is Sack and absolute and "blocks" in given:
            given["blocks_abs"] = given["blocks"]
        elif made.cls is Packet:
            given |= {name: name for name in ("capture", "frame", "line", "end_line")}
            if "time" in given:
                given["clock"] = f"clock({given['time']})"
        return self.call(made.cls, given)

    def segment(self, given: dict[str, str], absolute: bool) -> dict[str, str]:
        """Sequence numbers are needed twice under -S: as printed, and on the wire."""
        if absolute:
            for name in ("seq", "seq_end", "ack"):
                if name in given:
                    self.before[f"{name} = {given[name]}"] = None
                    given[name] = given[name + "_abs"] = name
        return given

    def call(self, cls: type, given: dict[str, str]) -> str:
        """Positional as far as that is short: keywords cost more."""
        name = cls.__name__
        self.names[name] = cls
        fields: tuple[str, ...] = cls.__struct_fields__  # type: ignore[attr-defined]
        defaults = dict(zip(reversed(fields), reversed(cls.__struct_defaults__), strict=False))  # type: ignore[attr-defined]
        left = dict(given)
        arguments: list[str] = []
        for number, field in enumerate(fields):
            if field in left:
                arguments.append(left.pop(field))
            elif not any(later in left for later in fields[number + 1 : number + 6]) or field not in defaults:
                break
            else:
                arguments.append(self.constant(defaults[field]))
        arguments += [f"{field}={code}" for field, code in left.items()]
        return f"{name}({', '.join(arguments)})"

    def function(self, made: Make, absolute: bool, groups: list[int]) -> Callable[..., Packet]:
        self.before = {}
        result = self.value(made, absolute)
        lines = [f"def build(groups, capture, frame, line, end_line, clock{', settle' if absolute else ''}):"]
        if groups:
            lines.append(f"    {''.join(f'g{index}, ' for index in groups)}= groups")
        lines += [f"    {statement}" for statement in self.before]
        doubt = self.doubt(made) if absolute else ""
        if doubt:
            lines += [f"    made = {result}", f"    if {doubt}:", "        settle(made)", "    return made"]
        else:
            lines.append(f"    return {result}")
        exec(compile("\n".join(lines), "<plan>", "exec"), self.names)  # the text is ours: names of the model and numbers
        built: Callable[..., Packet] = self.names.pop("build")
        return built

    def doubt(self, made: Make) -> str:
        """When a record of a capture that prints absolute numbers is worth a second look: a SYN, or a number that looks relative."""
        from tcpdump_parse.read.build import Make, Word, evaluate

        segment = made.fields.get("tcp")
        if not isinstance(segment, Make):
            return ""
        flags = segment.fields.get("flags", Word(""))
        if not self.fixed(flags) or "S" in evaluate(flags, self.texts):
            return "True"
        return " or ".join(f"{name} < 1048576" for name in ("seq", "ack") if name in segment.fields)


def compile_plan(tree: Any, head: str) -> Plan:
    """The plan of the shape of `head`, which Lark has read as `tree`."""
    from tcpdump_parse.read.build import recipe

    tokens, made = recipe(tree)
    patterns = grammar.terminals()
    baked = {index for index, token in enumerate(tokens) if not _HAS_HEX(token) and token.type not in _ENDS}
    pieces: list[str] = []
    at: int | None = 0
    for index, token in enumerate(tokens):
        if index in baked:
            continue
        pieces.append(_literal(head[at : token.start_pos]))
        pieces.append(f"((?>{patterns[token.type]}))".replace(r"\n]", r"\n\x01]"))
        at = token.end_pos
    pieces.append(_literal(head[at:]))
    writer = _Writer([str(token) for token in tokens], baked)
    groups = [index for index in range(len(tokens)) if index not in baked]
    return Plan("".join(pieces), writer.function(made, False, groups), writer.function(made, True, groups), head.count(BREAK))


_ENDS = frozenset({"ENDPOINT", "ENDPOINT6", "ADDRESS", "ADDRESS6", "PORT", "GLUED"})


def _literal(text: str) -> str:
    return re.escape(text.replace(BREAK, JOINT))


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
        if known is not None:
            self.plans.move_to_end(key)
            for plan in known:
                found = plan.match(head)
                if found is not None:
                    try:
                        if settle is None:
                            return plan.build(found.groups(), *where), plan
                        return plan.absolute(found.groups(), *where, settle), plan
                    except ValueError:
                        continue
        return self.ask(head, key, where, settle), None

    def ask(self, head: str, key: bytes, where: tuple[Any, ...], settle: Settle | None) -> Packet:
        """Reads a head with Lark; a shape that comes a second time gets its plan."""
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
        if key in self.once:
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
    segment = made.tcp
    if settle is not None and isinstance(segment, Segment):
        for name in ("seq", "seq_end", "ack"):
            structs.force_setattr(segment, name + "_abs", getattr(segment, name))
        for option in segment.options:
            if isinstance(option, Sack) and option.blocks:
                structs.force_setattr(option, "blocks_abs", option.blocks)
        settle(made)
    return made
