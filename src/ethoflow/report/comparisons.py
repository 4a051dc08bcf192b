"""Groups beside each other, and what the tests say."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import xarray as xr

from ethoflow.errors import DataError, UnknownName, no_such
from ethoflow.labels.budget import time_budget
from ethoflow.plot.comparison import MOST_PANELS, comparison
from ethoflow.plot.differences import MOST_ROWS, differences
from ethoflow.report.page import Section
from ethoflow.stats.compare import ComparisonNote, compare
from ethoflow.stats.design import find_design
from ethoflow.stats.foresight import foresee

if TYPE_CHECKING:
    from ethoflow.report.make import Wanted


def comparison_section(ds: xr.Dataset, group: str, wanted: Wanted) -> Section:
    """The design, the tests, and pictures; where nothing can be compared, a sentence that says why.

    Raises
    ------
    UnknownName
        There is no such column.
    """
    section = Section(f"Comparisons: {group}")
    budget = time_budget(ds)
    for name in wanted.by:
        if name not in budget:
            raise UnknownName(no_such("column", name, list(map(str, budget.columns))))
    given = wanted.given()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ComparisonNote)  # the notes are on the page
            design = find_design(
                budget, wanted.by, unit=wanted.unit, animal=wanted.animal,
                reference=wanted.reference,
            )  # fmt: skip
            found = compare(budget, **given)
            section.say(f"{wanted.value}: {design}")
            section.say(foresee(design, wanted.test))
            for note in found.attrs["notes"]:
                section.say(f"Note: {note}", note=True)
            section.table(found, f"comparison_{group.rpartition('/')[2]}")
            names = list(dict.fromkeys(found["behaviour"]))
            shown = names[:MOST_PANELS]
            section.picture(
                comparison(budget, **given, behaviours=shown), "means of units by group"
            )
            if len(names) > len(shown):
                section.say(f"The picture shows the first {len(shown)} of {len(names)} behaviours.")
            pairs = found[found["contrast"].str.contains(" - ", regex=False)]
            if 0 < len(pairs) <= MOST_ROWS:
                section.picture(
                    differences(pairs, value=wanted.value), "differences with intervals"
                )
    except UnknownName:
        raise
    except DataError as reason:
        section.say(f"Not compared: {reason}", note=True)
    return section
