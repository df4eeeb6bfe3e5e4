"""A plan and Lark agree: on every line of the corpus, and on those lines damaged; they accept the same texts and give equal values.

What Lark read is turned into plain data here by other code than the recipes: rule by rule, by the names alone.
"""

import random
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Token
from lark.exceptions import UnexpectedInput

from tcpdump_parse.model import Packet
from tcpdump_parse.read import grammar, packets, read
from tcpdump_parse.read import shapes as plans_of_all
from tcpdump_parse.read.looks import SEGMENT
from tcpdump_parse.read.plans import BREAK, JOINT, compile_plan
from tcpdump_parse.read.shapes import Refused, Shapes, key_of

CORPUS = Path(__file__).parents[1] / "corpus"
WHERE = (1, 1, 1, 2, lambda _time: "0")
DIALECTS = (("-S", "-nn", "-vvv"), ("-nn", "-e", "-v"), ("-n",), ("-q",), ("-tttt", "-nn", "-vv"))


@cache
def heads() -> tuple[str, ...]:
    """Every segment's head in the corpus, one of each shape, in the form that plans read."""
    texts = [path.read_text().replace("\\n", "\n") for path in sorted((CORPUS / "versions").glob("*.txt"))]
    texts = [re.sub(r"^[^|\n]*\| ", "", text, flags=re.MULTILINE) for text in texts]
    for file in sorted((CORPUS / "tcpdump-tests").glob("*.pcap*"))[::3]:
        texts += [subprocess.run(["tcpdump", *flags, "-r", file], capture_output=True).stdout.decode("latin-1") for flags in DIALECTS]
    found: dict[bytes, str] = {}
    for text in texts:
        for item in text.replace(JOINT, "\x02").replace(BREAK, JOINT).split("\n"):
            cut = SEGMENT.search(item)
            if cut is not None:
                found.setdefault(key_of(item[: cut.end()]), item[: cut.end()])
    return tuple(found.values())


HEXADECIMAL = {"HEX", "H2", "H4", "H5", "H8"}


def values(node: Any) -> list[str]:
    """The values of a tree in the order of the text, as text: numbers in decimal, endpoints taken apart."""
    if isinstance(node, Token):
        if node.type in HEXADECIMAL:
            return [str(int(node, 16))]
        if node.type in ("ENDPOINT", "ENDPOINT6"):
            return node.rsplit(".", 1)
        if node.type == "GLUED":  # one token of two values that nothing parts
            return []
        if node.type == "IP_FLAGS":
            return node.split(", ")
        return [] if grammar.patterns()[node.type].type == "str" else [node.strip(" ,")]
    return [value for child in node.children for value in values(child)]


def leaves(value: Any) -> list[str]:
    """All numbers and texts of a packet, in any order."""
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    if isinstance(value, list | tuple):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [] if isinstance(value, bool) else [str(value)]


def by_lark(head: str) -> list[str] | None:
    try:
        return values(grammar.parse(head.replace(JOINT, BREAK)))
    except UnexpectedInput:
        return None


def by_plan(plans: list[Any], head: str) -> Packet | None:
    for plan in plans:
        found = plan.match(head)
        if found is not None:
            try:
                return plan.build(found.groups(), *WHERE)  # type: ignore[no-any-return]
            except ValueError:
                continue
    return None


@cache
def plans() -> dict[bytes, list[Any]]:
    made: dict[bytes, list[Any]] = {}
    for head in heads():
        text = head.replace(JOINT, BREAK)
        try:
            made[key_of(head)] = [compile_plan(grammar.parse(text), text)]
        except (UnexpectedInput, ValueError):
            continue
    return made


def agree(head: str) -> bool | None:
    """Whether plans and Lark say the same of this head; None where no plan speaks."""
    made = by_plan(plans().get(key_of(head), []), head)
    if made is None:
        return None
    said = by_lark(head)
    assert said is not None, f"a plan accepts what the grammar refuses: {head!r}"
    fresh, _ = Shapes().find(head, b"", WHERE, None)
    assert msgspec.structs.replace(made) == fresh, head
    have = leaves(msgspec.to_builtins(made))
    for value in said:  # each value of the text is in the packet
        if value.isdecimal() or len(value) > 8:
            assert any(value in leaf for leaf in have), (value, head)
    return True


def test_plans_and_lark_agree_on_every_shape_of_the_corpus() -> None:
    spoken = [agree(head) for head in heads()]
    assert spoken.count(True) > 300


LETTERS = "0123456789abcdefxSFP.[](){}<>,:;->@# \t\x01\x00\x80g"


def damaged(head: str, chance: random.Random) -> str:
    at = chance.randrange(len(head))
    other = chance.choice(LETTERS)
    return chance.choice((
        head[:at] + other + head[at + 1 :], head[:at] + other + head[at:], head[:at] + head[at + 1 :],
        head[:at] + head[at : at + 2][::-1] + head[at + 2 :],
        re.sub(r"[0-9]", lambda digit: chance.choice("0123456789"), head),
        re.sub(r"[0-9a-f](?=[0-9a-f])", lambda digit: chance.choice(digit[0] + "af09"), head),
    ))  # fmt: skip


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_plans_and_lark_agree_on_damaged_lines(seed: int) -> None:
    """Mutations are drawn evenly over shapes; what a plan accepts, Lark accepts, with the same values."""
    chance = random.Random(seed)
    for _ in range(60):
        agree(damaged(chance.choice(heads()), chance))


