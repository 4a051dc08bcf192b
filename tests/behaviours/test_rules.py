"""Every rule against plain loops written from its definition, frame by frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.engine import builtin
from tests.strategies import CIRCLE, FPS, POLYGON, make_poses

RAW = {"min_bout": 0, "max_gap": 0}
SLACK = 1e-3
"""Values this near to a threshold may fall on either side in single precision."""


def points(ds: xr.Dataset, part: str) -> np.ndarray:
    """One body part in double precision, dims (individual, space, time)."""
    return ds.position.sel(bodypart=part).values.astype(float)


def speeds(ds: xr.Dataset, part: str) -> np.ndarray:
    """Central difference, one-sided at the ends; dims (individual, time)."""
    return np.linalg.norm(np.gradient(points(ds, part), 1 / FPS, axis=-1), axis=1)


def away(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.linalg.norm(one - other, axis=0)


def moving(ds: xr.Dataset, a: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth, and how far from a change of mind every frame is."""
    speed = speeds(ds, "Center")[a]
    return speed >= 40, np.abs(speed - 40)


def immobile(ds: xr.Dataset, a: int) -> tuple[np.ndarray, np.ndarray]:
    fastest = np.max([speeds(ds, part)[a] for part in ("Nose", "Center", "Tail_base")], axis=0)
    return fastest < 10, np.abs(fastest - 10)


def climbing_circle(ds: xr.Dataset, a: int) -> tuple[np.ndarray, np.ndarray]:
    nose, tail_base = points(ds, "Nose"), points(ds, "Tail_base")
    length = np.nanmedian(away(nose[a], tail_base[a]))
    outside = np.linalg.norm(nose[a], axis=0) - 90
    return outside > 0.15 * length, np.abs(outside - 0.15 * length)


def nose_to_nose(ds: xr.Dataset, a: int, b: int) -> tuple[np.ndarray, np.ndarray]:
    apart = away(points(ds, "Nose")[a], points(ds, "Nose")[b])
    return apart < 25, np.abs(apart - 25)


def nose_to_tail(ds: xr.Dataset, a: int, b: int) -> tuple[np.ndarray, np.ndarray]:
    apart = away(points(ds, "Nose")[a], points(ds, "Tail_base")[b])
    return apart < 25, np.abs(apart - 25)


def side_by_side(ds: xr.Dataset, a: int, b: int) -> tuple[np.ndarray, np.ndarray]:
    noses = away(points(ds, "Nose")[a], points(ds, "Nose")[b])
    tails = away(points(ds, "Tail_base")[a], points(ds, "Tail_base")[b])
    return (noses < 50) & (tails < 50), np.minimum(np.abs(noses - 50), np.abs(tails - 50))


def following(ds: xr.Dataset, a: int, b: int) -> tuple[np.ndarray, np.ndarray]:
    nose, tail_base = points(ds, "Nose"), points(ds, "Tail_base")
    n_frames, window = nose.shape[-1], 13  # 0.5 s x 25 fps = 12.5, half up
    nearest = np.full(n_frames, np.inf)
    for t in range(n_frames):
        trail = tail_base[b][:, max(0, t - window) : t + 1]
        seen = ~np.isnan(trail).any(axis=0)
        if seen.any():
            nearest[t] = np.linalg.norm(trail[:, seen] - nose[a][:, t : t + 1], axis=0).min()
    ahead = away(nose[a], tail_base[b])
    behind = away(tail_base[a], tail_base[b])
    front = away(nose[a], nose[b])
    speed = speeds(ds, "Nose")[a]
    truth = (nearest < 25) & (ahead < behind) & (ahead < front) & (speed > 40)
    margins = (nearest - 25, ahead - behind, ahead - front, speed - 40)
    return truth, np.min([np.abs(m) for m in margins], axis=0)


NEEDS = {
    "moving": [("Center", 1)],
    "immobile": [("Nose", 1), ("Center", 1), ("Tail_base", 1)],
    "climbing": [("Nose", 0)],
    "nose_to_nose": [("Nose", 0)],
    "nose_to_tail": [("Nose", 0)],
    "side_by_side": [("Nose", 0), ("Tail_base", 0)],
    "following": [("Nose", 1), ("Tail_base", 0)],
}
"""Body parts the actor needs; 1 where the frames beside, too, as for a speed."""
PARTNER_NEEDS = {
    "nose_to_nose": ["Nose"],
    "nose_to_tail": ["Tail_base"],
    "side_by_side": ["Nose", "Tail_base"],
    "following": ["Nose", "Tail_base"],
}
SOLO = {"moving": moving, "immobile": immobile, "climbing": climbing_circle}
PAIR = {
    "nose_to_nose": nose_to_nose,
    "nose_to_tail": nose_to_tail,
    "side_by_side": side_by_side,
    "following": following,
}


def unseen(ds: xr.Dataset, rule: str, a: int, b: int | None = None) -> np.ndarray:
    """Frames at which the rule cannot know."""
    unknown = np.zeros(ds.sizes["time"], bool)
    for part, derived in NEEDS[rule]:
        missing = np.isnan(points(ds, part)[a]).any(axis=0)
        unknown |= missing
        if derived:
            # The speed at t is taken between t - 1 and t + 1.
            unknown[1:] |= missing[:-1]
            unknown[:-1] |= missing[1:]
    for part in PARTNER_NEEDS.get(rule, []) if b is not None else []:
        unknown |= np.isnan(points(ds, part)[b]).any(axis=0)
    return unknown


