"""Datasets of the movement package, in both of its dialects, as tracks."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ethoflow.schema import DataError, check_fps, describe_tracks, make_time, text
from ethoflow.skeleton import find_roles

DIALECTS = {
    "singular": {"individual": "individual", "keypoint": "bodypart"},
    "plural": {"individuals": "individual", "keypoints": "bodypart"},
}
"""Names of movement's dims and what they are called here; singular since 0.17."""


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
    ``centroid``.

    Parameters
    ----------
    ds
        As ``movement.io`` loads it.
    fps
        Frames per second; that of the dataset by default.
    recording
        Name of the recording.

    Raises
    ------
    DataError
        It is no such dataset, the frame rate is not known, or its times contradict it.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> position = (("time", "space", "keypoints", "individuals"), np.zeros((9, 2, 1, 1)))
    >>> names = {"space": ["x", "y"], "keypoints": ["nose"], "individuals": ["mouse"]}
    >>> ds = xr.Dataset({"position": position}, names, attrs={"fps": 30})
    >>> dict(from_movement(ds).sizes)
    {'individual': 1, 'bodypart': 1, 'space': 2, 'time': 9}
    """
    names = {old: new for old, new in DIALECTS[dialect_of(ds)].items() if old in ds.dims}
    rate = _rate(ds, fps)
    variables = {n: ds[n] for n in ("position", "confidence") if n in ds}
    found = xr.Dataset({n: array.reset_coords(drop=True) for n, array in variables.items()})
    found = found.rename({n: new for n, new in names.items() if n != new})
    if "bodypart" not in found.dims:
        found = found.expand_dims(bodypart=text(["centroid"]))
    if "individual" not in found.dims:
        found = found.expand_dims(individual=text(["individual_0"]))
    animals = [str(name) for name in found.individual.values]
    parts = [str(name) for name in found.bodypart.values]
    n_frames = found.sizes["time"]
    found = found.assign_coords(
        recording=recording,
        individual=text([f"individual_{i}" for i in range(len(animals))]),
        bodypart=text(parts),
        space=text(list(found.space.values)),
        time=make_time(n_frames, rate),
        fps=rate,
        n_frames=np.int64(n_frames),
        role=("bodypart", text(find_roles(parts, None))),
        animal=("individual", text(animals)),
        digest="",
        source_file=str(ds.attrs.get("source_file", "")).replace("\\", "/").rsplit("/", 1)[-1],
    )
    if "confidence" not in found:
        found["confidence"] = xr.full_like(found.position.isel(space=0, drop=True), np.nan)
    tracks = describe_tracks(found.astype(np.float32), "px")
    software = str(ds.attrs.get("source_software", ""))
    tracks.attrs = {"source_software": software} if software else {}
    order = ("individual", "bodypart", "space", "time")
    return tracks.transpose(*order)[["position", "confidence"]]


def _rate(ds: xr.Dataset, fps: float | None) -> float:
    """The frame rate, checked against the times where those are in seconds."""
    stated = ds.attrs.get("fps")
    rate = fps if fps is not None else None if stated is None else float(np.ravel(stated)[0])
    in_seconds = str(ds.attrs.get("time_unit", "")).startswith("s")
    if (
        rate is not None
        and in_seconds
        and fps is None
        and ds.sizes["time"] > 1
        and "time" in ds.coords
    ):
        step = float(np.diff(ds.time.values[[0, -1]])[0]) / (ds.sizes["time"] - 1)
        if not np.isclose(step * rate, 1, rtol=1e-3):
            raise DataError(
                f"its times advance by {step:g} s per frame, which contradicts the {rate:g} frames "
                "per second it states: give fps."
            )
    return check_fps(rate, "the dataset of movement")
