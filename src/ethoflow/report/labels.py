"""What animals do: budgets of time, ethograms, clusters and what follows what."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import xarray as xr

from ethoflow.errors import DataError
from ethoflow.labels.bouts import find_bouts
from ethoflow.labels.budget import time_budget
from ethoflow.labels.categories import is_category
from ethoflow.labels.runs import label_names
from ethoflow.plot.cohort_ethogram import MOST_LANES, MOST_ROWS, cohort_ethogram
from ethoflow.plot.transition_matrix import transition_matrix
from ethoflow.report.page import Section
from ethoflow.stats.transitions import transitions
from ethoflow.stats.units import name_behaviours

SHOWN = ("observed", "share", "n_bouts", "mean_bout")
MOST_SHOWN = 40
"""Recordings in the ethogram."""


def label_sections(ds: xr.Dataset, group: str, by: Sequence[str]) -> list[Section]:
    """A part for the labels of a group, and one for its clusters where it has any."""
    names = label_names(ds)
    kinds = [name for name in names if is_category(ds[name])]
    flags = [name for name in names if name not in kinds]
    parts = [(flags, "Time budgets"), (kinds, "Clusters and categories")]
    return [_section(ds[own], f"{title}: {group}", group, by) for own, title in parts if own]


def _section(ds: xr.Dataset, title: str, group: str, by: Sequence[str]) -> Section:
    section = Section(title)
    budget = time_budget(ds)
    section.say(
        "Means over animals (pairs, for what they do together): time in which it was observed, "
        "share of that time, number of bouts and their length; n: how many it was "
        "observed in. Unknown time counts nowhere."
    )
    stem = f"{group.rpartition('/')[2]}_{'clusters' if title.startswith('Clu') else 'budget'}"
    section.table(sum_up(budget, by), f"{stem}_means")
    _draw_ethogram(section, ds, by)
    _draw_transitions(section, ds)
    section.head("every animal")
    section.table(budget, stem)
    return section


def sum_up(budget: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Means of each behaviour, in each group where there are any."""
    keys = [name for name in by if name in budget]
    named = budget.assign(behaviour=name_behaviours(budget)[0])
    grouped = named.groupby(["behaviour", *keys], sort=False, dropna=False)
    means = grouped[list(SHOWN)].mean().assign(n=grouped["share"].count())
    return means.reset_index().rename(
        columns={"observed": "observed (s)", "mean_bout": "mean_bout (s)"}
    )


def _draw_ethogram(section: Section, ds: xr.Dataset, by: Sequence[str]) -> None:
    shown = ds.isel(recording=slice(MOST_SHOWN)) if "recording" in ds.dims else ds
    group = by[0] if by and by[0] in ds.coords else None
    try:
        picture = cohort_ethogram(shown, by=group)
    except DataError as reason:  # too many rows or lanes: the tables have all of them
        section.say(f"No ethogram: {reason}", note=True)
        return
    section.picture(picture, f"bouts of up to {MOST_ROWS} animals and {MOST_LANES} behaviours")
    if ds.sizes.get("recording", 1) > MOST_SHOWN:
        section.say(f"The ethogram shows the first {MOST_SHOWN} recordings.")


def _draw_transitions(section: Section, ds: xr.Dataset) -> None:
    bouts = find_bouts(ds)
    try:
        table = transitions(bouts)
        picture = transition_matrix(table)
    except DataError as reason:
        section.say(f"No transitions: {reason}", note=True)
        return
    if len(table):
        section.picture(picture, "probability of each behaviour after each other")
