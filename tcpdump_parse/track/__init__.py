"""Packet → Step: what each segment did to its connection.

`track` is the verb. Its laws: steps are immutable; a prefix of a log gives a prefix of its steps; state is kept per open connection only
and is bounded. Facts come from `model.packet`, conclusions go out as `model.steps`; what is *wrong* with a segment is `check`'s to say.
"""

from tcpdump_parse.track.connections import Bounds, Tracked, flows, track

__all__ = ["Bounds", "Tracked", "flows", "track"]
