"""An embedding as a cloud of points, and the same points along time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.colours import colours_of
from ethoflow.errors import DataError, UnknownName, no_such
from ethoflow.labels.categories import UNKNOWN as NOT_KNOWN
from ethoflow.labels.categories import Categories, encode, is_category, short_categories
from ethoflow.names import in_order
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.ethogram import UNKNOWN
from ethoflow.plot.many import are_many, shaded_counts, shaded_groups
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import marked, sequential, with_options
from ethoflow.schema import Data, as_dataset

MOST_POINTS = 20_000
"""Points that are drawn one by one; `data` has those."""

CELLS = 80

ABSENT = "#7f7f7f"
"""Of frames without a label, darker than those of which it is not known."""


def _example() -> Picture:
    return embedding(examples.embedded(), by="moving")


@plot(
    "labels beside each other",
    example=_example,
    code='ef.plot.embedding(latents.assign(cluster=clusters), by="cluster")',
)
def embedding(
    data: Data, *, by: str | None = None, name: str = "embedding", latents: tuple[int, int] = (0, 1)
) -> Picture:
    """Two latents of an embedding, a point a frame coloured by label or group; or their density.

    Frames without an embedding are left out, those whose label is not known are grey. More than
    20,000 points are thinned evenly, which the title says; a density counts all of them. More than
    a million are all drawn, pixel by pixel, and in a notebook again where it is zoomed.

    Parameters
    ----------
    data
        A dataset with the embedding, dims (individual, latent, time), of one recording or many.
    by
        A label or variable of categories, or a coordinate of recordings; by default the density.
    name
        The variable of the embedding.
    latents
        Which two.

    Raises
    ------
    DataError
        There is no such variable, label, coordinate or latent.
    """
    ds = as_dataset(data)
    array = choose_latents(ds, name, latents)
    table = tabulate(ds, array, by, latents)
    known = table.dropna(subset=["one", "other"]).reset_index(drop=True)
    x = hv.Dimension("one", label=f"latent {latents[0]} (a.u.)")
    y = hv.Dimension("other", label=f"latent {latents[1]} (a.u.)")
    many = are_many(len(known))
    if by is None:
        return Picture(_counted(known, x, y) if many else _density(known, x, y), known)
    step = 1 if many else max(-(-len(known) // MOST_POINTS), 1)
    shown = known.iloc[::step]
    names = sorted(set(shown["group"]) - {""}, key=in_order)
    colours = group_colours(ds, by, names)
    thinned = f", every {step} frames" if step > 1 else ""
    layers: list[Any] = []
    for group in ("", *names) if not many else ():
        own = hv.Points(shown[shown["group"] == group], [x, y], label=group or "unknown")
        if len(own):
            layers.append(marked(own, color=colours[group], size=4, alpha=0.6))
    drawn = shaded_groups(shown, [x, y], "group", colours) if many else hv.Overlay(layers)
    if isinstance(drawn, hv.Overlay):
        drawn = drawn.opts(backend="matplotlib", legend_opts={"markerscale": 3.0})
    figure = with_options(
        drawn, width=760, height=560, legend_position="right", show_legend=True,
        title=f"{len(known)} frames by {by}{thinned}",
    )  # fmt: skip
    return Picture(figure, shown)


def group_colours(ds: xr.Dataset, by: str, groups: Sequence[str]) -> dict[str, str]:
    """Colours of groups, and of what is not known; categories have those of their bouts."""
    label = by in ds.data_vars
    category = label and is_category(ds[by])
    names = {group: group for group in groups}
    if category:
        short = short_categories(by, [*Categories.of(ds[by]).names, *groups])
        names = {group: f"{by} {short[group]}" for group in groups}
    absent = _without(by) if label and not category else None
    colours = colours_of([name for name in names.values() if name != absent])
    if absent is not None:
        colours[absent] = ABSENT
    return {**{group: colours[name] for group, name in names.items()}, "": UNKNOWN}


def _without(label: str) -> str:
    """What frames are called that do not have a label."""
    return f"not {label}"


def choose_latents(ds: xr.Dataset, name: str, latents: tuple[int, int]) -> xr.DataArray:
    """The embedding, which has both latents."""
    if name not in ds:
        raise UnknownName(no_such("variable", name, list(map(str, ds.data_vars))))
    array = ds[name]
    if "latent" not in array.dims or max(latents) >= array.sizes["latent"]:
        raise DataError(f"{name} has no latents {latents}; it has the dims {dict(array.sizes)}.")
    return array


def tabulate(
    ds: xr.Dataset,
    array: xr.DataArray,
    by: str | None,
    latents: tuple[int, int],
    also: Mapping[str, xr.DataArray] = MappingProxyType({}),
) -> pd.DataFrame:
    """A row for every animal and frame, with its group in words: empty where it is not known."""
    pair = array.isel(latent=list(latents))
    parts = {"one": pair.isel(latent=0, drop=True), "other": pair.isel(latent=1, drop=True)}
    names: dict[int, str] = {}
    if by is not None:
        if by in ds.data_vars and set(ds[by].dims) <= set(parts["one"].dims):
            names, parts["code"] = _codes(ds[by])
        elif by in ds.coords and set(ds[by].dims) <= set(parts["one"].dims):
            levels, codes = np.unique(ds[by].values.astype(str), return_inverse=True)
            names = dict(enumerate(levels.tolist()))
            parts["code"] = xr.DataArray(codes.reshape(ds[by].shape), dims=ds[by].dims)
        else:
            known = [*map(str, ds.data_vars), *map(str, ds.coords)]
            raise UnknownName(no_such("label or coordinate", by, known))
    parts |= also
    plain = [one.reset_coords(drop=True) for one in parts.values()]
    flat = xr.broadcast(*plain)
    table = pd.DataFrame(
        {key: np.asarray(one.values).ravel() for key, one in zip(parts, flat, strict=True)}
    )
    if "code" in table:
        codes = table.pop("code").to_numpy()
        words = np.array(["", *names.values()], dtype=object)
        places = dict(zip(names, range(1, len(words)), strict=True))
        found, inverse = np.unique(codes, return_inverse=True)
        own = np.array([places.get(code, 0) for code in found.tolist()])
        table["group"] = words[own[inverse]]
    return table


def _codes(array: xr.DataArray) -> tuple[dict[int, str], xr.DataArray]:
    codes = np.asarray(encode(array.compute()))
    if is_category(array):
        found = set(np.unique(codes[codes != NOT_KNOWN]).tolist())
        return Categories.of(array).members(found), array.copy(data=codes)
    return {1: str(array.name), 0: _without(str(array.name))}, array.copy(data=codes)


def _density(known: pd.DataFrame, x: Any, y: Any) -> Any:
    one, other = known["one"].to_numpy(float), known["other"].to_numpy(float)
    counts, across, down = np.histogram2d(one, other, bins=CELLS)
    counts[counts == 0] = np.nan
    image = hv.Image(
        counts.T[::-1], bounds=(across[0], down[0], across[-1], down[-1]), kdims=[x, y],
        vdims=hv.Dimension("frames", label="frames (number)"),
    )  # fmt: skip
    return with_options(
        with_options(image, cmap=sequential(), colorbar=True, clabel="frames (number per cell)"),
        width=760, height=560, title=f"density of {len(known)} frames",
    )  # fmt: skip


def _counted(known: pd.DataFrame, x: Any, y: Any) -> Any:
    return with_options(
        shaded_counts(known, [x, y], "frames (number per pixel)"), width=760, height=560,
        title=f"density of {len(known)} frames",
    )  # fmt: skip
