"""What a tracking file or a store holds, in sentences and small tables, and what looks wrong."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow import store
from ethoflow.cleaning.scores import score_of
from ethoflow.engine.sources import open_store
from ethoflow.io.loading import load
from ethoflow.io.one_file import to_dataset
from ethoflow.io.options import DEFAULTS, Options
from ethoflow.io.paths import naming
from ethoflow.io.prefixes import tell_prefixes
from ethoflow.io.reader import Reader
from ethoflow.io.recognition import recognise
from ethoflow.io.scoring import list_labels
from ethoflow.io.scoring.declare import recognise_labels
from ethoflow.io.stack import with_notes
from ethoflow.io.video import compare, look_beside
from ethoflow.place import Place, Url
from ethoflow.schema import DataError, position_units
from ethoflow.short_names import short_names, shortener
from ethoflow.stages.tracks import describe as describe_tracks
from ethoflow.stages.tracks import duration
from ethoflow.stats.quality import share, tabulate
from ethoflow.stats.survey import Survey, each, survey
from ethoflow.stats.suspicion import cost_of, name_points, suspect

Lines = Iterator[tuple[str, pd.DataFrame | None]]

MANY = 12
"""Recordings or animals from which on tables show means."""


def describe(
    path: Place, fps: float | Literal["video"] | None = None, options: Options = DEFAULTS
) -> Lines:
    """Sentences about `path`, each with a table or without.

    Raises
    ------
    DataError
        Nothing is there, or it cannot be read.
    """
    if isinstance(path, Url) or store.exists(path):
        yield from _describe_store(path)
    else:
        yield from _describe_file(path, fps, options)


def _describe_file(path: Path, fps: float | Literal["video"] | None, options: Options) -> Lines:
    with naming(path):
        found = _format_of(path, options)
        parts = [] if found is None else load(path, options)
    if found is None:
        yield from _describe_scored(path)
        return
    video = look_beside(path) if len(parts) == 1 else None
    stated = parts[0].fps
    rate = video.fps if video is not None and fps == "video" else fps
    rate = rate if isinstance(rate, float | int) else stated
    if video is not None:
        n_frames = parts[0].position.shape[-1]
        parts = [with_notes(parts[0], compare(n_frames, parts[0], video, rate))]
    yield f"{path.name}: {found.name}, {_size(path)}", None
    yield f"frame rate: {_explain_rate(fps, stated, None if video is None else video.fps)}", None
    # Without a frame rate it is described as if it had one frame per second.
    ds = to_dataset(path, parts, options, fps=rate or 1.0)
    if "recording" in ds.dims:
        names = ", ".join(map(str, ds.recording.values[:MANY]))
        yield f"{ds.sizes['recording']} recordings: {names}", None
    yield from _describe_tracks(ds, rate)
    yield f"\nnext: {_next_command(path, fps, rate, video is not None, options)}", None


def _format_of(path: Path, options: Options) -> Reader | None:
    """The format of the tracks in a file; None where it holds scored behaviour instead."""
    try:
        return recognise(path, options)
    except DataError:
        if not _is_scored(path):
            raise
        return None


def _describe_scored(path: Path) -> Lines:
    listed = list_labels(path).drop(columns=["start", "stop", "fps"])
    yield f"{path.name}: scored behaviour, no tracks", None
    yield "\nwhat was scored (times in s or frames, as the unit says):", listed
    yield f"\nnext: ethoflow labels {shlex.quote(str(path))} --store cohort.zarr", None


def _is_scored(path: Path) -> bool:
    """Whether a file without tracks has a format of scored behaviour."""
    try:
        return path.is_file() and bool(recognise_labels(path))
    except DataError:
        return False


def _size(path: Path) -> str:
    size = float(path.stat().st_size)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def _explain_rate(given: object, stated: float | None, of_video: float | None) -> str:
    known = [f"{given:g} fps as given"] if isinstance(given, float | int) else []
    known += [f"the file states {stated:g} fps"] if stated is not None else []
    known += [f"the video beside it {of_video:g} fps"] if of_video is not None else []
    if known:
        return "; ".join(known)
    return "not known: the file does not hold it; give --fps"


def _next_command(
    path: Path, given: object, rate: float | None, has_video: bool, options: Options
) -> str:
    """The command that reads the file, with what was given to look at it."""
    said = "" if given is None else f" --fps {given}"
    option = said or ("" if rate else " --fps video" if has_video else " --fps FPS")
    meaning = " (FPS: frames per second)" if option.endswith("FPS") else ""
    if options.individuals:
        option += f" --individuals {shlex.quote(','.join(options.individuals))}"
    return f"ethoflow ingest {shlex.quote(str(path))} --out cohort.zarr{option}{meaning}"


def _describe_tracks(ds: xr.Dataset, rate: float | None) -> Lines:
    frames = np.atleast_1d(ds.n_frames.values)
    roles = [
        f"{p} ({r})" if r else f"{p}"
        for p, r in zip(ds.bodypart.values, ds.role.values, strict=True)
    ]
    long = "" if rate is None else f" ({duration(float(frames.sum() / rate))})"
    most = ds.sizes["individual"]
    yield (
        f"{int(frames.sum()):,} frames{long}, {most} animal{'' if most == 1 else 's at most'}, "
        f"{ds.sizes['space']}-D positions in {position_units(ds)}",
        None,
    )
    yield f"body parts (roles): {', '.join(roles)}", None
    surveys = survey(ds)
    yield from _describe_confidence(ds, surveys)
    yield "\nanimals (frames in which any of their points was seen):", _by_animal(ds, surveys, rate)
    if "recording" not in ds.dims and most > MANY:
        yield f"... and {most - MANY} animals that were seen less", None
    yield (
        "\nbody parts (shares of frames; jumps: steps longer than the animal):",
        _by_part(ds, surveys),
    )
    yield from _describe_apart(ds, surveys)
    show = shortener(map(str, np.atleast_1d(ds.recording.values)))
    twofold = tell_prefixes(list(map(str, ds.bodypart.values))) if most == 1 else ""
    told = [*map(str, ds.attrs.get("notes", [])), *([twofold] if twofold else [])]
    suspected = suspect(ds, surveys, fps_known=rate is not None)
    yield from _list_faults([show(fault) for fault in (*told, *suspected)])


def _describe_confidence(ds: xr.Dataset, surveys: Mapping[int, Survey]) -> Lines:
    """What the confidence is, and what the default threshold would cost."""
    lost, score = cost_of(surveys), score_of(ds)
    if np.isnan(lost):
        yield "confidence: none in these data", None
        return
    yield (
        f"confidence: {score.name}; cleaning takes points under {score.min_confidence:g} for "
        f"missing by default, {lost:.2%} of those seen",
        None,
    )


def _describe_apart(ds: xr.Dataset, surveys: Mapping[int, Survey]) -> Lines:
    """Points that are no part of an animal, by how they move."""
    apart = np.any([found.apart.any(axis=0) for found in surveys.values()], axis=0)
    names = [str(part) for part in ds.bodypart.values[np.flatnonzero(apart)]]
    if names:
        yield (
            f"{name_points(names)}: still while the others move, as corners and objects are. The "
            "length of the animal is measured without them.",
            None,
        )


def _by_animal(ds: xr.Dataset, surveys: Mapping[int, Survey], rate: float | None) -> pd.DataFrame:
    """Each animal's share of frames, when it was first and last seen, and its longest absence."""
    animals = np.atleast_2d(ds.animal.values)
    # An animal without a name of its own is called as its recording.
    short = short_names(map(str, np.atleast_1d(ds.recording.values)))
    unit, scale = ("_s", rate) if rate else ("_frame", 1.0)
    records = []
    for row, (_, found) in enumerate(each(surveys, ds)):
        for i, slot in enumerate(map(str, ds.individual.values)):
            if found is None or animals[row, i] == "":
                continue
            here = found.present[i] > 0
            records.append(
                {
                    "individual": slot,
                    "animal": short.get(str(animals[row, i]), str(animals[row, i])),
                    "n_frames": found.n_frames,
                    "seen": share(int(found.present[i]), found.n_frames),
                    f"first{unit}": float(found.first[i] / scale) if here else np.nan,
                    f"last{unit}": float(found.last[i] / scale) if here else np.nan,
                    f"longest_absence{unit}": float(found.absence[i] / scale),
                }
            )
    table = pd.DataFrame(records)
    if len(table) <= MANY:
        return table.drop(columns="n_frames")
    if "recording" not in ds.dims:
        return table.drop(columns="n_frames").nlargest(MANY, "seen")
    means = _mean_by(table, ["individual"], {"seen": "n_frames"})
    longest = table.groupby("individual")[f"longest_absence{unit}"].max()
    return means.assign(**{f"longest_absence{unit}": longest[means.individual].to_numpy()})


