"""Mazes of arms around a middle: plus, T and Y mazes, from the corners of their floor."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ethoflow.errors import listed
from ethoflow.geometry.rings import Ring, centroid, crosses_itself, turns
from ethoflow.schema import DataError

DIRECTIONS = {"right": 0.0, "down": 90.0, "left": 180.0, "up": -90.0}
"""Directions in the picture, whose y points down: degrees from +x towards +y."""

WITHIN = 35.0
"""Degrees by which an arm may be off the direction it is called by."""

SKEWED = 0.2
"""How unlike the two long sides of an arm may be: sine of their angle, logarithm of their ratio."""

KINDS = {12: "plus maze", 9: "Y maze", 8: "T maze"}


@dataclass(frozen=True)
class Maze:
    """A maze: its outline, the ring of each arm, and the ring between them.

    An arm's ring begins at the middle: inner corner, two corners of its end, inner corner.
    """

    outline: Ring
    arms: tuple[Ring, ...]
    middle: Ring

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the arms by their direction in the picture; numbers where these do not tell."""
        names = [self._direction(arm) for arm in self.arms]
        if "" in names or len(set(names)) < len(names):
            return tuple(f"arm{number}" for number in range(1, len(names) + 1))
        return tuple(names)

    def _direction(self, arm: Ring) -> str:
        x, y = arm[1:3].mean(axis=0) - centroid([self.middle])
        angle = np.degrees(np.arctan2(y, x))
        off = {name: abs((angle - at + 180) % 360 - 180) for name, at in DIRECTIONS.items()}
        return next((name for name, by in off.items() if by <= WITHIN), "")

    @property
    def length(self) -> float:
        """Mean length of the long sides of the arms."""
        sides = [np.linalg.norm(arm[[1, 2]] - arm[[0, 3]], axis=1) for arm in self.arms]
        return float(np.mean(sides))


def find_maze(corners: npt.ArrayLike) -> Maze:
    """The maze that corners are of, in whatever order they are given.

    Parameters
    ----------
    corners
        The 12 corners of a plus maze, 9 of a Y maze or 8 of a T maze, dims (corner, space).

    Raises
    ------
    DataError
        Their number is another, or no order of them makes a maze.

    Examples
    --------
    >>> plus = [(4, 0), (6, 0), (6, 4), (10, 4), (10, 6), (6, 6), (6, 10), (4, 10), (4, 6), (0, 6),
    ...     (0, 4), (4, 4)]
    >>> find_maze(sorted(plus)).names
    ('up', 'right', 'down', 'left')
    """
    given = np.asarray(corners, np.float64)
    if len(given) not in KINDS:
        raise DataError(
            f"a maze has 12 corners (plus), 9 (Y) or 8 (T); found {len(given)}. Of another one, "
            "draw the regions by hand."
        )
    best, least = None, np.inf
    for order in _orders(given):
        maze = _read(given[order])
        skew = np.inf if maze is None else _skew(maze)
        if maze is not None and skew < least - 1e-9:
            best, least = maze, skew
    if best is None or least > SKEWED:
        kind = KINDS[len(given)]
        raise DataError(
            f"these {len(given)} corners are no {kind}'s, in no order: {_shown(given)}. Look "
            "whether one of them is at a wrong place."
        )
    return best


def _shown(corners: Ring) -> str:
    return ", ".join(f"({x:.4g}, {y:.4g})" for x, y in corners)


def _orders(corners: Ring) -> list[npt.NDArray[np.intp]]:
    """Orders that may be right: as given, and by angle around places in the middle."""
    middles = [corners.mean(axis=0)]
    middles += [(a + b) / 2 for a, b in itertools.combinations(corners, 2)]
    by_angle = [np.argsort(np.arctan2(*(corners - middle).T[::-1])) for middle in middles]
    return [np.arange(len(corners)), *by_angle]


