"""BORIS: bouts as a table of aggregated events."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import xarray as xr

from ethoflow.behaviours.bouts import find_bouts
from ethoflow.exporting.declare import writer


@writer(
    "BORIS aggregated events", kind="labels", suffix=".tsv",
    reader="BORIS aggregated events", survives=("bouts", "animal"),
)  # fmt: skip
def save_boris(ds: xr.Dataset, path: Path) -> None:
    """A row per bout, tab-separated; what is unknown is not in it, as BORIS has no such state."""
    bouts = find_bouts(ds)
    name = str(ds.recording.values) if "recording" in ds.coords else "recording"
    n_frames = ds.sizes["time"]
    table = pd.DataFrame({
        "Observation id": name,
        "Observation date": "",
        "Description": "",
        "Media file": str(ds.source_file.values) if "source_file" in ds.coords else "",
        "Total length": n_frames / float(ds.fps),
        "FPS": float(ds.fps),
        "Subject": bouts.animal,
        "Behavior": bouts.behaviour,
        "Behavioral category": "",
        "Modifiers": bouts.partner_animal,
        "Behavior type": "STATE",
        "Start (s)": bouts.start,
        "Stop (s)": bouts.stop,
        "Duration (s)": bouts.duration,
    })  # fmt: skip
    table.to_csv(path, sep="\t", index=False)
