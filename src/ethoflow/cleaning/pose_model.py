"""A model of the poses of a cohort, fitted on the frames in which all points were seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.cleaning.poses import LAGS, rotation_of
from ethoflow.engine import fit
from ethoflow.engine.declare import Array
from ethoflow.engine.model import Model, content_digest
from ethoflow.errors import DataError
from ethoflow.points import set_aside
from ethoflow.schema import Data, as_dataset, position_units

ENOUGH = 200
"""Frames with all points that it takes to fit a model."""

USUAL = 0.995
"""Share of the poses, those nearest to the shape, that a model is fitted on."""


def _complete(position: Array) -> tuple[Array, Array]:
    """Centred poses as complex numbers, dims (bodypart, time), and which are complete."""
    points = position[:, 0].astype(np.float64) + 1j * position[:, 1].astype(np.float64)
    whole: Array = np.asarray(~np.isnan(points).any(axis=0))
    points = np.where(whole, points, 0)
    return points - points.mean(axis=0), whole


def _add(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one[name] + other[name] for name in one}


def _find_shape(total: Mapping[str, Any]) -> dict[str, Array]:
    if total["count"] < ENOUGH:
        raise ValueError(
            f"a pose model needs {ENOUGH} frames in which all body parts were seen, found "
            f"{total['count']}; leave out those that are hardly ever seen, or fill linearly"
        )
    _, vectors = np.linalg.eigh(total["products"])
    shape = vectors[:, -1] * total["size"] / total["count"]
    shape = shape * np.exp(-1j * np.angle(shape[np.argmax(np.abs(shape))]))
    return {"shape": np.stack([shape.real, shape.imag])}


@fit(merge=_add, finish=_find_shape, reference="Kent 1994, J. R. Stat. Soc. B 56:285")
def mean_shape(position: Array) -> dict[str, Any]:
    """Sums from which the mean shape of poses follows, however they are turned."""
    points, whole = _complete(position)
    points = points[:, whole]
    size = np.sqrt(np.square(np.abs(points)).sum(axis=0))
    points, size = points[:, size > 0], size[size > 0]
    unit = points / size
    return {"count": size.size, "size": size.sum(), "products": unit @ unit.conj().T}


def _find_covariance(total: Mapping[str, Any]) -> dict[str, Array]:
    counts = np.maximum(total["counts"], 1)[:, np.newaxis, np.newaxis]
    bends = total["bends"] / np.maximum(total["bend_counts"], 1)
    # Where too little was seen over so long a time, a line is as far off as over a shorter one.
    bends = np.maximum.accumulate(np.where(total["bend_counts"] > 0, bends, 0), axis=0)
    return {"covariance": total["products"] / counts, "bends": bends}


def _bends(position: Array) -> tuple[Array, Array]:
    """Squares of how far points are off the middle of a line, and how many, dims (lag, bodypart).

    The line goes from as many frames before to as many after as each of `LAGS` says.
    """
    points = position[:, 0].astype(np.float64) + 1j * position[:, 1].astype(np.float64)
    n = points.shape[1]
    sums, counts = np.zeros((len(LAGS), len(points))), np.zeros((len(LAGS), len(points)), np.int64)
    for place, lag in enumerate(LAGS):
        if lag > 0 and 2 * lag < n:
            middle = (points[:, : n - 2 * lag] + points[:, 2 * lag :]) / 2
            off = np.square(np.abs(points[:, lag : n - lag] - middle))
            sums[place], counts[place] = np.nansum(off, axis=1), (~np.isnan(off)).sum(axis=1)
    return sums, counts


@fit(merge=_add, finish=_find_covariance, version=2)
def pose_covariance(position: Array, *, model: Any = None) -> dict[str, Any]:
    """Sums of how poses some frames apart vary together, each laid on the mean shape.

    Beside them how far points are off a straight line.
    """
    shape = model["shape"][0] + 1j * model["shape"][1]
    points, whole = _complete(position)
    off = points / rotation_of(shape, points) - shape[:, np.newaxis]
    off = np.concatenate([off.real, off.imag])
    size = np.square(off).sum(axis=0)
    if whole.any():
        whole &= size <= np.quantile(size[whole], USUAL)
    off[:, ~whole] = 0
    n = whole.size
    products, counts = np.zeros((len(LAGS), len(off), len(off))), np.zeros(len(LAGS), np.int64)
    for place, lag in enumerate(LAGS):
        one, other = off[:, : max(n - lag, 0)], off[:, lag:]
        both = one @ other.T
        products[place] = (both + both.T) / 2
        counts[place] = (whole[: max(n - lag, 0)] & whole[lag:]).sum()
    bends, bend_counts = _bends(position)
    return {
        "products": products, "counts": counts, "bends": bends, "bend_counts": bend_counts,
    }  # fmt: skip


def fit_poses(data: Data) -> Model:
    """A model of the poses in all recordings, for `fill_from_pose`.

    It is fitted on the frames in which all body parts were seen; that is computed at once. Mask and
    remove what is wrong first. The model is for recordings of the same body parts, frame rate and
    units.

    Parameters
    ----------
    data
        Tracks or poses, in a plane.

    Raises
    ------
    DataError
        Fewer than 200 frames have all body parts, there are fewer than three of these, or positions
        have three coordinates.
    """
    ds, _ = set_aside(as_dataset(data, needs=["position"]))
    check_plane(ds)
    if ds.sizes["bodypart"] < 3:
        raise DataError(f"a pose model needs three body parts, found {ds.sizes['bodypart']}.")
    shape = mean_shape(ds)
    covariance = pose_covariance(ds, model=shape)
    learned = {name: covariance[name] for name in ("covariance", "bends")}
    arrays = {"shape": shape["shape"], **learned, **card_of(ds)}
    digest = content_digest(arrays, {}, covariance.digest)
    found: Model = replace(covariance, name="poses", digest=digest, arrays=arrays)
    return found


def card_of(ds: xr.Dataset) -> dict[str, Array]:
    """What a model has to agree with its data on."""
    words = {"bodyparts": "\n".join(map(str, ds.bodypart.values)), "units": position_units(ds)}
    coded = {n: np.frombuffer(word.encode(), np.uint8).copy() for n, word in words.items()}
    return {**coded, "fps": np.array([float(ds.fps)])}


def check_model(ds: xr.Dataset, model: Model) -> None:
    """Refuse a model of other body parts, another frame rate or other units.

    Raises
    ------
    DataError
        It says which.
    """
    check_plane(ds)
    for name, here in card_of(ds).items():
        there = model[name]
        if name == "fps":
            same = bool(np.isclose(there, here, rtol=1e-3).all())
        else:
            same = np.array_equal(there, here)
        if not same:
            raise DataError(
                f"the pose model was fitted on the {name} {_say(there)}; these are {_say(here)}. "
                "Fit one on these recordings: ef.cleaning.fit_poses(ds)."
            )


def _say(value: Array) -> str:
    return f"{value[0]:g}" if value.dtype.kind == "f" else bytes(value).decode().replace("\n", ", ")


def check_plane(ds: xr.Dataset) -> None:
    """Refuse positions with three coordinates.

    Raises
    ------
    DataError
        They have.
    """
    if ds.sizes["space"] != 2:
        raise DataError(
            f"pose models are of positions in a plane; these have {ds.sizes['space']} coordinates. "
            "Fill them with fill='linear', 'pchip' or 'kalman'."
        )
