"""Poses and labels into pictures: trajectories and ethograms of the first recordings."""

from __future__ import annotations

from collections.abc import Sequence
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
    short, stems = short_names(names), _stems(names[: keys.recordings])
    items = [
        _picture(job, kind, name, short[name], stems[name])
        for name in names[: keys.recordings]
        for kind in kinds
    ]
    return FileSet(items, verb="drawn")


def _stems(names: Sequence[str]) -> dict[str, str]:
    """What recordings are called in names of files; a number tells apart what would be the same."""
    stems: dict[str, str] = {}
    for name in names:
        stem, number = clean_name(name), 2
        while stem in stems.values():
            stem, number = f"{clean_name(name)}_{number}", number + 1
        stems[name] = stem
    return stems


def _picture(job: Job, kind: str, name: str, short: str, stem: str) -> Item:
    """A picture of one recording: what others hold does not count."""
    group, files = GROUPS[kind], [f"{kind}_{stem}.html", f"{kind}_{stem}.png"]

    def draw() -> Any:
        from ethoflow import plot  # the plotting libraries are heavy

        one = job.open(group).sel(recording=name).assign_coords(recording=short)
        return plot.ethogram(one) if kind == "ethogram" else plot.trajectories(one)

    source = repr((kind, short, job.fingerprint(group, name)))
    return Item(files, draw, _save, source)


def _save(figure: Any, path: Path) -> None:
    from ethoflow.plot.save import write_figure

    write_figure(figure, path)
