"""The Zarr store: layout, regions, digests of what is done, commit.

A store is one Zarr v3 directory. Every group is a complete dataset; its variables share one grid
of blocks along `recording` and `time`. Beside the groups, ``progress/GROUP`` keeps, for every
variable, recording and block, the digest of the recipe and input it was written from.
"""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
import zarr
from zarr.codecs import BloscCodec, ZstdCodec

from ethoflow.schema import DataError, make_time, text

BLOCK_BYTES = 20 * 2**20
"""Raw size a chunk of the largest variable is kept under."""

DECODED_BYTES = 64 * 2**20
"""Decoded chunks a process keeps."""

MIN_BLOCK = 4096
"""Frames a block has at least, so that longer recordings can be appended to short ones."""

PROGRESS = "progress"
UNKNOWN = -1


class IncompleteGroup(UserWarning):
    """A group in which a run was interrupted: missing parts read as unknown."""


@dataclass(frozen=True)
class StoredArray:
    """Reference to an array of a store: what a worker needs to read it."""

    path: str
    name: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    is_label: bool
    recipe: str
    stamp: str


def describe(path: str | Path, group: str, name: str) -> StoredArray:
    """Reference to one array of a group."""
    array = zarr.open_array(str(path), path=f"{group}/{name}", mode="r")
    done = _open_done(str(path), group)
    return StoredArray(
        path=str(path),
        name=f"{group}/{name}",
        shape=array.shape,
        chunks=array.chunks,
        dtype=array.dtype,
        is_label=array.attrs.get("kind") == "label",
        recipe=str(array.attrs.get("recipe", "")),
        stamp=str(done.attrs.get("stamp", "")) if done is not None else "",
    )


