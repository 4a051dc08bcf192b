"""An elevated plus maze whose twelve corners are tracked as body parts, and who went where when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.schema import make_tracks
from ethoflow.simulate.arena import Array
from ethoflow.simulate.body import Mouse, bodyparts, make_points

ARM, HALF = 350.0, 25.0
"""Length of an arm from the middle to its end, and half its width, mm."""

ARMS = ("up", "right", "down", "left")
SPEED = 150.0
"""Pace along an arm, mm/s: an edge is crossed between two frames."""

ORDER = (7, 2, 10, 0, 5, 11, 3, 8, 1, 6, 9, 4)
"""Where around the maze the corners are that are tracked one after another."""

CORNERS = tuple(f"corner{number}" for number in range(1, 13))


@dataclass(frozen=True)
class PlusMaze:
    """A simulated recording of a plus maze, and what is true of it.

    Attributes
    ----------
    tracks
        What a reader would give, px: a mouse, and the corners of the maze as body parts, in an
        order that is not that around the maze.
    script
        A row per region (the arms by their direction, and ``middle``): `time_inside` (s),
        `entries`, `latency` (s).
    arena
        The line of the project file that names the corners.
    """

    tracks: xr.Dataset
    script: pd.DataFrame
    arena: str


def plus_maze(
    n_visits: int = 12,
    *,
    fps: float = 30.0,
    px_per_mm: float = 0.8,
    noise: float = 0.4,
    turned: float = 6.0,
    seed: int = 0,
    name: str = "maze",
) -> PlusMaze:
    """A mouse that begins in the middle of a plus maze and visits its arms one after another.

    Parameters
    ----------
    n_visits
        How many arms it goes to.
    fps, px_per_mm
        Frame rate and scale.
    noise
        Error of the corners, px; they are also hidden now and then, and then far off, with a low
        confidence.
    turned
        By how much the maze is turned in the picture, degrees.
    seed
        Other seeds give other visits.
    name
        Of the recording.

    Examples
    --------
    >>> maze = plus_maze(4)
    >>> int(maze.script.entries.sum())  # four arms, and four times back in the middle
    8
    """
    rng = np.random.default_rng(seed)
    along, arm = _visits(rng, n_visits, fps)
    axes = np.array([(0, -1), (1, 0), (0, 1), (-1, 0)], float)
    place = along[:, np.newaxis] * axes[arm]
    angle = np.deg2rad(turned)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    heading = np.arctan2(*(axes[arm] @ turn.T).T[::-1])
    x, y = (place @ turn.T).T
    mouse = make_points(np.stack([x, y, heading, *np.zeros((3, x.size))], axis=1), Mouse(30.0))
    corners, scores = _track_corners(rng, _corners() @ turn.T, x.size, noise / px_per_mm)
    position = (np.concatenate([mouse, corners]) + 450) * px_per_mm
    confidence = np.concatenate([np.full((len(mouse), x.size), 0.99), scores])
    order = [*range(len(mouse)), *(len(mouse) + np.array(ORDER))]
    tracks = make_tracks(
        position[order][np.newaxis].astype(np.float32),
        fps=fps,
        bodyparts=[*bodyparts(11), *CORNERS],
        confidence=confidence[order][np.newaxis].astype(np.float32),
        recording=name,
    )
    return PlusMaze(
        tracks, _script(along, arm, fps), f"maze from {', '.join(CORNERS)} = {ARM:g} mm"
    )


def _visits(rng: np.random.Generator, n_visits: int, fps: float) -> tuple[Array, Array]:
    """Way from the middle in mm, and the arm in which it is, of every frame."""
    ways, arms = [np.zeros(round(fps))], [np.zeros(round(fps), int)]
    for _ in range(n_visits):
        depth = rng.uniform(120, 300)
        out = np.arange(0, depth, SPEED / fps) + rng.uniform(0.3, 0.7) * SPEED / fps
        stay = np.full(round(rng.uniform(1, 6) * fps), out[-1])
        rest = np.zeros(round(rng.uniform(0.5, 2) * fps))
        ways.append(np.concatenate([out, stay, out[::-1], rest]))
        arms.append(np.full(ways[-1].size, rng.integers(4)))
    return np.concatenate(ways), np.concatenate(arms)


def _corners() -> Array:
    """The corners around the maze, dims (corner, space), mm from its middle."""
    far = HALF + ARM
    quarter = np.array([(-HALF, -HALF), (-HALF, -far), (HALF, -far)])
    turns = [np.array([[c, -s], [s, c]]) for c, s in ((1, 0), (0, 1), (-1, 0), (0, -1))]
    return np.concatenate([quarter @ turn.T for turn in turns])


def _track_corners(
    rng: np.random.Generator, corners: Array, n_frames: int, noise: float
) -> tuple[Array, Array]:
    """Tracked corners, dims (corner, space, time), and their confidence."""
    seen = corners[..., np.newaxis] + rng.normal(0, noise, (12, 2, n_frames))
    hidden = rng.random((12, n_frames)) < 0.08
    seen = seen + np.where(hidden[:, np.newaxis], rng.normal(0, 80, seen.shape), 0)
    return seen, np.where(hidden, 0.1, rng.uniform(0.9, 1, hidden.shape))


def _script(along: Array, arm: Array, fps: float) -> pd.DataFrame:
    rows = []
    for number, name in [*enumerate(ARMS), (-1, "middle")]:
        inside = (along <= HALF) if number < 0 else (along > HALF) & (arm == number)
        entries = int((inside[1:] & ~inside[:-1]).sum())
        latency = inside.argmax() / fps if inside.any() else np.nan
        rows.append((name, inside.sum() / fps, entries, latency))
    return pd.DataFrame(rows, columns=["region", "time_inside", "entries", "latency"])
