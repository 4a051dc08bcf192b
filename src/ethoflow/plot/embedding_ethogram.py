"""An embedding beside the ethogram of the same frames; what is chosen in one is shown in both."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.errors import DataError
from ethoflow.names import in_order
from ethoflow.one_recording import one_recording, recording_title
from ethoflow.origin import clock_times
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.embedding import choose_latents, group_colours, tabulate
from ethoflow.plot.ethogram import MOST_ROWS
from ethoflow.plot.panels import panels
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import SCREEN_DPI, load_backends
from ethoflow.schema import Data
from ethoflow.short_names import fitted

MOST_POINTS = 20_000
"""Frames that are drawn, each in both."""

NOT_CHOSEN = "#eeeeee"
"""Not a shade of transparency: many frames above each other would seem to be chosen."""

HEIGHT, AROUND, LEAST_ROW, MOST_STROKE = 440, 90, 10, 18
"""Pixels: of the picture, of what surrounds the rows, from row to row, and of a stroke."""
BESIDE, MOST_WIDE = 340, 6.0
"""Pixels that the frames share, and how wide a stroke is at most."""


def _example() -> Picture:
    return embedding_ethogram(examples.embedded(), by="moving")


@plot(
    "labels beside each other",
    example=_example,
    code='ef.plot.embedding_ethogram(latents.assign(cluster=clusters), by="cluster")',
)
def embedding_ethogram(
    data: Data, *, by: str, name: str = "embedding", latents: tuple[int, int] = (0, 1)
) -> Picture:
    """An embedding beside when each of its frames was, of one recording.

    Frames that are chosen in either are shown in both, the others pale: with the lasso or the box
    among the points, with the box among the rows; a click beside them shows all again. This needs
    no Python behind it, so it is so in a notebook and in saved HTML. Every frame is a stroke at its
    time. Frames without an embedding are in neither; those whose label is not known are grey. More
    than 20,000 frames are thinned evenly, which the title says.

    Parameters
    ----------
    data
        A dataset with the embedding, dims (individual, latent, time), of one recording.
    by
        A label or variable of categories.
    name
        The variable of the embedding.
    latents
        Which two.

    Raises
    ------
    DataError
        Several recordings; no such variable, label or latent; or too many rows.
    """
    ds = one_recording(data)
    array = choose_latents(ds, name, latents)
    also = {"time": xr.DataArray(clock_times(ds), dims="time")}
    if "individual" in array.dims:
        also["seat"] = xr.DataArray(np.arange(ds.sizes["individual"]), dims="individual")
    table = tabulate(ds, array, by, latents, also).dropna(subset=["one", "other"])
    names = _animals(ds, table)
    table = table.assign(animal=names)
    step = max(-(-len(table) // MOST_POINTS), 1)
    # Every step-th frame of the recording, so that all animals keep the same moments.
    moments = np.sort(table["time"].unique())[::step]
    shown = table[table["time"].isin(moments)].reset_index(drop=True)
    groups = sorted(set(shown["group"]) - {""}, key=in_order)
    colours = group_colours(ds, by, groups)
    rows = _rows(shown, groups)
    if len(rows) > MOST_ROWS:
        raise DataError(f"{len(rows)} rows of groups and animals cannot be read.")
    places = {row: len(rows) - 1 - place for place, row in enumerate(rows)}
    keys = zip(shown["group"], shown["animal"], strict=True)
    drawn = shown.assign(row=[places[key] for key in keys], colour=shown["group"].map(colours))
    thinned = f", every {step} frames" if step > 1 else ""
    title = f"{recording_title(ds)}: {len(table)} frames by {by}{thinned}"
    figure = _draw(drawn, rows, latents, title)
    return Picture(figure, shown.drop(columns="seat", errors="ignore"))


def _animals(ds: xr.Dataset, table: pd.DataFrame) -> pd.Series | str:
    """Who each row is of; nothing where there is one animal."""
    if "seat" not in table or table["seat"].nunique() < 2:
        return ""
    named = ds.animal if "animal" in ds.coords else ds.individual
    return table["seat"].map(dict(enumerate(named.values.astype(str).tolist())))


def _rows(shown: pd.DataFrame, groups: list[str]) -> list[tuple[str, str]]:
    """Group and animal of each row from the top; what is not known at the bottom."""
    there = set(zip(shown["group"], shown["animal"], strict=True))
    animals = list(dict.fromkeys(shown["animal"]))
    wanted = [(group, animal) for group in (*groups, "") for animal in animals]
    return [row for row in wanted if row in there]


def _draw(
    drawn: pd.DataFrame, rows: list[tuple[str, str]], latents: tuple[int, int], title: str
) -> Any:
    from holoviews.plotting.links import DataLink
    from matplotlib.path import Path

    load_backends()
    x = hv.Dimension("one", label=f"latent {latents[0]} (a.u.)")
    y = hv.Dimension("other", label=f"latent {latents[1]} (a.u.)")
    cloud = _points(drawn, [x, y], 4, "circle", "o", ["box_select", "lasso_select"])
    time, row = hv.Dimension("time", label="time (s)"), hv.Dimension("row", label=" ")
    height = max(HEIGHT, AROUND + LEAST_ROW * len(rows))
    stroke = min(0.7 * (height - AROUND) / len(rows), MOST_STROKE)
    moments = max(drawn["time"].nunique(), 1)
    wide = min(max(BESIDE / moments, 1.0), MOST_WIDE)
    half = wide / stroke
    upright = Path([(-half, -1), (half, -1), (half, 1), (-half, 1), (-half, -1)], closed=True)
    strip = _points(drawn, [time, row], stroke, "dash", upright, ["xbox_select"])
    said = ["  ".join(filter(None, [group or "unknown", animal])) for group, animal in rows]
    names = fitted(said)
    ticks = [(len(rows) - 1 - place, names[name]) for place, name in enumerate(said)][::-1]
    look = {
        "yticks": ticks, "ylim": (-0.7, len(rows) - 0.3),
        "fontsize": {"yticks": 8 if len(rows) < 30 else 6},
        "xlim": (float(drawn["time"].min()), float(drawn["time"].max())) if len(drawn) else None,
    }  # fmt: skip
    strip = strip.opts(backend="bokeh", angle=90, line_width=wide, line_color="colour", **look)
    strip = strip.opts(backend="matplotlib", **look)
    apart = 0.2 + 0.014 * max(map(len, names.values()), default=0)
    figure = panels(
        [cloud, strip],
        columns=2,
        width=max(560, 4 * height // 5),
        height=height,
        title=title,
        gap=(apart, 0.2),
    )
    DataLink(cloud, strip)
    return figure


def _points(
    drawn: pd.DataFrame, dims: list[Any], size: float, marker: str, still: Any, tools: list[str]
) -> hv.Points:
    points = hv.Points(drawn, dims, ["colour", "group"])
    return points.opts(
        backend="bokeh", color="colour", size=size, marker=marker, line_color=None, alpha=0.7,
        nonselection_fill_color=NOT_CHOSEN, nonselection_line_color=NOT_CHOSEN,
        nonselection_alpha=1.0, selection_alpha=1.0, tools=tools,
    ).opts(
        backend="matplotlib", color="colour", s=(size * 72 / SCREEN_DPI) ** 2, marker=still,
        alpha=0.6, linewidth=0,
    )  # fmt: skip
