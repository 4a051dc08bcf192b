"""What animals do around events: labels and features averaged over trials, per animal."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.bins import bin_width, frame_at
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.labels.events import EventNote, EventSource, place_events, read_events
from ethoflow.labels.plain import plain_labels
from ethoflow.labels.runs import is_behaviour
from ethoflow.origin import origins
from ethoflow.schema import Data, as_dataset, count_frames, first_frame
from ethoflow.stats.feature_means import series_of, with_people
from ethoflow.stats.people import as_cohort, list_people
from ethoflow.units import Quantity, convert

WHO = ["recording", "individual", "partner"]


def around_events(
    data: Data,
    events: EventSource,
    *,
    before: Quantity,
    after: Quantity,
    bin: Quantity,
    baseline: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Labels and features around the beginnings of events, averaged over trials, per animal.

    A row is of an animal (or pair), a behaviour or feature, an event and a bin of time relative to
    its beginning: the share of known time in which the behaviour is shown, or the mean of the
    feature (of a direction those of its cosine and sine, ``cos heading``). What is unknown, or
    beyond the recording, stays so: a trial without a known frame in a bin does not count there, and
    ``n_trials`` says how many do. `ef.stats.compare(table, by="treatment", value="mean")` compares
    animals; with ``by=["treatment", "lag"]`` also over time.

    Parameters
    ----------
    data
        Labels or features.
    events
        As for `ef.time_budget`; when they end does not matter.
    before, after
        How long before and after the beginning of each event.
    bin
        Length of a bin; one begins with the event.
    baseline
        From when to when, s relative to the event: the mean of each trial there is taken from it.
        A trial whose baseline is unknown is left out.

    Returns
    -------
    DataFrame
        recording, individual, partner, animal, partner_animal, behaviour, event; lag (where the
        bin begins, s relative to the event), mean, n_trials (known), n_events. Metadata follow.
        `attrs` have the length of a bin (s), whether there was a baseline, and units_of: ``share``
        of behaviours, the units of features.

    Raises
    ------
    DataError
        As `ef.time_budget` for the events; no bin fits; the baseline is no stretch within.
    UnitError
        A duration that is none.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> labels = annotate(simulate.still_then_running(), ["moving"])
    >>> tones = pd.DataFrame({"event": ["tone"], "start": [4.0]})
    >>> found = around_events(labels, tones, before="2 s", after="2 s", bin="1 s")
    >>> found[["lag", "mean"]].values.round(2).tolist()
    [[-2.0, 0.0], [-1.0, 0.04], [0.0, 1.0], [1.0, 1.0]]
    """
    ds = as_dataset(data)
    reach = [convert(one, "s", name=name) for one, name in ((before, "before"), (after, "after"))]
    longest = int(count_frames(ds).max(initial=0))
    width = bin_width(bin, float(ds.fps), longest)
    edges = _edges(reach[0], reach[1], width)
    if baseline is not None and not (-reach[0] - 1e-9 <= baseline[0] < baseline[1] <= reach[1]):
        raise DataError(
            f"baseline must be a stretch between {-reach[0]:g} and {reach[1]:g} s relative to the "
            f"event, as in baseline=({-reach[0]:g}, 0); found {baseline}."
        )
    onsets = _onsets(ds, events, reach)
    if any(is_behaviour(array) for array in ds.data_vars.values()):
        ds = plain_labels(ds)
    several = as_cohort(ds)
    rows: list[tuple[object, ...]] = []
    units_of: dict[str, str] = {}
    for row, own in onsets.items():
        recording = str(several.recording.values[row])
        loaded = several.isel(recording=row).load()
        n_frames = int(count_frames(ds)[row])
        for array in loaded.data_vars.values():
            if "time" not in array.dims or "space" in array.dims or array.dtype.kind not in "iuf":
                continue
            is_label = is_behaviour(array)
            for who, what, values, units in series_of(array):
                units_of[what] = "share" if is_label else units
                for event, frames in own.items():
                    trials = _trials(values[:n_frames], frames, edges, float(ds.fps), baseline)
                    known = np.isfinite(trials)
                    sums = np.where(known, trials, 0.0).sum(axis=0)
                    counts = known.sum(axis=0)
                    means = np.divide(
                        sums, counts, out=np.full(len(sums), np.nan), where=counts > 0
                    )
                    rows += [
                        (recording, *who, what, event, lag, mean, n, len(frames))
                        for lag, mean, n in zip(
                            edges[:-1].tolist(), means.tolist(), counts.tolist(), strict=True
                        )
                    ]
    columns = [*WHO, "behaviour", "event", "lag", "mean", "n_trials", "n_events"]
    table = with_people(pd.DataFrame(rows, columns=columns), list_people(several))
    table.attrs = {"bin": width, "baseline": baseline is not None, "units_of": units_of}
    return table


def _edges(before: float, after: float, width: float) -> Array:
    """Where bins begin and the last one ends, s relative to the event; one begins with it."""
    if not (0 <= before < float("inf") and 0 <= after < float("inf")):
        raise DataError("before and after must be durations of zero or more.")
    earlier, later = (int(np.floor(one / width + 1e-9)) for one in (before, after))
    if earlier + later == 0:
        raise DataError(
            f"no bin of {width:g} s fits: before is {before:g} s and after is {after:g} s."
        )
    return width * np.arange(-earlier, later + 1)


def _onsets(
    ds: xr.Dataset, events: EventSource, reach: list[float]
) -> dict[int, dict[str, list[float]]]:
    """Beginnings of the events by recording and name, s since its first frame of all."""
    table = read_events(events, float(ds.fps))
    windows, notes = place_events(table, ds, before=reach[0], after=reach[1])
    for note in notes:
        warnings.warn(note, EventNote, stacklevel=3)
    begins = origins(ds).tolist()
    found: dict[int, dict[str, list[float]]] = {}
    for row, own in windows.by_row.items():
        trials: dict[tuple[str, int], float] = {}
        for event, trial, kind, start, stop in own.cells:
            onset = stop if kind == "before" else start
            trials[event, trial] = min(onset, trials.get((event, trial), float("inf")))
        for (event, _), onset in trials.items():
            found.setdefault(row, {}).setdefault(event, []).append(
                onset - begins[row] - first_frame(ds) / float(ds.fps)
            )
    return found


def _trials(
    values: Array,
    onsets: list[float],
    edges: Array,
    fps: float,
    baseline: tuple[float, float] | None,
) -> Array:
    """Mean of the known frames of every bin of every trial, dims (trial, bin)."""
    found = np.full((len(onsets), len(edges) - 1), np.nan)
    for i, onset in enumerate(onsets):
        found[i] = list(_means(values, frame_at(onset + edges, fps)))
        if baseline is not None:
            (rest,) = _means(values, frame_at(onset + np.array(baseline), fps))
            found[i] -= rest
    return found


def _means(values: Array, frames: Array) -> Iterator[float]:
    for start, stop in zip(frames[:-1].tolist(), frames[1:].tolist(), strict=True):
        part = values[max(start, 0) : max(stop, 0)].astype(float)
        part = part[np.isfinite(part)]
        yield float(part.mean()) if part.size else float("nan")
