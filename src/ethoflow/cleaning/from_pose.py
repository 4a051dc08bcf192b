"""Longer gaps of some body parts, filled from those that were seen meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.cleaning.pose_model import check_model
from ethoflow.cleaning.poses import Guess, Poses, terms_of
from ethoflow.engine import Members, Output, step
from ethoflow.engine.declare import WHOLE, Array
from ethoflow.errors import DataError

AROUND = (0, 1, 3)
"""Frames beside the ends of a gap in which the point itself says how far off the model is."""

LEAST_SEEN = 2
"""Body parts that have to be seen: one alone does not say where an animal is turned to."""

ODD = 4.0
"""Oddity of what was seen, 1 in usual poses, above which the model is trusted the less."""

DOUBT = 1.3
"""How much of what model and line differ by is put down to the model, in its own variances."""

BENT = 0.4
"""Mean square that a line may be off at most, in what is usual over so many frames; times the root
of their number, as the longer a gap, the surer is what model and line differ by."""

NO_SURER = 0.92
"""Share of the model's variance that is left at least, however near the straight line is."""

POINT = ("bodypart", "space", "time")


def _body_parts(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """The body parts of a dataset that a model is for."""
    model = parameters["model"]
    if model is None:
        raise DataError("fill_from_pose needs a model: model=ef.cleaning.fit_poses(ds).")
    check_model(ds, model)
    return Members(tuple(map(str, ds.bodypart.values)))


def _gaps(seen: Array, max_gap: int) -> list[tuple[int, int]]:
    """First and last (exclusive) frames of gaps between seen ones, up to `max_gap` long."""
    frames = np.flatnonzero(seen)
    before = np.flatnonzero((np.diff(frames) > 1) & (np.diff(frames) <= max_gap + 1))
    return [(int(frames[i]) + 1, int(frames[i + 1])) for i in before]


def _guess_from(guess: Guess, points: Array, frames: Array, known: Array) -> tuple[Array, Array]:
    """Places of the missing point, and their variances along x and y, at `frames`.

    What the model is off at the frames `known`, in which the point was seen, is carried over, the
    less the longer ago.
    """
    origin, turn, place, odd = guess.place(points[:, frames])
    sizes = guess.terms.sum(axis=1)
    variance = np.repeat(sizes[:, np.newaxis], frames.size, axis=1)
    if known.size:
        centre, rotation, there, _ = guess.place(points[:, known])
        off = (points[guess.missing, known] - centre) / rotation - there
        between = terms_of(known[:, np.newaxis] - known)
        across = terms_of(frames[:, np.newaxis] - known)
        carried = []
        for axis, values in enumerate((off.real, off.imag)):
            terms = guess.terms[axis]
            if not sizes[axis] > 0:
                carried.append(np.zeros(frames.size))
                continue
            weights = np.linalg.solve(between @ terms, (across @ terms).T)
            carried.append(values @ weights)
            variance[axis] -= ((across @ terms).T * weights).sum(axis=0)
        place = place + carried[0] + 1j * carried[1]
    variance = np.maximum(variance, 1e-6 * sizes[:, np.newaxis])
    variance = variance * np.maximum(odd / ODD, 1)
    cos, sin = np.square(turn.real), np.square(turn.imag)
    along = np.stack([cos * variance[0] + sin * variance[1], sin * variance[0] + cos * variance[1]])
    return origin + turn * place, along


def _lean_on_line(place: Array, line: Array, variance: Array, most: float) -> tuple[Array, Array]:
    """Between model and straight line: on the line as far as the model does not really differ.

    How far off a straight line is on average, is what the two differ by, less what the model is off
    itself: nothing while an animal rests, and no more than `most` along either axis.
    """
    away = place - line
    excess = (np.square(np.abs(away)) - DOUBT * variance.sum(axis=0)).sum() / (2 * away.size)
    excess = min(max(excess, 0.0), most)
    share = excess / np.maximum(excess + variance, np.finfo(float).tiny)
    found = line + share[0] * away.real + 1j * share[1] * away.imag
    return found, variance * np.maximum(share, NO_SURER)


def _fill_gap(
    poses: Poses, points: Array, seen: Array, part: int, start: int, stop: int
) -> tuple[Array, Array, Array]:
    """Frames of a gap that could be filled, the places there, and their variances."""
    ends = seen[:, start - 1] & seen[:, stop]
    meanwhile = seen[:, start:stop]
    shared = meanwhile & ends[:, np.newaxis]
    given = np.where(shared.sum(axis=0) >= LEAST_SEEN, shared, meanwhile)
    frames = np.flatnonzero(given.sum(axis=0) >= LEAST_SEEN)
    place, variance = np.empty(frames.size, complex), np.empty((2, frames.size))
    around = [f for o in AROUND for f in (start - 1 - o, stop + o) if 0 <= f < points.shape[1]]
    around = [f for f in around if seen[part, f]]
    masks, which = np.unique(given[:, frames], axis=1, return_inverse=True)
    for number, mask in enumerate(masks.T):
        mine = which.ravel() == number
        known = np.array([f for f in around if seen[mask, f].all()], int)
        guess = poses.guess(np.ascontiguousarray(mask), part)
        place[mine], variance[:, mine] = _guess_from(guess, points, start + frames[mine], known)
    if frames.size:
        share = (frames + 1) / (stop - start + 1)
        line = points[part, start - 1] * (1 - share) + points[part, stop] * share
        most = BENT * np.sqrt(stop - start) * poses.off_line(part, stop - start) / 2
        place, variance = _lean_on_line(place, line, variance, most)
    return start + frames, place, variance


@step(
    gives=(
        Output("position", POINT, "position"),
        Output("filled", ("bodypart", "time"), gives="flag"),
        Output("position_sd", POINT, "position"),
    ),
    over={"bodypart": _body_parts},
    halo=WHOLE,
    parameter_units={"max_gap": "s"},
    version=2,
)
def fill_from_pose(
    position: Array, *, model: Any = None, max_gap: float = 2.0
) -> tuple[Array, Array, Array]:
    """Positions with gaps of up to `max_gap` filled from the body parts that were seen meanwhile.

    A model of the cohort's poses says where a missing point is, given two others or more; what it
    is off beside the gap is carried over. While the animal rests, the point stays on the straight
    line between the ends. Where fewer were seen, nothing is filled: an absent animal stays absent.
    Nor are longer gaps, or those at the beginning or end. `filled` says which points were filled,
    `position_sd` how far off each of them may be (one standard deviation); it is unknown of others.

    Parameters
    ----------
    position
        Dims (bodypart, space, time), in a plane.
    model
        From `fit_poses`, of recordings of the same body parts, frame rate and units.
    max_gap
        Longest gap that is filled, s, default 2 s.
    """
    poses = Poses.of({name: model[name] for name in ("shape", "covariance", "bends")})
    points = position[:, 0].astype(np.float64) + 1j * position[:, 1].astype(np.float64)
    seen = ~np.isnan(points)
    filled = np.array(position, dtype=np.float32)
    spread = np.full(position.shape, np.nan, np.float32)
    marks = np.zeros(seen.shape, np.bool_)
    for part in range(len(points)):
        for start, stop in _gaps(seen[part], int(max_gap)):
            frames, place, variance = _fill_gap(poses, points, seen, part, start, stop)
            filled[part][:, frames] = place.real, place.imag
            spread[part][:, frames] = np.sqrt(variance)
            marks[part, frames] = True
    return filled, marks, spread
