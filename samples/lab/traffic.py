"""Ordinary traffic, captured: many undisturbed connections on `lo` in a namespace of its own.

    sudo python samples/lab/traffic.py --packets 100000 --out traffic.pcap

The text is `TZ=UTC tcpdump -S -nn -vvv -r traffic.pcap`. The capture ends at exactly that many packets, so a dozen conversations are cut.
"""

import argparse
import os
from pathlib import Path

from network import Host, await_line, end, hosts, press_enter

# Segments as they would be on a wire: no super-segments, and no tail probe because this machine was late.
OFFLOADS = ("tso", "off", "gso", "off", "gro", "off")


def ordinary(host: Host) -> None:
    """A loopback that looks like an Ethernet."""
    host.run("ip", "link", "set", "lo", "mtu", "1500")
    host.run("ethtool", "-K", "lo", *OFFLOADS)
    host.tell({"net.ipv4.tcp_early_retrans": "0"})


def capture(packets: int, seed: int, out: Path) -> str:
    """Record that many packets into a pcap; tcpdump's own counters."""
    with hosts("lo") as (host,):
        ordinary(host)
        crowd = host.python("crowd.py", "--seed", str(seed))
        os.sched_setaffinity(crowd.pid, {0})  # On two CPUs the loopback itself reorders.
        await_line(crowd, b"listening")
        tcpdump = host.start("tcpdump", "-Z", "root", "-i", "lo", "-B", "65536", "-s", "0", "-c", str(packets), "-w", str(out), "tcp")
        try:
            assert tcpdump.stderr is not None
            tcpdump.stderr.readline()
            press_enter(crowd)
            return tcpdump.communicate()[1].decode()
        finally:
            end(crowd)


def main() -> None:
    """Read the command line, record, say what tcpdump said."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    print(capture(chosen.packets, chosen.seed, chosen.out), end="")


if __name__ == "__main__":
    main()
