"""What the data are: dimensions, variables, and the checks every dataset passes at the boundary.

One table, `VARIABLES`, names every base variable with its dims, units and meaning. Readers and the
simulator build datasets with `make_tracks`; every public function receives its dataset through
`as_dataset`, which checks it and puts the dims in canonical order (time last).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.errors import DataError as DataError  # noqa: PLC0414
from ethoflow.real import check_real, real_numbers
from ethoflow.skeleton import Skeleton, find_roles
from ethoflow.units import length_in

Floats: TypeAlias = npt.NDArray[np.floating]
Data: TypeAlias = xr.Dataset | xr.DataTree

DIMS = (
    "recording",
    "individual",
    "partner",
    "bodypart",
    "segment",
    "joint",
    "region",
    "vertex",
    "space",
    "time",
)
"""Canonical order of dims. Time is last and contiguous."""


@dataclass(frozen=True)
class Variable:
    """One base variable: its dims, units and meaning."""

    name: str
    dims: tuple[str, ...]
    units: str
    doc: str
    way: str = ""
    """How to come by one that only the user can give."""


VARIABLES = {
    variable.name: variable
    for variable in (
        Variable(
            "position",
            ("recording", "individual", "bodypart", "space", "time"),
            "px or mm",
            "Where a body part is; NaN where it was not seen.",
        ),
        Variable(
            "confidence",
            ("recording", "individual", "bodypart", "time"),
            "1",
            "The tracker's own score of a point; NaN where the tracker gives none.",
        ),
        Variable(
            "position_sd",
            ("recording", "individual", "bodypart", "space", "time"),
            "px or mm",
            "Spread of a position over the networks of an ensemble; NaN with fewer than two.",
        ),
        Variable(
            "filled",
            ("recording", "individual", "bodypart", "time"),
            "1",
            "1 where a gap was filled by interpolation, 0 where the point was seen or is missing.",
        ),
        Variable(
            "arena",
            ("recording", "vertex", "space"),
            "px or mm",
            "Corners of the arena's floor; a circle is a polygon of 128 vertices.",
            "Give one with ef.calibrate(ds, ef.circle(x, y, radius, size='38 cm')) or ef.polygon "
            "(arena in a project file, --arena).",
        ),
        Variable(
            "arena_centre",
            ("recording", "space"),
            "px or mm",
            "Centre of a circular arena; NaN for a polygon.",
            "Give an arena with ef.calibrate(ds, ef.circle(...)) or ef.polygon.",
        ),
        Variable(
            "arena_radius",
            ("recording",),
            "px or mm",
            "Radius of a circular arena; NaN for a polygon.",
            "Give an arena with ef.calibrate(ds, ef.circle(...)) or ef.polygon.",
        ),
        Variable(
            "px_per_mm",
            ("recording",),
            "px/mm",
            "Scale of the calibration.",
            "Give one with ef.calibrate(ds, px_per_mm=3.2).",
        ),
    )
}

LOW_CONFIDENCE = 0.6
"""Confidence under which reports count a point as doubtful."""

COORDINATES = {
    "recording": "name of the recording: the stem of its file",
    "individual": "slot or role of an animal in the recording",
    "bodypart": "the tracker's own name of the point",
    "space": "x, y (, z)",
    "time": "seconds from the first frame, frame / fps",
    "fps": "frames per second (scalar)",
    "n_frames": "frames the recording has; shorter recordings are padded with NaN",
    "origin": "second of the recording's own clock (video, camera, session) at time 0",
    "role": "what a body part is, in the words rules use: nose, centre, tail_base, ...",
    "made_of": "the body parts that one stands for; empty where the tracker itself gives the point",
    "animal": "who sits in the slot: the statistical unit; empty where the slot is empty",
    "digest": "digest of the file the recording was read from",
    "source_file": "name of that file",
}


ORIGIN = {"units": "s", "long_name": "time 0 on the recording's own clock"}
"""Attributes of the coordinate `origin`."""
TABLE_COLUMNS = frozenset(
    (
        *(
            "recording",
            "individual",
            "partner",
            "animal",
            "partner_animal",
            "bodypart",
            "behaviour",
        ),
        *("start", "stop", "duration", "start_frame", "stop_frame", "cut"),
        *("observed", "time", "share", "n_bouts", "mean_bout"),
        *("n_frames", "missing", "low_confidence", "jumps"),
        *("frame", "x", "y", "z", "confidence"),
    )
)
"""Columns that tables of results have of their own."""


def make_tracks(
    position: Floats,
    *,
    fps: float,
    bodyparts: Sequence[str],
    confidence: Floats | None = None,
    position_sd: Floats | None = None,
    recording: str = "recording",
    animals: Sequence[str] | None = None,
    units: str = "px",
    skeleton: Skeleton | None = None,
    digest: str = "",
    source_file: str = "",
    source_software: str = "",
    origin: float = 0.0,
) -> xr.Dataset:
    """Dataset of one recording from plain arrays.

    Parameters
    ----------
    position
        Dims (individual, bodypart, space, time), in `units`; NaN where not seen.
    fps
        Frames per second.
    bodyparts
        The tracker's names, one per point.
    confidence
        Dims (individual, bodypart, time); without it confidence is NaN: not known.
    position_sd
        Spread of the tracker's answers, dims and units of `position`; left out by default.
    recording
        Name of the recording.
    animals
        Who sits in each slot; without it the recording's name for a single animal, else slot names.
    units
        ``"px"`` or ``"mm"``.
    skeleton
        Roles the alias table does not know: ``{"centre": "Spine_2"}``.
    origin
        Time of the first frame on the recording's own clock, s; a clip from 1:00 on has 60.

    Raises
    ------
    DataError
        Shapes, names or fps do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> ds = make_tracks(np.zeros((1, 2, 2, 50)), fps=25, bodyparts=["nose", "tailbase"])
    >>> dict(ds.sizes)
    {'individual': 1, 'bodypart': 2, 'space': 2, 'time': 50}
    >>> ds.role.values.tolist()
    ['nose', 'tail_base']
    """
    position = real_numbers(position, "positions")
    _check_shapes(position, confidence, bodyparts, recording)
    check_fps(fps, recording)
    n_individuals, _, n_space, n_frames = position.shape
    slots = [f"individual_{i}" for i in range(n_individuals)]
    if animals is None:
        animals = [recording] if n_individuals == 1 else slots
    if confidence is None:
        confidence = np.full(position.shape[:2] + position.shape[3:], np.nan, np.float32)
    ds = xr.Dataset(
        {
            "position": (("individual", "bodypart", "space", "time"), position),
            "confidence": (
                ("individual", "bodypart", "time"),
                real_numbers(confidence, "confidences"),
            ),
        },
        coords={
            "recording": recording,
            "individual": text(slots),
            "bodypart": text(bodyparts),
            "space": text(["x", "y", "z"][:n_space]),
            "time": make_time(n_frames, fps),
            "fps": float(fps),
            "n_frames": np.int64(n_frames),
            "origin": float(origin),
            "role": ("bodypart", text(find_roles(bodyparts, skeleton))),
            "animal": ("individual", text(animals)),
            "digest": digest,
            "source_file": source_file,
        },
        attrs={"source_software": source_software} if source_software else {},
    )
    if position_sd is not None:
        ds["position_sd"] = ds.position.dims, real_numbers(position_sd, "spreads")
    return describe_tracks(ds, units)


def describe_tracks(ds: xr.Dataset, units: str) -> xr.Dataset:
    """`ds` with the attributes that tracks have, its positions being in `units`."""
    ds["position"].attrs.update(units=units, long_name="position")
    ds["confidence"].attrs.update(units="1", long_name="confidence of the tracker")
    ds["fps"].attrs.update(units="Hz", long_name="frames per second")
    if "origin" in ds.coords:
        ds["origin"].attrs.update(ORIGIN)
    if "position_sd" in ds:
        ds["position_sd"].attrs.update(units=units, long_name="spread of the position")
    return ds


def make_time(n_frames: int, fps: float) -> xr.Variable:
    """Seconds from the first frame: frame / fps."""
    return xr.Variable(
        "time",
        np.arange(n_frames, dtype=np.float64) / fps,
        {"units": "s", "long_name": "time from the first frame"},
    )


def text(values: Sequence[str] | npt.NDArray[np.generic]) -> npt.NDArray[np.object_]:
    """Names as an object array: the variable-length text that xarray and Zarr keep."""
    names = np.empty(len(values), dtype=object)
    names[:] = [str(value) for value in values]
    return names


def _check_shapes(
    position: Floats, confidence: Floats | None, bodyparts: Sequence[str], recording: str
) -> None:
    if position.ndim != 4 or position.shape[2] not in (2, 3):
        raise DataError(
            f"{recording}: position needs the dims (individual, bodypart, space, time) with two or "
            f"three coordinates; found the shape {position.shape}."
        )
    if position.shape[1] != len(bodyparts):
        raise DataError(
            f"{recording}: {position.shape[1]} body parts in the array, {len(bodyparts)} names."
        )
    repeated = sorted({name for name in bodyparts if list(bodyparts).count(name) > 1})
    if repeated:
        raise DataError(f"{recording}: body part named twice: {', '.join(repeated)}.")
    expected = position.shape[:2] + position.shape[3:]
    if confidence is not None and np.shape(confidence) != expected:
        raise DataError(
            f"{recording}: confidence needs the shape {expected}, found {np.shape(confidence)}."
        )


def check_fps(fps: float | None, where: str) -> float:
    """The frame rate as a float, or an error that says how to give one."""
    if fps is None:
        raise DataError(
            f"{where}: the frame rate is not known: tracking files rarely hold it. "
            "Give it in frames per second, as fps=25 (--fps 25 on the command line, fps: 25 in a "
            "project file), or take that of the videos beside, as fps='video'."
        )
    if not isinstance(fps, Real) or isinstance(fps, bool) or not np.isfinite(fps) or fps <= 0:
        raise DataError(f"{where}: fps must be a positive number, found {fps!r}.")
    return float(fps)


def as_dataset(data: Data, *, needs: Sequence[str] = ()) -> xr.Dataset:
    """The checked dataset behind `data`, dims in canonical order.

    Parameters
    ----------
    data
        A Dataset, or the DataTree node that holds one.
    needs
        Names of variables that must be there.

    Raises
    ------
    DataError
        No dataset, a variable is missing, or time and fps contradict each other.

    Examples
    --------
    >>> import numpy as np
    >>> ds = make_tracks(np.zeros((1, 1, 2, 9)), fps=30, bodyparts=["nose"])
    >>> as_dataset(ds.transpose("time", ...)).position.dims
    ('individual', 'bodypart', 'space', 'time')
    """
    if isinstance(data, xr.DataTree):
        data = data.to_dataset()
    if not isinstance(data, xr.Dataset):
        raise TypeError(f"needed an xarray Dataset or a DataTree node, found {type(data).__name__}")
    missing = [name for name in needs if name not in data.variables]
    if missing:
        raise DataError(
            f"needed the variable {', '.join(missing)}; this dataset has: "
            f"{', '.join(map(str, data.data_vars)) or 'none'}."
        )
    check_time(data)
    data = _load_names(_restore_individual(data))
    _check_position(data)
    _check_names(data)
    return data.transpose(*ordered(data.dims))


def _restore_individual(ds: xr.Dataset) -> xr.Dataset:
    """One animal picked by its name is still a dataset of individuals, of one."""
    if "individual" not in ds.coords or "individual" in ds.dims or ds["individual"].ndim:
        return ds
    shared = {name for name, variable in VARIABLES.items() if "individual" not in variable.dims}
    own = [name for name in (*ds.data_vars, "animal") if name in ds and name not in shared]
    expanded = {name: ds[name].variable.expand_dims("individual") for name in own}
    slots = xr.Variable("individual", text([ds.individual.item()]))
    return ds.drop_vars("individual").assign(expanded).assign_coords(individual=slots)


def _load_names(ds: xr.Dataset) -> xr.Dataset:
    """`Dataset.chunk` makes Dask arrays of names too; what rules look up has to be here."""
    lazy = {
        name: coord.variable
        for name, coord in ds.coords.items()
        if hasattr(coord.variable._data, "dask") and "time" not in coord.dims
    }
    if not lazy:
        return ds
    here = xr.Dataset(lazy).load(scheduler="synchronous")
    return ds.assign_coords({name: here[name].variable for name in lazy})


def _check_names(ds: xr.Dataset) -> None:
    for dim in ("recording", "individual", "bodypart"):
        if dim in ds.indexes and not ds.indexes[dim].is_unique:
            names = ds.indexes[dim]
            twice = ", ".join(sorted({str(name) for name in names[names.duplicated()]}))
            raise DataError(f"two {dim}s have one name: {twice}. Give each its own.")


def _check_position(ds: xr.Dataset) -> None:
    if "position" not in ds:
        return
    lost = [dim for dim in ("bodypart", "space", "time") if dim not in ds.position.dims]
    if lost:
        raise DataError(
            f"position needs the dimension {' and '.join(lost)}: select with a list or a slice, as "
            "in ds.sel(bodypart=['nose'])."
        )
    check_real(ds.position.dtype, "positions")


def ordered(dims: Sequence[Hashable] | Mapping[Hashable, int]) -> list[Hashable]:
    """`dims` in canonical order; dims that only a user knows come before time."""
    known = {name: place for place, name in enumerate(DIMS)}
    return sorted(dims, key=lambda dim: known.get(str(dim), known["space"] + 0.5))


def check_time(ds: xr.Dataset) -> None:
    """Raise unless `time` is regular and agrees with `fps`."""
    if "time" not in ds.dims:
        return
    if "fps" not in ds.coords or "time" not in ds.coords:
        raise DataError(
            "needed the coordinates time (seconds) and fps (scalar) along the dimension time; "
            "ef.read and ef.from_arrays give both."
        )
    fps = ds.fps.values
    if fps.ndim or not fps > 0:
        raise DataError(f"fps must be one positive number for the whole dataset, found {fps}.")
    time = ds.time.values
    if time.size < 2:
        return
    step = (time[-1] - time[0]) / (time.size - 1)
    if not np.isclose(step * float(fps), 1, rtol=1e-4):
        raise DataError(
            f"time advances by {step:.6g} s per frame, fps = {float(fps):g} needs {1 / fps:.6g} s. "
            "Take every frame (no step in a time slice), or set the right fps."
        )
    if not np.allclose(np.diff(time), step, rtol=0, atol=1e-3 * step + 1e-9 * abs(time[-1])):
        raise DataError("time is not regular: frames are missing or repeated in this slice.")


def first_frame(ds: xr.Dataset) -> int:
    """Frame number, in the whole recording, of the first frame of `ds`."""
    return round(float(ds.time.values[0]) * float(ds.fps)) if ds.sizes["time"] else 0


def count_frames(ds: xr.Dataset) -> npt.NDArray[np.int64]:
    """Frames each recording of `ds` has within the time `ds` spans, one per recording."""
    size, n_recordings = ds.sizes["time"], ds.sizes.get("recording", 1)
    if "n_frames" not in ds.coords:
        return np.full(n_recordings, size, np.int64)
    counts = np.asarray(ds.n_frames.values, np.int64) - first_frame(ds)
    return np.clip(np.broadcast_to(counts, n_recordings), 0, size)


def own_frames(ds: xr.Dataset) -> xr.Dataset:
    """One recording, without the padding that a longer one of its cohort has given it."""
    return ds.isel(time=slice(int(count_frames(ds)[0])))


def position_units(ds: xr.Dataset) -> str:
    """Units of `position`: ``"px"`` or a length. Without positions, what features are made of.

    Raises
    ------
    DataError
        There are no positions, and the features are in several lengths.
    """
    if "position" in ds:
        return str(ds["position"].attrs.get("units", "px"))
    lengths: dict[str, list[str]] = {}
    for name, array in ds.data_vars.items():
        length, _ = length_in(str(array.attrs.get("units", "")))
        # What is noted of a whole recording, such as the height of a camera, may be in any unit.
        if length and (name in VARIABLES or set(array.dims) - {"recording"}):
            lengths.setdefault(length, []).append(str(name))
    if len(lengths) > 1:
        found = "; ".join(f"{', '.join(names)} in {length}" for length, names in lengths.items())
        raise DataError(
            f"the lengths of these data are of several kinds: {found}. Choose those of one kind, "
            "or convert them and their attribute units."
        )
    return next(iter(lengths), "px")


def is_label(array: xr.DataArray) -> bool:
    """Whether `array` holds labels (1, 0, unknown)."""
    return array.attrs.get("kind") == "label"


UNORDERED = {"pairs": "unordered"}
"""Attribute of quantities of pairs that are the same seen from either animal."""


def is_symmetric(array: xr.DataArray) -> bool:
    """Whether `array` is the same seen from both animals of a pair, so that a pair counts once."""
    return "partner" in array.dims and UNORDERED.items() <= array.attrs.items()
