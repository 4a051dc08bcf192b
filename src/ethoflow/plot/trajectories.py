"""Trajectories: the paths the animals took through the arena."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import hvplot.pandas  # noqa: F401  (gives data frames their .hvplot)
import numpy as np
import pandas as pd

from ethoflow.colours import colour_of_seat
from ethoflow.one_recording import animal_names, arena_outline, one_recording, recording_title
from ethoflow.origin import clock_times
from ethoflow.plot import examples
from ethoflow.plot.decimation import stand_alone
from ethoflow.plot.declare import plot
from ethoflow.plot.floor import (
    arena_layer,
    choose_part,
    limits_of,
    seen_from_above,
    shown_names,
)
from ethoflow.plot.many import are_many, key_of_line, shaded_lines
from ethoflow.plot.picture import Picture
from ethoflow.plot.regions import region_corners, region_layers
from ethoflow.plot.save import marked, with_options
from ethoflow.schema import Data, as_dataset, position_units

MAX_POINTS = 20_000
"""Points drawn of each path."""


def _example() -> Picture:
    return trajectories(examples.one())


@plot(
    "one recording",
    example=_example,
    code='ef.plot.trajectories(poses.sel(recording="session_00"))',
)
def trajectories(data: Data, *, role: str = "centre") -> Picture:
    """Path of each animal, seen from above as in the video (y points down), with arena and regions.

    A gap in the track is a gap in the line, a frame between two gaps a dot. Long paths are thinned
    evenly to 20,000 points, which the title then says; of more than a million frames all are drawn,
    pixel by pixel, and in a notebook again where it is zoomed.

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
    >>> trajectories(simulate.still_then_running()).data.columns.tolist()
    ['x', 'y', 'time (s)', 'animal']
    """
    ds = one_recording(as_dataset(data, needs=["position"]))
    units, place = position_units(ds), choose_part(ds, role)
    many = are_many(ds.sizes["time"])
    step = 1 if many else max(-(-ds.sizes["time"] // MAX_POINTS), 1)
    path = ds.position.isel(bodypart=place, time=slice(None, None, step)).compute()
    labels = {"x": f"x ({units})", "y": f"y ({units})"}
    layers, tables = [], []
    paths, colours = {}, {}
    dims = [hv.Dimension(axis, label=label) for axis, label in labels.items()]
    names, short = animal_names(ds), shown_names(ds)
    for i, name in names.items():
        table = pd.DataFrame(
            {
                "x": path.sel(space="x").values[i],
                "y": path.sel(space="y").values[i],
                "time (s)": clock_times(ds)[::step],
            }
        )
        tables.append(table.assign(animal=name))
        colour = colour_of_seat(i)
        if many:
            paths[short[i]], colours[short[i]] = table, colour
            layers.append(key_of_line(dims, short[i], colour))
            continue
        alone = table[stand_alone(table["x"].to_numpy(float) + table["y"].to_numpy(float))]
        if len(alone):
            layers.append(marked(hv.Points(alone, ["x", "y"]), color=colour, size=3))
        line = table.hvplot.line("x", "y", label=short[i], hover=False)
        layers.append(
            with_options(line, color=colour, line=0.8, xlabel=labels["x"], ylabel=labels["y"])
        )
    outline = arena_outline(ds)
    layers += region_layers(ds)
    points = path.transpose("space", ...).values[:2].reshape(2, -1)
    if outline is not None:
        layers.insert(0, arena_layer(outline))
        points = np.concatenate([points, outline[:, :2].T], axis=1)
    points = np.concatenate([points, region_corners(ds).T], axis=1)
    part = str(ds.bodypart.values[place])
    thinned = f", every {step} frames" if step > 1 else ""
    title = f"{recording_title(ds)}: {part}{thinned}"
    # One animal that is called as its recording, which may be shortened, is named by the title.
    recording = str(ds.recording.values) if "recording" in ds.coords else None
    (first, *others) = names.values() if names else ("",)
    legend = recording is None or bool(others) or not first.startswith(recording)
    drawn: Any = hv.Overlay(layers)
    if paths:
        drawn = drawn * shaded_lines(paths, dims, colours)
    figure = seen_from_above(
        drawn, limits_of(points), title=title, legend_position="right",
        show_legend=legend,
    )  # fmt: skip
    return Picture(figure, pd.concat(tables) if tables else pd.DataFrame())
