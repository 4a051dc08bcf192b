"""Ethogram: what each animal does over time, one row per behaviour and animal or pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.colours import colours_of
from ethoflow.engine.bouts import find_runs
from ethoflow.labels.categories import UNKNOWN as STATE_UNKNOWN
from ethoflow.labels.categories import encode
from ethoflow.labels.places import further_dims, names_along
from ethoflow.labels.rows import name_track
from ethoflow.labels.runs import Track, follow_tracks, label_names
from ethoflow.names import in_order
from ethoflow.one_recording import one_recording, recording_title
from ethoflow.origin import clock_end, clock_times, on_clock, origins
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import WIDTH, room_for, with_options
from ethoflow.schema import Data, DataError, first_frame
from ethoflow.short_names import fitted

UNKNOWN = "#d9d9d9"
ROW = 0.8
"""Height of a bar, in rows."""
MOST_ROWS = 120
"""Rows that can still be told apart."""


@dataclass
class _Row:
    """One row: what is shown and who does it, and its tracks, several for categories."""

    what: str
    who: str
    tracks: list[Track] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What stands beside the row."""
        return "  ".join(filter(None, [self.what, self.who]))


def _example() -> Picture:
    return ethogram(examples.labels().isel(recording=0))


@plot(
    "one recording",
    example=_example,
    code='ef.plot.ethogram(labels.sel(recording="session_00"))',
)
def ethogram(data: Data, *, title: str | None = None) -> Picture:
    """Bouts of one recording as bars along time; unknown stretches in light grey.

    A behaviour that is the same seen from both animals of a pair has one row for the pair. Labels
    with further dims have a row for each of their names; the categories of a variable share one.

    Parameters
    ----------
    data
        Labels of one recording, as `annotate` gives them.
    title
        What stands above; the name of the recording by default.

    Raises
    ------
    DataError
        Labels of several recordings, or none, or too many rows.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> picture = ethogram(annotate(simulate.still_then_running(), ["moving", "immobile"]))
    >>> picture.data[["behaviour", "start", "stop"]].values.tolist()
    [['immobile', 0.0, 3.96], ['moving', 3.96, 8.0]]
    """
    ds = one_recording(data)
    rows = _name_rows(ds, follow_tracks(ds))
    bars, unknown = _measure(ds, rows)
    behaviours = list(dict.fromkeys(track.name for row in rows for track in row.tracks))
    colours = colours_of(behaviours)
    x, y = hv.Dimension("start", label="time (s)"), hv.Dimension("low", label=" ")
    edges = [x, y, "stop", "high"]
    grey = hv.Rectangles(unknown, edges, ["behaviour", "animals"])
    grey = with_options(grey, color=UNKNOWN, line=None)
    bars = bars.assign(colour=[colours[name] for name in bars.behaviour])
    values = ["behaviour", "animals", "duration", "colour"]
    several = any(track.category for row in rows for track in row.tracks)
    # The rows do not name the categories that share one.
    names = sorted(set(bars.behaviour), key=in_order)
    named = [(n, bars[bars.behaviour == n]) for n in names] if several else [("", bars)]
    shown = [
        with_options(
            hv.Rectangles(own, edges, values, label=name),
            color=colours[name] if several else "colour", line=None, hover=True,
        )
        for name, own in named
    ]  # fmt: skip
    said = fitted((row.name for row in rows), 48)
    ticks = [(len(rows) - 1 - place, said[row.name]) for place, row in enumerate(rows)]
    (first, *_), end = (clock_times(ds), clock_end(ds)) if ds.sizes["time"] else ([0.0], 1.0)
    figure = with_options(
        hv.Overlay([grey, *shown]),
        width=WIDTH,
        beside=room_for(said.values(), names if several else ()),
        height=max(110 + 30 * len(rows), 60 + 22 * len(shown) if several else 0),
        show_legend=several,
        legend_position="right",
        title=title or recording_title(ds),
        xlim=(first, end),
        ylim=(-0.7, len(rows) - 0.3),
        yticks=ticks[::-1],
    )
    known = bars.drop(columns="colour").assign(known=True)
    return Picture(figure, pd.concat([known, unknown.assign(known=False)], ignore_index=True))


def _name_rows(ds: xr.Dataset, tracks: list[Track]) -> list[_Row]:
    """Rows in the order of the behaviours, each with its tracks.

    An animal that is alone and called as its recording, which the title names, is not repeated.
    """
    rows: dict[tuple[Any, ...], _Row] = {}
    alone = ds.sizes.get("individual", 1) == 1
    further = further_dims(ds, label_names(ds))
    for track in tracks:
        names = name_track(ds, track)
        actor = names["animal"] or names["individual"]
        if track.partner is not None:
            sign = "–" if track.symmetric else "→"
            actor = f"{actor} {sign} {names['partner_animal'] or names['partner']}"
        elif alone and actor == names["recording"]:
            actor = ""
        what = " ".join([track.behaviour, *(str(names[dim]) for dim in further if dim in names)])
        key = (track.behaviour, *sorted(track.place.items()))
        rows.setdefault(key, _Row(what, actor)).tracks.append(track)
    if further and len(rows) > MOST_ROWS:
        raise DataError(
            f"an ethogram of {len(rows)} rows cannot be read: choose some along "
            f"{' or '.join(further)}, as in .sel({further[0]}={names_along(ds, further[0])[0]!r})."
        )
    return list(rows.values())


def _measure(ds: xr.Dataset, rows: list[_Row]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rectangles of the bouts and of the unknown stretches, in seconds and rows."""
    fps, begins = float(ds.fps), first_frame(ds)
    (origin,) = origins(ds).tolist()
    bars: list[tuple[Any, ...]] = []
    unknown: list[tuple[Any, ...]] = []
    for place, row in enumerate(rows):
        y = len(rows) - 1 - place
        gone = find_runs((_state(ds, row.tracks[0]) == STATE_UNKNOWN).astype(np.int8))
        shown = [(track.name, track.runs, bars) for track in row.tracks]
        for name, runs, boxes in (*shown, (row.what, gone, unknown)):
            for start, stop in on_clock(origin, np.asarray(runs) + begins, fps).tolist():
                boxes.append((start, y - ROW / 2, stop, y + ROW / 2, name, row.who, stop - start))
    columns = ["start", "low", "stop", "high", "behaviour", "animals", "duration"]
    return pd.DataFrame(bars, columns=columns), pd.DataFrame(unknown, columns=columns)


def _state(ds: xr.Dataset, track: Track) -> Any:
    return encode(ds[track.behaviour].isel(track.place))
