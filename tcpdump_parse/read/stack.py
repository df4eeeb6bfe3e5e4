"""The headers of a record, taken apart for printing: the inverse of `build.assemble`."""

from __future__ import annotations

from typing import Any

from tcpdump_parse.read.printing import End, Record, Word

TAKEN = frozenset({"ip", "tcp", "sport", "dport", "layers", "quoted"})


def unfold(packet: Record) -> Record:
    """The record's headers in the order of the text."""
    fields = {name: value for name, value in packet.fields.items() if name not in TAKEN}
    stack: list[tuple[str, Any]] = []
    ip, tcp = packet.fields.get("ip"), packet.fields.get("tcp")
    if isinstance(ip, Record):
        _network(stack, ip, tcp, packet.fields.get("sport"), packet.fields.get("dport"))
    return Record("packet", fields, tuple(stack))


def _network(stack: list[tuple[str, Any]], ip: Record, tcp: Any, sport: Any, dport: Any) -> None:
    header = {name: value for name, value in ip.fields.items() if name not in ("src", "dst", "extensions", "keyword")}
    extensions = ip.fields.get("extensions")
    version = ip.name[-1]
    if ip.fields.get("keyword", Word(True)) != Word(False):
        stack.append((f"word{version}", Word(True)))
    if header:
        stack.append((ip.name, Record(ip.name, header)))
    src, dst = ip.fields["src"], ip.fields["dst"]
    if tcp is not None:
        sport, dport = tcp.fields["sport"], tcp.fields["dport"]
        tcp = Record("tcp", {name: value for name, value in tcp.fields.items() if name not in ("sport", "dport")})
    if extensions is not None:
        stack.append(("ends", (End(src, None), End(dst, None))))
        stack.append(("extensions", extensions))
        if tcp is not None:
            stack.append(("ports", (End(None, sport), End(None, dport))))
    else:
        stack.append(("ends", (End(src, sport), End(dst, dport))))
    if tcp is not None:
        stack.append(("tcp", tcp))
