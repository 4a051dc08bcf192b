"""Poses into the first table of a study: how far each animal went, and how it used the regions."""

from __future__ import annotations

from pydantic import Field

from ethoflow.csv_text import save_table
from ethoflow.stages.declare import stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import Duration, Keys
from ethoflow.stages.made import FileSet, Item


class Summary(Keys):
    """How finely it is made."""

    bin: Duration = Field(
        default=None, description="Length of bins of time; all of a recording by default."
    )


@stage(reads=("poses",), writes="summary/", keys=Summary)
def summary(job: Job, keys: Summary) -> FileSet:
    """Distance moved, speeds and the use of regions, per animal and bin, as CSV and Parquet."""
    from ethoflow.stats import activity  # Dask is heavy

    if not activity.can_summarise(job.open("poses")):
        job.report.warn(
            "summary: no distances and no regions: no body part has the role centre, and none can "
            "be made of ears and tail base. Name one: 'skeleton: {centre: Spine_2}'."
        )
        return FileSet()
    files = ("summary.csv", "summary.parquet")
    table = Item(files, lambda: activity.summarise(job.open("poses"), bin=keys.bin), save_table)
    return FileSet([table])
