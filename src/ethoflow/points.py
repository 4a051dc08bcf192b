"""Body parts made of others: a centre between ears and tail base, where no centre was tracked.

They are no part of what a tracker gave: the coordinate `made_of` says what each stands for.
Cleaning makes them anew of the cleaned points: where one of its points is wrong, a mean is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array, Declaration, Input, Members
from ethoflow.errors import listed
from ethoflow.schema import REMOVAL_STEPS, Data, DataError, as_dataset, text
from ethoflow.skeleton import Point, Skeleton, find_points, find_roles


def assign_roles(data: Data, skeleton: Skeleton) -> xr.Dataset:
    """The dataset with roles given to body parts by hand, and with points made of others.

    Parameters
    ----------
    data
        Tracks or poses.
    skeleton
        ``{role: bodypart}``; other body parts keep the role the alias table gives them. A role may
        be made of several body parts, ``{"centre": ["left_ear", "right_ear", "tail_base"]}``: their
        mean becomes a body part of that name, missing where one of them is. As a text,
        ``"2 of left_ear + right_ear + tail_base"``, it is the mean of those seen, of at least two.
        The confidence of such a point is the lowest of those it was made from.

    Raises
    ------
    ValueError
        `skeleton` names a body part that is not there.
    DataError
        Points cannot be made, as the dataset holds features of body parts already.

    Examples
    --------
    >>> import numpy as np
    >>> from ethoflow import from_arrays
    >>> ds = from_arrays(np.zeros((1, 2, 2, 9)), fps=30, bodyparts=["Spine_2", "nose"])
    >>> assign_roles(ds, {"centre": "Spine_2"}).role.values.tolist()
    ['centre', 'nose']
    >>> assign_roles(ds, {"centre": ["Spine_2", "nose"]}).bodypart.values.tolist()
    ['Spine_2', 'nose', 'centre']
    """
    ds, before = set_aside(as_dataset(data))
    parts = [str(part) for part in ds.bodypart.values]
    known: dict[str, str | Sequence[str]] = {point.role: str(point) for point in before}
    wanted = {**known, **skeleton}
    roles = text(find_roles(parts, wanted))
    return add_points(ds.assign_coords(role=("bodypart", roles)), find_points(parts, wanted))


def by_role(ds: xr.Dataset, points: Sequence[str] = (), model: str = "classifier") -> xr.Dataset:
    """Body parts called by their roles: a model knows the nose, however a tracker spells it.

    Of `points` those alone, in this order, where any are named.

    Raises
    ------
    DataError
        A body part is called like the role of another, or one of `points` is not there.
    """
    if "bodypart" not in ds.coords:
        return ds
    parts = [str(part) for part in ds.bodypart.values]
    roles = [str(role) for role in ds.role.values] if "role" in ds.coords else [""] * len(parts)
    names = [role or part for role, part in zip(roles, parts, strict=True)]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"two body parts would be called {twice!r}: rename the one without role.")
    missing = [point for point in points if point not in names]
    if missing:
        raise DataError(
            f"the {model} was trained with the points {listed(points)}; these data lack "
            f"{listed(missing)}. Say which they are with ef.assign_roles, or train another."
        )
    ds = ds.assign_coords(bodypart=np.array(names, object))
    if not points or list(points) == names:
        return ds
    return ds.isel(bodypart=[names.index(point) for point in points])


def make_points(ds: xr.Dataset, skeleton: Skeleton | None) -> xr.Dataset:
    """A checked dataset of tracked points with those that `skeleton` makes of them."""
    return add_points(ds, find_points([str(part) for part in ds.bodypart.values], skeleton))


def add_points(ds: xr.Dataset, points: Sequence[Point]) -> xr.Dataset:
    """A checked dataset with further body parts, lazy where it is."""
    if not points:
        return ds
    from ethoflow.engine.lazy import compute_calls
    from ethoflow.engine.resolve import (
        resolve_call,  # Dask is heavy, and cleaning is read without it
    )

    held = [str(name) for name, array in ds.data_vars.items() if "bodypart" in array.dims]
    other = [name for name in held if name not in _MAKE]
    if other:
        raise DataError(
            f"points can be made of positions, not of {', '.join(other)}: make them first, or drop "
            "these variables."
        )
    parts = [str(part) for part in ds.bodypart.values]
    names = tuple(point.role if point.role not in parts else str(point) for point in points)
    places = tuple(
        (point.needed, tuple(parts.index(part) for part in point.parts)) for point in points
    )
    given = {"points": places, "called": names}
    calls = {name: resolve_call(ds, _MAKE[name], given) for name in held}
    arrays = compute_calls(ds, calls)
    for name, array in arrays.items():
        array.attrs = {**ds[name].attrs, "source": array.attrs["source"]}
    rest = ds.drop_vars([str(n) for n, v in ds.variables.items() if "bodypart" in v.dims])
    made_of = [*([""] * len(parts)), *map(str, points)]
    roles = [*ds.role.values, *(point.role for point in points)]
    found = rest.assign({n: a.drop_vars(set(a.coords) - {"bodypart"}) for n, a in arrays.items()})
    return found.assign_coords(role=("bodypart", text(roles)), made_of=("bodypart", text(made_of)))


def set_aside(ds: xr.Dataset) -> tuple[xr.Dataset, list[Point]]:
    """The body parts that were tracked, and what others were made of.

    One whose body parts were left out of the dataset stays as it is.
    """
    if "made_of" not in ds.coords:
        return ds, []
    parts = [str(part) for part in ds.bodypart.values]
    points: list[Point] = []
    kept = []
    for place, (definition, role) in enumerate(
        zip(map(str, ds.made_of.values), map(str, ds.role.values), strict=True)
    ):
        try:
            found = find_points(parts, {role: definition}) if definition else []
        except ValueError:
            found = []
        points += found
        kept += [] if found else [place]
    if not points:
        return ds, []
    return ds.isel(bodypart=kept).drop_vars("made_of"), points


def _parts(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """Body parts of a dataset with those that are made."""
    return Members((*map(str, ds.bodypart.values), *parameters["called"]))


def position_of_points(position: Array, *, points: Any = (), called: Any = ()) -> Array:
    """Positions with those of further points: the mean of the seen ones, where enough are."""
    made = np.stack([_mean(position[list(places)], needed) for needed, places in points])
    return np.concatenate([position, made])


def _mean(parts: Array, needed: int) -> Array:
    """Mean over the first axis; dims (part, space, time)."""
    seen = ~np.isnan(parts).any(axis=1, keepdims=True)
    count = seen.sum(axis=0)
    total = np.where(seen, parts, np.float32(0)).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Array = np.where(count >= needed, total / count.astype(np.float32), np.nan)
    return mean.astype(np.float32)


def confidence_of_points(
    confidence: Array, position: Array, *, points: Any = (), called: Any = ()
) -> Array:
    """Confidences with those of further points: the lowest of what was seen, where known."""
    made = []
    for needed, places in points:
        seen = ~np.isnan(position[list(places)]).any(axis=1)
        lowest = np.fmin.reduce(np.where(seen, confidence[list(places)], np.nan), axis=0)
        made.append(np.where(seen.sum(axis=0) >= needed, lowest, np.nan).astype(np.float32))
    return np.concatenate([confidence, np.stack(made)])


def filled_of_points(
    filled: Array, position: Array, *, points: Any = (), called: Any = ()
) -> Array:
    """Marks of filled points: one that is made of a filled one is filled."""
    made = []
    for needed, places in points:
        seen = ~np.isnan(position[list(places)]).any(axis=1)
        some = ((filled[list(places)] == 1) & seen).any(axis=0)
        made.append(some & (seen.sum(axis=0) >= needed))
    return np.concatenate([filled == 1, np.stack(made)])


def removed_of_points(removed: Array, *, points: Any = (), called: Any = ()) -> Array:
    """Marks of removed points: one that is made of others was never seen."""
    none = np.zeros((len(points), removed.shape[-1]), np.int16)
    return np.concatenate([np.nan_to_num(removed, nan=-1).astype(np.int16), none])


def spread_of_points(position_sd: Array, *, points: Any = (), called: Any = ()) -> Array:
    """Spreads of positions; that of a mean is not known."""
    unknown = np.full((len(points), *position_sd.shape[1:]), np.nan, np.float32)
    return np.concatenate([position_sd, unknown])


_made = partial(
    Declaration,
    kind="step",
    defaults={"points": (), "called": ()},
    over={"bodypart": _parts},
)
_POINTS, _SCALARS = ("bodypart", "space", "time"), ("bodypart", "time")
_MAKE: Mapping[str, Declaration] = {
    "position": _made(
        position_of_points,
        dims=_POINTS,
        units="position",
        inputs=(Input("position"),),
        replaces="position",
    ),
    "confidence": _made(
        confidence_of_points,
        dims=_SCALARS,
        units="1",
        inputs=(Input("confidence"), Input("position")),
        replaces="confidence",
    ),
    "filled": _made(
        filled_of_points,
        dims=_SCALARS,
        units="1",
        gives="flag",
        inputs=(Input("filled"), Input("position")),
        replaces="filled",
    ),
    "removed": _made(
        removed_of_points,
        dims=_SCALARS,
        units="1",
        gives="category",
        categories=REMOVAL_STEPS,
        inputs=(Input("removed"),),
        replaces="removed",
    ),
    "position_sd": _made(
        spread_of_points,
        dims=_POINTS,
        units="position",
        inputs=(Input("position_sd"),),
        replaces="position_sd",
    ),
}
"""How each variable of body parts gets further ones."""
