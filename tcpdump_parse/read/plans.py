"""Known shapes are read by plans: the tree of a record's head, compiled to one regular expression and one constructor.

A plan says nothing that the grammar does not say: every value token is a group holding its terminal's own pattern, all other text is
literal, and the constructor is generated from the recipe that `build` made of the tree. A group is atomic, so that it takes what Lark's
lexer would take, but where what follows leaves no choice. A token that cannot differ within a shape is literal too, and its value a
constant: one without a hex digit, or a word of the grammar.

A link header is one group, for a log has few of them: its text looks up the value made before (`Links`). That group takes what the
tokens might be, up to the character that follows each; what they are is proved by their own patterns when the text is new.

In here a head's `\n` and four blanks are one character, `JOINT`, as `framing` cuts chunks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from tcpdump_parse.model import Packet, Segment
from tcpdump_parse.model.layers import LinkHeader
from tcpdump_parse.model.options import Sack
from tcpdump_parse.read import grammar
from tcpdump_parse.read.terms import ENDS, SMALL, big

if TYPE_CHECKING:
    from tcpdump_parse.read.build import Make, Recipe

JOINT = "\x01"
BREAK = "\n    "

_HAS_HEX = re.compile("[0-9a-f]").search
_ONLY_DIGITS = re.compile(r"(?:\(\?:|[]0-9a-f[{}()|+,-])+").fullmatch
"""A pattern that takes hex digits and nothing else."""


class Plan:
    """One shape: `match` a head, then `build` (or `absolute`, where printed numbers are those on the wire) its Packet.

    `timed`: the head shows its time. `lax`: the group of a token that takes any text because nothing stricter did (a link header that
    stays closed), 0 without one. A text of the same shape may be one that something stricter takes: then only those that Lark has seen
    (`seen`) are this plan's.
    """

    __slots__ = ("absolute", "begin", "build", "extra", "lax", "match", "seen", "timed")

    SEEN = 256

    def __init__(
        self, pattern: str, build: Callable[..., Packet], absolute: Callable[..., Packet], extra: int, *, timed: bool, lax: int = 0
    ) -> None:
        compiled = re.compile(pattern)
        self.match = compiled.fullmatch
        self.begin = compiled.match  # where a tail follows on the same line
        self.build = build
        self.absolute = absolute
        self.extra = extra
        self.timed = timed
        self.lax = lax
        self.seen: set[str] = set()

    def taken(self, found: re.Match[str]) -> str:
        """What the lax token took of a head."""
        return found[self.lax].replace(JOINT, BREAK)

    def knows(self, found: re.Match[str]) -> bool:
        """Lark would read this head so too."""
        return not self.lax or self.taken(found) in self.seen

    def learn(self, found: re.Match[str]) -> None:
        """Lark has read this head with the lax token."""
        if len(self.seen) >= self.SEEN:
            self.seen.clear()
        self.seen.add(self.taken(found))


class Links(dict[str, LinkHeader]):
    """Link headers of one shape by their text. Bounded: a log has few, hostile text may have millions."""

    LIMIT = 1 << 13

    def __init__(self, pattern: str, made: Make, indices: Sequence[int], texts: Sequence[str]) -> None:
        """`indices`: the tokens that are the groups of `pattern`, among `texts`, the tokens of the head that showed the shape."""
        self.match = re.compile(pattern).fullmatch
        self.made = made
        self.indices = indices
        self.texts = texts

    def __missing__(self, text: str) -> LinkHeader:
        from tcpdump_parse.read.build import evaluate

        found = self.match(text)
        if found is None:
            raise ValueError(f"{text} is no link header of this shape")
        texts = list(self.texts)
        for index, token in zip(self.indices, found.groups(), strict=True):
            texts[index] = token
        if len(self) >= self.LIMIT:
            self.clear()
        link: LinkHeader = evaluate(self.made, texts)
        self[text] = link
        return link


class _Writer:
    """Writes the constructor of one recipe as Python."""

    def __init__(self, texts: list[str], baked: set[int], links: Links | None) -> None:
        self.texts = texts
        self.baked = baked
        self.links = links
        self.names: dict[str, Any] = {"U": UNSET, "big": big, "small": SMALL}
        self.before: dict[str, None] = {}  # statements, in order, each once
        self.numbers: dict[int, None] = {}  # tokens that are plain numbers

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
                if made.term.code == "int({})":
                    self.numbers[made.index] = None
                    return f"n{made.index}"
                return made.term.code.format(f"g{made.index}")
            self.names[f"ends_{made.ends}"] = ENDS[made.ends]
            self.before[f"a{made.index}, p{made.index} = ends_{made.ends}[g{made.index}]"] = None
            return ("a", "p")[made.part] + str(made.index)
        if isinstance(made, Items):
            return "(" + "".join(self.value(item, absolute) + ", " for item in made.items) + ")"
        assert isinstance(made, Make)
        if self.links is not None and made is self.links.made:
            self.names["links"] = self.links
            return f"links[g{self.links.indices[0]}]"
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
        self.before, self.numbers = {}, {}
        result = self.value(made, absolute)
        lines = [f"def build(groups, capture, frame, line, end_line, clock{', settle' if absolute else ''}):"]
        if groups:
            lines.append(f"    {''.join(f'g{index}, ' for index in groups)}= groups")
        if self.numbers:
            self.names["numbers"] = _numbers(len(self.numbers))
            texts = ",".join(f"{{g{index}}}" for index in self.numbers)
            lines.append(f"    {''.join(f'n{index}, ' for index in self.numbers)}= numbers(f'[{texts}]')")
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


@cache
def _numbers(count: int) -> Callable[[str], tuple[int, ...]]:
    """So many numbers in one step: a JSON reader is three times as fast as one `int` after the other, and reads the same ones."""
    return msgspec.json.Decoder(tuple[(int,) * count]).decode  # type: ignore[misc]


def compile_plan(tree: Any, head: str) -> Plan:
    """The plan of the shape of `head`, which Lark has read as `tree`."""
    from tcpdump_parse.read.build import Make, recipe

    tokens, made = recipe(tree)
    texts = [str(token) for token in tokens]
    baked = {index for index, token in enumerate(tokens) if _never_differs(token)}
    kept = [index for index in range(len(tokens)) if index not in baked]
    starts = [tokens[index].start_pos for index in kept] + [len(head)]
    behind = {index: head[tokens[index].end_pos : start] for index, start in zip(kept, starts[1:], strict=True)}
    patterns = grammar.terminals()
    groups = {index: _group(patterns[tokens[index].type], behind[index], index == kept[-1]) for index in kept}
    pieces = {index: group + _literal(behind[index]) for index, group in groups.items()}
    links, link = None, made.fields.get("link")
    if isinstance(link, Make) and (inner := _apart(link, tokens, kept)):
        links = Links("".join(pieces[index] for index in inner), link, inner, texts)
        loose = "".join(_loose(texts[index], groups[index], behind[index]) + _literal(behind[index]) for index in inner)
        pieces |= dict.fromkeys(inner, "") | {inner[0]: f"({loose})"}
        kept = [index for index in kept if index == inner[0] or index not in inner]
    writer = _Writer(texts, baked, links)
    lax = next((number for number, index in enumerate(kept, 1) if grammar.lax(tokens[index].type)), 0)
    pattern = _literal(head[: starts[0]]) + "".join(pieces.values())
    build, absolute = (writer.function(made, absolute, kept) for absolute in (False, True))
    return Plan(pattern, build, absolute, head.count(BREAK), timed="time" in made.fields, lax=lax)


def _apart(link: Make, tokens: Sequence[Any], kept: list[int]) -> list[int]:
    """The tokens of a link header that differ within the shape, where they stand together and something stands behind them."""
    from tcpdump_parse.read.build import Leaf, Word

    if not all(isinstance(field, Leaf | Word) for field in link.fields.values()):
        return []
    leaves = {field.index for field in link.fields.values() if isinstance(field, Leaf)}
    inner = [index for index in kept if index in leaves]
    if len(inner) < 2 or any(grammar.lax(tokens[index].type) for index in inner):
        return []
    first, last = kept.index(inner[0]), kept.index(inner[-1])
    return inner if last - first == len(inner) - 1 and last < len(kept) - 1 else []


def _loose(text: str, group: str, behind: str) -> str:
    """What a token might be: all up to the character behind it."""
    if behind and behind[0] not in text and group.startswith("((?>"):
        return f"[^{re.escape(behind[0])}\\n{JOINT}]+"
    return f"(?:{group[1:]}"


_ENDS = frozenset({"ENDPOINT", "ENDPOINT6", "ADDRESS", "ADDRESS6", "PORT", "GLUED"})


def _never_differs(token: Any) -> bool:
    """All heads of a shape have the same text there."""
    if grammar.lax(token.type):
        return False
    return (not _HAS_HEX(token) and token.type not in _ENDS) or grammar.patterns()[token.type].type == "str"


def _group(pattern: str, behind: str, last: bool) -> str:
    """A token's group. What takes only digits takes all of them when something else follows: then it need not be atomic, which costs."""
    greedy = _ONLY_DIGITS(pattern) and (last or (behind and not _HAS_HEX(behind[0])))
    return f"({pattern})" if greedy else f"((?>{pattern}))".replace(r"\n]", r"\n\x01]")


def _literal(text: str) -> str:
    return re.escape(text.replace(BREAK, JOINT))
