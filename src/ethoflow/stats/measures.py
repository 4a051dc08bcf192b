"""Everything that is known of each animal and bin of time, in one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow import store as stored
from ethoflow.errors import DataError, in_words, no_such
from ethoflow.labels.bouts import find_bouts
from ethoflow.labels.budget import OWN, budget_in
from ethoflow.labels.runs import is_behaviour
from ethoflow.labels.sources import LABELS
from ethoflow.labels.windows import BIN, Windows, bins_of, whole_recordings
from ethoflow.names import name_aside
from ethoflow.place import place
from ethoflow.schema import as_dataset
from ethoflow.stats import activity
from ethoflow.stats.binned_transitions import transitions_in
from ethoflow.stats.feature_means import mean_features
from ethoflow.stats.units import name_behaviours
from ethoflow.units import Quantity

Groups: TypeAlias = str | Path | xr.DataTree | Mapping[str, xr.Dataset]

WHO = ("recording", "individual", "partner", "measure", "animal", "partner_animal")
COLUMNS = (*WHO, "behaviour", "source", *BIN, "value", "units")
"""Columns of the table; metadata follow. `measure` stands where names of places stand in budgets,
so that a comparison has a row for each measure of each behaviour."""

UNITS = {
    "observed": "s", "time": "s", "mean_bout": "s", "latency_to_first": "s",
    "mean_interval": "s", "rate": "1/s",
}  # fmt: skip
_LEFT_OUT = ("latency_cut",)


def measures(
    data: Groups,
    *,
    bin: Quantity | None = None,
    groups: Sequence[str] | None = None,
    transitions: bool = True,
) -> pd.DataFrame:
    """One table of everything: a row per animal (or pair), bin, behaviour or feature, and measure.

    Of labels: what `ef.time_budget` gives (a cluster is a behaviour), and transitions; of features
    the mean; of poses what `ef.summarise` gives. A behaviour or a cluster that an animal never
    shows is 0 there, and missing where it was not observed. `ef.stats.compare(table, by=...,
    value="value")` compares all of it, `ef.stats.widen` gives a row per animal and bin, and
    `ef.stats.describe` a row per group.

    Parameters
    ----------
    data
        A store, what `ef.open` gave, or datasets by name.
    bin
        Length of a bin, s or a string with a unit, from the first frame of each recording on; all
        of the recording by default.
    groups
        Which of them; by default all groups of labels, the features and the poses.
    transitions
        Whether transitions are counted, of which there are as many as pairs of behaviours.

    Returns
    -------
    DataFrame
        recording, individual, partner, measure, animal, partner_animal, behaviour, source (the
        group); by bins bin, start and stop (s of the recording's own clock); value and units.
        Metadata follow.

    Raises
    ------
    DataError
        There is no such group, or none that something can be measured in.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> labels = annotate(simulate.still_then_running(), ["moving"])
    >>> table = measures({"labels/rules": labels}, bin="4 s")
    >>> table[table.measure == "share"][["behaviour", "bin", "value"]].values.tolist()
    [['moving', 0, 0.01], ['moving', 1, 1.0]]
    """
    parts = []
    for name, ds in _open(data, groups):
        windows = whole_recordings(ds) if bin is None else bins_of(ds, bin)
        if name.startswith(LABELS):
            parts += [part.assign(source=name) for part in _of_labels(ds, windows, transitions)]
        elif "position" in ds:
            if activity.can_summarise(ds):
                parts.append(_of_poses(ds, bin).assign(source=name))
        else:
            parts.append(_of_features(ds, windows).assign(source=name))
    parts = [part for part in parts if len(part)]
    if not parts:
        raise DataError("nothing here can be measured per animal: no labels, features or poses.")
    whole = pd.concat(parts, ignore_index=True)
    own = [column for column in COLUMNS if column in whole]
    return _named_apart(whole[[*own, *(c for c in whole.columns if c not in own)]])


def _open(data: Groups, groups: Sequence[str] | None) -> Iterator[tuple[str, xr.Dataset]]:
    """The groups that were asked for, one after the other."""
    if isinstance(data, xr.DataTree):
        data = {node.path.strip("/"): node.to_dataset() for node in data.subtree if node.has_data}
    known = list(data) if isinstance(data, Mapping) else stored.list_groups(place(data))
    usual = [n for n in known if n.startswith(LABELS) or n in ("features", "poses")]
    for name in usual if groups is None else groups:
        if name not in known:
            raise DataError(f"groups: {no_such('group', name, known)}")
        if isinstance(data, Mapping):
            yield name, as_dataset(data[name])  # type: ignore[arg-type]
        else:
            from ethoflow.engine.sources import open_store  # Dask is heavy

            yield name, as_dataset(open_store(data, name))


def _of_labels(ds: xr.Dataset, windows: Windows, transitions: bool) -> Iterator[pd.DataFrame]:
    if not any(is_behaviour(array) for array in ds.data_vars.values()):
        return
    budget = budget_in(ds, windows)
    names, used = name_behaviours(budget)
    seats = budget.assign(behaviour=names).drop(columns=[c for c in used if c != "behaviour"])
    values = [name for name in OWN if name not in _LEFT_OUT]
    yield _melt(seats.drop(columns=list(_LEFT_OUT)), values)
    if transitions:
        found = transitions_in(find_bouts(ds), budget)
        if len(found):
            keys = ["recording", "individual", *(["bin"] if "bin" in seats else [])]
            alone = seats[seats["partner"] == ""].drop_duplicates(keys)
            beside = alone.drop(columns=["behaviour", *OWN], errors="ignore")
            found = found if "bin" in seats else found.drop(columns="bin")
            yield _melt(found.merge(beside, on=keys), ["count", "probability", "rate"])


def _of_features(ds: xr.Dataset, windows: Windows) -> pd.DataFrame:
    found = mean_features(ds, windows)
    return found.drop(columns="observed").rename(columns={"mean": "value"}).assign(measure="mean")


def _of_poses(ds: xr.Dataset, bin: Quantity | None) -> pd.DataFrame:
    found = activity.summarise(ds, bin=bin)
    units: Mapping[str, str] = found.attrs["units"]
    found.attrs = {}
    own = ["recording", "individual", "animal", *(BIN if bin is not None else ())]
    values = [str(n) for n in found.columns if _variable(str(n), units) is not None]
    beside = [n for n in found.columns if n not in {*own, *values, activity.LENGTH_UNIT}]
    kept = [n for n in values if not str(n).startswith("latency_cut")]
    beside = [n for n in beside if not str(n).startswith("latency_cut")]
    long = found.melt([*own, *beside], kept, var_name="behaviour", value_name="value")
    long["value"] = long["value"].astype(float)
    long["units"] = [units[str(_variable(str(n), units))] for n in long["behaviour"]]
    # The name of the variable is the measure; what stands behind it, a region, is what it is of.
    of_what = [str(_variable(str(n), units)) for n in long["behaviour"]]
    long["behaviour"] = [
        n.removeprefix(v).removeprefix("_") or "body"
        for n, v in zip(long["behaviour"], of_what, strict=True)
    ]
    return long.assign(measure=of_what, partner="", partner_animal="")


def _variable(column: str, units: Mapping[str, str]) -> str | None:
    """The variable that a column is of, alone or with a region behind it."""
    fits = [name for name in units if column == name or column.startswith(f"{name}_")]
    return max(fits, key=len, default=None)


def _melt(table: pd.DataFrame, values: Sequence[str]) -> pd.DataFrame:
    """A row for each of the columns `values`, metadata beside it."""
    taken = {*COLUMNS} - {*table.columns}
    table = table.rename(columns={n: name_aside(n, COLUMNS) for n in table if n in taken})
    ids = [column for column in table.columns if column not in values]
    long = table.melt(ids, list(values), var_name="measure", value_name="value")
    long["value"] = long["value"].astype(float)
    return long.assign(units=long["measure"].map(UNITS).fillna("1"))


def _named_apart(table: pd.DataFrame) -> pd.DataFrame:
    """Behaviours of one name and measure in several groups are told apart by the group."""
    kinds = table.groupby(["behaviour", "measure"])["source"].transform("nunique")
    several = kinds > 1
    if several.any():
        longer = table["behaviour"] + " (" + table["source"].str.removeprefix(LABELS) + ")"
        table["behaviour"] = table["behaviour"].where(~several, longer)
    return table


_WINDOW = ("recording", "individual", "partner", "animal", "partner_animal", *BIN)


def widen(table: pd.DataFrame, measure: str | Sequence[str] | None = None) -> pd.DataFrame:
    """A row per animal (or pair) and bin, and a column for every behaviour and measure.

    Parameters
    ----------
    table
        As `measures` gives it.
    measure
        One or more of them; all by default. Of one alone the columns are called by the behaviour.

    Returns
    -------
    DataFrame
        Who and when; the values; the metadata that are the same in all rows of an animal and bin.

    Raises
    ------
    DataError
        There is no such measure, or two rows are of one cell.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> labels = annotate(simulate.still_then_running(), ["moving", "immobile"])
    >>> widen(measures({"labels/rules": labels}), "share")[["moving", "immobile"]].values.tolist()
    [[0.505, 0.495]]
    """
    asked = [measure] if isinstance(measure, str) else list(measure or table["measure"].unique())
    for name in asked:
        if name not in set(table["measure"]):
            raise DataError(no_such("measure", name, table["measure"].unique()))
    part = table[table["measure"].isin(asked)]
    names = part["behaviour"] if len(asked) == 1 else part["behaviour"] + " " + part["measure"]
    keys = [column for column in _WINDOW if column in part]
    cells = part[keys].assign(_column=names.to_numpy(object))
    twice = cells.duplicated()
    if twice.any():
        raise DataError(
            f"several rows are of one animal, bin and measure: {cells[twice].iloc[0].to_dict()}."
        )
    order = list(dict.fromkeys(names))
    wide = part.assign(_column=names).set_index([*keys, "_column"])["value"].unstack("_column")
    rows = part.drop_duplicates(keys)[keys]
    found = wide.reindex(pd.MultiIndex.from_frame(rows))[order]
    beside = _shared_metadata(part, keys)
    beside.columns = [name_aside(name, [*order, *keys]) for name in beside]
    joined = found.join(beside).reset_index()
    joined.columns.name = None
    return joined


def _shared_metadata(part: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Metadata that no two rows of an animal and bin differ in; known from any of its groups."""
    names = [name for name in part.columns if name not in COLUMNS]
    known = part[[*keys, *names]].groupby(list(keys), sort=False)
    one = known[names].first()
    same = known[names].nunique() <= 1
    return one[[name for name in names if same[name].all()]]


def describe(
    table: pd.DataFrame, by: str | Sequence[str] = (), *, animal: str | None = None
) -> pd.DataFrame:
    """Each measure of each group (and bin): how many animals, their mean, spread and quartiles.

    Rows are averaged per recording, then per animal, so that an animal counts once. These numbers
    describe; whether groups differ is what `ef.stats.compare` says, whose sample may be cages.

    Parameters
    ----------
    table
        As `measures` gives it.
    by
        Columns of conditions; none for all animals together.
    animal
        The column that names animals, where it is called otherwise.

    Returns
    -------
    DataFrame
        The conditions, bin, behaviour, measure; n_animals and n_recordings with a known value;
        mean, sd (missing for one animal), min, q25, median, q75, max; units.

    Raises
    ------
    DataError
        There is no such column.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> labels = annotate(simulate.still_then_running(), ["moving"])
    >>> found = describe(measures({"labels/rules": labels}))
    >>> found[found.measure == "share"][["n_animals", "mean"]].values.tolist()
    [[1.0, 0.505]]
    """
    from ethoflow.errors import no_column, one_or_many
    from ethoflow.stats.levels import find_levels

    factors = one_or_many(by)
    for factor in factors:
        if factor not in table:
            raise DataError(f"by: {no_column(factor, map(str, table.columns))}")
    ids = find_levels(table, factors, animal).ids
    if not {"animal", "recording"} <= set(ids):
        raise DataError("nothing in the table says which rows are of one animal and recording.")
    keys = [*factors, *(["bin"] if "bin" in table else []), "behaviour", "measure"]
    own = table[[*keys, "value", "units"]].assign(
        _animal=ids["animal"], _recording=ids["recording"]
    )
    lost = own[factors].isna().any(axis=1) if factors else pd.Series(False, own.index)
    if lost.all():
        raise DataError(f"{in_words(factors)} is known of no row.")
    own = own[~lost]
    units = own.groupby(keys, sort=False)["units"].first()
    known = own[own["value"].notna()]
    of_recording = known.groupby([*keys, "_animal", "_recording"], sort=False)["value"].mean()
    of_animal = of_recording.groupby([*keys, "_animal"], sort=False).mean()
    found = of_animal.groupby(keys, sort=False).agg(
        n_animals="count", mean="mean", sd="std", min="min",
        q25=lambda x: x.quantile(0.25), median="median", q75=lambda x: x.quantile(0.75), max="max",
    )  # fmt: skip
    counts = known.groupby(keys, sort=False)["_recording"].nunique().rename("n_recordings")
    found = found.join(counts).reindex(units.index)
    for name in ("n_animals", "n_recordings"):
        found[name] = found[name].fillna(0).astype(np.int64)
    found.insert(1, "n_recordings", found.pop("n_recordings"))
    described: pd.DataFrame = found.join(units).reset_index()
    return described
