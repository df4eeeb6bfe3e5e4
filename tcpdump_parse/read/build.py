"""From Lark's tree to a recipe: which class takes which tokens. The recipe makes the first value of a shape and every later one.

A rule named like a class of the model (`sack_ok`: SackOk) becomes that class, its children are fields by their names. A rule in LISTS is
a tuple. Any other rule holds one value, or none: then it is a word, and true. The one thing that is not nested in the text as it
is in the model is the stack of headers, which `assemble` folds; the printer's `stack.unfold` is its inverse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import msgspec
from lark import Token, Tree

from tcpdump_parse.model import ip as _ip
from tcpdump_parse.model import layers as _layers
from tcpdump_parse.model import options as _options
from tcpdump_parse.model import packet as _packet
from tcpdump_parse.read.terms import ENDS, Term, numeric, term

Node: TypeAlias = "Tree[Token]"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _classes() -> Iterator[tuple[str, type]]:
    for module in (_options, _ip, _layers, _packet):
        for name, found in vars(module).items():
            if isinstance(found, type) and issubclass(found, msgspec.Struct) and found.__module__ == module.__name__:
                yield _snake(name), found


# IPv4 is one word in every RFC; a record's segment is its `tcp`. The others are bases, or are put together by other hands.
CLASSES: dict[str, type] = dict(_classes()) | {"tcp": _packet.Segment, "ipv4": _ip.IPv4, "ipv6": _ip.IPv6}
for _name in ("segment", "packet", "quoted", "octets", "layout", "option", "sub", "ip_option", "header_option", "extension_header", "route",
              "link_header", "layer_header"):  # fmt: skip
    CLASSES.pop(_name, None)

LISTS = {"options", "blocks", "block", "ids", "extensions", "recorded", "unused", "stamps", "route", "labels"}


class Leaf:
    """One token of the text and how it is read; `part` picks from a token that holds two values."""

    __slots__ = ("ends", "index", "part", "term")

    def __init__(self, index: int, how: Term, ends: str = "", part: int = 0) -> None:
        self.index = index
        self.term = how
        self.ends = ends
        self.part = part


class Word:
    """A value that the shape alone gives."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Items:
    __slots__ = ("items",)

    def __init__(self, items: Sequence[Recipe]) -> None:
        self.items = items


class Make:
    """A class of the model and recipes for its fields."""

    __slots__ = ("cls", "fields")

    def __init__(self, cls: type, fields: dict[str, Recipe]) -> None:
        self.cls = cls
        self.fields = fields


Recipe = Leaf | Word | Items | Make


def tokens(tree: Node) -> list[Token]:
    """The tree's tokens in the order of the text."""
    return list(tree.scan_values(lambda value: isinstance(value, Token)))


class Builder:
    """Turns one tree into a recipe; tokens are numbered in the order of the text."""

    def __init__(self, tree: Node) -> None:
        self.tokens = tokens(tree)
        self.index = {id(token): number for number, token in enumerate(self.tokens)}

    def leaf(self, token: Token) -> Leaf:
        return Leaf(self.index[id(token)], term(token.type))

    def end(self, token: Token, kind: str, part: int) -> Leaf:
        if token.type.startswith("ADDRESS") and kind == "ported":
            raise ValueError("no port behind the address")
        if token.type == "ENDPOINT" and kind != "port":
            kind = {"ported": "named"}.get(kind, kind + "_named")
        return Leaf(self.index[id(token)], term(token.type), kind, part)

    def value(self, node: Node | Token) -> Recipe:
        if isinstance(node, Token):
            return self.leaf(node)
        name = node.data
        if name in CLASSES:
            return Make(CLASSES[name], self.fields(node.children) if name != "unknown" else self.unknown(node))
        if name in LISTS:
            return Items([self.value(child) for child in node.children])
        if not node.children:
            return Word(True)
        if len(node.children) != 1:
            raise TypeError(f"rule {name} holds {len(node.children)} values, and is neither a class nor a list")
        return self.value(node.children[0])

    def unknown(self, node: Node) -> dict[str, Recipe]:
        """An unknown option; tcpdump 4.0 glued its octets to its kind, one token that holds both."""
        glued = next((child for child in node.children if isinstance(child, Tree) and child.data == "glued_kind"), None)
        if glued is None:
            return self.fields(node.children)
        (token,) = glued.children
        assert isinstance(token, Token)
        parts: dict[str, Recipe] = {"kind": self.end(token, "glued", 0), "octets": self.end(token, "glued", 1), "glued": Word(True)}
        return parts | self.fields([child for child in node.children if child is not glued])

    def fields(self, children: Sequence[Node | Token]) -> dict[str, Recipe]:
        made: dict[str, Recipe] = {}
        for child in children:
            if isinstance(child, Token):
                raise TypeError(f"token {child.type} is no field")
            if child.data in made:
                raise TypeError(f"field {child.data} twice")
            made[child.data] = self.value(child)
        return made


