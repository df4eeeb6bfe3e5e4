"""Our statistics are tcptrace's, number by number, on the same captures; where they are not, the difference has a name here."""

import gzip
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import UNSET

from tcpdump_parse.model.flow import Flow, FlowEnd
from tcpdump_parse.read import read
from tcpdump_parse.track import flows

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "samples" / "lab" / "recorded"
CORPUS = ROOT / "tests" / "corpus" / "tcpdump-tests"
pytestmark = pytest.mark.skipif(not shutil.which("tcptrace") or not shutil.which("tcpdump"), reason="needs tcptrace and tcpdump")

ODD = {"RTT from 3WHS": "rtt_3whs", "RTT min (last)": "rtt_min_last", "RTT max (last)": "rtt_max_last", "RTT avg (last)": "rtt_avg_last",
       "RTT sdv (last)": "rtt_sdv_last", "max # retrans": "max_retrans", "max sack blks/ack": "max_sack_blks_ack"}
MILLISECONDS = re.compile(r"rtt_(min|max|avg|stdev|3whs|sdv|full_sz_(min|max|avg|stdev))|_retr_time|idletime_max")
NAMED = {
    "avg segm size": "tcptrace adds 0.001 to the count before it divides and cuts off: 199 for one segment of 200",
    "ttl stream length": "tcptrace takes the last segment sent for the FIN: one too many after a last ACK, too few after a repair",
    "missed data": "follows from the stream's length",
    "truncated data": "what was not captured is not in the text",
    "truncated packets": "what was not captured is not in the text",
}
LINE = re.compile(r"^\s+(.{1,18}?):\s+(\S+)(?:\s+(\S+))?\s{2,}(.{1,18}?):\s+(\S+)(?: +\S+)?\s*$")
CLOCKS = ("kday", "timestamp_invalid", "of13_ericsson")  # captures put together from others: clocks go back by years, ports are used again
BEYOND = ("bigtcp",)  # IP length 0: tcptrace takes the segment for empty


def theirs(pcap: Path) -> list[tuple[str, dict[str, str], dict[str, str]]]:
    """tcptrace's connections: the port of its host a, and the two columns."""
    text = subprocess.run(["tcptrace", "-l", "-r", "-n", pcap], capture_output=True, text=True, check=False).stdout
    found: list[tuple[str, dict[str, str], dict[str, str]]] = []
    for block in re.split(r"\nTCP connection \d+:\n", text)[1:]:
        port = re.search(r"host \w+:\s+\S+:(\d+)\n", block)
        assert port is not None
        left: dict[str, str] = {}
        right: dict[str, str] = {}
        for match in filter(None, map(LINE.match, block.splitlines())):
            name = f"{match[1]} {match[3]}" if match[1] == "initial window" else match[1]
            left[name], right[name] = match[2], match[5]
        found.append((port[1], left, right))
    return found


def ours(name: str, end: FlowEnd) -> str:
    """The value under tcptrace's name, as tcptrace prints it."""
    if name == "SYN/FIN pkts sent":
        return f"{end.syn_pkts_sent}/{end.fin_pkts_sent}"
    if name == "req 1323 ws/ts":
        return f"{'NY'[end.req_1323_ws]}/{'NY'[end.req_1323_ts]}"
    if name == "req sack":
        return "NY"[end.req_sack]
    field = ODD.get(name) or name.replace(" ", "_").replace("/", "_").replace("-", "_").lower()
    value = getattr(end, field)
    if value is UNSET:
        named = {"idletime_max": "NA", "throughput": "NA", "data_xmit_time": "0.000"}
        return named.get(field) or ("0.0" if MILLISECONDS.search(field) else "0")
    if field in ("rtt_avg", "rtt_full_sz_avg", "rtt_avg_last", "avg_retr_time"):
        count = {"rtt_avg": end.rtt_samples, "rtt_full_sz_avg": end.rtt_full_sz_smpls, "rtt_avg_last": end.ambiguous_acks}.get(field)
        value = value if count is None else value * count / (count + 0.0001)  # tcptrace's guard against an empty sum
    if MILLISECONDS.search(field):
        return f"{round(value * 1_000_000, 4) / 1000:.1f}"  # as tcptrace divides: microseconds by 1000
    return {"data_xmit_time": "{:.3f}", "throughput": "{:.0f}"}.get(field, "{}").format(value)


def differences(pcap: Path, flow_list: list[Flow]) -> Iterator[str]:
    """Numbers that differ and are not named."""
    connections = theirs(pcap)
    if len(connections) != len(flow_list):
        return  # tunnels, and link types tcptrace does not read: it has no such connections
    for flow, (port, left, right) in zip(flow_list, connections, strict=True):
        ends = (flow.client, flow.server) if port == str(flow.client.port) else (flow.server, flow.client)
        for end, column in zip(ends, (left, right), strict=True):
            for name, value in column.items():
                if name in NAMED or (mine := ours(name, end)) == value:
                    continue
                if not rounded(name, mine, value) and not quirk(name, mine, value, end):
                    yield f"{flow.flow} {end.port} {name}: {mine}, tcptrace {value}"


def quirk(name: str, mine: str, value: str, end: FlowEnd) -> bool:
    """Four more differences that have a name: a 16-bit number read as signed, a clock of 0 read as none, one that was set and measures
    nothing, one scaled window among two."""
    match name:
        case "mss requested":
            return int(value) == int(mine) - (1 << 16) + (1 << 32)
        case "idletime max":
            return (mine, value) in (("0.0", "NA"), ("NA", "0.0"))
        case "avg win adv":
            return int(value) == int(mine) // end.total_packets
    return False


def rounded(name: str, mine: str, value: str) -> bool:
    """The last printed digit of a mean or a deviation: tcptrace adds floats, we add integers, and halves fall either way."""
    return bool(re.search("avg|stdev|sdv", name)) and abs(round(float(mine) * 10) - round(float(value) * 10)) <= 1


@pytest.mark.parametrize("folder", sorted(path.parent for path in RECORDED.rglob("client.pcap.gz")), ids=lambda folder: folder.name)
@pytest.mark.parametrize("end", ["client", "server"])
def test_the_labs_statistics_are_tcptraces(folder, end, tmp_path):
    pcap = tmp_path / "end.pcap"
    pcap.write_bytes(gzip.decompress((folder / f"{end}.pcap.gz").read_bytes()))
    assert list(differences(pcap, list(flows(read(folder / f"{end}.txt"))))) == []


def test_tcpdumps_own_files_give_tcptraces_statistics(tmp_path):
    compared, different = 0, []
    for pcap in sorted(path for path in CORPUS.rglob("*.pcap*") if not path.name.startswith(CLOCKS + BEYOND)):
        command = ["tcpdump", "-S", "-nn", "-vvv", "-tttt", "-r", pcap]
        printed = subprocess.run(command, capture_output=True, check=False, env={"TZ": "UTC"}).stdout
        found = list(flows(read([printed])))
        compared += len(found)
        different += [f"{pcap.name}: {difference}" for difference in differences(pcap, found)]
    assert compared > 150
    assert different == []
