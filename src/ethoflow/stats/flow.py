"""Behaviour flow: whether groups differ in all of their transitions, in one test."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, in_words
from ethoflow.stats.choice import how_many
from ethoflow.stats.compare import ComparisonNote
from ethoflow.stats.design import find_design
from ethoflow.stats.levels import with_index
from ethoflow.stats.permutation import (
    count_ways,
    floor_of_groups,
    group_ways,
    share_reached,
)
from ethoflow.stats.units import Sample, make_samples


def compare_flow(
    table: pd.DataFrame,
    *,
    by: str,
    unit: str | None = None,
    value: str = "share",
    animal: str | None = None,
    independent: str | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Whether groups differ in a whole matrix, such as that of transitions: one test of all cells.

    Cells are averaged per unit and group; the sum over cells of how far the groups' means are from
    the mean of all (Manhattan distance) is held against that of units exchanged between groups. One
    test needs no correction for the number of cells. Units lacking a cell are left out.

    Parameters
    ----------
    table
        As `transitions` gives it, or any table with a row per animal and cell (`behaviour`).
    by
        The column of the condition.
    unit, animal, independent
        As in `compare`.
    value
        The column that is compared.
    seed
        Of what is drawn at random.

    Returns
    -------
    DataFrame
        One row with behaviour (``all``), contrast, test, unit, n_units, n_animals, estimate (the
        distance), p and p_smallest, n_each and n_cells.

    Raises
    ------
    DataError
        As `compare`; the condition differs within units; too few units have all cells.

    Examples
    --------
    >>> rows = [(f"m{i}", "drug" if i > 3 else "none", cell, i * (cell == "a → b") + 1.0)
    ...     for i in range(8) for cell in ("a → b", "b → a")]
    >>> table = pd.DataFrame(rows, columns=["animal", "treatment", "behaviour", "share"])
    >>> compare_flow(table, by="treatment")[["n_units", "n_cells", "estimate", "p"]].round(3)
       n_units  n_cells  estimate      p
    0        8        2       4.0  0.029
    """
    design = find_design(table, by, unit=unit, animal=animal, independent=independent)
    if design.within:
        raise DataError(
            f"{by} differs within {design.unit}s: flow is compared between units. Compare single "
            "transitions with ef.stats.compare."
        )
    samples, notes = make_samples(with_index(table), design, value, None)
    values, group, sample = _matrix(samples)
    sizes = np.bincount(group, minlength=len(design.by[by])).tolist()
    if min(sizes) < 3:
        said = in_words([f"{n} of {name}" for n, name in zip(sizes, design.by[by], strict=True)])
        raise DataError(f"too few units have a known value in every cell: {said}; 3 are needed.")
    for note in (*design.notes, *notes):
        warnings.warn(note, ComparisonNote, stacklevel=2)
    order = np.argsort(group, kind="stable")
    ways, exact = group_ways(tuple(sizes), seed)
    found = _distances(values[order], ways, sizes)
    own = float(_distances(values[order], np.arange(len(order))[np.newaxis], sizes)[0])
    first, *others = design.by[by]
    row = {
        "behaviour": "all",
        "contrast": f"{others[0]} - {first}" if len(others) == 1 else by,
        "test": f"permutation of flow ({how_many(count_ways(sizes))})",
        "unit": design.unit,
        "n_units": len(values),
        "n_animals": len(frozenset().union(*sample.animals)),
        "estimate": own,
        "p": share_reached(found, own, float(np.abs(values).max()), exact),
        "p_smallest": floor_of_groups(sizes),
        "n_each": " + ".join(map(str, sizes)),
        "n_cells": values.shape[1],
    }
    return pd.DataFrame([row])


def _matrix(samples: Mapping[str, Sample]) -> tuple[Array, Array, Sample]:
    """Units with all cells, dims (unit, cell), and their groups."""
    shared = set.intersection(*(set(one.units) for one in samples.values()))
    first = next(iter(samples.values()))
    kept = [unit for unit in first.units if unit in shared]
    columns = []
    for one in samples.values():
        place = {unit: i for i, unit in enumerate(one.units)}
        columns.append(one.values[[place[unit] for unit in kept], 0])
    chosen = np.array([unit in shared for unit in first.units], bool)
    return np.stack(columns, axis=1), first.group[chosen], first.pick(chosen, [0])


def _distances(values: Array, ways: Array, sizes: Sequence[int]) -> Array:
    """Manhattan distance between groups, for each order of the units.

    Of two groups it is that of their means, of more the sum over groups of that to the mean of all.
    """
    centred = values - values.mean(axis=0)
    stops = np.cumsum(sizes)
    found = np.zeros(len(ways))
    for begin in range(0, len(ways), 2048):
        part = ways[begin : begin + 2048]
        for start, stop, n in zip([0, *stops[:-1]], stops, sizes, strict=True):
            inside = np.zeros((len(part), len(values)))
            np.put_along_axis(inside, part[:, start:stop].astype(int), 1.0 / n, axis=1)
            found[begin : begin + 2048] += np.abs(inside @ centred).sum(axis=1)
    return found
