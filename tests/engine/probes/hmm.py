"""The most likely sequence of states, from stored log-probabilities: a category."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

import ethoflow as ef

STATES = ("rest", "walk", "run")
STAY = np.log(0.9)
CHANGE = np.log(0.05)


@ef.feature(dims=("time",), gives="category", categories=STATES, halo="whole")
def state_sequence(log_probability: Any) -> Any:
    """The sequence of states that explains all frames best (Viterbi, 10.1109/TIT.1967.1054010)."""
    n_states, n_frames = log_probability.shape
    seen = np.nan_to_num(log_probability.astype(np.float64))
    moves = np.where(np.eye(n_states, dtype=bool), STAY, CHANGE)
    best, back = seen[:, 0], np.zeros((n_frames, n_states), int)
    for t in range(1, n_frames):
        scores = best + moves
        back[t] = scores.argmax(axis=1)
        best = scores.max(axis=1) + seen[:, t]
    path = np.empty(n_frames, int)
    path[-1] = best.argmax()
    for t in range(n_frames - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path


@ef.behaviour()
def running_by_state(state_sequence: Any) -> Any:
    """The animal is in the state of running."""
    return state_sequence == STATES.index("run")


def given(ds: xr.Dataset) -> xr.Dataset:
    """A dataset with log-probabilities of states, from the speed of the centre."""
    speed = ef.features.speed(ds).sel(bodypart="Center").drop_vars(["bodypart", "role"])
    centres = xr.DataArray([5.0, 60.0, 200.0], dims="state", coords={"state": list(STATES)})
    found = (-np.abs(speed - centres) / 50).astype(np.float32)
    order = [dim for dim in ("recording", "individual", "state", "time") if dim in found.dims]
    return ds.assign(log_probability=found.transpose(*order).drop_vars(["state"]))


def run(ds: xr.Dataset) -> xr.Dataset:
    """What the probe gives, on log-probabilities that are there."""
    ds = given(ds)
    found = state_sequence(ds)
    return xr.Dataset({
        "state_sequence": found, "running_by_state": running_by_state(ds)
    })  # fmt: skip
