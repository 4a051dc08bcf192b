"""What a scaler learns of a cohort, stretch by stretch, and how it scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.features.angles import wrap

METHODS = ("robust", "standard")

KEPT = np.uint32(0xFFFFF800)
"""Bits of a float32 that are kept to count it: the number itself to within 1/4096, towards 0."""

NORMAL = 1.3489795003921634
"""Interquartile range of a normal distribution whose standard deviation is 1."""


def scaler(
    values: Array,
    *,
    method: str = "robust",
    features: Sequence[str] = (),
    units: Sequence[str] = (),
    circular: Sequence[bool] = (),
    rate: float = 0.0,
) -> dict[str, Array]:
    """Sums of a stretch of a feature matrix, and how often which numbers are there.

    Names, units and frames per second are kept with the model.
    """
    wide = np.ascontiguousarray(values, np.float64)
    seen = ~np.isnan(wide)
    count = seen.sum(axis=1)
    filled = np.where(seen, wide, 0)
    mean = filled.sum(axis=1) / np.maximum(count, 1)
    away = np.where(seen, wide - mean[:, np.newaxis], 0)
    found = {"count": count, "mean": mean, "squares": np.square(away).sum(axis=1)}
    angles = np.array(circular, bool)
    for name, part in (("x", np.cos), ("y", np.sin)):
        found[name] = np.zeros(len(wide))
        found[name][angles] = np.where(seen, part(filled), 0)[angles].sum(axis=1)
    if method == "robust":
        found["key"], found["times"] = _count_numbers(np.asarray(values, np.float32), seen)
    return found


def _count_numbers(values: Array, seen: Array) -> tuple[Array, Array]:
    """Numbers of each row in order, and how often each is there; rows are in the upper half."""
    bits = values.view(np.uint32) if values.flags.c_contiguous else values.copy().view(np.uint32)
    bits = (bits & KEPT).astype(np.int64)
    magnitude = bits & 0x7FFFFFFF
    ordered = np.where(bits >> 31, -magnitude, magnitude) + 2**31
    rows = np.arange(len(values))[:, np.newaxis]
    return np.unique(((rows << 32) + ordered)[seen], return_counts=True)


def merge(one: Mapping[str, Array], other: Mapping[str, Array]) -> dict[str, Array]:
    """What two stretches are together (Chan et al. 1979, for the sums of squares)."""
    count = one["count"] + other["count"]
    share = other["count"] / np.maximum(count, 1)
    apart = other["mean"] - one["mean"]
    found = {
        "count": count,
        "mean": one["mean"] + apart * share,
        "squares": one["squares"] + other["squares"] + apart**2 * share * one["count"],
        "x": one["x"] + other["x"],
        "y": one["y"] + other["y"],
    }
    if "key" in one:
        keys = np.concatenate([one["key"], other["key"]])
        found["key"], place = np.unique(keys, return_inverse=True)
        found["times"] = np.zeros(len(found["key"]), np.int64)
        np.add.at(found["times"], place, np.concatenate([one["times"], other["times"]]))
    return found


def finish(total: Mapping[str, Array], method: str, circular: Sequence[bool]) -> dict[str, Any]:
    """Centre and spread of every feature; NaN of one that was never seen."""
    count, known = total["count"], total["count"] > 0
    if method == "robust":
        quartiles = _quantiles(total, (0.25, 0.5, 0.75))
        centre, spread = quartiles[1], (quartiles[2] - quartiles[0]) / NORMAL
    else:
        centre = np.where(known, total["mean"], np.nan)
        spread = np.sqrt(total["squares"] / np.where(known, count, np.nan))
    angles = np.array(circular, bool)
    x, y = (total[axis][angles] / np.where(known, count, np.nan)[angles] for axis in "xy")
    length = np.minimum(np.hypot(x, y), 1.0)
    with np.errstate(divide="ignore"):
        centre[angles], spread[angles] = np.arctan2(y, x), np.sqrt(-2 * np.log(length))
    return {"centre": centre, "spread": spread, "count": count}


def _quantiles(total: Mapping[str, Array], shares: Sequence[float]) -> Array:
    """Quantiles of every feature, of the numbers that were counted."""
    rows, numbers = total["key"] >> 32, (total["key"] & 0xFFFFFFFF) - 2**31
    magnitude = np.abs(numbers).astype(np.uint32).view(np.float32)
    values = np.where(numbers < 0, -magnitude, magnitude).astype(np.float64)
    found = np.full((len(shares), len(total["count"])), np.nan)
    for row in np.unique(rows):
        own = rows == row
        until = np.cumsum(total["times"][own])
        ranks = [round(share * (int(until[-1]) - 1)) for share in shares]
        found[:, row] = values[own][np.searchsorted(until, ranks, side="right")]
    return found


def scaled(values: Array, *, model: Any = None, circular: Sequence[bool] = ()) -> Array:
    """Distance from the centre, in spreads; of angles by the shorter way round."""
    angles = np.array(circular, bool)
    spread = np.where(model["spread"] == 0, 1.0, model["spread"])
    away = values.astype(np.float64) - model["centre"][:, np.newaxis]
    away[angles] = wrap(away[angles])
    found: Array = (away / spread[:, np.newaxis]).astype(np.float32)
    return found
