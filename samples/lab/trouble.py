"""The lab for trouble: two hosts, a wire that loses, delays, copies and reorders, and the truth about every segment.

    sudo python samples/lab/trouble.py --seed 7 --out DIR [SCENARIO…]

writes DIR/<scenario>/: client.txt and server.txt (what tcpdump printed at that end), client.pcap.gz and server.pcap.gz, wire.jsonl
(what was done to each frame) and truth.tsv (what each record is; truth.py). Needs root, iproute2, ethtool, tcpdump; README.md says more.
"""

import argparse
import gzip
import json
import os
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from network import Host, Process, await_line, end, hosts, press_enter, run
from scenarios import QUICK, SCENARIOS, Cue, Scenario
from truth import Kind, derive, write

PORT = 8000
ENDS = ("client", "server")
MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")
ADDRESSES = {4: ("10.9.0.1", "10.9.0.2"), 6: ("fd00:9::1", "fd00:9::2")}
PREFIX = {4: 24, 6: 64}
OFFLOADS = ("tso", "off", "gso", "off", "gro", "off", "tx", "off", "rx", "off")
PATIENCE = 30.0  # seconds that a conversation may take; the longest scenario needs about ten
SETTLED = {"06", "0A"}  # TIME-WAIT and LISTEN in /proc/net/tcp: nothing more will be sent


def plug(wire: Host, device: str, host: Host, me: int) -> None:
    """A veth from the wire to a host; addresses, and a neighbour that needs no asking."""
    run("ip", "link", "add", device, "netns", wire.name, "type", "veth", "peer", "name", "eth0", "netns", host.name)
    wire.run("sysctl", "-qw", f"net.ipv6.conf.{device}.disable_ipv6=1")
    wire.run("ethtool", "-K", device, *OFFLOADS)
    wire.run("ip", "link", "set", device, "up", "promisc", "on")
    host.run("ip", "link", "set", "eth0", "address", MACS[me], "up")
    host.run("ethtool", "-K", "eth0", *OFFLOADS)
    for version, pair in ADDRESSES.items():
        host.run("ip", "addr", "add", f"{pair[me]}/{PREFIX[version]}", "dev", "eth0", *(["nodad"] if version == 6 else []))
        host.run("ip", "neigh", "replace", pair[1 - me], "lladdr", MACS[1 - me], "dev", "eth0", "nud", "permanent")


def start_capture(host: Host, path: Path) -> Process:
    """tcpdump on the host's device, listening."""
    tcpdump = host.start("tcpdump", "-Z", "root", "-i", "eth0", "--immediate-mode", "-B", "16384", "-s", "0", "-w", str(path), "tcp")
    assert tcpdump.stderr is not None
    tcpdump.stderr.readline()
    return tcpdump


def end_capture(tcpdump: Process) -> None:
    """Ctrl-C; a capture that missed packets is worth nothing."""
    tcpdump.send_signal(signal.SIGINT)
    said = tcpdump.communicate()[1].decode()
    if "\n0 packets dropped by kernel" not in said:
        raise RuntimeError(f"tcpdump missed packets: {said}")


def counters(pid: int) -> dict[str, int]:
    """What the kernel of a process's namespace counted about TCP, zeros left out."""
    rows = [line.split() for name in ("snmp", "netstat") for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()]
    counted: dict[str, int] = {}
    for names, values in zip(rows[::2], rows[1::2], strict=True):
        if names[0] in ("Tcp:", "TcpExt:"):
            counted |= {key: int(value) for key, value in zip(names[1:], values[1:], strict=True) if value not in ("0", "-1")}
    return counted


def follow(wire: Process, cues: tuple[Cue, ...], ends: dict[str, Process]) -> None:
    """Read what the wire prints to its end, and press Enter where a cue says so."""
    assert wire.stdout is not None
    wanted = {f"{cue.way.value} {cue.what.value} {cue.number}\n".encode(): ends[cue.press.value] for cue in cues}
    for line in wire.stdout:
        if line in wanted:
            press_enter(wanted[line])


