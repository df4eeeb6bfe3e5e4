"""The facts (what was printed) and the conclusions (what it shows), as frozen msgspec Structs."""

from tcpdump_parse.model.events import SCHEMA, Capture, Finding, Notice, Read, Severity, Unread
from tcpdump_parse.model.flow import Flow
from tcpdump_parse.model.options import TcpOption
from tcpdump_parse.model.packet import IP, Base64, Checksum, IPv4, IPv6, Octets, Packet, Port, Quoted, Segment, Text

Event = Capture | Packet | Notice | Unread | Flow | Finding
"""Every value that has a JSON form; `msgspec.json.decode(line, type=Event)` gives back what any command wrote as JSON lines."""

__all__ = [
    "IP", "SCHEMA", "Base64", "Capture", "Checksum", "Event", "Finding", "Flow", "IPv4", "IPv6", "Notice", "Octets", "Packet", "Port",
    "Quoted", "Read", "Segment", "Severity", "TcpOption", "Text", "Unread",
]
