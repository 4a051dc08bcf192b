"""Where a dataset goes in a store: rows, shapes and blocks of its group, made or grown."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dask.array as da
import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow import __version__, store
from ethoflow.engine.freshness import sources_of
from ethoflow.engine.graph import Call, Node, recipe_text
from ethoflow.schema import DataError, count_frames, make_time, text

SHARED = ("fps", "role")
"""Coordinates that all recordings of a store share."""


@dataclass(frozen=True)
class Target:
    """The arrays of a group as tasks write them: shapes by variable, rows of the recordings."""

    path: str
    group: str
    shapes: Mapping[str, tuple[int, ...]]
    rows: tuple[int, ...]
    n_recordings: int
    block: int


def as_cohort(ds: xr.Dataset) -> xr.Dataset:
    """Coordinates and small variables with the dim `recording`, in memory, names unique.

    Raises
    ------
    DataError
        Two recordings have one name.
    """
    if "recording" not in ds.dims:
        ds = _widen(ds)
    names = [str(name) for name in ds.recording.values]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(f"two recordings have one name: {', '.join(repeated)}. Rename the files.")
    if "digest" not in ds.coords or "recording" not in ds.digest.dims:
        same = str(ds.digest.values) if "digest" in ds.coords else ""
        ds = ds.assign_coords(digest=("recording", text([same] * len(names))))
    if "n_frames" not in ds.coords:
        ds = ds.assign_coords(n_frames=("recording", count_frames(ds)))
    return _as_stored(ds.load())


def _as_stored(ds: xr.Dataset) -> xr.Dataset:
    """Small variables of the kinds a store keeps, which recordings that join later fit too.

    Text has any length, dates are text, durations are s; whole numbers and truths are floats, since
    they may be missing for other recordings.
    """
    changed = {
        name: (variable.dims, _kept(variable.values), variable.attrs)
        for name, variable in ds.variables.items()
        if variable.dtype.kind in "UTMm"
        or (variable.dtype.kind in "iub" and "recording" in variable.dims and name != "n_frames")
    }
    coords = {name: value for name, value in changed.items() if name in ds.coords}
    return ds.assign_coords(coords).assign({n: v for n, v in changed.items() if n not in coords})


def _kept(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if values.dtype.kind in "iub":
        return values.astype(np.float64)
    if values.dtype.kind == "m":
        return values / np.timedelta64(1, "s")
    if values.dtype.kind == "M":
        dates = np.datetime_as_string(values, unit="s").ravel()
        names = ["" if date == "NaT" else str(date).removesuffix("T00:00:00") for date in dates]
    else:
        names = [str(value) for value in values.ravel()]
    return text(names).reshape(values.shape)


def _widen(ds: xr.Dataset) -> xr.Dataset:
    if "recording" not in ds.coords:
        ds = ds.assign_coords(recording="recording")
    name = str(ds.recording.values)
    single = [n for n in ds.variables if n not in ds.dims and n not in (*SHARED, "recording")]
    wide = {n: ds[n].variable.expand_dims("recording") for n in single}
    for variable in wide.values():
        if variable.dtype.kind in "OTU":
            variable.data = text(np.asarray(variable.data).ravel()).reshape(variable.shape)
    ds_wide = ds.drop_vars([*single, "recording"])
    ds_wide = ds_wide.assign({n: v for n, v in wide.items() if n in ds.data_vars})
    coords = {n: v for n, v in wide.items() if n in ds.coords}
    return ds_wide.assign_coords({"recording": text([name]), **coords})


def lay_out(small: xr.Dataset, nodes: Mapping[str, Node], path: str, group: str) -> Target:
    """Make or grow the group so that `nodes` fit; rows for the recordings of `small`.

    Raises
    ------
    DataError
        The group there holds other body parts, animals or another frame rate.
    """
    longest = int(small.n_frames.max()) if small.sizes["recording"] else 0
    names = [str(name) for name in small.recording.values]
    there = store.open_group(path, group, warn=False) if store.has_data(path, group) else None
    if there is None:
        block = _choose_block(nodes, longest)
        known: list[str] = []
    else:
        there = _make_ready(there, small, nodes, path, group)
        # Rows without a name are of a write that was interrupted: they are used again.
        known = list(itertools.takewhile(bool, map(str, there.recording.values)))
        block = store.block_length(path, group) or _choose_block(nodes, longest)
        longest = max(longest, there.sizes.get("time", 0))
    rows = store.rows_of(known, names)
    if there is not None:
        store.grow(path, group, len(rows), longest)
    _add_arrays(small, nodes, there, path, group, rows, longest, block)
    shapes = {
        name: (len(rows), *node.shape, longest)
        for name, node in nodes.items()
        if "time" in node.dims
    }
    places = tuple(rows[name] for name in names)
    store.write_rows(path, group, small, np.asarray(places, np.int64), n_known=len(known))
    store.write_names(path, group, sorted(rows, key=lambda name: rows[name]))
    for name, variable in small.data_vars.items():
        store.set_attrs(path, f"{group}/{name}", variable.attrs)
    if "role" in small.coords:
        store.write_coord(path, group, "role", small.role.values)
    _describe(nodes, path, group)
    return Target(path, group, shapes, places, len(rows), block)


def _make_ready(
    there: xr.Dataset, small: xr.Dataset, nodes: Mapping[str, Node], path: str, group: str
) -> xr.Dataset:
    """What of the group stays, once it is known that all fits; it is being written from here on."""
    others = {*map(str, there.recording.values)} - {*map(str, small.recording.values), ""}
    kept = ", ".join(sorted(others)[:3])
    _check_same(there, small, path, group)
    _check_units(there, small, nodes, kept, f"{path}: the group {group}")
    unlike = _find_unlike(there, small, kept, f"{path}: the group {group}")
    store.begin(path, group)
    # What an interrupted write laid out, and did not come to use, is laid out anew.
    unused = set(store.list_arrays(path, group)) - set(map(str, there.variables))
    store.drop_arrays(path, group, [*unlike, *sorted(unused)])
    return there.drop_vars(unlike)


def _choose_block(nodes: Mapping[str, Node], longest: int) -> int:
    """Frames in a block: those of the stored chunks it is made from, so that each is read once."""
    sources = [source for source in sources_of(nodes) if "time" in source.dims]
    for source in sources:
        if source.stored is not None:
            return source.stored.chunks[-1]
    timed = [*sources, *(node for node in nodes.values() if "time" in node.dims)]
    sizes = [int(np.prod(node.shape)) * (1 if node.is_label else 4) for node in timed]
    return store.choose_block(max(sizes, default=1), longest)


def _check_same(there: xr.Dataset, new: xr.Dataset, path: str, group: str) -> None:
    """Recordings of one group share animals, body parts and frame rate."""
    for dim in ("individual", "bodypart", "space"):
        if dim not in there.coords or dim not in new.coords:
            continue
        found, given = (list(map(str, ds[dim].values)) for ds in (there, new))
        if found != given:
            raise DataError(
                f"{path}: the group {group} has the {dim}s {', '.join(found)}, these data have "
                f"{', '.join(given)}. Write them to another store."
            )
    if "fps" in there.coords and "fps" in new.coords and float(there.fps) != float(new.fps):
        raise DataError(
            f"{path}: the group {group} has {float(there.fps):g} frames per second, these data "
            f"have {float(new.fps):g}. Write them to another store."
        )


def _find_unlike(there: xr.Dataset, small: xr.Dataset, kept: str, where: str) -> list[str]:
    """What `small` has with other dims or of another kind than `there`, to be made anew."""
    common = [n for n in small.variables if n in there.variables and "recording" in small[n].dims]
    unlike = [str(n) for n in common if _form(there[n]) != _form(small[n])]
    if unlike and kept:
        name = unlike[0]
        raise DataError(
            f"{where} has {name} as {_form(there[name])} for {kept}, these data have it as "
            f"{_form(small[name])}. Make it one kind for all recordings."
        )
    return unlike


def _form(array: xr.DataArray) -> str:
    """What a small variable holds, in words: text or numbers, for each what."""
    kinds = {"O": "text", "T": "text", "U": "text", "i": "whole numbers"}
    dims = " and ".join(str(dim) for dim in array.dims)
    return f"{kinds.get(array.dtype.kind, 'numbers')} per {dims}"


def _check_units(
    there: xr.Dataset, small: xr.Dataset, nodes: Mapping[str, Node], kept: str, where: str
) -> None:
    """A variable has one unit: what is not written now must have it already."""
    given = {name: node.units for name, node in nodes.items()}
    given |= {
        str(n): str(a.attrs["units"]) for n, a in small.data_vars.items() if "units" in a.attrs
    }
    for name, unit in given.items():
        found = there[name].attrs.get("units", unit) if name in there else unit
        if kept and found != unit:
            raise DataError(
                f"{where} has {name} in {found} for {kept}, these data have it in {unit}. "
                "Write all recordings together, or to another group."
            )


def _add_arrays(
    small: xr.Dataset,
    nodes: Mapping[str, Node],
    there: xr.Dataset | None,
    path: str,
    group: str,
    rows: Mapping[str, int],
    longest: int,
    block: int,
) -> None:
    """Lay out what the group does not have yet."""
    present = set() if there is None else set(map(str, there.variables))
    template = xr.Dataset(
        {
            name: (("recording", *node.dims), _unwritten(len(rows), node, longest), _attrs(node))
            for name, node in nodes.items()
            if name not in present
        }
    )
    for name, variable in small.variables.items():
        if name not in present and name != "time":
            template[name] = _padded(variable, len(rows), name in small.coords)
    if "time" not in present and any("time" in node.dims for node in nodes.values()):
        template["time"] = make_time(longest, float(small.fps))
    template = template.set_coords([n for n in template.variables if n in small.coords])
    for name, coord in _new_coords(nodes, template, present).items():
        template = template.assign_coords({name: coord})
    if template.variables:
        template.attrs = {**small.attrs, "complete": False}
        store.create_arrays(path, group, template, block)


def _unwritten(n_recordings: int, node: Node, longest: int) -> da.Array:
    timed = (longest,) if "time" in node.dims else ()
    shape = (n_recordings, *node.shape, *timed)
    array: da.Array = da.full(shape, np.nan, dtype=np.float32, chunks=-1)
    return array


def _padded(variable: xr.Variable, n_recordings: int, is_coord: bool) -> xr.Variable:
    """A variable along `recording` with room for all rows; empty where nothing is known."""
    if "recording" not in variable.dims or variable.sizes["recording"] == n_recordings:
        return variable
    shape = (n_recordings, *variable.shape[1:])
    values = np.full(shape, store.missing_of(variable.dtype), dtype=variable.dtype)
    return xr.Variable(variable.dims, values, variable.attrs)


def _new_coords(
    nodes: Mapping[str, Node], template: xr.Dataset, present: set[str]
) -> dict[str, xr.Variable]:
    """Coordinates that come with the nodes themselves: partners, names of segments."""
    coords: dict[str, xr.Variable] = {}
    for node in nodes.values():
        if isinstance(node, Call):
            for dim, names in node.labels.items():
                if dim not in present:
                    coords[dim] = xr.Variable(dim, text(names))
        if "partner" in node.dims and "partner" not in present and "individual" in template.coords:
            coords["partner"] = xr.Variable("partner", text(template.individual.values))
    return coords


def _attrs(node: Node) -> dict[str, str]:
    attrs = {"kind": "label"} if node.is_label else {}
    return {**attrs, "units": node.units}


def _describe(nodes: Mapping[str, Node], path: str, group: str) -> None:
    """Attributes say how the stored numbers came about, also after a threshold changed."""
    for name, node in nodes.items():
        recipe = recipe_text(node.recipe)
        store.set_attrs(
            path,
            f"{group}/{name}",
            {**node.attrs(), "recipe": recipe, "ethoflow_version": __version__},
        )
