"""Dimensions, and the order they come in."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

DIMS = (
    "recording",
    "individual",
    "partner",
    "bodypart",
    "segment",
    "joint",
    "region",
    "corner",
    "landmark",
    "vertex",
    "space",
    "time",
)
"""Canonical order of dims. Time is last and contiguous."""


def ordered(dims: Sequence[Hashable] | Mapping[Hashable, int]) -> list[Hashable]:
    """`dims` in canonical order; dims that only a user knows come before time."""
    known = {name: place for place, name in enumerate(DIMS)}
    return sorted(dims, key=lambda dim: known.get(str(dim), known["space"] + 0.5))
