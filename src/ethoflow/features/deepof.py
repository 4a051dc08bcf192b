"""What DeepOF 0.9 makes of an animal's activity: states and their smoothing, as it is described.

For `preset="deepof"` alone. Its first and last frames, which the smoothing leaves false there, are
unknown here; frames in which a point is missing are unknown, and are not interpolated.
"""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature, some_of, summary
from ethoflow.engine.declare import Array
from ethoflow.features.social import distance


def _scale(fps: float) -> int:
    """Frames of its smoothing: a quarter of a second, rounded down."""
    return max(int(fps / 4), 1)


def _look(fps: float) -> int:
    return 12 * _scale(fps)


def _share(states: Array, width: int) -> Array:
    """How many frames of a window of `width` are true; of an even one, one more before than after.

    Examples
    --------
    >>> _share(np.array([True, False, False, True]), 2).tolist()
    [1, 1, 0, 1]
    """
    before = width // 2
    padded = np.pad(states.astype(np.int64), (before, width - 1 - before))
    total = np.concatenate([[0], np.cumsum(padded)])
    counted: Array = total[width:] - total[:-width]
    return counted


def _without_short(states: Array, least: int) -> Array:
    """States without bouts shorter than `least` frames."""
    edges = np.diff(states.astype(np.int8), prepend=0, append=0)
    kept = states.copy()
    for start, stop in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        kept[start:stop] = stop - start >= least
    return kept


def _rests(slow: Array, scale: int) -> Array:
    return _without_short(_share(slow, scale) > 0, scale)


def _smooth_pair(one: Array, other: Array, within: Array, scale: int) -> tuple[Array, Array]:
    """Two states that exclude each other, each without flicker: where both, the commoner around."""
    wide, other_wide = _share(one, scale) > 0, _share(other, scale) > 0
    both = wide & other_wide
    rarer = _share(one, 4 * scale) < _share(other, 4 * scale)
    found = []
    for state, loses in ((wide, rarer), (other_wide, ~rarer)):
        kept = state & ~(both & loses) & within
        voted = _share(kept, 4 * scale + 1) > 2 * scale
        found.append(_without_short(voted, scale) & within)
    return found[0], found[1]


def _known(n_frames: int, scale: int) -> Array:
    known = np.zeros(n_frames, bool)
    known[2 * scale : max(n_frames - 2 * scale, 0)] = True
    return known


ACTIVITIES = ("moving", "stationary_active", "stationary_passive")


@feature(
    dims=("time",),
    gives="category",
    categories=ACTIVITIES,
    reads={"part_speed": "trailing_speed"},
    roles={
        "trailing_speed": ("centre",),
        "part_speed": some_of("nose", "left_hip", "right_hip"),
    },
    halo=_look,
    parameter_units={"max_speed": "mm/s"},
    on_request=True,
)
def deepof_activity(
    trailing_speed: Array, part_speed: Array, *, max_speed: float = 40.0, fps: float
) -> Array:
    """Stationary and active, stationary and passive, or moving, smoothed as in DeepOF.

    Stationary where the centre was slower than `max_speed` within a quarter of a second around;
    active where nose or a hip is faster then. Its condition on the likelihood of the parts is left
    to `clean`, which masks them.

    Parameters
    ----------
    trailing_speed
        Of the centre, dims (bodypart, time).
    part_speed
        Of nose and hips.
    max_speed
        mm/s, default 40 mm/s.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> deepof_activity(simulate.still_then_running())[0, 150].item()
    0.0
    """
    scale = _scale(fps)
    within = _rests(trailing_speed[0] < max_speed, scale)
    active = within & (part_speed > max_speed).any(axis=0)
    active, passive = _smooth_pair(active, within & ~active, within, scale)
    state = np.where(active, 1, np.where(passive, 2, 0))
    return np.where(_known(state.size, scale), state, -1)


SPINE = some_of("nose", "neck", "centre", "lower_back", "tail_base")


@summary(units="position", roles=SPINE)
def spine_length(position: Array) -> Array:
    """Length from nose to tail base along the spine, that which four frames in five do not reach.

    Over the points of the spine that are tracked. DeepOF measures it on at most 5,000 frames.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(spine_length(simulate.still_then_running())[0]) > 50
    True
    """
    steps = np.sqrt(np.square(np.diff(position, axis=0)).sum(axis=1))
    along = steps.sum(axis=0)
    complete = along[~np.isnan(along)]
    return np.asarray(np.quantile(complete, 0.8) if complete.size else np.nan)


@summary(units="position", roles=("nose", "left_ear", "right_ear"))
def ear_to_nose(position: Array) -> Array:
    """Median distance from an ear to the nose, both ears taken together.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(ear_to_nose(simulate.still_then_running())[0]) > 5
    True
    """
    nose, left, right = position
    apart = np.concatenate([distance(nose, left), distance(nose, right)])
    return np.asarray(np.nanmedian(apart) if np.isfinite(apart).any() else np.nan)


@feature(
    dims=("time",),
    gives="category",
    categories=("no", "yes"),
    reads={"hip_speed": "trailing_speed", "nose_speed": "trailing_speed"},
    roles={
        "trailing_speed": ("tail_base",),
        "nose_speed": ("nose",),
        "hip_speed": ("left_hip", "right_hip"),
        "position": ("nose", "left_ear", "right_ear"),
    },
    optional=("distance_to_partner",),
    halo=_look,
    parameter_units={"max_speed": "mm/s", "min_distance": "mm"},
    on_request=True,
)
def deepof_looking(
    trailing_speed: Array,
    nose_speed: Array,
    hip_speed: Array,
    position: Array,
    ear_to_nose: Array,
    distance_to_partner: Array,
    *,
    max_speed: float = 40.0,
    min_distance: float = 50.0,
    fps: float,
) -> Array:
    """The nose is fast, tail base and hips are not, the head is level: smoothed as in DeepOF.

    Parameters
    ----------
    trailing_speed, nose_speed, hip_speed
        Of tail base, nose and hips, dims (bodypart, time).
    position
        Of nose and ears, dims (bodypart, space, time).
    ear_to_nose
        Median of the recording: a head that is tilted has the nose nearer to an ear.
    distance_to_partner
        Dims (partner, between, time): noses of others, or their tail bases, are not near.
    max_speed
        Of the nose at least, mm/s, default 40 mm/s; of tail base and hips twice that at most.
    min_distance
        mm, default 50 mm.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> deepof_looking(simulate.still_then_running())[0, 150].item()
    0.0
    """
    scale = _scale(fps)
    nose, left, right = position
    level = (distance(nose, left) > 0.9 * ear_to_nose) & (distance(nose, right) > 0.9 * ear_to_nose)
    near = (distance_to_partner[:, :2] < min_distance).any(axis=(0, 1))
    within = _rests(trailing_speed[0] <= 2 * max_speed, scale)
    calm = (hip_speed <= 2 * max_speed).all(axis=0)
    looks = within & (nose_speed[0] > max_speed) & calm & level & ~near
    looks, _ = _smooth_pair(looks, within & ~looks, within, scale)
    return np.where(_known(looks.size, scale), looks.astype(np.int64), -1)
