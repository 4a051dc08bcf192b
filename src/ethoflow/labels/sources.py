"""Labels of several groups in one table: each row says whose it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.labels.places import further_dims
from ethoflow.labels.rows import ROW
from ethoflow.labels.runs import is_behaviour, label_names
from ethoflow.names import name_aside
from ethoflow.schema import DataError

LABELS = "labels/"
"""What the names of groups of labels begin with."""

SOURCE, RATER = "source", "rater"
"""Columns that say in which group labels are, and who scored them."""


def together(
    groups: Mapping[str, xr.Dataset], make: Callable[[xr.Dataset], pd.DataFrame]
) -> pd.DataFrame:
    """A table of the labels of several groups, one below the other.

    Before the behaviour stand the columns ``source``, the name of the group, and ``rater``, who
    scored it where that is known. Groups without labels have no rows.

    Raises
    ------
    DataError
        None has labels, or labels of a group cannot be counted; the message begins with its name.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> from ethoflow.labels.budget import time_budget
    >>> labels = annotate(simulate.still_then_running(), ["moving"])
    >>> table = together({"labels/anna": labels.assign_attrs(rater="Anna B.")}, time_budget)
    >>> table[["source", "rater", "behaviour"]].values.tolist()
    [['anna', 'Anna B.', 'moving']]
    """
    own = {n: ds for n, ds in groups.items() if any(map(is_behaviour, ds.data_vars.values()))}
    if not own:
        raise DataError(f"no group has labels; there are: {', '.join(groups) or 'none'}.")
    tables = []
    for name, ds in own.items():
        try:
            tables.append(_told(make(ds), name.removeprefix(LABELS), ds))
        except DataError as error:
            raise DataError(f"{name}: {error}") from error
    names = {dim: None for ds in own.values() for dim in further_dims(ds, label_names(ds))}
    # A column that a table lacks takes the place it has in the others.
    columns = list(dict.fromkeys(column for table in tables for column in table.columns))
    start = columns.index("partner") + 1
    further = [dim for dim in names if dim in columns]
    columns = [column for column in columns if column not in further]
    columns = [*columns[:start], *further, *columns[start:]]
    filled = [table for table in tables if len(table)] or tables[:1]
    whole = pd.concat(filled, ignore_index=True).reindex(columns=columns)
    if "category" in columns:
        columns.remove("category")
        columns.insert(columns.index("behaviour") + 1, "category")
        whole = whole[columns]
    for column in {*ROW, *further, "category"} & set(columns):
        if not pd.api.types.is_numeric_dtype(whole[column]):
            whole[column] = whole[column].astype(object).where(whole[column].notna(), "")
    return whole


def _told(table: pd.DataFrame, source: str, ds: xr.Dataset) -> pd.DataFrame:
    """The table of one group with the columns that say whose it is."""
    if SOURCE in table:
        table = table.rename(columns={SOURCE: name_aside(SOURCE, table.columns)})
    place = table.columns.get_loc("behaviour")
    assert isinstance(place, int)
    table.insert(place, SOURCE, source)
    if RATER in further_dims(ds, label_names(ds)):
        return table
    who = np.full(len(table), ds.attrs.get(RATER, ""), object)
    raters = table.pop(RATER).to_numpy(object) if RATER in table else who
    table.insert(place + 1, RATER, raters)
    return table
