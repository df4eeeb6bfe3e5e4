"""What a log leaves behind: nothing. Memory is bounded by what is open, and a connection that has ended is let go at once."""

import gc

import pytest

from tcpdump_parse.tell import Manner, Order
from tests.tell.stories import SAMPLES, story


@pytest.mark.parametrize("order", Order)
def test_an_ended_connection_waits_for_no_collector(order):
    """Ends that know each other would be kept, with all they hold, until a collection of cycles: its time is nobody's to foresee."""
    manner = Manner(order=order)
    for sample in SAMPLES:  # what is remembered of shapes and words is made now
        story(sample, manner)
    gc.collect()
    gc.disable()
    try:
        left = {sample: found for sample in SAMPLES if story(sample, manner) and (found := gc.collect())}
    finally:
        gc.enable()
    assert left == {}
