"""The grammar run backwards: the expansion of a rule whose children are a value's fields is the value's text.

A value's *structure* (which classes, which fields are printed, which words) decides the expansion; the numbers and names in it do not.
So the walk through the grammar is done once for a structure and kept as a `%` template, and printing is one flattening and one `%`.
There is no list of formats here: literals and alternatives are the grammar's, the format of a value is its terminal's (`terms`),
and the one exception to the grammar's nesting, the stack of headers, is `stack.unfold`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from tcpdump_parse.model import Packet, Segment
from tcpdump_parse.model.options import Sack
from tcpdump_parse.read import grammar
from tcpdump_parse.read.terms import TERMS, WORDS, literal, term

# Fields that no head prints: where a record stands, what was concluded from others, what follows the head.
ASIDE: dict[type, frozenset[str]] = {
    Packet: frozenset({"capture", "frame", "line", "end_line", "clock", "octets", "payload", "body", "possibly_payload", "layout"}),
    Segment: frozenset({"seq_abs", "seq_end_abs", "ack_abs"}),
    Sack: frozenset({"blocks_abs"}),
}


class Unprintable(ValueError):
    """tcpdump has no text for this value; the message says which class and fields."""


class Hole(NamedTuple):
    """A number or a name of the value: the leaf with this number. `kind` is its type."""

    leaf: int
    kind: type


class Word(NamedTuple):
    """A value that the structure holds."""

    value: Any


class End(NamedTuple):
    """An address and a port, one token; or a kind and its octets, where tcpdump 4.0 glued them."""

    address: Any
    port: Any
    joint: str = "."


class Record(NamedTuple):
    """A class and its fields, and for the record itself its headers in the order of the text."""

    name: str
    fields: dict[str, Any]
    stack: tuple[tuple[str, Any], ...] = ()


@cache
def wordy() -> frozenset[str]:
    """Fields that some rule prints as a fixed word: their text is part of a structure."""
    found = set()
    for rule in grammar.parser().rules:
        symbols: Any = rule.expansion
        kept = [symbol.name for symbol in symbols if symbol.is_term and not symbol.filter_out]
        if any(name in WORDS or literal(name) for name in kept) or (kept and kept[0] in _WORD_TERMS):
            found.add(rule.alias or str(rule.origin.name))
    return frozenset(found)


_WORD_TERMS = frozenset({"IP_FLAGS", "ECN"})


class _Class(NamedTuple):
    name: str
    fields: tuple[tuple[str, Any, bool], ...]  # name, default, whether its text is a word


@cache
def _class(cls: Any) -> _Class:
    from tcpdump_parse.read.build import CLASSES

    names = {known: name for name, known in CLASSES.items()}
    fields = [
        (field.name, field.default, field.name in wordy() or field.name in _WORD_FIELDS)
        for field in msgspec.structs.fields(cls)
        if field.name not in ASIDE.get(cls, ())
    ]
    return _Class(names.get(cls, cls.__name__), tuple(fields))


_WORD_FIELDS = frozenset({"keyword"})


def flatten(value: Any, key: list[Any], leaves: list[Any]) -> None:
    """The structure of a class of the model goes into `key`, its numbers and names into `leaves`."""
    cls: Any = type(value)
    key.append(cls)
    for name, default, word in _class(cls).fields:
        field = getattr(value, name)
        if field is default or field == default:
            continue
        kind = type(field)
        key.append(name)
        if kind is int or (kind is str and not word):
            key.append(kind)
            leaves.append(field)
        elif kind is tuple and not word:
            key.append(len(field))
            for item in field:
                _flatten_item(item, key, leaves)
        elif kind is str or kind is bool or kind is tuple:
            key.append(field)
        else:
            flatten(field, key, leaves)


def _flatten_item(item: Any, key: list[Any], leaves: list[Any]) -> None:
    kind = type(item)
    if kind is int or kind is str:
        key.append(kind)
        leaves.append(item)
    elif kind is tuple:
        key.append(len(item))
        for inner in item:
            _flatten_item(inner, key, leaves)
    else:
        flatten(item, key, leaves)


class _Outline:
    """The same traversal as `flatten`, giving the value with holes for its leaves."""

    def __init__(self) -> None:
        self.count = 0

    def hole(self, kind: type) -> Hole:
        self.count += 1
        return Hole(self.count - 1, kind)

    def record(self, value: Any) -> Record:
        cls: Any = type(value)
        known = _class(cls)
        fields: dict[str, Any] = {}
        for name, default, word in known.fields:
            field = getattr(value, name)
            if field is default or field == default:
                continue
            kind = type(field)
            if word and kind in (str, bool, tuple):
                fields[name] = Word(field)
            else:
                fields[name] = self.value(field)
        if known.name == "unknown" and "glued" in fields:
            kept = {name: fields[name] for name in fields if name == "len"}
            fields = {"glued_kind": End(fields["kind"], fields.get("octets"), "")} | kept
        return Record(known.name, fields)

    def value(self, value: Any) -> Any:
        kind = type(value)
        if kind is int or kind is str:
            return self.hole(kind)
        if kind is bool:
            return Word(value)
        if kind is tuple:
            return tuple(self.value(item) for item in value)
        return self.record(value)


class _State(NamedTuple):
    """What of a node is not printed yet: fields in any order, items in theirs."""

    fields: frozenset[str]
    items: int


Pieces = tuple[Any, ...]  # text, and (leaf, format)


class _Node(NamedTuple):
    fields: dict[str, Any]
    items: tuple[Any, ...]  # (name, value), or value where any rule may print it


@cache
def _rules() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for rule in grammar.parser().rules:
        found.setdefault(str(rule.origin.name), []).append(rule)
    return found


def _expansions(symbols: Any, at: int, node: _Node, state: _State) -> Iterator[tuple[Pieces, _State]]:
    """All ways to print some of a node by the symbols from `at` on, and what is left then."""
    if at == len(symbols):
        yield (), state
        return
    for first, middle in _symbol(symbols[at], node, state):
        for rest, last in _expansions(symbols, at + 1, node, middle):
            yield first + rest, last


def _symbol(symbol: Any, node: _Node, state: _State) -> Iterator[tuple[Pieces, _State]]:
    if symbol.is_term:
        if symbol.filter_out:
            yield (grammar.patterns()[symbol.name].value,), state
        elif state.items < len(node.items):
            piece = _terminal(symbol.name, node.items[state.items])
            if piece is not None:
                yield piece, _State(state.fields, state.items + 1)
        return
    if symbol.name.startswith("_"):
        yield from _hidden(symbol.name, node, state)
        return
    for rule in _rules()[symbol.name]:
        name = rule.alias or str(symbol.name)
        value, left = _take(name, node, state)
        if left is not None:
            pieces = _printed(rule, name, value)
            if pieces is not None:
                yield pieces, left


def _hidden(name: str, node: _Node, state: _State) -> Iterator[tuple[Pieces, _State]]:
    """A rule that only holds words together; a list begins with itself, so it is unrolled: one of the others, then the tails."""
    rules = _rules()[name]
    tails = [rule.expansion[1:] for rule in rules if rule.expansion and rule.expansion[0].name == name]
    for rule in rules:
        if not (rule.expansion and rule.expansion[0].name == name):
            for pieces, middle in _expansions(rule.expansion, 0, node, state):
                yield from _longer(pieces, tails, node, middle)


def _longer(pieces: Pieces, tails: list[Any], node: _Node, state: _State) -> Iterator[tuple[Pieces, _State]]:
    yield pieces, state
    for tail in tails:
        for more, last in _expansions(tail, 0, node, state):
            if last != state:
                yield from _longer(pieces + more, tails, node, last)


def _take(name: str, node: _Node, state: _State) -> tuple[Any, _State | None]:
    """The child of that name, if it is the next one or an open field."""
    if name in state.fields:
        return node.fields[name], _State(state.fields - {name}, state.items)
    if state.items < len(node.items):
        item = node.items[state.items]
        if isinstance(item, Record) and item.name == name:
            return item, _State(state.fields, state.items + 1)
        if isinstance(item, tuple) and len(item) == 2 and item[0] == name and not isinstance(item, Hole | End | Word):
            return item[1], _State(state.fields, state.items + 1)
        if name in _item_rules() and isinstance(item, tuple) and not isinstance(item, Hole | End | Word | Record):
            return item, _State(state.fields, state.items + 1)
    return None, None


def _item_rules() -> frozenset[str]:
    return frozenset({"block"})


def _printed(rule: Any, name: str, value: Any) -> Pieces | None:
    """The text of a visible rule's value by this expansion, None when it does not fit."""
    if isinstance(value, Record):
        from tcpdump_parse.read.build import CLASSES

        node = _Node(value.fields, value.stack) if name in CLASSES or name in ("packet", "udp", "legacy") else _Node({}, (value,))
    elif isinstance(value, Word) and value.value is True and not _holds(rule):
        node = _Node({}, ())
    elif isinstance(value, tuple) and not isinstance(value, Hole | End | Word):
        node = _Node({}, value)
    else:
        node = _Node({}, (value,))
    start = _State(frozenset(node.fields), 0)
    for pieces, state in _expansions(rule.expansion, 0, node, start):
        if not state.fields and state.items == len(node.items):
            return pieces
    return None


