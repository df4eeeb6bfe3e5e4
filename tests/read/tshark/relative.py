"""What tcpdump without -S must print as sequence numbers: tshark's raw numbers less the bases of the table that tcp_print keeps.

The first segment with ACK of two endpoints, and every SYN-ACK, is printed as it was on the wire and sets both bases: its own number,
and the one before the acknowledged. Later segments with ACK count from there; segments without ACK change nothing (print-tcp.c).
"""

from __future__ import annotations

from tests.read.tshark.dissected import Frame, Node

MASK = 0xFFFFFFFF
End = tuple[str | None, str | None]


class Bases:
    """The table of one run of tcpdump."""

    def __init__(self) -> None:
        self._bases: dict[tuple[End, End], tuple[int, int]] = {}

    def seen(self, frame: Frame) -> tuple[int, int, int]:
        """What to take off the segment's own numbers, off its ACK, and off the edges of its SACK blocks. Each frame once, in order."""
        place = max(index for index, node in enumerate(frame.headers) if node.name == "tcp")
        ip = next(node for node in reversed(frame.headers[:place]) if node.name in ("ip", "ipv6"))
        return self._take(ip, frame.headers[place])

    def _take(self, ip: Node, tcp: Node) -> tuple[int, int, int]:
        source, destination = ip.text(f"{ip.name}.src"), ip.text("ip.cur_rt") or ip.text(f"{ip.name}.dst")
        src, dst = (source, tcp.text("tcp.srcport")), (destination, tcp.text("tcp.dstport"))
        seq, ack = tcp.number("tcp.seq"), tcp.number("tcp.ack")
        if seq is None or ack is None or not tcp.flag("tcp.flags.ack"):
            return 0, 0, 0
        known = self._bases.get((src, dst))
        if known is None or tcp.flag("tcp.flags.syn"):
            self._bases[src, dst] = seq, (ack - 1) & MASK
            self._bases[dst, src] = (ack - 1) & MASK, seq
            return 0, 0, (ack - 1) & MASK
        return known[0], known[1], known[1]
