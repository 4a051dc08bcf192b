"""What an axis says of a column of a table: its words, its unit, and what it is multiplied with."""

from __future__ import annotations

import pandas as pd

KNOWN = {
    "share": ("time (% of observed)", 100.0),
    "time": ("time (s)", 1.0),
    "observed": ("observed (s)", 1.0),
    "n_bouts": ("bouts (number)", 1.0),
    "mean_bout": ("mean bout (s)", 1.0),
    "latency_to_first": ("latency to first (s)", 1.0),
    "mean_interval": ("mean interval (s)", 1.0),
    "probability": ("probability (0 to 1)", 1.0),
    "rate": ("rate (1/s)", 1.0),
    "count": ("count (number)", 1.0),
    "usage": ("usage (% of time)", 100.0),
}


def name_value(value: str, table: pd.DataFrame) -> tuple[str, float]:
    """Label of an axis, and the factor by which values are multiplied on it.

    Examples
    --------
    >>> name_value("share", pd.DataFrame())
    ('time (% of observed)', 100.0)
    >>> name_value("mean_speed", pd.DataFrame())
    ('mean speed (a.u.)', 1.0)
    """
    units = table.attrs.get("units", {})
    if value in units:
        unit = "number" if units[value] in ("", "1") else units[value]
        return f"{value.replace('_', ' ')} ({unit})", 1.0
    return KNOWN.get(value, (f"{value.replace('_', ' ')} (a.u.)", 1.0))
