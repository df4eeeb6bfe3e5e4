"""The facts (what was printed) and the conclusions (what it shows), as frozen msgspec Structs."""

from tcpdump_parse.model.events import SCHEMA, Capture, Finding, Notice, Read, Severity, Unread
from tcpdump_parse.model.packet import IP, Base64, Checksum, IPv4, IPv6, Octets, Packet, Port, Quoted, Segment, Text

__all__ = [
    "IP", "SCHEMA", "Base64", "Capture", "Checksum", "Finding", "IPv4", "IPv6", "Notice", "Octets", "Packet", "Port", "Quoted", "Read", "Segment",
    "Severity", "Text", "Unread",
]