def _read(ring: Ring) -> Maze | None:
    """The maze that a ring is the outline of, if it is one; its arms clockwise from the top."""
    with np.errstate(invalid="ignore", divide="ignore"):
        signs = turns(ring)
    if np.isnan(signs).any() or crosses_itself(ring):
        return None
    if len(ring) == 8:
        found = _with_feet(ring, signs < 0)
        if found is None:
            return None
        full, inner = found
    else:
        full, inner = ring, signs < 0
    begins = np.flatnonzero(inner)
    if not len(begins):
        return None
    full, inner = np.roll(full, -begins[0], axis=0), np.roll(inner, -begins[0])
    starts = [i for i in np.flatnonzero(inner) if not inner[(i + 1) % len(full)]]
    arms = [full[np.arange(i, i + 4) % len(full)] for i in starts]
    ends = all(not inner[(i + 2) % len(full)] and inner[(i + 3) % len(full)] for i in starts)
    n_arms = 4 if len(ring) == 12 else 3
    if len(arms) != n_arms or not ends or inner.sum() != (4 if len(ring) != 9 else 3):
        return None
    middle = full[inner]
    return Maze(ring, tuple(_from_the_top(arms, centroid([middle]))), middle)


def _from_the_top(arms: list[Ring], middle: npt.NDArray[np.float64]) -> list[Ring]:
    """Arms clockwise in the picture, that which points up first."""
    x, y = np.transpose([arm[1:3].mean(axis=0) - middle for arm in arms])
    around = (np.degrees(np.arctan2(y, x)) + 90 + 45) % 360
    return [arms[place] for place in np.argsort(around)]


def _with_feet(
    ring: Ring, inner: npt.NDArray[np.bool_]
) -> tuple[Ring, npt.NDArray[np.bool_]] | None:
    """The outline of a T maze with the two corners of its middle that lie on the far side."""
    found = np.flatnonzero(inner)
    if len(found) != 2:
        return None
    first = found[0] if (found[1] - found[0]) % 8 == 3 else found[1]
    # Inner corner, the stem's end, inner corner, then the two ends of the bar.
    around = np.roll(ring, -first, axis=0)
    if not inner[(first + 3) % 8]:
        return None
    a, b = around[5], around[6]
    far = b - a
    along = [float((around[i] - a) @ far / (far @ far)) for i in (3, 0)]
    if not 0 < along[0] < along[1] < 1:
        return None
    feet = [a + share * far for share in along]
    full = np.array([*around[:6], *feet, *around[6:]])
    return full, np.isin(np.arange(10), [0, 3, 6, 7])


def _skew(maze: Maze) -> float:
    """How unlike the long sides of an arm are, of the worst."""
    found = []
    for arm in maze.arms:
        one, other = arm[1] - arm[0], arm[2] - arm[3]
        long, short = np.linalg.norm(one), np.linalg.norm(other)
        angle = abs(one[0] * other[1] - one[1] * other[0]) / (long * short)
        # Sides that run against each other are no arm's.
        found.append(max(angle, abs(np.log(long / short))) if one @ other > 0 else np.inf)
    return float(max(found))


def arm_called(maze: Maze, name: str, landmarks: dict[str, npt.NDArray[np.float64]]) -> Ring:
    """The arm of a name: its direction or number, or a tracked corner at its end.

    Raises
    ------
    DataError
        No arm is called so.
    """
    names = maze.names
    if name in names:
        return maze.arms[names.index(name)]
    if name in landmarks:
        near = 1e-3 * float(np.ptp(maze.outline, axis=0).max())
        for arm in maze.arms:
            if (np.linalg.norm(arm[1:3] - landmarks[name], axis=1) < near).any():
                return arm
        raise DataError(f"the corner {name!r} is at the end of no arm of the maze.")
    raise DataError(
        f"the maze has no arm {name!r}; its arms are: {listed(names)}"
        f"{' (or a tracked corner at the end of one)' if landmarks else ''}."
    )
