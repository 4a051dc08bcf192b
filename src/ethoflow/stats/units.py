"""Means per unit: rows into recordings, recordings into animals, animals into units."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, listed, no_column
from ethoflow.labels.categories import short_categories
from ethoflow.labels.rows import ROW
from ethoflow.stats.absent import fill_absent, hide_shared
from ethoflow.stats.averaged import tell_mixed
from ethoflow.stats.design import Design, column_of
from ethoflow.stats.exposure import called, mean_of_rows, tell_bins, tell_watched, watched
from ethoflow.stats.levels import as_names

AMOUNTS = ("share", "time", "n_bouts", "count", "n", "usage", "frames", "n_frames", "entries")
"""Values of which a behaviour that was never shown has none: 0. Of others it is not known."""
_Mean: TypeAlias = tuple[str, int, int, float]
"""The mean of a unit: its name, its group, the cell within it, the number."""

FINER = ("animal", "recording")
LARGEST = 1e100
BINS = ("bin", "time_bin", "start")


@dataclass(frozen=True)
class Sample:
    """One behaviour: the mean of each unit in each cell of the factors within units.

    Attributes
    ----------
    values
        Dims (unit, cell); units that lack a cell are left out.
    group
        Index of the combination of factors between units that each unit is in.
    animals, recordings
        Who is behind each unit.
    n_lost
        Units that were left out, for a value that is not known.
    units
        Names of the units.
    members
        The means of the animals of each unit, where there is one cell.
    """

    values: Array
    group: Array
    animals: tuple[frozenset[str], ...]
    recordings: tuple[frozenset[str], ...]
    n_lost: int = 0
    units: tuple[str, ...] = ()
    members: tuple[Array, ...] = ()

    def pick(self, units: Array, cells: Sequence[int]) -> Sample:
        """Some of the units and cells."""
        places = np.flatnonzero(units)
        return Sample(
            self.values[places][:, list(cells)],
            self.group[places],
            tuple(self.animals[i] for i in places),
            tuple(self.recordings[i] for i in places),
            self.n_lost,
            tuple(self.units[i] for i in places),
            tuple(self.members[i] for i in places) if self.members else (),
        )


def name_behaviours(table: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    """What each row is of, with places and categories, and the columns it was made of."""
    columns = [str(column) for column in table.columns]
    parts = [name for name in ("behaviour",) if name in columns]
    if "partner" in columns and "animal" in columns:
        between = columns[columns.index("partner") + 1 : columns.index("animal")]
        parts += [name for name in between if name not in ROW]
    parts += [name for name in ("category",) if name in columns]
    if not parts:
        return pd.Series("", index=table.index, dtype=object), []
    named = table[parts].apply(as_names)
    if {"behaviour", "category"} <= set(parts):
        of = named.groupby("behaviour", sort=False, dropna=False)["category"]
        named["category"] = of.transform(lambda x: x.map(short_categories(str(x.name), x.dropna())))
    joined = [" ".join(cell for cell in row if isinstance(cell, str)) for row in named.to_numpy()]
    return pd.Series(joined, index=table.index, dtype=object), parts


def make_samples(
    table: pd.DataFrame, design: Design, value: str | Sequence[str], absent: float | None
) -> tuple[dict[str, Sample], list[str]]:
    """A sample for every behaviour of a table, and what is to be said.

    Parameters
    ----------
    table
        A tidy table.
    design
        Its design.
    value
        Column of numbers, or several.
    absent
        What a behaviour is worth where a recording has rows of others and none of it; by default 0
        for amounts (shares, times, counts), else unknown.

    Raises
    ------
    DataError
        A value is no column of numbers.
    """
    longs, notes = make_longs(table, design, value, absent)
    samples = {
        call(behaviour, name, longs): sample
        for name, long in longs.items()
        for behaviour, sample in _reduce(long, design)
    }
    return samples, notes


def call(behaviour: str, value: str, values: Sized) -> str:
    """What is compared: the behaviour, the value, or both where there are several."""
    return f"{behaviour}: {value}" if len(values) > 1 and behaviour else behaviour or value


def make_longs(
    table: pd.DataFrame, design: Design, value: str | Sequence[str], absent: float | None
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The rows of a design with the number of each, for every value, and what is to be said.

    Parameters and errors are those of `make_samples`. Columns: those of the design's rows,
    behaviour, value, and what decides how rows are averaged.
    """
    names = [value] if isinstance(value, str) else list(value)
    if not names:
        raise DataError("value: no column is named.")
    behaviours, _ = name_behaviours(table)
    rows, lasting = design.rows, watched(table)
    longs: dict[str, pd.DataFrame] = {}
    named = rows.assign(behaviour=behaviours.loc[rows.index])
    notes = tell_mixed(table, named, _keys(named, design, len(FINER)))
    for name in names:
        long = named.assign(
            value=_numbers(table, name).loc[rows.index],
            kind=_kinds(table).loc[rows.index],
            partner=_partners(table, design),
            bin=_bins(table).loc[rows.index],
            store=table["store"].loc[rows.index] if "store" in table else "",
            watched=lasting.loc[rows.index],
            what=called(table, name).loc[rows.index],
        )
        long, said = hide_shared(long)
        notes += said
        fill = absent if absent is not None else 0.0 if name in AMOUNTS else None
        if fill is not None and design.unit != "row":
            long, said = fill_absent(long, [*map(column_of, design.by)], fill)
            notes += said
        notes += tell_bins(long, _keys(long, design, len(FINER)))
        notes += tell_watched(long, [column_of(factor) for factor in design.by])
        longs[name] = long
    return longs, notes


