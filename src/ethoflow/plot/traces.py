"""Traces: speed and other features over time, with labels behind them."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.colours import colours_of
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, UnknownName, no_such
from ethoflow.labels.runs import follow_tracks
from ethoflow.one_recording import labels_of, one_recording, recording_title
from ethoflow.origin import clock_end, clock_times, on_clock, origins
from ethoflow.plot import examples
from ethoflow.plot.cohort_ethogram import between
from ethoflow.plot.decimation import keep_extremes, stand_alone
from ethoflow.plot.declare import plot
from ethoflow.plot.ethogram import UNKNOWN
from ethoflow.plot.floor import choose_part
from ethoflow.plot.panels import panels
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import WIDTH, marked, room_for, with_options
from ethoflow.schema import Data, align_partners, first_frame
from ethoflow.short_names import short_names

MOST_POINTS = 8000
"""Points drawn of a line: four for every pixel."""

INK = "#333333"


def _example() -> Picture:
    return traces(
        examples.speeds(), labels=examples.labels().isel(recording=0)[["climbing", "moving"]]
    )


@plot(
    "one recording",
    example=_example,
    code='ef.plot.traces(ef.features.speed(poses).sel(recording="session_00"), labels=labels)',
)
def traces(
    features: Data | xr.DataArray,
    *,
    labels: Data | None = None,
    individual: str | None = None,
    role: str = "centre",
) -> Picture:
    """Features of one animal over time, a panel each, and behind them what it does.

    A stretch that is not known is a gap in the line, a frame between two gaps a dot. Of long
    recordings the least and the greatest value of every stretch are drawn, so that no peak is lost;
    in a notebook what is zoomed into is drawn anew. Every behaviour has a lane of its own behind
    the line, grey where it is unknown.

    Parameters
    ----------
    features
        Features of one recording along time, as `ef.features` give them.
    labels
        Labels of the same recording.
    individual
        The animal; by default the first.
    role
        The body part of features that have several.

    Raises
    ------
    DataError
        Several recordings, no such animal, or nothing along time.

    Examples
    --------
    >>> from ethoflow import features, simulate
    >>> found = traces(features.speed(simulate.still_then_running())).data
    >>> found.feature.iloc[-1], float(found.value.iloc[-1])
    ('speed', 200.0)
    """
    given = features.to_dataset() if isinstance(features, xr.DataArray) else features
    ds = one_recording(given)
    where = _choose(ds, individual)
    lines = _lines(ds, where, role)
    if not lines:
        raise DataError("traces are of variables along time, as ef.features.speed(poses) gives.")
    span = (float(clock_times(ds)[0]), clock_end(ds)) if ds.sizes["time"] else (0.0, 1.0)
    own = None if labels is None else align_partners(labels_of(labels, ds))
    lanes = pd.DataFrame() if own is None else _lanes(own, _slot(ds, where))
    tables: list[pd.DataFrame] = []
    figures: list[Any] = []
    for name, label, values in lines:
        whole = pd.DataFrame({"time": clock_times(ds), "feature": name, "value": values})
        tables.append(_thinned(whole))
        # One key for all panels: of many behaviours it is higher than a panel.
        figures.append(_panel(whole, label, lanes, span, key=not figures))
    who = _name(ds, where)
    head = recording_title(ds)
    title = head if not who or who == head else f"{head}: {who}"
    if len(figures) == 1:
        beside = room_for(lanes["behaviour"] if len(lanes) else ())
        figure = with_options(figures[0], width=WIDTH + 160, beside=beside, height=300, title=title)
    else:
        figure = panels(figures, columns=1, width=WIDTH, height=230, title=title)
    return Picture(figure, pd.concat(tables, ignore_index=True))


def _choose(ds: xr.Dataset, individual: str | None) -> int:
    if "individual" not in ds.dims:
        return 0
    slots = [str(slot) for slot in ds.individual.values]
    if individual is None:
        return 0
    animals = [str(name) for name in ds.animal.values] if "animal" in ds.coords else slots
    for names in (animals, slots):
        if individual in names:
            return names.index(individual)
    raise UnknownName(no_such("animal", individual, [name for name in animals if name] or slots))


def _name(ds: xr.Dataset, where: int) -> str:
    if "animal" in ds.coords and ds.animal.ndim:
        name = str(ds.animal.values[where])
        return short_names([name])[name]
    return str(ds.individual.values[where]) if "individual" in ds.dims else ""


def _lines(ds: xr.Dataset, where: int, role: str) -> list[tuple[str, str, Array]]:
    """Name, label of the axis, and values of each line of one animal."""
    found = []
    for name, array in ds.data_vars.items():
        if "time" not in array.dims or array.dtype.kind not in "fiu":
            continue
        one = array.isel(individual=where) if "individual" in array.dims else array
        if "bodypart" in one.dims:
            one = one.isel(bodypart=choose_part(ds, role))
        others = [dim for dim in one.dims if dim != "time"]
        stacked = one.transpose(*others, "time").values.reshape(-1, one.sizes["time"])
        called = [" ".join(map(str, place)) for place in _places(one, [*map(str, others)])]
        for place, values in zip(called, stacked, strict=True):
            what = " ".join(filter(None, [str(name).replace("_", " "), place]))
            unit = str(array.attrs.get("units", "1"))
            found.append((f"{name} {place}".strip(), f"{what} ({unit})", values.astype(float)))
    return found


def _places(array: xr.DataArray, dims: list[str]) -> list[tuple[object, ...]]:
    names = [array[dim].values.tolist() for dim in dims]
    return [
        tuple(names[i][k] for i, k in enumerate(place))
        for place in np.ndindex(*(len(one) for one in names))
    ]


def _slot(ds: xr.Dataset, where: int) -> str | None:
    """Where the animal sits; nothing where the features do not say."""
    if "individual" not in ds.coords:
        return None
    return str(np.atleast_1d(ds.individual.values)[where])


def _lanes(ds: xr.Dataset, slot: str | None) -> pd.DataFrame:
    """Bouts and unknown stretches of one animal, with the share of the height that each takes."""
    slots = list(map(str, ds.individual.values)) if "individual" in ds.dims else []
    if slot is not None and slots and slot not in slots:
        return pd.DataFrame()
    where = slots.index(slot) if slot in slots else 0
    fps, first, (origin,) = float(ds.fps), first_frame(ds), origins(ds).tolist()
    found = []
    for track in follow_tracks(ds):
        if where not in (track.individual, track.partner if track.symmetric else None):
            continue
        gone = between(track.seen, ds.sizes["time"])
        for known, runs in ((True, track.runs), (False, gone)):
            for start, stop in on_clock(origin, first + np.asarray(runs), fps).tolist():
                found.append((track.name, known, start, stop))
    return pd.DataFrame(found, columns=["behaviour", "known", "start", "stop"])


def _thinned(line: pd.DataFrame) -> pd.DataFrame:
    times, kept = keep_extremes(line["time"].to_numpy(), line["value"].to_numpy(), MOST_POINTS)
    return pd.DataFrame({"time": times, "feature": line["feature"].iloc[:1].item(), "value": kept})


def _curve(line: pd.DataFrame, time: hv.Dimension, value: hv.Dimension) -> Any:
    """The line; of a long one what is seen, thinned again where it is zoomed in a notebook."""
    if len(line) <= MOST_POINTS:
        return hv.Curve(line, time, value)
    times = line["time"].to_numpy()

    def draw(x_range: tuple[float, float] | None) -> hv.Curve:
        low, high = x_range or (times[0], times[-1])
        first, last = np.searchsorted(times, [low, high])
        # One more at either side, so that the line reaches the edges.
        seen = line.iloc[max(first - 1, 0) : last + 2]
        return hv.Curve(_thinned(seen) if len(seen) else seen, time, value)

    return hv.DynamicMap(draw, streams=[hv.streams.RangeX()])


def _panel(
    line: pd.DataFrame, label: str, lanes: pd.DataFrame, span: tuple[float, float], *, key: bool
) -> Any:
    known = line["value"].dropna()
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    margin = 0.05 * (high - low) or 0.5
    low, high = low - margin, high + margin
    time, value = hv.Dimension("time", label="time (s)"), hv.Dimension("value", label=label)
    behind = hv.Overlay(_behind(lanes, low, high, label) if len(lanes) else [])
    shown = behind * with_options(_curve(line, time, value), color=INK, line=0.9)
    alone = line[stand_alone(line["value"].to_numpy(float))]
    if 0 < len(alone) <= MOST_POINTS:
        shown *= marked(hv.Points(alone, [time, value]), color=INK, size=3)
    return with_options(
        shown, xlim=span, ylim=(low, high), show_legend=key and bool(len(lanes)),
        legend_position="right",
    )  # fmt: skip


def _behind(lanes: pd.DataFrame, low: float, high: float, label: str) -> list[Any]:
    names = list(dict.fromkeys(lanes["behaviour"]))
    colours, height = colours_of(names), (high - low) / len(names)
    top = high - lanes["behaviour"].map(names.index) * height
    boxes = lanes.assign(high=top, low=top - height)
    edges = [
        hv.Dimension("start", label="time (s)"), hv.Dimension("low", label=label), "stop", "high",
    ]  # fmt: skip
    gone = hv.Rectangles(boxes[~boxes["known"]], edges, label="unknown")
    layers = [with_options(gone, color=UNKNOWN, line=None, alpha=0.6)]
    for name in names:
        own = boxes[boxes["known"] & (boxes["behaviour"] == name)]
        bars = hv.Rectangles(own, edges, label=name)
        layers.append(with_options(bars, color=colours[name], line=None, alpha=0.5))
    return layers
