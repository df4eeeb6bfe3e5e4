"""Rules of other packages: found through the entry point group `tdparse.rules`, named after their vendor, left out on request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import ROOT, SEED, Ran, tdparse

RULES = '''
from tcpdump_parse.check.rule import Facts, rule
from tcpdump_parse.model import Severity
from tcpdump_parse.model.happenings import SynSent

@rule(on=SynSent, severity=Severity.WARN, cites="ACME TN-7")
def syn_seen(step, event):
    """A connection is opened on a network where none should be.

    The name is one of ours: a vendor's rules are told apart by the vendor.
    """
    yield Facts(port=step.packet.tcp.dport)
'''


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder as an installer leaves it: a module, and a distribution that names it."""
    return install(tmp_path, RULES)


def install(folder: Path, code: str) -> Path:
    (folder / "acme_rules.py").write_text(code)
    info = folder / "acme_rules-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tdparse.rules]\nacme = acme_rules\n")
    return folder


def run(folder: Path, *arguments: str) -> Ran:
    return tdparse(*arguments, env={"PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])}, cwd=folder)


def check(folder: Path, *arguments: str) -> list[dict[str, object]]:
    ran = run(folder, "check", "--isolated", "--format", "jsonl", *arguments, str(SEED))
    assert not ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


def test_a_vendors_rule_stands_beside_ours_of_the_same_name(installed: Path) -> None:
    found = [one for one in check(installed) if str(one["rule"]).endswith("syn-seen")]
    assert sorted((one["rule"], one["family"], one["severity"]) for one in found) == [
        ("acme/syn-seen", "acme", "warn"),
        ("syn-seen", "syn", "note"),
    ]
    theirs = next(one for one in found if one["family"] == "acme")
    assert theirs["message"] == "A connection is opened on a network where none should be."
    assert theirs["facts"] == {"port": 8000}


@pytest.mark.parametrize("pattern", ["acme", "acme/syn-seen", "acme/*"])
def test_a_vendors_rules_are_selected_by_family_name_or_glob(installed: Path, pattern: str) -> None:
    assert [one["rule"] for one in check(installed, "--select", pattern)] == ["acme/syn-seen"]


def test_without_plugins_there_are_only_ours(installed: Path) -> None:
    rules = {str(one["rule"]) for one in check(installed, "--no-plugins")}
    assert "syn-seen" in rules
    assert not [rule for rule in rules if "/" in rule]


def test_a_vendors_rule_is_explained_as_ours_are(installed: Path) -> None:
    page = run(installed, "rules", "acme/syn-seen").out
    assert page.startswith("acme/syn-seen  (acme, warn)")
    assert "ACME TN-7" in page


def test_code_that_cannot_be_loaded_is_named_with_its_vendor(tmp_path: Path) -> None:
    """Someone else's fault is no traceback and not called ours; nothing of theirs runs under --no-plugins."""
    broken = install(tmp_path, "raise RuntimeError('out of order')")
    ran = run(broken, "check", "--isolated", str(SEED))
    assert ran.status == 2
    assert ran.err == (
        "tdparse: the rules of acme (acme_rules) cannot be loaded: RuntimeError('out of order'); `--no-plugins` leaves them out\n"
    )
    for form in ("text", "sarif"):
        assert run(broken, "check", "--isolated", "--no-plugins", "--format", form, str(SEED)).status == 0


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("raise SystemExit(0)", "SystemExit(0)"),
        (RULES.replace("Severity.WARN", "'grave'"), "ValueError(\"'grave' is not a valid Severity\")"),
        (RULES.replace("cites=", "elsewhere="), "TypeError('rule syn-seen: elsewhere takes several names, as a tuple')"),
    ],
)
def test_rules_that_make_no_rules_are_told_when_they_are_loaded(tmp_path: Path, code: str, error: str) -> None:
    """Not when a log happens to wake them, as a fault of ours; and nobody leaves silently in our name."""
    ran = run(install(tmp_path, code), "check", "--isolated", str(SEED))
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == f"tdparse: the rules of acme (acme_rules) cannot be loaded: {error}; `--no-plugins` leaves them out\n"


