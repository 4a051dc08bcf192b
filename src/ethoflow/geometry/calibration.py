"""Calibration: positions in pixels become positions in millimetres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.engine import step
from ethoflow.engine.declare import Array
from ethoflow.errors import in_words
from ethoflow.geometry.arena import Arena
from ethoflow.geometry.by_name import for_each
from ethoflow.geometry.landmarks import landmarks_of, mark_landmarks
from ethoflow.geometry.pictures import check_pictures
from ethoflow.geometry.projection import homographies_of, project_lengths
from ethoflow.geometry.scale import Scale, is_quantity, scales_of
from ethoflow.geometry.written import FromLandmarks, GivenArena, read_arena
from ethoflow.schema import VARIABLES, Data, DataError, as_dataset, position_units
from ethoflow.units import in_length, length_in


@step(units="mm", pointwise=("bodypart",))
def to_mm(position: Array, px_per_mm: Array) -> Array:
    """Positions in px divided by the scale.

    Parameters
    ----------
    position
        Dims (bodypart, space, time), px.
    px_per_mm
        Pixels per millimetre of the recording.
    """
    return position / np.float32(px_per_mm)


def calibrate(
    data: Data,
    arena: GivenArena | Mapping[str, GivenArena] | None = None,
    *,
    px_per_mm: Scale | None = None,
) -> xr.Dataset:
    """Tracks in mm, with the scale and the arena as variables beside them.

    All that is in px is scaled with the positions: outlines of regions, spreads, features (px/s
    becomes mm/s, px2 becomes mm2). Scales themselves (px/mm) stay.

    Parameters
    ----------
    data
        Tracks in px; or features of them, in px.
    arena
        `circle` or `polygon`, in px, for all recordings or one for each (by name; `default` is that
        of the rest). Its `size` gives the scale; both `sides` of a rectangle a homography. A text
        as in project files may name corners that are tracked as body parts: their medians are the
        corners, and they are no body parts any more. One that knows the size of its picture (of
        `find_arena`, or of its table) is compared with where the points are, which reads some.
    px_per_mm
        The scale: one for all, one for each recording (a mapping, Series or DataArray by name, or
        a list or array in their order), or the name of a column of the metadata. Texts have a unit
        (``"2 px/mm"``, ``"0.5 mm/px"``). It wins over that of the arena. An arena without any scale
        stays in px, with the positions.

    Raises
    ------
    DataError
        Neither is given, a recording has none, the scale is not positive, the positions are in mm
        already, places in space have no unit, or the arena is of a picture of another size.

    Warns
    -----
    OtherPicture
        The animals go where the arena would be in a picture of another size.

    Examples
    --------
    >>> import numpy as np
    >>> from ethoflow.schema import make_tracks
    >>> tracks = make_tracks(np.full((1, 1, 2, 3), 32.0), fps=25, bodyparts=["nose"])
    >>> poses = calibrate(tracks, px_per_mm=3.2)
    >>> float(poses.position.max()), poses.position.attrs["units"]
    (10.0, 'mm')
    """
    ds = as_dataset(data)
    if not any(length_in(str(a.attrs.get("units", "")))[0] for a in ds.data_vars.values()):
        as_dataset(ds, needs=["position"])
    if position_units(ds) != "px":
        what = "positions" if "position" in ds else "features"
        raise DataError(
            f"the {what} are in {position_units(ds)} already, from their file or a calibration: "
            "calibrate them once, and leave arena and px_per_mm out here. Regions can be given in "
            "mm: ef.mark_regions(ds, regions, units='mm')."
        )
    if arena is None and px_per_mm is None:
        raise DataError(
            "calibrate needs px_per_mm=..., or an arena: ef.circle(...), ef.polygon(...)"
        )
    names = (
        [str(name) for name in np.atleast_1d(ds.recording.values)]
        if "recording" in ds.coords
        else [""]
    )
    given = [] if arena is None else _arenas_of(arena, names)
    fixed = dict.fromkeys(n for one in given if isinstance(one, FromLandmarks) for n in one.names)
    known = [str(name) for name in ds.landmark.values] if "landmark" in ds.coords else []
    new = [name for name in fixed if name not in known]
    ds = mark_landmarks(ds, new) if new else ds
    arenas = [
        one if isinstance(one, Arena) else one.place(landmarks_of(ds, row))
        for row, one in enumerate(given)
    ]
    check_pictures(ds, [[one] for one in arenas], names)
    if any(one.sides for one in arenas):
        if px_per_mm is not None:
            raise DataError(
                "both sides of the arena give the scale, at every place its own: leave px_per_mm "
                "out, or give the arena one length."
            )
        matrices = homographies_of(arenas, names)
        lead = ("recording",) if "recording" in ds.dims else ()
        outlines = _describe_arenas(arenas, np.ones(len(names)), "px", lead, ds.sizes["space"])
        return project_lengths(ds.assign(outlines), matrices)
    scales = (
        _scales_of_arenas(arenas, names) if px_per_mm is None else scales_of(px_per_mm, ds, names)
    )
    lead = ("recording",) if "recording" in ds.dims else ()
    if scales is None:
        return ds.assign(
            _describe_arenas(arenas, np.ones(len(names)), "px", lead, ds.sizes.get("space", 2))
        )
    scaled = xr.Variable(
        lead, scales if lead else scales[0], {"units": "px/mm", "long_name": "scale"}
    )
    poses = _scale_lengths(ds, scaled).assign(px_per_mm=scaled)
    poses = to_mm(poses) if "position" in ds else poses
    if not arenas:
        return poses
    return poses.assign(_describe_arenas(arenas, scales, "mm", lead, ds.sizes.get("space", 2)))


def _scale_lengths(ds: xr.Dataset, scale: xr.Variable) -> xr.Dataset:
    """`ds` with all its other lengths in px, such as the arena and the spread, in mm.

    Raises
    ------
    DataError
        It is not known in what something is, or what is in px cannot be scaled.
    """
    ours = {name for name, variable in VARIABLES.items() if variable.units == "px or mm"}
    places = {"space", "vertex"}
    found: dict[str, xr.Variable] = {}
    unknown = []
    for key, variable in ds.variables.items():
        name, units = str(key), variable.attrs.get("units", "px" if key in ours else None)
        if name in ("position", "px_per_mm"):
            continue
        if variable.dtype.kind not in "iuf":
            continue
        if units is None and places & set(variable.dims):
            unknown.append(name)
        length, power = length_in(str(units or ""))
        if length == "px":
            found[name] = _scale(name, variable, scale, str(units), power)
    if unknown:
        raise DataError(
            f"{in_words(unknown)}: no unit says whether these are in px, and left as they are they "
            f"would not fit positions in mm. Give them one, as in ds.{unknown[0]}.attrs['units'] = "
            "'px' ('1' for what is no length)."
        )
    coords = {name: variable for name, variable in found.items() if name in ds.coords}
    return ds.assign_coords(coords).assign({n: v for n, v in found.items() if n not in coords})


def _scale(
    name: str, variable: xr.Variable, scale: xr.Variable, units: str, power: int
) -> xr.Variable:
    """One variable in mm, float32 but where it was more; of each recording where scales are."""
    if variable.dims == (name,) and scale.dims:
        raise DataError(
            f"the coordinate {name} is in {units} and one for all recordings, whose scales are "
            f"several: convert it to mm, or leave it out with .drop_vars({name!r})."
        )
    lead = () if "recording" in variable.dims else scale.dims
    dims = (*lead, *variable.dims)
    scaled = (variable / scale**power).transpose(*dims)
    dtype = variable.dtype if variable.dtype == np.float64 else np.dtype(np.float32)
    attrs = {**variable.attrs, "units": in_length(units, "mm")}
    return xr.Variable(dims, scaled.astype(dtype).data, attrs)


def _arenas_of(
    given: GivenArena | Mapping[str, GivenArena], names: Sequence[str]
) -> list[Arena | FromLandmarks]:
    """The arena of each recording."""
    if not isinstance(given, Mapping):
        return [_read(given)] * len(names)
    return [_read(one) for one in for_each(given, names, "arena")]


def _read(given: object) -> Arena | FromLandmarks:
    """An arena, of a text too; a scale in its place is none."""
    if isinstance(given, Arena | FromLandmarks):
        return given
    if isinstance(given, str) and not is_quantity(given):
        return read_arena(given)
    raise DataError(
        f"an arena is ef.circle(...), ef.polygon(...) or a text such as 'circle 320 240 200 px = "
        f"380 mm', found {given!r}. A scale alone is given as px_per_mm=3.2."
    )


def _scales_of_arenas(arenas: list[Arena], names: list[str]) -> npt.NDArray[np.float64] | None:
    """The scales the arenas give; None where none gives one."""
    found = [arena.px_per_mm for arena in arenas]
    if all(scale is None for scale in found):
        return None
    lacking = [name for name, scale in zip(names, found, strict=True) if scale is None]
    if lacking:
        raise DataError(
            f"the arena gives no scale for: {', '.join(lacking)}. Give its size, as in "
            "ef.circle(x, y, radius, size='38 cm'), or px_per_mm."
        )
    return np.asarray(found, np.float64)


def _describe_arenas(
    arenas: list[Arena],
    scales: npt.NDArray[np.float64],
    units: str,
    lead: tuple[str, ...],
    n_space: int,
) -> dict[str, xr.Variable]:
    """The arenas as variables in `units`, padded with NaN to the most vertices."""
    most = max(len(arena.vertices) for arena in arenas)
    corners = np.full((len(arenas), most, n_space), np.nan, np.float32)
    centres = np.full((len(arenas), n_space), np.nan, np.float32)
    radii = np.full(len(arenas), np.nan, np.float32)
    for row, arena in enumerate(arenas):
        corners[row, : len(arena.vertices), :2] = arena.corners() / scales[row]
        if arena.centre is not None and arena.radius is not None:
            centres[row, :2] = np.asarray(arena.centre) / scales[row]
            radii[row] = arena.radius / scales[row]
    attrs = {"units": units}
    values = {"arena": corners, "arena_centre": centres, "arena_radius": radii}
    dims = {"arena": ("vertex", "space"), "arena_centre": ("space",), "arena_radius": ()}
    return {
        name: xr.Variable((*lead, *dims[name]), array if lead else array[0], attrs)
        for name, array in values.items()
    }
