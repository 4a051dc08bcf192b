"""A feature matrix as a kernel lays it out: inputs one above the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.features.window_loops import directions

ONE, ALL, PLAIN = "one", "all", ""
"""What becomes of an input's partners: one number, all of them; or it has none."""


def feature_matrix(
    *values: Array,
    partners: Sequence[str] = (),
    components: Sequence[Sequence[bool]] = (),
    by_distance: bool = False,
) -> Array:
    """Features one above the other, dims (feature, time).

    The first input tells which partner is the animal itself, dims (partner,); the next, with
    `by_distance`, how far the partners are, dims (partner, time). `partners` and `components` run
    along those that follow.
    """
    own, rest = values[0] > 0, values[1:]
    apart, rest = (rest[0], rest[1:]) if by_distance else (None, rest)
    rows: list[Array] = []
    for array, kind, split in zip(rest, partners, components, strict=True):
        found = np.asarray(array, np.float32)
        if kind == ONE:
            found = _take(found, _other(own, apart, found.shape[-1]))
        elif kind == ALL:
            itself = own.reshape(-1, *(1,) * (found.ndim - 1))
            found = np.where(itself, np.float32(np.nan), found)
        rows += _split(found.reshape(-1, found.shape[-1]), split)
    return np.stack(rows)


def _other(own: Array, apart: Array | None, n_frames: int) -> Array:
    """Place of the other animal, the nearest where distances are given; -1 where none is seen."""
    if apart is None:
        return np.full(n_frames, np.argmin(own) if own.size > 1 else -1)
    far = np.where(own[:, np.newaxis] | np.isnan(apart), np.inf, apart)
    return np.where(np.isinf(far).all(axis=0), -1, far.argmin(axis=0))


def _take(array: Array, place: Array) -> Array:
    """The numbers of one partner at each frame, dims (partner, ..., time)."""
    index = np.broadcast_to(np.maximum(place, 0), (1, *array.shape[1:]))
    taken = np.take_along_axis(array, index, axis=0)[0]
    return np.where(place < 0, np.float32(np.nan), taken)


def _split(rows: Array, split: Sequence[bool]) -> list[Array]:
    """Rows, angles among them as their cosine and sine where that is asked for."""
    found: list[Array] = []
    for row, in_two in zip(rows, split, strict=True):
        if not in_two:
            found.append(row)
            continue
        x, y = np.empty(row.size), np.empty(row.size)
        directions(row.astype(np.float64), x, y)
        found += [x.astype(np.float32), y.astype(np.float32)]
    return found
