"""`tdparse check` and `tdparse rules` from the command line: exit statuses, settings, selection."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.cli.program import PLAIN, ROOT, TDPARSE
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
        ('select = ["rexmitt"]', "tdparse.toml: select: no rule, family or pattern is called 'rexmitt'; did you mean rexmit"),
        ('ignore = ["nosuch"]', "tdparse.toml: ignore: no rule, family or pattern is called 'nosuch'; `tdparse rules`"),
        ('[tool.tdparse]\nselect = ["loss"]', "in tdparse.toml they stand without [tool.tdparse]"),
    ],
)
def test_wrong_settings_are_told(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "tdparse.toml").write_text(text)
    told = run("check", SEED, cwd=tmp_path)
    assert told.status == 2
    assert complaint in told.err


@pytest.mark.parametrize(("text", "status"), [("tool = 1", 0), ("[tool]\ntdparse = 3", 2), ("\ufeff[tool.tdparse]\nfail-on = 'warn'", 1)])
def test_a_project_file_of_any_form_is_no_crash(tmp_path: Path, text: str, status: int) -> None:
    """Other programs write that file, and Windows' editor begins it with a mark."""
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    told = run("check", SEED, cwd=tmp_path)
    assert (told.status, "internal error" in told.err) == (status, False)


def test_settings_are_a_file_and_come_once(tmp_path: Path) -> None:
    assert "this is a directory; --config takes a file" in run("check", "--config", str(tmp_path), SEED).err
    assert run("check", "--isolated", "--config", "any.toml", SEED).status == 2


def test_a_folder_that_is_gone_has_no_settings(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"rmdir {shlex.quote(str(gone))}; {shlex.join(TDPARSE)} check --fail-on never {shlex.quote(str(SEED))}"
    env = PLAIN | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", command], cwd=gone, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_selections_add_up() -> None:
    """As in ruff: an option given twice means both."""
    out = run("check", "--isolated", "--select", "close", "--select", "capture", "--ignore", "cap-point", "--ignore", "cap-r*", SEED).out
    assert "close-wait-stuck" in out
    assert "cap-footer-mismatch" in out
    assert "cap-point" not in out
    assert "cap-received" not in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--select", ""), "it names no rule; '*' is all of them"),
        (("--select", "ACK_UNSENT"), "--select: no rule, family or pattern is called 'ACK_UNSENT'; did you mean ack-unsent"),
        (("--ignore", "tcp.analysis.fast_retransmission"), "is called 'tcp.analysis.fast_retransmission'; elsewhere that is rexmit-fast"),
        (("--view", "wireshark", "--select", "loss"), "Wireshark's analysis is called 'loss'; there are: tcp.analysis.zero_window_probe"),
        (("--view", "wireshark", "--compare", "wireshark"), "--view and --compare"),
        (("--compare", "wireshark", "--select", "loss"), "--compare is about"),
    ],
)  # fmt: skip
def test_a_wrong_choice_is_told_and_costs_no_file(tmp_path: Path, arguments: tuple[str, ...], complaint: str) -> None:
    """A choice that chooses nothing would look like a clean log; and what -o names is written only when there is something to write."""
    old = tmp_path / "old.txt"
    old.write_text("precious")
    told = run("check", "--isolated", "-o", str(old), *arguments, SEED)
    assert told.status == 2
    assert complaint in " ".join(told.err.split())
    assert old.read_text() == "precious"


def test_a_view_does_not_take_the_choice_of_our_rules_from_a_file(tmp_path: Path) -> None:
    """It would show nothing, and look like a clean log."""
    (tmp_path / "tdparse.toml").write_text('select = ["close"]\nfail-on = "note"\n')
    log = str(SAMPLES / "lab" / "recorded" / "lost-data" / "client.txt")
    told = run("check", "--view", "wireshark", log, cwd=tmp_path)
    assert told.status == 1
    assert "tcp.analysis.duplicate_ack" in told.out


def test_a_rule_is_found_by_another_programs_name() -> None:
    out = run("rules", "tcp.analysis.keep_alive").out
    assert out.startswith("keepalive-probe  (keepalive, note)")
    assert "RFC 9293" in out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing-of-the-kind", "no rule is called 'nothing-of-the-kind', here or elsewhere; `tdparse rules` lists them"),
        ("ack-unsnt", "did you mean ack-unsent"),
        ("", "no rule is called ''"),
    ],
)
def test_an_unknown_rule_is_the_callers_mistake(name: str, said: str) -> None:
    told = run("rules", name)
    assert (told.status, told.out) == (2, "")
    assert said in told.err


