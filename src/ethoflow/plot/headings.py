"""Directions as a rose: how often an animal faces, or goes, each way."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.colours import PALETTE
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.features.direction import heading
from ethoflow.one_recording import one_recording, recording_title
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import filled, with_options
from ethoflow.plot.squares import write


def _example() -> Picture:
    return headings(heading(examples.one()))


@plot(
    "one recording",
    example=_example,
    code='ef.plot.headings(ef.features.heading(poses).sel(recording="session_00"))',
)
def headings(direction: xr.DataArray, *, n: int = 24) -> Picture:
    """How often each direction is taken, as in the video: right is +x, down is +y.

    The area of a sector is its share of the frames in which the direction is known, which the title
    says; of several animals together. Directions as an animal sees them, such as of
    `ef.features.region_bearing`, have what is ahead (0) on the right, and the rest clockwise.

    Parameters
    ----------
    direction
        A direction of one recording along time, in rad, as `ef.features.heading` gives.
    n
        How many sectors.

    Raises
    ------
    DataError
        It is not in rad, of several recordings, of several regions or body parts, or there are
        fewer than three sectors.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> table = headings(heading(simulate.still_then_running()), n=4).data
    >>> table[table["share"] > 0]["from"].round(3).tolist()
    [-0.785]
    """
    name = str(direction.name or "direction")
    if direction.attrs.get("units") != "rad":
        raise DataError(
            f"directions are in rad, as of ef.features.heading; {name} is in "
            f"{direction.attrs.get('units', 'no unit')!r}."
        )
    if n < 3:
        raise DataError(f"a rose has three sectors or more, found n={n}.")
    ds = one_recording(direction.to_dataset(name=name))
    for dim in set(ds[name].dims) - {"individual", "partner", "time"}:
        if ds.sizes[dim] > 1:
            raise DataError(
                f"{name} is of {ds.sizes[dim]} along {dim}, which are different directions: choose "
                f"one with .sel({dim}={str(ds[dim].values[0])!r})."
            )
    values = ds[name].values.astype(float).ravel()
    known = values[~np.isnan(values)]
    width = 2 * np.pi / n
    counts = np.bincount(np.floor((known + width / 2) / width).astype(int) % n, minlength=n)
    share = counts / max(len(known), 1) if len(known) else np.full(n, np.nan)
    starts = (np.arange(n) - 0.5) * width
    starts = np.where(starts > np.pi - width / 2 - 1e-9, starts - 2 * np.pi, starts)
    table = pd.DataFrame({"from": starts, "to": starts + width, "frames": counts, "share": share})
    seen = len(known) / max(len(values), 1)
    title = f"{recording_title(ds)}: {name.replace('_', ' ')} (rad), known in {seen:.1%}"
    return Picture(_draw(table, title, ON_FLOOR if name in OF_FLOOR else AS_SEEN), table)


OF_FLOOR = ("heading", "head_direction", "movement_direction")
"""Directions in the picture; others are as an animal sees them."""
ON_FLOOR, AS_SEEN = ("0: +x", "+y", "±π", "−π/2"), ("0", "π/2", "±π", "−π/2")
"""What stands at the four sides, clockwise from the right."""


def _draw(table: pd.DataFrame, title: str, sides: tuple[str, ...]) -> hv.Overlay:
    radius = np.sqrt(table["share"].fillna(0).to_numpy(float))
    most = float(radius.max()) or 1.0
    rows = zip(table["from"], table["to"], radius, strict=True)
    sectors = [_sector(start, stop, r) for start, stop, r in rows if r > 0]
    rings = [most * np.sqrt(part) for part in (0.25, 0.5, 1.0)]
    circle = np.linspace(0, 2 * np.pi, 181)
    paths = [np.stack([r * np.cos(circle), r * np.sin(circle)], axis=1) for r in rings]
    layers = [with_options(hv.Path(paths, ["x", "y"]), color="#cccccc", line=0.8)]
    if sectors:
        layers.append(filled(sectors, PALETTE[0], "white"))
    # Where the sectors are shortest the numbers of the rings stand beside none.
    free = _free_side(table)
    words = [(r * np.cos(free), r * np.sin(free), f"{r**2:.1%}") for r in rings[1:]]
    places = [(1.2, 0), (0, 1.15), (-1.15, 0), (0, -1.15)]
    words += [(most * a, most * b, said) for said, (a, b) in zip(sides, places, strict=True)]
    layers.append(write(words, "x", "y", "#444444", 8))
    reach = 1.4 * most
    return with_options(
        hv.Overlay(layers), width=560, height=540, equal=True, title=title, invert_yaxis=True,
        xaxis=None, yaxis=None, xlim=(-reach, reach), ylim=(-reach, reach), show_legend=False,
    )  # fmt: skip


def _free_side(table: pd.DataFrame) -> float:
    """The diagonal beside which sectors are shortest, rad."""
    middles = (table["from"] + table["to"]) / 2
    known = table["share"].fillna(0).to_numpy(float)
    diagonals = np.pi * np.array([-0.25, 0.25, 0.75, -0.75])
    near = np.cos(middles.to_numpy()[np.newaxis] - diagonals[:, np.newaxis]) > np.cos(0.35)
    tallest = np.where(near, known, 0).max(axis=1)
    return float(diagonals[int(np.argmin(tallest))])


def _sector(start: float, stop: float, radius: float) -> Array:
    angles = np.linspace(start, stop, 12)
    arc = np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)
    return np.concatenate([[[0.0, 0.0]], arc, [[0.0, 0.0]]])
