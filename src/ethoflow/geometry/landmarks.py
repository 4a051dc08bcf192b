"""Tracked corners: body parts of the tracking that are fixed points of the arena."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.errors import did_you_mean, in_words, listed
from ethoflow.schema import Data, DataError, as_dataset, count_frames, position_units, text

MOVES = 0.03
"""Share of the extent of all corners by which a fixed point may be off its median."""

OFTEN = 0.1
"""Share of the frames in which it may be farther off: an animal hides it, the tracker errs."""


def mark_landmarks(
    data: Data,
    parts: Sequence[str],
    *,
    known: Mapping[str, npt.NDArray[np.float64]] | None = None,
) -> xr.Dataset:
    """Tracks whose fixed points are no body parts any more, and lie beside them as landmarks.

    A landmark is where a point is in the median over the recording, of the half of the frames in
    which its confidence is highest. Its positions are read, lazy or not.

    Parameters
    ----------
    data
        Tracks.
    parts
        Body parts that are fixed points, such as the corners of a maze.
    known
        Places that were found before, dims (landmark, space), by recording: these are not read.

    Returns
    -------
    The dataset without these body parts, with the variable `landmark_position` (recording,
    landmark, space), to which ones that it had already are added.

    Raises
    ------
    DataError
        One is not there, was never seen in a recording, or moves: more than 10 % of the frames are
        farther from the median than 3 % of the extent of all of them.

    Examples
    --------
    >>> import ethoflow as ef
    >>> position = np.zeros((1, 3, 2, 50)); position[0, 1] = 10; position[0, 2, 0] = 20
    >>> ds = ef.from_arrays(position, fps=25, bodyparts=["nose", "a", "b"])
    >>> found = mark_landmarks(ds, ["a", "b"])
    >>> found.bodypart.values.tolist(), found.landmark_position[:, 0].values.tolist()
    (['nose'], [10.0, 20.0])
    """
    ds = as_dataset(data, needs=["position"])
    tracked = [str(part) for part in ds.bodypart.values]
    lacking = [part for part in parts if part not in tracked]
    if lacking:
        near = did_you_mean(lacking[0], tracked)
        raise DataError(
            f"no body part is called {listed(map(repr, lacking))}; the tracking has: "
            f"{', '.join(tracked)}.{near}"
        )
    rest = [part for part in tracked if part not in parts]
    if not rest:
        raise DataError("all body parts are corners of the arena: no animal is left.")
    places = _medians(ds, list(parts), known or {})
    dims = (*(("recording",) if "recording" in ds.dims else ()), "landmark", "space")
    attrs = {"units": position_units(ds), "long_name": "fixed points of the arena"}
    fixed = xr.DataArray(
        places if "recording" in ds.dims else places[0],
        dims=dims,
        coords={"landmark": text(list(parts))},
        attrs=attrs,
    )
    if "landmark_position" in ds:
        before = ds.landmark_position.drop_vars(set(ds.landmark_position.coords) - {"landmark"})
        keep = [name for name in before.landmark.values if name not in parts]
        joined = xr.concat([before.sel(landmark=keep), fixed], "landmark").transpose(*dims)
        fixed = joined.assign_attrs(attrs)
        ds = ds.drop_dims("landmark")
    return _without(ds, rest).assign(landmark_position=fixed)


def _without(ds: xr.Dataset, rest: list[str]) -> xr.Dataset:
    """The body parts that are left, in their order."""
    places = [place for place, name in enumerate(ds.bodypart.values) if str(name) in rest]
    return ds.isel(bodypart=places)


def landmarks_of(ds: xr.Dataset, row: int) -> dict[str, npt.NDArray[np.float64]]:
    """Places of the landmarks of one recording by name, in the unit of the positions."""
    if "landmark_position" not in ds:
        return {}
    values = np.asarray(ds.landmark_position.values, np.float64)
    places = values[row] if "recording" in ds.landmark_position.dims else values
    names = map(str, ds.landmark.values)
    return {name: place[:2] for name, place in zip(names, places, strict=True)}


def _medians(
    ds: xr.Dataset, parts: list[str], known: Mapping[str, npt.NDArray[np.float64]]
) -> npt.NDArray[np.float64]:
    """Medians over every recording, dims (recording, landmark, space), float64."""
    names = (
        [str(name) for name in np.atleast_1d(ds.recording.values)] if "recording" in ds else [""]
    )
    own = ds[[name for name in ("position", "confidence") if name in ds]].sel(bodypart=parts)
    found = np.full((len(names), len(parts), ds.sizes["space"]), np.nan)
    for row, (name, n_frames) in enumerate(zip(names, count_frames(ds), strict=True)):
        if name in known:
            found[row] = known[name]
            continue
        one = own.isel(recording=[row]) if "recording" in ds.dims else own
        one = one.isel(time=slice(int(n_frames))).compute()
        found[row] = _fixed(_sure(one), parts, f"{name}: " if name else "")
    return found


def _sure(one: xr.Dataset) -> npt.NDArray[np.float64]:
    """The surer half of the positions, dims (bodypart, space, frame), of all animals' slots."""
    position = one.position
    if "confidence" in one:
        scores = one.confidence.where(position.notnull().all("space"))
        usual = scores.median([dim for dim in scores.dims if dim != "bodypart"])
        position = position.where(~(scores < usual))
    rest = [dim for dim in position.dims if dim not in ("bodypart", "space")]
    values = np.asarray(position.transpose("bodypart", "space", *rest).values, np.float64)
    return np.asarray(values.reshape(*values.shape[:2], -1))


def _fixed(
    places: npt.NDArray[np.float64], parts: list[str], where: str
) -> npt.NDArray[np.float64]:
    """The median of every point, which has to stay where it is."""
    seen = [point[:, np.isfinite(point).all(axis=0)] for point in places]
    never = [part for part, point in zip(parts, seen, strict=True) if not point.shape[1]]
    if never:
        raise DataError(
            f"{where}{in_words(never)}: this corner was never seen. Give "
            "this recording's arena by its corners in px."
        )
    medians = np.stack([np.median(point, axis=1) for point in seen])
    extent = float(np.linalg.norm(np.ptp(medians, axis=0)))
    away = [
        float(np.quantile(np.linalg.norm(point - at[:, np.newaxis], axis=0), 1 - OFTEN))
        for point, at in zip(seen, medians, strict=True)
    ]
    moving = [part for part, by in zip(parts, away, strict=True) if by > MOVES * extent]
    if moving:
        most = reduce(max, away)
        raise DataError(
            f"{where}{in_words(moving)}: no fixed point, it moves by {most:.4g} and more in a "
            f"tenth of the frames, where all of them are {extent:.4g} apart. Name body parts that "
            "are corners of the arena, or give this recording's arena by its corners in px."
        )
    return medians
