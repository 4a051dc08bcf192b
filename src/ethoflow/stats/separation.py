"""Whether groups differ in many numbers at once: of an embedding, or of features; units held out.

A row of the table is a window, a bin or an animal; units (animals, cages) are what is exchanged
and held out, never rows.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, listed, no_column
from ethoflow.stats.choice import how_many
from ethoflow.stats.compare import ComparisonNote
from ethoflow.stats.design import LEAST, Design, column_of, find_design, plural
from ethoflow.stats.levels import with_index
from ethoflow.stats.permutation import count_ways, floor_of_groups, group_ways, share_reached

MOST_ROWS = 100
"""Rows of a unit, evenly spaced, from which distances are taken."""
MOST_WAYS = 500
"""Ways to exchange units for which everything is trained anew."""


@dataclass(frozen=True)
class Cloud:
    """Rows of each unit, in standard deviations, and its group; units in order of groups."""

    rows: tuple[Array, ...]
    group: Array
    units: tuple[str, ...]
    n_animals: int
    n_recordings: int
    n_lost: int

    @property
    def means(self) -> Array:
        """Mean of each unit, dims (unit, number)."""
        return np.array([part.mean(axis=0) for part in self.rows])

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of each group."""
        return tuple(np.bincount(self.group).tolist())


def separation(
    table: pd.DataFrame,
    *,
    by: str,
    columns: Sequence[str],
    time: str | None = None,
    unit: str | None = None,
    animal: str | None = None,
    independent: str | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """How far two groups are apart in several numbers at once, tested by exchanging units.

    ``energy``: the energy distance (Székely & Rizzo 2013, J. Stat. Plan. Inference 143:1249)
    between the rows of both groups, each unit counting once. ``auc``: how well a linear
    discriminant, trained without a pair of units of both groups, tells these two apart: 0.5 by
    chance, and 1 where it always does. Numbers are divided by their standard deviations first.

    With `time` there is an energy distance for every bin, and p_adjusted is corrected for having
    looked in all of them: it is of the largest, in standard deviations of what exchanged units
    give, over bins. The best bin is the one with the smallest.

    Parameters
    ----------
    table
        A row per window, bin or animal, with columns for the numbers and for who is who.
    by
        The column of the condition, one thing in each unit, of two groups.
    columns
        The numbers: places in an embedding, features, shares of clusters.
    time
        The column of bins.
    unit, animal, independent
        As for `ef.stats.compare`.
    seed
        Of what is drawn.

    Returns
    -------
    DataFrame
        measure (energy, auc), contrast, the bin, unit, n_units, n_each, n_animals, n_recordings,
        n_rows; estimate, p, p_adjusted, p_smallest, test.

    Raises
    ------
    DataError
        As `ef.stats.compare`; not two groups; they differ within units; no number varies.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> table = pd.DataFrame(rng.normal(size=(40, 2)), columns=["x", "y"])
    >>> table = table.assign(animal=[f"m{i // 4}" for i in range(40)], drug=[*"ab"] * 20)
    >>> table["drug"] = ["a" if i < 20 else "b" for i in range(40)]
    >>> found = separation(table, by="drug", columns=["x", "y"])
    >>> found[["measure", "unit", "n_units", "n_rows"]].values.tolist()
    [['energy', 'animal', 10, 40], ['auc', 'animal', 10, 40]]
    """
    table = with_index(table)
    design = find_design(table, by, unit=unit, animal=animal, independent=independent)
    _check(table, design, by, [*columns, *([time] if time else [])])
    first, second = design.by[by]
    head = {"contrast": f"{second} - {first}", "unit": design.unit}
    notes = list(design.notes)
    if time is None:
        cloud = make_cloud(table, design, by, columns)
        rows = [_energy_row(cloud, seed), _auc_row(cloud, seed)]
    else:
        bins = list(pd.unique(table.loc[design.rows.index, time].dropna().sort_values()))
        clouds = [make_cloud(table, design, by, columns, table[time] == one) for one in bins]
        rows = _over_bins(clouds, bins, time, seed)
        cloud = min(clouds, key=lambda one: len(one.units))
    if cloud.n_lost:
        notes.append(
            f"{cloud.n_lost} {plural(design.unit)} have no row without a missing number, and were "
            "left out."
        )
    for note in notes:
        warnings.warn(note, ComparisonNote, stacklevel=2)
    return pd.DataFrame([{**row, **head} for row in rows])


def _check(table: pd.DataFrame, design: Design, by: str, columns: Sequence[str]) -> None:
    if len(design.by[by]) != 2:
        raise DataError(f"separation is of two groups, and {by} has {len(design.by[by])}.")
    if design.within:
        raise DataError(f"{by} differs within {plural(design.unit)}: separation is between them.")
    for name in columns:
        if name not in table:
            raise DataError(f"columns: {no_column(name, map(str, table.columns))}")


def make_cloud(
    table: pd.DataFrame,
    design: Design,
    by: str,
    columns: Sequence[str],
    chosen: pd.Series | None = None,
) -> Cloud:
    """Rows of each unit, in standard deviations of all rows, each unit counting once.

    Raises
    ------
    DataError
        A column has no numbers; none varies; a group has fewer than three units left.
    """
    rows = design.rows if chosen is None else design.rows[chosen.loc[design.rows.index]]
    odd = [name for name in columns if not pd.api.types.is_numeric_dtype(table[name])]
    if not len(columns) or odd:
        raise DataError(f"columns must be of numbers; found {listed(odd) or 'none'}.")
    numbers = table.loc[rows.index, list(columns)].to_numpy(float)
    whole = np.isfinite(numbers).all(axis=1)
    kept = rows[whole]
    parts = {
        str(name): numbers[whole][np.asarray(kept["unit"] == name)]
        for name in kept["unit"].unique()
    }
    of = kept.drop_duplicates("unit").set_index("unit")[column_of(by)]
    units = sorted(parts, key=lambda name: (design.by[by].index(of[name]), name))
    group = np.array([design.by[by].index(of[name]) for name in units], int)
    sizes = np.bincount(group, minlength=2)
    if sizes.min() < LEAST:
        said = ", ".join(f"{n} of {name}" for n, name in zip(sizes, design.by[by], strict=True))
        raise DataError(
            f"too few {plural(design.unit)} with known numbers: {said}; {LEAST} are needed."
        )
    means = np.array([parts[name].mean(axis=0) for name in units])
    spread = np.sqrt(
        np.mean(
            [np.square(parts[name] - means.mean(axis=0)).mean(axis=0) for name in units], axis=0
        )
    )
    varied = spread > 1e-12 * np.abs(means).max(axis=0)
    if not varied.any():
        raise DataError(f"{listed(columns)}: all rows have the same numbers: nothing to separate.")
    scaled = tuple(
        (parts[n][:, varied] - means.mean(axis=0)[varied]) / spread[varied] for n in units
    )
    n_animals, n_recordings = (
        int(kept[level].nunique()) if level in kept else 0 for level in ("animal", "recording")
    )
    n_lost = int(rows["unit"].nunique()) - len(units)
    return Cloud(scaled, group, tuple(units), n_animals, n_recordings, n_lost)


def _row(cloud: Cloud) -> dict[str, object]:
    return {
        "n_units": len(cloud.units),
        "n_each": " + ".join(map(str, cloud.sizes)),
        "n_animals": cloud.n_animals or None,
        "n_recordings": cloud.n_recordings or None,
        "n_rows": sum(map(len, cloud.rows)),
        "p_smallest": floor_of_groups(cloud.sizes),
    }


def _energy_row(cloud: Cloud, seed: int) -> dict[str, object]:
    apart = distances(cloud.rows)
    ways, exact = group_ways(cloud.sizes, seed)
    found = energies(apart, ways, cloud.sizes[0])
    own = float(energies(apart, np.arange(len(apart))[np.newaxis], cloud.sizes[0])[0])
    p = share_reached(found, own, float(apart.max()), exact)
    test = f"permutation of units ({how_many(count_ways(cloud.sizes))})"
    return {"measure": "energy", **_row(cloud), "estimate": own, "p": p, "p_adjusted": p,
            "test": test}  # fmt: skip


def distances(rows: Sequence[Array]) -> Array:
    """Mean distance between the rows of every two units; within one, between different rows."""
    some = [part[np.unique(np.linspace(0, len(part) - 1, MOST_ROWS).astype(int))] for part in rows]
    found = np.zeros((len(some), len(some)))
    for i, j in itertools.combinations_with_replacement(range(len(some)), 2):
        squares = np.square(some[i][:, np.newaxis] - some[j][np.newaxis]).sum(axis=-1)
        pairs = np.sqrt(squares)
        n = len(some[i])
        mean = pairs.sum() / (n * (n - 1)) if i == j and n > 1 else pairs.mean()
        found[i, j] = found[j, i] = mean
    return found


def energies(apart: Array, ways: Array, n_first: int) -> Array:
    """Energy distance of two groups for each order of the units, of which the first come first.

    Distances within a group are those between its units, so that by chance it is about 0.
    """
    n = len(apart)
    inside = np.zeros((len(ways), n))
    np.put_along_axis(inside, ways[:, :n_first].astype(int), 1.0, axis=1)
    other = 1.0 - inside
    between = apart - np.diag(np.diag(apart))

    def mean(one: Array, two: Array, count: int) -> Array:
        return np.asarray(((one @ between) * two).sum(axis=1) / count)

    m = n - n_first
    return np.asarray(
        2 * mean(inside, other, n_first * m)
        - mean(inside, inside, n_first * (n_first - 1))
        - mean(other, other, m * (m - 1))
    )


def _auc_row(cloud: Cloud, seed: int) -> dict[str, object]:
    means, sizes = cloud.means, cloud.sizes
    own = pair_auc(means, cloud.group)
    ways, exact = group_ways(sizes, seed)
    if len(ways) > MOST_WAYS:
        ways, exact = np.random.default_rng(seed).permutation(ways)[:MOST_WAYS], False
    shuffled = [pair_auc(means[way.astype(int)], cloud.group) for way in ways]
    p = share_reached(np.array(shuffled), own, 1.0, exact)
    test = f"permutation of units ({'exact' if exact else f'{len(ways):,} random'})"
    floor = max(float(_row(cloud)["p_smallest"]), 0.0 if exact else 1 / (len(ways) + 1))  # type: ignore[arg-type]
    return {"measure": "auc", **_row(cloud), "p_smallest": floor, "estimate": own, "p": p,
            "p_adjusted": p, "test": test}  # fmt: skip


def pair_auc(means: Array, group: Array) -> float:
    """Share of pairs of units, one of each group, that are told apart without having been seen.

    A linear discriminant whose covariance is shrunk halfway to its diagonal mean is trained on all
    other units.
    """
    n, d = means.shape
    sides = []
    for one in (0, 1):
        own = means[group == one]
        rest = own - own.mean(axis=0)
        scatter = rest.T @ rest
        # Without one of m: its mean moves, and its scatter loses what that one added.
        m = len(own)
        middles = own.mean(axis=0) - rest / (m - 1)
        outer = rest[:, :, np.newaxis] * rest[:, np.newaxis]
        sides.append((own, middles, scatter - m / (m - 1) * outer))
    (first, before, left), (second, after, right) = sides
    covariance = (left[:, np.newaxis] + right[np.newaxis]) / max(n - 4, 1)
    size = np.trace(covariance, axis1=-2, axis2=-1)[..., np.newaxis, np.newaxis] / d
    shrunk = 0.5 * covariance + (0.5 * size + 1e-12) * np.eye(d)
    axis = np.linalg.solve(shrunk, (after[np.newaxis] - before[:, np.newaxis])[..., np.newaxis])
    apart = ((second[np.newaxis] - first[:, np.newaxis]) * axis[..., 0]).sum(axis=-1)
    return float(np.where(apart > 0, 1.0, np.where(apart < 0, 0.0, 0.5)).mean())


def _over_bins(
    clouds: Sequence[Cloud], bins: Sequence[object], time: str, seed: int
) -> list[dict[str, object]]:
    """An energy distance per bin, p corrected for the largest of all by the same exchanges."""
    shared = set.intersection(*(set(one.units) for one in clouds))
    group = np.array(
        [g for u, g in zip(clouds[0].units, clouds[0].group, strict=True) if u in shared]
    )
    sizes = tuple(np.bincount(group, minlength=2).tolist())
    if min(sizes) < LEAST:
        raise DataError(f"too few units have known numbers in every bin of {time}: {sizes}.")
    ways, exact = group_ways(sizes, seed)
    found, own = [], []
    for cloud in clouds:
        rows = [part for part, u in zip(cloud.rows, cloud.units, strict=True) if u in shared]
        apart = distances(rows)
        found.append(energies(apart, ways, sizes[0]))
        own.append(float(energies(apart, np.arange(len(apart))[np.newaxis], sizes[0])[0]))
    many = np.array(found)
    centre, spread = many.mean(axis=1), np.maximum(many.std(axis=1), 1e-12)
    scaled = (many - centre[:, np.newaxis]) / spread[:, np.newaxis]
    largest = scaled.max(axis=0)
    rows_out = []
    for k, (one, cloud) in enumerate(zip(bins, clouds, strict=True)):
        reached = float((own[k] - centre[k]) / spread[k])
        rows_out.append(
            {
                "measure": "energy", time: one, **_row(cloud), "n_units": len(group),
                "n_each": " + ".join(map(str, sizes)), "estimate": own[k],
                "p": share_reached(scaled[k], reached, 1.0, exact),
                "p_adjusted": share_reached(largest, reached, 1.0, exact),
                "p_smallest": floor_of_groups(sizes),
                "test": f"permutation of units ({how_many(count_ways(sizes))}), over all bins",
            }
        )  # fmt: skip
    return rows_out
