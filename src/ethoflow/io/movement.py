"""Datasets of the movement package, in both of its dialects, as tracks."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ethoflow.io.lengths import scale_of
from ethoflow.names import animals_of
from ethoflow.real import check_real
from ethoflow.schema import (
    DataError,
    check_fps,
    describe_tracks,
    make_time,
    text,
)
from ethoflow.skeleton import find_roles

DIALECTS = {
    "singular": {"individual": "individual", "keypoint": "bodypart"},
    "plural": {"individuals": "individual", "keypoints": "bodypart"},
}
"""Names of movement's dims and what they are called here; singular since 0.17."""


NOBODY = "individual_0"
"""Name of an animal that has none."""


def dialect_of(ds: xr.Dataset) -> str:
    """Which dialect a dataset of movement speaks.

    Raises
    ------
    DataError
        It is no dataset of poses or boxes.
    """
    found = [n for n, names in DIALECTS.items() if "position" in ds and set(names) & set(ds.dims)]
    if not found or not {"time", "space"} <= set(ds.dims):
        dims = tuple(ds["position"].dims) if "position" in ds else tuple(ds.dims)
        raise DataError(
            "needed a dataset of movement: position over (time, space, keypoint(s), "
            f"individual(s)); found {', '.join(map(str, dims)) or 'nothing'}."
        )
    return found[0]


def from_movement(
    ds: xr.Dataset, *, fps: float | None = None, recording: str = "recording"
) -> xr.Dataset:
    """Tracks from a dataset of the movement package, old and new names; lazy where it is.

    Positions get the dims (individual, bodypart, space, time); boxes become one body part,
    ``centroid``. A point with one coordinate missing is missing. Time begins at 0; the first of the
    times given is the coordinate ``origin``. Positions are in px unless their attribute ``units``
    says otherwise; lengths are brought to mm.

    Parameters
    ----------
    ds
        As ``movement.io`` loads it.
    fps
        Frames per second; that of the dataset by default.
    recording
        Name of the recording; its only animal is called so too where it is only counted
        (``individual_0``).

    Raises
    ------
    DataError
        It is no such dataset, two names are the same, the frame rate is not known, or its times
        contradict it or leave frames out.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> position = (("time", "space", "keypoints", "individuals"), np.zeros((9, 2, 1, 1)))
    >>> names = {"space": ["x", "y"], "keypoints": ["nose"], "individuals": ["mouse"]}
    >>> ds = xr.Dataset({"position": position}, names, attrs={"fps": 30})
    >>> dict(from_movement(ds).sizes)
    {'individual': 1, 'bodypart': 1, 'space': 2, 'time': 9}
    """
    rate = _rate(ds, fps)
    found, units = in_our_dims(ds)
    animals = [str(name) for name in found.individual.values]
    parts = [str(name) for name in found.bodypart.values]
    n_frames = found.sizes["time"]
    first, start = begin_of(ds)
    found = found.assign_coords(
        recording=recording,
        individual=text([f"individual_{i}" for i in range(len(animals))]),
        time=make_time(n_frames, rate),
        fps=rate,
        n_frames=np.int64(n_frames),
        origin=first / rate if start is None else start,
        role=("bodypart", text(find_roles(parts, None))),
        animal=("individual", text(animals_of(animals, recording))),
        digest="",
        source_file=str(ds.attrs.get("source_file", "")).replace("\\", "/").rsplit("/", 1)[-1],
    )
    if "confidence" not in found:
        found["confidence"] = xr.full_like(found.position.isel(space=0, drop=True), np.nan)
    tracks = describe_tracks(found, units)
    software = str(ds.attrs.get("source_software", ""))
    tracks.attrs = {"source_software": software} if software else {}
    return tracks[["position", "confidence"]]


def in_our_dims(ds: xr.Dataset) -> tuple[xr.Dataset, str]:
    """Positions and confidences of a dataset of movement under the names here, and their unit.

    Raises
    ------
    DataError
        It is no such dataset, two names are the same, or its times are not regular.
    """
    names = DIALECTS[dialect_of(ds)]
    _check_regular(ds)
    kept = [name for name in ("position", "confidence") if name in ds]
    found = _with_every_dim(ds[kept].rename({n: new for n, new in names.items() if n in ds.dims}))
    _check_dims(found)
    axes = _names(found, "space")
    found = found.reset_coords(drop=True).assign_coords(
        {dim: text(_names(found, dim)) for dim in ("individual", "bodypart", "space")}
    )
    unit, scale = scale_of(str(ds.position.attrs.get("units", "")), "position")
    for name in kept:
        check_real(found[name].dtype, f"numbers in {name}")
    found["position"] = found.position.where(found.position.notnull().all("space")) * scale
    found = found.sel(space=sorted(axes)).astype(np.float32)
    return found.transpose("individual", "bodypart", "space", "time", missing_dims="ignore"), unit


