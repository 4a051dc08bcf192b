"""Which step of cleaning took a point, and what the steps take where nobody says how much."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array, Declaration, Input
from ethoflow.errors import DataError
from ethoflow.schema import REMOVAL_STEPS, position_units
from ethoflow.units import Quantity, same_dimension


def removed(*positions: Array, steps: tuple[int, ...] = (), again: bool = False) -> Array:
    """The step of cleaning that took a point; ``no`` where it was left, or not seen before.

    `positions` are those before all steps, and after each of them, dims (bodypart, space, time);
    then, if tracks are cleaned `again`, what had been taken before, dims (bodypart, time).
    """
    missing = [np.isnan(one).any(axis=1) for one in positions[: len(steps) + 1]]
    taken = np.zeros(missing[0].shape, np.int16)
    for number, before, after in zip(steps, missing[:-1], missing[1:], strict=True):
        taken[after & ~before] = number
    if again:
        taken = np.where(taken == 0, np.nan_to_num(positions[-1]).astype(np.int16), taken)
    return taken


_REMOVED = Declaration(
    removed,
    kind="feature",
    dims=("bodypart", "time"),
    units="1",
    gives="category",
    categories=REMOVAL_STEPS,
    inputs=(Input("positions", many=True),),
    optional=("positions",),
    pointwise=("bodypart",),
    defaults={"steps": (), "again": False},
)


def mark_removed(ds: xr.Dataset, after: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Tracks with `removed`: the step that took each point.

    Parameters
    ----------
    ds
        Tracks after all steps.
    after
        Those before any, and after each of them, by the name of the step.
    """
    from ethoflow.engine.lazy import compute_calls
    from ethoflow.engine.resolve import resolve_call  # Dask is heavy

    steps = tuple(REMOVAL_STEPS.index(name) for name in after if name)
    if not steps:
        return ds
    names = [f"position_{place}" for place in range(len(after))]
    seen = ds.assign({n: one.position for n, one in zip(names, after.values(), strict=True)})
    again = "removed" in ds
    if again:
        seen = seen.rename(removed="removed_before")
        names.append("removed_before")
    call = resolve_call(seen, _REMOVED, {"positions": names, "steps": steps, "again": again})
    marks = compute_calls(seen, {"removed": call})["removed"]
    marks.attrs["long_name"] = "step of cleaning that took the point"
    return ds.assign(removed=marks)


def choose_max_jump(ds: xr.Dataset, max_jump: Quantity | None) -> Quantity | None:
    """What ``"auto"`` means for positions in the unit of `ds`; other values as they are."""
    if max_jump != "auto":
        return max_jump
    return "20 mm" if same_dimension(position_units(ds), "mm") else None


def choose_max_speed(ds: xr.Dataset, max_speed: Quantity | None) -> Quantity | None:
    """What ``"auto"`` means for positions in the unit of `ds`; other values as they are."""
    if max_speed != "auto":
        return max_speed
    return "2000 mm/s" if same_dimension(position_units(ds), "mm") else None


def choose_min_distance(ds: xr.Dataset, min_distance: Quantity) -> Quantity:
    """What ``"auto"`` means for positions in the unit of `ds`; other values as they are.

    Raises
    ------
    DataError
        They are in pixels.
    """
    if min_distance != "auto":
        return min_distance
    if not same_dimension(position_units(ds), "mm"):
        raise DataError(
            "n_deviations needs to know how far off an outlier is at least, and positions in px "
            "have no scale: give min_distance='15 px', or calibrate first."
        )
    return "10 mm"