OLD_ORDER = "FSRP"


def modern(made: dict[str, Recipe], letters: str) -> dict[str, Recipe]:
    """A segment of tcpdump 3.9 in the letters of today: ACK and URG had none, their numbers show them. Without numbers it has no data."""
    flags = "".join(letter for letter in OLD_ORDER if letter in letters) + "." * ("ack" in made) + "U" * ("urg" in made)
    flags += "".join(letter for letter in "EW" if letter in letters)
    made |= {"flags": Word(flags), "form": Word("old")}
    if "length" not in made and "bad_header" not in made:
        made["length"] = Word(0)
    return made


NETWORK = frozenset({"word4", "word6", "ipv4", "ipv6", "ends", "extensions", "ports", "tcp", "legacy", "udp"})
LAYERS = frozenset(
    {"vlan", "hidden_vlan", "llc", "mpls", "pppoe", "ppp_layer", "ethernet_layer", "gre", "icmp", "geneve", "vxlan", "closed"}
)
STACK = NETWORK | LAYERS
# What UDP carries: the addresses before them have ports.
OVER_UDP = frozenset({"udp", "geneve", "vxlan"})


def recipe(tree: Node) -> tuple[list[Token], Make]:
    """The tokens of a record's tree and the recipe of its Packet."""
    builder = Builder(tree)
    children = [child for child in tree.children if isinstance(child, Tree)]
    fields = builder.fields([child for child in children if child.data not in STACK])
    metadata = fields.get("metadata")
    if isinstance(metadata, Make):  # macOS prints interface and direction in there, the model holds them as everywhere
        fields |= {name: metadata.fields.pop(name) for name in ("interface", "direction") if name in metadata.fields}
    headers = Headers(builder, [child for child in children if child.data in STACK], linked="link" in fields)
    return builder.tokens, Make(_packet.Packet, fields | headers.assemble())


