"""How much of the tracks is missing, by recording and body part."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ethoflow.errors import DataError, no_column
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.plot.squares import squares
from ethoflow.short_names import short_names
from ethoflow.stats.quality import track_quality

VALUES = {
    "missing": "missing (% of frames)",
    "low_confidence": "low confidence (% of points seen)",
    "jumps": "jumps (% of steps)",
}


def _example() -> Picture:
    return quality(track_quality(examples.poses()))


@plot(
    "quality",
    example=_example,
    code="ef.plot.quality(ef.stats.track_quality(tracks))",
)
def quality(table: pd.DataFrame, *, value: str = "missing") -> Picture:
    """The share of frames in which a point is missing, by recording and body part.

    Parameters
    ----------
    table
        Of `track_quality`, or tables of it: recording, individual, bodypart and the value.
    value
        ``missing``, ``low_confidence`` or ``jumps``.

    Raises
    ------
    DataError
        A column is not there.
    """
    for name in ("recording", "individual", "bodypart", value):
        if name not in table:
            raise DataError(f"quality: {no_column(name, map(str, table.columns))}")
    several = table.groupby("recording")["individual"].nunique().max() > 1
    who = table["recording"].astype(str)
    named = who + ("  " + table["individual"].astype(str) if several else "")
    long = pd.DataFrame({"row": named, "bodypart": table["bodypart"], "value": table[value] * 100})
    rows, parts = list(dict.fromkeys(long["row"])), list(dict.fromkeys(long["bodypart"]))
    square = long.pivot_table(index="row", columns="bodypart", values="value", dropna=False)
    values = square.reindex(index=rows, columns=parts).to_numpy(float)
    most = float(np.nanmax(values)) if np.isfinite(values).any() else 1.0
    short = short_names(list(dict.fromkeys(who)))
    called = [row.replace(name, short[name]) if name else row
              for row, name in zip(rows, _first(named, who, rows), strict=True)]  # fmt: skip
    label = VALUES.get(value, value)
    figure = squares(
        values, called, parts, across="body part (name)", down="recording (name)", label=label,
        most=most, title=label, words="{:.1f}",
    )  # fmt: skip
    return Picture(figure, long.reset_index(drop=True))


def _first(named: pd.Series, who: pd.Series, rows: list[str]) -> list[str]:
    """The recording of each row."""
    of = dict(zip(named, who, strict=True))
    return [of[row] for row in rows]
