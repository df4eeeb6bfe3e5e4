"""The view people know: Wireshark 4.0's own TCP analysis, from text, in its words and with its quirks.

`view` gives findings, `analyses` what Wireshark shows of every frame, `compare` where our judgement differs from it and why. This room has
its own state and shares nothing with our judgement but the reader, else the two could not be held against each other. A file each for:
the circle of numbers, what reaches the analysis (`segment`, `options`), what is remembered (`state`, `unacked`), the analysis itself, the
conversations around it with the second pass, the words (`flags`), the findings, the differences. It follows 4.0.17; later versions differ.
"""

from tcpdump_parse.check.wireshark.analysis import Analysis
from tcpdump_parse.check.wireshark.conversations import View, analyses
from tcpdump_parse.check.wireshark.differences import compare
from tcpdump_parse.check.wireshark.findings import BLIND, found, view
from tcpdump_parse.check.wireshark.flags import MEANINGS, Flag, named

__all__ = ["BLIND", "MEANINGS", "Analysis", "Flag", "View", "analyses", "compare", "found", "named", "view"]
