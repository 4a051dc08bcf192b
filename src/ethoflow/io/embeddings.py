"""Embeddings that another program made, one vector a frame, on the frames of the tracks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from ethoflow.errors import DataError, NoSuchFile, UnknownName, listed, near_file, no_such
from ethoflow.io.hdf5 import check_sound, read_numbers
from ethoflow.io.named_arrays import as_named
from ethoflow.io.numpy_files import load_array, open_archive
from ethoflow.real import check_real
from ethoflow.schema import Data, as_dataset, count_frames
from ethoflow.units import Quantity, convert

Given: TypeAlias = Any
"""An array, dims (time, latent) or (individual, time, latent), or the path of a file with one."""


def add_embedding(
    data: Data,
    embedding: Given | Mapping[str, Given],
    *,
    fps: float | None = None,
    start: Quantity | Mapping[str, Quantity] | None = None,
    individual: str | None = None,
    key: str | None = None,
    name: str = "embedding",
) -> xr.Dataset:
    """Tracks with an embedding beside them, dims (recording, individual, latent, time).

    Each frame of the tracks gets the vector that is nearest in time, if one is within half a frame
    of the embedding; others are missing. Nothing is stretched: what has another length than the
    tracks needs its `fps`, and what does not begin and end with them its `start`.

    Parameters
    ----------
    data
        Tracks or poses.
    embedding
        An array with the dims (time, latent), of one animal, or (individual, time, latent), in the
        order of the individuals. A DataArray may have these dims in any order, and its individuals
        are known by their names, where it has some. Or a ``.npy``,
        ``.npz`` or HDF5 file with one. For a cohort a mapping of these by recording, None for a
        recording that has none.
    fps
        Vectors per second; those of the tracks by default.
    start
        When the first vector is, in seconds from the first frame of the tracks.
    individual
        Whose vectors they are, of several animals; the others have none.
    key
        Name of the array in a file of several.
    name
        What the variable is called.

    Raises
    ------
    DataError
        The lengths, or the times of a DataArray, do not fit and nobody said why; it is not said
        whose vectors they are;
        recordings have other numbers of latents; a file has no such array.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.still_then_running()
    >>> found = add_embedding(ds, np.zeros((ds.sizes["time"], 3)))
    >>> found.embedding.dims
    ('individual', 'latent', 'time')
    """
    ds = as_dataset(data)
    if "time" not in ds.dims:
        raise DataError("add_embedding needs data along time.")
    if name in ds.variables:
        raise DataError(f"the dataset has a variable {name!r} already: give another name=...")
    whose = _find_individual(ds, individual)
    rows = _by_recording(ds, embedding)
    starts = start if isinstance(start, Mapping) else dict.fromkeys(rows, start)
    if stray := sorted(set(starts) - set(rows)):
        raise UnknownName(f"add_embedding(start): {no_such('recording', stray[0], rows)}")
    found: dict[str, xr.DataArray | None] = {}
    for (recording, given), n in zip(rows.items(), count_frames(ds), strict=True):
        if given is None:
            found[recording] = None
            continue
        if isinstance(given, xr.DataArray):
            given = as_named(ds, given, recording, timed=fps is None and start is None)
        vectors = _place(ds, _read(given, key, recording), whose, recording)
        places = _frames(
            vectors.sizes["time"], int(n), float(ds.fps), fps, starts.get(recording), recording
        )
        found[recording] = _take(vectors, places, ds.sizes["time"])
    return ds.assign({name: _stack(ds, found)})


def _find_individual(ds: xr.Dataset, individual: str | None) -> int | None:
    if individual is None:
        return None
    names = [str(name) for name in np.atleast_1d(ds.individual.values)]
    if individual not in names:
        raise UnknownName(f"add_embedding: {no_such('individual', individual, names)}")
    return names.index(individual)


def _by_recording(ds: xr.Dataset, embedding: Any) -> dict[str, Any]:
    """What is given for each recording, in their order."""
    names = (
        [str(name) for name in np.atleast_1d(ds.recording.values)]
        if "recording" in ds.coords
        else [""]
    )
    if not isinstance(embedding, Mapping):
        if len(names) > 1:
            raise DataError(
                f"add_embedding: there are {len(names)} recordings: give a mapping of arrays or "
                "files by recording, None for those that have none."
            )
        return {names[0]: embedding}
    if stray := [name for name in map(str, embedding) if name not in names]:
        raise UnknownName(f"add_embedding: {no_such('recording', stray[0], names)}")
    if lacking := [name for name in names if name not in embedding]:
        raise DataError(
            f"add_embedding: nothing is given for {listed(lacking, 3)}: say None for recordings "
            "that have no embedding."
        )
    return {name: embedding[name] for name in names}


# --- what is given ----------------------------------------------------------------------------


def _read(given: Any, key: str | None, recording: str) -> xr.DataArray:
    """Vectors with the dims (individual,) time, latent."""
    if isinstance(given, str | Path):
        given = _from_file(Path(given), key)
    if isinstance(given, xr.DataArray):
        if {*given.dims} - {"individual"} != {"time", "latent"}:
            raise DataError(
                f"add_embedding: an array needs the dims time and latent, found "
                f"{', '.join(map(str, given.dims))}: rename them."
            )
        lead = ("individual",) if "individual" in given.dims else ()
        given = given.transpose(*lead, "time", "latent").data
    values = given if hasattr(given, "dask") else np.asarray(given)
    if values.ndim not in (2, 3) or 0 in values.shape:
        where = f" of {recording}" if recording else ""
        raise DataError(
            f"add_embedding: the vectors{where} have the shape {values.shape}; needed (time, "
            "latent), or (individual, time, latent)."
        )
    check_real(values.dtype, "embeddings")
    dims = ("time", "latent") if values.ndim == 2 else ("individual", "time", "latent")
    return xr.DataArray(values.astype(np.float32), dims=dims)


def _from_file(path: Path, key: str | None) -> Any:
    if not path.is_file():
        raise NoSuchFile(f"there is no file {path}.{near_file(path)}")
    with path.open("rb") as file:
        mark = file.read(8)
    if mark.startswith(b"\x93NUMPY"):
        return load_array(path)
    if mark.startswith(b"PK"):
        with open_archive(path) as archive:
            return archive[_choose({n: archive[n].ndim for n in archive.files}, key, path)]
    if mark == b"\x89HDF\r\n\x1a\n":
        return _from_hdf5(path, key)
    raise DataError(f"{path} is no .npy, .npz or HDF5 file: embeddings are read from those.")


def _from_hdf5(path: Path, key: str | None) -> Any:
    import h5py

    check_sound(path)
    with h5py.File(path, "r") as file:
        found: dict[str, int] = {}
        file.visititems(
            lambda n, item: found.update({n: item.ndim}) if hasattr(item, "ndim") else None
        )
        return read_numbers(file[_choose(found, key, path)])


def _choose(found: Mapping[str, int], key: str | None, path: Path) -> str:
    """The array that is asked for, or the only one that may be an embedding."""
    if key is not None:
        if key not in found:
            raise UnknownName(f"{path}: {no_such('array', key, found)}")
        return key
    fitting = [name for name, ndim in found.items() if ndim in (2, 3)]
    if len(fitting) != 1:
        raise DataError(
            f"{path} has {len(fitting)} arrays that may be an embedding ({listed(fitting, 5)}): "
            "say which with key=..."
        )
    return fitting[0]


def _place(
    ds: xr.Dataset, vectors: xr.DataArray, whose: int | None, recording: str
) -> xr.DataArray:
    """Vectors of all individuals of the dataset."""
    n = ds.sizes.get("individual", 1)
    if "individual" in vectors.dims:
        if vectors.sizes["individual"] != n or whose is not None:
            raise DataError(
                f"add_embedding: the vectors are of {vectors.sizes['individual']} animals, the "
                f"tracks of {n}: give them for all in their order, or of one with individual=..."
            )
        return vectors
    if n > 1 and whose is None:
        names = listed(map(str, ds.individual.values), 5)
        raise DataError(
            f"add_embedding: there are {n} animals ({names}) and one row of vectors: say whose "
            "they are with individual=..., or give the dims (individual, time, latent)."
        )
    rows = vectors.expand_dims(individual=n)
    return rows.where(xr.DataArray(np.arange(n) == (whose or 0), dims="individual"))


# --- in time ----------------------------------------------------------------------------------


def _frames(
    n_vectors: int,
    n_frames: int,
    fps: float,
    own_fps: float | None,
    start: Quantity | None,
    recording: str,
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """For each frame of the tracks the vector it takes; -1 where there is none.

    Raises
    ------
    DataError
        The lengths do not fit, and nobody said why.
    """
    who = f"add_embedding({recording})" if recording else "add_embedding"
    if own_fps is None and start is None and n_vectors != n_frames:
        raise DataError(
            f"{who}: {n_vectors:,} vectors for {n_frames:,} frames. Say fps=... where they are of "
            "another rate, start=... where they begin or end elsewhere."
        )
    rate = fps if own_fps is None else float(own_fps)
    if not np.isfinite(rate) or rate <= 0:
        raise DataError(f"{who}: fps must be above 0, found {own_fps!r}.")
    first = 0.0 if start is None else convert(start, "s", name="add_embedding(start)")
    apart = first + n_vectors / rate - n_frames / fps
    frame = max(1 / rate, 1 / fps) * (1 + 1e-9)
    if start is None and abs(apart) > frame:
        raise DataError(
            f"{who}: {n_vectors:,} vectors at {rate:g} fps are {n_vectors / rate:.3f} s, the "
            f"tracks {n_frames / fps:.3f} s. Correct fps, or say start=... where they begin or end "
            "elsewhere."
        )
    if first < -frame or apart > frame:
        raise DataError(
            f"{who}: the vectors go from {first:.3f} s to {first + n_vectors / rate:.3f} s, beyond "
            f"the tracks (0 to {n_frames / fps:.3f} s). Correct start, or cut them."
        )
    at = np.round((np.arange(n_frames) / fps - first) * rate, 6)
    nearest = np.floor(at + 0.5).astype(np.int64)
    return np.where((nearest >= 0) & (nearest < n_vectors), nearest, -1)


def _take(vectors: xr.DataArray, places: Any, n_frames: int) -> xr.DataArray:
    """Vectors on the frames of the tracks, dims (individual, latent, time)."""
    every = np.full(n_frames, -1)
    every[: len(places)] = places
    taken = vectors.isel(time=np.maximum(every, 0)).transpose("individual", "latent", "time")
    return taken if (every >= 0).all() else taken.where(xr.DataArray(every >= 0, dims="time"))


def _stack(ds: xr.Dataset, found: Mapping[str, xr.DataArray | None]) -> xr.DataArray:
    sizes = {one.sizes["latent"] for one in found.values() if one is not None}
    if len(sizes) != 1:
        told = f"{listed(sorted(sizes), 3)}" if sizes else "none"
        raise DataError(f"add_embedding: all recordings need vectors of one length, found {told}.")
    shape = (ds.sizes.get("individual", 1), sizes.pop(), ds.sizes["time"])
    dims = ("individual", "latent", "time")
    gone = xr.DataArray(np.full((1, 1, 1), np.nan, np.float32), dims=dims)
    rows = [
        gone.isel(individual=[0] * shape[0], latent=[0] * shape[1], time=[0] * shape[2])
        if one is None
        else one
        for one in found.values()
    ]
    joined = xr.concat(rows, "recording") if "recording" in ds.dims else rows[0]
    if "individual" not in ds.dims:
        joined = joined.isel(individual=0)
    names = np.array([f"latent_{place}" for place in range(shape[1])], dtype=object)
    attrs = {"units": "1", "long_name": "embedding"}
    return joined.assign_coords(latent=names).assign_attrs(attrs)
