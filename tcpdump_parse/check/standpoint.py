"""Where a capture was taken, as far as it is proved: the same words for the rule and the story.

A checksum that was left to a card never passed a card. Everything else (answers at once, segments beyond the MSS) only suggests a place.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec import UNSET

from tcpdump_parse.model.steps import Ending

_OFFLOADED: Final = ("client_offload", "server_offload")


class Standpoint(NamedTuple):
    """`place`: client, server, between, contradictory; "one_address": it talks to itself; "one_machine": both ends leave checksums to a
    card; "near": both ends answer at once, on one machine or two."""

    place: str
    proved: bool


def standpoint(ending: Ending) -> Standpoint | None:
    vantage, who = ending.flow.vantage, ending.connection
    if vantage is UNSET or vantage.at in ("unknown", ""):
        return None
    offloaded = [sign in vantage.evidence for sign in _OFFLOADED]
    if vantage.at != "both":
        return Standpoint(vantage.at, any(offloaded) and vantage.at != "contradictory")
    if who.client == who.server:
        return Standpoint("one_address", proved=True)
    return Standpoint("one_machine", proved=True) if all(offloaded) else Standpoint("near", proved=False)
