"""Alignment: positions in a frame of an animal's own, or of the arena's, and back again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.engine import Declaration, Function, Output
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit
from ethoflow.engine.roles import find_places, list_parts
from ethoflow.engine.signature import make
from ethoflow.errors import DataError, Missing, UnknownName, WrongUse, did_you_mean, no_such
from ethoflow.geometry.own_frame import ANIMALS, CENTRE, GOES_WITH, ROOM
from ethoflow.schema import Data, as_dataset, position_units

FRAME = ("frame_centre", "frame_angle")
"""Variables beside aligned positions: the way back."""

OF_THE_ROOM = ("arena", "arena_centre", "arena_radius", "region_outline", "region_centre",
               "region_radius", "landmark_position", "position_sd")  # fmt: skip
"""Places that do not turn with an animal, and spreads along the axes of the room: how the errors of
both axes, and of the centre, go together is not known."""

AXES = {"x": 0.0, "y": np.pi / 2}


def align(
    data: Data,
    centre: str | Sequence[float] = "centre",
    *,
    along: str | tuple[str, str] | None = None,
    axis: str = "x",
    by: str | None = None,
) -> xr.Dataset:
    """Positions about a centre, turned so that a body part lies on an axis; lazy where data are.

    The variables `frame_centre` and `frame_angle` keep where the frame was, for `unalign`. Where
    the centre, or the direction, is missing, so are the positions. Arenas, regions, landmarks and
    spreads (`position_sd`) are of the room, and left out. Features of posture are the same there;
    rules, classifiers, clusters, swaps and summaries ask how animals go in the room, and refuse
    positions in frames that go with them.

    Parameters
    ----------
    data
        Poses of two coordinates.
    centre
        Name or role of a body part; ``"arena"``, for the centre of a circle, or the mean of a
        polygon's corners; or a point, in the unit of the positions.
    along
        A body part, seen from the centre, or two of them, from the first to the second, that lie on
        the axis. Nothing is turned by default.
    axis
        ``"x"`` or ``"y"``, its positive side.
    by
        The individual whose frame all have; each its own by default.

    Raises
    ------
    UnknownName
        There is no such body part, or individual.
    DataError
        The positions have three coordinates, or are aligned already.
    Missing
        There is no arena.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = align(simulate.still_then_running(), "centre", along="nose")
    >>> nose = ds.position.sel(bodypart="Nose", space="y")
    >>> float(abs(nose).max()) < 1e-4
    True
    """
    from ethoflow.engine.lazy import apply  # Dask is heavy

    ds = as_dataset(data, needs=["position"])
    _check(ds, axis)
    asked = {"centre": -1, "start": -1, "end": -1, "offset": AXES[axis]}
    point = np.full(ds.sizes["space"], np.nan)
    if isinstance(centre, str) and centre != "arena":
        asked["centre"] = _place_of(ds, centre, "align(centre)")
        points = xr.Variable("space", point)
    elif isinstance(centre, str):
        points = _centre_of_arena(ds)
    else:
        points = xr.Variable("space", _read_point(centre))
    if along is not None:
        pair = (along,) if isinstance(along, str) else tuple(along)
        if not 1 <= len(pair) <= 2:
            raise WrongUse(f"align(along) must be one body part, or two, found {along!r}.")
        ends = [_place_of(ds, name, "align(along)") for name in pair]
        asked["end"], asked["start"] = ends[-1], ends[0] if len(ends) == 2 else -1
    points.attrs["units"] = position_units(ds)
    found = apply(FIND, ds.assign(frame_point=points), asked)
    frame = {name: _of_one(ds, found[name], by) for name in FRAME}
    moves = asked["centre"] >= 0 or along is not None
    frame[CENTRE] = frame[CENTRE].assign_attrs({GOES_WITH: ANIMALS if moves else ROOM})
    turned = apply(INTO, ds.assign(frame), {}).position
    rest = ds.drop_vars([name for name in OF_THE_ROOM if name in ds.data_vars])
    return rest.assign({"position": turned, **frame})


def unalign(data: Data) -> xr.Dataset:
    """Aligned positions back where they were, as far as their frame is known.

    The inverse of `align` up to rounding. What is of the room was left out there, and does not
    come back.

    Raises
    ------
    DataError
        The positions are not aligned.

    Examples
    --------
    >>> import numpy as np
    >>> from ethoflow import simulate
    >>> ds = simulate.still_then_running()
    >>> back = unalign(align(ds, "centre", along="nose"))
    >>> bool(np.nanmax(abs(back.position - ds.position)) < 1e-3)
    True
    """
    from ethoflow.engine.lazy import apply

    ds = as_dataset(data, needs=["position"])
    if any(name not in ds for name in FRAME):
        raise DataError("these positions are not aligned: they have no frame_centre, frame_angle.")
    back = apply(OUT_OF, ds, {}).position
    return ds.drop_vars(FRAME).assign(position=back)


@jit
def _directions(x: Array, y: Array, out: Array) -> None:
    for t in range(x.size):
        out[t] = np.nan if x[t] == 0 and y[t] == 0 else np.arctan2(y[t], x[t])


@jit
def _turn(x: Array, y: Array, angle: Array, out: Array) -> None:
    # A plain loop: NumPy's vectorised cosine rounds differently for different lengths.
    for t in range(x.size):
        cos, sin = np.cos(angle[t]), np.sin(angle[t])
        out[0, t] = cos * x[t] - sin * y[t]
        out[1, t] = sin * x[t] + cos * y[t]


def find_frame(
    position: Array,
    frame_point: Array,
    *,
    centre: int = -1,
    start: int = -1,
    end: int = -1,
    offset: float = 0.0,
) -> tuple[Array, Array]:
    """Where a frame is at each moment, and how it is turned."""
    wide = position.astype(np.float64)
    middle = wide[int(centre)] if centre >= 0 else np.empty(wide.shape[1:])
    if centre < 0:
        middle[:] = frame_point[:, np.newaxis]
    angle = np.zeros(wide.shape[-1])
    if end >= 0:
        forward = wide[int(end)] - (wide[int(start)] if start >= 0 else middle)
        _directions(np.ascontiguousarray(forward[0]), np.ascontiguousarray(forward[1]), angle)
        angle -= offset
    return middle.astype(np.float32), angle.astype(np.float32)


def into_frame(position: Array, frame_centre: Array, frame_angle: Array) -> Array:
    """Positions seen from a frame."""
    return turned(position.astype(np.float64) - frame_centre, -frame_angle)


def out_of_frame(position: Array, frame_centre: Array, frame_angle: Array) -> Array:
    """Positions in the room, from those in a frame."""
    return (turned(position, frame_angle) + frame_centre).astype(np.float32)


def turned(vectors: Array, angle: Array) -> Array:
    """Vectors, dims (bodypart, 2, time), turned by an angle at each moment.

    Examples
    --------
    >>> turned(np.array([[[1.0], [0.0]]]), np.array([np.pi / 2])).round(3).tolist()
    [[[0.0], [1.0]]]
    """
    out = np.empty(vectors.shape)
    wide = np.ascontiguousarray(angle, np.float64)
    for part, result in zip(np.ascontiguousarray(vectors, np.float64), out, strict=True):
        _turn(part[0], part[1], wide, result)
    return out


def _declare(function: Any, *outputs: Output) -> Declaration:
    first, *further = outputs
    return make(
        Function,
        function,
        "step",
        dims=first.dims,
        units=first.units,
        replaces=first.name,
        further=tuple(further),
        parameter_units={},
    )


_POSITION = Output("position", ("bodypart", "space", "time"), "position")
FIND = _declare(
    find_frame,
    Output("frame_centre", ("space", "time"), "position"),
    Output("frame_angle", ("time",), "rad"),
)
INTO, OUT_OF = _declare(into_frame, _POSITION), _declare(out_of_frame, _POSITION)


def _check(ds: xr.Dataset, axis: str) -> None:
    if axis not in AXES:
        raise WrongUse(f"align(axis) must be 'x' or 'y', found {axis!r}.")
    if ds.sizes["space"] != 2:
        raise DataError(
            f"align needs positions of two coordinates, found {ds.sizes['space']}: a frame in "
            "space has three angles. Choose two, as in ds.sel(space=['x', 'y'])."
        )
    if "individual" not in ds.dims:
        raise DataError("align needs the dim individual.")
    if any(name in ds for name in FRAME):
        raise DataError("these positions are aligned already: take them back with ef.unalign.")


def _place_of(ds: xr.Dataset, name: str, asking: str) -> int:
    """Place of a body part, by its name or its role."""
    parts = [str(part) for part in ds.bodypart.values]
    if name in parts:
        return parts.index(name)
    roles = [str(role) for role in ds.role.values] if "role" in ds.coords else []
    if name in roles:
        return find_places(ds, "align", (name,))[0]
    raise UnknownName(
        f"{asking}: there is no body part {name!r}. These data have: {', '.join(list_parts(ds))}."
        f"{did_you_mean(name, [*parts, *filter(None, roles)])}"
    )


def _read_point(given: Any) -> Array:
    point = np.asarray(given, np.float64)
    if point.shape != (2,) or not np.isfinite(point).all():
        raise WrongUse(f"align(centre) must be a body part, 'arena' or (x, y), found {given!r}.")
    return point


def _centre_of_arena(ds: xr.Dataset) -> xr.Variable:
    """Centres of circles, means of the corners of polygons; dims (recording, space)."""
    if "arena" not in ds and "arena_centre" not in ds:
        raise Missing(
            "align", "the variable 'arena'", way="Give one with ef.calibrate(ds, ef.circle(...))."
        )
    found = ds.arena.mean("vertex") if "arena" in ds else ds.arena_centre
    if "arena_centre" in ds:
        found = ds.arena_centre.fillna(found)
    centre: xr.Variable = found.isel(space=slice(2)).variable.astype(np.float64)
    return centre


def _of_one(ds: xr.Dataset, frame: xr.DataArray, by: str | None) -> xr.DataArray:
    """The frame of one individual, for all of them."""
    if by is None:
        return frame
    names = [str(name) for name in ds.individual.values]
    if by not in names:
        raise UnknownName(f"align(by): {no_such('individual', by, names)}")
    one = frame.isel(individual=[names.index(by)] * len(names))
    return one.assign_coords({n: c for n, c in ds.coords.items() if n in frame.coords})
