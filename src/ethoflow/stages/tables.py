"""Poses and labels into tables: distances and regions, every bout, and budgets of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import xarray as xr
from pydantic import Field

from ethoflow.csv_text import write_csv
from ethoflow.labels.bouts import find_bouts
from ethoflow.labels.budget import time_budget
from ethoflow.stages.declare import stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import Duration, Keys
from ethoflow.stages.made import FileSet, Item

TITLE = "Time budget (means over animals or pairs; share of observed time; bouts of all)"

TABLES: Mapping[str, Callable[[xr.Dataset], pd.DataFrame]] = {
    "bouts": find_bouts,
    "time_budget": time_budget,
}


class TablesKeys(Keys):
    """How tables are made."""

    bin: Duration = Field(
        default=None, description="Length of the bins of the summary; all of a recording by default"
    )


@stage(reads=("poses",), uses=("labels/rules",), writes="tables/", keys=TablesKeys)
def tables(job: Job, keys: TablesKeys) -> FileSet:
    """What every animal did in numbers: distance and regions, bouts and time budgets."""
    from ethoflow.stats import activity  # Dask is heavy

    labels = TABLES if job.has("labels/rules") else {}
    source = job.fingerprint("labels/rules") if labels else ""
    items = [
        Item(
            (f"{name}.csv", f"{name}.parquet"),
            lambda make=make: make(job.open("labels/rules")),  # type: ignore[misc]
            save_table,
            source=f"{name} {source}",
            note=_note if name == "time_budget" else None,
        )
        for name, make in labels.items()
    ]
    if activity.can_summarise(job.open("poses")):
        items.append(
            Item(
                ("summary.csv", "summary.parquet"),
                lambda: activity.summarise(job.open("poses"), bin=keys.bin),
                save_table,
                source=f"summary {keys.bin} {job.fingerprint('poses')}",
            )
        )
    else:
        job.report.warn(
            "tables: no summary of distances and regions: no body part has the role centre, and "
            "none can be made of ears and tail base. Name one: 'skeleton: {centre: Spine_2}'."
        )
    return FileSet(items, shows={TITLE: "time_budget.csv"} if labels else {})


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
