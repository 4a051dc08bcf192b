"""Cleaning: from what the tracker says to positions one can measure on.

Each step is a declared function in a file of its own; `clean` is their usual order.
"""

from __future__ import annotations

import warnings
from typing import Literal, TypeAlias, get_args

import numpy as np
import xarray as xr

from ethoflow.cleaning.confidence import mask_low_confidence
from ethoflow.cleaning.from_pose import fill_from_pose
from ethoflow.cleaning.gaps import fill_gaps, fillable
from ethoflow.cleaning.hampel import remove_outliers
from ethoflow.cleaning.implausible import remove_absent, remove_fast, remove_stretched
from ethoflow.cleaning.kalman import fill_kalman, smooth_kalman
from ethoflow.cleaning.outliers import remove_jumps
from ethoflow.cleaning.pchip import fill_pchip
from ethoflow.cleaning.polynomial import smooth_polynomial
from ethoflow.cleaning.pose_model import fit_poses
from ethoflow.cleaning.removal import (
    choose_max_jump,
    choose_max_speed,
    choose_min_distance,
    mark_removed,
)
from ethoflow.cleaning.scores import MOST_LOST, choose_min_confidence, describe_loss
from ethoflow.cleaning.scoring import score_filling
from ethoflow.cleaning.smoothing import smooth
from ethoflow.engine.model import Model
from ethoflow.engine.presets import Function
from ethoflow.errors import UnknownName, no_such
from ethoflow.points import add_points, set_aside
from ethoflow.schema import Data, as_dataset
from ethoflow.units import Quantity

__all__ = [
    "clean",
    "fill_from_pose",
    "fill_gaps",
    "fill_kalman",
    "fill_pchip",
    "fillable",
    "fit_poses",
    "mask_low_confidence",
    "remove_absent",
    "remove_fast",
    "remove_jumps",
    "remove_outliers",
    "remove_stretched",
    "score_filling",
    "smooth",
    "smooth_kalman",
    "smooth_polynomial",
]

Fill: TypeAlias = Literal["linear", "pchip", "kalman", "pose"]
Smoothing: TypeAlias = Literal["median", "polynomial", "kalman"]


def clean(
    data: Data,
    *,
    min_confidence: float | Literal["auto"] | None = "auto",
    max_speed: Quantity | None = None,
    n_deviations: float | None = None,
    outlier_window: Quantity = 0.4,
    min_distance: Quantity = "auto",
    max_jump: Quantity | None = "auto",
    max_stretch: float | None = None,
    min_points: int | None = None,
    max_gap: Quantity | None = 0.2,
    fill: Fill = "linear",
    max_pose_gap: Quantity = 2.0,
    pose_model: Model | None = None,
    window: Quantity | None = 0.2,
    smoothing: Smoothing = "median",
) -> xr.Dataset:
    """Cleaned tracks: low confidence masked, jumps removed, short gaps filled, smoothed.

    The steps are done in the order of the parameters; any is left out with None. Which step took a
    point is told by `removed`; a point that was filled is marked in `filled`. Both stay so when
    what is clean is cleaned again. Points made of others are made anew of what was cleaned. On lazy
    data nothing is computed, and what follows is fused with it. The threshold of confidence that
    was used is in ``attrs["min_confidence"]``.

    Parameters
    ----------
    data
        Tracks: `position` and `confidence`.
    min_confidence
        Points below it become missing. ``"auto"`` (the default) depends on what the confidence of
        the tracker is, by ``attrs["source_software"]``: 0.6 for likelihoods, such as DeepLabCut's,
        and 0.2 for heights of peaks, such as SLEAP's.
    max_speed
        Points that are reached and left faster than this become missing (`remove_fast`), mm/s.
        None by default, as `max_jump` finds them too; ``"auto"`` is 2000 mm/s.
    n_deviations
        Points farther from the running median than so many times what their neighbours scatter by
        become missing (`remove_outliers`); 5 is usual. None by default: an animal that turns
        quickly is taken for an outlier sooner than by `max_jump`.
    outlier_window
        Length of the window of that median, s, default 0.4 s.
    min_distance
        How far from it an outlier is at least, mm; ``"auto"`` (the default) is 10 mm. Positions in
        pixels need one in px.
    max_jump
        Points farther than this from the path before and after them become missing, mm.
        ``"auto"`` (the default) is 20 mm, and nothing on positions in pixels, which have no scale.
    max_stretch
        Points become missing that are farther from most other body parts than so many times what
        is usual in this animal, however long they stay there (`remove_stretched`); 2.5 is usual.
        None by default, as it has to look at a recording as a whole first.
    min_points
        An animal of which fewer body parts are left in a frame is not there, and all its points
        become missing (`remove_absent`); 2 is usual. None by default.
    max_gap
        Longest gap that is filled, s, default 0.2 s.
    fill
        How: ``"linear"`` (the default) by a straight line, ``"pchip"`` by a curve that does not
        overshoot, ``"kalman"`` by one that keeps the velocity, which also says how far off it may
        be, in `position_sd`; ``"pose"`` from the body parts that were seen meanwhile, with
        `fill_from_pose`, and what is left by a straight line.
    max_pose_gap
        Longest gap that is filled with ``"pose"``, where two body parts at least were seen, s,
        default 2 s.
    pose_model
        From `fit_poses`. By default ``"pose"`` fits one on `data`, masked and without jumps, at
        once, also on lazy data.
    window
        Length of the window of the smoothing, s, default 0.2 s; with ``"kalman"`` only whether it
        is None counts.
    smoothing
        How: ``"median"`` (the default) is the running median, ``"polynomial"`` Savitzky-Golay of
        second order, ``"kalman"`` the smoother that keeps the velocity, in which what was filled
        does not count as seen.

    Raises
    ------
    DataError
        `data` has no positions; `fill` or `smoothing` is none of these.
    UnitError
        A parameter in the wrong unit.

    Warns
    -----
    CostlyThreshold
        The data are in memory, and more than 5 % of the points that were seen are below
        `min_confidence`. Of lazy data ``ethoflow info`` and ``run`` say so.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> tracks = simulate.still_then_running()
    >>> sorted(clean(tracks).data_vars)
    ['confidence', 'filled', 'position', 'removed']
    """
    _check_choice("fill", fill, get_args(Fill))
    _check_choice("smoothing", smoothing, get_args(Smoothing))
    ds, points = set_aside(as_dataset(data, needs=["position"]))
    threshold = choose_min_confidence(ds, min_confidence)
    after = {"": ds}
    if threshold is not None and "confidence" in ds:
        _warn_of_loss(ds, threshold)
        ds = after["low_confidence"] = mask_low_confidence(ds, min_confidence=threshold)
    max_speed, max_jump = choose_max_speed(ds, max_speed), choose_max_jump(ds, max_jump)
    if max_speed is not None:
        ds = after["fast"] = remove_fast(ds, max_speed=max_speed)
    if n_deviations is not None:
        ds = after["outlier"] = remove_outliers(
            ds,
            window=outlier_window,
            n_deviations=n_deviations,
            min_distance=choose_min_distance(ds, min_distance),
        )
    if max_jump is not None:
        ds = after["jump"] = remove_jumps(ds, max_jump=max_jump)
    if max_stretch is not None:
        ds = after["stretched"] = remove_stretched(ds, max_stretch=max_stretch)
    if min_points is not None:
        ds = after["absent"] = remove_absent(ds, min_points=min_points)
    ds = mark_removed(ds, after)
    if "low_confidence" in after:
        ds.attrs = {**ds.attrs, "min_confidence": threshold}
    if max_gap is not None:
        if fill == "pose":
            model = fit_poses(ds) if pose_model is None else pose_model
            ds = _mark(ds, fill_from_pose(ds, model=model, max_gap=max_pose_gap))
            fill = "linear"
        ds = _fill(ds, max_gap, fill)
    return add_points(ds if window is None else _smooth(ds, window, smoothing), points)


