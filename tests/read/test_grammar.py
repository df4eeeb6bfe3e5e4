"""What must hold of the grammar itself, whatever text comes: lark's strict mode does not see these.

A literal that is a prefix of another, or that a pattern swallows, makes every record of one dialect unreadable without a warning.
"""

from functools import cache
from typing import Any

import lark.lexer
import msgspec
import pytest

from tcpdump_parse.read import grammar
from tcpdump_parse.read.build import CLASSES, LISTS, STACK
from tcpdump_parse.read.terms import TERMS, WORDS


@cache
def built() -> Any:
    return grammar.parser()


slice_of: Any = vars(lark.lexer)["TextSlice"].cast_from


def lexers() -> dict[int, Any]:
    return {id(lexer): lexer for lexer in built().parser.lexer.lexers.values()}


def test_a_literal_is_read_as_itself_wherever_it_is_accepted() -> None:
    wrong = set()
    for lexer in lexers().values():
        for terminal in lexer.terminals:
            if terminal.pattern.type == "str":
                text = terminal.pattern.value
                found = lexer.scanner.match(slice_of(text), 0)
                if found != (text, terminal.name):
                    wrong.add((terminal.name, text, found))
    assert not wrong


def test_no_value_is_filtered_out_of_the_tree() -> None:
    """A pattern in a rule without a name would be dropped by lark, and its value lost."""
    lost = {
        symbol.name
        for rule in built().rules
        for symbol in rule.expansion
        if symbol.is_term and symbol.filter_out and grammar.patterns()[symbol.name].type != "str"
    }
    assert not lost


def result(rule: Any) -> str:
    return str(rule.alias or rule.origin.name)


def children(symbols: Any) -> set[str]:
    """Names of the visible rules that an expansion can hold, through the hidden ones."""
    found: set[str] = set()
    todo, seen = list(symbols), set()
    while todo:
        symbol = todo.pop()
        if symbol.is_term:
            found |= set() if symbol.filter_out else {symbol.name}
        elif symbol.name.startswith("_"):
            if symbol.name not in seen:
                seen.add(symbol.name)
                todo += [inner for rule in built().rules if rule.origin.name == symbol.name for inner in rule.expansion]
        else:
            found |= {result(rule) for rule in built().rules if rule.origin.name == symbol.name}
    return found


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_what_a_class_is_made_of_are_its_fields(name: str) -> None:
    """A rare option would otherwise raise TypeError when it first comes."""
    fields = {field.name for field in msgspec.structs.fields(CLASSES[name])}
    moved = {"metadata": {"interface", "direction"}, "unknown": {"glued_kind"}}.get(name, set())
    for rule in built().rules:
        if result(rule) == name:
            assert children(rule.expansion) <= fields | moved, rule


def test_other_rules_hold_one_value_or_are_lists() -> None:
    for rule in built().rules:
        name = result(rule)
        if name.startswith("_") or name in CLASSES or name in LISTS or name in STACK or name == "packet":
            continue
        kept = [symbol for symbol in rule.expansion if not (symbol.is_term and symbol.filter_out)]
        assert len(kept) <= 1, rule


def test_every_terminal_with_a_reading_of_its_own_exists() -> None:
    assert set(TERMS) | set(WORDS) <= set(grammar.patterns())


def test_saved_tables_are_those_of_the_grammar() -> None:
    """Tables of another grammar are not used: they would read what the files do not say."""
    assert grammar.TABLES.read_bytes()[:32] == grammar.digest(grammar.source())
