"""How much each label is used, by group: the animal, cage or litter is the sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.errors import one_or_many
from ethoflow.labels.bouts import find_bouts
from ethoflow.labels.budget import time_budget
from ethoflow.stats.design import find_design
from ethoflow.stats.levels import find_levels
from ethoflow.stats.units import make_samples


def use_by_group(
    labels: xr.Dataset,
    behaviours: Sequence[str],
    by: str | Sequence[str] | None,
    unit: str | None,
    animal: str | None,
) -> tuple[pd.DataFrame, str]:
    """Share of the observed time of every unit, and what the units are.

    A label that a recording never shows is 0 there; what was never observed is not known.

    Raises
    ------
    DataError
        The design cannot be read from the metadata, as for `ef.stats.compare`.
    """
    budget = named(time_budget(labels), behaviours)
    if not by:
        budget = budget.assign(animal=find_levels(budget, ()).ids["animal"])
        means = budget.groupby(["behaviour", "animal"], sort=False)["share"].mean().reset_index()
        found = means.rename(columns={"animal": "unit", "share": "usage"}).assign(group="all")
        return found[["behaviour", "group", "unit", "usage"]], "animal"
    design = find_design(budget, by, unit=unit, animal=animal)
    samples, _ = make_samples(budget, design, "share", 0.0)
    between = [design.by[name] for name in design.between]
    groups = list(_product(between))
    cells = list(_product([design.by[name] for name in design.within]))
    rows = [
        (behaviour, " ".join([*groups[sample.group[i]], *cells[j]]), sample.units[i], value)
        for behaviour, sample in samples.items()
        for i, values in enumerate(sample.values)
        for j, value in enumerate(values.tolist())
    ]
    return pd.DataFrame(rows, columns=["behaviour", "group", "unit", "usage"]), design.unit


def _product(parts: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    import itertools

    return list(itertools.product(*parts))


def named(table: pd.DataFrame, behaviours: Sequence[str]) -> pd.DataFrame:
    """Rows of the labels in `behaviours`, each called as the surrogate calls it."""
    name = table["behaviour"].astype(str)
    if "category" in table:
        kind = table["category"].fillna("").astype(str)
        name = name.where(kind == "", kind)
        table = table.drop(columns="category")
    return table.assign(behaviour=name)[name.isin(list(behaviours))].reset_index(drop=True)


def sum_up(use: pd.DataFrame, unit: str, by: Sequence[str] | str | None) -> pd.DataFrame:
    """Mean over units, of each label and group."""
    grouped = use.groupby(["behaviour", "group"], sort=False)["usage"]
    found = grouped.agg(usage="mean", sd="std", n_units="count").reset_index()
    return found.assign(unit=unit, by=" ".join(one_or_many(by)) if by else "")


def typical_bouts(labels: xr.Dataset, behaviours: Sequence[str], n: int) -> tuple[
    pd.DataFrame, pd.DataFrame
]:  # fmt: skip
    """Bouts of each label in numbers, and `n` examples: of usual length, of many recordings.

    Only bouts whose true length is known count for the length, and become examples; where there is
    none, those that are cut do.
    """
    bouts = named(find_bouts(labels), behaviours)
    rows, examples = [], []
    for behaviour in behaviours:
        own = bouts[bouts["behaviour"] == behaviour]
        whole = own[~own["cut"].astype(bool)]
        whole = whole if len(whole) else own
        lengths = whole["duration"]
        rows.append(
            {
                "behaviour": behaviour, "n": len(own), "cut": int(own["cut"].sum()),
                "median (s)": lengths.median(), "from (s)": lengths.quantile(0.1),
                "to (s)": lengths.quantile(0.9), "recordings": own["recording"].nunique(),
            }
        )  # fmt: skip
        away = np.abs(np.log(lengths.clip(lower=1e-3)) - np.log(max(lengths.median(), 1e-3)))
        near = whole.assign(away=away if len(whole) else 0.0).sort_values("away", kind="stable")
        turn = near.groupby("recording", sort=False).cumcount()
        near = near.assign(turn=turn).sort_values(["turn", "away"], kind="stable").head(n)
        examples.append(near)
    table = pd.concat(examples, ignore_index=True)
    columns = ["recording", "individual", "animal", "start", "stop"]
    shown = table[columns].assign(label=table["behaviour"])
    return pd.DataFrame(rows), shown[["recording", "start", "stop", "label", "individual",
                                      "animal"]]  # fmt: skip
