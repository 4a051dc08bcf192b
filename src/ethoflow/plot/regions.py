"""Named regions in a picture: their outlines, and their names at the upper edge."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.plot.save import with_options

COLOUR = "#595959"


def region_layers(ds: xr.Dataset) -> list[Any]:
    """Outlines and names of the regions of one recording; nothing where there are none."""
    if "region_outline" not in ds or not ds.sizes["region"]:
        return []
    outlines = ds.region_outline.transpose("region", "corner", "space").values[..., :2]
    rings = [split_rings(outline) for outline in outlines]
    paths = [ring for of_one in rings for ring in of_one]
    gap = 0.01 * float(np.ptp(np.concatenate(paths), axis=0).max()) if paths else 0.0
    labels = [
        (*_below_upper_edge(of_one[0], gap), str(region))
        for region, of_one in zip(ds.region.values, rings, strict=True)
        if of_one
    ]
    lines = with_options(hv.Path(paths, ["x", "y"]), color=COLOUR, line=0.8)
    names = hv.Labels(labels, ["x", "y"], "region")
    names = names.opts(
        backend="bokeh", text_color=COLOUR, text_font_size="8pt", text_baseline="top"
    ).opts(backend="matplotlib", color=COLOUR, size=7, verticalalignment="top")
    return [lines, names]


def region_corners(ds: xr.Dataset) -> npt.NDArray[Any]:
    """All corners of the regions of one recording, dims (corner, space)."""
    if "region_outline" not in ds:
        return np.zeros((0, 2))
    corners = ds.region_outline.transpose(..., "space").values[..., :2]
    return np.asarray(corners).reshape(-1, 2)


def split_rings(outline: npt.NDArray[Any]) -> list[npt.NDArray[np.float64]]:
    """The closed rings of an outline, which corners of NaN keep apart."""
    seen = ~np.isnan(outline).any(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(np.int8)))
    rings = [outline[start:stop].astype(np.float64) for start, stop in edges.reshape(-1, 2)]
    return [np.concatenate([ring, ring[:1]]) for ring in rings]


def _below_upper_edge(ring: npt.NDArray[np.float64], gap: float) -> tuple[float, float]:
    """The middle of a ring's extent in x, just below its top; y points down in the picture."""
    low, high = ring.min(axis=0), ring.max(axis=0)
    return float((low[0] + high[0]) / 2), float(low[1]) + gap
