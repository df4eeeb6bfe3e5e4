"""The transition tables are complete, and a life told by them is RFC 9293's."""

from itertools import product

import pytest

from tcpdump_parse.track.states import MOVES, REFUSED, STATES, STAYS, Seen


@pytest.mark.parametrize(("state", "seen"), list(product(STATES, Seen)))
def test_every_pair_moves_stays_or_is_refused_and_only_one_of_them(state, seen):
    places = [seen in MOVES[state], seen in STAYS[state], seen in REFUSED.get(state, {})]
    assert places.count(True) == 1, f"{state} + {seen}: {places}"
