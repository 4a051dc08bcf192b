"""Time budgets: how much of the observed time each animal spent with each behaviour."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.labels.counting import count_in_windows
from ethoflow.labels.events import EventNote, EventSource, place_events, read_events
from ethoflow.labels.rows import ROW, make_table
from ethoflow.labels.runs import Track, follow_tracks
from ethoflow.labels.windows import Windows, bins_of, whole_recordings
from ethoflow.schema import Data, as_dataset
from ethoflow.units import Quantity

OWN = (
    *("observed", "time", "share", "n_bouts", "n_cut", "mean_bout"),
    *("latency_to_first", "latency_cut", "n_intervals", "mean_interval"),
)
COLUMNS = (*ROW, *OWN)


def time_budget(
    data: Data,
    *,
    bin: Quantity | None = None,
    events: EventSource | None = None,
    before: Quantity = 0.0,
    after: Quantity = 0.0,
    duration: Quantity | None = None,
) -> pd.DataFrame:
    """Time spent with each behaviour, one row per animal (or pair) and behaviour.

    By time bins there is a row for each of them, by events one for each event and window.

    The animal is the statistical unit: test on these rows, never on frames. A behaviour that is the
    same seen from both animals of a pair (nose to nose) has one row for the pair, under the animal
    that comes first; one that has a direction (following) has a row each way. A variable with
    categories (``kind="category"``) has a row for each of them, also for those never shown.

    Unknown frames are counted nowhere. A behaviour that is never shown has 0; one that was never
    observed has nothing (NaN) but ``observed``, which is 0. Time is divided between bins frame by
    frame; a bout counts once, in the bin in which it begins, with its whole length. So times and
    numbers of bouts of the bins add up to those of the recording.

    Parameters
    ----------
    data
        Labels, as `annotate` gives them.
    bin
        Length of a bin, s or a string with a unit, from the first frame of each recording on. The
        last one may be shorter; a frame is in the bin that its middle is in.
    events
        A table, or a file of one, with a row per event: its start, and a stop or a duration where
        it has one, in s of the recording's own clock (other units stand in the heading); its
        recording, where it is not of all; what it is, in a column ``event``.
    before, after
        How long before each event, and after its end, is counted too; nothing by default.
    duration
        Of events in a table that has neither stop nor duration.

    Returns
    -------
    DataFrame
        recording, individual, partner; a column for each further dim that labels have, such as
        region or rater; animal, partner_animal, behaviour, and category where there are any.

        By bins: bin (from 0), start and stop, s of the recording's own clock. By events: event,
        trial (from 1, of the events of one name in a recording), window (before, during, after),
        start and stop.

        observed: time in which the behaviour is known, s; time: time in which it is shown, s;
        share: time / observed; n_bouts: bouts that begin here; n_cut: how many of them touch an
        unknown frame or an end of the recording, so that their true length is not known;
        mean_bout: their mean length, s; latency_to_first: from the beginning (of the recording, bin
        or window) to the first frame with it, s, 0 where it is going on; latency_cut: frames before
        that one are unknown, so the true latency may be shorter (never shown: frames are unknown,
        so it may have been); n_intervals and mean_interval: times from the end of a bout to the
        beginning of the next, s, of those that are known all through and end here. Metadata of the
        recording, the animal and the further dims follow; those of the partner begin with
        ``partner_``.

    Raises
    ------
    DataError
        There are no labels in `data`, or one has values that no label has; a dim is called like a
        column; bins and events at once; a bin shorter than a frame; events that do not fit, as
        `docs/budgets.md` says.
    UnitError
        A duration that is none.

    Warns
    -----
    EventNote
        Of events beyond a recording, in unknown recordings, and into which windows of others reach.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> labels = annotate(simulate.still_then_running(), ["moving"])
    >>> budget = time_budget(labels)
    >>> budget[["behaviour", "observed", "time", "share"]].values.tolist()
    [['moving', 8.0, 4.04, 0.505]]
    >>> time_budget(labels, bin="3 s")[["start", "stop", "time"]].values.round(2).tolist()
    [[0.0, 3.0, 0.0], [3.0, 6.0, 2.04], [6.0, 8.0, 2.0]]
    """
    ds = as_dataset(data)
    if bin is not None and events is not None:
        raise DataError(
            "bin and events were both given: make a table for each, as in time_budget(labels, "
            "bin='1 min') and time_budget(labels, events='tones.csv')."
        )
    if events is not None:
        table = read_events(events, float(ds.fps), duration)
        windows, notes = place_events(table, ds, before=before, after=after)
        for note in notes:
            warnings.warn(note, EventNote, stacklevel=2)
        return budget_in(ds, windows)
    if before or after or duration is not None:
        raise DataError("before, after and duration are of events: give events='tones.csv' too.")
    return budget_in(ds, whole_recordings(ds) if bin is None else bins_of(ds, bin))


def budget_in(ds: xr.Dataset, windows: Windows) -> pd.DataFrame:
    """Time spent with each behaviour in each window; see `time_budget`."""
    tracks, fps = follow_tracks(ds), float(ds.fps)
    records: list[tuple[Track, tuple[object, ...]]] = []
    for track in tracks:
        own = windows.by_row.get(track.recording)
        if own is not None:
            rows = _measure(track, own.frames, fps)
            records += [(track, (*cells, *row)) for cells, row in zip(own.cells, rows, strict=True)]
    return make_table(ds, tracks, records, (*windows.columns, *OWN))


def _measure(track: Track, frames: Array, fps: float) -> Iterator[tuple[Any, ...]]:
    """What the columns of a budget say of a track in each window."""
    counts = count_in_windows(track, frames)
    unknown = counts.observed == 0

    def of_known(values: Array) -> Array:
        return np.where(unknown, np.nan, values)

    columns = (
        counts.observed / fps,
        of_known(counts.shown / fps),
        _ratio(counts.shown, counts.observed),
        of_known(counts.bouts),
        of_known(counts.cut_bouts),
        _ratio(counts.bout_length, counts.bouts) / fps,
        counts.latency / fps,
        counts.latency_cut,
        of_known(counts.intervals),
        _ratio(counts.interval_length, counts.intervals) / fps,
    )
    return zip(*(column.tolist() for column in columns), strict=True)


def _ratio(one: Array, other: Array) -> Array:
    """One by the other, NaN where that is 0."""
    found: Array = np.divide(one, other, out=np.full(len(one), np.nan), where=other > 0)
    return found
