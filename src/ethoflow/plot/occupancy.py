"""Occupancy: where an animal is, and for how long."""

from __future__ import annotations

from typing import Literal, TypeAlias

import holoviews as hv
import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, no_such
from ethoflow.one_recording import animal_names, arena_outline, one_recording, recording_title
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.floor import arena_layer, choose_part, limits_of, seen_from_above
from ethoflow.plot.picture import Picture
from ethoflow.plot.regions import region_corners, region_layers
from ethoflow.plot.save import sequential, with_bar, with_options
from ethoflow.schema import Data, as_dataset, position_units
from ethoflow.short_names import fitted, short_names

Value: TypeAlias = Literal["time", "frames", "density"]

CELLS = 40
"""Cells across the longer side of what is shown, by default."""

MOST_CELLS = 1000
"""Cells along a side: more are finer than any screen."""

BRIGHTEST = 99
"""Percentile of the visited cells at which the colours end: one nest would make all else pale."""


def _example() -> Picture:
    return occupancy(examples.one())


@plot(
    "one recording",
    example=_example,
    code='ef.plot.occupancy(poses.sel(recording="session_00"))',
)
def occupancy(
    data: Data,
    *,
    value: Value = "time",
    role: str = "centre",
    individual: str | None = None,
    cell: float | None = None,
    bandwidth: float | None = None,
) -> Picture:
    """Time spent in each place of the arena, seen from above as in the video (y points down).

    Frames in which the point was not seen are counted nowhere: the title says how much was seen.
    Where it never was, nothing is drawn.
    Cells that lie outside of the arena and were never visited are left out; those within it that
    were never visited have 0.

    Parameters
    ----------
    data
        Tracks or poses of one recording.
    value
        ``time``, s in each cell; ``frames``, their number; ``density``, an estimate with Gaussian
        kernels, % of the seen time per square unit.
    role
        Body part that is followed.
    individual
        Which animal; all of them together by default.
    cell
        Side of a cell, in the units of the positions; by default a fortieth of what is shown.
    bandwidth
        Standard deviation of the kernels, in the same units; by default 1.5 cells.

    Raises
    ------
    DataError
        Several recordings, no positions, no such animal, or a cell that is not positive.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> found = occupancy(simulate.still_then_running(), cell=100).data
    >>> float(found.occupancy.sum())
    8.0
    """
    ds = one_recording(as_dataset(data, needs=["position"]))
    if value not in LABELS:
        raise DataError(no_such("value", value, list(LABELS)))
    names = animal_names(ds)
    if individual is not None:
        chosen = [i for i in names if individual in (names[i], str(ds.individual.values[i]))]
        if not chosen:
            raise DataError(no_such("animal", individual, list(names.values())))
        names = {i: names[i] for i in chosen}
    units, part = position_units(ds), choose_part(ds, role)
    path = ds.position.isel(bodypart=part, individual=list(names)).transpose(
        "space", "individual", "time"
    )
    points = path.values[:2].reshape(2, -1)
    known = points[:, ~np.isnan(points).any(axis=0)].astype(float)
    outline = arena_outline(ds)
    frame = known if outline is None else np.concatenate([known, outline[:, :2].T], axis=1)
    shown_frame = np.concatenate([frame, region_corners(ds).T], axis=1)
    edges = _edges(frame, cell)
    counts = np.histogram2d(known[1], known[0], bins=edges[::-1])[0]
    numbers = _values(counts, value, float(ds.fps), edges, bandwidth)
    if not known.size:
        numbers[:] = np.nan  # where it was is not known, and not that it was nowhere
    if outline is not None:
        numbers[(counts == 0) & ~_inside(edges, outline)] = np.nan
    label = LABELS[value].format(unit=units)
    found = _tabulate(numbers, edges, units, label)
    total = points.shape[1] / float(ds.fps)
    short = fitted(short_names(names.values()).values(), 24)
    who = ", ".join(short.values()) if len(names) < 3 else f"{len(names)} animals"
    # One animal that is called as its recording is named once.
    who = "" if who == recording_title(ds) else f" of {who}"
    share = known.shape[1] / points.shape[1] if points.shape[1] else float("nan")
    title = (
        f"{recording_title(ds)}: {ds.bodypart.values[part]}{who}\n"
        f"seen in {share:.1%} of {total:.4g} s"
    )
    figure = _draw(found, label, units)
    layers = [figure, *([arena_layer(outline)] if outline is not None else []), *region_layers(ds)]
    shown = seen_from_above(
        hv.Overlay(layers), limits_of(shown_frame), title=title, show_legend=False
    )
    return Picture(shown, found)