class Headers:
    """The headers of a record in the order of the text; `assemble` folds them, `stack.unfold` is its inverse."""

    def __init__(self, builder: Builder, items: Sequence[Node], linked: bool) -> None:
        self.builder = builder
        self.items = list(items)
        self.linked = linked  # a link header stands before: it says what follows, no word does
        self.layers: list[Recipe] = []
        self.quoted = False

    def take(self, *names: str) -> Node | None:
        return self.items.pop(0) if self.items and self.items[0].data in names else None

    def next(self) -> str:
        return self.items[0].data if self.items else ""

    def assemble(self) -> dict[str, Recipe]:
        fields: dict[str, Recipe] = {}
        while self.items:
            layer = self.take(*LAYERS)
            if layer is None:
                found = self.network()
                if self.items:
                    self.outer(found, fields)
                elif self.quoted:
                    fields["quoted"] = Make(_packet.Quoted, {name: found[name] for name in ("ip", "tcp") if name in found})
                else:
                    fields |= found
            else:
                self.linked = layer.data in ("ethernet_layer", "ppp_layer", "vlan", "llc")
                self.layers.append(self.builder.value(layer))
        if self.layers:
            fields["layers"] = Items(self.layers)
        return fields

    def outer(self, found: dict[str, Recipe], fields: dict[str, Recipe]) -> None:
        """An IP header that something else follows: a layer, or the packet's own when what follows is quoted in an ICMP error."""
        verdict = self.take("udp")
        self.linked = False
        if self.next() == "icmp":
            self.quoted = True
            fields["ip"] = found["ip"]
            return
        self.layers.append(Make(_layers.IpLayer, {"ip": found["ip"]}))
        if "sport" in found:
            ports = {"sport": found["sport"], "dport": found["dport"]}
            self.layers.append(Make(_layers.UdpLayer, ports | (self.builder.fields(verdict.children) if verdict is not None else {})))

    def network(self) -> dict[str, Recipe]:
        """One IP header with its addresses, and its segment if it is the innermost."""
        builder = self.builder
        word, header, ends = self.take("word4", "word6"), self.take("ipv4", "ipv6"), self.take("ends")
        if ends is None:
            raise TypeError(f"{self.next()} without addresses")
        extensions, ports, tcp = self.take("extensions"), self.take("ports"), self.take("tcp", "legacy")
        src, dst = (child for child in ends.children if isinstance(child, Token))
        kind = self.kind(src, extensions is not None, tcp is not None)
        known = builder.fields(header.children) if header is not None else {}
        if extensions is not None:
            known["extensions"] = builder.value(extensions)
        if (word is None) is not self.linked:
            known["keyword"] = Word(False)
        addresses: dict[str, Recipe] = {"src": builder.end(src, kind, 0), "dst": builder.end(dst, kind, 0)}
        made: dict[str, Recipe] = {"ip": Make(_version(word, header, ends), addresses | known)}
        if ports is not None:
            src, dst = (child for child in ports.children if isinstance(child, Token))
            kind = "port"
        both: dict[str, Recipe] = {}
        if kind != "whole":
            both = {"sport": builder.end(src, kind, 1), "dport": builder.end(dst, kind, 1)}
        if tcp is not None:
            fields = builder.fields(tcp.children)
            if tcp.data == "legacy":
                flags = next(child for child in tcp.children if isinstance(child, Tree) and child.data == "flags")
                fields = modern(fields, str(flags.children[0]))
            made["tcp"] = Make(_packet.Segment, both | fields)
        else:
            made |= both
        return made

    def kind(self, src: Token, extended: bool, carries_tcp: bool) -> str:
        """Whether ports stand behind these addresses."""
        if extended:
            return "whole"
        if carries_tcp or self.next() in OVER_UDP:
            return "ported"
        if not self.items:
            return "loose"
        return "ported" if src.type == "ENDPOINT6" or (src.type == "ENDPOINT" and numeric(src)) else "whole"


def _version(word: Node | None, header: Node | None, ends: Node) -> type:
    """IPv4 or IPv6: by the word, else the header, else the look of the addresses."""
    for said in (word, header):
        if said is not None:
            return _ip.IPv6 if "6" in said.data else _ip.IPv4
    return _ip.IPv6 if any(isinstance(end, Token) and end.type.endswith("6") for end in ends.children) else _ip.IPv4


def evaluate(made: Recipe, texts: Sequence[str]) -> Any:
    """The value itself, from the tokens' texts. Raises ValueError where a token refuses its text."""
    if isinstance(made, Leaf):
        text = texts[made.index]
        return ENDS[made.ends][text][made.part] if made.ends else made.term.read(text)
    if isinstance(made, Word):
        return made.value
    if isinstance(made, Items):
        return tuple(evaluate(item, texts) for item in made.items)
    return made.cls(**{name: evaluate(field, texts) for name, field in made.fields.items()})
