"""The floor seen from above: the arena's outline, and equal scales with y pointing down."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.one_recording import animal_names
from ethoflow.plot.save import with_options
from ethoflow.short_names import fitted, short_names
from ethoflow.skeleton import place_roles

WIDTH = 700


def choose_part(ds: xr.Dataset, role: str) -> int:
    """The body part of a role; where nothing has it, the first that has any."""
    roles = [str(name) for name in ds.role.values] if "role" in ds.coords else []
    place = place_roles(roles, [role])[0]
    named = [i for i, name in enumerate(roles) if name]
    return place if place is not None else (named[0] if named else 0)


def shown_names(ds: xr.Dataset) -> dict[int, str]:
    """Who sits in each slot, without what a tracker adds to the name of a video."""
    names = animal_names(ds)
    short = short_names(names.values())
    said = fitted(short.values())
    return {seat: said[short[name]] for seat, name in names.items()}


def arena_layer(outline: Array) -> Any:
    """The arena as a line."""
    return with_options(hv.Path([outline], ["x", "y"]), color="black", line=1.5)


def limits_of(points: Array) -> tuple[tuple[float, float], tuple[float, float]]:
    """What known points, dims (space, point), take up, with a margin."""
    points = points[:, ~np.isnan(points).any(axis=0)]
    low, high = (
        (points.min(axis=1), points.max(axis=1)) if points.size else (np.zeros(2), np.ones(2))
    )
    margin = 0.05 * float((high - low).max()) or 0.5
    (left, top), (right, bottom) = (low - margin).tolist(), (high + margin).tolist()
    return (left, right), (top, bottom)


def seen_from_above(
    figure: Any,
    limits: tuple[tuple[float, float], tuple[float, float]],
    *,
    title: str,
    beside: int = 180,
    **shared: Any,
) -> Any:
    """Equal scales, y downwards as in the video; `beside` is the room for a legend."""
    xlim, ylim = limits
    shape = (ylim[1] - ylim[0]) / (xlim[1] - xlim[0])
    return with_options(
        figure,
        width=WIDTH + beside,
        height=round(min(max(WIDTH * shape, 300), 900)),
        equal=True,
        title=title,
        invert_yaxis=True,
        xlim=xlim,
        ylim=ylim,
        **shared,
    )
