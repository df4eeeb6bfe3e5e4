"""Which rules are asked: names, families, globs; the most exact pattern wins, and ignoring wins a tie."""

from __future__ import annotations

import pytest

from tcpdump_parse.check.rule import rules
from tcpdump_parse.check.select import chosen, meant
from tcpdump_parse.check.wireshark.flags import MEANINGS
from tcpdump_parse.tell.rules import named

RULES = rules(plugins=False)


@pytest.mark.parametrize(
    ("select", "ignore", "in_", "out"),
    [
        ((), (), "rexmit-rto", None),
        (("loss",), (), "rexmit-rto", "fin-active"),
        (("rexmit-*",), (), "rexmit-rto", "reorder"),
        (("loss",), ("rexmit-*",), "reorder", "rexmit-rto"),
        (("rexmit-rto",), ("rexmit-*",), "rexmit-rto", "rexmit-fast"),
        ((), ("loss",), "fin-active", "rexmit-rto"),
        ((), ("rexmit-rto",), "rexmit-fast", "rexmit-rto"),
        (("rexmit-rto",), ("rexmit-rto",), None, "rexmit-rto"),
    ],
)
def test_the_most_exact_pattern_wins(select: tuple[str, ...], ignore: tuple[str, ...], in_: str | None, out: str | None) -> None:
    found = chosen(RULES, select, ignore)
    assert in_ is None or in_ in found
    assert out is None or out not in found


def test_a_pattern_that_names_nothing_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="no rule, family or pattern is called 'rexmitt'"):
        chosen(RULES, ("rexmitt",))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rexmitt", "did you mean rexmit"),
        ("WINDOW_RECISION", "elsewhere that is win-shrunk; "),
        ("zeek:window_recision", "elsewhere that is win-shrunk; "),
        ("tcp.analysis.keep_alives", "did you mean tcp.analysis.keep_alive"),
        ("", ""),
        ("nothing of the kind", ""),
    ],
)
def test_what_is_meant_by_a_name_that_is_no_rules(name: str, said: str) -> None:
    assert meant(name, RULES).startswith(said)
    assert bool(meant(name, RULES)) == bool(said)


FIELDS = (
    "acks_frame", "ack_rtt", "initial_rtt", "rto", "rto_frame", "bytes_in_flight", "push_bytes_sent", "duplicate_ack", "duplicate_ack_num",
    "duplicate_ack_frame",
)  # fmt: skip


@pytest.mark.parametrize(
    "field",
    [
        *(meaning.field for meaning in MEANINGS.values()), *(f"tcp.analysis.{field}" for field in FIELDS), "tcp.checksum.status",
        "tcp.ack.nonzero", "tcp.urgent_pointer.non_zero", "tcp.options.mss.absent", "tcp.options.mss.present",
    ],
)  # fmt: skip
def test_a_field_of_wireshark_names_a_rule(field: str) -> None:
    assert named(field, plugins=False)
