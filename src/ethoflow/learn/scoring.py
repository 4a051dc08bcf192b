"""How well a classifier does on frames it had not seen: agreement, calibration, mean F1."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.labels.alignment import Part, align
from ethoflow.labels.comparison.compare import agreement
from ethoflow.labels.comparison.frames import f1, sum_frames
from ethoflow.labels.comparison.notes import AgreementNote
from ethoflow.learn.samples import Met, Track, labelled
from ethoflow.learn.training import HeldOut
from ethoflow.schema import Data, as_dataset

PEOPLE, CLASSIFIER = "people", "classifier"


def score(met: Met, tracks: Sequence[Track], tested: Mapping[str, HeldOut]) -> pd.DataFrame:
    """Agreement of people and classifier on the tested frames, frames and bouts, with intervals."""
    found = lay_back(met, tracks, {name: one.states for name, one in tested.items()})
    people = met.labels.assign_attrs(label_source="human")
    with warnings.catch_warnings():
        # Both are on the frames of the data, and what is unknown to one was not tested.
        warnings.simplefilter("ignore", AgreementNote)
        return agreement({PEOPLE: _marked(people, met), CLASSIFIER: _marked(found, met)})


def _marked(ds: xr.Dataset, met: Met) -> xr.Dataset:
    """Labels with the coordinates of the data, marked as labels."""
    for name in ds.data_vars:
        ds[name].attrs = {"kind": "label"}
    kept = {n: c for n, c in met.data.coords.items() if set(c.dims) <= set(ds.dims)}
    return ds.assign_coords(kept)


def lay_back(
    met: Met, tracks: Sequence[Track], values: Mapping[str, Sequence[Array]]
) -> xr.Dataset:
    """What was found of every track as a dataset like the labels; unknown is NaN."""
    made = {}
    for name, own in values.items():
        whole = np.full(met.labels[name].shape, np.nan, np.float32)
        for track, one in zip(tracks, own, strict=True):
            missing = np.isnan(one) if one.dtype.kind == "f" else one < 0
            whole[track.place][: len(one)] = np.where(missing, np.nan, one)
        made[name] = (met.labels[name].dims, whole)
    return xr.Dataset(made, coords=met.labels.coords)


def plain_table(table: pd.DataFrame) -> dict[str, list[Any]]:
    """A table as JSON has it: missing numbers are None."""
    return {
        str(name): [None if one != one else one for one in table[name].tolist()] for name in table
    }


def calibration(
    tracks: Sequence[Track], tested: Mapping[str, HeldOut], bins: int = 10
) -> pd.DataFrame:
    """How often it is there where the classifier says so with some probability.

    A row for each bin of probability and behaviour: frames, mean probability, share of positive
    frames; `brier` is the mean squared error of the probabilities over all frames, `brier_of_share`
    that of one who always says the share of positive frames.
    """
    rows = []
    for name, one in tested.items():
        masks = [m & ~np.isnan(p) for m, p in
                 zip(labelled(tracks, [name]), one.probability, strict=True)]  # fmt: skip
        p = np.concatenate([p[m] for p, m in zip(one.probability, masks, strict=True)])
        y = np.concatenate([t.states[name][m] == 1 for t, m in zip(tracks, masks, strict=True)])
        brier, share = float(np.mean((p - y) ** 2)), float(y.mean())
        place = np.minimum((p * bins).astype(int), bins - 1)
        for bin in range(bins):
            own = place == bin
            rows.append(
                {
                    "behaviour": name,
                    "from": bin / bins,
                    "to": (bin + 1) / bins,
                    "frames": int(own.sum()),
                    "probability": float(p[own].mean()) if own.any() else np.nan,
                    "share": float(y[own].mean()) if own.any() else np.nan,
                    "brier": brier,
                    "brier_of_share": share * (1 - share),
                }
            )
    return pd.DataFrame(rows)


def mean_f1(
    people: Data, found: Data, *, laboratory: str | None = None
) -> tuple[float, pd.DataFrame]:
    """F1 of each behaviour in each laboratory over labelled frames, and the mean over all of these.

    Every behaviour that a laboratory labels counts the same, however rare, and frames that it did
    not label do not count: the measure of the challenge on behaviour across laboratories, MABe
    2025. A behaviour that neither has anywhere in a laboratory has no F1, and is left out.

    Parameters
    ----------
    people, found
        Labels of the same recordings, animals and frames, each known by its name.
    laboratory
        The coordinate along `recording` that says whose recording it is; all of one by default.

    Raises
    ------
    DataError
        They share no behaviour, are of other recordings, animals or frames, or there is no such
        coordinate.
    """
    parts = [Part(as_dataset(people), "people"), Part(as_dataset(found), "found")]
    a, b = (part.ds for part in align(parts, "same"))
    names = [str(name) for name in a.data_vars if name in b.data_vars]
    if not names:
        raise DataError("people and classifier share no behaviour.")
    if laboratory is not None and laboratory not in a.coords:
        raise DataError(f"there is no coordinate {laboratory!r} that says whose recording it is.")
    whose = np.atleast_1d(a[laboratory].values if laboratory else np.array([""]))
    rows = []
    for name in names:
        one, other = a[name], b[name]
        for lab in dict.fromkeys(map(str, whose)):
            own = (one, other)
            if laboratory and "recording" in one.dims:
                at = np.flatnonzero([str(w) == lab for w in whose])
                own = (one.isel(recording=at), other.isel(recording=at))
            x, y = (_states(array, one.dims) for array in own)
            if (x >= 0).any():
                value = float(np.ravel(f1(sum_frames(x, y, len(x))))[0])
                rows.append({"laboratory": lab, "behaviour": name, "f1": value,
                             "frames": int((x >= 0).sum())})  # fmt: skip
    table = pd.DataFrame(rows, columns=["laboratory", "behaviour", "f1", "frames"])
    return float(table.f1.mean()), table


def _states(array: xr.DataArray, dims: Sequence[Any]) -> Array:
    values = array.transpose(*dims).values.ravel()
    found: Array = np.where(np.isnan(values), -1, values).astype(np.int8)
    return found
