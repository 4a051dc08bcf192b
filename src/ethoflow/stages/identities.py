"""Tracks into suspected swaps of identities: tables, and a picture of each suspect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from ethoflow.csv_text import write_csv
from ethoflow.identities import find_swaps, read_edits
from ethoflow.identities.table import APPLIED, UNDECIDED
from ethoflow.names import clean_name
from ethoflow.stages.declare import stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import Keys
from ethoflow.stages.made import FileSet, Item

TITLE = "Suspected swaps of identities"

ALL, PER_HOUR = "suspects.csv", "suspects_per_hour.csv"
"""Rows of all recordings, in the form in which a project takes them; and how many there are."""


class IdentitiesKeys(Keys):
    """Whether a run of the project looks for swaps."""

    find_swaps: bool = Field(
        default=False, description="Look for swapped identities in every run of the project."
    )


@stage(
    reads=("tracks",),
    writes="identities/",
    keys=IdentitiesKeys,
    top=True,
    template="# find_swaps: true          # look for swapped identities (ethoflow identities)\n",
    doing="looking for swaps",
)
def identities(job: Job, keys: IdentitiesKeys) -> FileSet | None:
    """Suspected swaps of identities in the tracks, with their evidence and a picture of each.

    A run of a project looks for them where it says so; what was found before stays otherwise.
    """
    tracks = job.open("tracks")
    is_wanted = keys.find_swaps or not job.asked  # the command was given without a project
    if tracks.sizes["individual"] < 2:
        if is_wanted:
            job.report.say("identities: the tracks have one animal, which nobody is swapped with")
        return FileSet()
    if not is_wanted:
        job.report.say(
            "identities: not looked for swaps (find_swaps: true, or ethoflow identities, does)"
        )
        return None
    names = [str(name) for name in tracks.recording.values]
    stems = _stems(names)
    items = [_of_recording(job, name, stems[name]) for name in names]
    folder = job.results / "identities"
    tables = {name: folder / f"{stems[name]}.csv" for name in names}
    hours = (tracks.n_frames.values / float(tracks.fps) / 3600).tolist()
    items += [
        Item((ALL,), partial(_join, list(tables.values())), write_csv),
        Item(
            (PER_HOUR,),
            partial(_count, tables, hours),
            write_csv,
            note=lambda table: table.to_dict("list"),
        ),
    ]
    job.report.say(
        "identities: where there are suspects look at their pictures (recordings without any have "
        f"none), copy {folder / ALL} beside the project file as edits.csv, correct the column "
        f"status ({APPLIED} rows are exchanged, others are not), and name it there (identities: "
        "edits.csv)"
    )
    return FileSet(items, shows={TITLE: PER_HOUR})


def _stems(names: Sequence[str]) -> dict[str, str]:
    """What recordings are called in names of files; numbered where two would be one."""
    clean = {name: f"swaps_{clean_name(name)}" for name in names}
    alike = len(set(clean.values())) < len(clean)
    return {n: f"{s}_{k}" if alike else s for k, (n, s) in enumerate(clean.items(), 1)}


def _of_recording(job: Job, name: str, stem: str) -> Item:
    """Table and picture of one recording: what others hold does not count."""
    files = [f"{stem}.csv", f"{stem}.png"]

    def make() -> tuple[pd.DataFrame, Any]:
        from ethoflow.plot.swaps import swaps  # the plotting libraries are heavy

        one = job.open("tracks").sel(recording=[name])
        found = find_swaps(one)
        return found, swaps(one.sel(recording=name), found) if len(found) else None

    def without(made: tuple[pd.DataFrame, Any]) -> list[str]:
        return [] if len(made[0]) else files[1:]

    source = repr((name, job.fingerprint("tracks", name)))
    return Item(files, make, _save, source, without=without)


def _save(made: tuple[pd.DataFrame, Any], path: Path) -> None:
    from ethoflow.plot.save import write_figure

    table, figure = made
    if path.suffix == ".csv":
        write_csv(table, path)
    else:
        write_figure(figure, path)


def _join(tables: Sequence[Path]) -> pd.DataFrame:
    """The rows of all recordings; those that have one animal more have a column more."""
    read = [pd.read_csv(path, dtype={"recording": str}) for path in tables]
    some = [table for table in read if len(table)]
    return pd.concat(some, ignore_index=True) if some else read[0]


def _count(tables: Mapping[str, Path], hours: Sequence[float]) -> pd.DataFrame:
    """How many suspects there are of each recording, in all and per hour."""
    rows = []
    for (name, path), duration in zip(tables.items(), hours, strict=True):
        status = read_edits(path)["status"]
        rows.append(
            {
                "recording": name,
                "hours": round(duration, 4),
                APPLIED: int((status == APPLIED).sum()),
                UNDECIDED: int((status == UNDECIDED).sum()),
                "per_hour": round(len(status) / duration, 2) if duration else np.nan,
            }
        )
    return pd.DataFrame(rows)
