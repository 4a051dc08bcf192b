"""How often animals jump where nobody was exchanged: what a jump says of a recording."""

from __future__ import annotations

import itertools

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.identities.links import Usual, find_costs
from ethoflow.identities.tracks import Tracks

UNLIKE = 4.0
"""Cost of a link from which on it is a break."""

DOUBT = 6.0
"""How much worse an exchange may fit than none, to be looked at."""


def learn_tail(tracks: Tracks, usual: Usual) -> Usual:
    """The same with the costs of all steps from frame to frame, but those of exchanges.

    Where two jump at one time, each to the other's place, that is not how they jump.
    """
    seen = tracks.seen
    costs = np.full(seen.shape, np.nan)
    for animal, there in enumerate(seen):
        after = np.flatnonzero(there[1:] & there[:-1]) + 1
        costs[animal, after] = _costs(tracks, usual, animal, animal, after)
    exchanged = np.zeros(seen.shape, bool)
    for i, j in itertools.combinations(range(len(seen)), 2):
        after = np.flatnonzero((costs[i] > UNLIKE) & (costs[j] > UNLIKE))
        crossed = sum(_costs(tracks, usual, *way, after) for way in ((i, j), (j, i)))
        after = after[costs[i, after] + costs[j, after] - crossed > DOUBT]
        exchanged[[[i], [j]], after] = True
    kept = costs[~exchanged & ~np.isnan(costs)]
    return usual._replace(tail=np.sort(kept))


def _costs(tracks: Tracks, usual: Usual, i: int, j: int, after: Array) -> Array:
    """Costs of motion of steps from animal `i` to `j`, which end at frames `after`."""
    if not after.size:
        return np.zeros(0)
    slots = [np.full(after.size, slot) for slot in (i, j)]
    links = np.stack([slots[0], after - 1, slots[1], after], axis=1)
    costs: Array = find_costs(tracks, usual, links)[:, 0]
    return costs
