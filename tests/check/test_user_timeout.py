"""The user timeout as RFC 5482 counts it, whatever seconds tcpdump reckons from the same bits."""

import pytest

from tcpdump_parse import check, read, track

RECORD = """\
00:00:00.000000 IP (tos 0x0, ttl 64, id 7, offset 0, flags [DF], proto TCP (6), length 44)
    10.0.0.1.1234 > 10.0.0.2.80: Flags [.], cksum 0x33d9 (correct), seq 1000, ack 2000, win 512, options [uto {}], length 0
"""


@pytest.mark.parametrize(("printed", "seconds"), [("0x258 300", 600), ("0xb 300", 11), ("0x8005 983160", 300)])
def test_the_highest_bit_says_minutes(printed: str, seconds: int) -> None:
    (found,) = check(track(read([RECORD.format(printed).encode()])), select=["uto-present"])
    assert found.facts["timeout_s"] == seconds
