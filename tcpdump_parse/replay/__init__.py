"""The log again in its own time: re-emission at its own pace, or a record at a time. Clocks and keys are given, never taken.

    pace     when each record is due                    clock    the time that passes, real or told
"""

from tcpdump_parse.replay.clock import Clock, Monotonic
from tcpdump_parse.replay.pace import Pace, paced, stepped

__all__ = ["Clock", "Monotonic", "Pace", "paced", "stepped"]
