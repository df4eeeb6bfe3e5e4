"""What must hold of the grammar itself, whatever text comes: lark's strict mode takes minutes, and does not see most of it.

A literal that is a prefix of another, or that a pattern swallows, makes every record of one dialect unreadable without a warning.
"""

import os
import subprocess
import sys
from functools import cache
from itertools import combinations, groupby
from pathlib import Path
from typing import Any

import interegular
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


def test_no_text_is_two_patterns_where_either_may_stand() -> None:
    """lark would take the wider one, and refuse every record that means the other; which one is meant, a priority has to say."""
    machine = cache(lambda name: interegular.parse_pattern(grammar.terminals()[name]).to_fsm())
    rivals: set[tuple[str, str]] = set()
    for lexer in lexers().values():
        patterns = sorted((one.priority, one.name) for one in lexer.terminals if one.pattern.type == "re")
        for _, equals in groupby(patterns, key=lambda one: one[0]):
            rivals.update(combinations((name for _, name in equals), 2))
    assert len(rivals) > 40
    assert not [pair for pair in sorted(rivals) if not machine(pair[0]).isdisjoint(machine(pair[1]))]


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
        if name.startswith("_") or name in CLASSES or name in LISTS or name in STACK or name in grammar.OPTIONS["start"]:
            continue
        kept = [symbol for symbol in rule.expansion if not (symbol.is_term and symbol.filter_out)]
        assert len(kept) <= 1, rule


def test_every_terminal_with_a_reading_of_its_own_exists() -> None:
    assert set(TERMS) | set(WORDS) <= set(grammar.patterns())


def test_saved_tables_are_those_of_the_grammar() -> None:
    """Tables of another grammar are not used: they would read what the files do not say."""
    assert grammar.TABLES.read_bytes()[:32] == grammar.digest(grammar.source())


STUB = """
class Comparator:
    def from_regexes(patterns):
        if any(terminal.name == "ENDPOINT" for terminal in patterns):
            raise SystemExit("the proof was asked for")
        return Comparator()  # lark's own grammar

    def count_marked_pairs(self):
        return 99  # and so it looks for no more
"""


def test_tables_are_made_without_the_proof_that_takes_minutes(tmp_path: Path) -> None:
    """Where interegular is installed lark tries it, unless told not to: a wheel could not be built there."""
    (tmp_path / "interegular.py").write_text(STUB)
    code = "import sys; from tcpdump_parse.read import grammar; sys.stdout.buffer.write(grammar.tables())"
    path = os.pathsep.join((str(tmp_path), str(Path(grammar.__file__).parents[2])))
    made = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.PIPE, check=True, timeout=60
    )
    assert made.stdout[:32] == grammar.digest(grammar.source())
