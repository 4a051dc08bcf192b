"""Independent definitions of what mice show, from noise-free positions in mm, in plain NumPy."""

from __future__ import annotations

import numpy as np
import xarray as xr

PARTS = ("Nose", "Center", "Tail_base")


def spines(clean: xr.DataArray) -> dict[str, np.ndarray]:
    """Positions of nose, centre and tail base, dims (individual, space, time)."""
    return {part: clean.sel(bodypart=part).values.astype(float) for part in PARTS}


def speed(points: np.ndarray, fps: float) -> np.ndarray:
    return np.linalg.norm(np.gradient(points, 1 / fps, axis=-1), axis=-2)


def gap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.linalg.norm(one - other, axis=-2)


def outside(points: np.ndarray, arena: object, px_per_mm: float) -> np.ndarray:
    """Distance beyond the wall of a circle or a convex polygon; dims (space, time) to (time)."""
    if hasattr(arena, "radius"):
        centre = np.array([arena.x, arena.y])[:, None] / px_per_mm
        return np.linalg.norm(points - centre, axis=0) - arena.radius / px_per_mm
    corners = np.array(arena.vertices) / px_per_mm
    edge = np.roll(corners, -1, axis=0) - corners
    normal = np.stack([edge[:, 1], -edge[:, 0]], axis=1)
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    beyond = np.einsum("es,est->et", normal, points[None] - corners[:, :, None])
    sign = np.sign(np.mean(np.einsum("es,es->e", normal, corners - corners.mean(axis=0))))
    return (sign * beyond).max(axis=0)


def alone(clean: xr.DataArray, i: int, arena: object, px_per_mm: float) -> dict[str, np.ndarray]:
    """How strongly animal `i` shows each behaviour: at least 1 is present, at most -1 absent."""
    points, fps = spines(clean), float(clean.fps)
    speeds = {part: speed(points[part][i], fps) for part in PARTS}
    fastest = np.max(list(speeds.values()), axis=0)
    length = np.median(gap(points["Nose"][i], points["Tail_base"][i]))
    beyond = outside(points["Nose"][i], arena, px_per_mm) / length
    return {
        "moving": (speeds["Center"] - 40) / 10,
        "immobile": (10 - fastest) / 4,
        "climbing": (beyond - 0.15) / 0.08,
    }


def together(clean: xr.DataArray, i: int, j: int) -> dict[str, np.ndarray]:
    """How strongly `i` shows each behaviour to `j`: at least 1 present, at most -1 absent."""
    points, fps = spines(clean), float(clean.fps)
    nose, tail = points["Nose"], points["Tail_base"]
    sniff = gap(nose[i], tail[j])
    trail = sniff.copy()
    for lag in range(1, round(0.5 * fps) + 1):
        trail[lag:] = np.minimum(trail[lag:], gap(nose[i][:, lag:], tail[j][:, :-lag]))
    noses, tails = gap(nose[i], nose[j]), gap(tail[i], tail[j])
    return {
        "nose_to_nose": (25 - noses) / 6,
        "nose_to_tail": (25 - sniff) / 6,
        "side_by_side": (50 - np.maximum(noses, tails)) / 6,
        "following": np.minimum.reduce(
            [(25 - trail) / 6, (tails - sniff) / 6, (noses - sniff) / 6,
             (speed(nose[i], fps) - 40) / 8]
        ),
    }  # fmt: skip
