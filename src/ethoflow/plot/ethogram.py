"""Ethogram: what each animal does over time, one row per behaviour and animal or pair."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.bouts import find_runs
from ethoflow.labels.bouts import Track, follow_tracks, name_track
from ethoflow.plot.recording import one_recording, recording_title
from ethoflow.plot.save import PALETTE, WIDTH, with_options
from ethoflow.schema import Data

UNKNOWN = "#d9d9d9"
ROW = 0.8
"""Height of a bar, in rows."""


def ethogram(data: Data) -> Any:
    """Bouts of one recording as bars along time; unknown stretches in light grey.

    A behaviour that is the same seen from both animals of a pair has one row for the pair.

    Parameters
    ----------
    data
        Labels of one recording, as `annotate` gives them.

    Raises
    ------
    DataError
        Labels of several recordings, or none.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> figure = ethogram(annotate(simulate.still_then_running(), ["moving", "immobile"]))
    >>> type(figure).__name__
    'Overlay'
    """
    ds = one_recording(data)
    rows = _name_rows(ds, follow_tracks(ds))
    bars, unknown = _measure(ds, rows)
    behaviours = list(dict.fromkeys(track.behaviour for track in rows.values()))
    colours = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(behaviours)}
    x, y = hv.Dimension("start", label="time (s)"), hv.Dimension("low", label=" ")
    edges = [x, y, "stop", "high"]
    grey = hv.Rectangles(unknown, edges, ["behaviour", "animals"])
    grey = with_options(grey, color=UNKNOWN, line=None)
    bars = bars.assign(colour=[colours[name] for name in bars.behaviour])
    values = ["behaviour", "animals", "duration", "colour"]
    shown = with_options(hv.Rectangles(bars, edges, values), color="colour", line=None, hover=True)
    end = float(ds.time.values[-1] + 1 / float(ds.fps)) if ds.sizes["time"] else 1.0
    ticks = [(len(rows) - 1 - place, name) for place, name in enumerate(rows)]
    first = float(ds.time.values[0]) if ds.sizes["time"] else 0.0
    return with_options(
        grey * shown,
        width=WIDTH,
        height=110 + 30 * len(rows),
        title=recording_title(ds),
        xlim=(first, end),
        ylim=(-0.7, len(rows) - 0.3),
        yticks=ticks[::-1],
    )


def _name_rows(ds: xr.Dataset, tracks: list[Track]) -> dict[str, Track]:
    """Tracks by the label of their row, in the order of the behaviours.

    An animal that is alone and called as its recording, which the title names, is not repeated.
    """
    rows: dict[str, Track] = {}
    alone = ds.sizes["individual"] == 1
    for track in tracks:
        names = name_track(ds, track)
        actor = names["animal"] or names["individual"]
        if alone and actor == names["recording"]:
            rows[track.behaviour] = track
            continue
        if track.partner is None:
            rows[f"{track.behaviour}  {actor}"] = track
            continue
        partner = names["partner_animal"] or names["partner"]
        sign = "–" if track.symmetric else "→"
        rows[f"{track.behaviour}  {actor} {sign} {partner}"] = track
    return rows


def _measure(ds: xr.Dataset, rows: dict[str, Track]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rectangles of the bouts and of the unknown stretches, in seconds and rows."""
    first = float(ds.time.values[0]) if ds.sizes["time"] else 0.0
    bars: list[tuple[Any, ...]] = []
    unknown: list[tuple[Any, ...]] = []
    for place, (name, track) in enumerate(rows.items()):
        y = len(rows) - 1 - place
        animals = name.partition("  ")[2]
        gone = find_runs(np.isnan(_values(ds, track)).astype(np.int8))
        for runs, boxes in ((track.runs, bars), (gone, unknown)):
            for start, stop in (np.asarray(runs) / float(ds.fps) + first).tolist():
                boxes.append((start, y - ROW / 2, stop, y + ROW / 2, track.behaviour, animals,
                              stop - start))  # fmt: skip
    columns = ["start", "low", "stop", "high", "behaviour", "animals", "duration"]
    return pd.DataFrame(bars, columns=columns), pd.DataFrame(unknown, columns=columns)


def _values(ds: xr.Dataset, track: Track) -> Any:
    array = ds[track.behaviour].isel(individual=track.individual)
    return (array if track.partner is None else array.isel(partner=track.partner)).values