BROKEN_RULES = """
from tcpdump_parse.check.notes import Notes
from tcpdump_parse.check.rule import Facts, rule
from tcpdump_parse.model import Severity
from tcpdump_parse.model.happenings import FinSent, SynSent

@rule(on=(SynSent, FinSent), severity=Severity.WARN)
def divided(step, event):
    'It fails on every SYN and FIN.'
    yield Facts(share=1 / 0)

@rule(on=SynSent, severity=Severity.WARN)
def sentence(step, event):
    'It yields what is no Facts.'
    yield 'a SYN'

class Counted(Notes):
    on = (SynSent,)

    def see(self, step, event):
        self.seen += 1

@rule(on=FinSent, notes=Counted, severity=Severity.WARN)
def counted(step, event, notes):
    'Its notes fail on the first SYN.'
    yield Facts()

@rule(on=FinSent, severity=Severity.WARN)
def fin(step, event):
    'It works.'
    yield Facts()
"""
FAULTS = [
    "tdparse: the rule divided of acme failed at frame 1: ZeroDivisionError('division by zero'); `--no-plugins` leaves it out",
    "tdparse: the rule sentence of acme failed at frame 1: TypeError(\"'a SYN' is no Facts\"); `--no-plugins` leaves it out",
    "tdparse: the rule counted of acme failed at frame 1: AttributeError(\"'Counted' object has no attribute 'seen'\"); "
    "`--no-plugins` leaves it out",
]


def test_a_vendors_rule_that_fails_is_named_once_and_costs_only_its_own_findings(tmp_path: Path) -> None:
    folder = install(tmp_path, BROKEN_RULES)
    ran = run(folder, "check", "--isolated", "--format", "jsonl", str(SEED))
    whole = run(folder, "check", "--isolated", "--format", "jsonl", "--no-plugins", str(SEED))
    assert ran.status == 2
    assert ran.err.splitlines() == FAULTS
    found = [line for line in ran.out.splitlines() if '"acme/' not in line]
    assert found == whole.out.splitlines()
    assert {json.loads(line)["rule"] for line in ran.out.splitlines() if line not in found} == {"acme/fin"}


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ("odd={1}.__iter__()", "TypeError"),
        ("severity='grave'", "ValidationError"),
        ("frame='first'", "ValidationError"),
        ("evidence=('one',)", "ValidationError"),
    ],
)
@pytest.mark.parametrize("form", ["text", "jsonl", "sarif"])
def test_facts_that_no_report_could_write_are_the_vendors_fault(tmp_path: Path, facts: str, error: str, form: str) -> None:
    """Else the same log is clean as text and an internal error, called ours, as JSON."""
    folder = install(tmp_path, RULES.replace("port=step.packet.tcp.dport", facts))
    ran = run(folder, "check", "--isolated", "--select", "acme", "--format", form, str(SEED))
    assert ran.status == 2
    assert ran.err.startswith(f"tdparse: the rule syn-seen of acme failed at frame 1: {error}(")


def test_a_story_is_told_without_the_rule_that_fails(tmp_path: Path) -> None:
    """Nor is it kept from being told by rules that cannot even be loaded."""
    plain = run(install(tmp_path, ""), "explain", str(SEED))
    assert (plain.status, plain.err) == (0, "")
    ran = run(install(tmp_path, BROKEN_RULES), "explain", str(SEED))
    assert (ran.status, ran.err.splitlines()) == (2, FAULTS)
    assert "acme/fin: It works." in ran.out
    unloaded = run(install(tmp_path, "raise RuntimeError('out of order')"), "explain", str(SEED))
    assert (unloaded.status, unloaded.out) == (2, plain.out)
    assert unloaded.err.startswith("tdparse: the rules of acme (acme_rules) cannot be loaded")


def test_a_severity_given_as_text_is_one(tmp_path: Path) -> None:
    folder = install(tmp_path, RULES.replace("port=step.packet.tcp.dport", "severity='error', evidence=[1]"))
    assert {found["severity"] for found in check(folder, "--select", "acme", str(SEED))} == {"error"}
    ran = run(folder, "explain", str(SEED))
    assert (ran.status, ran.err) == (0, "")


SHARED_RULES = BROKEN_RULES + """
class Reading(Notes):
    shares = (Counted,)

    def __init__(self, counted):
        self.counted = counted

@rule(on=FinSent, notes=Reading, severity=Severity.WARN)
def reading(step, event, notes):
    'What it shares fails.'
    yield Facts()
"""


def test_notes_that_are_shared_are_named_with_their_vendor_too(tmp_path: Path) -> None:
    ran = run(install(tmp_path, SHARED_RULES), "check", "--isolated", "--select", "acme/reading,syn-seen", str(SEED))
    assert ran.status == 2
    assert ran.err.startswith("tdparse: the rule reading of acme failed at frame 1: AttributeError(")
    assert "syn-seen" in ran.out


def test_a_library_caller_learns_whose_code_failed(tmp_path: Path) -> None:
    """Of a fault of ours nobody could tell otherwise."""
    folder = install(tmp_path, BROKEN_RULES)
    program = "import sys, tcpdump_parse as t; list(t.check(t.track(t.read(sys.argv[1])), ['acme/divided']))"
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])}
    done = subprocess.run([sys.executable, "-c", program, str(SEED)], capture_output=True, text=True, env=env, check=False)
    assert "tcpdump_parse.check.rule.PluginError: the rule divided of acme failed at frame 1" in done.stderr
