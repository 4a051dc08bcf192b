"""Random but seeded recordings, and Hypothesis strategies for gaps and chunkings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from hypothesis import strategies as st

import ethoflow as ef

FPS = 25.0
PX_PER_MM = 2.0
"""A power of two: results in px and in mm are then the same bit for bit, but for the factor."""

BODY = {
    "Nose": (42, 0),
    "Left_ear": (30, 9),
    "Right_ear": (30, -9),
    "Spine_1": (15, 0),
    "Center": (0, 0),
    "Spine_2": (-18, 0),
    "Left_fhip": (5, 12),
    "Right_fhip": (5, -12),
    "Left_bhip": (-28, 14),
    "Right_bhip": (-28, -14),
    "Tail_base": (-44, 0),
}
"""The 11-point skeleton: place of each body part along and across the body, mm."""

CIRCLE = ef.circle(0, 0, 180, size="180 mm")
POLYGON = ef.polygon(
    [(-190, -170), (180, -180), (190, 170), (20, 60), (-170, 180)], size_px=400, size="200 mm"
)


def walk(rng: np.random.Generator, n_frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Path of a body centre, dims (space, time), mm, and its heading: still, then running, ..."""
    stretches = rng.integers(8, 40, n_frames // 8 + 1)
    pace = np.repeat(rng.choice([0.05, 2.5, 9.0], stretches.size), stretches)[:n_frames]
    heading = np.cumsum(rng.normal(0, 0.25, n_frames)) + rng.uniform(0, 2 * np.pi)
    steps = pace * np.stack([np.cos(heading), np.sin(heading)])
    path = np.cumsum(steps, axis=-1) + rng.uniform(-30, 30, (2, 1))
    return 80 * np.sin(path / 80), heading


def place_body(centre: np.ndarray, heading: np.ndarray) -> np.ndarray:
    """Body parts around a path, dims (bodypart, space, time)."""
    along, across = np.array(list(BODY.values()), float).T[..., np.newaxis]
    cos, sin = np.cos(heading), np.sin(heading)
    offset = np.stack([along * cos - across * sin, along * sin + across * cos], axis=1)
    return centre + offset


def make_gaps(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Runs of missing frames of random length, each row its own; dims (..., time)."""
    missing = np.zeros(shape, bool)
    n_frames = shape[-1]
    for row in missing.reshape(-1, n_frames):
        for _ in range(rng.integers(0, 1 + n_frames // 20)):
            start = rng.integers(0, n_frames)
            row[start : start + rng.integers(1, 10)] = True
    return missing


def make_tracks(
    seed: int = 0,
    n_frames: int = 120,
    *,
    n_individuals: int = 2,
    n_space: int = 2,
    name: str = "a",
    gaps: bool = True,
) -> xr.Dataset:
    """Tracks in px: the second animal runs behind the first, the others on their own."""
    rng = np.random.default_rng([seed, n_frames])
    paths = [walk(rng, n_frames + 20) for _ in range(n_individuals)]
    lags = [0] * n_individuals
    if n_individuals > 1:
        paths[1], lags[1] = paths[0], 12
    bodies = [
        place_body(*path)[..., 20 - lag : 20 - lag + n_frames]
        for path, lag in zip(paths, lags, strict=True)
    ]
    position = np.stack(bodies) + rng.normal(0, 0.1, (n_individuals, len(BODY), 2, n_frames))
    if n_space == 3:
        height = rng.normal(5, 1, (*position.shape[:2], 1, n_frames))
        position = np.concatenate([position, height], axis=2)
    if gaps:
        missing = make_gaps(rng, position.shape[:2] + position.shape[3:])
        missing |= make_gaps(rng, (n_individuals, 1, n_frames)) & (rng.random() < 0.7)
        position[np.broadcast_to(missing[:, :, np.newaxis], position.shape)] = np.nan
    return ef.from_arrays(
        position * PX_PER_MM,
        fps=FPS,
        bodyparts=list(BODY),
        confidence=1 - 0.7 * rng.random(position.shape[:2] + position.shape[3:]) ** 20,
        recording=name,
    )


def make_poses(
    seed: int = 0, n_frames: int = 120, *, arena: ef.Arena = CIRCLE, **options: object
) -> xr.Dataset:
    """Tracks in mm with an arena and the scale beside them."""
    return _calibrated(seed, n_frames, arena, tuple(sorted(options.items()))).copy(deep=True)


@cache
def _calibrated(seed: int, n_frames: int, arena: ef.Arena, options: tuple[Any, ...]) -> xr.Dataset:
    return ef.calibrate(make_tracks(seed, n_frames, **dict(options)), arena)


def make_pixels(
    seed: int = 0, n_frames: int = 120, *, arena: ef.Arena = CIRCLE, **options: object
) -> xr.Dataset:
    """The same tracks in px, with the arena in px."""
    poses = make_poses(seed, n_frames, arena=arena, **options)
    names = ["position", "arena", "arena_centre", "arena_radius"]
    scaled = {name: poses[name] * np.float32(PX_PER_MM) for name in names}
    pixels = poses.assign(scaled)
    for name in names:
        pixels[name].attrs["units"] = "px"
    return pixels


def stack(recordings: Sequence[xr.Dataset]) -> xr.Dataset:
    """A cohort: recordings padded with NaN to the longest, `recording` first."""
    first = max(recordings, key=lambda ds: ds.sizes["time"])
    sizes = {dim: max(ds.sizes[dim] for ds in recordings) for dim in first.dims}

    def join(name: str) -> xr.Variable:
        dims = first[name].dims
        arrays = [ds[name].values for ds in recordings]
        if dims and first[name].dtype.kind == "f":
            shape = [sizes[dim] for dim in dims]
            arrays = [
                np.pad(a, [(0, n - m) for n, m in zip(shape, a.shape, strict=True)],
                       constant_values=np.nan) for a in arrays
            ]  # fmt: skip
        joined = np.stack(arrays)
        joined = joined.astype(object) if joined.dtype.kind == "U" else joined
        return xr.Variable(("recording", *dims), joined, first[name].attrs)

    return xr.Dataset(
        {name: join(name) for name in first.data_vars},
        coords={
            **{name: first[name].variable for name in ("individual", "bodypart", "space", "time")},
            **{name: first[name].variable for name in ("fps", "role")},
            **{n: join(n) for n in ("recording", "n_frames", "animal", "digest", "source_file")},
        },
    )


@st.composite
def chunkings(draw: st.DrawFn, n_frames: int) -> tuple[int, ...]:
    """Sizes of chunks that add up to `n_frames`."""
    inner = range(1, n_frames) if n_frames > 1 else range(0)
    cuts = draw(st.sets(st.sampled_from(inner), max_size=8)) if inner else set()
    edges = [0, *sorted(cuts), n_frames]
    return tuple(b - a for a, b in pairwise(edges))


def states(max_size: int = 60) -> st.SearchStrategy[np.ndarray]:
    """Labels of one animal: runs of 1, 0 and -1 (unknown), dims (time,), int8."""
    runs = st.lists(st.tuples(st.sampled_from([0, 1, -1]), st.integers(1, 9)), max_size=12)
    return runs.map(
        lambda pairs: np.repeat(
            np.array([value for value, _ in pairs], np.int8), [length for _, length in pairs]
        )[:max_size]
    )


def masks(n_frames: int) -> st.SearchStrategy[np.ndarray]:
    """Which frames are missing, dims (time,)."""
    runs = st.lists(st.tuples(st.integers(0, n_frames - 1), st.integers(1, 12)), max_size=5)

    def fill(pairs: list[tuple[int, int]]) -> np.ndarray:
        mask = np.zeros(n_frames, bool)
        for start, length in pairs:
            mask[start : start + length] = True
        return mask

    return runs.map(fill)
