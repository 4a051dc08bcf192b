"""Suspected swaps of identities: the paths around each moment, as tracked and exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.colours import colour_of_seat
from ethoflow.errors import listed
from ethoflow.identities.exchanges import hold
from ethoflow.identities.table import LETTERS, PARTS
from ethoflow.one_recording import one_recording, recording_title
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.schema import Data, as_dataset, first_frame, position_units

AROUND = 1.5
"""Time before and after a moment that is drawn, s."""

MOST = 24
"""Suspects of one recording that are drawn."""

BODIES = 0.25
"""Time between the bodies that are drawn on a path, s."""


def _example() -> Picture:
    return swaps(*examples.swapped())


@plot(
    "quality",
    example=_example,
    code='ef.plot.swaps(tracks.sel(recording="session_00"), ef.find_swaps(tracks))',
)
def swaps(data: Data, suspects: pd.DataFrame) -> Picture:
    """A row for each suspected swap of one recording: the paths as tracked, and exchanged.

    Left, the paths as tracked, a colour for each slot; right, exchanged from this moment on. A path
    that goes on smoothly under one colour is that of one animal. Light before the moment, dark
    after it; a ring is where each was last seen before, a square where it is first seen after.
    Bodies are drawn every quarter of a second.

    Parameters
    ----------
    data
        Tracks of one recording.
    suspects
        Rows of `find_swaps` about it; the first 24 are drawn.
    """
    from matplotlib.figure import Figure

    ds = one_recording(as_dataset(data, needs=["position"]))
    shown = suspects.head(MOST)
    more = f" (the first {MOST} of {len(suspects)})" if len(suspects) > MOST else ""
    count = f"{len(suspects)} suspected swap{'' if len(suspects) == 1 else 's'}{more}"
    figure = Figure(figsize=(9, 0.9 + 3.9 * max(len(shown), 0.1)), layout="constrained")
    figure.suptitle(f"{recording_title(ds)}: {count}", fontsize=11, y=1.0, va="bottom")
    if shown.empty:
        return Picture(figure, shown)
    axes = figure.subplots(len(shown), 2, squeeze=False, sharex="row", sharey="row")
    for row, (_, suspect) in enumerate(shown.iterrows()):
        _draw(ds, suspect, axes[row])
    return Picture(figure, shown)


def _is_name(cell: object) -> bool:
    return isinstance(cell, str) and cell != ""


def _draw(ds: xr.Dataset, suspect: pd.Series, axes: Sequence[Any]) -> None:
    fps, first = float(ds.fps), first_frame(ds)
    moment = int(suspect["start_frame"]) - first
    wide = round((AROUND + float(suspect["unseen"])) * fps)
    start, stop = max(moment - wide, 0), min(moment + round(AROUND * fps), ds.sizes["time"])
    part = ds.position.isel(time=slice(start, stop), space=slice(2))
    position = part.transpose("individual", "time", "bodypart", "space").values
    slots = [str(slot) for slot in ds.individual.values]
    seats = [slots.index(str(suspect[key])) for key in LETTERS if _is_name(suspect.get(key))]
    exchanged = position.copy()
    held, names = hold(seats, len(slots)), [str(part) for part in ds.bodypart.values]
    for part in _parts(suspect, names):
        exchanged[:, moment - start :, part] = position[held, moment - start :, part]
    drawn = (position, exchanged)
    limits = _limits(position[seats])
    for axis, paths in zip(axes, drawn, strict=True):
        for seat in seats:
            _draw_animal(axis, paths[seat], moment - start, seat, slots[seat], fps)
        axis.set_aspect("equal")
        axis.set_xlim(*limits[0])
        axis.set_ylim(*limits[1][::-1])  # y points down, as in the video
        axis.tick_params(labelsize=7)
        axis.set_xlabel(f"x ({position_units(ds)})", fontsize=7)
    axes[0].set_ylabel(f"y ({position_units(ds)})", fontsize=7)
    axes[0].legend(fontsize=7, loc="best")
    axes[0].set_title(
        f"{suspect['start']:.2f} s, {suspect['status']}: as tracked", fontsize=8, loc="left"
    )
    axes[1].set_title(f"exchanged: {_describe(suspect)}", fontsize=8, loc="left")


def _parts(suspect: pd.Series, names: Sequence[str]) -> list[int]:
    """The body parts that change places: all where none are named."""
    some = suspect.get(PARTS)
    wanted = str(some).split() if _is_name(some) else names
    return [place for place, name in enumerate(names) if name in wanted]


def _describe(suspect: pd.Series) -> str:
    if _is_name(some := suspect.get(PARTS)):
        return f"only {listed(str(some).split(), 4)}"
    return (
        f"odds {suspect['odds']:.1f} (motion {suspect['motion']:.1f}, heading "
        f"{suspect['heading']:.1f}, proportions {suspect['proportions']:.1f})"
    )


def _limits(paths: Any) -> list[tuple[float, float]]:
    """A square around what is seen, with a margin."""
    points = paths.reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return [(0.0, 1.0), (0.0, 1.0)]
    low, high = points.min(axis=0), points.max(axis=0)
    half = 0.55 * max(float((high - low).max()), 1.0)
    return [(float(m - half), float(m + half)) for m in (low + high) / 2]


def _draw_animal(axis: Any, path: Any, at: int, seat: int, name: str, fps: float) -> None:
    """One animal's path, dims (time, bodypart, space), with its body here and there."""
    colour = colour_of_seat(seat)
    known = np.isfinite(path).all(axis=2)
    seen = np.flatnonzero(known.any(axis=1))
    count = known.sum(axis=1, keepdims=True)
    total = np.where(known[..., np.newaxis], path, 0).sum(axis=1)
    middle = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    for where, strength in ((slice(None, at), 0.4), (slice(at, None), 1.0)):
        label = name if strength == 1.0 else None
        axis.plot(*middle[where].T, color=colour, alpha=strength, lw=1.4, label=label)
    every = max(round(BODIES * fps), 1)
    for frame in range(at % every, len(path), every):
        points = path[frame][known[frame]]
        axis.plot(*points.T, ".", color=colour, ms=2, alpha=0.25 if frame < at else 0.7)
    for some, marker in ((seen[seen < at][-1:], "o"), (seen[seen >= at][:1], "s")):
        axis.plot(*middle[some].T, marker, color=colour, ms=6, mfc="none", mew=1.2)
