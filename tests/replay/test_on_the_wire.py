"""The rebuilt packets go out through tcpreplay, from one network namespace to another, and arrive as they were."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.replay.programs import ENVIRONMENT, ROOT, program, tdparse

SEED = ROOT / "samples" / "seed.md"
HERE, THERE = "tdreplay0", "tdreplay1"
PATIENCE = 60
"""Seconds after which what does not come is taken never to come; nothing is measured with them."""


def inside(namespace: str, *command: str) -> list[str]:
    return [program("ip"), "netns", "exec", namespace, *command]


@pytest.fixture
def namespaces() -> Iterator[tuple[str, str]]:
    """Two namespaces with a wire between them; skipped where none may be made."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    names = f"tdparse-{os.getpid()}-a", f"tdparse-{os.getpid()}-b"
    ip = program("ip")
    for name in names:
        if subprocess.run([ip, "netns", "add", name], capture_output=True, check=False).returncode:
            pytest.skip("network namespaces cannot be made here")
    try:
        wire = [ip, "link", "add", HERE, "netns", names[0], "type", "veth", "peer", "name", THERE, "netns", names[1]]
        for command in (
            wire,
            *(inside(name, "sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1") for name in names),
            inside(names[0], "ip", "link", "set", HERE, "up"),
            inside(names[1], "ip", "link", "set", THERE, "up"),
        ):
            subprocess.run(command, capture_output=True, check=True)
        yield names
    finally:
        for name in names:
            subprocess.run([ip, "netns", "delete", name], capture_output=True, check=False)


def test_tcpreplay_sends_what_was_rebuilt(namespaces: tuple[str, str], tmp_path: Path) -> None:
    """A wire carries Ethernet, so the packets get a link header (`--link ethernet`); what arrives is printed as the log was."""
    here, there = namespaces
    pcap = tmp_path / "seed.pcap"
    assert tdparse("replay", str(SEED), "--to", "pcap", "--link", "ethernet", "-o", str(pcap)).returncode == 0
    listening = inside(there, program("tcpdump"), "-i", THERE, "-l", "-c", "11", "-S", "-nn", "-vvv")
    with subprocess.Popen(listening, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT, text=True) as capture:
        try:
            assert capture.stderr is not None
            assert any("listening on" in line for line in capture.stderr)  # it says so once it is attached
            sent = inside(here, program("tcpreplay"), "--topspeed", "-i", HERE, str(pcap))
            subprocess.run(sent, capture_output=True, check=True, timeout=PATIENCE)
            arrived, _ = capture.communicate(timeout=PATIENCE)
        finally:
            capture.kill()
    assert timeless(arrived) == timeless(SEED.read_text())


def timeless(text: str) -> list[str]:
    """The packet lines without their time: they arrive today."""
    lines = [line for line in text.splitlines() if re.match(r"\d\d:\d\d:\d\d\.|    \S+ > ", line)]
    return [re.sub(r"^\S+ ", "", line) if line[0].isdigit() else line for line in lines]