def _fill(ds: xr.Dataset, max_gap: Quantity, fill: Fill) -> xr.Dataset:
    """Gaps filled, and marked together with what was filled before."""
    if fill == "linear":
        filled = fillable(ds, max_gap=max_gap).rename("filled")
        return _mark(ds, fill_gaps(ds, max_gap=max_gap).assign(filled=filled))
    if fill == "pchip":
        return _mark(ds, fill_pchip(ds, max_gap=max_gap))
    return _mark(ds, _with_confidence(fill_kalman, ds, max_gap=max_gap))


def _mark(ds: xr.Dataset, new: xr.Dataset) -> xr.Dataset:
    """What was filled, marked together with what had been filled before."""
    filled = new.filled
    if "filled" in ds:
        filled_before = (ds.filled == 1) & ds.position.notnull().all("space")
        filled = filled.where(~filled_before, 1)
    filled.attrs["long_name"] = "filled by interpolation"
    return _keep_spread(ds, new.assign(filled=filled))


def _smooth(ds: xr.Dataset, window: Quantity, smoothing: Smoothing) -> xr.Dataset:
    if smoothing != "kalman":
        step = smooth if smoothing == "median" else smooth_polynomial
        smoothed: xr.Dataset = step(ds, window=window)
        return smoothed
    if "filled" in ds:
        return _with_confidence(smooth_kalman, ds)
    unfilled = xr.zeros_like(ds.position.isel(space=0, drop=True)).assign_attrs(kind="flag")
    return _with_confidence(smooth_kalman, ds.assign(filled=unfilled)).drop_vars("filled")


def _with_confidence(step: Function, ds: xr.Dataset, **parameters: Quantity) -> xr.Dataset:
    """What a step gives that reads the confidence, of tracks that may have none."""
    if "confidence" in ds:
        return step(ds, **parameters)  # type: ignore[no-any-return]
    unknown = xr.full_like(ds.position.isel(space=0, drop=True), np.nan).assign_attrs(units="1")
    found: xr.Dataset = step(ds.assign(confidence=unknown), **parameters)
    return found.drop_vars("confidence")


def _keep_spread(before: xr.Dataset, after: xr.Dataset) -> xr.Dataset:
    """Where nothing was filled, the spread that was known before stays."""
    if "position_sd" not in before:
        return after
    old = before.position_sd
    if after.position_sd is old or "position_sd" not in after:
        return after
    new = after.position_sd
    kept = new.where(new.notnull(), old.where(after.filled != 1)).assign_attrs(old.attrs)
    return after.assign(position_sd=kept)


def _check_choice(name: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise UnknownName(no_such(f"way of {name}", str(given), known))


class CostlyThreshold(UserWarning):
    """A threshold of confidence that takes many of the points that were seen."""


def _warn_of_loss(ds: xr.Dataset, threshold: float) -> None:
    """Say what the threshold costs, of data that are here."""
    if hasattr(ds.confidence.variable._data, "dask"):
        return
    seen = ds.position.notnull().all("space") & ds.confidence.notnull()
    lost = float((ds.confidence < np.float32(threshold)).where(seen).mean())
    if lost > MOST_LOST:
        warnings.warn(describe_loss(ds, threshold, lost), CostlyThreshold, stacklevel=3)


def __dir__() -> list[str]:
    return sorted(__all__)
