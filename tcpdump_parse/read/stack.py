"""The headers of a record, taken apart for printing in the order of the text: the inverse of `build.Headers`."""

from __future__ import annotations

from typing import Any

from tcpdump_parse.read.printing import End, Record, Word

TAKEN = frozenset({"ip", "tcp", "sport", "dport", "layers", "quoted"})
LINKS = frozenset({"ethernet_layer", "ppp_layer", "vlan", "llc"})
"""Layers that say what follows them: no word does."""


def unfold(packet: Record) -> Record:
    """The record with its headers as a list, and macOS' metadata as one field."""
    fields = {name: value for name, value in packet.fields.items() if name not in TAKEN}
    metadata = fields.get("metadata")
    if isinstance(metadata, Record):
        moved = {name: fields.pop(name) for name in ("interface", "direction") if name in fields}
        fields["metadata"] = Record(metadata.name, moved | metadata.fields)
    return Record("packet", fields, tuple(_Stack("link" in fields).unfolded(packet.fields)))


class _Stack:
    def __init__(self, linked: bool) -> None:
        self.items: list[tuple[str, Any]] = []
        self.linked = linked

    def unfolded(self, fields: dict[str, Any]) -> list[tuple[str, Any]]:
        layers: list[Record] = list(fields.get("layers", ()))
        ip, quoted = fields.get("ip"), fields.get("quoted")
        while layers:
            layer = layers.pop(0)
            if layer.name == "icmp" and ip is not None:
                self.network(ip, None, None, None)
                ip = None
            if layer.name == "ip_layer":
                udp = layers.pop(0) if layers and layers[0].name == "udp_layer" else None
                self.outer(layer.fields["ip"], udp)
            else:
                self.items.append((layer.name, layer))
                self.linked = layer.name in LINKS
        if quoted is not None:
            ip, fields = quoted.fields.get("ip"), quoted.fields
        if ip is not None:
            self.network(ip, fields.get("tcp"), fields.get("sport"), fields.get("dport"))
        return self.items

    def outer(self, ip: Record, udp: Record | None) -> None:
        if udp is None:
            self.network(ip, None, None, None)
            return
        self.network(ip, None, udp.fields["sport"], udp.fields["dport"])
        verdict = {name: value for name, value in udp.fields.items() if name not in ("sport", "dport")}
        if verdict:
            self.items.append(("udp", Record("udp", verdict)))

    def network(self, ip: Record, tcp: Record | None, sport: Any, dport: Any) -> None:
        header = {name: value for name, value in ip.fields.items() if name not in ("src", "dst", "extensions", "keyword")}
        usual = "keyword" not in ip.fields
        if usual is not self.linked:
            self.items.append((f"word{ip.name[-1]}", Word(True)))
        self.linked = False
        if header:
            self.items.append((ip.name, Record(ip.name, header)))
        if tcp is not None:
            sport, dport = tcp.fields["sport"], tcp.fields["dport"]
        extensions = ip.fields.get("extensions")
        src, dst = ip.fields["src"], ip.fields["dst"]
        if extensions is None:
            self.items.append(("ends", (End(src, sport), End(dst, dport))))
        else:
            self.items += [("ends", (End(src, None), End(dst, None))), ("extensions", extensions)]
            if tcp is not None:
                self.items.append(("ports", (End(None, sport), End(None, dport))))
        if tcp is not None:
            self.items.append(_segment({name: value for name, value in tcp.fields.items() if name not in ("sport", "dport")}))


def _segment(fields: dict[str, Any]) -> tuple[str, Any]:
    """The segment's rule and fields; that of tcpdump 3.9 had other letters (the inverse of `build.modern`)."""
    if fields.get("form") != Word("old"):
        return "tcp", Record("tcp", fields)
    letters = fields["flags"].value if "flags" in fields else ""
    fields = {name: value for name, value in fields.items() if name != "form"}
    fields["flags"] = Word("".join(letter for letter in "SFRPWE" if letter in letters) or ".")
    if "seq" not in fields:
        fields.pop("length", None)
    return "legacy", Record("legacy", fields)
