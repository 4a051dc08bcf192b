"""Whether the recordings of two groups have the same frames, on one clock, and the same animals."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ethoflow.store.arrays import refer
from ethoflow.store.documents import dims_of
from ethoflow.store.reading import read_whole
from ethoflow.store.state import State

COMPARED = ("fps", "n_frames", "origin", "individual", "animal")
"""What tells which frame, and which animal, a number is of."""


def has_other_frames(state: State, group: str, other: str) -> bool:
    """Whether a recording of `group` has other frames or animals in `other`, or is not there."""
    names, known = recordings_of(state, group), recordings_of(state, other)
    if not set(names) <= set(known):
        return True
    rows = [known.index(name) for name in names]
    here, there = state.arrays(group), state.arrays(other)
    for name in COMPARED:
        if name not in here or name not in there:
            continue
        ours, theirs = read_small(state, group, name), read_small(state, other, name)
        if dims_of(there[name])[:1] == ("recording",):
            theirs = theirs[rows]
        if not np.array_equal(ours, theirs):
            return True
    return False


def recordings_of(state: State, group: str) -> list[str]:
    """Names of the recordings of a group; none where it has no such dim."""
    if "recording" not in state.arrays(group):
        return []
    return [str(name) for name in read_small(state, group, "recording")]


def read_small(state: State, group: str, name: str) -> npt.NDArray[Any]:
    """A small array of a group, such as a coordinate."""
    document, stamp = state.arrays(group)[name], state.stamp(group)
    return read_whole(refer(state.path, group, name, document, stamp), state.known(group).small)