def read_bounds(stored: StoredArray, bounds: Sequence[tuple[int, int]]) -> npt.NDArray[Any]:
    """The part of a stored array between `bounds`, one pair per axis; labels as 1, 0, NaN.

    Chunks are kept for a while as they are decoded: a block and its neighbours' halos, and the
    stages of one recording, read the same ones.
    """
    *lead, (start, stop) = bounds
    length = stored.chunks[-1]
    parts = []
    for place in range(start // length, -(-stop // length)):
        first = place * length
        chunk = _decoded.get(stored, tuple(lead), (first, min(first + length, stored.shape[-1])))
        parts.append(chunk[..., max(start - first, 0) : stop - first])
    if not parts:
        return np.empty([b - a for a, b in bounds], np.float32)
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


class _DecodedChunks:
    """The chunks decoded last, up to `DECODED_BYTES`, for all threads of a process."""

    def __init__(self) -> None:
        self.chunks: OrderedDict[Any, npt.NDArray[Any]] = OrderedDict()
        self.lock = threading.Lock()
        self.size = 0

    def get(
        self, stored: StoredArray, lead: tuple[tuple[int, int], ...], frames: tuple[int, int]
    ) -> npt.NDArray[Any]:
        """One chunk, decoded now or before; not to be written to."""
        key = (stored.path, stored.name, stored.shape, stored.stamp, lead, frames)
        with self.lock:
            if key in self.chunks:
                self.chunks.move_to_end(key)
                return self.chunks[key]
        array = _open_array(stored.path, stored.name, stored.shape)
        values = np.asarray(array[tuple(slice(*pair) for pair in (*lead, frames))])
        values = decode_label(values) if stored.is_label else values
        values.flags.writeable = False
        with self.lock:
            if key not in self.chunks:
                self.chunks[key] = values
                self.size += values.nbytes
            while self.size > DECODED_BYTES and len(self.chunks) > 1:
                self.size -= self.chunks.popitem(last=False)[1].nbytes
        return values


_decoded = _DecodedChunks()


def decode_label(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Stored labels (1, 0, -1) as 1, 0, NaN."""
    decoded = values.astype(np.float32)
    decoded[values == UNKNOWN] = np.nan
    return decoded


def encode_label(values: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
    """Labels as they are stored: 1, 0, -1 for unknown."""
    if values.dtype == np.int8:
        return values
    return np.where(np.isnan(values), UNKNOWN, values).astype(np.int8)


def write_region(
    path: str, name: str, shape: tuple[int, ...], start: Sequence[int], values: npt.NDArray[Any]
) -> None:
    """Write `values` into the array `name` of a store, from the corner `start` on."""
    array = _open_array(path, name, shape)
    array[tuple(slice(a, a + n) for a, n in zip(start, values.shape, strict=True))] = values


@lru_cache(maxsize=256)
def _open_array(path: str, name: str, shape: tuple[int, ...]) -> zarr.Array[Any]:
    # Opening costs a millisecond; the shape is part of the key because arrays grow.
    array = zarr.open_array(path, path=name, mode="r+")
    if array.shape != shape:
        raise DataError(
            f"{path}: {name} has the shape {array.shape}, needed {shape}: open it again."
        )
    return array


def exists(path: str | Path, group: str = "") -> bool:
    """Whether there is a store at `path`, or a group in it."""
    try:
        zarr.open_group(str(path), path=group, mode="r")
    except (FileNotFoundError, KeyError, ValueError):
        return False
    return True


def check_place(path: str | Path) -> None:
    """Refuse a place that something else than a store has taken.

    Raises
    ------
    DataError
        A file is there, or a folder with other things in it.
    """
    place = Path(path)
    if place.is_file():
        raise DataError(f"{path} is a file: choose another place for the Zarr store.")
    if place.is_dir() and not exists(path) and any(place.iterdir()):
        raise DataError(
            f"{path} is a folder that holds other things than a Zarr store: choose another place, "
            f"such as {place / 'cohort.zarr'}."
        )


def has_data(path: str | Path, group: str) -> bool:
    """Whether a group exists and holds arrays."""
    if not exists(path, group):
        return False
    root: Any = zarr.open_group(str(path), path=group, mode="r", use_consolidated=False)
    return any(True for _ in root.arrays())


def block_length(path: str, group: str) -> int | None:
    """Frames in a block of an existing group; None while nothing in it runs along time."""
    root: Any = zarr.open_group(path, path=group, mode="r", use_consolidated=False)
    for name, array in root.arrays():
        if name != "time" and "time" in (array.metadata.dimension_names or ()):
            return int(array.chunks[-1])
    return None


def drop_others(path: str, group: str, names: Sequence[str]) -> None:
    """Delete the variables of a group that are not among `names`; coordinates stay."""
    if not has_data(path, group):
        return
    root: Any = zarr.open_group(path, path=group, mode="r+", use_consolidated=False)
    present = dict(root.arrays())
    coords = _coord_names(root)
    _name_coords(root, coords)
    for name, array in present.items():
        is_index = (array.metadata.dimension_names or ()) == (name,)
        if name not in names and name not in coords and not is_index:
            done: Any = _open_done(path, group)
            if done is not None and name in done.attrs["variables"]:
                done[list(done.attrs["variables"]).index(name)] = 0
            del root[name]
            _open_array.cache_clear()


def _coord_names(root: Any) -> set[str]:
    """Arrays of a group that are coordinates: named as such by the group or by a variable."""
    arrays = dict(root.arrays())
    named = (item.attrs.get("coordinates", "") for item in (root, *arrays.values()))
    return {name for text in named for name in str(text).split()} & set(arrays)


def _name_coords(root: Any, names: set[str]) -> None:
    """Let the group name its coordinates: the variables that name them may be deleted."""
    root.attrs.update({"coordinates": " ".join(sorted(names))})


def set_attrs(path: str, name: str, attrs: Mapping[str, Any]) -> None:
    """Update the attributes of an array."""
    zarr.open_array(path, path=name, mode="r+").attrs.update(dict(attrs))


def write_row(path: str, name: str, row: int, values: npt.NDArray[Any]) -> None:
    """Write one recording's row of a small variable."""
    zarr.open_array(path, path=name, mode="r+")[row] = values


def list_groups(path: str | Path) -> list[str]:
    """Names of the groups that hold data, in the order of the data's way.

    Raises
    ------
    DataError
        There is no store at `path`.
    """
    if not exists(path):
        raise DataError(
            f"no Zarr store at {path}. Make one with ef.write(cohort, {str(path)!r}) or "
            "`ethoflow ingest FILES --fps 25 --out cohort.zarr`."
        )
    root: Any = zarr.open_group(str(path), mode="r", use_consolidated=False)
    found = [
        name for name, node in root.members(max_depth=3) if isinstance(node, zarr.Group)
        and name.split("/")[0] != PROGRESS and any(True for _ in node.arrays())
    ]  # fmt: skip
    order = {"tracks": 0, "poses": 1, "features": 2, "labels": 3}
    return sorted(found, key=lambda name: (order.get(name.split("/")[0], 9), name))


def open_group(path: str | Path, group: str, *, warn: bool = True) -> xr.Dataset:
    """One group as a dataset: coordinates and small tables loaded, the rest left on disk.

    A group in which a write was interrupted is opened with the warning `IncompleteGroup`.
    """
    groups = list_groups(path)
    if group not in groups:
        raise DataError(f"{path} has no group {group!r}; it has: {', '.join(groups) or 'none'}.")
    ds = xr.open_zarr(str(path), group=group, chunks=None, consolidated=False)
    ds.attrs.pop("parts", None)
    if not ds.attrs.pop("complete", True) and warn:
        done, needed = _count_done(str(path), group)
        warnings.warn(
            f"{path}: the group {group} is incomplete ({done} of {needed} parts written): what is "
            "missing reads as unknown. Run the same command again to finish it.",
            IncompleteGroup,
            stacklevel=3,
        )
    small = [name for name in ds.variables if name in ds.coords or "time" not in ds[name].dims]
    for name in small:
        ds[name].load()
        if ds[name].dtype.kind in "TOU" and ds[name].ndim:
            values = text(ds[name].values.ravel()).reshape(ds[name].shape)
            ds = ds.assign_coords({name: (ds[name].dims, values, ds[name].attrs)})
    for variable in ds.variables.values():
        variable.encoding.clear()
    return xr.Dataset({n: ds[n] for n in sorted(ds.data_vars)}, ds.coords, ds.attrs)


def is_complete(path: str | Path, group: str) -> bool:
    """Whether a group exists and its last write went through."""
    return exists(path, group) and bool(
        zarr.open_group(str(path), path=group, mode="r", use_consolidated=False).attrs.get(
            "complete", True
        )
    )


# --- layout -----------------------------------------------------------------------------------


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
        coords |= _coord_names(zarr.open_group(path, path=group, mode="r", use_consolidated=False))
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
    _name_coords(root, coords)


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
    for _, array in root.arrays():
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


def write_rows(path: str, group: str, ds: xr.Dataset, rows: npt.NDArray[np.int64]) -> None:
    """Write the coordinates and small variables of `ds` along `recording` into `rows`."""
    root: Any = zarr.open_group(path, path=group, mode="r+", use_consolidated=False)
    for name, variable in ds.variables.items():
        if "recording" in variable.dims and "time" not in variable.dims and name in root:
            values = np.asarray(variable.values)
            array = root[str(name)]
            current = np.asarray(array[...])
            current[rows] = values.astype(current.dtype)
            array[...] = current


def write_coord(path: str, group: str, name: str, values: npt.NDArray[Any]) -> None:
    """Replace a coordinate that all recordings share, where the group has it."""
    root: Any = zarr.open_group(path, path=group, mode="r+", use_consolidated=False)
    if name in root:
        array = root[name]
        array[...] = values.astype(np.asarray(array[...]).dtype)


# --- progress ---------------------------------------------------------------------------------


def _open_done(path: str, group: str) -> zarr.Array[Any] | None:
    try:
        return zarr.open_array(path, path=f"{PROGRESS}/{group}/done", mode="r+")
    except (FileNotFoundError, KeyError, ValueError):
        return None


def read_done(
    path: str, group: str, names: Sequence[str], n_recordings: int, n_blocks: int
) -> npt.NDArray[np.uint64]:
    """Digests of what is written, dims (variable, recording, block); 0 where nothing is."""
    found = np.zeros((len(names), n_recordings, n_blocks), np.uint64)
    array: Any = _open_done(path, group)
    if array is None:
        return found
    known = list(array.attrs["variables"])
    values = np.asarray(array[...])
    rows, blocks = min(values.shape[1], n_recordings), min(values.shape[2], n_blocks)
    for place, name in enumerate(names):
        if name in known:
            found[place, :rows, :blocks] = values[known.index(name), :rows, :blocks]
    return found


def write_done(
    path: str, group: str, names: Sequence[str], done: npt.NDArray[np.uint64], stamp: str = ""
) -> None:
    """Record what is written; variables of other runs keep their records."""
    array: Any = _open_done(path, group)
    known = list(array.attrs["variables"]) if array is not None else []
    union = known + [name for name in names if name not in known]
    shape = (len(union), *done.shape[1:])
    if array is not None:
        shape = tuple(np.maximum(shape, array.shape).tolist())
    if array is None or array.shape != shape:
        array = _resize_done(path, group, array, shape)
    values = np.asarray(array[...])
    for place, name in enumerate(names):
        row = values[union.index(name)]
        row[: done.shape[1], : done.shape[2]] = done[place]
    array[...] = values
    if union != known or stamp:
        array.attrs.update({"variables": union, "stamp": stamp or array.attrs.get("stamp", "")})


def _resize_done(
    path: str, group: str, array: zarr.Array[Any] | None, shape: tuple[int, ...]
) -> zarr.Array[Any]:
    if array is not None:
        array.resize(shape)
        return array
    return zarr.create_array(
        path,
        name=f"{PROGRESS}/{group}/done",
        shape=shape,
        chunks=(64, 128, 8),
        dtype="uint64",
        fill_value=0,
        compressors=(ZstdCodec(level=3),),
        dimension_names=("variable", "recording", "block"),
        attributes={"variables": [], "stamp": ""},
    )


def _count_done(path: str, group: str) -> tuple[int, int]:
    array: Any = _open_done(path, group)
    root: Any = zarr.open_group(path, path=group, mode="r", use_consolidated=False)
    needed = int(root.attrs.get("parts", 0))
    return (0 if array is None else int(np.count_nonzero(array[...]))), needed


def begin(path: str, group: str) -> None:
    """Mark an existing `group` as being written, before anything in it changes."""
    root: Any = zarr.open_group(path, path=group, mode="r+", use_consolidated=False)
    root.attrs.update({"complete": False})
    _refresh(path, group)


def expect(path: str, group: str, parts: int) -> None:
    """Note how many parts (blocks of a variable) `group` has when it is complete."""
    root: Any = zarr.open_group(path, path=group, mode="r+", use_consolidated=False)
    root.attrs.update({"parts": parts})


def _refresh(path: str, group: str) -> None:
    """Let a group that readers already see show that it is being rewritten."""
    root: Any = zarr.open_group(path, mode="r")
    if root.metadata.consolidated_metadata and group in root:
        _consolidate(path)


def commit(path: str, group: str) -> None:
    """Mark `group` as complete and make it visible: the last thing a write does."""
    root: Any = zarr.open_group(path, path=group, mode="r+", use_consolidated=False)
    root.attrs.update({"complete": True})
    _consolidate(path)


def _consolidate(path: str) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Zarr format 3 specification.*")
        zarr.consolidate_metadata(path)


def erase(path: str, name: str, shape: tuple[int, ...], row: int, block: int) -> None:
    """Remove a stored chunk: it reads as unknown until it is written again."""
    array = _open_array(path, name, shape)
    start, stop = block * array.chunks[-1], min((block + 1) * array.chunks[-1], shape[-1])
    if start < stop:
        array[(row, ..., slice(start, stop))] = array.fill_value


def rows_of(known: Sequence[str], wanted: Mapping[str, int] | Sequence[str]) -> dict[str, int]:
    """Row of every recording in a group: known ones keep theirs, new ones follow."""
    rows = {name: place for place, name in enumerate(known)}
    for name in wanted:
        rows.setdefault(name, len(rows))
    return rows
