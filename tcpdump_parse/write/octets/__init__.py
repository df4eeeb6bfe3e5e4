"""Packets as octets again: what stood on the wire when tcpdump printed this text.

Laws: everything printed comes back as printed, wrong checksums included; what was not printed is either solved for, so that
tcpdump prints the very same text, or named in the frame's `invented`; what cannot be built says why. Nothing here knows files.

    frame      the whole packet, outermost first           outcome    Frame, Unbuilt, and the words for what was invented
    segment    TCP header, payload, the solved checksum    cut        segments that tcpdump gave up in the middle
    bare       packets of which no segment was printed     sums       one's complement arithmetic
    ipv4, ipv6, extensions, addresses    the network layer
    tcp_options, mptcp, ip_options       the options
    link       link headers                                dump       frames from a hexdump
    moments    when a packet was captured                  rebuilding what the pcap and pcapng writers share
    payload/   what the payload was, from the lines tcpdump decoded
"""

from tcpdump_parse.write.octets.frame import Rebuilder
from tcpdump_parse.write.octets.moments import Moment, Moments
from tcpdump_parse.write.octets.outcome import Filling, Frame, Invented, Link, Reason, Unbuilt, Wrapping
from tcpdump_parse.write.octets.rebuilding import Rebuilding, Tally

__all__ = ["Filling", "Frame", "Invented", "Link", "Moment", "Moments", "Reason", "Rebuilder", "Rebuilding", "Tally", "Unbuilt", "Wrapping"]
