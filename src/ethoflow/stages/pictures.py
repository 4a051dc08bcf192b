"""Poses and labels into pictures: trajectories and ethograms of the first recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from ethoflow.names import clean_name
from ethoflow.short_names import short_names
from ethoflow.stages.declare import stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import Keys
from ethoflow.stages.made import FileSet, Item

GROUPS = {"trajectories": "poses", "ethogram": "labels/rules"}
"""What each kind of picture shows."""


class Pictures(Keys):
    """Which pictures are drawn."""

    recordings: int = Field(default=12, ge=0, description="how many recordings are drawn")


@stage(reads=("poses",), uses=("labels/rules",), writes="pictures/", keys=Pictures)
def pictures(job: Job, keys: Pictures) -> FileSet:
    """Ethogram and trajectories of the first recordings, as HTML and PNG."""
    names = [str(name) for name in job.open("poses").recording.values]
    if len(names) > keys.recordings:
        job.report.say(
            f"pictures: of the first {keys.recordings} of {len(names)} recordings "
            "(pictures.recordings)"
        )
    kinds = [kind for kind, group in GROUPS.items() if job.has(group)]
    short = short_names(names)
    items = [
        _picture(job, kind, name, short[name])
        for name in names[: keys.recordings]
        for kind in kinds
    ]
    return FileSet(items, verb="drawn")


def _picture(job: Job, kind: str, name: str, short: str) -> Item:
    """A picture of one recording: what others hold does not count."""
    group, stem = GROUPS[kind], f"{kind}_{clean_name(name)}"

    def draw() -> Any:
        from ethoflow import plot  # the plotting libraries are heavy

        one = job.open(group).sel(recording=name).assign_coords(recording=short)
        return plot.ethogram(one) if kind == "ethogram" else plot.trajectories(one)

    source = repr((kind, short, job.fingerprint(group, name)))
    return Item((f"{stem}.html", f"{stem}.png"), draw, _save, source)


def _save(figure: Any, path: Path) -> None:
    from ethoflow.plot.save import write_figure

    write_figure(figure, path)