def settle(pids: list[int]) -> None:
    """Wait until no socket of either host has anything left to send (a kernel closes after its program is gone)."""
    patience = time.monotonic() + PATIENCE
    while time.monotonic() < patience:
        rows = [row for pid in pids for name in ("tcp", "tcp6") for row in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]]
        if all(row.split()[3] in SETTLED for row in rows):
            return
        time.sleep(0.02)


def converse(name: str, scenario: Scenario, seed: int, out: Path) -> None:
    """Play one scenario between two fresh hosts; leaves both pcaps and the wire's diary."""
    with ExitStack() as stack:
        client, server, middle = stack.enter_context(hosts("client", "server", "wire"))
        plug(middle, "left", client, 0)
        plug(middle, "right", server, 1)
        for host in (client, server):
            host.tell({"net.ipv4.tcp_no_metrics_save": "1", **scenario.settings})
        wire = middle.python("wire.py", name, "--seed", str(seed), "--diary", str(out / "wire.jsonl"))
        stack.callback(end, wire)
        await_line(wire, b"ready")
        captures = [start_capture(host, out / f"{end_}.pcap") for host, end_ in zip((client, server), ENDS, strict=True)]
        at = ["--host", ADDRESSES[scenario.version][1], "--port", str(PORT)]
        serving = server.python("tcp_server.py", *at, "--buffer", str(scenario.buffer), *scenario.server)
        stack.callback(end, serving)
        await_line(serving, b"listening")
        asking = client.python("tcp_client.py", *at, *scenario.client)
        stack.callback(end, asking)
        reader = threading.Thread(target=follow, args=(wire, scenario.cues, {"client": asking, "server": serving}))
        reader.start()
        asking.wait(PATIENCE)
        if scenario.server[-1] != "enter":
            serving.wait(PATIENCE)
            settle([capture.pid for capture in captures])
        about = {"scenario": name, "seed": seed, "counters": {end_: counters(pid.pid) for end_, pid in zip(ENDS, captures, strict=True)}}
        # The captures end first: what the ends send while they are taken away belongs to nobody's conversation.
        for capture in captures:
            end_capture(capture)
        assert wire.stdin is not None
        wire.stdin.close()
        wire.wait()
        reader.join()
        (out / "about.json").write_text(json.dumps(about, indent=1) + "\n")


def printed(pcap: Path) -> str:
    """The pcap as tcpdump prints it."""
    words = ["tcpdump", "-S", "-nn", "-vvv", "-r", str(pcap)]
    return subprocess.run(words, capture_output=True, text=True, check=True, env=os.environ | {"TZ": "UTC"}).stdout


def record(name: str, seed: int, out: Path) -> str:
    """One scenario, recorded, printed, and judged; a summary line."""
    out.mkdir(parents=True, exist_ok=True)
    converse(name, SCENARIOS[name], seed, out)
    for end_ in ENDS:
        pcap = out / f"{end_}.pcap"
        (out / f"{end_}.txt").write_text(printed(pcap))
        pcap.with_suffix(".pcap.gz").write_bytes(gzip.compress(pcap.read_bytes(), mtime=0))
        pcap.unlink()
    rows = derive(out)
    write(rows, out / "truth.tsv")
    odd = [row for row in rows if row.slen and row.kind is not Kind.ORIGINAL]
    return f"{name}: {len(rows)} records, {len(odd)} odd segments"


def main() -> None:
    """Record the scenarios named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)}; or `quick`: {', '.join(QUICK)}")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=4, help="recordings at the same time")
    chosen = parser.parse_args()
    names = [name for word in chosen.scenarios or SCENARIOS for name in (QUICK if word == "quick" else (word,))]
    if unknown := set(names) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # Two processors would reorder frames that the wire did not.
    with ThreadPoolExecutor(chosen.jobs) as pool:
        for line in pool.map(lambda name: record(name, chosen.seed, chosen.out / name), names):
            print(line, flush=True)


if __name__ == "__main__":
    main()
