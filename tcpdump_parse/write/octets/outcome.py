"""What rebuilding gives: a `Frame`, with a list of what had to be invented, or `Unbuilt`, with the reason.

Nothing here is an error. A log holds what it holds; the law is that a frame never hides what was not in the text.
"""

from __future__ import annotations

import enum

from msgspec import Struct

SNAPLEN = 262144
"""tcpdump's own default, more than any packet: what claims to be longer is refused."""


class Filling(enum.StrEnum):
    """What stands for payload octets that the log does not show.

    `fit`: octets that make the checksum come out as tcpdump said; `zero`: zeros, so the checksum is wrong wherever it was right;
    `none`: nothing, as if the capture had been cut after the headers.
    """

    FIT = "fit"
    ZERO = "zero"
    NONE = "none"


class Wrapping(enum.StrEnum):
    """What stands before a packet whose link header is not in the log: nothing, or an Ethernet header as interfaces that send need."""

    RAW = "raw"
    ETHERNET = "ethernet"


class Link(enum.IntEnum):
    """Link types by their number in pcap files, named as tcpdump's banner names them (https://www.tcpdump.org/linktypes.html)."""

    NULL = 0
    EN10MB = 1
    AX25 = 3
    IEEE802 = 6
    ARCNET = 7
    SLIP = 8
    PPP = 9
    FDDI = 10
    PPP_SERIAL = 50
    PPP_ETHER = 51
    ATM_RFC1483 = 100
    RAW = 101
    C_HDLC = 104
    IEEE802_11 = 105
    FRELAY = 107
    LOOP = 108
    LINUX_SLL = 113
    PFLOG = 117
    IP_OVER_FC = 122
    IEEE802_11_RADIO = 127
    ARCNET_LINUX = 129
    APPLE_IP_OVER_IEEE1394 = 138
    JUNIPER_ETHER = 178
    MFR = 182
    PPI = 192
    IPV4 = 228
    IPV6 = 229
    NFLOG = 239
    IPOIB = 242
    PKTAP = 258
    LINUX_SLL2 = 276


class Invented(enum.StrEnum):
    """What of a frame was not in the log. The value names it in counts and comments."""

    PAYLOAD = "payload"
    REMAINDER = "remainder"
    DECODED = "decoded"
    HIDDEN = "hidden"
    IP_HEADER = "ip-header"
    RELATIVE = "relative"
    LINK = "link-header"
    WRAPPING = "wrapping"
    PADDING = "padding"
    CHECKSUM = "checksum"
    CUT = "cut"
    MISFIT = "misfit"


TOLD = {
    Invented.PAYLOAD: "the payload was not in the log; its octets are synthetic",
    Invented.REMAINDER: "the log shows the beginning of the payload; the other octets are synthetic",
    Invented.DECODED: "the log shows the payload decoded, not its octets; what it does not show is synthetic",
    Invented.HIDDEN: "tcpdump does not print some octets of the headers; they are synthetic",
    Invented.IP_HEADER: "the IP header was not printed; its fields are synthetic",
    Invented.RELATIVE: "the sequence numbers may be relative, and their base is not in the log; they stand as printed",
    Invented.LINK: "its link header is of a kind that is not rebuilt; the packet begins with its IP header",
    Invented.WRAPPING: "the link header was not in the log; it is synthetic, as asked for",
    Invented.PADDING: "octets behind the IP packet were not printed; they are zero",
    Invented.CHECKSUM: "the TCP checksum was not printed; it is synthetic",
    Invented.CUT: "how much was captured was not printed; the frame holds what the text shows",
    Invented.MISFIT: "the printed fields do not add up to the checksum that tcpdump computed",
}


class Reason(enum.StrEnum):
    """Why a record could not become a packet again."""

    NOT_TCP = "no TCP segment and no hexdump"
    TUNNEL = "inside a tunnel whose headers are not printed in full"
    QUIET = "printed without flags, sequence numbers and window (-q)"
    NAMES = "names instead of numbers (without -n)"
    NO_SEQUENCE = "no sequence number printed (needs -vv)"
    OPTIONS = "the options do not fit the header length"
    BAD_HEADER = "a bad header length hides the header"
    LENGTHS = "the printed lengths contradict each other"
    NUMBERS = "a printed number does not fit its field"
    EXTENSION = "an IPv6 extension header is not printed in full"
    LINK = "its link header is not of the file's link type"
    DUMP = "the hexdump has no IP header, or a link header of unknown type"


class CannotBuildError(Exception):
    """Raised inside this package, turned into `Unbuilt` at its door."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Frame(Struct, frozen=True, gc=False):
    """The octets of one packet as captured; `wire` is its length on the wire, `invented` what was not in the log."""

    link: Link
    octets: bytes
    wire: int
    invented: tuple[Invented, ...] = ()


class Unbuilt(Struct, frozen=True, gc=False):
    """A record that could not become a packet again."""

    reason: Reason