def means_at(long: pd.DataFrame, design: Design, finest: int = 0) -> pd.DataFrame:
    """Means of means of what is known: rows into recordings, these into animals, into units.

    `finest` levels (the animal, the recording) are kept.
    """
    means = known = long[long["value"].notna()]
    levels = [level for level in FINER if level in known]
    for n in range(len(levels), finest - 1, -1):
        keys = _keys(known, design, n)
        if means is known:
            means = mean_of_rows(known, keys)
        else:
            means = means.groupby(keys, sort=False, dropna=False)["value"].mean().reset_index()
    return means


def _numbers(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        raise DataError(f"value: {no_column(name, map(str, table.columns))}")
    column = table[name]
    if not (pd.api.types.is_numeric_dtype(column) or column.isna().all()):
        odd = column[pd.to_numeric(column, errors="coerce").isna() & column.notna()]
        if len(odd):
            raise DataError(
                f"value: {name} is not a column of numbers; found {listed(map(repr, odd), 3)}."
            )
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    if np.isinf(numbers).any():
        raise DataError(f"value: {name} has infinite values; leave these rows out.")
    sizes = numbers.abs()[numbers != 0]
    if sizes.max() > LARGEST or sizes.min() < 1 / LARGEST:
        raise DataError(
            f"value: {name} has numbers from {sizes.min():.0e} to {sizes.max():.0e}, which cannot "
            "be squared: give it in another unit."
        )
    return numbers


def _kinds(table: pd.DataFrame) -> pd.Series:
    """Whether a row is of an animal, a pair or a whole group."""
    kinds = pd.Series("animal", index=table.index)
    if "individual" in table:
        kinds = kinds.where(as_names(table["individual"]).notna(), "group")
    if "partner" in table:
        kinds = kinds.where(as_names(table["partner"]).isna(), "pair")
    return kinds


def _bins(table: pd.DataFrame) -> pd.Series:
    column = next((name for name in BINS if name in table), None)
    return table[column] if column else pd.Series(0, index=table.index)


def _partners(table: pd.DataFrame, design: Design) -> pd.Series:
    """The identity of the other animal of a pair."""
    rows = design.rows
    if not {"partner_animal", "animal"} <= set(table.columns) or "recording" not in rows:
        return pd.Series(None, index=rows.index, dtype=object)
    names = table.loc[rows.index, ["animal", "partner_animal"]].apply(as_names)
    keys = list(zip(rows["recording"], names["animal"], strict=True))
    known = dict(zip(keys, rows["animal"], strict=True))
    others = zip(rows["recording"], names["partner_animal"], strict=True)
    found = [known.get(key) for key in others]
    return pd.Series(found, index=rows.index, dtype=object)


def _reduce(long: pd.DataFrame, design: Design) -> Iterator[tuple[str, Sample]]:
    """Means of means, from rows to units; behaviours in the order in which they come."""
    order = list(dict.fromkeys(long["behaviour"]))
    known = long[long["value"].notna()]
    finest = 1 if "animal" in known else 0
    means = means_at(long, design, finest)
    members = _members(means) if finest else {}
    if finest:
        keys = _keys(known, design, 0)
        means = means.groupby(keys, sort=False, dropna=False)["value"].mean().reset_index()
    people = {level: _sets(known, level) for level in ("animal", "recording")}
    if "partner" in known and known["partner"].notna().any():
        for key, others in _sets(known, "partner").items():
            people["animal"][key] = people["animal"].get(key, frozenset()) | others
    groups = list(itertools.product(*(design.by[f] for f in design.between)))
    cells = list(itertools.product(*(design.by[f] for f in design.within)))
    parts: dict[str, list[_Mean]] = {behaviour: [] for behaviour in order}
    between, within = (
        list(means[list(some)].itertuples(index=False, name=None))
        for some in ([column_of(f) for f in one] for one in (design.between, design.within))
    )
    for i, (behaviour, unit, number) in enumerate(
        zip(means["behaviour"], means["unit"], means["value"], strict=True)
    ):
        seat = cells.index(within[i])
        parts[behaviour].append((unit, groups.index(between[i]), seat, number))
    n_all = dict.fromkeys(order, design.rows["unit"].nunique())
    if design.unit == "row":  # each is of one behaviour
        n_all = long.groupby("behaviour")["unit"].nunique().to_dict()
    for behaviour, part in parts.items():
        yield behaviour, _sample_of(behaviour, part, len(cells), people, members, n_all[behaviour])


def _keys(long: pd.DataFrame, design: Design, n: int) -> list[str]:
    """Columns that tell apart what is averaged, down to the first `n` levels within units."""
    factors = [column_of(factor) for factor in (*design.between, *design.within)]
    return ["behaviour", "unit", *factors, *[level for level in FINER if level in long][:n]]


def _members(means: pd.DataFrame) -> dict[tuple[str, str], list[float]]:
    found: dict[tuple[str, str], list[float]] = {}
    columns = (means[name] for name in ("behaviour", "unit", "value"))
    for behaviour, unit, value in zip(*columns, strict=True):
        found.setdefault((behaviour, unit), []).append(value)
    return found


def _sets(known: pd.DataFrame, level: str) -> dict[tuple[str, str], frozenset[str]]:
    if level not in known:
        return {}
    distinct = known[["behaviour", "unit", level]].dropna().drop_duplicates()
    found: dict[tuple[str, str], set[str]] = {}
    columns = (distinct[name] for name in ("behaviour", "unit", level))
    for behaviour, unit, name in zip(*columns, strict=True):
        found.setdefault((behaviour, unit), set()).add(name)
    return {key: frozenset(names) for key, names in found.items()}


def _sample_of(
    behaviour: str,
    part: Sequence[_Mean],
    n_cells: int,
    people: Mapping[str, Mapping[tuple[str, str], frozenset[str]]],
    members: Mapping[tuple[str, str], Sequence[float]],
    n_all: int,
) -> Sample:
    place = {unit: i for i, unit in enumerate(dict.fromkeys(unit for unit, *_ in part))}
    values = np.full((len(place), n_cells), np.nan)
    group = np.zeros(len(place), int)
    for unit, of, seat, number in part:
        values[place[unit], seat] = number
        group[place[unit]] = of
    whole = ~np.isnan(values).any(axis=1)
    names = tuple(unit for unit, keep in zip(place, whole, strict=True) if keep)
    animals, recordings = (
        tuple(people[level].get((behaviour, unit), frozenset()) for unit in names)
        for level in ("animal", "recording")
    )
    inside = tuple(
        np.array(members.get((behaviour, unit), [values[place[unit], 0]])) for unit in names
    )
    n_lost = n_all - len(names)
    return Sample(
        values[whole], group[whole], animals, recordings, n_lost, names,
        inside if n_cells == 1 else (),
    )  # fmt: skip
