"""Poses and labels into pictures: trajectories and ethograms of the first recordings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import Field

from ethoflow.labels.runs import is_behaviour
from ethoflow.labels.sources import LABELS
from ethoflow.names import clean_name
from ethoflow.short_names import short_names
from ethoflow.stages.declare import stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import Keys
from ethoflow.stages.made import FileSet, Item

RULES = f"{LABELS}rules"


class Pictures(Keys):
    """Which pictures are drawn."""

    recordings: int = Field(default=12, ge=0, description="how many recordings are drawn")


class Kind(NamedTuple):
    """A kind of picture: how the names of its files begin, the group it shows, and whose it is."""

    begins: str
    group: str
    whose: str = ""


@stage(
    reads=("poses",),
    uses=(f"{LABELS}*",),
    writes="pictures/",
    keys=Pictures,
)
def pictures(job: Job, keys: Pictures) -> FileSet:
    """Ethograms and trajectories of the first recordings, as HTML and PNG.

    There is an ethogram of the rules' labels, and one of every other group's.
    """
    names = [str(name) for name in job.open("poses").recording.values]
    if len(names) > keys.recordings:
        job.report.say(
            f"pictures: of the first {keys.recordings} of {len(names)} recordings "
            "(pictures.recordings)"
        )
    drawn = names[: keys.recordings]
    short, stems = short_names(names), _stems(drawn)
    taken: set[str] = set()
    items = []
    kinds = {kind: _recordings(job, kind.group) for kind in (_kinds(job) if drawn else [])}
    for name in drawn:
        for kind in (kind for kind, there in kinds.items() if name in there):
            file = _free(f"{kind.begins}_{stems[name]}", taken)
            items.append(_picture(job, kind, name, short[name], file))
    return FileSet(items, verb="drawn")


def _kinds(job: Job) -> list[Kind]:
    """Trajectories, and an ethogram of each group that has labels."""
    kinds = [Kind("trajectories", "poses")]
    groups = sorted(job.groups(f"{LABELS}*"), key=lambda group: group != RULES)
    for group in groups:
        ds = job.open(group)
        if not any(map(is_behaviour, ds.data_vars.values())):
            continue
        source = group.removeprefix(LABELS)
        # A hyphen, so that no recording's name makes it one of the rules'.
        begins = "ethogram" if group == RULES else f"ethogram-{clean_name(source)}"
        whose = "" if group == RULES else str(ds.attrs.get("rater", "") or source)
        kinds.append(Kind(begins, group, whose))
    return kinds


def _recordings(job: Job, group: str) -> set[str]:
    return {str(name) for name in np.atleast_1d(job.open(group).recording.values)}


def _free(name: str, taken: set[str]) -> str:
    """A name that nothing has yet: with a number behind it where it has to be."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    taken.add(found)
    return found


def _stems(names: Sequence[str]) -> dict[str, str]:
    """What recordings are called in names of files; a number tells apart what would be the same."""
    stems: dict[str, str] = {}
    for name in names:
        stem, number = clean_name(name), 2
        while stem in stems.values():
            stem, number = f"{clean_name(name)}_{number}", number + 1
        stems[name] = stem
    return stems


def _picture(job: Job, kind: Kind, name: str, short: str, file: str) -> Item:
    """A picture of one recording: what others hold does not count."""
    title = f"{short} ({kind.whose})" if kind.whose else short

    def draw() -> Any:
        from ethoflow.plot.ethogram import ethogram  # the plotting libraries are heavy
        from ethoflow.plot.trajectories import trajectories

        one = job.open(kind.group).sel(recording=name)
        if kind.group == "poses":
            return trajectories(one.assign_coords(recording=title))
        return ethogram(one, title=title)

    source = repr((kind.begins, title, job.fingerprint(kind.group, name)))
    return Item([f"{file}.html", f"{file}.png"], draw, _save, source)


def _save(figure: Any, path: Path) -> None:
    from ethoflow.plot.save import write_figure

    write_figure(figure, path)
