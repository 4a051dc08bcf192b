"""Time budgets in the wide form: one column per behaviour."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ethoflow.errors import DataError, no_such
from ethoflow.names import name_aside

VALUES = (
    *("observed", "time", "share", "n_bouts", "n_cut", "mean_bout"),
    *("latency_to_first", "n_intervals", "mean_interval"),
)
"""Columns of a budget that may be spread."""

_WINDOW = ("bin", "event", "trial", "window", "start", "stop")


def spread(budget: pd.DataFrame, value: str = "share") -> pd.DataFrame:
    """One column of a budget as a column for each behaviour: a row per animal and bin, or event.

    Pairs have rows of their own, below those of the animals, in which the behaviours of single
    animals are empty; a behaviour that is of pairs is empty for an animal. Names of regions,
    raters, categories and sources stand behind that of the behaviour, where there are several.

    Parameters
    ----------
    budget
        As `time_budget` gives it.
    value
        Which column.

    Raises
    ------
    DataError
        The budget has no such column.

    Examples
    --------
    >>> from ethoflow import annotate, simulate, time_budget
    >>> labels = annotate(simulate.still_then_running(), ["moving", "immobile"])
    >>> spread(time_budget(labels))[["individual", "moving", "immobile"]].values.tolist()
    [['individual_0', 0.505, 0.495]]
    """
    if value not in VALUES:
        raise DataError(no_such("column of a budget to spread", value, VALUES))
    columns = [str(column) for column in budget.columns]
    start, stop = columns.index("partner") + 1, columns.index("animal")
    last = columns.index("mean_interval") + 1
    naming = [*columns[start:stop], "category", "source"]
    several = [c for c in naming if c in columns and budget[c].nunique() > 1]
    kinds = ["behaviour", *several]
    who = ["recording", "individual", "partner", "animal", "partner_animal"]
    rows = [*who, *(column for column in _WINDOW if column in columns)]
    cells = budget[kinds].astype(str).to_numpy().tolist()
    names = ["_".join(filter(None, row)) for row in cells]
    order = list(dict.fromkeys(names))
    indexed = budget.assign(_column=names).set_index(rows)
    wide = indexed.set_index("_column", append=True)[value].unstack("_column")
    # What is known of a region or a rater is of single columns, and no row has it.
    varied = indexed[columns[last:]].groupby(level=rows, sort=False).nunique(dropna=False) > 1
    beside = indexed.loc[:, [c for c in columns[last:] if not varied[c].any()]]
    beside = beside[~beside.index.duplicated()]
    of_pair = beside.index.get_level_values("partner") != ""
    beside = beside.iloc[np.argsort(of_pair, kind="stable")]
    beside = beside.rename(columns={name: name_aside(name, order) for name in beside})
    found: pd.DataFrame = wide.reindex(index=beside.index, columns=order)
    found.columns.name = None
    return found.join(beside).reset_index()
