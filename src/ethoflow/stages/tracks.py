"""Tracking files into tracks: what is read, how, and what could not be used."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import xarray as xr
from pydantic import Field

from ethoflow import store
from ethoflow.errors import DataError, listed
from ethoflow.io.metadata_rows import find_beside, read_rows
from ethoflow.io.options import EmptyGroups, Options, Repeats, TimeUnit
from ethoflow.io.prefixes import tell_prefixes
from ethoflow.place import Place
from ethoflow.short_names import shortener
from ethoflow.stages.declare import stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import Files, Flag, Locate, MetadataKeys, Names, Needs, Rate, SkeletonKeys
from ethoflow.stages.made import Group

LOOKED_AT = Path(store.PROGRESS, "files.json")
"""Catalogue of files within a store."""

TEMPLATE = """\
tracks: {tracks}            # tracking files, or a list of patterns
{fps}                       # frames per second of the videos
# metadata: animals.csv     # a row per recording: recording, treatment, sex, ...
# individuals: [B, W]       # two animals in one single-animal file, by prefix of their points
"""


class TracksKeys(SkeletonKeys, MetadataKeys):
    """Which files are read, and how."""

    tracks: Annotated[
        Names, Needs("name the tracking files, such as 'tracks: tracks/*.csv'"), Files()
    ] = Field(min_length=1)
    fps: Annotated[
        Rate | Literal["video"] | None,
        Needs("must be frames per second, a number above 0 such as 29.97, or 'video'"),
    ] = Field(default=None, description="Frames per second, or 'video': that of the videos beside.")
    resample_fps: Annotated[Rate | None, Needs("must be frames per second, a number above 0")] = (
        Field(default=None, description="Bring all recordings to this frame rate.")
    )
    empty_groups: EmptyGroups = Field(
        default="error", description="Groups of the metadata without a recording: error, or allow."
    )
    individuals: Names | None = Field(
        default=None, description="Animals by name, or by prefix of their body parts: B,W."
    )
    columns: Annotated[dict[str, str | list[str]] | None, Flag("--column", lists=True)] = Field(
        default=None, description="A column of a plain table: x=pos_x or nose=nx,ny."
    )
    repeats: Repeats = Field(
        default="error", description="Row that counts where a frame is twice: first, last."
    )
    allow_pickle: bool = Field(
        default=False, description="Open Python pickles, which can run any code."
    )
    time_unit: TimeUnit | None = Field(
        default=None, description="What times in tables and lists are in: s, ms, us, ns."
    )
    allow_links: bool = Field(
        default=False, description="Read HDF5 files whose arrays lie in other files."
    )

    def options(self) -> Options:
        """How the tracking files are read."""
        return Options.of(
            self.individuals,
            self.columns,
            self.repeats,
            self.allow_pickle,
            self.time_unit,
            self.allow_links,
        )


def _looked_at(path: Place) -> Path | None:
    """The catalogue of files in a store on this machine."""
    return path / LOOKED_AT if isinstance(path, Path) else None


def _find_tables(keys: TracksKeys, locate: Locate) -> Sequence[Path]:
    """Tables about the animals, and the files with times of frames that they may name."""
    return [file for name in keys.metadata for file in _tables(locate(name))]


def _tables(metadata: Path) -> Iterator[Path]:
    yield metadata
    try:
        _, columns = read_rows(metadata)
    except DataError:
        return
    for name, cells in columns.items():
        if name.lower() == "timestamps":
            yield from (find_beside(metadata.parent, cell) for cell in cells if cell)


@stage(
    writes="tracks",
    keys=TracksKeys,
    top=True,
    template=TEMPLATE,
    watch=_find_tables,
    doing="reading tracks",
    command="ingest",
)
def tracks(job: Job, keys: TracksKeys) -> Group:
    """Tracking files, read; broken ones are reported and left out.

    Recordings of the store that are not among the files stay there where the job keeps them.

    Raises
    ------
    DataError
        No file can be used, or the frame rate is not known.
    """
    from ethoflow.io.cohort import open_cohort  # Dask is heavy

    report, before = job.report, _recordings(job)
    with report.track("checking files") as progress:
        cohort = open_cohort(
            [str(job.locate(pattern)) for pattern in keys.tracks],
            fps=keys.fps,
            metadata=[str(job.locate(name)) for name in keys.metadata],
            empty_groups=keys.empty_groups,
            skeleton=keys.skeleton or None,
            resample_fps=keys.resample_fps,
            options=keys.options(),
            progress=progress,
            remembered=_looked_at(job.store),
        )
    show = shortener([*before, *map(str, cohort.dataset.recording.values)])
    for note in cohort.dataset.attrs.get("notes", []):
        report.warn(show(note))
    twofold = tell_prefixes([str(part) for part in cohort.dataset.bodypart.values])
    if twofold and cohort.dataset.sizes["individual"] == 1:
        report.warn(f"tracks: {twofold}")
    for problem in cohort.problems:
        report.warn(f"left out {problem}")
    job.left_out += len(cohort.problems)
    for joined in cohort.reports:
        (report.say if joined.complete else report.warn)(show(str(joined)))

    def found(stored: xr.Dataset) -> list[str]:
        looked_at = _looked_at(job.store)
        if looked_at is not None:
            cohort.catalogue.save(looked_at)
        gone = [name for name in before if name not in stored.recording.values]
        if gone:
            report.warn(
                f"{listed(map(show, gone))}: taken out of the store, as no file of the tracks "
                f"gives {'it' if len(gone) == 1 else 'them'} any more."
            )
        for one, other in _twofold(stored, {str(n) for n in cohort.dataset.recording.values}):
            report.warn(
                f"{show(one)}: its content is that of {show(other)}, which was read before and "
                "stays in the store, to the byte: it counts twice. Where the file was renamed, "
                "make the store anew."
            )
        return [f"tracks: {describe(stored)}", f"        read now: {cohort.counts.describe()}"]

    return Group(cohort.dataset, found, keep=job.keep)


def _twofold(stored: xr.Dataset, now: Collection[str]) -> Iterator[tuple[str, str]]:
    """Recordings that were read now, and others of the store whose files are the same."""
    if "digest" not in stored.coords:
        return
    before: dict[str, str] = {}
    for name, digest in zip(stored.recording.values, stored.digest.values, strict=True):
        if str(name) not in now and digest:
            before.setdefault(str(digest), str(name))
    for name, digest in zip(stored.recording.values, stored.digest.values, strict=True):
        if str(name) in now and str(digest) in before:
            yield str(name), before[str(digest)]


def _recordings(job: Job) -> tuple[str, ...]:
    """Names of the recordings whose tracks are stored."""
    state = store.read_state(job.store)
    return () if state is None else state.known("tracks").recordings


def describe(ds: xr.Dataset) -> str:
    """One line: recordings, animals, body parts, length."""
    n, frames = ds.sizes.get("recording", 1), int(ds.n_frames.sum())
    animals, parts = ds.sizes["individual"], ds.sizes["bodypart"]
    fewer = "animal" in ds.coords and bool((ds.animal == "").any())
    return (
        f"{count(n, 'recording')}, {count(animals, 'animal')} {'at most' if fewer else 'each'}, "
        f"{count(parts, 'body part')}, {frames:,} frames at {float(ds.fps):g} fps "
        f"({duration(frames / float(ds.fps))})"
    )


def duration(seconds: float) -> str:
    """A time in s where it is less than a minute, else in min."""
    return f"{seconds:.3g} s" if seconds < 60 else f"{seconds / 60:.1f} min"


def count(n: int, thing: str) -> str:
    """How many of a thing."""
    return f"{n} {thing}{'' if n == 1 else 's'}"
