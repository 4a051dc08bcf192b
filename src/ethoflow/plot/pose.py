"""Poses: the skeletons of the animals at a few moments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.colours import colour_of_seat, shade
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.one_recording import (
    animal_names,
    arena_outline,
    links_of,
    nose_of,
    one_recording,
    recording_title,
)
from ethoflow.origin import clock_times
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.floor import arena_layer, limits_of, seen_from_above, shown_names
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import marked, with_options
from ethoflow.schema import Data, as_dataset, position_units

MOST_MOMENTS = 20


def _example() -> Picture:
    return pose(examples.one(), start=15.0, stop=17.5, moments=4)


@plot(
    "one recording",
    example=_example,
    code='ef.plot.pose(poses.sel(recording="session_00"), start=15, stop=17.5)',
)
def pose(data: Data, *, start: float, stop: float, moments: int = 5) -> Picture:
    """Skeletons of all animals at a few moments, the earliest the palest; y points down.

    Body parts that were not seen at a moment are left out, and so are the lines to them. The dot is
    the nose.

    Parameters
    ----------
    data
        Tracks or poses of one recording.
    start, stop
        Between which times, s of the recording's own clock.
    moments
        How many moments, evenly apart, both ends included.

    Raises
    ------
    DataError
        Nothing lies between these times, or there are too many moments.
    """
    ds = one_recording(as_dataset(data, needs=["position"]))
    times = clock_times(ds)
    within = np.flatnonzero((times >= start - 1e-9) & (times <= stop + 1e-9))
    if not within.size or not 1 <= moments <= MOST_MOMENTS:
        ends = f"{times[0]:.4g} to {times[-1]:.4g} s" if times.size else "no time at all"
        raise DataError(
            f"poses are of 1 to {MOST_MOMENTS} moments within the recording, which is {ends}; "
            f"found {moments} from {start} to {stop} s."
        )
    frames = within[np.unique(np.linspace(0, within.size - 1, moments).round().astype(int))]
    part = ds.isel(time=frames)
    position = part.position.transpose("individual", "time", "bodypart", "space").values[..., :2]
    outline = arena_outline(ds)
    layers: list[Any] = [] if outline is None else [arena_layer(outline)]
    layers += _skeletons(part, position, shown_names(part))
    units = position_units(ds)
    shown = with_options(hv.Overlay(layers), xlabel=f"x ({units})", ylabel=f"y ({units})")
    limits = limits_of(position.reshape(-1, 2).T)
    title = f"{recording_title(ds)}: {times[frames[0]]:.4g} to {times[frames[-1]]:.4g} s"
    figure = seen_from_above(shown, limits, title=title, legend_position="right", show_legend=True)
    return Picture(figure, tabulate(part, position, times[frames]))


def _skeletons(ds: xr.Dataset, position: Array, names: Mapping[int, str]) -> list[Any]:
    """Lines between the body parts that are seen, and the noses as dots; the last are the key."""
    n, links, nose = position.shape[1], links_of(ds), nose_of(ds)
    lines: list[tuple[Any, ...]] = []
    dots: list[tuple[Any, ...]] = []
    key = []
    for moment in range(n):
        for seat, name in names.items():
            points, colour = position[seat, moment], colour_of_seat(seat)
            pale = shade(colour, 0.8 * (1 - (moment + 1) / n))
            lines += [(*points[a], *points[b], pale) for a, b in links]
            seen = points if nose is None else points[[nose]]
            if moment < n - 1:
                dots += [(*point, pale) for point in seen]
                continue
            known = seen[np.isfinite(seen).all(axis=1)]
            key.append(marked(hv.Points(known, ["x", "y"], label=name), color=colour, size=7))
    edges = pd.DataFrame(lines, columns=["x", "y", "x1", "y1", "colour"]).dropna()
    drawn = hv.Segments(edges, ["x", "y", "x1", "y1"], "colour")
    early = pd.DataFrame(dots, columns=["x", "y", "colour"]).dropna()
    return [
        with_options(drawn, color="colour", line=1.6),
        marked(hv.Points(early, ["x", "y"], "colour"), color="colour", size=7),
        *key,
    ]


def tabulate(ds: xr.Dataset, position: Array, times: Array) -> pd.DataFrame:
    """Every point of every frame, a row for each."""
    parts = [str(part) for part in ds.bodypart.values]
    rows = [
        (animal, float(times[t]), part, *position[seat, t, place].tolist())
        for seat, animal in animal_names(ds).items()
        for t in range(len(times))
        for place, part in enumerate(parts)
    ]
    return pd.DataFrame(rows, columns=["animal", "time", "bodypart", "x", "y"])
