"""Groups of a store: which there are, opened as datasets, rid of what they no longer hold."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr
import zarr

from ethoflow.schema import DataError, text
from ethoflow.store.progress import PROGRESS, count_done, open_done
from ethoflow.store.regions import open_array


class IncompleteGroup(UserWarning):
    """A group in which a run was interrupted: missing parts read as unknown."""


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
    try:
        ds = xr.open_zarr(str(path), group=group, chunks=None, consolidated=False)
    except ValueError:  # a write was interrupted while arrays grew: as it was before
        ds = xr.open_zarr(str(path), group=group, chunks=None, consolidated=True)
    ds.attrs.pop("parts", None)
    if not ds.attrs.pop("complete", True) and warn:
        done, needed = count_done(str(path), group)
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
    coords = coord_names(root)
    name_coords(root, coords)
    for name, array in present.items():
        is_index = (array.metadata.dimension_names or ()) == (name,)
        if name not in names and name not in coords and not is_index:
            done: Any = open_done(path, group)
            if done is not None and name in done.attrs["variables"]:
                done[list(done.attrs["variables"]).index(name)] = 0
            del root[name]
            open_array.cache_clear()


def coord_names(root: Any) -> set[str]:
    """Arrays of a group that are coordinates: named as such by the group or by a variable."""
    arrays = dict(root.arrays())
    named = (item.attrs.get("coordinates", "") for item in (root, *arrays.values()))
    return {name for text in named for name in str(text).split()} & set(arrays)


def name_coords(root: Any, names: set[str]) -> None:
    """Let the group name its coordinates: the variables that name them may be deleted."""
    root.attrs.update({"coordinates": " ".join(sorted(names))})


def list_arrays(path: str, group: str) -> list[str]:
    """Names of the arrays of a group."""
    root: Any = zarr.open_group(path, path=group, mode="r", use_consolidated=False)
    return [name for name, _ in root.arrays()]


def drop_arrays(path: str, group: str, names: Sequence[str]) -> None:
    """Delete small variables of a group, which are about to be written anew."""
    root: Any = zarr.open_group(path, path=group, mode="r+", use_consolidated=False)
    for name in names:
        del root[name]


def set_attrs(path: str, name: str, attrs: Mapping[str, Any]) -> None:
    """Update the attributes of an array."""
    zarr.open_array(path, path=name, mode="r+").attrs.update(dict(attrs))
