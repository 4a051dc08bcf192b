"""The mean pose of a label, and how it moves: before, now and after, seen from the animal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.explain.rows import Rows
from ethoflow.geometry.alignment import align
from ethoflow.schema import Data, as_dataset

MOMENTS = {"before": -1, "now": 0, "after": 1}
APART = 0.3
"""Seconds from before to now, and from now to after."""


def mean_poses(rows: Rows, poses: Data) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mean places of body parts in each label, and how the animal goes in it.

    The frame is that of the animal now: its centre at 0, its nose ahead along x. `ahead` and
    `aside` are mean speeds that way (aside to its left is negative in pictures, where y points
    down), `turning` the mean size of the turn, all over 0.6 s. Of the frames that were taken, each
    counting as those it stands for; what is missing counts nowhere.

    Raises
    ------
    DataError
        The positions have no centre or no nose, or are of other frames or animals.
    """
    ds = as_dataset(poses, needs=["position"])
    ds = ds if "recording" in ds.dims else ds.expand_dims("recording")
    for dim in ("time", "individual"):
        if list(ds[dim].values) != list(rows.frames[dim].values):
            raise DataError(f"the poses have another {dim} than the features: give the same data.")
    framed = align(ds, "centre", along="nose")
    step = max(round(APART * float(ds.fps)), 1)
    places = np.full((len(MOMENTS), ds.sizes["bodypart"], 2, len(rows.weight)), np.nan)
    going = np.full((3, len(rows.weight)), np.nan)
    names = [str(name) for name in np.atleast_1d(rows.frames.recording.values)]
    here = [str(name) for name in np.atleast_1d(ds.recording.values)]
    for recording in dict.fromkeys(track.place[0] for track in rows.tracks):
        if names[recording] not in here:
            continue
        at = here.index(names[recording])
        one = ds.position.isel(recording=at).transpose("individual", "bodypart", "space", "time")
        position = one.values[:, :, :2]
        frame = framed.isel(recording=at)
        centre = frame.frame_centre.transpose("individual", "space", "time").values[:, :2]
        angle = frame.frame_angle.transpose("individual", "time").values
        for place, track in enumerate(rows.tracks):
            if track.place[0] == recording:
                own = rows.track == place
                seat = track.place[1]
                given = (position[seat], centre[seat], angle[seat], track.frames, step)
                places[..., own], going[:, own] = _around(*given)
    going[:2] /= 2 * step / float(ds.fps)
    going[2] /= 2 * step / float(ds.fps)
    return _tabulate(rows, ds, places), _sum_up(rows, going)


def _around(
    position: Array, centre: Array, angle: Array, frames: Array, step: int
) -> tuple[Array, Array]:
    """Body parts before, now and after in the frame of now, and how the centre went."""
    cos, sin = np.cos(angle[frames]), np.sin(angle[frames])

    def turned(xy: Array) -> Array:
        away = xy - centre[:, frames]
        return np.stack(
            [cos * away[..., 0, :] + sin * away[..., 1, :],
             cos * away[..., 1, :] - sin * away[..., 0, :]], axis=-2,
        )  # fmt: skip

    n = position.shape[-1]
    found = []
    for sign in MOMENTS.values():
        at = frames + sign * step
        there = (at >= 0) & (at < n)
        xy = position[..., np.clip(at, 0, n - 1)]
        found.append(np.where(there, turned(xy), np.nan))
    ends = [np.clip(frames + sign * step, 0, n - 1) for sign in (-1, 1)]
    whole = (frames >= step) & (frames + step < n)
    before, after = (turned(centre[:, end]) for end in ends)
    turn = angle[ends[1]] - angle[ends[0]]
    turn = np.abs((turn + np.pi) % (2 * np.pi) - np.pi)
    went = np.concatenate([after - before, np.degrees(turn)[np.newaxis]])
    return np.stack(found), np.where(whole, went, np.nan)


def _tabulate(rows: Rows, ds: xr.Dataset, places: Array) -> pd.DataFrame:
    found = []
    for behaviour, state in rows.states.items():
        inside = state == 1
        for m, moment in enumerate(MOMENTS):
            for p, part in enumerate(map(str, ds.bodypart.values)):
                x, y = (_mean(places[m, p, k, inside], rows.weight[inside]) for k in (0, 1))
                found.append((behaviour, moment, part, x, y))
    return pd.DataFrame(found, columns=["behaviour", "moment", "bodypart", "x", "y"])


def _sum_up(rows: Rows, going: Array) -> pd.DataFrame:
    found = []
    for behaviour, state in rows.states.items():
        inside = state == 1
        means = [_mean(one[inside], rows.weight[inside]) for one in going]
        found.append((behaviour, *means))
    return pd.DataFrame(found, columns=["behaviour", "ahead", "aside", "turning (°/s)"])


def _mean(values: Array, weight: Array) -> float:
    known = ~np.isnan(values)
    return float(np.average(values[known], weights=weight[known])) if known.any() else float("nan")