def _holds(rule: Any) -> bool:
    """Whether the expansion keeps a value: a named terminal or a visible rule."""
    return any(not symbol.filter_out if symbol.is_term else True for symbol in rule.expansion)


def _terminal(name: str, item: Any) -> Pieces | None:
    if isinstance(item, End):
        return None if literal(name) or name in TERMS else _end(item)
    if isinstance(item, Hole):
        how = term(name)
        numeric = how.format[-1] in "dx " and not how.format.endswith("s ")
        if name in WORDS or literal(name) or how.join or (name != "BIG" and numeric is not (item.kind is int)):
            return None
        return ((item.leaf, how.format),)
    if isinstance(item, Word):
        if name in WORDS:
            return (literal(name),) if WORDS[name] == item.value and type(WORDS[name]) is type(item.value) else None
        if literal(name):
            return (literal(name),) if literal(name) == item.value else None
        if isinstance(item.value, bool):
            return None
        how = term(name)
        if bool(how.join) is not isinstance(item.value, tuple):
            return None
        text = how.text(item.value)
        return (text,) if _fits(name, text) else None
    return None


_BEHIND = ("", "]", ",", ")", " ", ": ", " > ", "[", "}", "\n")


@cache
def _fits(name: str, text: str) -> bool:
    """Whether the terminal's pattern takes just this text, whatever it wants to see behind it."""
    pattern = re.compile(grammar.terminals()[name])
    return any((found := pattern.match(text + behind)) is not None and found.end() == len(text) for behind in _BEHIND)