LABELS = {
    "time": "time (s per cell)",
    "frames": "frames (number per cell)",
    "density": "density (% of seen time per {unit}²)",
}


def _edges(frame: Array, cell: float | None) -> tuple[Array, Array]:
    """Edges of the cells along x and y; the cells are square."""
    if not frame.size:
        return np.array([0.0, 1.0]), np.array([0.0, 1.0])
    low, high = frame.min(axis=1), frame.max(axis=1)
    extent = max(float((high - low).max()), 1e-6)
    if cell is None:
        cell = extent / CELLS
    if not cell > 0 or extent / cell > MOST_CELLS:
        raise DataError(
            f"cell is a length between {extent / MOST_CELLS:.3g} and {extent:.3g} here, found "
            f"{cell}."
        )
    sides = np.maximum(np.ceil((high - low) / cell - 1e-9), 1).astype(int)
    start = (low + high - sides * cell) / 2
    x, y = (start[i] + cell * np.arange(sides[i] + 1) for i in range(2))
    return x, y


def _values(
    counts: Array, value: str, fps: float, edges: tuple[Array, Array], bandwidth: float | None
) -> Array:
    if value == "frames":
        return counts.astype(float)
    if value == "time":
        return np.asarray(counts / fps)
    side = float(edges[0][1] - edges[0][0])
    width = (1.5 * side if bandwidth is None else bandwidth) / side
    if not width > 0:
        raise DataError(f"bandwidth is a positive length, found {bandwidth}.")
    total = counts.sum()
    smooth = _smooth(_smooth(counts, width).T, width).T
    return np.asarray(100 * smooth / (total * side**2)) if total else counts * np.nan


def _smooth(counts: Array, width: float) -> Array:
    """Every row convolved with a Gaussian of `width` cells."""
    reach = max(int(np.ceil(4 * width)), 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    kernel /= kernel.sum()
    rows = [np.convolve(row, kernel)[reach : reach + counts.shape[1]] for row in counts]
    return np.array(rows)


def _inside(edges: tuple[Array, Array], outline: Array) -> Array:
    """Cells of which the middle, or a corner, is in the arena; dims (y, x)."""
    from matplotlib.path import Path

    shape = Path(outline[:, :2])
    x, y = edges
    corners = np.stack(np.meshgrid(x, y), axis=-1)
    at = shape.contains_points(corners.reshape(-1, 2)).reshape(corners.shape[:2])
    return np.asarray(at[1:, 1:] | at[:-1, 1:] | at[1:, :-1] | at[:-1, :-1])


def _tabulate(numbers: Array, edges: tuple[Array, Array], units: str, label: str) -> xr.Dataset:
    x, y = ((one[1:] + one[:-1]) / 2 for one in edges)
    return xr.Dataset(
        {"occupancy": (("y", "x"), numbers, {"long_name": label})},
        {"x": ("x", x, {"units": units}), "y": ("y", y, {"units": units})},
    )


def _draw(found: xr.Dataset, label: str, units: str) -> hv.Image:
    values = found.occupancy.values
    visited = values[np.isfinite(values) & (values > 0)]
    most = float(np.percentile(visited, BRIGHTEST)) if visited.size else 1.0
    more = "" if not visited.size or visited.max() <= most else f"; darkest: {most:.3g} and more"
    x, y = edges_of(found)
    image = hv.Image(
        values[::-1],
        bounds=(x[0], y[0], x[1], y[1]),
        kdims=[hv.Dimension("x", label=f"x ({units})"), hv.Dimension("y", label=f"y ({units})")],
        vdims=hv.Dimension("occupancy", label=label),
    )
    return with_bar(with_options(image, cmap=sequential(), clim=(0, most)), f"{label}{more}")


def edges_of(found: xr.Dataset) -> tuple[tuple[float, float], tuple[float, float]]:
    """First and last edge along x and y of cells with these middles."""
    ends = []
    for name in ("x", "y"):
        middles = found[name].values
        half = (middles[1] - middles[0]) / 2 if len(middles) > 1 else _half(found)
        ends.append((float(middles[0] - half), float(middles[-1] + half)))
    return ends[0], ends[1]


def _half(found: xr.Dataset) -> float:
    """Half a cell, where one of the sides has a single one."""
    steps = [np.diff(found[name].values) for name in ("x", "y") if found.sizes[name] > 1]
    return float(steps[0][0] / 2) if steps else 0.5
