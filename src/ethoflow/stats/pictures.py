"""Arenas that were found in a picture of another size than the one that was tracked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import xarray as xr

from ethoflow.cleaning.scores import score_of
from ethoflow.engine.declare import Array
from ethoflow.engine.gather import gather_blocks
from ethoflow.errors import listed
from ethoflow.geometry.arena import Picture
from ethoflow.geometry.by_name import for_each
from ethoflow.schema import DataError

MARGIN = 0.02
"""Share of the picture's size by which points of a right one may lie beyond its edge."""
OUTSIDE = 0.05
"""Share of the sure points beyond it from which on they are of another picture."""
ENOUGH = 50
"""Points without which nothing is said."""
FRAMES = 20_000
"""Frames at the beginning of each recording that are looked at."""
MOST_NAMES = 3


def check_pictures(ds: xr.Dataset, pictures: Mapping[str, Picture | None]) -> None:
    """Refuse arenas of pictures that the tracks do not fit into.

    Parameters
    ----------
    ds
        Tracks in px.
    pictures
        Width and height of the picture that the arena of each recording was found in, by its name,
        None where that is not known.

    Raises
    ------
    DataError
        More than a twentieth of the sure points of a recording lie outside of its picture.
    """
    names = [str(name) for name in np.atleast_1d(ds.recording.values)]
    own = dict(enumerate(for_each(pictures, names, "arena")))
    if not any(own.values()):
        return
    variables = [name for name in ("position", "confidence") if name in ds]
    reduce = partial(_reach, low=score_of(ds).min_confidence)
    reached: dict[int, list[Array]] = {}
    for row, _, places in gather_blocks(ds.isel(time=slice(FRAMES)), variables, reduce):
        reached.setdefault(row, []).append(places)
    wrong = {}
    for row, parts in sorted(reached.items()):
        places, picture = np.concatenate(parts, axis=-1), own[row]
        if picture is None or places.shape[-1] < ENOUGH:
            continue
        size = np.array(picture)[:, np.newaxis]
        outside = ((places < -MARGIN * size) | (places > (1 + MARGIN) * size)).any(axis=0).mean()
        if outside > OUTSIDE:
            wrong[names[row]] = picture, float(outside)
    if wrong:
        (width, height), outside = next(iter(wrong.values()))
        raise DataError(
            f"{listed(list(wrong), MOST_NAMES)}: the arena was found in a picture of {width} x "
            f"{height} px, and {outside:.0%} of the points seen lie outside of it: the tracks are "
            "of a picture of another size, and the scale would be wrong. Find the arena in the "
            "video that was tracked; or write it in the pixels of the tracks, and empty its cells "
            "width and height."
        )


SAMPLES = 500
"""Frames of a block, evenly spaced, that stand for it."""


def _reach(values: Mapping[str, Array], *, low: float) -> Array:
    """Sure points of some frames of a block, dims (space, point)."""
    position = values["position"][:, :, :2]
    at = np.unique(np.linspace(0, position.shape[-1] - 1, SAMPLES).astype(int))
    places = np.moveaxis(position[..., at], 2, 0)
    sure = np.isfinite(places).all(axis=0)
    if "confidence" in values:
        with np.errstate(invalid="ignore"):
            sure &= ~(values["confidence"][..., at] < low)
    return places[:, sure]
