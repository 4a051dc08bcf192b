"""Ethogram of a cohort: what every animal does over time, a row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.colours import colours_of
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, UnknownName, no_such
from ethoflow.labels.rows import name_track
from ethoflow.labels.runs import Track, follow_tracks
from ethoflow.names import in_order
from ethoflow.origin import on_clock, origins
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.ethogram import UNKNOWN
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import WIDTH, room_for, with_options
from ethoflow.schema import Data, as_dataset, count_frames, first_frame
from ethoflow.short_names import fitted, short_names
from ethoflow.stats.design import counted

MOST_ROWS = 200
MOST_LANES = 12
WATCHED = "#f4f4f4"
"""Behind what is known and not shown; after the end of a recording the paper is white."""
ROW = 0.86
"""Height of an animal's row; its lanes share it."""


def _example() -> Picture:
    return cohort_ethogram(examples.labels(), by="treatment")


@plot(
    "a cohort",
    example=_example,
    code='ef.plot.cohort_ethogram(labels, by="treatment")',
)
def cohort_ethogram(
    data: Data,
    *,
    behaviours: Sequence[str] | None = None,
    by: str | None = None,
    title: str | None = None,
) -> Picture:
    """Bouts of all animals of a cohort as bars along time, a row for each animal.

    Within a row every behaviour has a lane, so that none hides another; what is unknown is grey,
    and a row ends where its recording does. Behaviours of pairs stand in the row of the animal that
    does them, those that are the same seen from both in the rows of both. Time is that of each
    recording's own clock.

    Parameters
    ----------
    data
        Labels, as `annotate` gives them; categories of a variable are behaviours of their own.
    behaviours
        Which of them, and in which order; by default all.
    by
        A coordinate of the recordings or animals that the rows are grouped by.

    Raises
    ------
    DataError
        There are no labels, no such coordinate, or too many rows or lanes to be told apart.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> labels = annotate(simulate.still_then_running(), ["moving", "immobile"])
    >>> cohort_ethogram(labels).data[["behaviour", "known", "start", "stop"]].values.tolist()
    [['immobile', True, 0.0, 3.96], ['moving', True, 3.96, 8.0]]
    """
    ds = as_dataset(data)
    tracks = [track for track in follow_tracks(ds) if track.individual is not None]
    names = list(dict.fromkeys(track.name for track in tracks))
    wanted = names if behaviours is None else list(behaviours)
    for name in wanted:
        if name not in names:
            raise UnknownName(no_such("behaviour", name, names))
    if len(wanted) > MOST_LANES:
        raise DataError(
            f"{len(wanted)} behaviours of each animal cannot be told apart: choose up to "
            f"{MOST_LANES}, as in behaviours={wanted[:3]}."
        )
    rows = _rows(ds, tracks, by)
    if len(rows) > MOST_ROWS:
        raise DataError(
            f"an ethogram of {len(rows)} animals cannot be read: choose up to {MOST_ROWS}, as in "
            ".isel(recording=slice(20))."
        )
    if not rows:
        raise DataError(
            "there are no labels of single animals or pairs here: there is nothing to draw."
        )
    table = _measure(ds, tracks, rows, wanted)
    return Picture(_draw(ds, table, rows, wanted, title, by), table)


Who = tuple[int, int]
"""Row of the recording, and place of the animal."""


def _rows(ds: xr.Dataset, tracks: Sequence[Track], by: str | None) -> dict[Who, tuple[str, str]]:
    """Animals in order, with their names and groups; one of which nothing is known too."""
    groups = _groups(ds, by)
    names = (
        [str(name) for name in np.atleast_1d(ds.recording.values)]
        if "recording" in ds.coords
        else []
    )
    short = short_names(names)
    found: dict[Who, tuple[str, str]] = {}
    for track in tracks:
        who = (track.recording, int(track.place["individual"]))
        if who in found:
            continue
        named = name_track(ds, track)
        if not len(track.seen) and "animal" in ds.coords and not named["animal"]:
            continue  # a place that nobody has in this recording
        alone = ds.sizes.get("individual", 1) == 1
        recording = short.get(named["recording"], named["recording"])
        animal = named["animal"] or ("" if alone else named["individual"])
        animal = short.get(animal, animal)  # the only one may be called as its recording
        whole = f"{recording} {animal}".strip()
        label = animal if animal.startswith(recording) else whole
        taken = label in (name for name, _ in found.values())
        found[who] = whole if taken else label, groups[who] if groups else ""
    return dict(sorted(found.items(), key=lambda item: (in_order(item[1][1]), item[0])))


