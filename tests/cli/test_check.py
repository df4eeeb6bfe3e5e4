"""`tdparse check` and `tdparse rules` from the command line: exit statuses, settings, selection."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import tdparse as run

SAMPLES = Path(__file__).parents[2] / "samples"
SEED = str(SAMPLES / "seed.md")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ((), 0),
        (("--fail-on", "warn"), 1),
        (("--fail-on", "never"), 0),
        (("--fail-on", "note"), 1),
        (("--fail-on", "warn", "--ignore", "close,capture"), 0),
        (("--select", "no-such-rule"), 2),
    ],
)
def test_exit_status(arguments: tuple[str, ...], status: int) -> None:
    assert run("check", "--isolated", *arguments, SEED).status == status


def test_the_seeds_only_warnings() -> None:
    """The close that the server never makes, and the packets that tcpdump counted and the log does not hold."""
    out = run("check", "--isolated", "--format", "jsonl", SEED).out
    found = [json.loads(line) for line in out.splitlines()]
    assert sorted(one["rule"] for one in found if one["severity"] != "note") == ["cap-footer-mismatch", "close-wait-stuck"]
    assert {one["type"] for one in found} == {"finding"}


def test_settings_are_looked_for_upwards_from_the_current_folder_never_from_the_logs(tmp_path: Path) -> None:
    here, logs = tmp_path / "here" / "deep", tmp_path / "logs"
    here.mkdir(parents=True)
    logs.mkdir()
    (tmp_path / "here" / "pyproject.toml").write_text('[tool.tdparse]\nfail-on = "warn"\nselect = ["close"]\n')
    (here / "pyproject.toml").write_text("[tool.other]\n")
    (logs / "tdparse.toml").write_text('fail-on = "never"\n')
    log = logs / "seed.md"
    log.write_bytes(Path(SEED).read_bytes())
    told = run("check", str(log), cwd=here)
    assert told.status == 1
    assert "close-wait-stuck" in told.out
    assert "cap-footer-mismatch" not in told.out
    assert run("check", "--isolated", str(log), cwd=here).status == 0
    assert run("check", "--fail-on", "error", str(log), cwd=here).status == 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("select = 1", "select takes a list"),
        ("selct = []", "there is no setting 'selct'"),
        ('fail-on = "bad"', "fail-on takes one of"),
        ("select = [", "not TOML"),
    ],
)
def test_wrong_settings_are_told(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "tdparse.toml").write_text(text)
    told = run("check", SEED, cwd=tmp_path)
    assert told.status == 2
    assert complaint in told.err


def test_a_rule_is_found_by_another_programs_name() -> None:
    out = run("rules", "tcp.analysis.keep_alive").out
    assert out.startswith("keepalive-probe  (keepalive, note)")
    assert "RFC 9293" in out


def test_an_unknown_rule_is_the_callers_mistake() -> None:
    told = run("rules", "nothing-of-the-kind")
    assert told.status == 2
    assert "no rule is called" in told.err


def test_wiresharks_view_names_its_fields() -> None:
    log = str(SAMPLES / "lab" / "recorded" / "lost-data" / "client.txt")
    rules = {
        json.loads(line)["rule"] for line in run("check", "--isolated", "--view", "wireshark", "--format", "jsonl", log).out.splitlines()
    }
    assert "tcp.analysis.duplicate_ack" in rules
    assert all(rule.startswith("tcp.") or rule == "wireshark-blind" for rule in rules)
