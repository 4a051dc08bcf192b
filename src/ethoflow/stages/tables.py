"""Labels into tables: every bout, and how much of its time every animal spent on what.

Rules, people and whoever else made labels stand in the same tables, each under the group's name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeAlias

import pandas as pd
import xarray as xr
from pydantic import Field, model_validator

from ethoflow.csv_text import save_table
from ethoflow.labels.bouts import find_bouts
from ethoflow.labels.budget import budget_in, time_budget
from ethoflow.labels.events import place_events, read_events
from ethoflow.labels.sources import LABELS, together
from ethoflow.labels.wide import VALUES, spread
from ethoflow.labels.windows import bins_of
from ethoflow.stages.declare import stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import Duration, Files, Keys, Locate, Names, Where, placing
from ethoflow.stages.made import FileSet, Item

TITLE = (
    "Time budget (share of observed time and length of bouts: means over n, the animals or pairs "
    "of every recording; bouts of all)"
)

TEMPLATE = """
# tables:                   # bouts and time budgets are written always; and, where asked for:
#   bin: 5 min              # budgets by time bins
#   events: tones.csv       # budgets by events: recording, event, start, duration (video clock)
#   before: 30 s            # and before and after each of them
#   after: 30 s
#   wide: [share]           # one column per behaviour
"""

Make: TypeAlias = Callable[[xr.Dataset], pd.DataFrame]


class Tables(Keys):
    """Which budgets are made beside that of whole recordings."""

    bin: Duration = Field(default=None, description="Length of bins of time, such as 5 min.")
    events: Annotated[str | None, Files()] = Field(
        default=None, description="Table of events, such as tones: recording, start, duration."
    )
    before: Duration = Field(default=None, description="How long before each event is counted.")
    after: Duration = Field(default=None, description="How long after each event is counted.")
    duration: Duration = Field(default=None, description="Of events whose table has none.")
    wide: Names = Field(
        default_factory=list,
        description="Columns of budgets that get tables with a column per behaviour.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Tables:
        given = [name for name in ("before", "after", "duration") if getattr(self, name)]
        if given and self.events is None:
            raise ValueError(f"{given[0]} is of events, such as {{events: tones.csv}}")
        unknown = [name for name in self.wide if name not in VALUES]
        if unknown:
            raise ValueError(f"wide knows {', '.join(VALUES)}, not {', '.join(unknown)}")
        return self


def _check(keys: Tables, locate: Locate, where: Where) -> None:
    """The table of events can be read."""
    if keys.events is not None:
        with placing(where, ["tables", "events"]):
            # The frame rate only turns frames into seconds: any will do to see what is there.
            read_events(locate(keys.events), 1.0, keys.duration)


@stage(
    reads=(f"{LABELS}*",),
    writes="tables/",
    keys=Tables,
    template=TEMPLATE,
    check=_check,
)
def tables(job: Job, keys: Tables) -> FileSet:
    """Bouts and time budgets of all labels, as CSV and Parquet."""
    groups = job.groups(f"{LABELS}*")
    made: dict[str, Make] = {"bouts": find_bouts, "time_budget": time_budget}
    if keys.bin is not None:
        bin = keys.bin
        made["time_budget_bins"] = lambda ds: budget_in(ds, bins_of(ds, bin))
    if keys.events is not None:
        made["time_budget_events"] = _around_events(job, keys, groups)

    def table(make: Make, value: str = "") -> pd.DataFrame:
        whole = together({group: job.open(group) for group in groups}, make)
        return spread(whole, value) if value else whole

    items = []
    for name, make in made.items():
        values = [] if name == "bouts" else list(dict.fromkeys(keys.wide))
        for value in ["", *values]:
            stem = f"{name}_{value}" if value else name
            items.append(
                Item(
                    (f"{stem}.csv", f"{stem}.parquet"),
                    lambda make=make, value=value: table(make, value),  # type: ignore[misc]
                    save_table,
                    note=_note if stem == "time_budget" else None,
                )
            )
    return FileSet(items, shows={TITLE: "time_budget.csv"})


def _around_events(job: Job, keys: Tables, groups: Sequence[str]) -> Make:
    """What makes the budget by events; what is to be said of them is said.

    The recordings are those of the tracks: a person may have scored some of them.
    """
    ds = job.open("tracks" if job.has("tracks") else groups[0])
    given = read_events(job.locate(str(keys.events)), float(ds.fps), keys.duration)
    before, after = keys.before or 0.0, keys.after or 0.0
    for note in place_events(given, ds, before=before, after=after)[1]:
        job.report.warn(note)

    def make(ds: xr.Dataset) -> pd.DataFrame:
        windows, _ = place_events(given, ds, before=before, after=after, some=True)
        return budget_in(ds, windows)

    return make


def _note(budget: pd.DataFrame) -> object:
    return summarise(budget).to_dict("list")


def summarise(budget: pd.DataFrame) -> pd.DataFrame:
    """The mean share of each behaviour over the animals (or pairs) observed, and its bouts.

    They count in every recording: `n` is no number of animals where some have several recordings.

    What is of several regions, raters or categories has a row for each of them.
    """
    columns = [str(column) for column in budget.columns]
    further = columns[columns.index("partner") + 1 : columns.index("animal")]
    several = ["source"] if "source" in columns and budget["source"].nunique() > 1 else []
    kinds = ["behaviour", *several, *further, *(["category"] if "category" in columns else [])]
    shown = budget.groupby(kinds, sort=False, dropna=False).agg(
        n=("share", "count"),
        share=("share", "mean"),
        bouts=("n_bouts", "sum"),
        mean_bout_s=("mean_bout", "mean"),
    )
    return shown.astype({"bouts": int}).reset_index()
