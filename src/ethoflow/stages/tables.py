"""Labels into tables: every bout, and how much of its time every animal spent on what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import xarray as xr

from ethoflow.csv_text import write_csv
from ethoflow.labels.bouts import find_bouts
from ethoflow.labels.budget import time_budget
from ethoflow.stages.declare import stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import Keys
from ethoflow.stages.made import FileSet, Item

TITLE = "Time budget (means over animals or pairs; share of observed time; bouts of all)"

TABLES: Mapping[str, Callable[[xr.Dataset], pd.DataFrame]] = {
    "bouts": find_bouts,
    "time_budget": time_budget,
}


@stage(reads=("labels/rules",), writes="tables/")
def tables(job: Job, keys: Keys) -> FileSet:
    """Bouts and time budgets of the labels, as CSV and Parquet."""
    items = [
        Item(
            (f"{name}.csv", f"{name}.parquet"),
            lambda make=make: make(job.open("labels/rules")),  # type: ignore[misc]
            save_table,
            note=_note if name == "time_budget" else None,
        )
        for name, make in TABLES.items()
    ]
    return FileSet(items, shows={TITLE: "time_budget.csv"})


def _note(budget: pd.DataFrame) -> object:
    return summarise(budget).to_dict("list")


def summarise(budget: pd.DataFrame) -> pd.DataFrame:
    """The mean share of each behaviour over the animals (or pairs) observed, and its bouts.

    What is of several regions, raters or categories has a row for each of them.
    """
    columns = [str(column) for column in budget.columns]
    further = columns[columns.index("partner") + 1 : columns.index("animal")]
    kinds = ["behaviour", *further, *(["category"] if "category" in columns else [])]
    shown = budget.groupby(kinds, sort=False, dropna=False).agg(
        animals=("share", "count"),
        share=("share", "mean"),
        bouts=("n_bouts", "sum"),
        mean_bout_s=("mean_bout", "mean"),
    )
    return shown.reset_index()


def save_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as what the ending of `path` says."""
    if path.suffix == ".csv":
        write_csv(table, path)
    else:
        table.to_parquet(path, index=False)