def _by_part(ds: xr.Dataset, surveys: Mapping[int, Survey]) -> pd.DataFrame:
    quality = tabulate(ds, surveys)
    shape = (ds.sizes["individual"], ds.sizes["bodypart"])
    few = 1 < shape[0] <= 4
    keys = ["individual", "bodypart"] if few else ["bodypart"]
    quality["n_seen"] = quality.n_frames * (1 - quality.missing)
    quality["n_jumps"] = [
        np.nan if found is None or n < 0 else float(n)
        for _, found in each(surveys, ds)
        for n in np.ravel(np.full(shape, -1) if found is None else found.jumps)
    ]
    table = _mean_by(quality, keys, {"missing": "n_frames", "low_confidence": "n_seen"})
    counts = quality.groupby(keys, sort=False).n_jumps.sum(min_count=1)
    return table.assign(jumps=counts.to_numpy())


def _mean_by(table: pd.DataFrame, keys: list[str], weights: Mapping[str, str]) -> pd.DataFrame:
    """Means of columns over rows with the same keys, each weighted by another column."""
    means = {}
    for column, weight in weights.items():
        known = table[column].notna()
        sums = (table[column] * table[weight]).where(known).groupby([table[k] for k in keys]).sum()
        wholes = table[weight].where(known).groupby([table[k] for k in keys]).sum()
        means[column] = sums / wholes.where(wholes > 0)
    found = pd.DataFrame(means).reset_index()
    order = {key: i for i, key in enumerate(zip(*(table[k] for k in keys), strict=True))}
    place = [order[key] for key in zip(*(found[k] for k in keys), strict=True)]
    return found.iloc[np.argsort(place)].reset_index(drop=True)