def test_damaged_lines_are_both_accepted_and_refused() -> None:
    """Without both, the law above would say little."""
    chance = random.Random(7)
    some = (damaged(chance.choice(heads()), chance) for _ in range(600))
    verdicts = [by_plan(plans().get(key_of(head), []), head) is not None for head in some]
    assert 60 < sum(verdicts) < 540


def test_lark_is_asked_twice_for_a_shape() -> None:
    shapes = Shapes()
    head = next(head for head in heads() if "Flags [P.]" in head)
    for number in range(50):
        shapes.find(re.sub(r"(?<=ack )[0-9]+", str(number), head), key_of(head), WHERE, None)
    assert shapes.parses <= 2


def test_names_cost_no_plan_a_name() -> None:
    shapes = Shapes()
    for number in range(200):
        name = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        head = f"10:45:31.713843 IP {name}.example.net.https > {name[::-1]}.lan.{number + 1024}: Flags [S], seq 1, win 5, length 0"
        shapes.find(head, key_of(head), WHERE, None)
    assert shapes.parses <= 2
    assert len(shapes.plans) == 1


def test_tables_are_bounded() -> None:
    """Hostile text in which every line is new costs Lark's time, and no memory without end."""
    shapes = Shapes()
    shapes.PLANS = shapes.ALIASES = 8
    for number in range(40):
        word = "g" * number + "h"
        before = f"10:45:31.713843 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto {word} (6), length 60)"
        head = before + JOINT + "1.2.3.4.5 > 6.7.8.9.10: Flags [S], length 0"
        for _ in range(3):
            try:
                _, plan = shapes.find(head, key_of(head), WHERE, None)
            except Refused:
                raise AssertionError(head) from None
            if plan is not None:
                shapes.alias(key_of(head), plan)
    assert len(shapes.plans) <= 8
    assert len(shapes.aliases) <= 8
    assert len(shapes.once) <= 8


def test_ordinary_traffic_costs_lark_little() -> None:
    from tcpdump_parse.read.shapes import SHAPES

    line = (
        "10:45:31.{:06} IP (tos 0x0, ttl 64, id {}, offset 0, flags [DF], proto TCP (6), length 52)\n    127.0.0.1.{} > 127.0.0.1.80: "
        "Flags [.], cksum 0xfe28 (incorrect -> 0x{:04x}), seq {}, ack {}, win 512, options [nop,nop,TS val {} ecr 1], length 0\n"
    )
    text = "".join(line.format(n, n, 1024 + n % 60000, n % 65536, n + 1, n + 2, n) for n in range(1, 20000)).encode()
    before = SHAPES.parses
    assert sum(type(value) is Packet for value in read([text])) == 19999
    assert SHAPES.parses - before <= 2


HEADER = "10:45:31.713843 {} > 00:0c:29:01:02:03, ethertype IPv4 (0x0800), length {}: 1.2.3.4.5 > 6.7.8.9.10: Flags [.], ack {}, length 0"


def test_equal_link_headers_are_one_value() -> None:
    shapes = Shapes()
    kinds = [(src, length) for src in ("00:00:00:00:00:01", "52:54:00:12:34:56") for length in (66, 74)]
    texts = [HEADER.format(*kind, ack) for ack in range(3) for kind in kinds]
    made = [shapes.find(text, key_of(text), WHERE, None)[0].link for text in (*texts, *texts)]
    assert shapes.parses <= 2
    assert [(link.src, link.length) for link in made] == kinds * 6  # type: ignore[union-attr]
    assert made[4] == made[8]
    assert made[4] is made[8]


def test_a_link_header_is_proved_by_the_grammar() -> None:
    """The group takes anything up to the blank behind an address; what is none is refused, as Lark refuses it."""
    shapes = Shapes()
    for ack in range(3):
        text = HEADER.format("00:00:00:00:00:01", 66, ack)
        shapes.find(text, key_of(text), WHERE, None)
    for src in ("00:00:00:00:00", "0000:::00000001", "00:00:00:00:00:01:02"):
        text = HEADER.format(src, 66, 1)
        with pytest.raises(Refused):
            shapes.find(text, key_of(HEADER.format("00:00:00:00:00:01", 66, 1)), WHERE, None)


def test_the_table_of_link_headers_is_bounded() -> None:
    head = HEADER.format("00:00:00:00:00:01", 66, 1)
    plan = compile_plan(grammar.parse(head), head)
    table = plan.build.__globals__["links"]
    table.LIMIT = 8
    for length in range(40):
        found = plan.match(HEADER.format("00:00:00:00:00:01", length, 1))
        plan.build(found.groups(), *WHERE)
    assert 0 < len(table) <= 8


def test_what_icmp_quotes_is_read_the_same_the_first_time_and_later() -> None:
    """Lark reads a shape's first record, a plan the later ones: under -S the numbers of a quoted segment too are those of the wire."""
    record = (
        "22:13:24.000012 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto ICMP (1), length 77)\n"
        "    192.0.2.7 > 10.0.0.1: ICMP 10.0.0.2 tcp port 443 unreachable, length 57\n"
        "\tIP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 49)\n"
        "    10.0.0.1.40000 > 10.0.0.2.443: Flags [P.], cksum 0xfb7b (correct), seq 4294967291:4, ack 78, win 512, length 9: HTTPS\n"
    )
    kept = plans_of_all.SHAPES
    try:
        plans_of_all.SHAPES = Shapes()
        read = list(packets([b"$ tcpdump -S -nn -vvv\n", *[record.encode()] * 4]))
    finally:
        plans_of_all.SHAPES = kept
    quoted = [packet.quoted for packet in read]
    assert [each.tcp.seq_abs for each in quoted] == [4294967291] * 4
    assert quoted == quoted[:1] * 4
