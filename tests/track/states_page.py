"""docs/tracking.md: what can be followed from text, with the state diagram drawn from the tables themselves.

    python -m tests.track.states_page      writes the page again
"""

from __future__ import annotations

from pathlib import Path

from tcpdump_parse.track.states import diagram

PAGE = Path(__file__).parents[2] / "docs" / "tracking.md"

TEXT = """\
# What a log lets tdparse follow

## States

Each end is in one of the states of RFC 9293 §3.3.2, as its segments on the wire show it. A transition that is not in this table does not
happen; the diagram is drawn from the table (`tcpdump_parse/track/states.py`).

```mermaid
{diagram}
```

What was sent was not always received. tdparse narrates the state that holds if all that was seen also arrived, and keeps beside it every
state an end may be in; only one that is alone is called proved.

## What checksums prove

tcpdump prints the TCP checksum of a packet and whether it is right, so a number of the line that was changed after the capture is found
where the checksum covers it: addresses, ports, sequence and acknowledgement numbers, window, urgent pointer, option values, the
checksum's own values; and lengths, which several numbers repeat. With payload, only the payload's sum can be worked out, so that two
copies of a segment with other content are told apart.

Nothing in the line can prove these: the time, tos (class), ttl (hlim), the IP id, the flow label. The TCP checksum does not cover them and
tcpdump prints the IP header's own checksum only when it is wrong. An edit there cannot be seen.
"""


def page() -> str:
    return TEXT.format(diagram=diagram().strip())


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