def _with_every_dim(ds: xr.Dataset) -> xr.Dataset:
    """`ds` with the dims that boxes lack, or that choosing one by its name took away."""
    for dim, without in (("bodypart", "centroid"), ("individual", NOBODY)):
        if dim not in ds.dims:
            chosen = [n for names in DIALECTS.values() for n, new in names.items() if new == dim]
            known = [str(ds[name].values) for name in chosen if name in ds.coords]
            ds = ds.drop_vars(chosen, errors="ignore")
            ds = ds.expand_dims({dim: text(known[:1] or [without])})
    return ds


def _check_dims(ds: xr.Dataset) -> None:
    dims = {"individual", "bodypart", "space", "time"}
    more = [str(dim) for dim in ds.dims if dim not in dims]
    if more:
        raise DataError(
            f"tracks have no dimension {', '.join(more)}: choose one of each, as in "
            f"ds.isel({more[0]}=0)."
        )
    axes = _names(ds, "space")
    if sorted(axes) not in (["x", "y"], ["x", "y", "z"]):
        raise DataError(f"needed the space x, y (, z), found {', '.join(axes)}.")


def _names(ds: xr.Dataset, dim: str) -> list[str]:
    """Names along `dim`, each its own."""
    values = ds[dim].values
    names = [name.decode() if isinstance(name, bytes) else str(name) for name in values]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"two {dim}s have one name: {', '.join(twice)}. Give each its own.")
    return names


def _rate(ds: xr.Dataset, fps: float | None) -> float:
    """The frame rate, checked against the times where those are in seconds."""
    where = "the dataset of movement"
    if fps is not None:
        return check_fps(fps, where)
    rate = check_fps(_stated_rate(ds), where)
    conflict = contradiction(ds, rate)
    if conflict:
        raise DataError(f"{conflict}: give fps.")
    return rate


def contradiction(ds: xr.Dataset, rate: float) -> str:
    """How the times of a dataset contradict a rate; empty where they do not."""
    step, unit = _step(ds), str(ds.attrs.get("time_unit", ""))
    if step is None or not unit.startswith(("s", "f")):
        return ""
    if unit.startswith("f"):
        found = f"its times advance by {step:g} frames from one to the next"
        return "" if np.isclose(step, 1, rtol=1e-3) else found
    if np.isclose(step * rate, 1, rtol=1e-3):
        return ""
    return (
        f"its times advance by {step:g} s per frame, which contradicts the {rate:g} frames per "
        "second it states"
    )


def begin_of(ds: xr.Dataset) -> tuple[int, float | None]:
    """Number of the first frame, or its time in s where the times are in s."""
    if "time" not in ds.coords or not ds.sizes["time"] or ds.time.dtype.kind not in "iuf":
        return 0, None
    first, unit = float(ds.time.values[0]), str(ds.attrs.get("time_unit", ""))
    return (int(first), None) if unit.startswith("f") else (0, first)


def _stated_rate(ds: xr.Dataset) -> float | None:
    stated = ds.attrs.get("fps")
    if stated is None:
        return None
    try:
        return float(np.ravel(stated)[0])
    except (ValueError, TypeError, IndexError) as error:
        raise DataError(f"the fps it states is no number: {stated!r}; give fps.") from error


def _step(ds: xr.Dataset) -> float | None:
    """Time from frame to frame, on average; None where there are no two frames with times."""
    if "time" not in ds.coords or ds.sizes["time"] < 2:
        return None
    if ds.time.dtype.kind not in "iuf":
        raise DataError(
            f"needed times in seconds or frames, found {ds.time.dtype}: "
            "give it numbers with ds.assign_coords(time=...)."
        )
    first, last = map(float, ds.time.values[[0, -1]])
    return (last - first) / (ds.sizes["time"] - 1)


def _check_regular(ds: xr.Dataset) -> None:
    step = _step(ds)
    if step is None:
        return
    steps = np.diff(ds.time.values.astype(np.float64))
    odd = np.flatnonzero(~(np.abs(steps - np.median(steps)) <= 0.5 * abs(np.median(steps))))
    if step <= 0 or len(odd):
        at = int(odd[0]) if len(odd) else 0
        raise DataError(
            f"its times are not regular: {ds.time.values[at]:g} is followed by "
            f"{ds.time.values[at + 1]:g}. Put the frames that are missing in, as NaN, with "
            "ds.reindex(time=...)."
        )
