"""The arrays of a group: their blocks and codecs, made, grown, and their coordinates written."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
import zarr
from zarr.codecs import BloscCodec, ZstdCodec

from ethoflow.schema import make_time, text
from ethoflow.store.groups import coord_names, exists, name_coords
from ethoflow.store.regions import UNKNOWN

BLOCK_BYTES = 20 * 2**20
"""Raw size a chunk of the largest variable is kept under."""

MIN_BLOCK = 4096
"""Frames a block has at least, so that longer recordings can be appended to short ones."""


def choose_block(bytes_per_frame: int, longest: int) -> int:
    """Frames in a block: recordings are cut into equal parts under `BLOCK_BYTES`.

    Examples
    --------
    >>> choose_block(176, 108_000), choose_block(176, 500)
    (108000, 4096)
    """
    most = max(BLOCK_BYTES // max(bytes_per_frame, 1), 1)
    parts = -(-max(longest, 1) // most)
    return max(-(-max(longest, 1) // parts), min(MIN_BLOCK, most))


def create_arrays(path: str, group: str, template: xr.Dataset, block: int) -> None:
    """Lay out the variables of `template` and write its coordinates; data stay unwritten."""
    encoding = {str(name): _encode(template[name], block) for name in template.variables}
    coords = {str(name) for name in template.coords if name not in template.dims}
    if exists(path, group):
        coords |= coord_names(zarr.open_group(path, path=group, mode="r", use_consolidated=False))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Zarr format 3 specification.*")
        template.to_zarr(
            path,
            group=group,
            mode="a",
            compute=False,
            consolidated=False,
            zarr_format=3,
            encoding=encoding,
        )
    root: Any = zarr.open_group(path, path=group, mode="r+", use_consolidated=False)
    name_coords(root, coords)


def _encode(array: xr.DataArray, block: int) -> dict[str, Any]:
    along = {"time": block if array.name != "time" else 2**16, "recording": 1}
    if array.name == array.dims[-1] if array.dims else True:
        along["recording"] = 1024
    data = "time" in array.dims and array.name != "time"
    if not data:
        along["recording"] = 1024
    chunks = tuple(along.get(str(dim), max(size, 1)) for dim, size in array.sizes.items())
    encoding: dict[str, Any] = {"chunks": chunks} if array.dims else {}
    if not data:
        return encoding
    if array.attrs.get("kind") == "label":
        label = {"dtype": "int8", "_FillValue": UNKNOWN, "fill_value": UNKNOWN}
        return {**encoding, **label, "compressors": (ZstdCodec(level=3),)}
    # Measured on real tracks: a tenth larger than zstd behind a shuffle, twice as fast to write.
    codec = BloscCodec(cname="lz4", clevel=5, shuffle="shuffle", typesize=array.dtype.itemsize)
    return {**encoding, "fill_value": array.dtype.type(np.nan), "compressors": (codec,)}


def grow(path: str, group: str, n_recordings: int, n_frames: int) -> None:
    """Make room for more recordings or longer ones: metadata only, and the time axis."""
    root: Any = zarr.open_group(path, path=group, mode="r+", use_consolidated=False)
    for name, array in root.arrays():
        if name == "recording":  # grows last, with its names
            continue
        dims = array.metadata.dimension_names or ()
        wanted = {"recording": n_recordings, "time": n_frames}
        shape = tuple(
            max(wanted.get(dim, size), size) for dim, size in zip(dims, array.shape, strict=True)
        )
        if shape != array.shape:
            array.resize(shape)
    if "time" in root:
        fps = float(np.asarray(root["fps"][()]))
        root["time"][:] = make_time(root["time"].shape[0], fps).values


def missing_of(dtype: np.dtype[Any]) -> object:
    """How a missing value is kept: empty text, NaN, or 0 where neither can be."""
    return "" if dtype.kind in "OTU" else np.nan if dtype.kind == "f" else 0


def write_rows(
    path: str, group: str, ds: xr.Dataset, rows: npt.NDArray[np.int64], *, n_known: int
) -> None:
    """Write the coordinates and small variables of `ds` along `recording` into `rows`.

    Rows from `n_known` on that `ds` says nothing of are missing. Names come last (`write_names`):
    until then the rows do not count.
    """
    root: Any = zarr.open_group(path, path=group, mode="r+", use_consolidated=False)
    for name, array in root.arrays():
        dims = array.metadata.dimension_names or ()
        if "recording" not in dims or "time" in dims or name == "recording":
            continue
        values = np.asarray(array[...])
        values[n_known:] = missing_of(values.dtype)
        if name in ds.variables:
            values[rows] = np.asarray(ds[name].values).astype(values.dtype)
        array[...] = values


def write_names(path: str, group: str, names: Sequence[str]) -> None:
    """Name the recordings of a group, in the order of their rows: now they count."""
    root: Any = zarr.open_group(path, path=group, mode="r+", use_consolidated=False)
    array = root["recording"]
    array.resize((len(names),))
    array[...] = text(list(names)).astype(np.asarray(array[...]).dtype)


def write_coord(path: str, group: str, name: str, values: npt.NDArray[Any]) -> None:
    """Replace a coordinate that all recordings share, where the group has it."""
    root: Any = zarr.open_group(path, path=group, mode="r+", use_consolidated=False)
    if name in root:
        array = root[name]
        array[...] = values.astype(np.asarray(array[...]).dtype)


def rows_of(known: Sequence[str], wanted: Mapping[str, int] | Sequence[str]) -> dict[str, int]:
    """Row of every recording in a group: known ones keep theirs, new ones follow."""
    rows = {name: place for place, name in enumerate(known)}
    for name in wanted:
        rows.setdefault(name, len(rows))
    return rows