def compare(found: np.ndarray, truth: np.ndarray, margin: np.ndarray, unknown: np.ndarray) -> None:
    np.testing.assert_array_equal(np.isnan(found), unknown)
    clear = ~unknown & (margin > SLACK)
    assert clear.sum() > 0.9 * (~unknown).sum()
    np.testing.assert_array_equal(found[clear], truth[clear])


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("rule", SOLO)
def test_rules_of_one_animal(rule: str, seed: int, gaps: bool) -> None:
    ds = make_poses(seed, 400, n_individuals=3, gaps=gaps)
    found = builtin()[rule](ds, **RAW).values
    for a in range(3):
        compare(found[a], *SOLO[rule](ds, a), unseen(ds, rule, a))


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("rule", PAIR)
def test_rules_of_pairs(rule: str, seed: int, gaps: bool) -> None:
    ds = make_poses(seed, 400, n_individuals=3, gaps=gaps)
    found = builtin()[rule](ds, **RAW).values
    shown = 0
    for a in range(3):
        assert np.isnan(found[a, a]).all()
        for b in {0, 1, 2} - {a}:
            compare(found[a, b], *PAIR[rule](ds, a, b), unseen(ds, rule, a, b))
            shown += int(np.nansum(found[a, b]))
    assert shown > 0


def two_mice_on_a_line(gap: float, lag: int, n_frames: int = 60) -> xr.Dataset:
    """Two mice run along x at 200 mm/s, the follower `gap` mm behind where the other was."""
    x = 8.0 * np.arange(n_frames)
    front = np.stack([x + 8 * lag + 84 + gap, np.zeros(n_frames)])
    rear = np.stack([x, np.zeros(n_frames)])
    body = {"nose": 42.0, "tailbase": -42.0}
    position = np.stack([
        np.stack([mouse + np.array([[shift], [0]]) for shift in body.values()])
        for mouse in (rear, front)
    ])  # fmt: skip
    return ef.from_arrays(position, fps=25, bodyparts=list(body), units="mm")


@pytest.mark.parametrize(("lag", "known"), [(0, 1), (10, 1), (13, 1), (17, 0)])
def test_the_trail_counts_for_its_window(lag: int, known: int) -> None:
    # The nose is 20 mm from where the tail base was `lag` frames ago; 3 frames later it is over it.
    labels = ef.behaviours.following(two_mice_on_a_line(20, lag), **RAW)
    assert (labels[0, 1, 20:] == known).all()
    assert (labels[1, 0] == 0).all()


def test_the_trail_may_have_gaps() -> None:
    ds = two_mice_on_a_line(20, 10)
    ds.position.values[1, 1, :, 20:25] = np.nan
    labels = ef.behaviours.following(ds, **RAW)[0, 1]
    assert np.isnan(labels[20:25]).all()
    assert (labels[25:31] == 1).all()


def test_immobile_needs_a_whole_second() -> None:
    fps = 25
    for still, known in ((24, 0.0), (30, 1.0)):
        x = np.concatenate([np.arange(50) * 10.0, np.full(still, 490.0), 490 + np.arange(50) * 10])
        position = np.zeros((1, 3, 2, x.size))
        position[0, :, 0] = x + np.array([[40], [0], [-40]])
        ds = ef.from_arrays(position, fps=fps, bodyparts=["nose", "centre", "tailbase"], units="mm")
        assert ef.behaviours.immobile(ds).max() == known


def climber(arena: ef.Arena, reach: Callable[[np.ndarray], np.ndarray]) -> xr.Dataset:
    """A mouse 80 mm long whose nose is `reach` mm along x; arena in mm."""
    n_frames = 101
    position = np.zeros((1, 2, 2, n_frames))
    position[0, 0, 0] = reach(np.arange(n_frames))
    position[0, 1, 0] = position[0, 0, 0] - 80
    tracks = ef.from_arrays(position, fps=25, bodyparts=["nose", "tailbase"])
    return ef.calibrate(tracks, arena, px_per_mm=1)


@pytest.mark.parametrize(
    "arena", [ef.circle(0, 0, 100), ef.polygon([(-100, -90), (100, -90), (100, 90), (-100, 90)])]
)
def test_climbing_begins_beyond_its_share_of_the_body(arena: ef.Arena) -> None:
    ds = climber(arena, lambda t: 60.0 + t)
    labels = ef.behaviours.climbing(ds, **RAW).values[0]
    nose = ds.position.values[0, 0, 0]
    np.testing.assert_array_equal(labels, nose > 100 + 0.15 * 80 + 1e-4)
    half = ef.behaviours.climbing(ds, min_outside=0.5, **RAW).values[0]
    np.testing.assert_array_equal(half, nose > 100 + 40 + 1e-4)


def test_climbing_without_a_body_length_is_unknown() -> None:
    ds = climber(ef.circle(0, 0, 100), lambda t: 60.0 + t)
    ds.position.values[0, 1] = np.nan
    assert np.isnan(ef.behaviours.climbing(ds)).all()


@pytest.mark.parametrize("arena", [CIRCLE, POLYGON])
def test_climbing_is_outside_the_wall(arena: ef.Arena) -> None:
    ds = make_poses(5, 300, arena=arena)
    labels = ef.behaviours.climbing(ds, **RAW)
    wall = ef.features.wall_distance(ds).sel(bodypart="Nose").values
    length = ef.features.body_length(ds).values
    assert np.nanmin(wall[labels.values == 0].min()) < 0
    assert (-wall > 0.15 * length[:, np.newaxis])[labels.values == 1].all()