def _list_faults(faults: list[str]) -> Lines:
    if not faults:
        yield "\nnothing looks wrong.", None
        return
    yield "\nwhat looks wrong:", None
    for fault in faults[: 3 * MANY]:
        yield f"  - {fault}", None
    if len(faults) > 3 * MANY:
        yield f"  ... and {len(faults) - 3 * MANY} more", None


def _describe_store(path: Place) -> Lines:
    groups = store.list_groups(path)
    if not groups:
        raise DataError(f"{path} is a Zarr store without data of ethoflow.")
    yield f"{path}: a store of ethoflow with {', '.join(groups)}", None
    for name in groups:
        ds = open_store(path, name)
        assert isinstance(ds, xr.Dataset)
        state = (
            ""
            if store.is_complete(path, name)
            else " (a write of it is under way or was interrupted: this is the state before)"
        )
        yield f"\n{name}{state}: {', '.join(map(str, ds.data_vars))}", None
        if name == "tracks":
            yield f"  {describe_tracks(ds)}", None
            yield from _describe_tracks(ds, float(ds.fps))
        elif name.startswith("labels/") and ds.attrs.get("skipped"):
            skipped = ds.attrs["skipped"]
            for reason in json.loads(skipped) if isinstance(skipped, str) else skipped:
                yield f"  {reason}", None
