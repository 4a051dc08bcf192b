"""Four corners of a known rectangle: how the floor is seen by a camera that looks at it askew."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ethoflow.geometry.rings import crosses_itself, is_convex, signed_area
from ethoflow.schema import DataError

FLAT = 1e-3
"""Share of the square of their extent below which four corners enclose no area."""


def find_homography(corners: npt.ArrayLike, width: float, height: float) -> npt.NDArray[np.float64]:
    """The matrix that takes four corners in px to a rectangle in mm, its first side along x.

    The floor is never mirrored, whichever way round its corners are given: what is on the left of
    an animal in the picture is on its left in mm. The first corner goes to (0, 0), or to
    (0, height) where they run the other way round.

    Parameters
    ----------
    corners
        In order around the floor, px: the first side has the length `width`, the second `height`.
    width, height
        mm.

    Raises
    ------
    DataError
        There are not four, they cross, lie nearly in a line, or one points inwards.

    Examples
    --------
    >>> matrix = find_homography([(10, 10), (30, 10), (30, 20), (10, 20)], 200, 100)
    >>> project(np.array([[20.0, 15.0]]), matrix).round(6).tolist()
    [[100.0, 50.0]]
    >>> matrix = find_homography([(10, 20), (30, 20), (30, 10), (10, 10)], 200, 100)
    >>> project(np.array([[10.0, 10.0]]), matrix).round(6).tolist()
    [[0.0, 0.0]]
    """
    seen = np.asarray(corners, np.float64)
    if seen.shape != (4, 2) or not np.isfinite(seen).all():
        raise DataError(f"two sides in mm are of four corners in px; found {len(seen)}.")
    if not (0 < width < np.inf and 0 < height < np.inf):
        raise DataError(f"the sides of the floor must be above 0 mm, found {width} and {height}.")
    if crosses_itself(seen):
        raise DataError("the sides between the four corners cross: give them in order.")
    extent = float(np.ptp(seen, axis=0).max())
    if abs(signed_area(seen)) < FLAT * extent**2:
        raise DataError("the four corners lie nearly in one line: the floor cannot be seen so.")
    if not is_convex(seen):
        raise DataError("one of the four corners points inwards: no camera sees a rectangle so.")
    floor = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    if signed_area(seen) * signed_area(floor) < 0:
        floor[:, 1] = height - floor[:, 1]
    middle = seen.mean(axis=0)
    # Numbers near 1 keep the equations well conditioned.
    near = np.array([[1, 0, -middle[0]], [0, 1, -middle[1]], [0, 0, extent]]) / extent
    found = _solve(project(seen, near), floor) @ near
    # Positive on the side of the horizon where the floor is.
    return np.asarray(found / (found[2, :2] @ middle + found[2, 2]))


def _solve(
    seen: npt.NDArray[np.float64], floor: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    rows, right = [], []
    for (x, y), (u, v) in zip(seen, floor, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(right)), 1).reshape(3, 3)


def project(
    points: npt.NDArray[np.float64], matrix: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Points through a homography, dims (..., space)."""
    full = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(full[..., :2] / full[..., 2:])