def _groups(ds: xr.Dataset, by: str | None) -> dict[Who, str]:
    if by is None:
        return {}
    if by not in ds.coords or not set(ds[by].dims) <= {"recording", "individual"}:
        known = [
            str(name) for name, c in ds.coords.items()
            if "recording" in c.dims and set(c.dims) <= {"recording", "individual"}
        ]  # fmt: skip
        raise UnknownName(no_such("coordinate", by, known))
    sizes = {"recording": ds.sizes.get("recording", 1), "individual": ds.sizes["individual"]}
    shape = xr.DataArray(np.zeros(tuple(sizes.values())), dims=tuple(sizes))
    values = ds[by].reset_coords(drop=True) if by not in ds.dims else ds[by].variable
    cells = xr.DataArray(values.values, dims=values.dims).broadcast_like(shape)
    cells = cells.transpose("recording", "individual")
    return {who: str(cells.values[who]) for who in np.ndindex(*sizes.values())}


def _measure(
    ds: xr.Dataset, tracks: Sequence[Track], rows: dict[Who, tuple[str, str]], wanted: list[str]
) -> pd.DataFrame:
    """A row for every bout and every unknown stretch, s of the recording's own clock."""
    fps, first = float(ds.fps), first_frame(ds)
    counts, begins = count_frames(ds).tolist(), origins(ds).tolist()
    found = []
    for track in tracks:
        if track.name not in wanted:
            continue
        gone = between(track.seen, counts[track.recording])
        for who in _whose(track):
            if who not in rows:
                continue
            for known, runs in ((True, track.runs), (False, gone)):
                times = on_clock(begins[track.recording], first + np.asarray(runs), fps).tolist()
                for start, stop in times:
                    found.append((*rows[who], track.name, known, start, stop))
    columns = ["animal", "group", "behaviour", "known", "start", "stop"]
    return pd.DataFrame(found, columns=columns)


def _whose(track: Track) -> list[Who]:
    both = [track.individual, track.partner] if track.symmetric else [track.individual]
    return [(track.recording, int(one)) for one in both if one is not None]


def between(seen: Array, n_frames: int) -> Array:
    """Stretches that are unknown, between those that are known."""
    edges = np.concatenate([[0], np.asarray(seen).reshape(-1), [n_frames]]).reshape(-1, 2)
    gaps: Array = edges[edges[:, 1] > edges[:, 0]]
    return gaps


def _draw(
    ds: xr.Dataset,
    table: pd.DataFrame,
    rows: dict[Who, tuple[str, str]],
    wanted: list[str],
    title: str | None,
    by: str | None,
) -> Any:
    places = {name: len(rows) - 1 - i for i, (name, _) in enumerate(rows.values())}
    lane = ROW / max(len(wanted), 1)
    top = table["animal"].map(places) + ROW / 2 - table["behaviour"].map(wanted.index) * lane
    boxes = table.assign(high=top, low=top - lane, duration=table["stop"] - table["start"])
    edges = [
        hv.Dimension("start", label="time (s)"), hv.Dimension("low", label=" "), "stop", "high",
    ]  # fmt: skip
    counts, begins = count_frames(ds), origins(ds)
    first, fps = first_frame(ds), float(ds.fps)
    starts, ends = begins + first / fps, begins + (first + counts) / fps
    watched = [
        (starts[row], places[name] - ROW / 2, ends[row], places[name] + ROW / 2)
        for (row, _), (name, _) in rows.items()
    ]
    colours = colours_of(wanted)
    facts = ["behaviour", "animal", "duration"]
    layers = [
        with_options(hv.Rectangles(watched, edges), color=WATCHED, line=None),
        with_options(
            hv.Rectangles(boxes[~boxes["known"]], edges, facts, label="unknown"),
            color=UNKNOWN, line=None,
        ),
        *(
            with_options(
                hv.Rectangles(
                    boxes[boxes["known"] & (boxes["behaviour"] == name)], edges, facts, label=name
                ),
                color=colours[name], line=None, hover=True,
            )
            for name in wanted
        ),
    ]  # fmt: skip
    said = fitted(places)
    ticks = [(places[name], f"{said[name]}  {group}".strip()) for name, group in rows.values()]
    n = len({who[0] for who in rows})
    head = f"{counted(len(rows), 'animal')} in {counted(n, 'recording')}"
    return with_options(
        hv.Overlay(layers),
        width=WIDTH + 160,
        beside=room_for((name for _, name in ticks), wanted),
        height=130 + max(round(len(rows) * max(24, 5 * len(wanted))), 60),
        title=title or (f"{head}, by {by}" if by else head),
        xlim=(float(starts.min()), float(ends.max())),
        ylim=(-0.6, len(rows) - 0.4),
        yticks=ticks[::-1],
        legend_position="right",
        show_legend=True,
    )
