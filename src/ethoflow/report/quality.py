"""How good the tracks are."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from ethoflow.plot.quality import quality
from ethoflow.report.page import Section
from ethoflow.schema import position_units
from ethoflow.stats.quality import track_quality

MOST_RECORDINGS = 60


def quality_section(ds: xr.Dataset, group: str) -> Section:
    """What is missing, doubtful and jumping, by recording; and by body part in a picture."""
    section = Section("Data quality")
    table = track_quality(ds)
    section.say(
        f"Of {group} (positions in {position_units(ds)}): the share of frames without a position, "
        "of positions with a low confidence, and of steps longer than the animal; means over body "
        "parts and animals."
    )
    section.table(sum_up(table), "quality")
    some = list(dict.fromkeys(table["recording"]))[:MOST_RECORDINGS]
    section.picture(
        quality(table[table["recording"].isin(some)]),
        "share of missing frames by recording and body part",
    )
    if table["recording"].nunique() > len(some):
        section.say(f"The picture shows the first {len(some)} recordings.")
    section.head("by body part")
    section.table(table, "quality_by_body_part")
    return section


def sum_up(table: pd.DataFrame) -> pd.DataFrame:
    """Means of each recording."""
    numbers = ["missing", "low_confidence", "jumps"]
    means = table.groupby("recording", sort=False)[numbers].mean()
    frames = table.groupby("recording", sort=False)["n_frames"].max()
    return pd.concat([frames, means], axis=1).reset_index()
