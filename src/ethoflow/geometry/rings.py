"""Rings of corners: area, centroid, what lies in them, and whether they cross."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Ring: TypeAlias = npt.NDArray[np.float64]
"""Corners in order, dims (corner, space)."""

TOUCH = 1e-6
"""Share of its extent by which a ring may reach beyond another and still only touch it."""


def signed_area(ring: Ring) -> float:
    """Area of a ring, positive where it turns from +x towards +y.

    Examples
    --------
    >>> signed_area(np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]]))
    2.0
    """
    after = np.roll(ring, -1, axis=0)
    return float((ring[:, 0] * after[:, 1] - after[:, 0] * ring[:, 1]).sum() / 2)


def centroid(rings: Sequence[Ring]) -> npt.NDArray[np.float64]:
    """Centroid of the area that an odd number of the rings encloses."""
    total, moment = 0.0, np.zeros(2)
    for ring in rings:
        after = np.roll(ring, -1, axis=0)
        cross = ring[:, 0] * after[:, 1] - after[:, 0] * ring[:, 1]
        depth = sum(is_within(ring, other) for other in rings if other is not ring)
        sign = float(np.sign(cross.sum())) * (-1) ** depth
        total += sign * float(cross.sum()) / 2
        moment += sign * ((ring + after) * cross[:, np.newaxis]).sum(axis=0) / 6
    return moment / total


def turns(ring: Ring) -> npt.NDArray[np.float64]:
    """Sine of the turn at every corner: positive where the ring is convex.

    Examples
    --------
    >>> turns(np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    come, go = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    lengths = np.linalg.norm(come, axis=1) * np.linalg.norm(go, axis=1)
    cross = come[:, 0] * go[:, 1] - come[:, 1] * go[:, 0]
    return np.asarray(np.sign(signed_area(ring)) * cross / lengths)


def is_convex(ring: Ring) -> bool:
    """Whether no corner of a ring points inwards."""
    return bool((turns(ring) >= -TOUCH).all())


def crosses_itself(ring: Ring) -> bool:
    """Whether two sides of a ring that share no corner cross."""
    n = len(ring)
    return any(
        _meet(ring[i], ring[(i + 1) % n], ring[j], ring[(j + 1) % n])
        for i in range(n)
        for j in range(i + 2, n - (i == 0))
    )


def is_within(inner: Ring, outer: Ring) -> bool:
    """Whether a ring lies in another one, or touches it from within."""
    depths = depth_in(inner, outer)
    return bool((depths >= -TOUCH * np.ptp(outer, axis=0).max()).all()) and not _cut(inner, outer)


def overlap(one: Ring, other: Ring) -> bool:
    """Whether two rings have more than their edges in common."""
    margin = TOUCH * max(np.ptp(one, axis=0).max(), np.ptp(other, axis=0).max())
    inside = (depth_in(one, other) > margin).any() or (depth_in(other, one) > margin).any()
    return bool(inside) or _cut(one, other) or _has(one, other, margin) or _has(other, one, margin)


def _has(ring: Ring, other: Ring, margin: float) -> bool:
    """Whether the middle of one ring lies in another one."""
    return bool(depth_in(centroid([other])[np.newaxis], ring)[0] > margin) and is_convex(other)


def depth_in(points: npt.NDArray[np.float64], ring: Ring) -> npt.NDArray[np.float64]:
    """Distance of each point to a ring, positive inside."""
    a, b = ring, np.roll(ring, -1, axis=0)
    side = b - a
    offset = points[:, np.newaxis] - a
    square = np.maximum((side**2).sum(axis=1), np.finfo(float).tiny)
    along = np.clip((offset * side).sum(axis=2) / square, 0, 1)
    nearest = np.linalg.norm(offset - along[..., np.newaxis] * side, axis=2).min(axis=1)
    above = (a[:, 1] > points[:, 1:]) != (b[:, 1] > points[:, 1:])
    with np.errstate(divide="ignore", invalid="ignore"):
        at = side[:, 0] * offset[..., 1] / side[:, 1] + a[:, 0]
    inside = (above & (points[:, :1] < at)).sum(axis=1) % 2 == 1
    return np.asarray(np.where(inside, nearest, -nearest))


def _cut(one: Ring, other: Ring) -> bool:
    """Whether a side of one ring crosses a side of the other, beyond their touching."""
    a, b = one[:, np.newaxis], np.roll(one, -1, axis=0)[:, np.newaxis]
    c, d = other[np.newaxis], np.roll(other, -1, axis=0)[np.newaxis]
    margin = TOUCH * max(np.ptp(one, axis=0).max(), np.ptp(other, axis=0).max())
    apart = [_side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)]
    clear = np.all([abs(one) > margin for one in apart], axis=0)
    return bool((clear & (apart[0] * apart[1] < 0) & (apart[2] * apart[3] < 0)).any())


def _side(
    a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], point: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Distance of points from lines through two others, with the sign of the side."""
    way = b - a
    cross = way[..., 0] * (point - a)[..., 1] - way[..., 1] * (point - a)[..., 0]
    return np.asarray(cross / np.maximum(np.linalg.norm(way, axis=-1), np.finfo(float).tiny))


def _meet(a: Ring, b: Ring, c: Ring, d: Ring) -> bool:
    """Whether two sides cross."""
    return bool(_side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0)
