"""Trajectories: the paths the animals took through the arena."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import hvplot.pandas  # noqa: F401  (gives data frames their .hvplot)
import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.plot.recording import one_recording, recording_title
from ethoflow.plot.regions import region_layers
from ethoflow.plot.save import PALETTE, with_options
from ethoflow.schema import Data, as_dataset, position_units
from ethoflow.skeleton import place_roles

MAX_POINTS = 20_000
"""Points drawn of each path."""


def trajectories(data: Data, *, role: str = "centre") -> Any:
    """Path of each animal, seen from above as in the video (y points down), with arena and regions.

    A gap in the track is a gap in the line. Long paths are thinned evenly to 20,000 points, which
    the title then says.

    Parameters
    ----------
    data
        Tracks or poses of one recording.
    role
        Body part that is followed, default the centre; where nothing has that role, the first body
        part that has any.

    Raises
    ------
    DataError
        Several recordings, or no positions.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> type(trajectories(simulate.still_then_running())).__name__
    'Overlay'
    """
    ds = one_recording(as_dataset(data, needs=["position"]))
    units, place = position_units(ds), _choose_part(ds, role)
    step = max(-(-ds.sizes["time"] // MAX_POINTS), 1)
    path = ds.position.isel(bodypart=place, time=slice(None, None, step)).compute()
    labels = {"x": f"x ({units})", "y": f"y ({units})"}
    layers, names = [], []
    for i, slot in enumerate(ds.individual.values):
        name = str(ds.animal.values[i]) if "animal" in ds.coords else str(slot)
        if name == "" and bool(path.isel(individual=i).isnull().all()):
            continue  # other recordings of the cohort have more animals
        names.append(name or str(slot))
        table = pd.DataFrame(
            {
                "x": path.sel(space="x").values[i],
                "y": path.sel(space="y").values[i],
                "time (s)": path.time.values,
            }
        )
        line = table.hvplot.line("x", "y", label=names[-1], hover=False)
        colour = PALETTE[i % len(PALETTE)]
        layers.append(
            with_options(line, color=colour, line=0.8, xlabel=labels["x"], ylabel=labels["y"])
        )
    outline = _outline(ds)
    layers += region_layers(ds)
    if outline is not None:
        layers.insert(0, with_options(hv.Path([outline], ["x", "y"]), color="black", line=1.5))
    part = str(ds.bodypart.values[place])
    thinned = f", every {step} frames" if step > 1 else ""
    title = f"{recording_title(ds)}: {part}{thinned}"
    # One animal that is called as its recording, which may be shortened, is named by the title.
    recording = str(ds.recording.values) if "recording" in ds.coords else None
    legend = recording is None or len(names) != 1 or not names[0].startswith(recording)
    return _frame(hv.Overlay(layers), path, outline, title, legend=legend)


def _choose_part(ds: xr.Dataset, role: str) -> int:
    roles = [str(name) for name in ds.role.values] if "role" in ds.coords else []
    place = place_roles(roles, [role])[0]
    named = [i for i, name in enumerate(roles) if name]
    return place if place is not None else (named[0] if named else 0)


def _outline(ds: xr.Dataset) -> Any:
    if "arena" not in ds:
        return None
    corners = np.asarray(ds.arena.values)
    corners = corners[~np.isnan(corners[:, 0])]
    return np.concatenate([corners, corners[:1]]) if len(corners) else None


def _frame(figure: Any, path: xr.DataArray, outline: Any, title: str, *, legend: bool) -> Any:
    """Equal scales, y downwards, a margin around what is shown."""
    points = path.transpose("space", ...).values[:2].reshape(2, -1)
    if outline is not None:
        points = np.concatenate([points, outline.T], axis=1)
    points = points[:, ~np.isnan(points).any(axis=0)]
    low, high = (
        (points.min(axis=1), points.max(axis=1)) if points.size else (np.zeros(2), np.ones(2))
    )
    margin = 0.05 * max(float((high - low).max()), 1.0)
    limits: dict[str, Any] = {
        "xlim": (float(low[0] - margin), float(high[0] + margin)),
        "ylim": (float(low[1] - margin), float(high[1] + margin)),
    }
    shape = (limits["ylim"][1] - limits["ylim"][0]) / (limits["xlim"][1] - limits["xlim"][0])
    width = 700
    return with_options(
        figure,
        width=width + 180,
        height=round(min(max(width * shape, 300), 900)),
        equal=True,
        title=title,
        invert_yaxis=True,
        legend_position="right",
        show_legend=legend,
        **limits,
    )
