"""How an animal holds itself: lengths of segments, body length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.engine import Members, feature, summary
from ethoflow.engine.declare import Array
from ethoflow.skeleton import SEGMENTS, place_roles

MAX_FRAMES = 5000
"""Frames a body length is measured on, evenly spaced over the complete ones."""


def find_segments(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """The pairs of neighbouring body parts that a dataset has, by their roles."""
    roles = [str(role) for role in ds.role.values] if "role" in ds.coords else []
    found = [place_roles(roles, pair) for pair in SEGMENTS]
    pairs = [(a, b) for a, b in found if a is not None and b is not None]
    parts = [str(part) for part in ds.bodypart.values]
    return Members(
        tuple(f"{parts[a]}-{parts[b]}" for a, b in pairs),
        {
            "start_position": tuple(a for a, _ in pairs),
            "end_position": tuple(b for _, b in pairs),
        },
    )


@feature(dims=("segment", "time"), units="position", over={"segment": find_segments})
def segment_length(start_position: Array, end_position: Array) -> Array:
    """Distance between the two body parts of each named segment (nose-tail_base, ...).

    Examples
    --------
    >>> from ethoflow import simulate
    >>> segment_length(simulate.still_then_running()).dims
    ('individual', 'segment', 'time')
    """
    length: Array = np.sqrt(np.square(end_position - start_position).sum(axis=-2))
    return length


@feature(dims=("time",), units="position", roles=("nose", "tail_base"))
def body_span(position: Array) -> Array:
    """Distance from nose to tail base at each moment.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(body_span(simulate.still_then_running())[0, 0]) > 50
    True
    """
    nose, tail_base = position
    span: Array = np.sqrt(np.square(nose - tail_base).sum(axis=0))
    return span


@summary(units="position")
def body_length(body_span: Array) -> Array:
    """Median distance from nose to tail base: how long the animal is.

    Over at most 5,000 frames, evenly spaced among those in which both points are there; missing
    when there are none.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(body_length(simulate.still_then_running())[0]) > 50
    True
    """
    complete = body_span[~np.isnan(body_span)]
    if complete.size == 0:
        return np.asarray(np.nan)
    count = min(complete.size, MAX_FRAMES)
    spaced = np.arange(count) * complete.size // count
    return np.asarray(np.median(complete[spaced]))