def _end(item: End) -> Pieces:
    if item.port is None:
        return ((item.address.leaf, "%s"),)
    if item.address is None:
        return ((item.port.leaf, "%s"),)
    return (item.address.leaf, "%s"), item.joint, (item.port.leaf, "%s")


class _Template(NamedTuple):
    text: str
    pick: Any

    def __call__(self, leaves: list[Any]) -> str:
        return self.text % self.pick(leaves) if self.pick else self.text % ()


_TEMPLATES: dict[tuple[Any, ...], _Template] = {}
_LIMIT = 4096


def _picker(order: list[int]) -> Any:
    """Takes the leaves in the order of the text, as a tuple."""
    if len(order) == 1:
        (only,) = order
        return lambda leaves: (leaves[only],)
    return itemgetter(*order) if order else None


def _template(packet: Packet) -> _Template:
    from tcpdump_parse.read.stack import unfold

    outline = unfold(_Outline().record(packet))
    for rule in _rules()["packet"]:
        pieces = _printed(rule, "packet", outline)
        if pieces is not None:
            text = "".join(piece.replace("%", "%%") if isinstance(piece, str) else piece[1] for piece in pieces)
            order = [piece[0] for piece in pieces if not isinstance(piece, str)]
            return _Template(text, _picker(order))
    raise Unprintable(f"tcpdump has no text for {msgspec.structs.asdict(packet)}")


def head(packet: Packet) -> str:
    """The text of a packet's head, without its tail; raises Unprintable for a value no tcpdump prints."""
    key: list[Any] = []
    leaves: list[Any] = []
    flatten(packet, key, leaves)
    kept = tuple(key)
    template = _TEMPLATES.get(kept)
    if template is None:
        if len(_TEMPLATES) >= _LIMIT:
            _TEMPLATES.clear()
        template = _TEMPLATES[kept] = _template(packet)
    return template(leaves)
