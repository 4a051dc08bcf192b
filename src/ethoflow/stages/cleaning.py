"""Poses into the report of cleaning: what each step took and filled, as a table and in pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from pydantic import Field

from ethoflow.csv_text import save_table
from ethoflow.names import clean_name
from ethoflow.short_names import short_names
from ethoflow.stages.declare import stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import Keys
from ethoflow.stages.made import FileSet, Item

TITLE = "Cleaning (share of all frames, in %)"

FILES = ("cleaning.csv", "cleaning.parquet")
"""The table of all recordings."""


class CleaningKeys(Keys):
    """Which pictures are drawn."""

    pictures: int = Field(default=12, ge=0, description="How many recordings are drawn.")


@stage(
    reads=("tracks", "poses"),
    writes="cleaning/",
    keys=CleaningKeys,
    template="# cleaning: {pictures: 12}  # how many recordings the report of it draws\n",
    doing="counting what was cleaned",
)
def cleaning(job: Job, keys: CleaningKeys) -> FileSet:
    """What each step of cleaning took and filled, as a table, and in pictures per recording."""
    names = [str(name) for name in job.open("poses").recording.values]
    drawn = names[: keys.pictures]
    if drawn and len(drawn) < len(names):
        job.report.say(
            f"cleaning: pictures of the first {len(drawn)} of {len(names)} recordings "
            "(cleaning.pictures)"
        )
    short, stems = short_names(names), _stems(drawn)
    drawn = _few_enough(job, drawn, short)
    table = Item(FILES, lambda: _table(job), save_table, note=_note)
    pictures = [_picture(job, name, short[name], f"{stems[name]}.png") for name in drawn]
    return FileSet([table, *pictures], shows={TITLE: FILES[0]})


def _few_enough(job: Job, names: Sequence[str], short: Mapping[str, str]) -> list[str]:
    """Recordings that fit a picture; says which do not, as those of many pieces of tracks."""
    from ethoflow.plot.cleaning import MOST_ROWS

    poses = job.open("poses")
    fitting = []
    for name in names:
        one = poses.sel(recording=name)
        n_points = int((one.animal != "").sum()) * one.sizes["bodypart"]
        if n_points <= MOST_ROWS:
            fitting.append(name)
        else:
            job.report.warn(
                f"cleaning: no picture of {short[name]}, which has {n_points} body parts of all "
                f"animals (at most {MOST_ROWS} fit); the table has them."
            )
    return fitting


def _stems(names: Sequence[str]) -> dict[str, str]:
    """What recordings are called in names of files; numbered where two would be one."""
    clean = {name: f"cleaning_{clean_name(name)}" for name in names}
    alike = len(set(clean.values())) < len(clean)
    return {n: f"{s}_{k}" if alike else s for k, (n, s) in enumerate(clean.items(), 1)}


def _before(job: Job, poses: xr.Dataset) -> xr.Dataset | None:
    """Tracks, where the poses do not tell themselves what was taken: they came from elsewhere."""
    if "removed" in poses:
        return None
    parts = [part for part in job.open("tracks").bodypart.values if part in poses.bodypart.values]
    return job.open("tracks").sel(bodypart=parts)


def _table(job: Job) -> pd.DataFrame:
    from ethoflow.stats.cleaning import count_cleaning, tabulate  # Dask is heavy

    poses = job.open("poses")
    return tabulate(count_cleaning(poses, _before(job, poses)), poses)


def _note(table: pd.DataFrame) -> object:
    from ethoflow.stats.cleaning import summarise

    return summarise(table).to_dict("list")


def _picture(job: Job, name: str, title: str, file: str) -> Item:
    """A picture of one recording: what others hold does not count."""

    def draw() -> Any:
        from ethoflow.plot.cleaning import cleaning  # the plotting libraries are heavy

        poses = job.open("poses")
        tracks = _before(job, poses)
        called = {"recording": title}
        one = poses.sel(recording=name).assign_coords(called)
        old = None if tracks is None else tracks.sel(recording=name).assign_coords(called)
        return cleaning(one, old)

    return Item((file,), draw, _save, repr((title, job.fingerprint("poses", name))))


def _save(figure: Any, path: Path) -> None:
    from ethoflow.plot.save import write_figure

    write_figure(figure, path)
