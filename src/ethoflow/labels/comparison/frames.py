"""Frames: how often two sources say the same, and what measures make of the counts.

A state is 1, 0 or -1 (unknown) in every frame. Sums are given block by block, so that they can be
added for any choice of blocks or recordings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Sums: TypeAlias = Mapping[str, Array]


def known_to_both(x: Array, y: Array) -> Array:
    """Frames in which neither state is unknown."""
    known: Array = (x >= 0) & (y >= 0)
    return known


def sum_by_block(values: Array, width: int) -> Array:
    """Sums over blocks of `width` frames; the last may be shorter.

    Examples
    --------
    >>> sum_by_block(np.array([1, 2, 3, 4, 5]), 2).tolist()
    [3.0, 7.0, 5.0]
    """
    found: Array = np.add.reduceat(values.astype(np.float64), np.arange(0, len(values), width))
    return found


def sum_frames(x: Array, y: Array, width: int) -> dict[str, Array]:
    """Frames known to both in which both, one or neither have it, block by block.

    Examples
    --------
    >>> found = sum_frames(np.array([1, 1, 0, -1]), np.array([1, 0, 0, 1]), 4)
    >>> {name: found[name].item() for name in found}
    {'both': 1.0, 'only_a': 1.0, 'only_b': 0.0, 'neither': 1.0}
    """
    known = known_to_both(x, y)
    masks = {
        "both": (x == 1) & (y == 1),
        "only_a": (x == 1) & (y == 0),
        "only_b": (x == 0) & (y == 1),
        "neither": (x == 0) & (y == 0),
    }
    return {name: sum_by_block(mask & known, width) for name, mask in masks.items()}


def sum_cells(x: Array, y: Array, n_categories: int, width: int) -> dict[str, Array]:
    """Frames known to both by the category in each of them, dims (block, of a, of b).

    Categories are numbers from 0 on, -1 is unknown.
    """
    n_blocks = -(-len(x) // width)
    known = known_to_both(x, y)
    cell = (np.arange(len(x)) // width * n_categories + x) * n_categories + y
    counts = np.bincount(cell[known], minlength=n_blocks * n_categories**2).astype(np.float64)
    return {"cells": counts.reshape(n_blocks, n_categories, n_categories)}


def ratio(top: Array, bottom: Array) -> Array:
    """A quotient that is NaN where there is nothing to divide by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = np.where(bottom == 0, np.nan, np.divide(top, bottom))
    return found


def n_frames(sums: Sums) -> Array:
    """Frames known to both."""
    total: Array = sums["both"] + sums["only_a"] + sums["only_b"] + sums["neither"]
    return total


def accuracy(sums: Sums) -> Array:
    """Share of frames in which both say the same."""
    return ratio(sums["both"] + sums["neither"], n_frames(sums))


def kappa(sums: Sums) -> Array:
    """Cohen's kappa: agreement beyond that of two who scatter the same shares by chance."""
    both, a, b, neither = (sums[name] for name in ("both", "only_a", "only_b", "neither"))
    return ratio(
        2 * (both * neither - a * b), (both + a) * (a + neither) + (both + b) * (b + neither)
    )


def f1(sums: Sums) -> Array:
    """Harmonic mean of precision and recall."""
    return ratio(2 * sums["both"], 2 * sums["both"] + sums["only_a"] + sums["only_b"])


def precision(sums: Sums) -> Array:
    """Share of the frames in which b has it that a has, too."""
    return ratio(sums["both"], sums["both"] + sums["only_b"])


def recall(sums: Sums) -> Array:
    """Share of the frames in which a has it that b has, too."""
    return ratio(sums["both"], sums["both"] + sums["only_a"])


def mcc(sums: Sums) -> Array:
    """Matthews' correlation of the two."""
    both, a, b, neither = (sums[name] for name in ("both", "only_a", "only_b", "neither"))
    sides = np.sqrt(both + a) * np.sqrt(both + b) * np.sqrt(neither + a) * np.sqrt(neither + b)
    return ratio(both * neither - a * b, sides)


def why_frames(sums: Sums, name: str) -> str:
    """Why a measure of frames is not defined."""
    both, a, b, neither = (float(sums[n]) for n in ("both", "only_a", "only_b", "neither"))
    if both + a + b + neither == 0:
        return "no frame is known to both"
    if both + a + b == 0:
        return "neither has it in any frame that both know"
    if neither + a + b == 0:
        return "both have it in every frame that both know"
    if name == "precision":
        return "b has it in no frame that both know"
    if name == "recall":
        return "a has it in no frame that both know"
    return "one of them has it in no frame or in every frame that both know"


def cells_accuracy(sums: Sums) -> Array:
    """Share of frames with the same category."""
    cells = sums["cells"]
    return ratio(np.trace(cells, axis1=-2, axis2=-1), cells.sum((-2, -1)))


def cells_kappa(sums: Sums) -> Array:
    """Cohen's kappa over all categories."""
    cells = sums["cells"]
    total = cells.sum((-2, -1))
    chance = (cells.sum(-1) * cells.sum(-2)).sum(-1)
    alike = np.trace(cells, axis1=-2, axis2=-1) * total
    return ratio(alike - chance, total**2 - chance)


def cells_rand(sums: Sums) -> Array:
    """Adjusted Rand index: whether frames are grouped alike, whatever the groups are called."""
    cells = sums["cells"]

    def in_pairs(counts: Array) -> Array:
        found: Array = counts * (counts - 1) / 2
        return found

    total = in_pairs(cells.sum((-2, -1)))
    rows, columns = in_pairs(cells.sum(-1)).sum(-1), in_pairs(cells.sum(-2)).sum(-1)
    chance = ratio(rows * columns, total)
    alike: Array = in_pairs(cells).sum((-2, -1))
    return ratio(alike - chance, (rows + columns) / 2 - chance)


def why_cells(sums: Sums, name: str) -> str:
    """Why a measure of categories is not defined."""
    return (
        "both have one and the same category throughout"
        if float(sums["cells"].sum())
        else "no frame is known to both"
    )
