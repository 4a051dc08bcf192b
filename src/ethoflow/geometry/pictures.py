"""Arenas that were found in a picture of another size than the one that was tracked."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import listed
from ethoflow.geometry.arena import Arena
from ethoflow.geometry.drawing import way_to_own
from ethoflow.schema import DataError

MARGIN = 0.02
"""Share of the picture's size by which points of a right one may lie beyond its edge."""
OUTSIDE = 0.05
"""Share of the sure points beyond it from which on they are of another picture."""
ENOUGH = 50
"""Points without which nothing is said."""
FRAMES = 20_000
"""Frames at the beginning of each recording that are looked at."""
SAMPLES = 500
"""Frames of a block, evenly spaced, that stand for it."""
MOST_NAMES = 3
NEAR, APART = 0.06, 1.2
"""Share of the arena's width by which edges fit; factor from which on a size is another one."""
EDGES = 0.005
"""Share of the points that may lie beyond the edges of where animals go."""


class OtherPicture(UserWarning):
    """An arena that fits where the animals go at another size of its picture."""


def check_pictures(ds: xr.Dataset, drawn: Sequence[Sequence[Arena]], names: Sequence[str]) -> None:
    """Refuse or tell outlines whose picture is of another size than the one that was tracked.

    Outlines that know no picture are not looked at; where none does nothing is read. Of the points,
    the half counts in which the tracker was surest.

    Parameters
    ----------
    ds
        Tracks or poses.
    drawn
        The outlines of each recording, in its order.
    names
        Names of the recordings.

    Raises
    ------
    DataError
        More than a twentieth of the points of a recording lie outside of the picture.

    Warns
    -----
    OtherPicture
        The animals go where the outline would be in a picture of another size.
    """
    known = {
        row: found
        for row, each in enumerate(drawn)
        if (found := [one for one in each if one.picture is not None])
    }
    if not known or "position" not in ds:
        return
    wrong: dict[str, str] = {}
    scaled: dict[str, list[str]] = {}
    for row, places in _places(ds, sorted(known)).items():
        for arena in known[row] if len(places) >= ENOUGH else ():
            if said := _outside(places, arena):
                wrong.setdefault(names[row], said)
            elif (times := fit_size(places, arena.corners())) is not None:
                scaled.setdefault(f"{times:.2g}", []).append(names[row])
    if wrong:
        picture = next(iter(wrong.values()))
        raise DataError(
            f"{listed(list(wrong), MOST_NAMES)}: the arena was found in {picture}: the tracks "
            "are of a picture of another size, and the scale would be wrong. Find the arena in the "
            "video that was tracked; or write it in the pixels of the tracks, and without the "
            "width and height of a picture."
        )
    for shown, told in scaled.items():
        of = f"{listed(told, MOST_NAMES)}: " if any(told) else ""
        warnings.warn(f"{of}{other_size(shown)}", OtherPicture, stacklevel=3)


def other_size(times: str) -> str:
    """The sentence on animals that go where an arena would be in a picture of another size."""
    return (
        f"the animals go where the arena would be in a picture {times} times as large: was it "
        "found in a video of another size than the one that was tracked? Lengths and regions "
        "are then wrong by this factor. (Else the animals use a part of it alone.)"
    )


def fit_size(places: Array, arena: Array) -> float | None:
    """How many times as large the picture would be in which an arena fits where animals go.

    None where it fits as it is, and where no size of the picture makes it fit: a picture is scaled
    from its corner at (0, 0), so that all four edges have to follow one factor.

    Parameters
    ----------
    places
        Dims (point, space), px.
    arena
        Corners, dims (vertex, space), px.

    Examples
    --------
    >>> floor = np.array([[40.0, 30.0], [600.0, 30.0], [600.0, 450.0], [40.0, 450.0]])
    >>> fit_size(floor / 2, floor), fit_size(floor, floor)
    (0.5, None)
    """
    low, high = arena.min(axis=0), arena.max(axis=0)
    if (low < -(high - low) / 4).any():
        return None  # not in a picture, whose corner is (0, 0)
    edges = np.concatenate([low, high])
    reach = np.quantile(places, [EDGES, 1 - EDGES], axis=0).ravel()
    times = float(edges @ reach / (edges @ edges))
    if 1 / APART < times < APART:
        return None
    off = np.abs(reach - times * edges) / np.tile(times * (high - low), 2)
    return times if times > 0 and off.max() < NEAR else None


def _outside(places: Array, arena: Arena) -> str:
    """The picture of an arena, and how many points lie outside of it; empty where few do."""
    size = np.array(arena.picture)
    share = ((places < -MARGIN * size) | (places > (1 + MARGIN) * size)).any(axis=1).mean()
    if share <= OUTSIDE:
        return ""
    return f"a picture of {size[0]} x {size[1]} px, and {share:.0%} of the points seen lie outside"


def _places(ds: xr.Dataset, rows: Sequence[int]) -> dict[int, Array]:
    """Sure points of some frames of recordings in px, dims (point, space), by row."""
    from ethoflow.engine.gather import gather_blocks  # Dask is heavy

    variables = [name for name in ("position", "confidence") if name in ds]
    some = ds.isel(time=slice(FRAMES))
    if "recording" in ds.dims:
        some = some.isel(recording=list(rows))
    parts: dict[int, list[Array]] = {}
    for place, _, found in gather_blocks(some, variables, _sample):
        parts.setdefault(rows[place], []).append(found)
    ways = {row: way_to_own(ds, row, "px") for row in parts}
    return {
        row: way.back(_sure(np.concatenate(parts[row])))
        for row, way in ways.items()
        if not way.lacking
    }


def _sample(values: Mapping[str, Array]) -> Array:
    """Points of some frames of a block and how sure they are, dims (point, x y and confidence)."""
    position = values["position"][:, :, :2]
    at = np.unique(np.linspace(0, position.shape[-1] - 1, SAMPLES).astype(int))
    x, y = np.moveaxis(position[..., at], 2, 0)
    sure = values["confidence"][..., at] if "confidence" in values else np.ones_like(x)
    points = np.stack([x, y, sure], axis=-1).reshape(-1, 3).astype(np.float64)
    return points[np.isfinite(points[:, :2]).all(axis=1)]


def _sure(points: Array) -> Array:
    """The surer half of points, dims (point, space); all where nothing tells how sure they are."""
    known = points[:, 2][~np.isnan(points[:, 2])]
    usual = np.median(known) if known.size else 0.0
    return points[~(points[:, 2] < usual), :2]