@pytest.mark.parametrize(
    ("pattern", "in_", "out"),
    [
        ("loss", "rexmit-rto", "fin-active"),
        ("rexmit-*", "rexmit-rto", "reorder"),
        ("tcp.analysis.keep*", "keepalive-ack", "reorder"),
        ("zero window", "win-zero", "reorder"),
    ],
)  # fmt: skip
def test_a_family_a_glob_or_words_list_their_rules(pattern: str, in_: str, out: str) -> None:
    """What --select takes can be looked at first."""
    listed = [line.split()[1] for line in run("rules", pattern).out.splitlines() if line.startswith("  ")]
    assert in_ in listed
    assert out not in listed


def test_rules_take_colours_as_findings_do() -> None:
    for name in ("loss", "rexmit-rto"):
        plain, painted = run("rules", name).out, run("rules", "--color", "always", name).out
        assert "\x1b[1;33mwarn\x1b[0m" in painted
        assert re.sub(r"\x1b\[[\d;]*m", "", painted) == plain


def test_a_rules_page_in_chinese_is_chinese_but_for_its_explanation() -> None:
    lines = run("rules", "--lang", "zh", "ack-unsent").out.splitlines()
    assert lines[1] == "确认了从未发送的数据"
    assert "以下说明只有英文。" in lines
    assert "依据：日志中有两端的报文段；时间从不倒退。缺少时，结果的严重程度降低一级并加以注明。" in lines
    assert any(line.startswith("示例：samples/") for line in lines)


def test_a_rules_page_says_what_becomes_of_a_finding_that_lacks_something() -> None:
    """A note cannot be lower; and piped nothing is wrapped, so that a sentence can be searched for."""
    assert "Needs: times that never step back. Without that, the note says so, or is not given." in run("rules", "throughput").out
    page = run("rules", "win-shrunk").out
    assert "Needs: the whole handshake in the log. Without that, the finding is one severity lower and says so." in page
    assert "where neither a number nor a timestamp says that this one is the newer, it is a note." in page


def test_wiresharks_view_names_its_fields() -> None:
    log = str(SAMPLES / "lab" / "recorded" / "lost-data" / "client.txt")
    rules = {
        json.loads(line)["rule"] for line in run("check", "--isolated", "--view", "wireshark", "--format", "jsonl", log).out.splitlines()
    }
    assert "tcp.analysis.duplicate_ack" in rules
    assert all(rule.startswith("tcp.") or rule == "wireshark-blind" for rule in rules)
    driver = json.loads(run("check", "--isolated", "--view", "wireshark", "--format", "sarif", log).out)["runs"][0]["tool"]["driver"]
    assert "This frame is a (suspected) retransmission" in {rule["shortDescription"]["text"] for rule in driver["rules"]}


def test_a_finding_names_the_log_that_its_line_is_in(tmp_path: Path) -> None:
    """Of several files a capture's number does not say which, and of JSON lines the line is the log's, not theirs."""
    log = str(SAMPLES / "close" / "four-way.txt")
    kept = tmp_path / "kept.jsonl"
    kept.write_text(run("parse", log).out)
    select = ("check", "--isolated", "--select", "fin-normal,close-wait-stuck")
    out = run(*select, "--format", "jsonl", str(kept), SEED).out
    assert [json.loads(line)["file"] for line in out.splitlines()] == [log, SEED]
    assert run(*select, str(kept)).out.startswith(f"{log}:24: note fin-normal")
    suites = run(*select, "--format", "junit", str(kept), str(tmp_path / "missing")).out
    assert f'name="{log}" tests="1"' in suites
    assert f'name="{tmp_path / "missing"}" tests="1" failures="0" errors="1"' in suites
    assert "nothing found" not in suites


def test_a_log_without_a_record_passes_in_no_report(tmp_path: Path) -> None:
    prose = tmp_path / "prose.txt"
    prose.write_text("nothing of the kind\n")
    told = run("check", "--isolated", "--format", "junit", str(prose))
    assert told.status == 2
    assert f'<error message="{prose}: no record of tcpdump was found"' in told.out
    assert "nothing found" not in told.out
    sarif = json.loads(run("check", "--isolated", "--format", "sarif", str(prose)).out)
    assert sarif["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_names_instead_of_addresses_make_no_errors_of_offload(tmp_path: Path) -> None:
    """What a first log is like: captured on lo, without -n. It is not damaged, and CI is not to fail for it."""
    log = tmp_path / "log"
    log.write_text(Path(SEED).read_text("utf-8").replace("127.0.0.1", "localhost"))
    told = run("check", "--isolated", str(log))
    assert told.status == 0
    (found,) = [line for line in told.out.splitlines() if "cksum-bad" in line]
    assert "note cksum-bad: tcpdump calls the checksum 0xfe30 of this segment of the client incorrect (0x947e would be right)." in found
    assert "does not show whether that is damage or checksum offload" in found
